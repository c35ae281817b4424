"""What the table would have heard: a recording with the coach's sentences where they were said."""

from __future__ import annotations

import os
import wave
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO

import numpy as np

from voice_coach.acoustics import Floats
from voice_coach.errors import InputError
from voice_coach.events import AudioBlock
from voice_coach.review.files import replacing
from voice_coach.runner import Said
from voice_coach.segment import SAMPLE_RATE, Segment

PROMPT_PEAK = 0.25
"""Loudest sample of a prompt: about the level of talk at the nominal level, never over it."""


def mix(blocks: Iterable[AudioBlock], said: Sequence[Said]) -> Iterator[Floats]:
    """The recording with what was said laid over it, float32 pieces in [-1, 1]; lost audio is silent."""
    prompts = [(Segment(s.start_sample, s.start_sample + len(s.samples)), _levelled(s.samples)) for s in said]
    end = 0
    for block in blocks:
        if block.lost_samples:
            yield _over(np.zeros(block.lost_samples, np.float32), end, prompts)
        yield _over(block.samples, block.start_sample, prompts)
        end = block.start_sample + len(block.samples)
    rest = max((segment.end for segment, _ in prompts), default=0) - end
    if rest > 0:
        yield _over(np.zeros(rest, np.float32), end, prompts)


def _levelled(samples: Floats) -> Floats:
    peak = float(np.abs(samples).max(initial=0.0))
    return samples * np.float32(PROMPT_PEAK / peak) if peak > 0 else samples


def _over(samples: Floats, start: int, prompts: Sequence[tuple[Segment, Floats]]) -> Floats:
    heard = np.nan_to_num(samples, nan=0.0, posinf=1.0, neginf=-1.0)
    here = Segment(start, start + len(samples))
    for segment, prompt in prompts:
        if segment.overlap(here):
            low, high = max(segment.start, here.start), min(segment.end, here.end)
            heard[low - start : high - start] += prompt[low - segment.start : high - segment.start]
    return np.clip(heard, -1.0, 1.0)


def check_target(path: Path, coming: Path) -> None:
    """Find out before a talk is heard whether its mix can be written; `coming` is a folder that will be there by then.

    Raises
    ------
    InputError
        If it cannot.
    """
    try:
        if path.is_dir():
            raise InputError(f"{path} is a folder, not a file to write")
        folder = Path(os.path.realpath(path.parent))
        if not folder.is_dir() and not Path(os.path.realpath(coming)).is_relative_to(folder):
            raise InputError(f"there is no folder {path.parent}")
        place = folder if _is_ours(path) else path
        if place.exists() and not os.access(place, os.W_OK):
            raise InputError(f"{path} cannot be written: Permission denied")
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from error


def write_wav(path: Path, pieces: Iterable[Floats]) -> None:
    """Write 16 kHz mono 16-bit samples, piece by piece; a new file is for its owner only.

    Raises
    ------
    InputError
        If the file cannot be written, or its disk is full.
    """
    try:
        with _opened(path) as file, wave.open(file, "wb") as sound:
            sound.setnchannels(1)
            sound.setsampwidth(2)
            sound.setframerate(SAMPLE_RATE)
            for piece in pieces:
                sound.writeframes((piece * 32767).astype("<i2").tobytes())
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}") from error


def _opened(path: Path) -> AbstractContextManager[BinaryIO]:
    return replacing(path) if _is_ours(path) else path.open("wb")


def _is_ours(path: Path) -> bool:
    """Whether a file may be put in its place: a device, a pipe, or a link such as /dev/stdout belongs to others."""
    return not path.is_symlink() and (path.is_file() or not path.exists())
