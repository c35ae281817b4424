"""The time axis of a talk, wrapped into rows: how long a row is, where its ticks are, and what lies in it."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from voice_coach.review.wording import clock

_LONGEST_ROWS = (360, 600, 900, 1200, 1800, 3600)
_MOST_ROWS = 8  # as long a row as it takes, so that a talk of hours is still seen at a glance
_STEPS = ((30, 5), (60, 10), (180, 30), (360, 60), (600, 120), (900, 180), (1200, 240), (1800, 300), (3600, 600))
"""Steps of the axis in seconds, each with the longest row that it is for."""
_SHORT_ROW_SECONDS = 360


@dataclass(frozen=True, slots=True)
class Window:
    """A part of the talk; the `last` one also shows what came with the end of the talk."""

    start: float
    seconds: float
    last: bool

    @property
    def end(self) -> float:
        """Where it ends, in seconds of the talk."""
        return self.start + self.seconds

    @property
    def is_short(self) -> bool:
        """Whether there is room in it for every small thing."""
        return self.seconds <= _SHORT_ROW_SECONDS

    def holds(self, moment: float) -> bool:
        """Whether a moment is shown here."""
        return self.start <= moment and (self.last or moment < self.end)

    def cut(self, start: float, end: float) -> tuple[float, float] | None:
        """What lies in this window of a stretch, in percent of it."""
        start, end = max(start, self.start), min(end, self.end)
        return (self.percent(start), self.percent(end)) if start < end else None

    def percent(self, moment: float) -> float:
        """A moment as its place on the row."""
        return round(100 * min(1.0, (moment - self.start) / self.seconds), 2)

    @property
    def step(self) -> int:
        """Seconds between two ticks."""
        return next(step for longest, step in _STEPS if self.seconds <= longest)

    def ticks(self, end: float) -> tuple[tuple[float, str], ...]:
        """Place and label of each tick, as far as the talk goes."""
        moments = range(int(self.start), int(min(end, self.end)) + 1, self.step)
        return tuple((self.percent(moment), clock(moment)) for moment in moments)

    def slots(self, end: float) -> tuple[Window, ...]:
        """Half a step each, as far as the talk goes, and the last with what is left over: wide enough for a finger."""
        seconds, whole = self.step / 2, min(self.seconds, end - self.start)
        count = max(1, int(whole // seconds))
        lengths = [seconds] * (count - 1) + [whole - seconds * (count - 1)]
        return tuple(
            Window(self.start + index * seconds, length, self.last and index == count - 1)
            for index, length in enumerate(lengths)
        )


def rows_of(duration: float) -> tuple[Window, ...]:
    """A talk in rows of equal length, so that the last is no leftover: of whole minutes, if there are several."""
    if not duration:
        return ()
    longest = next((row for row in _LONGEST_ROWS if duration <= _MOST_ROWS * row), _LONGEST_ROWS[-1])
    count = ceil(duration / longest)
    seconds = 10 * ceil(duration / 10) if count == 1 else 60 * ceil(duration / count / 60)
    return tuple(Window(index * seconds, seconds, index == count - 1) for index in range(count))
