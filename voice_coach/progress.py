"""A bar with the time left, for whatever goes through a recording and takes more than a moment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from time import monotonic
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from voice_coach.events import AudioBlock
from voice_coach.segment import to_seconds

_MOMENT_SECONDS = 1.0
"""What is done sooner needs no bar. A talk's length does not tell: words take much longer than the rest."""


class Listening:
    """Shows how far a talk has been heard, on a terminal, once that takes longer; use it in a `with` statement.

    Parameters
    ----------
    seconds : length of the talk; `None` if it is not known.
    quiet : show nothing.
    """

    def __init__(self, seconds: float | None, *, quiet: bool) -> None:
        console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
        self._progress = Progress(
            *columns, TimeRemainingColumn(), console=console, transient=True,
            disable=quiet or not console.is_interactive,
        )  # fmt: skip
        self._seconds = seconds
        self._began = monotonic()

    def __enter__(self) -> Self:
        self._began = monotonic()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def follow(self, what: str, blocks: Iterable[AudioBlock]) -> Iterator[AudioBlock]:
        """The blocks, with a bar that tells how far they have come."""
        task = self._progress.add_task(what, total=self._seconds)
        for block in blocks:
            yield block
            self._progress.update(task, completed=to_seconds(block.start_sample + len(block.samples)))
            if monotonic() - self._began > _MOMENT_SECONDS:
                self._progress.start()
        self._progress.remove_task(task)
