"""Measurements of frames: right on sounds whose truth is known, and the same however the stream is cut into hops."""

from __future__ import annotations

import numpy as np
import pytest

from voice_coach.acoustics import (
    FRAME,
    N_MELS,
    FrameAnalyser,
    cosines,
    join_frames,
    mel_filters,
    pitches_hz,
    syllable_nuclei,
)
from voice_coach.segment import SAMPLE_RATE


def voiced(hz: float, seconds: float = 1.0, level: float = 0.1) -> np.ndarray:
    """A harmonic sound, falling 6 dB an octave, with a little breath as in any voice."""
    time = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    sound = sum(np.sin(2 * np.pi * h * hz * time + h) / h for h in range(1, int(3800 / hz)))
    sound = sound / np.std(sound) + 0.1 * np.random.default_rng(7).standard_normal(len(time))
    return np.asarray(level * sound, np.float32)


def analyse(samples: np.ndarray, hop: int = 2560) -> object:
    analyser = FrameAnalyser()
    parts = [analyser.process(samples[place : place + hop]) for place in range(0, len(samples), hop)]
    return join_frames([part for part in [*parts, analyser.finish()] if len(part)])


@pytest.mark.parametrize("hz", [85.0, 120.0, 175.0, 220.0, 310.0])
def test_pitch_of_a_harmonic_sound(hz: float) -> None:
    frames = analyse(voiced(hz))
    found = [value for value in pitches_hz(frames.salience)[3:-3] if value is not None]  # type: ignore[attr-defined]
    assert len(found) > 40
    assert np.median(found) == pytest.approx(hz, rel=0.02)


def test_noise_and_silence_have_no_pitch() -> None:
    noise = (np.random.default_rng(0).standard_normal(SAMPLE_RATE) * 0.1).astype(np.float32)
    for samples in (noise, np.zeros(SAMPLE_RATE, np.float32)):
        found = [v for v in pitches_hz(analyse(samples).salience) if v is not None]  # type: ignore[attr-defined]
        assert len(found) <= 3


def test_power_is_the_mean_square() -> None:
    samples = voiced(200.0, level=0.1)
    frames = analyse(samples)
    own = (samples.reshape(-1, FRAME).astype(np.float64) ** 2).mean(axis=1)
    np.testing.assert_allclose(frames.power, own, rtol=1e-4)  # type: ignore[attr-defined]


def test_frames_do_not_depend_on_hops() -> None:
    samples = voiced(150.0, 2.0) + (np.random.default_rng(1).standard_normal(2 * SAMPLE_RATE) * 0.01).astype(np.float32)
    whole, parts = analyse(samples, len(samples)), analyse(samples, 2560)
    for name in ("log_mel", "log_energy", "power", "salience"):
        np.testing.assert_allclose(getattr(whole, name), getattr(parts, name), atol=1e-4)
    assert len(whole) == len(samples) // FRAME  # type: ignore[arg-type]


def test_filters_cover_the_band_and_cosines_are_orthonormal() -> None:
    filters = mel_filters()
    assert filters.shape == (257, N_MELS)
    assert (filters.sum(axis=0) > 0).all()
    basis = cosines(N_MELS, 0, N_MELS)
    np.testing.assert_allclose(basis.T @ basis, np.eye(N_MELS), atol=1e-5)


@pytest.mark.parametrize("syllables", [1, 3, 7])
def test_syllable_nuclei_are_peaks_with_dips(syllables: int) -> None:
    bump = np.concatenate((np.linspace(-8, -2, 10), np.linspace(-2, -8, 10)))
    assert syllable_nuclei(np.tile(bump, syllables).astype(np.float32)) == syllables


def test_a_steady_sound_is_no_syllable_train() -> None:
    steady = (-3 + 0.05 * np.random.default_rng(0).standard_normal(200)).astype(np.float32)
    assert syllable_nuclei(steady) <= 1
