"""What people see and touch while something is held at the table: display, keys, Ctrl-C."""

from __future__ import annotations

import os
import signal
import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from types import FrameType
from typing import Protocol, TextIO

from voice_coach.commands.common import INTERRUPTED, Output
from voice_coach.commands.equipment import Notices
from voice_coach.display import Display, Glance
from voice_coach.engines.keys import ESCAPE, Keys
from voice_coach.engines.standard_error import StandardErrorAside
from voice_coach.events import AudioBlock, Request
from voice_coach.events import Output as Happened
from voice_coach.opening import Asked

_STOP_KEYS = frozenset({"q", "Q", ESCAPE})
_KEYS = "any key: pause, and go on     q: end the talk"


class Held(Protocol):
    """Something that is held at the table, the talk for example."""

    @property
    def is_paused(self) -> bool:
        """Whether nothing is captured, because somebody wished so."""
        ...

    @property
    def asked(self) -> Asked | None:
        """Who is to speak so that their voice is learnt, if anybody."""
        ...

    def press(self, request: Request) -> None:
        """Somebody asks for something by a key."""
        ...

    def hold(self) -> None:
        """Hold it, until it ends by itself or somebody interrupts."""
        ...

    def close(self, *, hurry: bool) -> None:
        """End it properly; in a `hurry`, without waiting."""
        ...


class Evening:
    """Everything around the talk that people see and touch."""

    def __init__(self, chosen: Namespace, glance: Glance) -> None:
        self._chosen, self._glance = chosen, glance
        self._display: Display | None = None

    def watch(self, output: Happened | AudioBlock, now: int) -> None:
        """Show what happens."""
        if self._display is not None:
            self._display.take(output, now)

    def hold(self, held: Held, notices: Notices) -> int:
        """Hold something to its end, and close it however it ended; returns the exit code."""
        chosen, code = self._chosen, 0

        def press(key: str) -> None:
            if key in _STOP_KEYS:
                held.press(Request.STOP)
            else:
                held.press(Request.GO_ON if held.is_paused else Request.PAUSE)

        with ExitStack() as stack:
            # The display keeps the terminal; what libraries write to standard error would tear it.
            console = Output(file=stack.enter_context(_terminal(sys.stderr if chosen.json else sys.stdout)))
            if not chosen.debug:
                stack.enter_context(StandardErrorAside())
            keys = stack.enter_context(Keys(press))
            display = Display(
                self._glance, console, lambda: held.asked, _KEYS if keys.are_read else "Ctrl-C: end the talk",
                quiet=chosen.quiet or chosen.json,
            )  # fmt: skip
            self._display = stack.enter_context(display)
            stack.enter_context(notices.shown_on(display))
            try:
                held.hold()
            except KeyboardInterrupt:
                code = INTERRUPTED
            except Exception:
                _close(held, code)
                raise
            return _close(held, code)


def _close(held: Held, code: int) -> int:
    """End it; whoever interrupts that is in a hurry, and whoever does it again wants out at once."""
    while True:
        try:
            held.close(hurry=code == INTERRUPTED)
        except KeyboardInterrupt:
            if code == INTERRUPTED:
                raise
            code = INTERRUPTED
        else:
            return code


@contextmanager
def _terminal(stream: TextIO) -> Iterator[TextIO]:
    """A standard stream, as a file of its own; what it cannot take any more, because it is gone, is dropped."""
    file = os.fdopen(os.dup(stream.fileno()), "w", encoding=stream.encoding, errors="replace")
    try:
        yield file
    finally:
        with suppress(OSError):
            file.close()


@contextmanager
def ending_by_signals() -> Iterator[None]:
    """Being asked to end, or losing the terminal, is the same as Ctrl-C.

    A terminal is lost but once, and told of by the system and by the shell: the second time nobody is in a hurry.
    """

    def interrupt(number: int, frame: FrameType | None) -> None:
        del frame
        if number == getattr(signal, "SIGHUP", None):
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
