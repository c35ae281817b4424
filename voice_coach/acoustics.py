"""Acoustic measurements of every 20 ms frame: spectrum, harmonics, level. Pure, streaming, numpy only.

Frame `j` describes samples `320 j` to `320 (j + 1)`. Its spectra are two 25 ms windows 10 ms apart and its harmonics
one 64 ms window around its centre, so a frame is ready 440 samples (27.5 ms) after its end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt

from voice_coach.segment import SAMPLE_RATE

Floats = npt.NDArray[np.float32]

FRAME = 320
"""Samples of a frame: 20 ms."""
STEP = 160
"""Samples between spectral windows: 10 ms, two of them to a frame."""
N_MELS = 32
N_CEPSTRA = 20
N_PITCHES = 48

_WINDOW = 400
_WINDOW_LEAD = 120  # a spectral window starts this long before its 10 ms step, which centres it on the step
_HARMONIC_WINDOW = 1024
_HARMONIC_LEAD = (_HARMONIC_WINDOW - FRAME) // 2
_N_HARMONIC_BINS = 140  # up to 2.2 kHz, where the harmonics of a voice are resolved
_PAST = 512  # samples of the past that the first window of a frame reaches back to, rounded up
_FUTURE = 760 - FRAME  # samples after a frame's end that its windows and slopes need
_FLOOR = np.float32(1e-7)


def mel_filters(count: int = N_MELS, low_hz: float = 60.0, high_hz: float = 7600.0) -> Floats:
    """Triangular filters on the mel scale of O'Shaughnessy (1987), shape (257, count)."""

    def mel(hz: float) -> float:
        return float(2595.0 * np.log10(1.0 + hz / 700.0))

    edges_mel = np.linspace(mel(low_hz), mel(high_hz), count + 2)
    edges = 700.0 * (10.0 ** (edges_mel / 2595.0) - 1.0) * 512 / SAMPLE_RATE
    bins = np.arange(257)[:, None]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    return cast("Floats", np.clip(np.minimum(rising, falling), 0.0, None).astype(np.float32))


def cosines(size: int, first: int, count: int) -> Floats:
    """Columns `first` to `first + count` of the orthonormal DCT-II of `size` values, shape (size, count)."""
    rows = np.arange(size)[:, None] + 0.5
    columns = np.arange(first, first + count)[None, :]
    scale = np.where(columns == 0, np.sqrt(1.0 / size), np.sqrt(2.0 / size))
    return np.asarray(scale * np.cos(np.pi * rows * columns / size), np.float32)


PITCHES_HZ: Floats = np.geomspace(70.0, 400.0, N_PITCHES, dtype=np.float32)
"""Candidate fundamental frequencies, evenly spaced in log frequency, shape (48,), Hz."""


