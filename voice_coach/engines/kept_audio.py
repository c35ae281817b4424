"""The audio of a talk, kept because somebody asked for it: a FLAC file, for its user alone."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from voice_coach.acoustics import Floats, mono
from voice_coach.errors import InputError
from voice_coach.events import AudioBlock
from voice_coach.segment import SAMPLE_RATE

_PIECE = SAMPLE_RATE
"""Silence is written in pieces of a second: an hour may be lost."""


class KeptAudio:
    """Writes blocks as they come, silence where audio was lost; use it in a `with` statement.

    Raises
    ------
    InputError
        If the file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        import av

        self._path, self._frame = path, av.AudioFrame
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
            self._container = av.open(f"file:{path.absolute()}", "w", format="flac")
        except OSError as error:
            raise InputError(f"{path} cannot be written: {error.strerror}") from error
        self._stream = self._container.add_stream("flac", rate=SAMPLE_RATE, layout="mono")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._container.mux(self._stream.encode(None))
        self._container.close()

    def add(self, block: AudioBlock) -> None:
        """Write a block, and silence for what was lost before it."""
        for place in range(0, block.lost_samples, _PIECE):
            self._write(np.zeros(min(_PIECE, block.lost_samples - place), np.float32))
        if len(block.samples):
            self._write(mono(block.samples))

    def _write(self, samples: Floats) -> None:
        whole = np.round(np.clip(np.nan_to_num(samples), -1.0, 1.0) * 32767).astype(np.int16)
        frame = self._frame.from_ndarray(whole[None], format="s16", layout="mono")
        frame.sample_rate = SAMPLE_RATE
        try:
            self._container.mux(self._stream.encode(frame))
        except OSError as error:
            raise InputError(f"{self._path} cannot be written: {error.strerror}") from error
