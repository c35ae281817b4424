"""The talk as lanes: a time axis in rows, one lane a person, and what happened between them.

Positions along the axis are percent of a row, so that a row fits every screen while its text and marks keep their size;
stretches of speech are one path a lane, in a box of `WIDTH` by `HEIGHT` that is stretched to the row.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil

from voice_coach.events import CueOutcome, OverlapKind
from voice_coach.figures import CueFigures, Report, SpeechFigures
from voice_coach.review.shares import spoken_by
from voice_coach.review.wording import OUTCOMES, OVERLAPS, REACHED, clock, counted, length, shorten

WIDTH = 2000
HEIGHT = 104
AXIS_HEIGHT = 20
"""Room for the labels of the axis, below the lanes."""

_LONGEST_ROW_SECONDS = 300
_LONG_TALK_SECONDS = 3600
_LONG_TALK_ROW_SECONDS = 600
_STEPS = ((30, 5), (60, 10), (180, 30), (300, 60), (600, 120))
"""Steps of the axis in seconds, each with the longest row that it is for."""

_LANE_TOPS = (24, 72)
_LANE_HEIGHT = 22
_UNSURE_INSET = 7  # unsure speech is drawn thinner, so that it shows without colour, too
_MARK_HEIGHTS = (54, 64)  # of overlaps, on the side of whoever came in
_UNKNOWN_TOP, _UNKNOWN_HEIGHT = 99, 4
_RAISED_TOPS = (21, 95)  # beside the lanes, on their outer sides
LANES_TOP, LANES_BOTTOM = _LANE_TOPS[0], _LANE_TOPS[1] + _LANE_HEIGHT
MIDDLE = (LANES_TOP + LANES_BOTTOM) // 2
LANE_MIDDLES = tuple(top + _LANE_HEIGHT // 2 for top in _LANE_TOPS)
_CUE_HEIGHT = 8
_NAME_LIMIT = 24


@dataclass(frozen=True, slots=True)
class Mark:
    """Something at one place of a row: `style` is its symbol (a cue's number), `whose` its colour, `title` its text."""

    x: float
    y: int
    style: str
    whose: str
    title: str


@dataclass(frozen=True, slots=True)
class Gap:
    """Lost audio, or a raised voice: a stretch of a row with its own text."""

    x: float
    width: float
    title: str
    y: int = 0
    whose: str = "neutral"


@dataclass(frozen=True, slots=True)
class Bars:
    """The stretches of speech of one lane, as the path of an SVG."""

    style: str
    path: str


@dataclass(frozen=True, slots=True)
class Row:
    """Some minutes of the talk; `end` is where the talk ends in it, in percent."""

    end: float
    ticks: tuple[tuple[float, str], ...]
    bars: tuple[Bars, ...]
    marks: tuple[Mark, ...]
    lost: tuple[Gap, ...]
    raised: tuple[Gap, ...]
    summary: str


@dataclass(frozen=True, slots=True)
class _Window:
    """The part of the talk that a row shows."""

    start: float
    seconds: float
    last: bool

    @property
    def end(self) -> float:
        return self.start + self.seconds

    def holds(self, moment: float) -> bool:
        """Whether a moment is shown here; the last row shows what came with the end of the talk."""
        return self.start <= moment and (self.last or moment < self.end)

    def cut(self, start: float, end: float) -> tuple[float, float] | None:
        """What lies in this window of a stretch, in percent of it."""
        start, end = max(start, self.start), min(end, self.end)
        return (self.percent(start), self.percent(end)) if start < end else None

    def percent(self, moment: float) -> float:
        return round(100 * min(1.0, (moment - self.start) / self.seconds), 2)


WHOSE = ("first", "second", "neutral")
"""The colours of the two people, and of everybody else."""


def reached_cues(report: Report) -> tuple[CueFigures, ...]:
    """The cues that the two people heard or saw, in the order of the talk; their places are their numbers."""
    return tuple(sorted((c for c in report.cues if c.outcome in REACHED), key=cue_moment))


def cue_moment(cue: CueFigures) -> float:
    """When a cue began, or was decided if it was not spoken, in seconds."""
    return cue.decided_at_seconds if cue.started_at_seconds is None else cue.started_at_seconds


def rows(report: Report) -> tuple[Row, ...]:
    """The whole talk; no rows where nothing was heard."""
    duration = report.session.duration_seconds
    if not duration:
        return ()
    longest = _LONGEST_ROW_SECONDS if duration <= _LONG_TALK_SECONDS else _LONG_TALK_ROW_SECONDS
    count = ceil(duration / longest)
    # Rows of equal length, so that the last is no leftover: in whole minutes, or half of one for a very short talk.
    seconds = 30 if duration <= 30 else 60 * ceil(duration / count / 60)
    step = next(step for longest_row, step in _STEPS if seconds <= longest_row)
    windows = (_Window(index * seconds, seconds, index == count - 1) for index in range(count))
    return tuple(_row(report, window, step) for window in windows)


def legend(report: Report) -> tuple[str, ...]:
    """What the forms mean, of those that this talk has."""
    forms = (
        ("Thin and light: not sure whose voice", any(s.speaker and not s.sure for s in report.speech)),
        ("Lowest, thin: an unknown voice", any(s.speaker is None for s in report.speech)),
        ("A line along the outer side: louder, higher or faster than that voice was before", bool(report.raised)),
        ("Striped: not heard", bool(report.lost)),
        ("A number in a circle: the coach", bool(reached_cues(report))),
    )
    return tuple(text for text, is_there in forms if is_there)


def _row(report: Report, window: _Window, step: int) -> Row:
    duration = report.session.duration_seconds
    end = min(duration, window.end)
    moments = range(int(window.start), int(end) + 1, step)
    return Row(
        end=window.percent(end),
        ticks=tuple((window.percent(moment), clock(moment)) for moment in moments),
        bars=tuple(bars for bars in _lanes(report, window) if bars.path),
        marks=(*_overlap_marks(report, window), *_cue_marks(report, window)),
        lost=tuple(
            Gap(cut[0], round(cut[1] - cut[0], 2), f"{clock(start)}: not heard for {length(end - start)}")
            for start, end in report.lost
            if (cut := window.cut(start, end))
        ),
        raised=_raised(report, window),
        summary=_summary(report, window),
    )


def _lanes(report: Report, window: _Window) -> Iterable[Bars]:
    for speaker, whose, top in zip(report.speakers, WHOSE, _LANE_TOPS, strict=False):
        own = [s for s in report.speech if s.speaker == speaker.name]
        yield Bars(whose, _path((s for s in own if s.sure), window, top, _LANE_HEIGHT))
        inset = _LANE_HEIGHT - 2 * _UNSURE_INSET
        yield Bars(f"{whose} unsure", _path((s for s in own if not s.sure), window, top + _UNSURE_INSET, inset))
    strangers = (s for s in report.speech if s.speaker is None)
    yield Bars("neutral", _path(strangers, window, _UNKNOWN_TOP, _UNKNOWN_HEIGHT))


def _path(stretches: Iterable[SpeechFigures], window: _Window, top: int, height: int) -> str:
    """One rectangle for each stretch, at least one unit wide."""
    parts = []
    for stretch in stretches:
        if cut := window.cut(stretch.start_seconds, stretch.end_seconds):
            left, right = (round(percent * WIDTH / 100) for percent in cut)
            width = max(1, right - left)
            parts.append(f"M{left} {top}h{width}v{height}h-{width}z")
    return "".join(parts)


def _whose(report: Report, name: str) -> int:
    """Place of a speaker in `WHOSE`."""
    names = [speaker.name for speaker in report.speakers]
    return names.index(name) if name in names else len(WHOSE) - 1


def _overlap_marks(report: Report, window: _Window) -> Iterable[Mark]:
    for overlap in report.overlaps:
        if window.holds(overlap.start_seconds):
            place = _whose(report, overlap.by)
            what = OVERLAPS[OverlapKind(overlap.kind)]
            yield Mark(
                window.percent((overlap.start_seconds + min(overlap.end_seconds, window.end)) / 2),
                _MARK_HEIGHTS[place] if place < len(_MARK_HEIGHTS) else MIDDLE,
                overlap.kind,
                WHOSE[place],
                f"{clock(overlap.start_seconds)} {shorten(overlap.by, _NAME_LIMIT)}: {what}",
            )


def _cue_marks(report: Report, window: _Window) -> Iterable[Mark]:
    for index, cue in enumerate(reached_cues(report), 1):
        if window.holds(moment := cue_moment(cue)):
            why = "; ".join(evidence.what for evidence in cue.evidence)
            title = f"{clock(moment)} “{cue.text}” ({OUTCOMES[CueOutcome(cue.outcome)]})"
            title += f" Why: {why}" if why else ""
            yield Mark(window.percent(moment), _CUE_HEIGHT, str(index), "coach", title)


def _raised(report: Report, window: _Window) -> tuple[Gap, ...]:
    """Raised voices, as a line on the outer side of the lane."""
    found = []
    for raised in report.raised:
        place = _whose(report, raised.speaker)
        cut = window.cut(raised.start_seconds, raised.end_seconds)
        if cut and place < len(_RAISED_TOPS):
            name = shorten(raised.speaker, _NAME_LIMIT)
            title = f"{clock(raised.start_seconds)} {name}: louder, higher or faster than this voice was before"
            found.append(Gap(cut[0], round(cut[1] - cut[0], 2), title, _RAISED_TOPS[place], WHOSE[place]))
    return tuple(found)


def _summary(report: Report, window: _Window) -> str:
    """The row in words, for those who cannot see it."""
    end = min(report.session.duration_seconds, window.end)
    parts = []
    for speaker in report.speakers:
        spoken = spoken_by(report, speaker.name).seconds(window.start, end)
        parts.append(f"{shorten(speaker.name, _NAME_LIMIT)} spoke {length(spoken)}")
    both = sum(window.holds(overlap.start_seconds) for overlap in report.overlaps)
    parts.append(counted(both, ("overlap", "overlaps")))
    parts += [f"the coach at {clock(m)}" for cue in reached_cues(report) if window.holds(m := cue_moment(cue))]
    return f"{clock(window.start)} to {clock(end)}: {', '.join(parts)}."
