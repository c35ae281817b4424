"""A talk at the table: the pipeline's thread, and how it begins and ends."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from voice_coach.acoustics import Floats, mono
from voice_coach.events import (
    Answer,
    AudioBlock,
    ChangeLanguage,
    ChangeVoice,
    Command,
    CueFinished,
    CueStarted,
    EndTalk,
    Input,
    Output,
    Pause,
    Prepare,
    Pressed,
    Request,
    Resume,
    Say,
    SpokenOver,
    StopSaying,
    Transcribe,
    Transcript,
    TranscriptionFailed,
)
from voice_coach.journal import JournalWriter
from voice_coach.live.inbox import Inbox
from voice_coach.live.speaking import Clock, Overheard, Speaking
from voice_coach.live.writing import Words
from voice_coach.ports import Canceller, Loudspeaker, Notice, Transcriber, Voice

_LAST_WORDS_SECONDS = 8.0
"""How long the end of a talk waits for words that are still being written."""
_LAST_SENTENCE_SECONDS = 8.0
_HURRIED_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class LiveEngines:
    """Engines of a live talk; `None` for what nobody wants or has. `tell` shows people what is amiss with one."""

    transcriber: Transcriber | None
    voice: Voice | None
    loudspeaker: Loudspeaker | None
    canceller: Canceller | None = None
    tell: Callable[[Notice], None] = lambda _: None


Watch = Callable[[Output | AudioBlock, int], None]
"""Is told what happens, in the pipeline's thread, with the present sample."""


