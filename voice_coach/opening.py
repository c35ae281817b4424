"""The opening of a live talk: one short spoken round in which both voices are learnt. A function of its inputs.

It takes and gives the same values as the pipeline, so the same threads serve both. What the coach says stands in the
lexicon; how good a voice is, a `VoiceLearner` judges. Ids of its cues and utterances are negative: what is still under
way when the talk begins can be told from the talk's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count

from voice_coach.acoustics import mono
from voice_coach.events import (
    PEOPLE,
    AudioBlock,
    Cue,
    CueFinished,
    CueSettled,
    EndTalk,
    Input,
    Output,
    Pause,
    Pressed,
    Request,
    Resume,
    Say,
    Shortcoming,
    Speaker,
    Transcribe,
    Transcript,
    Utterance,
    WordsHeard,
)
from voice_coach.framing import AudioHistory
from voice_coach.lexicon import Lexicon, called
from voice_coach.options import Options, number
from voice_coach.ports import VoiceLearner
from voice_coach.requests import LONGEST_SECONDS, request_in
from voice_coach.segment import Segment, to_samples

_TAIL_SAMPLES = to_samples(0.4)
_SENTENCE_SAMPLES = to_samples(12.0)
"""A sentence whose end is not reported after so long is over."""
_REQUEST_PAUSE_SECONDS = 0.7


@dataclass(frozen=True, slots=True)
class OpeningOptions(Options):
    """How long each person is asked to speak, and how often.

    5 s of speech suffice in simulation, 10 s at a real table (measured); more than 20 s teach little. Who has said
    enough is thanked at their first pause; who stops early is waited for.
    """

    enough_seconds: float = number(10.0, 3.0, 30.0, "s of speech")
    most_seconds: float = number(20.0, 5.0, 60.0, "s of speech")
    pause_seconds: float = number(1.2, 0.5, 5.0, "s")
    early_pause_seconds: float = number(4.0, 1.0, 20.0, "s")
    patience_seconds: float = number(12.0, 3.0, 60.0, "s")
    attempts: int = number(3, 1, 10)


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose voice is being learnt, seconds of their speech so far, and how many are enough."""

    person: Speaker
    speech_seconds: float
    enough_seconds: float


@dataclass(frozen=True, slots=True)
class _Sentence:
    """Something to be said."""

    text: str


@dataclass(frozen=True, slots=True)
class _Turn:
    """Somebody is to speak."""

    person: Speaker


