"""The last talks of two people side by side: how sharing, interruptions, heard moments and rhythm developed.

It tells and does not judge: no goal, no row of good days, no arrow. Counts are for half an hour, so that talks of
different length can stand beside each other; a talk of less than five minutes has no such rate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil

from voice_coach.figures import Report, SpeakerFigures
from voice_coach.review import wording
from voice_coach.review.html import environment
from voice_coach.review.moments import heard_moments
from voice_coach.review.people import presented, whose
from voice_coach.review.slots import NAME_LIMIT

MOST_TALKS = 12
_LEAST_TALK_SECONDS = 60.0
_LEAST_RATE_SECONDS = 300.0
_HALF_HOUR = 1800.0
HEIGHT = 96
"""Of a chart, in pixels; its width is that of the page."""
_TOP, _BOTTOM = 8, HEIGHT - 8

Values = Sequence[Sequence[float | None]]
"""A row for each person, with a value for each talk."""


@dataclass(frozen=True, slots=True)
class TalkLine:
    """One talk as a line of the table: values for each person, in the order of the page."""

    when: str
    lasted: str
    shares: tuple[str, ...]
    interruptions: tuple[int, ...]
    moments: tuple[int, ...]
    gap: str


@dataclass(frozen=True, slots=True)
class Dot:
    """A talk in a chart: place across in percent and down in pixels, and what it stands for."""

    x: float
    y: float
    words: str


@dataclass(frozen=True, slots=True)
class Course:
    """One person in a chart, or both together: the colour, and the dots with the lines that join neighbours."""

    whose: str
    dots: tuple[Dot, ...]
    joins: tuple[tuple[Dot, Dot], ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """How one figure developed; `low` and `high` are the ends of its axis."""

    title: str
    low: str
    high: str
    courses: tuple[Course, ...]
    summary: str


@dataclass(frozen=True, slots=True)
class Across:
    """The last talks of the two."""

    names: tuple[tuple[str, str], ...]
    lines: tuple[TalkLine, ...]
    charts: tuple[Chart, ...]

    @property
    def has_gaps(self) -> bool:
        """Whether the usual silence is known of any of the talks."""
        return any(line.gap != wording.ABSENT for line in self.lines)


def across(reports: Iterable[Report]) -> Across | None:
    """The last talks of the two people of the newest of them, oldest first; `None` if there is none to tell of."""
    told = [report for report in reports if _talk_seconds(report) >= _LEAST_TALK_SECONDS]
    if not told:
        return None
    newest = presented(told[-1])
    names = [speaker.name for speaker in newest.speakers]
    same = [report for report in told if {speaker.name for speaker in report.speakers} == set(names)][-MOST_TALKS:]
    return Across(
        tuple((whose(newest, name), wording.shorten(name, NAME_LIMIT)) for name in names),
        tuple(_line(report, names) for report in same),
        tuple(chart for chart in _charts(same, names, newest) if any(course.dots for course in chart.courses)),
    )


def render_across(found: Across) -> str:
    """The page of the last talks, complete and in one piece."""
    return environment().get_template("across.html.j2").render(found=found, height=HEIGHT)


def _talk_seconds(report: Report) -> float:
    return sum(speaker.talk_seconds for speaker in report.speakers)


def _person(report: Report, name: str) -> SpeakerFigures:
    return next(speaker for speaker in report.speakers if speaker.name == name)


def _moments(report: Report, name: str) -> int:
    place = [speaker.name for speaker in report.speakers].index(name)
    return sum(moment.counts[place] for moment in heard_moments(report))


def _when(report: Report) -> str:
    return wording.shorten(wording.day(report.session.started_at) or report.session.id, 40)


def _line(report: Report, names: Sequence[str]) -> TalkLine:
    people = [_person(report, name) for name in names]
    return TalkLine(
        _when(report),
        wording.length(report.session.duration_seconds),
        tuple(wording.share(person) for person in people),
        tuple(person.interruptions_made for person in people),
        tuple(_moments(report, name) for name in names),
        wording.length(report.session.usual_gap_seconds),
    )


@dataclass(frozen=True, slots=True)
class _Axis:
    """Where an axis ends, and how its values are told."""

    most: float
    told: Callable[[float], str]


def _charts(reports: Sequence[Report], names: Sequence[str], newest: Report) -> Iterator[Chart]:
    people = [(whose(newest, name), wording.shorten(name, NAME_LIMIT)) for name in names]
    shares = [[_person(report, name).talk_share for report in reports] for name in names]
    yield _chart("Share of the talk", people, reports, shares, _Axis(1.0, wording.percent))
    made = [[_rate(report, _person(report, name).interruptions_made) for report in reports] for name in names]
    yield _chart("Came in, and the other stopped, in half an hour", people, reports, made, _Axis(_most(made), _count))
    moments = [[_rate(report, _moments(report, name)) for report in reports] for name in names]
    yield _chart("Heard moments in half an hour", people, reports, moments, _Axis(_most(moments), _count))
    gaps = [[report.session.usual_gap_seconds for report in reports]]
    both, title = [("both", "")], "Usual silence between your turns"
    yield _chart(title, both, reports, gaps, _Axis(_most(gaps, 0.1), wording.length))


def _most(rows: Values, step: float = 1.0) -> float:
    """The end of an axis: the largest value, in whole steps, and one step at least."""
    known = [value for row in rows for value in row if value is not None]
    return step * max(1, ceil(max(known, default=0.0) / step))


def _count(value: float) -> str:
    return f"{value:.0f}" if value == round(value) else f"{value:.1f}"


def _rate(report: Report, count: int) -> float | None:
    """A count as it would be in half an hour; `None` of a talk that is too short to say."""
    heard = report.session.heard_seconds
    return count * _HALF_HOUR / heard if heard >= _LEAST_RATE_SECONDS else None


def _chart(
    title: str, people: Sequence[tuple[str, str]], reports: Sequence[Report], rows: Values, axis: _Axis
) -> Chart:
    courses = tuple(_course(colour, reports, row, axis) for (colour, _), row in zip(people, rows, strict=True))
    summary = "; ".join(
        f"{name} {', '.join(dot.words for dot in course.dots)}".strip()
        for (_, name), course in zip(people, courses, strict=True)
    )
    return Chart(title, axis.told(0.0), axis.told(axis.most), courses, summary)


def _course(colour: str, reports: Sequence[Report], row: Sequence[float | None], axis: _Axis) -> Course:
    dots: list[Dot | None] = []
    for place, (report, value) in enumerate(zip(reports, row, strict=True)):
        if value is None:
            dots.append(None)
            continue
        y = round(_BOTTOM - (_BOTTOM - _TOP) * min(value / axis.most, 1.0), 1)
        dots.append(Dot(round(100 * (place + 0.5) / len(reports), 2), y, f"{_when(report)}: {axis.told(value)}"))
    joins = tuple((one, other) for one, other in pairwise(dots) if one and other)
    return Course(colour, tuple(dot for dot in dots if dot), joins)
