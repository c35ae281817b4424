"""How fast each words engine is on this machine, measured once and remembered: whether it keeps up with a talk."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import platformdirs

from voice_coach.acoustics import Floats
from voice_coach.engines.recording import Recording
from voice_coach.events import Speaker, Utterance
from voice_coach.ports import Transcriber
from voice_coach.segment import Segment, to_samples, to_seconds

_UTTERANCES_SECONDS = (1.5, 3.0, 3.0, 6.0, 10.0)
"""What is usual in a talk; Whisper takes as long for the short ones as for the long ones."""
KEEPS_UP = 0.6
"""Seconds of work for a second of speech: more leaves nothing for hearing, and for what the people do besides."""


@dataclass(frozen=True, slots=True)
class Speed:
    """Seconds that pass, and seconds of processor, for each second of speech."""

    seconds: float
    processor_seconds: float

    @property
    def keeps_up(self) -> bool:
        """Whether a talk can be written down while it goes on."""
        return self.seconds <= KEEPS_UP

    @property
    def machine_share(self) -> float:
        """Share of all processors while somebody speaks."""
        return self.processor_seconds / (os.cpu_count() or 1)


@dataclass(frozen=True, slots=True)
class _Measured:
    """What is remembered, and of which machine."""

    processors: int
    speeds: Mapping[str, Speed]


def measure(transcriber: Transcriber, clip: Floats) -> Speed:
    """Have an engine write down utterances of a clip of speech, float32 (n,), 16 kHz."""
    pieces = [clip[: to_samples(seconds)] for seconds in _UTTERANCES_SECONDS]
    _ask(transcriber, pieces[0])  # what is loaded at first use does not count
    began, worked = time.perf_counter(), time.process_time()
    for piece in pieces:
        _ask(transcriber, piece)
    passed, processor = time.perf_counter() - began, time.process_time() - worked
    speech = sum(to_seconds(len(piece)) for piece in pieces)
    return Speed(round(passed / speech, 4), round(processor / speech, 4))


def _ask(transcriber: Transcriber, samples: Floats) -> None:
    transcriber.transcribe(Utterance(0, Speaker.A, Segment(0, len(samples))), 0, samples)


def load_clip(path: Path) -> Floats:
    """Speech to measure with, float32 (n,), 16 kHz."""
    return np.concatenate([block.samples for block in Recording(path).blocks()])


def _path() -> Path:
    return Path(platformdirs.user_cache_dir("voice-coach", appauthor=False)) / "speed.json"


def remember(speeds: Mapping[str, Speed]) -> None:
    """Keep what was measured, beside what was measured before of other engines; a full disk costs only that."""
    path = _path()
    known = _Measured(os.cpu_count() or 1, {**remembered(), **speeds})
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part")
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(known))
        unfinished.replace(path)


def remembered() -> Mapping[str, Speed]:
    """What was measured on this machine, by the engines' names; nothing if never, or on another."""
    try:
        known = msgspec.json.decode(_path().read_bytes(), type=_Measured)
    except (OSError, msgspec.MsgspecError):
        return {}
    return known.speeds if known.processors == os.cpu_count() else {}


def is_english_only(name: str) -> bool:
    """Whether a Whisper model knows English only, by its name."""
    return name.endswith(".en")


def best_first(names: Iterable[str]) -> list[str]:
    """Names of Whisper models, those that write best before others; one that is not known is somebody's own choice."""
    order = ("small", "small.en", "distil-small.en", "base", "base.en", "tiny", "tiny.en")
    return sorted(names, key=lambda name: (order.index(name) if name in order else -1, name))
