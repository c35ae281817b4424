"""How the coach sounds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from voice_coach.acoustics import FRAME, Floats
from voice_coach.options import Options, number

_PAUSE_DB = 20.0
"""So much softer than the loudest, what lies between words does not count as speech."""


@dataclass(frozen=True, slots=True)
class VoiceOptions(Options):
    """`voice` is the system's name of a voice; empty takes the system's own in the language of the wordings.

    150 words per minute is slower than talk (about 174): a prompt is to slow people down. The silence in front is there
    because Bluetooth and HDMI outputs swallow the beginning. `unwanted` are voices that one of the two does not want.
    `loudest_db` is the level that a sentence's speech has at most on this loudspeaker, dB of full scale: the check sets
    it, so that the coach is no louder than people.
    """

    voice: str = ""
    unwanted: tuple[str, ...] = ()
    rate: int = number(150, 80, 400, "words per minute")
    volume: float = number(0.8, 0.0, 1.0)
    loudest_db: float = number(0.0, -60.0, 0.0, "dB")
    lead_seconds: float = number(0.25, 0.0, 1.0, "s")
    timeout_seconds: float = number(8.0, 1.0, 60.0, "s")


def speech_level_db(samples: Floats) -> float:
    """Level of the speech in a sentence without its pauses, float32 (n,), dB of full scale."""
    whole = np.pad(samples.astype(np.float64), (0, -len(samples) % FRAME))
    energies = np.mean(whole.reshape(-1, FRAME) ** 2, axis=1)
    spoken = energies[energies > np.max(energies, initial=0.0) * 10 ** (-_PAUSE_DB / 10)]
    return float(10 * np.log10(np.mean(spoken) + 1e-12)) if len(spoken) else -120.0


def no_louder(samples: Floats, loudest_db: float) -> Floats:
    """The sentence, float32 (n,), softer where its speech is louder than this many dB of full scale."""
    excess = speech_level_db(samples) - loudest_db
    return np.asarray(samples * 10 ** (-excess / 20), np.float32) if excess > 0 else samples
