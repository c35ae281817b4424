"""What the two of the demo talk say at the table, by recording or in their synthetic voices."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import soundfile

from tools.fixtures.flite import Flite, Manner
from tools.live.virtual_table import BLOCK
from voice_coach.acoustics import Floats
from voice_coach.segment import SAMPLE_RATE

DEMO = Path(__file__).parents[2] / "audio_fixtures" / "demo"
VOICES = {"Maya": ("slt", 0.86), "Daniel": ("rms", 0.98)}
LEVEL = 0.03
"""RMS of speech, about that of the fixture talks."""


def fixture(name: str) -> Floats:
    """A recording of the demo talk, float32 (n,), 16 kHz."""
    return np.asarray(soundfile.read(DEMO / name, dtype="float32")[0])


def cut_off() -> Floats:
    """Three times Daniel cuts Maya off: those moments of the demo talk, one after the other, 39 s."""
    whole = fixture("talk.flac")
    parts = ((101.5, 114.3), (135.2, 146.5), (182.5, 197.2))
    return np.concatenate([whole[round(begin * SAMPLE_RATE) : round(end * SAMPLE_RATE)] for begin, end in parts])


@cache
def _flite() -> Flite:
    return Flite()


def said(name: str, text: str) -> Floats:
    """A sentence in the voice of one of the two, with a little silence after it."""
    voice, rate = VOICES[name]
    samples = _flite().say(voice, text, Manner(rate=rate)).samples
    samples = samples * np.float32(LEVEL / np.sqrt(np.mean(samples**2)))
    return np.concatenate((samples, np.zeros(BLOCK, np.float32)))
