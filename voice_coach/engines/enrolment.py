"""Learning a voice from a recording of it, and telling honestly what it is good for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from voice_coach.acoustics import Floats
from voice_coach.engines.mixtures import SharedLikelihood
from voice_coach.engines.recording import CLIPPED_SHARE, Recording
from voice_coach.engines.silero import BLOCK, SileroDetector
from voice_coach.engines.voiceprint import RELEVANCE, Background, Enrolment, cepstra, enrol
from voice_coach.errors import InputError
from voice_coach.segment import SAMPLE_RATE

Warn = Callable[[str], None]
"""Takes one sentence on what is amiss, and how to mend it."""

SHORTEST_SPEECH_SECONDS = 3.0
"""Below this the two voices of a pair are confused (measured: 2.7 % of talk at 3 s, 0.5 % at 5 s)."""
SHORT_SPEECH_SECONDS = 5.0
LONGEST_SECONDS = 60.0
"""More of a voice than this teaches nothing new."""
DROWNED_DB, NOISY_DB = 1.5, 6.0
"""How far loud speech stands out of the quietest tenths of a second: 1.3 dB at an SNR of 0 dB, 5 dB at 10 dB."""
ONE_VOICE, CLOSE_VOICES = 0.25, 0.6
"""Least difference of two voices, nats per step (see `separation`).

Halves of one reader's 10 s come to 0.36 at most in 95 of 100, two readers to 0.6 at least in as many (measured on 90
enrolments in simulated rooms)."""
_NATS_DB = 10 / np.log(10)


def enrol_recording(path: Path, warn: Warn = lambda _: None, rate: int = SAMPLE_RATE) -> Enrolment:
    """Learn the voice of the one person who speaks in a recording.

    Where the talk was recorded at a lower `rate`, Hz, the voice is learnt as it sounds in it: what only one of two
    recordings can hold makes a voice strange to the other.

    Raises
    ------
    InputError
        If the recording cannot be read, holds less than 3 s of speech, or drowns in noise.
    """
    recording = Recording(path, rate)
    survey = recording.survey()
    samples = _beginning(recording, survey.gain, int(LONGEST_SECONDS * SAMPLE_RATE))
    enrolment = enrol(samples, SileroDetector().process(samples))
    seconds = enrolment.speech_seconds
    if seconds < SHORTEST_SPEECH_SECONDS:
        raise InputError(
            f"{path} holds only {seconds:.1f} s of speech; "
            f"a voice is learnt from 10 s, and at least {SHORTEST_SPEECH_SECONDS:.0f} s are needed"
        )
    clearance = clearance_db(enrolment)
    if clearance < DROWNED_DB:
        raise InputError(f"the voice in {path} drowns in noise; record it again where it is quiet, or closer")
    if clearance < NOISY_DB:
        warn(f"There is much noise in {path}; recorded where it is quieter, or closer, the voice is known better.")
    if seconds < SHORT_SPEECH_SECONDS:
        warn(f"{path} holds only {seconds:.1f} s of speech; with 10 s the voice is known better.")
    if survey.clipped_share >= CLIPPED_SHARE:
        warn(f"{path} is clipped; recorded from further away, or with less gain, the voice is known better.")
    return enrolment


def clearance_db(enrolment: Enrolment) -> float:
    """How far an enrolment's loud speech stands out of its quietest moments, dB."""
    quiet = np.percentile(np.convolve(enrolment.log_energy, np.ones(10) / 10, "valid"), 2)
    return float(_NATS_DB * (np.percentile(enrolment.log_energy[enrolment.speech], 90) - quiet))


def check_pair(first: Enrolment, second: Enrolment, background: Background, warn: Warn = lambda _: None) -> None:
    """Check that two enrolments are of two people who can be told apart.

    Raises
    ------
    InputError
        If they cannot.
    """
    found = separation(first, second, background)
    if found < ONE_VOICE:
        raise InputError(
            "the two recordings sound like one and the same voice; give one of each person alone, "
            "made with the same microphone"
        )
    if found < CLOSE_VOICES:
        warn("The two voices are much alike; with 20 s of each they are told apart better.")


def separation(first: Enrolment, second: Enrolment, background: Background) -> float:
    """How much better each person's speech fits their own voice than the other's, nats per step; the worse of both.

    Each half of an enrolment is judged by models of the other halves, because a model always fits what it was made of.
    """
    means = [e.log_mel[2:-2][e.loud].mean(axis=0) for e in (first, second)]
    mean = np.asarray((means[0] + means[1]) / 2, np.float32)
    pieces = [_pieces(cepstra(e.log_mel - mean)[e.loud]) for e in (first, second)]
    margins = np.zeros(2)
    full = background.full
    for half in (0, 1):
        known = [full.adapted(full.statistics(np.concatenate(own[half::2])), RELEVANCE) for own in pieces]
        likelihood = SharedLikelihood(full, known)
        for person, own in enumerate(pieces):
            fits = [likelihood(piece).mean(axis=0) for piece in own[1 - half :: 2]]
            margins[person] += np.mean([fit[person] - fit[1 - person] for fit in fits]) / 2
    return float(margins.min())


def _pieces(values: Floats) -> list[Floats]:
    """Pieces of half a second."""
    return np.array_split(values, max(2, len(values) // 50))


def _beginning(recording: Recording, gain: float, count: int) -> Floats:
    """The first `count` samples, filled up with silence to a whole number of the detector's blocks."""
    parts, taken = [], 0
    for block in recording.blocks(gain):
        parts.append(block.samples)
        taken += len(block.samples)
        if taken >= count:
            break
    samples = np.concatenate(parts)[:count]
    samples = np.clip(np.nan_to_num(samples, nan=0.0, posinf=1.0, neginf=-1.0), -1.0, 1.0).astype(np.float32)
    return np.pad(samples, (0, -len(samples) % BLOCK))
