"""A talk at the table: what is there, who is there, the talk itself, and its review."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import datetime

from voice_coach import session
from voice_coach.characters import can_be_shown
from voice_coach.commands.common import (
    INTERRUPTED,
    effective_settings,
    note,
    show_report,
)
from voice_coach.commands.equipment import SHORTCOMINGS, Notices, open_equipment
from voice_coach.commands.evening import Evening, ending_by_signals
from voice_coach.config import Settings
from voice_coach.display import Glance
from voice_coach.engines.voice_store import VoiceStore
from voice_coach.errors import InputError, UsageError
from voice_coach.events import PEOPLE, Speaker
from voice_coach.live_session import LiveSession, Table
from voice_coach.recovery import recover_sessions


def talk(chosen: Namespace) -> int:
    """Hold a talk."""
    settings = _agreed(chosen, effective_settings(chosen))
    for line in recover_sessions(session.sessions_folder()):
        note(chosen, line)
    folder = session.choose_folder(chosen.out, str(chosen.out), datetime.now().astimezone())
    names, store = _names(chosen), VoiceStore(session.voices_folder())
    table = Table(names, _saved_voices(chosen, names, store))
    notices = Notices(chosen)
    with ExitStack() as stack, ending_by_signals():
        called = () if names == session.FOUND_NAMES else tuple(names.values())
        parts = open_equipment(chosen, settings, notices, stack, called)
        glance = Glance(names, settings.pipeline.host.minutes)
        evening = Evening(chosen, glance)
        held = stack.enter_context(LiveSession(folder, table, parts, evening.watch))
        code = evening.hold(held, notices)
        if not held.has_begun:
            return _without_talk(held, names, code)
        if code != INTERRUPTED:
            with suppress(KeyboardInterrupt):  # then the first hearing is what is shown
                held.hear_again()
        _keep(chosen, held, names, store)
    report = session.load_report(folder)
    session.write_review(report, folder)
    show_report(chosen, report, folder / session.PAGE_NAME)
    return code


def _agreed(chosen: Namespace, settings: Settings) -> Settings:
    """Settings with the time that is agreed on for this talk."""
    if chosen.minutes is None:
        return settings
    pipeline = settings.pipeline
    try:
        host = replace(pipeline.host, minutes=chosen.minutes)
    except ValueError as error:
        raise UsageError(str(error)) from error
    return replace(settings, pipeline=replace(pipeline, host=host))


def _names(chosen: Namespace) -> Mapping[Speaker, str]:
    """What the two people are called: as named, or asked for where there is somebody to ask."""
    names = list(chosen.names)
    if len(names) == 1 or len(names) > len(PEOPLE):
        raise UsageError("give both names, or none")
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
    """Say what is wrong with the voices, and keep them if that is wished."""
    for person, what in held.shortcomings.items():
        note(chosen, f"{names[person]} {SHORTCOMINGS[what]}; the review may be unsure of this voice")
    if chosen.keep_voices and held.learnt is not None:
        for person, enrolment in zip(PEOPLE, held.learnt, strict=True):
            store.save(names[person], enrolment, held.gain)
