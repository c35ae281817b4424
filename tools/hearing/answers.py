"""What the committee answers about examples, which revisers are trained on."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from tools.hearing import examples
from voice_coach.engines.speakers import Committee
from voice_coach.engines.voiceprint import Spectra, VoiceFeatures


def write(folder: Path, models: Path) -> None:
    """Answer all examples in a folder, by the committee in another, and put what it says beside them."""
    found = examples.read(folder)
    path = examples.empty_answers(folder, len(found))
    with ProcessPoolExecutor(initializer=_share, initargs=(found, path, models)) as pool:
        list(pool.map(_write_one, range(len(found)), chunksize=8))


_shared: tuple[examples.Examples, np.ndarray, Path]


def _share(found: examples.Examples, path: Path, models: Path) -> None:
    global _shared
    _shared = (found, np.load(path, mmap_mode="r+"), models)
    threadpool_limits(1)


def _write_one(place: int) -> None:
    found, answers, models = _shared
    features = VoiceFeatures(
        *(part.T.astype(np.float32) for part in (found.common[place], found.people[place, 0], found.people[place, 1]))
    )
    first, second = (
        Spectra(found.spectra[place, person].T.astype(np.float32), found.speech[place, person].astype(np.float32))
        for person in (0, 1)
    )
    committee = Committee((first, second), models)
    answers[place] = committee.process(features)[committee.delay_frames :].T
