"""The moments behind the figures, so that each can be looked up."""

from __future__ import annotations

from dataclasses import dataclass

from voice_coach.events import OverlapKind
from voice_coach.figures import Report
from voice_coach.review.slots import NAME_LIMIT
from voice_coach.review.wording import OVERLAPS, clock, shorten


@dataclass(frozen=True, slots=True)
class Trace:
    """What was counted, and when it was, for each person who did it."""

    what: str
    moments: tuple[tuple[str, tuple[str, ...]], ...]


def traces(report: Report) -> tuple[Trace, ...]:
    """Of the longest turns, of every kind of overlap, and of the floor that came back."""
    longest = tuple(
        (shorten(speaker.name, NAME_LIMIT), (clock(start),))
        for speaker in report.speakers
        if (start := _longest(report, speaker.name)) is not None
    )
    found = [Trace("longest turn", longest)] if longest else []
    for kind, what in OVERLAPS.items():
        moments = tuple(
            (shorten(speaker.name, NAME_LIMIT), own)
            for speaker in report.speakers
            if (own := _moments(report, kind, speaker.name))
        )
        if moments:
            found.append(Trace(what, moments))
    back = tuple(
        (shorten(speaker.name, NAME_LIMIT), own)
        for speaker in report.speakers
        if (own := tuple(clock(o.start_seconds) for o in report.overlaps if o.floor_returned and o.of == speaker.name))
    )
    return (*found, Trace("had the floor back soon, after", back)) if back else tuple(found)


def _longest(report: Report, name: str) -> float | None:
    own = [turn for turn in report.turns if turn.speaker == name]
    if not own:
        return None
    return max(own, key=lambda turn: turn.end_seconds - turn.start_seconds).start_seconds


def _moments(report: Report, kind: OverlapKind, name: str) -> tuple[str, ...]:
    return tuple(clock(o.start_seconds) for o in report.overlaps if o.kind == kind and o.by == name)
