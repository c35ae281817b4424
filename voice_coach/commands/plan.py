"""The two-minute preparation of a talk: asked for in turn, given by flags, or read from a file."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from itertools import islice
from typing import overload

from voice_coach.characters import can_be_shown
from voice_coach.commands.common import Output, effective_settings, tell
from voice_coach.errors import UsageError
from voice_coach.plan import DEFAULT_RULES, LONGEST_MINUTES, LONGEST_TEXT, MOST_RULES, Plan
from voice_coach.preparation import forget_plan, load_plan, plan_file, save_plan

_USUAL_MINUTES = 45


def plan(chosen: Namespace) -> int:
    """Make, change, show or forget the plan of the next talk."""
    effective_settings(chosen)  # wrong ones are named here, too
    if chosen.forget:
        _say(chosen, "The plan is forgotten." if forget_plan() else "There was no plan.")
        return 0
    before = load_plan(chosen.file) if chosen.file else load_plan()
    made = _from_flags(chosen, before or Plan())
    if made is None and not chosen.file and not chosen.show and _somebody_is_there(chosen):
        made = _asked(before)
    if made is not None or chosen.file:
        before = made or before
        save_plan(before or Plan())
    _show(chosen, before)
    return 0


def _somebody_is_there(chosen: Namespace) -> bool:
    return sys.stdin.isatty() and not chosen.quiet and not chosen.json


def _from_flags(chosen: Namespace, before: Plan) -> Plan | None:
    """The plan with what the flags say; `None` where they say nothing."""
    numbers = (chosen.minutes, chosen.pause)
    if not (chosen.topic or chosen.hope or chosen.rule or chosen.no_rules) and numbers == (None, None):
        return None
    rules = () if chosen.no_rules else tuple(chosen.rule) or before.rules
    return replace(
        before,
        topics={**before.topics, **dict(chosen.topic)},
        hopes={**before.hopes, **dict(chosen.hope)},
        minutes=before.minutes if chosen.minutes is None else chosen.minutes,
        break_minutes=before.break_minutes if chosen.pause is None else chosen.pause,
        rules=rules,
    )


def _asked(before: Plan | None) -> Plan:
    """The plan, asked for question by question; Enter keeps what is there, or leaves it open."""
    known = before or Plan()
    tell(Output(), "Two minutes for your talk. Enter leaves a question open.")
    names = list(dict.fromkeys((*known.topics, *known.hopes)))[:2]
    for question in ("Who will talk? First name: ", "And the other: ")[len(names) :]:
        names.append(_name(question))
    if names[0] == names[1]:
        raise UsageError("the two people need different names")
    topics = _each("{}, what would you like to talk about, in one sentence? ", names, known.topics)
    hopes = _each("{}, what do you hope for? ", names, known.hopes)
    minutes = _minutes("How many minutes?", known.minutes or _USUAL_MINUTES, LONGEST_MINUTES)
    before_end = None if known.break_minutes is None or known.break_minutes >= minutes else known.break_minutes
    pause = None if minutes == 1 else _minutes("A break after how many of them?", before_end, minutes - 1)
    return Plan(topics, hopes, minutes, _rules(known.rules), pause)


def _line(question: str) -> str:
    try:
        return " ".join(input(question).split())
    except EOFError:
        raise UsageError("nobody answered; voice-coach plan --help shows how to plan by flags") from None


def _name(question: str) -> str:
    while True:
        name = _line(question)
        if name and can_be_shown(name):
            return name


def _each(question: str, names: Sequence[str], before: object) -> dict[str, str]:
    known = dict(before) if isinstance(before, dict) else {}
    answers = {}
    for name in names:
        kept = known.get(name, "")
        hint = f"[{kept}] " if kept else ""
        answers[name] = _line(question.format(name) + hint)[:LONGEST_TEXT] or kept
    return {name: text for name, text in answers.items() if text}


@overload
def _minutes(question: str, usual: int, most: int) -> int: ...
@overload
def _minutes(question: str, usual: int | None, most: int) -> int | None: ...
def _minutes(question: str, usual: int | None, most: int) -> int | None:
    while True:
        text = _line(f"{question} [{'none' if usual is None else usual}] ")
        if not text:
            return usual
        if text.isdecimal() and 1 <= int(text) <= most:
            return int(text)
        tell(Output(), f"A whole number of minutes, 1 to {most}, or Enter.")


def _rules(before: tuple[str, ...]) -> tuple[str, ...]:
    """The ground rules, kept or written anew, one a line."""
    output = Output()
    tell(output, "Ground rules:")
    for rule in before or DEFAULT_RULES:
        tell(output, f"  {rule}")
    if _line("Keep them? [Y/n] ").lower() not in {"n", "no"}:
        return before or DEFAULT_RULES
    tell(output, "Your own, one a line; an empty line ends them.")
    return tuple(islice(iter(lambda: _line("  ")[:LONGEST_TEXT], ""), MOST_RULES))


def _show(chosen: Namespace, made: Plan | None) -> None:
    if chosen.json:
        sys.stdout.write(json.dumps(None if made is None else asdict(made), indent=2, ensure_ascii=False) + "\n")
        return
    if made is None:
        _say(chosen, "There is no plan yet; voice-coach plan --help shows how to make one.")
        return
    for line in _lines(made):
        _say(chosen, line)
    _say(chosen, f"Kept in {plan_file()}, to be changed by hand if you like.")


def _lines(made: Plan) -> Iterator[str]:
    for name in dict.fromkeys((*made.topics, *made.hopes)):
        if name in made.topics:
            yield f"{name} would like to talk about: {made.topics[name]}"
        if name in made.hopes:
            yield f"{name} hopes for: {made.hopes[name]}"
    if made.minutes is not None:
        pause = "" if made.break_minutes is None else f", with a break after {made.break_minutes}"
        yield f"{made.minutes} minutes{pause}"
    elif made.break_minutes is not None:
        yield f"A break after {made.break_minutes} minutes"
    if made.rules:
        yield "Ground rules:"
        yield from (f"  {rule}" for rule in made.rules)


def _say(chosen: Namespace, line: str) -> None:
    if not chosen.quiet:
        tell(Output(), line)
