"""A bar with the time left, for whatever goes through a recording and takes more than a moment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Self, TypeVar

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from voice_coach.events import AudioBlock
from voice_coach.segment import to_seconds

Value = TypeVar("Value")
_SLOW_SECONDS = 60.0
"""From this length of a talk on, going through it takes over two seconds."""


class Listening:
    """Shows how far a talk has been heard, on a terminal; use it in a `with` statement.

    Parameters
    ----------
    seconds : length of the talk; `None` if it is not known.
    quiet : show nothing.
    """

    def __init__(self, seconds: float | None, *, quiet: bool) -> None:
        console = Console(stderr=True)
        short = seconds is not None and seconds < _SLOW_SECONDS
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
        self._progress = Progress(
            *columns, TimeRemainingColumn(), console=console, transient=True,
            disable=quiet or short or not console.is_terminal,
        )  # fmt: skip
        self._seconds = seconds

    def __enter__(self) -> Self:
        self._progress.start()
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
        self._progress.remove_task(task)
