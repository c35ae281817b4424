"""The first moment of a microphone: whether it hears anything at all, and how loud the room is."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from voice_coach.acoustics import Floats, mono
from voice_coach.errors import MissingPart
from voice_coach.events import AudioBlock
from voice_coach.live.inbox import Inbox
from voice_coach.segment import SAMPLE_RATE

_SECONDS = 1.0
_PATIENCE_SECONDS = 8.0
"""Sound servers take up to 2.5 s to wake a device (measured)."""
_QUIET_DB, _NOISY_DB = -55.0, -40.0


@dataclass(frozen=True, slots=True)
class FirstSound:
    """Level of the room before anybody speaks, dB of full scale: the 20th percentile of its tenths of a second."""

    level_db: float

    @property
    def words(self) -> str:
        """The level in a word."""
        if self.level_db < _QUIET_DB:
            return "quiet"
        return "some noise" if self.level_db < _NOISY_DB else "noisy"


def first_sound(inbox: Inbox, cure_for_silence: str) -> FirstSound:
    """Take the first second from the inbox of a microphone that was just started.

    Raises
    ------
    MissingPart
        With the cure, if nothing comes, or exact silence.
    """
    parts: list[np.ndarray] = []
    taken, deadline = 0, time.monotonic() + _PATIENCE_SECONDS
    while taken < _SECONDS * SAMPLE_RATE:
        item = inbox.take(max(0.0, deadline - time.monotonic()))
        if item is None:
            raise MissingPart("the microphone delivers nothing; cure: choose another one in the sound settings")
        if isinstance(item, AudioBlock) and len(item.samples):
            parts.append(mono(item.samples))
            taken += len(item.samples)
    return judge_first_sound(np.concatenate(parts), cure_for_silence)


def judge_first_sound(samples: Floats, cure_for_silence: str) -> FirstSound:
    """The level of a room by what was heard of it, float32 (n,), 16 kHz.

    Raises
    ------
    MissingPart
        With the cure, if that is exact silence.
    """
    if not np.any(samples):
        raise MissingPart(f"the microphone delivers exact silence; cure: {cure_for_silence}")
    tenth = SAMPLE_RATE // 10
    power = (samples[: len(samples) // tenth * tenth].astype(np.float64).reshape(-1, tenth) ** 2).mean(axis=1)
    return FirstSound(float(10 * np.log10(np.percentile(power, 20) + 1e-12)))
