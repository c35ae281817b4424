"""A talk at the table: what is there, who is there, the talk itself, and its review."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from datetime import datetime

from voice_coach import session
from voice_coach.characters import can_be_shown
from voice_coach.commands.common import INTERRUPTED, effective_settings, note
from voice_coach.commands.ended import show_ended
from voice_coach.commands.equipment import SHORTCOMINGS, Notices, open_equipment
from voice_coach.commands.evening import Evening, ending_by_signals
from voice_coach.commands.preparing import (
    people_of,
    plan_for,
    plan_of_talk,
    put_away,
    sentences_before,
    with_planned_time,
)
from voice_coach.display import Glance
from voice_coach.engines.voice_store import VoiceStore
from voice_coach.errors import CoachError, InputError, UsageError
from voice_coach.events import PEOPLE, Speaker
from voice_coach.live_session import LiveSession, Table
from voice_coach.recovery import recover_sessions


def talk(chosen: Namespace) -> int:
    """Hold a talk."""
    plan, settings = plan_of_talk(chosen), effective_settings(chosen)
    for line in recover_sessions(session.sessions_folder()):
        note(chosen, line)
    folder = session.choose_folder(chosen.out, str(chosen.out), datetime.now().astimezone())
    names, store = _names(chosen, people_of(plan)), VoiceStore(session.voices_folder())
    plan = plan_for(chosen, plan, names.values())
    settings = with_planned_time(chosen, settings, plan)
    table = Table(names, _saved_voices(chosen, names, store), sentences_before(chosen, plan), plan)
    notices = Notices(chosen)
    with ExitStack() as stack, ending_by_signals():
        called = () if names == session.FOUND_NAMES else tuple(names.values())
        parts = open_equipment(chosen, settings, notices, stack, called)
        glance = Glance(names, settings.pipeline.host.minutes)
        evening = Evening(chosen, glance)
        held = stack.enter_context(LiveSession(folder, table, parts, evening.watch))
        try:
            code = evening.hold(held, notices)
        except Exception:
            if held.has_begun:
                with suppress(CoachError, OSError):  # what ended the talk is what is told
                    show_ended(chosen, settings, folder, None)
            raise
        if not held.has_begun:
            return _without_talk(held, names, code)
        report = show_ended(chosen, settings, folder, None if code == INTERRUPTED else held.hear_again)
        put_away(plan, report.session.duration_seconds)
        _keep(chosen, held, names, store)
    return code


def _names(chosen: Namespace, planned: list[str]) -> Mapping[Speaker, str]:
    """What the two people are called: as named, as in their plan, or asked for where there is somebody to ask."""
    names = list(chosen.names)
    if len(names) == 1 or len(names) > len(PEOPLE):
        raise UsageError("give both names, or none")
    names = names or planned
    if not names and sys.stdin.isatty() and not chosen.quiet:
        names = [_asked_name("Who is at the table? First name: "), _asked_name("And the other: ")]
    if not names:
        return session.FOUND_NAMES
    if names[0] == names[1]:
        raise UsageError("the two people need different names")
    return dict(zip(PEOPLE, names, strict=True))


def _asked_name(question: str) -> str:
    while True:
        try:
            name = input(question).strip()
        except EOFError:
            raise UsageError("no name was given; name both people: voice-coach talk NAME NAME") from None
        if name and can_be_shown(name):
            return name


def _saved_voices(
    chosen: Namespace, names: Mapping[Speaker, str], store: VoiceStore
) -> tuple[session.Voices, float] | None:
    """Voices that were kept, where both are there and it is wished that they be used: they are never just assumed."""
    known = set(names.values()) <= set(store.names())
    if chosen.saved_voices and not known:
        missing = ", ".join(sorted(set(names.values()) - set(store.names())))
        raise InputError(f"no voice is kept of {missing}; learn it with voice-coach enroll, or in the talk")
    if known and not chosen.saved_voices and sys.stdin.isatty() and not chosen.quiet:
        question = f"Use the kept voices of {names[PEOPLE[0]]} and {names[PEOPLE[1]]}? [y/N] "
        with suppress(EOFError):
            chosen.saved_voices = input(question).strip().lower() in {"y", "yes"}
    if not known or not chosen.saved_voices:
        return None
    (first, gain), (second, other) = (store.load(names[person]) for person in PEOPLE)
    return session.Voices(names, (first, second)), (gain * other) ** 0.5


def _without_talk(held: LiveSession, names: Mapping[Speaker, str], code: int) -> int:
    """The opening was all there was."""
    opening = held.opening
    if opening is not None and opening.failure is not None and opening.failed is not None:
        raise InputError(f"{names[opening.failed]} {SHORTCOMINGS[opening.failure]}")
    sys.stderr.write("voice-coach: ended before the talk began; there is no session to save\n")
    return code


def _keep(chosen: Namespace, held: LiveSession, names: Mapping[Speaker, str], store: VoiceStore) -> None:
    """Keep the voices if that is wished, and say what is wrong with them."""
    if chosen.keep_voices and held.learnt is not None:
        for person, enrolment in zip(PEOPLE, held.learnt, strict=True):
            store.save(names[person], enrolment, held.gain)
    for person, what in held.shortcomings.items():
        note(chosen, f"{names[person]} {SHORTCOMINGS[what]}; the review may be unsure of this voice")
