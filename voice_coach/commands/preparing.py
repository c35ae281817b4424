"""What was planned for a talk: taken to the table, and put away when it was talked about."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Collection
from dataclasses import replace

from voice_coach.commands.common import note
from voice_coach.config import Settings
from voice_coach.errors import UsageError
from voice_coach.plan import Plan, opening_sentences
from voice_coach.preparation import load_plan, spend_plan

_TALKED_SECONDS = 300.0
"""From this length on a talk was the one that was planned; what ends earlier, by accident perhaps, leaves the plan."""


def plan_of_talk(chosen: Namespace) -> Plan | None:
    """The plan that is there, unless it is to be left out."""
    return None if chosen.plan == "off" else load_plan()


def people_of(plan: Plan | None) -> list[str]:
    """The names of the two people of a plan; empty where it does not name two."""
    names = [] if plan is None else list(dict.fromkeys((*plan.topics, *plan.hopes)))
    return names if len(names) == 2 else []


def plan_for(chosen: Namespace, plan: Plan | None, names: Collection[str]) -> Plan | None:
    """The plan, if it is of the two people who are there; says so if it is not."""
    if plan is None or {*plan.topics, *plan.hopes} <= set(names):
        return plan
    others = " and ".join(dict.fromkeys((*plan.topics, *plan.hopes)))
    note(chosen, f"the plan is of {others}, so this talk goes without it; voice-coach plan --forget removes it")
    return None


def with_planned_time(chosen: Namespace, settings: Settings, plan: Plan | None) -> Settings:
    """Settings with the time that is agreed on: as the flag says, else as planned."""
    minutes = plan.minutes if chosen.minutes is None and plan is not None else chosen.minutes
    if minutes is None:
        return settings
    try:
        host = replace(settings.pipeline.host, minutes=float(minutes))
    except ValueError as error:
        raise UsageError(str(error)) from error
    return replace(settings, pipeline=replace(settings.pipeline, host=host))


def sentences_before(chosen: Namespace, plan: Plan | None) -> tuple[str, ...]:
    """What is said of the plan before the talk: nothing, unless both wish so."""
    sentences = () if plan is None else opening_sentences(plan)
    if not sentences or chosen.plan == "show":
        return ()
    if chosen.plan == "say":
        return sentences
    if not sys.stdin.isatty() or chosen.quiet:
        return ()
    question = "Shall your plan be said at the beginning? Only if both of you wish so. [y/N] "
    try:
        return sentences if input(question).strip().lower() in {"y", "yes"} else ()
    except EOFError:
        return ()


def put_away(plan: Plan | None, talked_seconds: float) -> None:
    """The plan was for one talk: once that was held, only ground rules of their own stay for the next."""
    if plan is not None and talked_seconds >= _TALKED_SECONDS:
        spend_plan(plan)
