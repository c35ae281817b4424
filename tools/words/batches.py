"""Examples of like length, as tensors."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import IterableDataset

from tools.words.examples import POSITION_SECONDS, Example, ExampleMaker
from tools.words.material import N_MELS, Read
from tools.words.network import POSITIONS
from tools.words.tokens import Tokens

_SAMPLED = 12
"""So many positions of the padding stand for all of it: the rest of the 30 s is empty, and costs the most."""
_SORTED = 128
_BATCH_POSITIONS = 3600


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Tensors of some examples; names as in `Example`, `spots` as weights (b, tokens, positions) that add up to 1."""

    features: Tensor
    given: Tensor
    targets: Tensor
    spots: Tensor
    phones: Tensor
    words: Tensor
    last_words: Tensor
    places: Tensor
    bias: Tensor


class Batches(IterableDataset[Batch]):
    """Batches without end; the same seed gives the same."""

    def __init__(self, reads: Sequence[Read], tokens: Tokens, seed: int, whole_share: float) -> None:
        super().__init__()
        self._reads, self._tokens, self._seed, self._whole_share = reads, tokens, seed, whole_share

    def __iter__(self) -> Iterator[Batch]:
        examples = iter(ExampleMaker(self._reads, self._tokens, self._seed, self._whole_share))
        chance, rng = random.Random(self._seed), np.random.default_rng(self._seed)  # noqa: S311
        while True:
            some = sorted((next(examples) for _ in range(_SORTED)), key=lambda example: len(example.phones))
            groups: list[list[Example]] = [[]]
            for example in some:
                if (len(groups[-1]) + 1) * len(example.phones) > _BATCH_POSITIONS:
                    groups.append([])
                groups[-1].append(example)
            chance.shuffle(groups)
            yield from (_batch(group, self._tokens, rng) for group in groups if group)


def _batch(examples: Sequence[Example], tokens: Tokens, rng: np.random.Generator) -> Batch:
    count, heard = len(examples), max(len(example.phones) for example in examples) + 3
    positions, length = heard + _SAMPLED, max(len(example.tokens) for example in examples)
    padding = np.sort(rng.choice(np.arange(heard, POSITIONS), _SAMPLED, replace=False))
    features = np.zeros((count, N_MELS, 2 * positions), np.float32)  # Whisper pads with 0 after all normalisation
    given, targets = np.full((count, length), tokens.end_of_text), np.full((count, length), -1)
    spots = np.zeros((count, length, positions), np.float32)
    frames = np.full((3, count, positions), -1)
    for row, example in enumerate(examples):
        end = len(example.phones)
        features[row, :, : 2 * end] = example.features
        given[row, : len(example.tokens)] = example.tokens
        targets[row, : len(example.targets)] = example.targets
        for kind, values in enumerate((example.phones, example.words, example.last_words)):
            frames[kind, row, :end] = values
        for place, spot in enumerate(example.spots):
            if spot is not None:
                first = max(0, round(spot.start_seconds / POSITION_SECONDS))
                last = min(max(first + 1, round(spot.end_seconds / POSITION_SECONDS)), end)
                spots[row, place, first:last] = 1 / max(1, last - first)
    bias = torch.zeros(1, 1, 1, positions)
    bias[..., heard:] = math.log((POSITIONS - heard) / _SAMPLED)
    places = torch.from_numpy(np.concatenate([np.arange(heard), padding]))
    tensors = [torch.from_numpy(array) for array in (features, given, targets, spots, *frames)]
    return Batch(*tensors, places, bias)
