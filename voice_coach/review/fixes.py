"""What can be put right about a talk, as commands to paste: the page itself is a finished file."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from voice_coach.events import OverlapKind
from voice_coach.figures import Report, TurnFigures
from voice_coach.review.slots import NAME_LIMIT
from voice_coach.review.wording import clock, plain, shorten

_MOST_INTERRUPTIONS = 20


@dataclass(frozen=True, slots=True)
class Fix:
    """What is put right, and the command that does it."""

    what: str
    command: str


def possible_fixes(report: Report, where: str) -> tuple[Fix, ...]:
    """Every correction that this talk allows; `where` is the session on the command line."""

    def fix(what: str, correction: str) -> Fix:
        return Fix(what, f"voice-coach review {shlex.quote(where)} --fix {shlex.quote(correction)}")

    return tuple(fix(what, correction) for what, correction in _corrections(report))


def _corrections(report: Report) -> Iterator[tuple[str, str]]:
    for overlap in [o for o in report.overlaps if o.kind == OverlapKind.INTERRUPTION][:_MOST_INTERRUPTIONS]:
        at = clock(overlap.start_seconds)
        yield f"At {at} {shorten(overlap.by, NAME_LIMIT)} did not interrupt", f"not-interruption {at}"
    if not report.turns:
        return
    names = [plain(speaker.name) for speaker in report.speakers]
    yield "The two of you were taken for each other", "swap"
    yield "A name is wrong (write the right one at the end)", f"rename {names[0]} = NAME"
    turn = _longest(report)
    start, middle = clock(turn.start_seconds), clock((turn.start_seconds + turn.end_seconds) / 2)
    yield f"The turn at {start} belongs to the one before it (the time of any turn will do)", f"merge {start}"
    yield f"In that turn the other spoke from {middle} on", f"split {start} {middle}"
    yield "Take the last correction back", "undo"


def _longest(report: Report) -> TurnFigures:
    return max(report.turns, key=lambda turn: turn.end_seconds - turn.start_seconds)