class Stage(Protocol):
    """What the thread runs: the opening, or the pipeline of the talk."""

    @property
    def now(self) -> int:
        """Samples processed so far."""
        ...

    @property
    def is_paused(self) -> bool:
        """Whether nothing is to be captured, because somebody wished so."""
        ...

    def known_sentences(self) -> tuple[str, ...]:
        """Every sentence that may be said and can be worded now."""
        ...

    def feed(self, value: Input) -> list[Output]:
        """Take one input; returns events and commands."""
        ...

    def finish(self) -> list[Output]:
        """The stream is over."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """A stage of the evening: the opening, which leaves no journal, or the talk.

    `gain` brings the microphone's level to that of the models.
    """

    stage: Stage
    gain: float
    journal: JournalWriter | None = None


class LiveTalk:
    """A talk at the table, from the first block that is put into its inbox to its end.

    Parameters
    ----------
    course : what comes first.
    following : asked, in the thread, what comes when that is over; nothing if `None`.
    """

    def __init__(  # noqa: PLR0913, PLR0917
        self,
        course: Course,
        inbox: Inbox,
        clock: Clock,
        engines: LiveEngines,
        watch: Watch,
        following: Callable[[], Course | None] = lambda: None,
    ) -> None:
        self._inbox, self._clock = inbox, clock
        self._engines, self._watch, self._following = engines, watch, following
        self._overheard = Overheard()
        self._words = None if engines.transcriber is None else Words(engines.transcriber, inbox)
        self._speaking = Speaking(engines.voice, engines.loudspeaker, inbox, self._overheard, clock)
        self._are_words_late = False
        self._through: Floats | None = None  # what the canceller has not heard yet of a sentence that is being played
        self._spoken_over: int | None = None
        self._error: BaseException | None = None
        self._last_words_seconds = _LAST_WORDS_SECONDS
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pipeline", daemon=True)
        self._begin(course)

    def _begin(self, course: Course) -> None:
        self._course, self._is_fresh = course, True
        if self._engines.voice is not None:
            self._engines.voice.prepare(course.stage.known_sentences())

    def press(self, request: Request) -> None:
        """Somebody asks for something by a key. A pause is kept at once, whatever else is waiting."""
        if request is Request.PAUSE:
            self._clock.microphone.pause()
        self._inbox.put(Pressed(request))

    @property
    def echo_seconds(self) -> float | None:
        """How late the microphone hears the loudspeaker, s; `None` if it never has."""
        return self._speaking.echo_seconds

    @property
    def is_paused(self) -> bool:
        """Whether nothing is captured, because somebody wished so."""
        return self._course.stage.is_paused

    def is_idle(self) -> bool:
        """Whether all that was heard has been worked off, words and sentences too: a simulated table waits for it."""
        words = self._words is None or self._words.is_idle
        return (words and self._speaking.is_idle and self._inbox.is_settled) or not self._thread.is_alive()

    def wait_for_words(self) -> None:
        """Wait until nobody waits for words."""
        if self._words is not None:
            self._words.wait_until_idle()

    def run(self) -> None:
        """Hold the talk; returns when it has ended, by request or because its thread could not go on.

        Raises
        ------
        KeyboardInterrupt
            Somebody ended the program: `close` still saves the talk.
        """
        self._thread.start()
        while not self._ended.wait(0.1):  # short waits, because on some systems a long one is deaf to Ctrl-C
            self._clock.microphone.check()
            self._see_words()

    def _see_words(self) -> None:
        """Tell people where words come late, and where they do no more."""
        are_late = self._words is not None and self._words.is_late
        if are_late != self._are_words_late:
            self._are_words_late = are_late
            self._engines.tell(Notice("The words come late; who speaks is heard all the same." if are_late else ""))

    def close(self, *, hurry: bool = False) -> None:
        """End the talk properly: the last sentence, the last words. Raises what went wrong in its thread, if it did.

        In a `hurry`, what is being said fades out, and words are hardly waited for.
        """
        self._last_words_seconds = _HURRIED_SECONDS if hurry else _LAST_WORDS_SECONDS
        self._speaking.finish(0.0 if hurry else _LAST_SENTENCE_SECONDS)
        self._clock.microphone.close()
        self._inbox.close()
        if self._thread.ident is not None:
            self._thread.join()
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            while (item := self._inbox.take()) is not None:
                self._take(item)
            self._carry_out(self._course.stage.finish())
            self._take_last_words()
        except BaseException as error:
            self._error = error
            self._inbox.close()  # nobody takes from it any more, so nobody must wait for room
        finally:
            self._ended.set()

    def _take_last_words(self) -> None:
        if self._words is None:
            return
        given_up = self._words.finish(self._last_words_seconds)
        while (item := self._inbox.take()) is not None:
            self._take(item)
        for failed in given_up:
            self._take(failed)

    def _take(self, item: AudioBlock | Answer) -> None:
        stage, journal = self._course.stage, self._course.journal
        if isinstance(item, AudioBlock):
            block = self._placed(item)
            self._overheard.add(block)
            self._watch(block, stage.now)
            self._listen_through(block)
            item = replace(block, samples=block.samples * np.float32(self._course.gain))
        elif journal is not None:
            if _is_of_the_opening(item):
                return
            journal.append(stage.now, item)
        self._carry_out(stage.feed(item))

    def _placed(self, block: AudioBlock) -> AudioBlock:
        """A block of the microphone at its place in the course, which begins with its first block."""
        if self._is_fresh:
            self._is_fresh = False
            self._clock.origin = block.start_sample - block.lost_samples
            self._overheard.clear()
        return replace(block, start_sample=block.start_sample - self._clock.origin)

    def _listen_through(self, block: AudioBlock) -> None:
        """Notice somebody who speaks over the coach."""
        canceller, current = self._engines.canceller, self._speaking.current
        if canceller is None or current is None or not len(block.samples):
            self._through = None
            return
        cue_id, said = current
        if self._through is None:
            canceller.begin()
            self._through = np.zeros(0, np.float32)
        heard = np.concatenate((self._through, mono(block.samples)))
        whole = len(heard) // canceller.frame_samples * canceller.frame_samples
        self._through = heard[whole:]
        end = block.start_sample + len(block.samples) - len(self._through)
        ago = canceller.process(heard[:whole], said.between(end - whole, end), self._course.gain)
        if ago is not None and cue_id != self._spoken_over:
            self._spoken_over = cue_id
            self._speaking.stop(cue_id)  # at once; the pipeline learns of it in its turn
            self._inbox.put(SpokenOver(cue_id, end - ago))

    def _carry_out(self, outputs: list[Output]) -> None:
        for output in outputs:
            if isinstance(output, Command):
                self._dispatch(output)
            elif self._course.journal is not None:
                self._course.journal.append(self._course.stage.now, output)
            self._watch(output, self._course.stage.now)

    def _dispatch(self, command: Command) -> None:
        match command:
            case Transcribe():
                for failed in [] if self._words is None else self._words.submit(command):
                    self._inbox.put(failed)
            case Prepare() | ChangeVoice() | ChangeLanguage():
                if self._engines.voice is not None:
                    _tune(self._engines.voice, command)
            case Say(cue):
                self._speaking.say(cue)
            case StopSaying(cue_id):
                self._speaking.stop(cue_id)
            case Pause():
                self._clock.microphone.pause()
            case Resume():
                self._clock.microphone.resume()
            case EndTalk():
                self._go_on()

    def _go_on(self) -> None:
        """What was held is over."""
        following, self._following = self._following, lambda: None
        course = following()
        if course is None:
            self._ended.set()
        else:
            self._begin(course)


def _tune(voice: Voice, command: Prepare | ChangeVoice | ChangeLanguage) -> None:
    """Have the voice ready for what comes."""
    match command:
        case Prepare(texts):
            voice.prepare(texts)
        case ChangeVoice(rate, volume):
            voice.change(rate, volume)
        case ChangeLanguage(language):
            voice.speak_in(language)


def _is_of_the_opening(answer: Answer) -> bool:
    """Whether an answer is to something that was asked before the talk began."""
    match answer:
        case (
            Transcript(asked) | TranscriptionFailed(asked) | CueStarted(asked) | CueFinished(asked) | SpokenOver(asked)
        ):
            return asked < 0
    return False
