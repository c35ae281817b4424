"""A talk at the table: what is there, who is there, the talk itself, and its review."""

from __future__ import annotations

import os
import signal
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import TextIO

from voice_coach import resources, session
from voice_coach.characters import can_be_shown
from voice_coach.commands.common import (
    INTERRUPTED,
    LANGUAGE,
    Output,
    effective_settings,
    note,
    show_report,
    tell,
    transcriber_for,
)
from voice_coach.config import Settings
from voice_coach.display import Display, Glance
from voice_coach.engines.canceller import EchoCanceller
from voice_coach.engines.devices import Devices
from voice_coach.engines.keys import Keys
from voice_coach.engines.loudspeaker import SystemLoudspeaker
from voice_coach.engines.microphone import SystemMicrophone, cure_for_silence
from voice_coach.engines.prepared import PreparedVoice
from voice_coach.engines.standard_error import StandardErrorAside
from voice_coach.engines.voice_store import VoiceStore
from voice_coach.errors import InputError, MissingPart, UsageError
from voice_coach.events import PEOPLE, AudioBlock, Request, Shortcoming, Speaker
from voice_coach.events import Output as Happened
from voice_coach.lexicon import load_lexicon
from voice_coach.live.first_sound import first_sound
from voice_coach.live.inbox import Inbox
from voice_coach.live.talk import LiveEngines
from voice_coach.live_session import LiveParts, LiveSession, Table
from voice_coach.opening import Asked
from voice_coach.ports import Canceller, Notice
from voice_coach.recovery import recover_sessions

_STOP_KEYS = frozenset("qQ\x1b")
_KEYS = "any key: pause, and go on     q: end the talk"
_SHORTCOMINGS = {
    Shortcoming.NOBODY_HEARD: "was not heard; see that the right microphone is used, and that it is close enough",
    Shortcoming.MORE: "said too little for a voice to be learnt well; ten seconds are needed",
    Shortcoming.NOISY: "was heard through much noise; put the microphone closer, or find a quieter place",
    Shortcoming.CLIPPED: "was too loud for the microphone; lower its level in the sound settings",
    Shortcoming.ONE_VOICE: "sounded like the other; let one person speak at a time when asked to",
}


class _Notices:
    """What devices tell of themselves: on the display once there is one, before that as a note."""

    def __init__(self, chosen: Namespace) -> None:
        self._show: Callable[[str], None] = lambda text: note(chosen, text) if text else None

    def show_on(self, display: Display) -> None:
        self._show = display.notice

    def __call__(self, notice: Notice) -> None:
        self._show(notice.text)


def talk(chosen: Namespace) -> int:
    """Hold a talk."""
    settings = _agreed(chosen, effective_settings(chosen))
    for line in recover_sessions(session.sessions_folder()):
        note(chosen, line)
    folder = session.choose_folder(chosen.out, str(chosen.out), datetime.now().astimezone())
    names, store = _names(chosen), VoiceStore(session.voices_folder())
    table = Table(names, _saved_voices(chosen, names, store))
    notices = _Notices(chosen)
    with ExitStack() as stack, _ending_by_signals():
        parts = _parts(chosen, settings, notices, stack)
        held = _Evening(chosen, folder, table, parts)
        stack.enter_context(held.session)
        code = held.hold(notices)
        if not held.session.has_begun:
            return _without_talk(held.session, names, code)
        _keep(chosen, held.session, names, store)
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