def _harmonic_comb() -> Floats:
    """Weights that sum a whitened spectrum on the harmonics of each pitch and subtract what lies between them.

    The comb of subharmonic summation (Hermes 1988, J. Acoust. Soc. Am. 83), with its weight of 0.85 per harmonic and
    a negative tooth half-way below each, shape (140, 48).
    """
    comb = np.zeros((_N_HARMONIC_BINS, N_PITCHES), np.float32)
    hz_per_bin = SAMPLE_RATE / _HARMONIC_WINDOW
    for column, pitch in enumerate(PITCHES_HZ):
        teeth = int(min(10, 2000 // pitch))
        weights = 0.85 ** np.arange(teeth)
        for harmonic, weight in enumerate(weights, start=1):
            for position, sign in ((harmonic * pitch, 1.0), ((harmonic - 0.5) * pitch, -1.0)):
                place = position / hz_per_bin
                lower = int(place)
                if lower + 1 < _N_HARMONIC_BINS:
                    comb[lower, column] += sign * weight * (1 - place + lower)
                    comb[lower + 1, column] += sign * weight * (place - lower)
        comb[:, column] /= weights.sum()
    return comb


_MEL = mel_filters()
_HAMMING = np.hamming(_WINDOW).astype(np.float32)
_HANN = np.hanning(_HARMONIC_WINDOW).astype(np.float32)
_OWN_HANN = np.hanning(FRAME).astype(np.float32)
_COMB = _harmonic_comb()
CEPSTRA = cosines(N_MELS, 1, N_CEPSTRA)
"""Log-mel to cepstral coefficients 1 to 20 (level left out), shape (32, 20)."""


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """Measurements of consecutive frames.

    Attributes
    ----------
    first : index of the first frame.
    log_mel : float32 (2 n + 4, 32), natural log of mel energies every 10 ms; two more steps at either end for slopes.
    log_energy : float32 (2 n,), natural log of the windowed, pre-emphasised energy every 10 ms.
    power : float32 (n,), mean square of the frame's own samples.
    salience : float32 (n, 48), how well each of `PITCHES_HZ` explains the frame's harmonics; voiced from about 1.
    channels : float32 (n, 2, 32), mel energies at either of two microphones; `None` where there is one.
    """

    first: int
    log_mel: Floats
    log_energy: Floats
    power: Floats
    salience: Floats
    channels: Floats | None = None

    def __len__(self) -> int:
        return len(self.salience)

    def part(self, begin: int, end: int) -> Frames:
        """The frames from the `begin`th up to the `end`th of these."""
        return Frames(
            self.first + begin,
            self.log_mel[2 * begin : 2 * end + 4],
            self.log_energy[2 * begin : 2 * end],
            self.power[begin:end],
            self.salience[begin:end],
            None if self.channels is None else self.channels[begin:end],
        )


def join_frames(parts: Sequence[Frames]) -> Frames:
    """Consecutive frames as one."""
    channels = [part.channels for part in parts if part.channels is not None] or None
    mels = [parts[0].log_mel[:2], *(part.log_mel[2:-2] for part in parts), parts[-1].log_mel[-2:]]
    return Frames(
        parts[0].first,
        np.concatenate(mels),
        np.concatenate([part.log_energy for part in parts]),
        np.concatenate([part.power for part in parts]),
        np.concatenate([part.salience for part in parts]),
        None if channels is None else np.concatenate(channels),
    )


def _spectra(emphasised: Floats, count: int) -> tuple[Floats, Floats]:
    windows = np.lib.stride_tricks.sliding_window_view(emphasised, _WINDOW)[: count * STEP : STEP] * _HAMMING
    spectrum = np.fft.rfft(windows, 512)
    power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
    energy = np.einsum("ij,ij->i", windows, windows)
    return np.log(power @ _MEL + _FLOOR), np.log(energy + _FLOOR)


def _salience(samples: Floats, count: int) -> Floats:
    windows = np.lib.stride_tricks.sliding_window_view(samples, _HARMONIC_WINDOW)[: count * FRAME : FRAME] * _HANN
    spectrum = np.fft.rfft(windows, axis=1)[:, :_N_HARMONIC_BINS]
    log_spectrum = np.log(np.abs(spectrum).astype(np.float32) + np.float32(1e-4))
    # The envelope is a running mean over 17 bins (266 Hz); what stands out of it are harmonics.
    padded = np.pad(log_spectrum, ((0, 0), (9, 8)), mode="edge")
    summed = np.cumsum(padded, axis=1, dtype=np.float64)
    envelope = ((summed[:, 17:] - summed[:, :-17]) / 17).astype(np.float32)
    return cast("Floats", np.clip(log_spectrum - envelope, -1.5, 3.0) @ _COMB)


class FrameAnalyser:
    """Measures a stream of samples frame by frame."""

    def __init__(self) -> None:
        self._samples = np.zeros(_PAST, np.float32)  # begins _PAST samples before frame `_next`
        self._next = 0
        self._log_mel = np.zeros((0, N_MELS), np.float32)  # steps 2 j - 2 to 2 j + 1 for j = `_next`
        self._log_energy = np.zeros(0, np.float32)
        self._steps = 0  # spectral steps measured so far

    def process(self, samples: Floats) -> Frames:
        """Frames that these samples complete.

        Parameters
        ----------
        samples : float32 (m,), mono, 16 kHz, [-1, 1].
        """
        self._samples = np.concatenate((self._samples, samples))
        first = self._next
        count = max(0, (len(self._samples) - _PAST - _FUTURE) // FRAME)
        if count == 0:
            none = np.zeros(0, np.float32)
            return Frames(first, none.reshape(0, N_MELS), none, none, none.reshape(0, N_PITCHES))
        return self._take(first, count)

    def finish(self) -> Frames:
        """The last frames, as if silence followed."""
        return self.process(np.zeros(_FUTURE, np.float32))

    def _take(self, first: int, count: int) -> Frames:
        last_step = 2 * (first + count) + 2  # slopes of the last frame reach two steps beyond it
        new_steps = last_step - self._steps
        begin = _PAST - _WINDOW_LEAD + (self._steps - 2 * first) * STEP
        stretch = self._samples[begin - 1 : begin + (new_steps - 1) * STEP + _WINDOW]
        emphasised = stretch[1:] - np.float32(0.97) * stretch[:-1]
        log_mel, log_energy = _spectra(emphasised, new_steps)
        self._steps = last_step
        before = self._log_mel if first else np.repeat(log_mel[:1], 2, axis=0)
        mels = np.concatenate((before, log_mel))
        energies = np.concatenate((self._log_energy, log_energy))
        salience = _salience(self._samples[_PAST - _HARMONIC_LEAD :], count)
        own = self._samples[_PAST : _PAST + count * FRAME].reshape(count, FRAME)
        power = np.einsum("ij,ij->i", own, own) / np.float32(FRAME)
        self._log_mel = mels[2 * count :]
        self._log_energy = energies[2 * count :]
        self._samples = self._samples[count * FRAME :].copy()
        self._next = first + count
        return Frames(first, mels, energies[: 2 * count], power, salience)


def slopes(values: Floats) -> Floats:
    """Regression slopes over five steps (Furui 1986), shape (n + 4, k) to (n, k)."""
    return cast("Floats", (values[3:-1] - values[1:-3] + 2 * (values[4:] - values[:-4])) / 10)


def mono(samples: Floats) -> Floats:
    """Samples of one microphone (n,), or the mean of two (n, 2)."""
    return samples if samples.ndim == 1 else cast("Floats", samples.mean(axis=1))


def channel_energies(samples: Floats) -> Floats:
    """Mel energies (n, 2, 32) of frames at either of two microphones, of their own samples (320 n, 2) alone."""
    windows = samples.reshape(-1, FRAME, 2).transpose(0, 2, 1) * _OWN_HANN
    spectrum = np.fft.rfft(windows, 512)
    return cast("Floats", (spectrum.real**2 + spectrum.imag**2).astype(np.float32) @ _MEL)


def pair_mean(values: Floats) -> Floats:
    """Mean of each two 10 ms steps, giving 20 ms frames: shape (2 n, ...) to (n, ...)."""
    return cast("Floats", values.reshape(len(values) // 2, 2, *values.shape[1:]).mean(axis=1))


def pitches_hz(salience: Floats, voiced: float = 1.0) -> list[float | None]:
    """Pitch of each frame, Hz, refined between candidates by a parabola; `None` where it is not voiced.

    White noise stays under a salience of 0.9 in 95 % of frames, nine tenths of voices' loud frames exceed 1 (measured).
    """
    best = salience.argmax(axis=1)
    rows = np.arange(len(salience))
    left = salience[rows, np.maximum(best - 1, 0)]
    right = salience[rows, np.minimum(best + 1, len(PITCHES_HZ) - 1)]
    peak = salience[rows, best]
    curve = left - 2 * peak + right
    shift = np.where(curve < 0, 0.5 * (left - right) / np.where(curve < 0, curve, -1), 0.0).clip(-0.5, 0.5)
    step = np.log(PITCHES_HZ[1] / PITCHES_HZ[0])
    hz = PITCHES_HZ[best] * np.exp(shift * step)
    return [float(value) if strong else None for value, strong in zip(hz, peak > voiced, strict=True)]


def syllable_nuclei(log_energy: Floats, dip: float = 0.46) -> int:
    """Number of syllable nuclei: peaks of the energy curve with a dip of 2 dB (0.46 nats) on either side.

    After de Jong and Wempe (2009, Behavior Research Methods 41). `log_energy` is float32 (n,), every 10 ms.
    """
    if len(log_energy) < 5:
        return 0
    smooth = np.convolve(log_energy, np.ones(5) / 5, "valid")
    floor = smooth.max() - 5.75  # 25 dB below the loudest syllable nothing is one
    nuclei, lowest, peak = 0, np.inf, -np.inf
    for value in smooth:
        peak = max(peak, value)
        if value < lowest:
            lowest, peak = value, value
        if peak - lowest >= dip and peak - value >= dip and peak > floor:
            nuclei, lowest, peak = nuclei + 1, value, value
    return nuclei + int(peak - lowest >= dip and peak > floor)
