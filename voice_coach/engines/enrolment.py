"""Learning a voice from a recording of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from voice_coach.acoustics import Floats
from voice_coach.engines.recording import Recording
from voice_coach.engines.silero import BLOCK, SileroDetector
from voice_coach.engines.voiceprint import Enrolment, enrol
from voice_coach.errors import InputError
from voice_coach.segment import SAMPLE_RATE

SHORTEST_SPEECH_SECONDS = 3.0
"""Below this the two voices of a pair are confused (measured: 2.7 % of talk at 3 s, 0.5 % at 5 s)."""
LONGEST_SECONDS = 60.0
"""More of a voice than this teaches nothing new."""


def enrol_recording(path: Path) -> Enrolment:
    """Learn the voice of the one person who speaks in a recording.

    Raises
    ------
    InputError
        If the recording cannot be read, or holds less than 3 s of speech.
    """
    recording = Recording(path)
    gain = recording.survey().gain
    samples = _beginning(recording, gain, int(LONGEST_SECONDS * SAMPLE_RATE))
    enrolment = enrol(samples, SileroDetector().process(samples))
    if enrolment.speech_seconds < SHORTEST_SPEECH_SECONDS:
        raise InputError(
            f"{path} holds only {enrolment.speech_seconds:.1f} s of speech; "
            f"a voice is learnt from 10 s, and at least {SHORTEST_SPEECH_SECONDS:.0f} s are needed"
        )
    return enrolment


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
