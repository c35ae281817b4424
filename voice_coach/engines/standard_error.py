"""Messages of C libraries, which write to file descriptor 2 whenever they like, and would tear a live display."""

from __future__ import annotations

import os
import sys
from types import TracebackType
from typing import IO, Self


class StandardErrorAside:
    """While it is open, what libraries write is dropped, and `sys.stderr` still reaches the terminal."""

    def __init__(self) -> None:
        self._before = -1
        self._python: IO[str] | None = None

    def __enter__(self) -> Self:
        sys.stderr.flush()
        self._before = os.dup(2)
        self._kept, self._python = sys.stderr, os.fdopen(os.dup(2), "w", buffering=1, errors="backslashreplace")
        sys.stderr = self._python
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        os.close(nowhere)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.dup2(self._before, 2)
        os.close(self._before)
        sys.stderr = self._kept
        if self._python is not None:
            self._python.close()