class Opening:
    """Asks for both voices, one after the other, and asks again where one is not good enough.

    Parameters
    ----------
    lexicon : what is said, and how requests are worded.
    names : what the two people are called.
    learner : learns the voices, and judges them.
    people : whose voices are learnt, both or one.
    before : sentences to be said first, the plan of the talk for example.
    with_words : whether utterances can be written down, so that requests are understood.
    """

    def __init__(  # noqa: PLR0913
        self,
        lexicon: Lexicon,
        names: Mapping[Speaker, str],
        learner: VoiceLearner,
        options: OpeningOptions,
        *,
        people: tuple[Speaker, ...] = PEOPLE,
        before: tuple[str, ...] = (),
        with_words: bool = False,
    ) -> None:
        self._lexicon, self._names, self._learner, self._options = lexicon, names, learner, options
        self._people, self._before, self._with_words = people, before, with_words
        self._history = AudioHistory(LONGEST_SECONDS + 3.0)
        self._ids = count(-1, -1)
        self._asked: dict[int, Utterance] = {}
        self._script = self._course()
        self._step: _Sentence | _Turn | None = None
        self._cue: Cue | None = None
        self._since = self._deaf_until = self._heard_until = 0
        self._now = 0
        self.is_paused = False
        self.shortcomings: dict[Speaker, Shortcoming] = {}
        """What is wrong with voices that have to do all the same."""
        self.failure: Shortcoming | None = None
        """Why no talk can be held, if none can."""
        self.failed: Speaker | None = None
        """Whose voice that is about."""
        self.is_over = False
        self.is_complete = False
        """Whether it came to its end, both voices learnt."""

    @property
    def now(self) -> int:
        """Samples heard so far."""
        return self._now

    @property
    def asked(self) -> Asked | None:
        """Who is to speak at present."""
        if not isinstance(self._step, _Turn):
            return None
        return Asked(self._step.person, self._learner.speech_seconds, self._options.enough_seconds)

    def known_sentences(self) -> tuple[str, ...]:
        """Everything it may say, so that it can be rendered ahead, the first first."""
        texts = (self._text(name, person) for name in self._lexicon.opening for person in self._people)
        return tuple(dict.fromkeys((*self._before, *texts)))

    def feed(self, value: Input) -> list[Output]:
        """Take one input; returns commands."""
        return list(self._feed(value))

    def finish(self) -> list[Output]:
        """The stream is over."""
        self.is_over = True
        return []

    def _feed(self, value: Input) -> Iterator[Output]:
        if self.is_over:
            return
        match value:
            case AudioBlock():
                yield from self._hear(value)
            case CueFinished(cue_id, at_sample, outcome) if self._cue is not None and cue_id == self._cue.cue_id:
                yield CueSettled(self._cue, outcome, None, at_sample)
                self._deaf_until, self._cue = at_sample + _TAIL_SAMPLES, None
                yield from self._go_on()
            case Transcript(utterance_id):
                utterance = self._asked.pop(utterance_id)
                request = request_in(self._lexicon, WordsHeard(utterance, value.engine, value.words))
                if request is not None:
                    yield from self._carry_out(request)
            case Pressed(request):
                yield from self._carry_out(request)

    def _carry_out(self, request: Request) -> Iterator[Output]:
        match request:
            case Request.STOP:
                self.is_over = True
                yield EndTalk()
            case Request.PAUSE | Request.TIME_OUT if not self.is_paused:
                self.is_paused = True
                yield Pause()
            case Request.GO_ON if self.is_paused:
                self.is_paused = False
                self._since = self._now
                yield Resume()

    def _hear(self, block: AudioBlock) -> Iterator[Output]:
        self._now = block.start_sample + len(block.samples)
        if self._step is None:
            yield from self._go_on()
        elif isinstance(self._step, _Sentence):
            if self._now - self._since > _SENTENCE_SAMPLES:
                self._cue = None
                yield from self._go_on()
        elif not self.is_paused and block.start_sample >= self._deaf_until and len(block.samples):
            samples = mono(block.samples)
            self._history.append(samples)
            self._learner.hear(samples)
            yield from self._request()
            if self._has_spoken():
                yield from self._go_on()

    def _has_spoken(self) -> bool:
        """Whether the one who was asked is done, or does not speak."""
        options, speech, quiet = self._options, self._learner.speech_seconds, self._learner.quiet_seconds
        if speech >= options.most_seconds:
            return True
        if speech >= options.enough_seconds:
            return quiet >= options.pause_seconds
        return quiet >= (options.early_pause_seconds if speech else options.patience_seconds)

    def _request(self) -> Iterator[Output]:
        """Have a short stretch of speech written down, once it is over: it may be a request."""
        stretch = self._learner.last_stretch_seconds
        if self._with_words and 0 < stretch <= LONGEST_SECONDS:
            quiet = self._learner.quiet_seconds
            ended = self._history.end - to_samples(quiet)
            if quiet >= _REQUEST_PAUSE_SECONDS and ended > self._heard_until:
                self._heard_until = self._history.end
                segment = Segment(max(0, ended - to_samples(stretch)), ended)
                utterance = Utterance(next(self._ids), Speaker.UNKNOWN, segment)
                self._asked[utterance.utterance_id] = utterance
                yield Transcribe(utterance, segment.start, self._history.read(segment))

    def _go_on(self) -> Iterator[Output]:
        """The next step of the script."""
        self._step = next(self._script, None)
        self._since = self._now
        match self._step:
            case None:
                self.is_over = True
                yield EndTalk()
            case _Sentence(text):
                expires = self._now + _SENTENCE_SAMPLES
                self._cue = Cue(next(self._ids), "opening", text, None, self._now, expires, ())
                yield Say(self._cue)

    def _course(self) -> Iterator[_Sentence | _Turn]:
        together = len(self._people) > 1
        if together:
            yield self._sentence("hello", self._people[0])
            yield from map(_Sentence, self._before)
        for person, ask in zip(self._people, ("ask", "ask_second") if together else ("ask_alone",), strict=True):
            yield from self._ask(person, ask)
            if self.failure is not None:
                yield self._sentence("failed", person)
                return
            yield self._sentence("thanks", person)
        if together:
            yield self._sentence("ready", self._people[0])
        self.is_complete = True

    def _ask(self, person: Speaker, ask: str) -> Iterator[_Sentence | _Turn]:
        """Ask one person to speak, and again for what was wrong with it."""
        for attempt in range(self._options.attempts):
            yield self._sentence(ask, person)
            self._learner.begin(person)
            yield _Turn(person)
            judgement = self._learner.judge()
            if judgement is None:
                return
            ask = judgement.shortcoming.value
            if attempt + 1 < self._options.attempts:
                continue
            if judgement.is_usable:
                self.shortcomings[person] = judgement.shortcoming
            else:
                self.failure, self.failed = judgement.shortcoming, person

    def _sentence(self, name: str, person: Speaker) -> _Sentence:
        return _Sentence(self._text(name, person))

    def _text(self, name: str, person: Speaker) -> str:
        """A text of the lexicon; where it has several, each person has their own."""
        texts = self._lexicon.opening[name]
        text = texts[PEOPLE.index(person) % len(texts)]
        other = self._names.get(person.other, "")
        return text.format(name=called(self._names[person]), other=called(other))
