"""The bar: only where somebody looks, and only for what takes more than a moment."""

from __future__ import annotations

import io
from collections.abc import Iterator
from itertools import count

import numpy as np
import pytest

from voice_coach.events import AudioBlock
from voice_coach.progress import Listening


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(monkeypatch: pytest.MonkeyPatch, seconds_a_block: float, *, to: io.StringIO, quiet: bool = False) -> str:
    """What is shown while a talk of 20 s in 20 blocks is heard, each block taking so long."""
    clock: Iterator[float] = (seconds_a_block * block for block in count())
    monkeypatch.setattr("voice_coach.progress.monotonic", lambda: next(clock))
    monkeypatch.setattr("sys.stderr", to)
    monkeypatch.setenv("TERM", "xterm")
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):  # what else rich asks about a terminal
        monkeypatch.delenv(name, raising=False)
    blocks = [AudioBlock(start, np.zeros(16_000, np.float32)) for start in range(0, 320_000, 16_000)]
    with Listening(20.0, quiet=quiet) as listening:
        assert list(listening.follow("Listening", blocks)) == blocks
    return to.getvalue()


def test_a_short_talk_that_takes_long_has_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Listening" in shown(monkeypatch, 0.3, to=_Terminal())


def test_what_takes_a_moment_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(monkeypatch, 0.01, to=_Terminal()) == ""


def test_nobody_looks_into_a_pipe_or_wants_to_be_told_when_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(monkeypatch, 0.3, to=io.StringIO()) == ""
    assert shown(monkeypatch, 0.3, to=_Terminal(), quiet=True) == ""
