"""What two enrolled people sound like, and how much each frame of a talk sounds like either.

A voice is a Gaussian mixture adapted from a background model of many readers, over the whole spectrum and over three
bands of it, and a histogram of pitch. Features are those of the measured recipe: spectrum and harmonics of the frame
(which show two voices at once) beside log-likelihood ratios of each person (which show whose they are).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from voice_coach.acoustics import (
    CEPSTRA,
    N_MELS,
    N_PITCHES,
    Floats,
    FrameAnalyser,
    Frames,
    cosines,
    join_frames,
    pair_mean,
    slopes,
)
from voice_coach.engines.mixtures import Mixture, SharedLikelihood, Statistics
from voice_coach.errors import MissingPart
from voice_coach.microphones import N_NEAR, Seats

Mask = npt.NDArray[np.bool_]
BANDS = ((0, 12), (10, 22), (20, 32))
"""Mel channels of the three bands: about 60 to 950, 750 to 2600 and 2200 to 7600 Hz."""
N_SPECTRUM = N_MELS + N_PITCHES
"""Of the features that both people share, those of spectrum and harmonics, which come first."""
N_LIKELIHOODS = 4
"""Of these, those that follow: level, speech, both voices, and the detector. The third voice comes last."""
N_COMMON = N_SPECTRUM + N_LIKELIHOODS + 1
STRANGER = N_COMMON - 1
N_OWN = 5
"""Of one person's features, those of the voice, which come first; then those of two microphones."""
N_PERSONAL = N_OWN + N_NEAR
_BAND_CEPSTRA = cosines(12, 0, 8)
RELEVANCE = 8.0  # steps of data that count as much as the background model; tuned on training readers
_OVERLAP_RELEVANCE = 16.0
WITHIN_NATS = 6.0  # speech steps are those within 26 dB of the loud ones
_OVERLAP_RATIOS_DB = (-5.0, 0.0, 5.0)
_STRANGEST_NATS = 8.0


@dataclass(frozen=True, slots=True, eq=False)
class Background:
    """The background model of many readers: one mixture over cepstra and slopes (40), one for each band (8)."""

    full: Mixture
    bands: tuple[Mixture, ...]

    @classmethod
    def load(cls, path: Path) -> Background:
        """Read it from an `.npz` file written by `tools/hearing`."""
        if not path.is_file():
            raise MissingPart(f"the model {path.name} is not where it should be; install voice_coach again with pip")
        with np.load(path, allow_pickle=False) as store:
            mixtures = [
                Mixture(*(store[f"{name}_{part}"].astype(np.float32) for part in ("weights", "means", "variances")))
                for name in ("full", "band0", "band1", "band2")
            ]
        return cls(mixtures[0], tuple(mixtures[1:]))


@dataclass(frozen=True, slots=True, eq=False)
class Enrolment:
    """Speech of one person, as measurements only.

    Attributes
    ----------
    log_mel : float32 (2 n + 4, 32), as in `Frames`.
    log_energy : float32 (2 n,).
    salience : float32 (n, 48).
    speech : bool (2 n,), the 10 ms steps that hold speech.
    """

    log_mel: Floats
    log_energy: Floats
    salience: Floats
    speech: Mask

    @property
    def speech_seconds(self) -> float:
        """Net speech in seconds."""
        return float(self.speech.sum()) / 100.0

    @property
    def loud(self) -> Mask:
        """Speech steps (2 n,) within 26 dB of the loud ones; the rest says more of the room than of the person."""
        level = np.percentile(self.log_energy[self.speech], 95)
        return self.speech & (self.log_energy > level - WITHIN_NATS)


