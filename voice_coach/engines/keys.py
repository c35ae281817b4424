"""Single keys of the terminal, without return: for those who would rather press than speak."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

_POLL_SECONDS = 0.03
ESCAPE = "\x1b"


class Keys:
    """Reads keys while it is open; use it in a `with` statement. Does nothing where there is no terminal.

    Parameters
    ----------
    pressed : is told each key, in a thread of its own: a character, or all that the terminal sends for a key such as an
        arrow, which begins with `ESCAPE` but is longer.
    """

    def __init__(self, pressed: Callable[[str], None]) -> None:
        self._pressed = pressed
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def are_read(self) -> bool:
        """Whether there is a terminal to read them from."""
        return self._thread is not None

    def __enter__(self) -> Self:
        if sys.stdin is not None and sys.stdin.isatty():
            self._restore = _single_keys()
            self._thread = threading.Thread(target=self._run, name="keys", daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        if self._thread is not None:
            self._thread.join()
            self._restore()

    def _run(self) -> None:
        while not self._closing.is_set():
            key = _key()
            if key is None:
                return
            if key:
                self._pressed(key)


if sys.platform == "win32":
    import msvcrt
    import time

    def _single_keys() -> Callable[[], None]:
        return lambda: None

    def _key() -> str | None:
        """The next key; empty if there is none within a moment."""
        if not msvcrt.kbhit():
            time.sleep(_POLL_SECONDS)
            return ""
        key = msvcrt.getwch()
        if key in {"\x00", "\xe0"}:  # the first of the two parts of a function key
            msvcrt.getwch()
            return ""
        return key

else:
    import select
    import termios
    import tty
    from contextlib import suppress

    _TYPED = 64
    """Characters that are read at once; a key is several at most."""

    def _single_keys() -> Callable[[], None]:
        descriptor = sys.stdin.fileno()
        before = termios.tcgetattr(descriptor)
        tty.setcbreak(descriptor)  # keys come at once, and Ctrl-C is still a signal

        def restore() -> None:
            with suppress(termios.error):  # the terminal may be gone
                termios.tcsetattr(descriptor, termios.TCSADRAIN, before)

        return restore

    def _key() -> str | None:
        """The next key; empty if there is none within a moment, `None` if there will never be one again."""
        try:
            typed = _typed()
            if typed == ESCAPE.encode():  # alone, or the beginning of what a key such as an arrow sends
                typed += _typed() or b""
        except OSError:
            return None
        if not typed:
            return "" if typed is None else None
        key = typed.decode("utf-8", "ignore")
        if key.startswith(ESCAPE):
            return key if key.strip(ESCAPE) else ESCAPE
        return key[:1]

    def _typed() -> bytes | None:
        """What has been typed, empty if nothing will be any more; `None` if it is nothing within a moment."""
        descriptor = sys.stdin.fileno()
        return os.read(descriptor, _TYPED) if select.select([descriptor], [], [], _POLL_SECONDS)[0] else None
