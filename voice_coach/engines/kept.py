"""Measurements of a whole talk, kept while it lasts for a second hearing of it: never audio, and never afterwards."""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import numpy as np

from voice_coach.acoustics import N_MELS, N_PITCHES, Floats, Frames, join_frames

_CHUNK_FRAMES = 200
_HEADER = struct.Struct("<qi?")  # first frame, number of frames, whether of two microphones
_HALF = np.dtype("<f2")
_FLOOR = np.float32(1e-9)  # of energies whose logarithm is kept


class KeptFrames:
    """Frames in a temporary file that is gone when the program is. Use it in a `with` statement.

    It is about 40 MB an hour, or 65 MB of two microphones.

    Parameters
    ----------
    folder : where the file lies.
    """

    def __init__(self, folder: Path) -> None:
        self._frames: list[Frames] = []
        self._speech: list[Floats] = []
        self._file: IO[bytes] | None = None
        try:
            self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
        except OSError:
            return

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    @property
    def whole(self) -> bool:
        """Whether everything was kept: a full disk costs the second hearing, never the talk."""
        return self._file is not None

    def keep(self, frames: Frames, speech: Floats) -> None:
        """Keep consecutive frames, and their speech probability (n,)."""
        self._frames.append(frames)
        self._speech.append(speech)
        if sum(map(len, self._speech)) >= _CHUNK_FRAMES:
            self._write()

    def _write(self) -> None:
        frames, speech = join_frames(self._frames), np.concatenate(self._speech)
        self._frames, self._speech = [], []
        if self._file is None:
            return
        halves = [frames.log_mel, frames.log_energy, frames.salience, speech]
        if frames.channels is not None:
            halves.append(np.log(frames.channels + _FLOOR))
        parts = [_HEADER.pack(frames.first, len(frames), frames.channels is not None)]
        parts.append(frames.power.astype("<f4").tobytes())
        parts += [values.astype(_HALF).tobytes() for values in halves]
        try:
            self._file.write(b"".join(parts))
        except OSError:
            self._close()

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def read(self) -> Iterator[tuple[Frames, Floats]]:
        """All frames and their speech probability, in order, in chunks of some seconds."""
        if self._speech:
            self._write()
        if self._file is None:
            return
        self._file.seek(0)
        while header := self._file.read(_HEADER.size):
            first, count, two = _HEADER.unpack(header)
            power = np.frombuffer(self._file.read(4 * count), "<f4").astype(np.float32)
            log_mel = self._halves((2 * count + 4, N_MELS))
            log_energy = self._halves((2 * count,))
            salience = self._halves((count, N_PITCHES))
            speech = self._halves((count,))
            channels = np.exp(self._halves((count, 2, N_MELS))) if two else None
            yield Frames(first, log_mel, log_energy, power, salience, channels), speech

    def _halves(self, shape: tuple[int, ...]) -> Floats:
        assert self._file is not None  # noqa: S101
        data = self._file.read(_HALF.itemsize * int(np.prod(shape)))
        return np.frombuffer(data, _HALF).reshape(shape).astype(np.float32)
