"""A claim on a session's folder: while a program holds it, nobody else takes the session for abandoned.

The operating system lets go of a claim when its program ends, however it ends.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from voice_coach.errors import InputError

CLAIM_NAME = ".claim"


class Claimed(InputError):
    """Another program holds the session."""


class Claim:
    """Holds a folder; use it in a `with` statement.

    Raises
    ------
    Claimed
        If another program holds it.
    InputError
        If the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / CLAIM_NAME
        try:
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise InputError(f"{folder} cannot be written: {error.strerror}") from error
        try:
            _lock(self._descriptor)
        except OSError as error:
            os.close(self._descriptor)
            raise Claimed(f"{folder} is in use by another voice-coach") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if sys.platform != "win32":  # there, an open file cannot be removed
            self._path.unlink(missing_ok=True)
        os.close(self._descriptor)


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
