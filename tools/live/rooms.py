"""What is heard at a simulated table beside its people: a quiet room, and the coach's own voice in it."""

from __future__ import annotations

import numpy as np

from tools.live.holding import Ears, Rendered
from tools.live.people import LEVEL
from voice_coach.acoustics import Floats
from voice_coach.engines.simulated import EchoPath
from voice_coach.events import Speaker
from voice_coach.segment import SAMPLE_RATE, to_samples
from voice_coach.wordings import Wordings

PEOPLE = (("Maya", "Daniel"), ("Ana", "Jonas"), ("Priya", "Tom"), ("Zoë", "Luís"), ("Ingrid", "Omar"), ("Noor", "Ben"))
_NOISE_DB = -60.0


def noise(seconds: float, seed: int = 0) -> Floats:
    """A quiet room, float32 (n,)."""
    rng = np.random.default_rng(seed)
    return (rng.standard_normal(to_samples(seconds)) * 10 ** (_NOISE_DB / 20)).astype(np.float32)


def room(delay: float, level_db: float, sentences: Rendered, texts: list[str]) -> EchoPath:
    """A path by which sentences come this late, this loud beside people, through a room with an RT60 of 0.25 s."""
    rng = np.random.default_rng(round(1000 * delay - level_db))
    count = SAMPLE_RATE // 4
    tail = rng.standard_normal(count) * 10 ** (-3 * np.arange(count) / count)
    tail *= 0.5 / np.sqrt((tail**2).sum())
    tail[0] = 1.0
    sound = np.concatenate([sentences.sound_of(text) for text in texts[:20]])
    echo = np.convolve(sound, tail)
    return EchoPath(delay, (tail * LEVEL * 10 ** (level_db / 20) / np.sqrt(np.mean(echo**2))).astype(np.float32))


def prompts(ears: Ears, count: int) -> list[str]:
    """So many different sentences of the coach's, to several couples."""
    known = [
        text
        for couple in PEOPLE
        for text in Wordings(ears.lexicon, dict(zip((Speaker.A, Speaker.B), couple, strict=True))).known()
    ]
    return list(dict.fromkeys(known))[:count]