class _Evening:
    """The talk, and everything around it that people see and touch."""

    def __init__(self, chosen: Namespace, folder: Path, table: Table, parts: LiveParts) -> None:
        self._chosen, self._parts = chosen, parts
        self._glance = Glance(table.names, parts.settings.pipeline.host.minutes)
        self.session = LiveSession(folder, table, parts, self._watch)
        self._keys = Keys(self._press)
        self._display: Display | None = None

    def hold(self, notices: _Notices) -> int:
        """Hold the talk to its end, and hear it again; returns the exit code."""
        chosen = self._chosen
        code = 0
        with ExitStack() as stack:
            # The display keeps the terminal; what libraries write to standard error would tear it.
            console = Output(file=stack.enter_context(_terminal()))
            if not chosen.debug:
                stack.enter_context(StandardErrorAside())
            keys = stack.enter_context(self._keys)
            display = Display(
                self._glance, console, self._asked, _KEYS if keys.are_read else "Ctrl-C: end the talk",
                quiet=chosen.quiet or chosen.json,
            )  # fmt: skip
            self._display = stack.enter_context(display)
            notices.show_on(display)
            try:
                self.session.hold()
            except KeyboardInterrupt:
                code = INTERRUPTED
            code = self._close(code)
        if code != INTERRUPTED:
            with suppress(KeyboardInterrupt):  # then the first hearing is what is shown
                self.session.hear_again()
        return code

    def _close(self, code: int) -> int:
        """End the talk; whoever interrupts that is in a hurry, and whoever does it again wants out at once."""
        while True:
            try:
                self.session.close(hurry=code == INTERRUPTED)
            except KeyboardInterrupt:
                if code == INTERRUPTED:
                    raise
                code = INTERRUPTED
            else:
                return code

    def _asked(self) -> Asked | None:
        opening = self.session.opening
        return None if opening is None or self.session.has_begun else opening.asked

    def _watch(self, output: Happened | AudioBlock, now: int) -> None:
        self._glance.is_talk = self.session.has_begun
        if self._display is not None:
            self._display.take(output, now)

    def _press(self, key: str) -> None:
        if key in _STOP_KEYS:
            self.session.press(Request.STOP)
        else:
            self.session.press(Request.GO_ON if self.session.is_paused else Request.PAUSE)


@contextmanager
def _terminal() -> Iterator[TextIO]:
    """Standard output, as a file of its own."""
    with os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding=sys.stdout.encoding, errors="replace") as file:
        yield file


@contextmanager
def _ending_by_signals() -> Iterator[None]:
    """Being asked to end, or losing the terminal, is the same as Ctrl-C."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        del number, frame
        raise KeyboardInterrupt

    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


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


def _parts(chosen: Namespace, settings: Settings, notices: _Notices, stack: ExitStack) -> LiveParts:
    """Open everything a talk needs, and say what there is."""
    console = None if chosen.quiet or chosen.json else Output()

    def say(line: str) -> None:
        if console is not None:
            tell(console, line)

    devices, inbox = Devices(), Inbox()
    lexicon = load_lexicon(resources.config_folder() / "language" / f"{LANGUAGE}.toml")
    transcriber = transcriber_for(chosen, settings)
    voice = loudspeaker = None
    if not chosen.mute:
        voice = PreparedVoice(settings.voice, LANGUAGE)
        stack.callback(voice.close)
        loudspeaker = _loudspeaker(chosen, settings, devices)
    microphone = SystemMicrophone(devices, settings.devices.microphone)
    microphone.start(inbox.put_audio, notices)
    stack.callback(microphone.close)
    stack.callback(inbox.close)
    room = first_sound(inbox, cure_for_silence())
    say(f"Microphone: {microphone.name}; the room: {room.words} ({room.level_db:.0f} dB)")
    say(f"Loudspeaker: {loudspeaker.name if loudspeaker else 'none, sentences are shown'}")
    say(f"Words: {transcriber.name if transcriber else 'none are written down'}")
    engines = LiveEngines(transcriber, voice, loudspeaker, _canceller(settings) if loudspeaker else None)
    return LiveParts(lexicon, settings, microphone, engines, inbox)


def _loudspeaker(chosen: Namespace, settings: Settings, devices: Devices) -> SystemLoudspeaker | None:
    try:
        return SystemLoudspeaker(devices, settings.devices.loudspeaker)
    except MissingPart as reason:
        note(chosen, f"{reason}; until then sentences are shown")
        return None


def _canceller(settings: Settings) -> Canceller | None:
    """Hearing through the coach's own voice, where it is wished for and installed."""
    if not settings.devices.cancel_echo:
        return None
    try:
        return EchoCanceller()
    except MissingPart:
        return None


def _without_talk(held: LiveSession, names: Mapping[Speaker, str], code: int) -> int:
    """The opening was all there was."""
    opening = held.opening
    if opening is not None and opening.failure is not None and opening.failed is not None:
        raise InputError(f"{names[opening.failed]} {_SHORTCOMINGS[opening.failure]}")
    sys.stderr.write("voice-coach: ended before the talk began; there is no session to save\n")
    return code


def _keep(chosen: Namespace, held: LiveSession, names: Mapping[Speaker, str], store: VoiceStore) -> None:
    """Say what is wrong with the voices, and keep them if that is wished."""
    for person, what in held.shortcomings.items():
        note(chosen, f"{names[person]} {_SHORTCOMINGS[what]}; the review may be unsure of this voice")
    if chosen.keep_voices and held.learnt is not None:
        for person, enrolment in zip(PEOPLE, held.learnt, strict=True):
            store.save(names[person], enrolment, held.gain)
