"""Readers of the training corpus, cut into phrases.

The corpus is a folder of `SPEAKER-CHAPTER-UTTERANCE.flac` files, 16 kHz mono, as LibriSpeech names them. Readers are
kept apart by the last digit of their number: 0 is for tests only, 5 for choosing models, the rest for training.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
from scipy.ndimage import binary_closing, binary_dilation, binary_opening

from voice_coach.acoustics import Floats
from voice_coach.engines.recording import LevelMeter
from voice_coach.engines.silero import BLOCK, SileroDetector
from voice_coach.segment import SAMPLE_RATE

STEP = 160
"""Labels are made every 10 ms."""
SPEECH_RMS = 0.05
"""Level of all phrases: -26 dBFS."""
TEMPI = (1.0, 0.9, 1.1)
"""Resampling that makes three voices of one reader."""


@dataclass(frozen=True, slots=True, eq=False)
class Reader:
    """One reader's phrases, float32 at 16 kHz, and what lies between them (breath, room)."""

    name: str
    phrases: tuple[Floats, ...]
    pauses: tuple[Floats, ...]


def split(path: Path) -> str:
    """Which part of the corpus a file belongs to: `train`, `dev` or `test`."""
    return {"0": "test", "5": "dev"}.get(path.stem.split("-")[0][-1], "train")


def stretches(mask: np.ndarray) -> list[tuple[int, int]]:
    """Begin and end of every run of True."""
    edges = np.diff(np.concatenate(([0], mask.astype(np.int8), [0])))
    return list(zip(np.flatnonzero(edges == 1).tolist(), np.flatnonzero(edges == -1).tolist(), strict=True))


def speech_probability(samples: Floats) -> Floats:
    """Silero's probability for every 512 samples of a recording at the usual level."""
    padded = np.pad(samples, (0, -len(samples) % BLOCK))
    return SileroDetector().process(padded)


def levelled(samples: Floats) -> Floats:
    """A recording at the nominal level, as the runner brings every recording to it."""
    meter = LevelMeter()
    meter.process(samples, 0)
    return samples * np.float32(meter.gain)


def speech_steps(samples: Floats) -> np.ndarray:
    """Which 10 ms steps of clean speech hold speech.

    Silero above 0.4, widened by 80 ms to keep soft beginnings and ends, and within 30 dB of the loud parts, so that
    breath and room are left out; gaps under 0.1 s are closed, blips under 0.08 s dropped.
    """
    count = len(samples) // STEP
    power = np.convolve(samples.astype(np.float64) ** 2, np.ones(320) / 320, "same")[80::STEP][:count]
    level = 10 * np.log10(power + 1e-10)
    blocks = speech_probability(samples)
    probability = np.interp(np.arange(count) * STEP + 80, np.arange(len(blocks)) * BLOCK + 256, blocks)
    speech = binary_dilation(probability > 0.4, np.ones(17)) & (level > np.percentile(level, 95) - 30)
    closed = binary_closing(np.pad(speech, 30), np.ones(11))[30:-30]
    return np.asarray(binary_opening(closed, np.ones(9)))


def faded(samples: Floats, seconds: float = 0.005) -> Floats:
    """A copy with short ramps at both ends."""
    count = min(len(samples) // 2, int(seconds * SAMPLE_RATE))
    ramp = np.linspace(0, 1, count, dtype=np.float32)
    copy = samples.astype(np.float32).copy()
    copy[:count] *= ramp
    copy[len(copy) - count :] *= ramp[::-1]
    return copy


def load_reader(path: Path, tempo: float = 1.0) -> Reader:
    """Cut one file into phrases at the usual level."""
    samples = soundfile.read(path, dtype="float32")[0]
    if tempo != 1.0:
        samples = soxr.resample(samples, SAMPLE_RATE * tempo, SAMPLE_RATE).astype(np.float32)
    samples *= SPEECH_RMS / np.sqrt(np.mean(samples[np.abs(samples) > 0.01] ** 2) + 1e-9)
    speech = speech_steps(samples)
    phrases = [faded(samples[a * STEP : b * STEP]) for a, b in stretches(speech) if b - a >= 25]
    pauses = [faded(samples[a * STEP : b * STEP], 0.03) for a, b in stretches(~speech) if 15 <= b - a <= 120]
    return Reader(f"{path.stem}@{tempo}", tuple(phrases), tuple(pauses))


def load(folder: Path, part: str, tempi: tuple[float, ...] = (1.0,)) -> list[Reader]:
    """All readers of one part of the corpus that speak for at least 7 s."""
    files = sorted(path for path in folder.glob("*.flac") if split(path) == part)
    readers = [load_reader(path, tempo) for path in files for tempo in tempi]
    return [reader for reader in readers if sum(map(len, reader.phrases)) >= 7 * SAMPLE_RATE]
