"""Ctrl-C, heeded at every moment.

While a library is imported it must not be thrown into it: some swallow it, so that the program goes on as if nobody had
pressed anything, and of some others the program believes that they are not installed (both seen). It is put off until
the import is over.
"""

from __future__ import annotations

import _thread
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_AGAIN_SECONDS = 0.02
_IMPORTING = "<frozen importlib._bootstrap>"


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise `KeyboardInterrupt` at Ctrl-C, but not into an import. Whoever has it ignored keeps that."""
    is_own = threading.current_thread() is threading.main_thread()
    if not is_own or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, _heed)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _heed(number: int, frame: FrameType | None) -> None:
    del number
    while frame is not None:
        if frame.f_code.co_filename == _IMPORTING:
            again = threading.Timer(_AGAIN_SECONDS, _press_again)
            again.daemon = True
            again.start()
            return
        frame = frame.f_back
    raise KeyboardInterrupt


def _press_again() -> None:
    """As Ctrl-C does: whatever the main thread waits for by now is interrupted."""
    main = threading.main_thread().ident
    if sys.platform == "win32" or main is None:
        _thread.interrupt_main()
    else:
        signal.pthread_kill(main, signal.SIGINT)
