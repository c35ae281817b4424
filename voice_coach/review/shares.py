"""How the talk was shared over time, from the stretches of speech."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate, pairwise
from math import ceil

from voice_coach.figures import Report
from voice_coach.review.wording import clock

WIDTH, HEIGHT = 1200, 72
"""The curve lies in a box of this size: above it what one person spoke, below it what the other did."""

_WINDOW_SECONDS = 60.0
_MOST_WINDOWS = 40  # of a talk: a longer one is averaged over longer stretches, so that its curve stays calm
_POINTS = 60
_MIN_HEARD_SHARE = 0.5  # of a window: with less heard in it, the curve has a gap
_MIN_TALK_SHARE = 0.1  # of a window: with less talk in it, a share says nothing
_SHORTEST_TALK_SECONDS = 2 * _WINDOW_SECONDS
_SHORTEST_THIRDS_SECONDS = 180.0
_MOST_PARTS = 12  # rows of the table


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
class Curve:
    """How the two shared the talk from moment to moment; `window_seconds` is what each point averages over.

    `first` and `second` are closed areas that meet in the curve; both have a gap where too little was heard or said.
    """

    window_seconds: float
    first: str
    second: str


def spoken_by(report: Report, name: str) -> Covered:
    """When one person spoke; unsure stretches count as talk."""
    return Covered((s.start_seconds, s.end_seconds) for s in report.speech if s.speaker == name)


def share_curve(report: Report) -> Curve | None:
    """The curve of a talk; `None` where it was too short for one, or nobody spoke."""
    duration = report.session.duration_seconds
    if duration < _SHORTEST_TALK_SECONDS or not any(s.speaker for s in report.speech):
        return None
    window = max(_WINDOW_SECONDS, duration / _MOST_WINDOWS)
    spoken, lost = [spoken_by(report, speaker.name) for speaker in report.speakers], Covered(report.lost)
    points: list[tuple[float, float] | None] = []
    for moment in (duration * point / _POINTS for point in range(_POINTS + 1)):
        start, end = max(0.0, moment - window / 2), min(duration, moment + window / 2)
        heard = end - start - lost.seconds(start, end)
        talk = [one.seconds(start, end) for one in spoken]
        if heard < (end - start) * _MIN_HEARD_SHARE or sum(talk) < heard * _MIN_TALK_SHARE:
            points.append(None)
        else:
            points.append((WIDTH * moment / duration, HEIGHT * talk[0] / sum(talk)))
    return Curve(window, _outline(points, 0), _outline(points, HEIGHT))


def parts(report: Report) -> tuple[tuple[str, tuple[float, ...]], ...]:
    """The same as a table: parts of the talk of whole minutes, and how much of each every person spoke, of 1."""
    duration = report.session.duration_seconds
    step = 60 * max(1, ceil(duration / _MOST_PARTS / 60))
    spoken, lost = [spoken_by(report, speaker.name) for speaker in report.speakers], Covered(report.lost)
    rows = []
    for start in range(0, ceil(duration), step):
        end = min(float(start + step), duration)
        heard = end - start - lost.seconds(start, end)
        if heard >= (end - start) * _MIN_HEARD_SHARE:
            row = tuple(min(1.0, one.seconds(start, end) / heard) for one in spoken)
            rows.append((f"{clock(start)} to {clock(end)}", row))
    return tuple(rows)


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


def _outline(points: list[tuple[float, float] | None], edge: int) -> str:
    """Closed areas between the points and an edge of the box, one for each run without a gap."""
    runs: list[list[tuple[float, float]]] = [[]]
    for point in points:
        if point is not None:
            runs[-1].append(point)
        elif runs[-1]:
            runs.append([])
    return "".join(_area(run, edge) for run in runs if run)


def _area(run: list[tuple[float, float]], edge: int) -> str:
    """One closed area, bent through the middles between its points: that rounds it and never overshoots them."""
    (left, first), (right, last) = run[0], run[-1]
    bends = (
        f"Q{x:.0f} {y:.1f} {(x + next_x) / 2:.0f} {(y + next_y) / 2:.1f}" for (x, y), (next_x, next_y) in pairwise(run)
    )
    return f"M{left:.0f} {edge}V{first:.1f}{''.join(bends)}L{right:.0f} {last:.1f}V{edge}Z"
