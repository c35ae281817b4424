"""A live session: the opening, the talk, and what is left of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from voice_coach.config import Settings
from voice_coach.engines import clock
from voice_coach.engines.claim import Claim
from voice_coach.engines.kept import KeptFrames
from voice_coach.engines.kept_audio import KeptAudio
from voice_coach.engines.learning import TableLearner
from voice_coach.engines.speakers import load_background
from voice_coach.engines.voiceprint import Enrolment
from voice_coach.events import (
    PEOPLE,
    AudioBlock,
    Event,
    Output,
    Request,
    Shortcoming,
    Speaker,
    TalkEnded,
    Transcribe,
    Transcript,
)
from voice_coach.hosting import USUAL_VOICE
from voice_coach.journal import JournalWriter, write_beside
from voice_coach.lexicon import Languages
from voice_coach.live.inbox import Inbox
from voice_coach.live.spare_time import SpareTime
from voice_coach.live.speaking import Clock
from voice_coach.live.talk import Course, LiveEngines, LiveTalk, Watch
from voice_coach.opening import Asked, Opening
from voice_coach.pipeline import Pipeline
from voice_coach.plan import Plan
from voice_coach.ports import Microphone
from voice_coach.report import SessionFacts
from voice_coach.second_writing import write_better
from voice_coach.session import KEPT_AUDIO_NAME, Ears, Voices, make_folder


@dataclass(frozen=True, slots=True)
class Table:
    """Who sits at the table, and what the coach has to say before they begin.

    `voices` are known ones, with the gain that the microphone needs; `None` to learn them in an opening round. `before`
    is said in that round. Where voices are known, there is one only to say this, and that it listens. `plan` is what
    they had planned.
    """

    names: Mapping[Speaker, str]
    voices: tuple[Voices, float] | None = None
    before: tuple[str, ...] = ()
    plan: Plan | None = None


@dataclass(frozen=True, slots=True, eq=False)
class LiveParts:
    """Everything a live session is held with."""

    languages: Languages
    settings: Settings
    microphone: Microphone
    engines: LiveEngines
    inbox: Inbox = field(default_factory=Inbox)
    keep_audio: bool = False
    spare_time: SpareTime | None = None
    seconds: Callable[[], float] = clock.now


class LiveSession:
    """One evening at the table: `hold` it in a `with` statement, then `hear_again` and `report`.

    Parameters
    ----------
    folder : where the session lies; it is made when the talk begins.
    watch : is told what happens, in another thread.
    """

    def __init__(self, folder: Path, table: Table, parts: LiveParts, watch: Watch) -> None:
        self._folder, self._table, self._parts, self._watch = folder, table, parts, watch
        self._background = load_background()
        self._open = ExitStack()
        self._events: list[Event] = []
        self._ears: Ears | None = None
        self._facts: SessionFacts | None = None
        self._kept_audio: KeptAudio | None = None
        self._learner = TableLearner(self._background, parts.settings.opening.enough_seconds / 2)
        self.opening: Opening | None = None
        """The opening round, if there is one."""
        self.pipeline: Pipeline | None = None
        """The pipeline of the talk, once it has begun."""
        self.learnt: tuple[Enrolment, Enrolment] | None = None
        """Both voices, if they were learnt in the opening round."""
        self._better: Mapping[int, Transcript] = {}
        self.gain = 1.0
        """What brings the microphone to the level of the models."""
        needs_round = table.voices is None or table.before or parts.engines.voice is not None
        course = self._open_round() if needs_round else self._begin(*self._voices())
        self._talk = LiveTalk(
            course, parts.inbox, Clock(parts.microphone, parts.seconds), parts.engines, self._take, self._following
        )
        if parts.spare_time is not None:
            parts.spare_time.begin(self._talk.wait_for_words)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    @property
    def has_begun(self) -> bool:
        """Whether the talk itself has begun: before that there is nothing to save."""
        return self._facts is not None

    @property
    def asked(self) -> Asked | None:
        """Who is to speak so that their voice is learnt, if anybody."""
        return None if self.opening is None or self.has_begun else self.opening.asked

    @property
    def shortcomings(self) -> Mapping[Speaker, Shortcoming]:
        """What is wrong with voices that have to do all the same."""
        return {} if self.opening is None else self.opening.shortcomings

    @property
    def is_paused(self) -> bool:
        """Whether nothing is captured, because somebody wished so."""
        return self._talk.is_paused

    @property
    def echo_seconds(self) -> float | None:
        """How late the microphone hears the loudspeaker, s; `None` if it never has."""
        return self._talk.echo_seconds

    def is_idle(self) -> bool:
        """Whether all that was heard has been worked off."""
        return self._talk.is_idle()

    def press(self, request: Request) -> None:
        """Somebody asks for something by a key."""
        self._talk.press(request)

    def hold(self) -> None:
        """Hold the opening and the talk, until they end by themselves or somebody interrupts.

        Raises
        ------
        KeyboardInterrupt
            Somebody ended the program; `close` still saves the talk.
        """
        self._talk.run()

    def close(self, *, hurry: bool = False) -> None:
        """End the talk properly, however it came to its end; in a `hurry`, without waiting for sentences and words."""
        self._talk.close(hurry=hurry)
        if self._parts.spare_time is not None:
            self._better = self._parts.spare_time.finish()

    def hear_again(self) -> None:
        """Hear the whole talk a second time, now that it is over, with the better words that there are of it."""
        if self._ears is None or self._facts is None or not any(isinstance(e, TalkEnded) for e in self._events):
            return
        again = self._ears.again(self._events)
        if again is not None:
            write_beside(self._folder, self._facts, again)
        if self._better and self._parts.spare_time is not None:
            lexicon, engine = self._ears.lexicon(self._events), self._parts.spare_time.name
            write_better(self._folder, self._better, engine, lexicon, self._parts.settings)

    def _open_round(self) -> Course:
        parts = self._parts
        self.opening = Opening(
            parts.languages.first, self._table.names, self._learner, parts.settings.opening, before=self._table.before,
            people=PEOPLE if self._table.voices is None else (), with_words=parts.engines.transcriber is not None,
            host=parts.settings.pipeline.host,
        )  # fmt: skip
        return Course(self.opening, 1.0)

    def _following(self) -> Course | None:
        """What comes after what was held: the talk after the opening, nothing after the talk."""
        opening = self.opening
        if self.has_begun or opening is None or not opening.is_complete:
            return None
        return self._begin(*self._voices())

    def _voices(self) -> tuple[Voices, float]:
        """Both voices, known before or learnt just now, and the microphone's gain."""
        if self._table.voices is not None:
            return self._table.voices
        first, second = (self._learner.enrolment(person) for person in PEOPLE)
        self.learnt = (first, second)
        return Voices(self._table.names, self.learnt), self._learner.gain

    def _begin(self, voices: Voices, gain: float) -> Course:
        """Begin the talk: from here on there is a session on disk."""
        parts, engines, self.gain = self._parts, self._parts.engines, gain
        make_folder(self._folder)
        self._open.enter_context(Claim(self._folder))
        kept = self._open.enter_context(KeptFrames(self._folder))
        self._ears = Ears(voices, parts.languages, parts.settings, kept)
        if parts.keep_audio:
            self._kept_audio = self._open.enter_context(KeptAudio(self._folder / KEPT_AUDIO_NAME))
        voice = USUAL_VOICE if self.opening is None else self.opening.voice
        self.pipeline = self._ears.pipeline(with_words=engines.transcriber is not None, voice=voice)
        self._facts = SessionFacts(
            session_id=self._folder.name,
            source="the table",
            names=self._table.names,
            started_at=datetime.now().astimezone().isoformat(timespec="seconds"),
            words_engine=engines.transcriber.name if engines.transcriber else None,
            voice=engines.voice.name if engines.voice else None,
            plan=self._table.plan,
            language=self._ears.language if engines.transcriber else None,
        )
        journal = self._open.enter_context(JournalWriter(self._folder, self._facts))
        return Course(self.pipeline, gain, journal)

    def _take(self, output: Output | AudioBlock, now: int) -> None:
        if isinstance(output, Event):
            self._events.append(output)
        elif isinstance(output, AudioBlock) and self._kept_audio is not None:
            self._kept_audio.add(output)
        elif isinstance(output, Transcribe) and self.has_begun and self._parts.spare_time is not None:
            self._parts.spare_time.offer(output)
        self._watch(output, now)
