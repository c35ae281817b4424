"""The plan of a talk beside what happened, without a verdict."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from voice_coach.events import Request
from voice_coach.figures import Report
from voice_coach.review.slots import NAME_LIMIT
from voice_coach.review.wording import clock, length, shorten


@dataclass(frozen=True, slots=True)
class Planned:
    """What each person wanted to talk about and hoped for, and the times that were planned and kept."""

    people: tuple[tuple[str, str, str], ...]
    times: tuple[str, ...]


def planned(report: Report) -> Planned | None:
    """The plan of a talk, `None` where there was none."""
    plan = report.plan
    if plan is None:
        return None
    here = [speaker.name for speaker in report.speakers]
    names = [name for name in here if name in plan.topics or name in plan.hopes]
    names += [name for name in dict.fromkeys((*plan.topics, *plan.hopes)) if name not in here]
    people = tuple((shorten(name, NAME_LIMIT), plan.topics.get(name, ""), plan.hopes.get(name, "")) for name in names)
    return Planned(people, tuple(_times(report)))


def _times(report: Report) -> Iterator[str]:
    plan = report.plan
    talked = length(report.session.duration_seconds)
    if plan is not None and plan.minutes is not None:
        yield f"You had planned {length(60 * plan.minutes)}, and talked for {talked}."
    breaks = [r.at_seconds for r in report.requests if r.request in {Request.PAUSE, Request.TIME_OUT}]
    if plan is not None and plan.break_minutes is not None:
        yield f"A break was planned after {length(60 * plan.break_minutes)}."
    if breaks:
        yield f"You took a break at {', '.join(clock(at) for at in breaks)}."
    elif plan is not None and plan.break_minutes is not None:
        yield "No break was asked for."
