"""How the talk was shared over time, from the stretches of speech."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate, pairwise

from voice_coach.figures import Report

WIDTH = 1200
HALF_HEIGHT = 64
"""The curves lie in a box of `WIDTH` by twice `HALF_HEIGHT`, one person's above its middle, the other's below."""

_WINDOW_SECONDS = 60.0
_MOST_WINDOWS = 40  # of a talk: a longer one is averaged over longer stretches, so that its curve stays calm
_POINTS = 60
_MIN_HEARD_SHARE = 0.5  # of a window: with less heard in it, the curve has a gap
_SHORTEST_TALK_SECONDS = 2 * _WINDOW_SECONDS
_SHORTEST_THIRDS_SECONDS = 180.0


class Covered:
    """How much of the time up to a moment is covered by stretches, which may touch and overlap."""

    def __init__(self, stretches: Iterable[tuple[float, float]]) -> None:
        joined: list[list[float]] = []
        for start, end in sorted(stretches):
            if joined and start <= joined[-1][1]:
                joined[-1][1] = max(joined[-1][1], end)
            else:
                joined.append([start, end])
        self._starts = [start for start, _ in joined]
        self._lengths = [end - start for start, end in joined]
        self._before = [0.0, *accumulate(self._lengths)]

    def seconds(self, start: float, end: float) -> float:
        """Covered seconds between two moments."""
        return self._until(end) - self._until(start)

    def _until(self, moment: float) -> float:
        last = bisect_right(self._starts, moment) - 1
        if last < 0:
            return 0.0
        return self._before[last] + min(moment - self._starts[last], self._lengths[last])


@dataclass(frozen=True, slots=True)
class Curves:
    """Outlines of how much of each minute the two people spoke; `window_seconds` is what each point averages over."""

    window_seconds: float
    outlines: tuple[str, ...]


def spoken_by(report: Report, name: str) -> Covered:
    """When one person spoke; unsure stretches count as talk."""
    return Covered((s.start_seconds, s.end_seconds) for s in report.speech if s.speaker == name)


def share_curves(report: Report) -> Curves | None:
    """The curves of a talk; `None` where it was too short for one, or nobody spoke."""
    duration = report.session.duration_seconds
    if duration < _SHORTEST_TALK_SECONDS or not any(s.speaker for s in report.speech):
        return None
    window = max(_WINDOW_SECONDS, duration / _MOST_WINDOWS)
    moments = [duration * point / _POINTS for point in range(_POINTS + 1)]
    lost = Covered(report.lost)
    outlines = []
    for index, speaker in enumerate(report.speakers):
        spoken, sign = spoken_by(report, speaker.name), -1 if index == 0 else 1
        points: list[tuple[float, float] | None] = []
        for moment in moments:
            start, end = max(0.0, moment - window / 2), min(duration, moment + window / 2)
            heard = end - start - lost.seconds(start, end)
            if heard < (end - start) * _MIN_HEARD_SHARE:
                points.append(None)
            else:
                share = min(1.0, spoken.seconds(start, end) / heard)
                points.append((WIDTH * moment / duration, HALF_HEIGHT * (1 + sign * share)))
        outlines.append(_outline(points))
    return Curves(window, tuple(outlines))


def thirds(report: Report) -> tuple[tuple[float, ...], ...]:
    """Shares of the two people's talk at the beginning, in the middle and at the end; none where that says little."""
    duration = report.session.duration_seconds
    if duration < _SHORTEST_THIRDS_SECONDS:
        return ()
    spoken = [spoken_by(report, speaker.name) for speaker in report.speakers]
    shares = []
    for third in range(3):
        talk = [one.seconds(duration * third / 3, duration * (third + 1) / 3) for one in spoken]
        if not sum(talk):
            return ()
        shares.append(tuple(seconds / sum(talk) for seconds in talk))
    return tuple(shares)


def _outline(points: list[tuple[float, float] | None]) -> str:
    """Closed areas between the points and the middle line, one for each run without a gap."""
    runs: list[list[tuple[float, float]]] = [[]]
    for point in points:
        if point is not None:
            runs[-1].append(point)
        elif runs[-1]:
            runs.append([])
    return "".join(_area(run) for run in runs if run)


def _area(run: list[tuple[float, float]]) -> str:
    """One closed area, bent through the middles between its points: that rounds it and never overshoots them."""
    (left, first), (right, last) = run[0], run[-1]
    bends = (
        f"Q{x:.0f} {y:.1f} {(x + next_x) / 2:.0f} {(y + next_y) / 2:.1f}" for (x, y), (next_x, next_y) in pairwise(run)
    )
    return f"M{left:.0f} {HALF_HEIGHT}V{first:.1f}{''.join(bends)}L{right:.0f} {last:.1f}V{HALF_HEIGHT}Z"
