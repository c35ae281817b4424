"""How fast each words engine is on this machine, measured once and remembered: whether it keeps up with a talk."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterable, Iterator, Mapping
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

_FIRST_SECONDS, _UTTERANCES_SECONDS = 1.5, (6.0, 1.5, 10.0, 3.0, 3.0)
"""What is usual in a talk. Whisper takes as long for the short ones as for the long ones: they alternate, so that a
measurement that is broken off is about that of the whole."""
_WORK = {"tiny": 39.0, "base": 74.0, "small": 244.0}
"""Millions of parameters, which work goes with (Radford et al. 2022, table 1)."""
_MOONSHINE_WORK = _WORK["tiny"] / 5
"""Moonshine tiny does a fifth of the work of Whisper tiny for the same speech (Jeffries et al. 2024)."""
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


def measure(transcriber: Transcriber, clip: Floats, patience_seconds: float = math.inf) -> Speed:
    """Have an engine write down utterances of a clip of speech, float32 (n,), 16 kHz; none more after so long."""
    _ask(transcriber, clip[: to_samples(_FIRST_SECONDS)])  # what is loaded at first use does not count
    began, worked, speech = time.perf_counter(), time.process_time(), 0.0
    for seconds in _UTTERANCES_SECONDS:
        piece = clip[: to_samples(seconds)]
        _ask(transcriber, piece)
        speech += to_seconds(len(piece))
        if time.perf_counter() - began > patience_seconds:
            break
    passed, processor = time.perf_counter() - began, time.process_time() - worked
    return Speed(round(passed / speech, 4), round(processor / speech, 4))


def bigger_model(name: str, speed: Speed, *, multilingual: bool) -> str | None:
    """The biggest model that can be got and should keep up, if it does more work than this engine; else `None`."""
    for model, work in _expected(name, speed, multilingual=multilingual):
        if work <= KEEPS_UP:
            return model if work > speed.seconds else None
    return None


def smaller_model(name: str, speed: Speed, *, multilingual: bool) -> str | None:
    """The biggest model that should keep up where this engine does not, or else the smallest; `None` if it is that."""
    sizes = list(_expected(name, speed, multilingual=multilingual))
    smallest, work = sizes[-1]
    fitting = next((model for model, work in sizes if work <= KEEPS_UP), smallest)
    return None if work >= speed.seconds else fitting


def _expected(name: str, speed: Speed, *, multilingual: bool) -> Iterator[tuple[str, float]]:
    """Models that can be got, biggest first, with the seconds of work to be expected for each second of speech.

    Beside an engine of unknown size that is no number, which is neither more nor less than another.
    """
    engine, _, model = name.partition(" ")
    own = _MOONSHINE_WORK if engine == "moonshine" else _WORK.get(model.removesuffix(".en"), math.nan)
    for size in ("small", "base") if multilingual else ("small.en", "base.en", "tiny.en"):
        yield size, speed.seconds * _WORK[size.removesuffix(".en")] / own


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
