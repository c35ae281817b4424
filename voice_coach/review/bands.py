"""How each person sounded over the talk, as bands: loudness, pitch and pace against what was usual for that voice.

The band is where the voice mostly was, the line how it went. Both people have the same scale; nothing is called too
loud or too fast.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log2

from voice_coach.figures import DeliveryFigures, Report
from voice_coach.review.people import whose
from voice_coach.review.wording import ABSENT, clock

WIDTH, HEIGHT = 600, 40
_MIDDLE = HEIGHT / 2
_LEAST_PARTS = 4
"""With fewer parts of a talk measured there is no band."""
_LOWEST, _HIGHEST = 0.1, 0.9  # a band holds the middle four fifths


@dataclass(frozen=True, slots=True)
class Measure:
    """One way in which voices differ: its name, the words for less and more, and how far the strip reaches."""

    name: str
    less: str
    more: str
    unit: str
    value: Callable[[DeliveryFigures], float | None]
    reach: float


def _log(ratio: float | None) -> float | None:
    return None if not ratio else log2(ratio)


MEASURES = (
    Measure("Loudness", "softer", "louder", "dB", lambda part: part.level_db, 9.0),
    Measure("Pitch", "lower", "higher", "%", lambda part: _log(part.pitch_ratio), 0.5),
    Measure("Pace", "slower", "faster", "%", lambda part: _log(part.rate_ratio), 0.5),
)


@dataclass(frozen=True, slots=True)
class Strip:
    """One measure of one person: the band's top and height, the line's path, and the band in words."""

    measure: Measure
    whose: str
    top: float
    height: float
    line: str
    words: str


@dataclass(frozen=True, slots=True)
class Part:
    """A row of the table beside the strips: its time, and for each person what each measure was."""

    span: str
    values: tuple[tuple[str, ...], ...]


def strips(report: Report) -> tuple[tuple[Strip | None, ...], ...]:
    """For each measure that anybody has, each person's strip, `None` where too little was measured."""
    found = (tuple(_strip(report, measure, speaker.name) for speaker in report.speakers) for measure in MEASURES)
    return tuple(row for row in found if any(row))


def parts(report: Report) -> tuple[Part, ...]:
    """The same as a table."""
    spans = sorted({(part.start_seconds, part.end_seconds) for part in report.delivery})
    by_person = {(part.speaker, part.start_seconds): part for part in report.delivery}
    return tuple(
        Part(
            f"{clock(start)} to {clock(end)}",
            tuple(_told(by_person.get((speaker.name, start))) for speaker in report.speakers),
        )
        for start, end in spans
    )


def _told(part: DeliveryFigures | None) -> tuple[str, ...]:
    if part is None:
        return (ABSENT,) * len(MEASURES)
    return tuple(_amount(measure, measure.value(part)) for measure in MEASURES)


def _strip(report: Report, measure: Measure, name: str) -> Strip | None:
    points = [
        ((part.start_seconds + part.end_seconds) / 2, value, part)
        for part in report.delivery
        if part.speaker == name and (value := measure.value(part)) is not None
    ]
    if len(points) < _LEAST_PARTS:
        return None
    values = sorted(value for _, value, _ in points)
    low, high = (values[round(share * (len(values) - 1))] for share in (_LOWEST, _HIGHEST))
    top, bottom = _y(high, measure), _y(low, measure)
    return Strip(
        measure,
        whose(report, name),
        round(top - 1, 1),
        round(bottom - top + 2, 1),
        _line([(at, value) for at, value, _ in points], measure, report),
        _between(measure, low, high),
    )


def _y(value: float, measure: Measure) -> float:
    """More is higher up; what would leave the strip stays at its edge."""
    return _MIDDLE - max(-1.0, min(1.0, value / measure.reach)) * (_MIDDLE - 2)


def _line(points: Sequence[tuple[float, float]], measure: Measure, report: Report) -> str:
    """Through all parts; broken where a person was not heard for long."""
    duration = report.session.duration_seconds
    longest = 3 * min((part.end_seconds - part.start_seconds for part in report.delivery), default=0.0)
    path, before = [], None
    for at, value in points:
        joined = before is not None and at - before <= longest
        path.append(f"{'L' if joined else 'M'}{WIDTH * at / duration:.0f} {_y(value, measure):.1f}")
        before = at
    return "".join(path)


def _between(measure: Measure, low: float, high: float) -> str:
    ends = [_amount(measure, low), _amount(measure, high)]
    return f"mostly {ends[0]}" if ends[0] == ends[1] else f"mostly {ends[0]} to {ends[1]}"


def _amount(measure: Measure, value: float | None) -> str:
    """How far from usual, in words."""
    if value is None:
        return ABSENT
    amount = round(abs(value)) if measure.unit == "dB" else round(100 * abs(2**value - 1))
    if not amount:
        return "as usual"
    unit = " dB" if measure.unit == "dB" else "%"
    return f"{amount}{unit} {measure.more if value > 0 else measure.less}"
