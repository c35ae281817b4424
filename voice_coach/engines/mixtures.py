"""Gaussian mixtures with diagonal covariances, and their adaptation to a voice (Reynolds et al. 2000)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from voice_coach.acoustics import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Mixture:
    """Weights (k,), means (k, d) and variances (k, d) of k Gaussians in d dimensions."""

    weights: Floats
    means: Floats
    variances: Floats

    def statistics(self, values: Floats) -> Statistics:
        """What of the data (n, d) falls to each Gaussian."""
        responsibility = _softmax(SharedLikelihood(self, [self.means]).joint(values)[:, 0])
        return Statistics(responsibility.sum(axis=0), responsibility.T @ values)

    def adapted(self, data: Statistics, relevance: float) -> Floats:
        """Means (k, d) moved towards the data, each as far as it has data: n / (n + relevance)."""
        moved = (data.sums + np.float32(relevance) * self.means) / (data.counts + np.float32(relevance))[:, None]
        return cast("Floats", moved.astype(np.float32))


@dataclass(frozen=True, slots=True, eq=False)
class Statistics:
    """Counts (k,) and sums (k, d) of data by the Gaussians of a mixture; those of two sets of data add up."""

    counts: Floats
    sums: Floats

    def __add__(self, other: Statistics) -> Statistics:
        return Statistics(self.counts + other.counts, self.sums + other.sums)

    def __mul__(self, factor: float) -> Statistics:
        return Statistics(self.counts * np.float32(factor), self.sums * np.float32(factor))


def _softmax(values: Floats) -> Floats:
    shifted = np.exp(values - values.max(axis=-1, keepdims=True))
    return cast("Floats", shifted / shifted.sum(axis=-1, keepdims=True))


class SharedLikelihood:
    """Log-likelihoods under several sets of means of one mixture, with all that is constant computed once.

    Parameters
    ----------
    mixture : the mixture whose weights and variances all sets share.
    means : sets of means, each (k, d).
    """

    def __init__(self, mixture: Mixture, means: Sequence[Floats]) -> None:
        self._sets = len(means)
        precision = 1 / mixture.variances
        stacked = np.stack([m * precision for m in means]).reshape(-1, precision.shape[1])
        constant = np.log(mixture.weights) - 0.5 * np.log(2 * np.pi * mixture.variances).sum(axis=1)
        squares = np.stack([(m**2 * precision).sum(axis=1) for m in means])
        self._offset = (constant[None, :] - 0.5 * squares).astype(np.float32)
        self._linear = np.ascontiguousarray(stacked.T, np.float32)
        self._quadratic = np.ascontiguousarray(-0.5 * precision.T, np.float32)

    def joint(self, values: Floats) -> Floats:
        """Log of weight times density of each value (n, d) for each set and Gaussian: (n, sets, k)."""
        joint = (values @ self._linear).reshape(len(values), self._sets, -1) + self._offset
        joint += (values**2 @ self._quadratic)[:, None, :]
        return cast("Floats", joint)

    def __call__(self, values: Floats) -> Floats:
        """Log-likelihood of each value (n, d) under each set of means: (n, sets)."""
        joint = self.joint(values)
        peak = joint.max(axis=2)
        return cast("Floats", peak + np.log(np.exp(joint - peak[:, :, None]).sum(axis=2)))