def enrol(samples: Floats, speech_probability: Floats) -> Enrolment:
    """Measure an enrolment.

    Parameters
    ----------
    samples : float32 (m,), mono, 16 kHz, speech at about -26 dBFS.
    speech_probability : float32, for every 512 samples.
    """
    analyser = FrameAnalyser()
    parts = [analyser.process(samples), analyser.finish()]
    frames = join_frames([part for part in parts if len(part)])
    likely = speech_probability > 0.4
    widened = likely.copy()
    widened[1:] |= likely[:-1]
    widened[:-1] |= likely[1:]
    steps = np.arange(2 * len(frames)) * 160 + 80
    speech = widened[np.minimum(steps // 512, len(widened) - 1)]
    return Enrolment(frames.log_mel, frames.log_energy, frames.salience, speech)


def cepstra(log_mel: Floats) -> Floats:
    """Cepstra and their slopes, (n + 4, 32) to (n, 40)."""
    static = log_mel @ CEPSTRA
    return np.concatenate((static[2:-2], slopes(static)), axis=1)


def band_cepstra(log_mel: Floats) -> list[Floats]:
    """Cepstra of each of the three bands, (n + 4, 32) to (n, 8) each."""
    return [log_mel[2:-2, low:high] @ _BAND_CEPSTRA for low, high in BANDS]


@dataclass(frozen=True, slots=True, eq=False)
class Voice:
    """One person's models: means of the full mixture (128, 40), of the bands (32, 8) each, pitch histogram (48,)."""

    full: Floats
    bands: tuple[Floats, ...]
    pitch: Floats


@dataclass(frozen=True, slots=True, eq=False)
class VoiceStatistics:
    """All that a voice's models are made of: statistics under the background model, and votes for pitches (48,).

    Those of two stretches of speech add up to those of both.
    """

    full: Statistics
    bands: tuple[Statistics, ...]
    votes: Floats

    @classmethod
    def of(cls, log_mel: Floats, salience: Floats, steps: Mask, background: Background) -> VoiceStatistics:
        """Statistics of the chosen 10 ms steps (2 n,) of log-mel (2 n + 4, 32), without its mean, and salience."""
        bands = zip(background.bands, band_cepstra(log_mel), strict=True)
        return cls(
            background.full.statistics(cepstra(log_mel)[steps]),
            tuple(mixture.statistics(values[steps]) for mixture, values in bands),
            _votes(salience[steps[::2]]),
        )

    def __add__(self, other: VoiceStatistics) -> VoiceStatistics:
        bands = tuple(mine + theirs for mine, theirs in zip(self.bands, other.bands, strict=True))
        return VoiceStatistics(self.full + other.full, bands, self.votes + other.votes)

    def __mul__(self, factor: float) -> VoiceStatistics:
        bands = tuple(band * factor for band in self.bands)
        return VoiceStatistics(self.full * factor, bands, self.votes * np.float32(factor))

    @property
    def steps(self) -> float:
        """How many 10 ms steps of speech they are of."""
        return float(self.full.counts.sum())

    def voice(self, background: Background) -> Voice:
        """The voice they make."""
        bands = zip(background.bands, self.bands, strict=True)
        return Voice(
            background.full.adapted(self.full, RELEVANCE),
            tuple(mixture.adapted(data, RELEVANCE) for mixture, data in bands),
            np.asarray(self.votes / (self.votes.sum() + 1e-9), np.float32),
        )


def _votes(salience: Floats) -> Floats:
    """Votes of voiced frames for each pitch, (n, 48) to (48,)."""
    peak = salience.max(axis=1, keepdims=True)
    return np.asarray((np.exp(3.0 * (salience - peak)) * (peak > 0.5)).sum(axis=0), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Spectra:
    """Speech as the encoder of voices sees it: log-mel (n, 32) of frames, and which of them hold speech (n,)."""

    log_mel: Floats
    speech: Floats

    @classmethod
    def of(cls, log_mel: Floats, steps: Mask) -> Spectra:
        """Of log-mel (2 n + 4, 32), without its mean, and the 10 ms steps (2 n,) of it that hold speech."""
        return cls(np.asarray(pair_mean(log_mel[2:-2]) / 3, np.float32), steps[::2].astype(np.float32))

    @classmethod
    def joined(cls, parts: Sequence[Spectra]) -> Spectra:
        """Several stretches as one."""
        return cls(np.concatenate([part.log_mel for part in parts]), np.concatenate([part.speech for part in parts]))


@dataclass(frozen=True, slots=True, eq=False)
class VoicePair:
    """Two people as heard by one microphone: their voices, both at once, and what microphone and room add.

    `channel_mean` (32,) is the mean log-mel of their speech, `level` the log energy of their loud speech. `stranger`
    are the means (128, 40) of a third voice, once one was heard; `seats` is how two microphones hear them, once that is
    known.
    """

    first: Voice
    second: Voice
    both: Floats
    channel_mean: Floats
    level: float
    spectra: tuple[Spectra, Spectra]
    stranger: Floats | None = None
    seats: Seats | None = None


def _both(first: Enrolment, second: Enrolment, mean: Floats) -> Floats:
    """Cepstra of the two enrolments laid over each other, energies added in each mel channel."""
    voices = [e.log_mel[2:-2][e.loud] for e in (first, second)]
    length = min(map(len, voices))
    mixed = []
    for turn, ratio_db in enumerate(_OVERLAP_RATIOS_DB, start=1):
        half = np.float32(ratio_db / 20 * np.log(10.0))
        shifted = np.roll(voices[1][:length], turn * length // 4, axis=0)
        mix = np.logaddexp(voices[0][:length] + half, shifted - half)
        mixed.append(cepstra(mix.astype(np.float32) - mean))
    return np.concatenate(mixed)


def pair_voices(first: Enrolment, second: Enrolment, background: Background) -> VoicePair:
    """Models of two people from their enrolments."""
    enrolments = (first, second)
    means = [e.log_mel[2:-2][e.loud].mean(axis=0) for e in enrolments]
    mean = np.asarray((means[0] + means[1]) / 2, np.float32)
    level = float(np.mean([np.percentile(e.log_energy[e.speech], 90) for e in enrolments]))
    voices = [
        VoiceStatistics.of(e.log_mel - mean, e.salience, e.loud, background).voice(background) for e in enrolments
    ]
    both = background.full.adapted(background.full.statistics(_both(first, second, mean)), _OVERLAP_RELEVANCE)
    spectra = [Spectra.of(e.log_mel - mean, e.loud) for e in enrolments]
    return VoicePair(voices[0], voices[1], both, mean, level, (spectra[0], spectra[1]))


@dataclass(frozen=True, slots=True, eq=False)
class VoiceFeatures:
    """Input of the network, for n frames: `common` (n, 85), `first` and `second` (n, 14), all float32."""

    common: Floats
    first: Floats
    second: Floats

    def __len__(self) -> int:
        return len(self.common)

    def part(self, begin: int, end: int) -> VoiceFeatures:
        """Those of the frames from the `begin`th up to the `end`th."""
        return VoiceFeatures(self.common[begin:end], self.first[begin:end], self.second[begin:end])


def join_features(parts: Sequence[VoiceFeatures]) -> VoiceFeatures:
    """Features of consecutive frames as one."""
    return VoiceFeatures(
        np.concatenate([part.common for part in parts]),
        np.concatenate([part.first for part in parts]),
        np.concatenate([part.second for part in parts]),
    )


class Voiceprint:
    """Compares frames with the two enrolled voices."""

    def __init__(self, pair: VoicePair, background: Background) -> None:
        self._pair = pair
        voices = (pair.first, pair.second)
        strangers = [] if pair.stranger is None else [pair.stranger]
        self._full = SharedLikelihood(
            background.full, [background.full.means, pair.both, pair.first.full, pair.second.full, *strangers]
        )
        self._bands = [
            SharedLikelihood(mixture, [mixture.means, *(voice.bands[band] for voice in voices)])
            for band, mixture in enumerate(background.bands)
        ]
        self._pitch = np.stack([voice.pitch / (voice.pitch.max() + 1e-6) / 4 for voice in voices], axis=1)

    def features(self, frames: Frames, speech: Floats) -> VoiceFeatures:
        """Features of n frames.

        Parameters
        ----------
        frames : measurements of n frames.
        speech : float32 (n,), speech probability of each frame.
        """
        log_mel = frames.log_mel - self._pair.channel_mean
        full = pair_mean(self._full(cepstra(log_mel)))
        bands = [
            pair_mean(likelihood(values)) for likelihood, values in zip(self._bands, band_cepstra(log_mel), strict=True)
        ]
        pitch = frames.salience @ self._pitch
        energy = pair_mean(frames.log_energy)
        stranger = np.zeros(len(frames)) if self._pair.stranger is None else full[:, 4] - full[:, 2:4].max(axis=1)
        common = np.column_stack(
            (
                pair_mean(log_mel[2:-2]) / 3,
                frames.salience,
                (energy - self._pair.level) / 3,
                np.clip(full[:, 0], -120, 0) / 40,
                (full[:, 1] - full[:, 0]) / 4,
                speech * 2 - 1,
                np.clip(stranger, -_STRANGEST_NATS, _STRANGEST_NATS) / 4,
            )
        )
        near = self._nearness(frames)
        first, second = (
            np.column_stack(
                (
                    (full[:, 2 + person] - full[:, 0]) / 4,
                    *((band[:, 1 + person] - band[:, 0]) / 3 for band in bands),
                    pitch[:, person],
                    near[person],
                )
            ).astype(np.float32)
            for person in (0, 1)
        )
        return VoiceFeatures(common.astype(np.float32), first, second)

    def _nearness(self, frames: Frames) -> tuple[Floats, Floats]:
        if frames.channels is None or self._pair.seats is None:
            nothing = np.zeros((len(frames), N_NEAR), np.float32)
            return nothing, nothing
        return self._pair.seats.nearness(frames.channels)
