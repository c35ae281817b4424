"""The background model: what speech of anybody looks like at a table, from training readers in simulated rooms."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sklearn.mixture import GaussianMixture

from tools.hearing.corpus import Reader, levelled, speech_probability
from tools.hearing.rooms import Room
from tools.hearing.simulate import Scene, make_talk
from voice_coach.acoustics import Floats
from voice_coach.engines import voiceprint
from voice_coach.engines.mixtures import Mixture

_FULL, _BAND = 128, 32


def _values(readers: Sequence[Reader], rooms: Sequence[Room], seed: int) -> list[Floats]:
    """Cepstra of every reader in pairs, less the mean of the pair: one array for the full band and each band."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(readers))
    values: list[list[Floats]] = [[], [], [], []]
    for place in range(0, len(order) - 1, 2):
        pair = (readers[order[place]], readers[order[place + 1]])
        talk = make_talk(pair, Scene(rooms[int(rng.integers(len(rooms)))], 2.0, 8.0), rng)
        enrolments = [voiceprint.enrol(s, speech_probability(s)) for s in map(levelled, talk.enrolments)]
        mean = np.mean([e.log_mel[2:-2][e.loud].mean(axis=0) for e in enrolments], axis=0, dtype=np.float32)
        for enrolment in enrolments:
            log_mel = enrolment.log_mel - mean
            arrays = [voiceprint.cepstra(log_mel), *voiceprint.band_cepstra(log_mel)]
            for store, array in zip(values, arrays, strict=True):
                store.append(array[enrolment.loud])
    return [np.concatenate(store) for store in values]


def _fit(values: Floats, size: int, seed: int) -> Mixture:
    variance = float(values.var(axis=0).mean())
    model = GaussianMixture(
        size, covariance_type="diag", max_iter=25, tol=1e-4, random_state=seed, reg_covar=0.02 * variance
    )
    model.fit(values)
    parts = (model.weights_, model.means_, model.covariances_)
    return Mixture(*(np.asarray(part, np.float32) for part in parts))


def build(readers: Sequence[Reader], rooms: Sequence[Room], path: Path, seed: int = 5) -> None:
    """Fit the background model and write it, in half precision, to `path`."""
    full, *bands = _values(readers, rooms, seed)
    mixtures = {"full": _fit(full, _FULL, seed)}
    mixtures |= {f"band{place}": _fit(values, _BAND, seed) for place, values in enumerate(bands)}
    arrays = {
        f"{name}_{part}": getattr(mixture, part).astype(np.float16)
        for name, mixture in mixtures.items()
        for part in ("weights", "means", "variances")
    }
    np.savez_compressed(path, **arrays)
