"""The microphone, the loudspeaker and the engines of a live talk, opened, and told of in a line each."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

from voice_coach.commands.common import (
    Output,
    Writing,
    effective_settings,
    note,
    own_settings_file,
    tell,
    voice_for,
    writing_for,
)
from voice_coach.commands.trial import Trial
from voice_coach.config import Settings
from voice_coach.display import Display
from voice_coach.engines.canceller import EchoCanceller
from voice_coach.engines.choosing import Wanted, better_maker
from voice_coach.engines.devices import Devices
from voice_coach.engines.loudspeaker import SystemLoudspeaker
from voice_coach.engines.microphone import SystemMicrophone, cure_for_silence
from voice_coach.engines.prepared import PreparedVoice
from voice_coach.engines.renderer import SystemVoice
from voice_coach.engines.sound_server import SoundServer
from voice_coach.engines.voices import usable
from voice_coach.errors import MissingPart, UsageError
from voice_coach.events import Shortcoming
from voice_coach.live.first_sound import first_sound
from voice_coach.live.inbox import Inbox
from voice_coach.live.spare_time import SpareTime
from voice_coach.live.talk import LiveEngines
from voice_coach.live_session import LiveParts
from voice_coach.ports import Canceller, Notice
from voice_coach.voice import VoiceOptions

SHORTCOMINGS = {
    Shortcoming.NOBODY_HEARD: "was not heard; see that the right microphone is used, and that it is close enough",
    Shortcoming.MORE: "said too little for a voice to be learnt well; ten seconds are needed",
    Shortcoming.NOISY: "was heard through much noise; put the microphone closer, or find a quieter place",
    Shortcoming.CLIPPED: "was too loud for the microphone; lower its level in the sound settings",
    Shortcoming.ONE_VOICE: "sounded like the other; let one person speak at a time when asked to",
}

_MUTE = "off, sentences are shown"


class Notices:
    """What devices tell of themselves: on the display while there is one, else as a note."""

    def __init__(self, chosen: Namespace) -> None:
        self._chosen = chosen
        self._show: Callable[[str], None] = self._note

    @contextmanager
    def shown_on(self, display: Display) -> Iterator[None]:
        """Show them there for as long as it is open."""
        self._show = display.notice
        try:
            yield
        finally:
            self._show = self._note

    def __call__(self, notice: Notice) -> None:
        """Show one."""
        self._show(notice.text)

    def _note(self, text: str) -> None:
        if text:
            note(self._chosen, text)


class VoiceChoice:
    """What was chosen for the voice since it was asked last, with `voice-coach voices` beside a talk."""

    def __init__(self, chosen: Namespace, notices: Notices, language: str) -> None:
        self._chosen, self._notices, self._language = chosen, notices, language
        self._written = self._last_written()

    def __call__(self) -> VoiceOptions | None:
        """How the coach is to sound from now on, `None` if nothing else was chosen."""
        written = self._last_written()
        if written == self._written:
            return None
        self._written = written
        try:
            options, notice = usable(effective_settings(self._chosen).voice, self._language)
        except UsageError as error:
            self._notices(Notice(f"{error}; the voice stays as it was"))
            return None
        if notice:
            self._notices(Notice(notice))
        return options

    @staticmethod
    def _last_written() -> int:
        try:
            return own_settings_file().stat().st_mtime_ns
        except OSError:
            return 0


def open_equipment(
    chosen: Namespace, settings: Settings, notices: Notices, stack: ExitStack, names: Sequence[str] = ()
) -> LiveParts:
    """Open everything a talk of people with these names needs, and say what there is."""
    console = None if chosen.quiet or chosen.json else Output()

    def say(line: str) -> None:
        if console is not None:
            tell(console, line)

    devices, inbox = Devices(), Inbox()
    writing = writing_for(chosen, settings, names, live=True)
    first = writing.languages.first
    voice = loudspeaker = trial = None
    with ExitStack() as trying:
        if not chosen.mute:
            options = voice_for(chosen, settings, first.language)
            voice = PreparedVoice(options, first.language, VoiceChoice(chosen, notices, first.language))
            stack.callback(voice.close)
            loudspeaker = _loudspeaker(chosen, settings, devices)
            if loudspeaker is not None:
                stack.callback(loudspeaker.close)
            if console is not None:
                tried = SystemVoice(options, first.language)
                trial = trying.enter_context(Trial(loudspeaker, tried, first.opening["not_begun"][0]))
        server = SoundServer()
        stack.callback(server.close)
        microphone = SystemMicrophone(devices, settings.devices.microphone, server)
        microphone.start(inbox.put_audio, notices)
        stack.callback(microphone.close)
        stack.callback(inbox.close)
        room = first_sound(inbox, cure_for_silence())
        say(f"Microphone: {microphone.name}")
        say(f"Room: {room.words} ({room.level_db:.0f} dB)")
        say(f"Loudspeaker: {trial.loudspeaker if trial else _MUTE}")
        say(f"Voice: {trial.voice if trial else _MUTE}")
    spare_time = _spare_time(settings, writing, names)
    if spare_time is not None:
        stack.callback(spare_time.finish)
    say(f"Words: {writing.told}{f', and {spare_time.name} in spare time' if spare_time else ''}")
    canceller = _canceller(settings) if loudspeaker else None
    engines = LiveEngines(writing.transcriber, voice, loudspeaker, canceller, notices)
    keep_audio = getattr(chosen, "keep_audio", False)
    return LiveParts(
        writing.languages, settings, microphone, engines, inbox, keep_audio=keep_audio, spare_time=spare_time
    )


def _spare_time(settings: Settings, writing: Writing, names: Sequence[str]) -> SpareTime | None:
    """A better engine for words, where one is wished for and there are words at all."""
    make = better_maker(settings.words, Wanted(writing.languages.known, names))
    return None if make is None or writing.transcriber is None else SpareTime(make)


def _loudspeaker(chosen: Namespace, settings: Settings, devices: Devices) -> SystemLoudspeaker | None:
    try:
        return SystemLoudspeaker(devices, settings.devices.loudspeaker)
    except MissingPart as reason:
        note(chosen, f"{reason}; sentences are shown")
        return None


def _canceller(settings: Settings) -> Canceller | None:
    """Hearing through the coach's own voice, where it is wished for and installed."""
    if not settings.devices.cancel_echo:
        return None
    try:
        return EchoCanceller()
    except MissingPart:
        return None
