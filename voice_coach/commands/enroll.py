"""Learning a voice to be kept: from a recording, or from the microphone."""

from __future__ import annotations

from argparse import Namespace
from contextlib import ExitStack

from voice_coach import session
from voice_coach.commands.common import Output, effective_settings, note, tell
from voice_coach.commands.equipment import SHORTCOMINGS, Notices, open_equipment
from voice_coach.commands.evening import Evening, ending_by_signals
from voice_coach.config import Settings
from voice_coach.display import Glance
from voice_coach.engines.enrolment import enrol_recording
from voice_coach.engines.learning import TableLearner
from voice_coach.engines.recording import Recording
from voice_coach.engines.speakers import load_background
from voice_coach.engines.voice_store import VoiceStore
from voice_coach.engines.voiceprint import Enrolment
from voice_coach.errors import InputError
from voice_coach.events import PEOPLE
from voice_coach.live.speaking import Clock
from voice_coach.live.talk import Course, LiveTalk, Watch
from voice_coach.live_session import LiveParts
from voice_coach.opening import Asked, Opening


def enroll(chosen: Namespace) -> int:
    """Keep, list or forget voices."""
    store = VoiceStore(session.voices_folder())
    if chosen.name is None:
        for name in store.names():
            tell(Output(), name)
        return 0
    if chosen.forget:
        store.forget(chosen.name)
        return 0
    if chosen.audio is not None:
        voice = enrol_recording(chosen.audio, lambda line: note(chosen, line))
        gain = Recording(chosen.audio).survey().gain
    else:
        voice, gain = _from_microphone(chosen, effective_settings(chosen))
    store.save(chosen.name, voice, gain)
    if not chosen.quiet:
        tell(Output(), f"The voice of {chosen.name} is kept: measurements of it, no audio.")
    return 0


class _Round:
    """The opening round of one person alone."""

    def __init__(self, name: str, settings: Settings, parts: LiveParts, watch: Watch) -> None:
        self.learner = TableLearner(load_background(), settings.opening.enough_seconds / 2)
        self.opening = Opening(
            parts.languages.first, {PEOPLE[0]: name}, self.learner, settings.opening, people=PEOPLE[:1],
            with_words=parts.engines.transcriber is not None, host=settings.pipeline.host,
        )  # fmt: skip
        clocked = Clock(parts.microphone, parts.seconds)
        self._talk = LiveTalk(Course(self.opening, 1.0), parts.inbox, clocked, parts.engines, watch)
        self.press, self.hold, self.close = self._talk.press, self._talk.run, self._talk.close

    @property
    def is_paused(self) -> bool:
        """Whether nothing is captured."""
        return self._talk.is_paused

    @property
    def asked(self) -> Asked | None:
        """Who is to speak."""
        return self.opening.asked


def _from_microphone(chosen: Namespace, settings: Settings) -> tuple[Enrolment, float]:
    """A voice as the microphone hears it, and the microphone's gain."""
    notices = Notices(chosen)
    with ExitStack() as stack, ending_by_signals():
        parts = open_equipment(chosen, settings, notices, stack)
        evening = Evening(chosen, Glance({PEOPLE[0]: chosen.name}))
        held = _Round(chosen.name, settings, parts, evening.watch)
        if evening.hold(held, notices):
            raise KeyboardInterrupt
    opening = held.opening
    if opening.failure is not None:
        raise InputError(f"{chosen.name} {SHORTCOMINGS[opening.failure]}")
    if not opening.is_complete:
        raise InputError(f"it ended before the voice of {chosen.name} was learnt")
    for what in opening.shortcomings.values():
        note(chosen, f"{chosen.name} {SHORTCOMINGS[what]}")
    return held.learner.enrolment(PEOPLE[0]), held.learner.gain
