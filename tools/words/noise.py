"""Sounds in which nobody says a word: what a room sounds of, and what people do with their voices besides talking."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy.signal import butter, sosfilt

from tools.fixtures.flite import Flite
from tools.fixtures.laughter import laugh
from tools.fixtures.room import coloured
from tools.fixtures.sounds import NAMES as ROOM_SOUNDS
from tools.fixtures.sounds import one_sound
from tools.fixtures.speech import Floats
from voice_coach.segment import SAMPLE_RATE, to_samples

Maker = Callable[[int, np.random.Generator], np.ndarray]
_BREATH = butter(2, [500, 5000], "band", fs=SAMPLE_RATE, output="sos")


@dataclass(frozen=True, slots=True, eq=False)
class Noise:
    """A stretch of one sound, float32 (n,), 16 kHz."""

    name: str
    samples: Floats


def _breaths(count: int, rng: np.random.Generator) -> np.ndarray:
    """Breathing close to the microphone: in and out every three to five seconds."""
    samples = np.zeros(count)
    place = to_samples(0.5)
    while place < count - to_samples(3.0):
        for seconds, strength in ((rng.uniform(0.6, 1.2), 1.0), (rng.uniform(0.8, 1.6), 0.6)):
            length = min(to_samples(seconds), count - place)
            air = sosfilt(_BREATH, rng.standard_normal(length)) * np.sin(np.linspace(0, np.pi, length)) ** 2
            samples[place : place + length] += strength * air
            place = min(count, place + length + to_samples(rng.uniform(0.1, 0.3)))
        place += to_samples(rng.uniform(0.8, 2.0))
    return samples


def _whine(count: int, rng: np.random.Generator) -> np.ndarray:
    """One steady tone after another, as chargers and kettles give."""
    time = np.arange(count) / SAMPLE_RATE
    samples = np.zeros(count)
    for begin in range(0, count, to_samples(4.0)):
        part = slice(begin, begin + to_samples(rng.uniform(1.0, 4.0)))
        samples[part] = np.sin(2 * np.pi * rng.uniform(120, 3000) * time[part])
    return samples


def _hiss(count: int, rng: np.random.Generator) -> np.ndarray:
    return coloured(count, float(rng.uniform(0.0, 2.0)), rng)


def _laughter(count: int, rng: np.random.Generator) -> np.ndarray:
    """Laughter of three voices, with pauses."""
    flite, samples = Flite(), np.zeros(count)
    place = to_samples(0.4)
    while place < count - to_samples(4.0):
        voice = str(rng.choice(["slt", "awb", "rms"]))
        one = laugh(flite, voice, int(rng.integers(2, 9)), rng).samples
        samples[place : place + len(one)] += one[: count - place] * rng.uniform(0.5, 1.5)
        place += len(one) + to_samples(rng.uniform(0.3, 2.5))
    return samples


def _sobs(count: int, rng: np.random.Generator) -> np.ndarray:
    """Crying: short falling voiced calls on an outgoing breath, and a shaken breath drawn in (no words in it)."""
    samples = np.zeros(count)
    place = to_samples(0.4)
    while place < count - to_samples(3.0):
        pitch = rng.uniform(180, 380)
        for call in range(int(rng.integers(2, 6))):
            length = to_samples(rng.uniform(0.12, 0.35))
            time = np.arange(length) / SAMPLE_RATE
            phase = 2 * np.pi * np.cumsum(pitch * 0.95**call * (1.1 - 0.3 * time / time[-1])) / SAMPLE_RATE
            voiced = sum(np.sin(h * phase) * np.exp(-(((h * pitch - 900) / 900) ** 2)) for h in range(1, 12))
            shape = np.sin(np.linspace(0, np.pi, length)) ** 0.7
            air = 0.5 * sosfilt(_BREATH, rng.standard_normal(length))
            end = min(count, place + length)
            samples[place:end] += ((voiced + air) * shape * 0.85**call)[: end - place]
            place = min(count - 1, end + to_samples(rng.uniform(0.05, 0.2)))
        place += to_samples(rng.uniform(0.6, 2.5))
    return samples


_MAKERS: dict[str, Maker] = {
    "breaths": _breaths,
    "whine": _whine,
    "hiss": _hiss,
    "laughter": _laughter,
    "sobs": _sobs,
}
NAMES = (*ROOM_SOUNDS, *_MAKERS)


def make_noise(name: str, seconds: float, seed: int, dbfs: float) -> Noise:
    """A stretch of a sound at a root-mean-square level; the same seed gives the same."""
    rng, count = np.random.default_rng(seed), to_samples(seconds)
    samples = _MAKERS[name](count, rng) if name in _MAKERS else one_sound(name, count, rng)
    level = np.sqrt(np.mean(samples**2))
    if level > 0:
        samples = samples * (10 ** (dbfs / 20) / level)
    return Noise(name, np.clip(samples, -1, 1).astype(np.float32))


def hour_of_noise(seed: int = 60) -> Iterator[Noise]:
    """One hour of all sounds, a minute of each at a time, at five levels from faint to as loud as talk."""
    levels = (-50.0, -42.0, -36.0, -30.0, -24.0)
    yield from (make_noise(name, 60.0, seed + n, level) for n, level in enumerate(levels) for name in NAMES)
