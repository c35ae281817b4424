"""The talk as lanes: a time axis in rows, one lane a person, and what happened between them.

Positions along the axis are percent of a row, so that a row fits every screen while its text and marks keep their size;
stretches of speech are one line a lane, in a box of `WIDTH` by `HEIGHT` that is stretched to the row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from voice_coach.figures import Report, SpeechFigures
from voice_coach.review.axis import Window, rows_of
from voice_coach.review.people import NEITHER, whose
from voice_coach.review.slots import (
    SMALL,
    Slot,
    Telling,
    cue_moment,
    pauses,
    reached_cues,
)
from voice_coach.review.wording import clock, counted, length

WIDTH = 2000
HEIGHT = 104
AXIS_HEIGHT = 20
"""Room for the labels of the axis, below the lanes."""

_LANE_TOPS = (24, 72)
LANE_HEIGHT = 22
_THIN = 8
"""Height of unsure speech, which is drawn thinner, so that it shows without colour, too."""
_MARK_HEIGHTS = (54, 64)  # of overlaps, on the side of whoever came in
_UNKNOWN_MIDDLE = 101
_RAISED_TOPS = (21, 97)  # beside the lanes, on their outer sides
LANES_TOP, LANES_BOTTOM = _LANE_TOPS[0], _LANE_TOPS[1] + LANE_HEIGHT
MIDDLE = (LANES_TOP + LANES_BOTTOM) // 2
LANE_MIDDLES = tuple(top + LANE_HEIGHT // 2 for top in _LANE_TOPS)
_CUE_HEIGHT = 8


@dataclass(frozen=True, slots=True)
class Mark:
    """Something at one place of a row: `style` is its symbol (a cue's number), `whose` its colour."""

    x: float
    y: int
    style: str
    whose: str


@dataclass(frozen=True, slots=True)
class Stretch:
    """Lost audio, a pause or a raised voice: a part of a row, in percent."""

    x: float
    width: float
    y: int = MIDDLE
    whose: str = NEITHER


@dataclass(frozen=True, slots=True)
class Bars:
    """The stretches of speech of one lane, as the path of an SVG, and how thick it is drawn."""

    style: str
    path: str
    height: int


@dataclass(frozen=True, slots=True)
class Row:
    """Some minutes of the talk; `end` is where the talk ends in it, in percent."""

    end: float
    ticks: tuple[tuple[float, str], ...]
    bars: tuple[Bars, ...]
    marks: tuple[Mark, ...]
    lost: tuple[Stretch, ...]
    pauses: tuple[Stretch, ...]
    raised: tuple[Stretch, ...]
    slots: tuple[Slot, ...]
    summary: str


def rows(report: Report) -> tuple[Row, ...]:
    """The whole talk; no rows where nothing was heard."""
    telling = Telling(report)
    return tuple(_row(report, window, telling) for window in rows_of(report.session.duration_seconds))


def legend(report: Report) -> tuple[str, ...]:
    """What the forms mean, of those that this talk has."""
    forms = (
        ("Thin and light: not sure whose voice", any(s.speaker and not s.sure for s in report.speech)),
        ("Lowest, thin: an unknown voice", any(s.speaker is None for s in report.speech)),
        ("A line along the outer side: louder, higher or faster than that voice was before", bool(report.raised)),
        ("Dotted between the lanes: nobody spoke for 3 s or more", bool(pauses(report))),
        ("Striped: not heard", bool(report.lost)),
        ("A number in a circle: the coach", bool(reached_cues(report))),
    )
    return tuple(text for text, is_there in forms if is_there)


def _row(report: Report, window: Window, telling: Telling) -> Row:
    duration = report.session.duration_seconds
    return Row(
        end=window.percent(min(duration, window.end)),
        ticks=window.ticks(duration),
        bars=tuple(bars for bars in _lanes(report, window) if bars.path),
        marks=(*_overlap_marks(report, window), *_cue_marks(report, window)),
        lost=tuple(_stretches(report.lost, window)),
        pauses=tuple(_stretches(pauses(report), window)),
        raised=tuple(_raised(report, window)),
        slots=telling.slots(window),
        summary=_summary(report, window, telling),
    )


def _stretches(found: Iterable[tuple[float, float]], window: Window) -> Iterator[Stretch]:
    for start, end in found:
        if cut := window.cut(start, end):
            yield Stretch(cut[0], round(cut[1] - cut[0], 2))


def _lanes(report: Report, window: Window) -> Iterator[Bars]:
    for speaker, middle in zip(report.speakers, LANE_MIDDLES, strict=False):
        own = [s for s in report.speech if s.speaker == speaker.name]
        colour = whose(report, speaker.name)
        yield Bars(colour, _path((s for s in own if s.sure), window, middle), LANE_HEIGHT)
        yield Bars(f"{colour} unsure", _path((s for s in own if not s.sure), window, middle), _THIN)
    strangers = (s for s in report.speech if s.speaker is None)
    yield Bars(NEITHER, _path(strangers, window, _UNKNOWN_MIDDLE), 4)


def _path(stretches: Iterable[SpeechFigures], window: Window, middle: int) -> str:
    """A line along each stretch, at least one unit long; what cannot be seen apart is one line."""
    lines: list[list[int]] = []
    for stretch in sorted(stretches, key=lambda s: s.start_seconds):
        if cut := window.cut(stretch.start_seconds, stretch.end_seconds):
            left, right = (round(percent * WIDTH / 100) for percent in cut)
            if lines and left <= lines[-1][1]:
                lines[-1][1] = max(lines[-1][1], right)
            else:
                lines.append([left, max(right, left + 1)])
    parts: list[str] = []
    at = 0
    for left, right in lines:
        # Moves are told from the end of the line before: half as many digits.
        parts.append(f"m{left - at} 0h{right - left}" if parts else f"M{left} {middle}h{right - left}")
        at = right
    return "".join(parts)


def _overlap_marks(report: Report, window: Window) -> Iterator[Mark]:
    heights = {speaker.name: y for speaker, y in zip(report.speakers, _MARK_HEIGHTS, strict=False)}
    for overlap in report.overlaps:
        if window.holds(overlap.start_seconds) and (window.is_short or overlap.kind not in SMALL):
            yield Mark(
                window.percent((overlap.start_seconds + min(overlap.end_seconds, window.end)) / 2),
                heights.get(overlap.by, MIDDLE),
                overlap.kind,
                whose(report, overlap.by),
            )


def _cue_marks(report: Report, window: Window) -> Iterator[Mark]:
    for index, cue in enumerate(reached_cues(report), 1):
        if window.holds(moment := cue_moment(cue)):
            yield Mark(window.percent(moment), _CUE_HEIGHT, str(index), "coach")


def _raised(report: Report, window: Window) -> Iterator[Stretch]:
    """Raised voices, as a line on the outer side of the lane."""
    tops = {speaker.name: top for speaker, top in zip(report.speakers, _RAISED_TOPS, strict=False)}
    for raised in report.raised:
        cut = window.cut(raised.start_seconds, raised.end_seconds)
        if cut and raised.speaker in tops:
            colour = whose(report, raised.speaker)
            yield Stretch(cut[0], round(cut[1] - cut[0], 2), tops[raised.speaker], colour)


def _summary(report: Report, window: Window, telling: Telling) -> str:
    """The row in words, for those who cannot see it."""
    end = min(report.session.duration_seconds, window.end)
    parts = [f"{name} spoke {length(spoken.seconds(window.start, end))}" for _, name, spoken in telling.people]
    both = sum(window.holds(overlap.start_seconds) for overlap in report.overlaps)
    parts.append(counted(both, ("overlap", "overlaps")))
    parts += [f"the coach at {clock(m)}" for cue in reached_cues(report) if window.holds(m := cue_moment(cue))]
    return f"{clock(window.start)} to {clock(end)}: {', '.join(parts)}."
