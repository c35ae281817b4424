"""The opening of a live talk: one short spoken round in which voices are learnt that are not known yet.

A function of its inputs: it takes and gives the same values as the pipeline, so the same threads serve both. What the
coach says stands in the lexicon; how good a voice is, a `VoiceLearner` judges. What people ask for, the host carries
out as in the talk; while they have a pause, the script is held. Ids of its cues and utterances are negative: what is
still under way when the talk begins can be told from the talk's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import count

from voice_coach.acoustics import mono
from voice_coach.events import (
    PEOPLE,
    AudioBlock,
    ChangeVoice,
    Cue,
    CueFinished,
    CueOutcome,
    CueSettled,
    EndTalk,
    Input,
    Output,
    Pressed,
    Request,
    RequestHeard,
    Resume,
    Say,
    Shortcoming,
    Speaker,
    StopSaying,
    Transcribe,
    Transcript,
    TranscriptionFailed,
    Utterance,
    WordsHeard,
)
from voice_coach.framing import AudioHistory
from voice_coach.hosting import REPLY, USUAL_VOICE, Host, HostOptions, Hush, Reply, Wish
from voice_coach.lexicon import Lexicon
from voice_coach.opening_script import OpeningScript, Sentence, Turn
from voice_coach.options import Options, number
from voice_coach.ports import VoiceLearner
from voice_coach.requests import LONGEST_SECONDS, request_in
from voice_coach.segment import Segment, to_samples

_TAIL_SAMPLES = to_samples(0.4)
_SENTENCE_SAMPLES = to_samples(30.0)
"""A sentence whose end is not reported after so long is over. A plan's longest one takes 20 s at the usual rate."""
_REQUEST_PAUSE_SECONDS = 0.7
_REPLY_PAUSE_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class OpeningOptions(Options):
    """How long each person is asked to speak, and how often.

    5 s of speech suffice in simulation, 10 s at a real table (measured); more than 20 s teach little. Who has said
    enough is thanked at their first pause; who stops early is waited for. After each sentence of a plan it listens for
    a breath, because somebody may want to ask for something; who speaks then is waited for, but not for ever.
    """

    enough_seconds: float = number(10.0, 3.0, 30.0, "s of speech")
    most_seconds: float = number(20.0, 5.0, 60.0, "s of speech")
    pause_seconds: float = number(1.2, 0.5, 5.0, "s")
    early_pause_seconds: float = number(4.0, 1.0, 20.0, "s")
    patience_seconds: float = number(12.0, 3.0, 60.0, "s")
    breath_seconds: float = number(0.8, _REQUEST_PAUSE_SECONDS, 5.0, "s")
    attempts: int = number(3, 1, 10)


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose voice is being learnt, seconds of their speech so far, and how many are enough."""

    person: Speaker
    speech_seconds: float
    enough_seconds: float


@dataclass(slots=True)
class _Saying:
    """What is being said: a reply, or the sentence of the script."""

    cue: Cue
    is_reply: bool
    is_stopped: bool = False


class Opening:
    """Asks for both voices, one after the other, and asks again where one is not good enough.

    Parameters
    ----------
    lexicon : what is said, and how requests are worded.
    names : what the two people are called.
    learner : learns the voices, and judges them.
    people : whose voices are learnt: both, one, or none where both are known.
    before : sentences to be said first, the plan of the talk for example.
    with_words : whether utterances can be written down, so that requests are understood.
    host : how requests are answered.
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
        host: HostOptions | None = None,
    ) -> None:
        self._lexicon, self._learner, self._options = lexicon, learner, options
        self._with_words, self._is_alone = with_words, len(people) == 1
        self._script = OpeningScript(lexicon, names, learner, options.attempts, people, before, with_words=with_words)
        self._host = Host(lexicon, names, replace(host or HostOptions(), minutes=0.0))  # they count from the talk on
        self._history = AudioHistory(LONGEST_SECONDS + 3.0)
        self._ids = count(-1, -1)
        self._asked: dict[int, Utterance] = {}
        self._step: Sentence | Turn | None = None
        self._saying: _Saying | None = None
        self._replies: list[Reply] = []
        self._held_until = self._deaf_until = self._heard_until = self._since = 0
        self._now = 0
        self.voice = USUAL_VOICE
        """How people want the coach to sound, as far as they said so."""
        self.is_over = False

    @property
    def now(self) -> int:
        """Samples heard so far."""
        return self._now

    @property
    def is_paused(self) -> bool:
        """Whether nothing is captured, because somebody wished so."""
        return self._host.is_paused

    @property
    def is_complete(self) -> bool:
        """Whether it came to its end, both voices learnt."""
        return self._script.is_complete

    @property
    def shortcomings(self) -> Mapping[Speaker, Shortcoming]:
        """What is wrong with voices that have to do all the same."""
        return self._script.shortcomings

    @property
    def failure(self) -> Shortcoming | None:
        """Why no talk can be held, if none can."""
        return self._script.failure

    @property
    def failed(self) -> Speaker | None:
        """Whose voice that is about."""
        return self._script.failed

    @property
    def asked(self) -> Asked | None:
        """Who is to speak at present."""
        step = self._step
        if not isinstance(step, Turn) or step.person not in PEOPLE:
            return None
        return Asked(step.person, self._learner.speech_seconds, self._options.enough_seconds)

    def known_sentences(self) -> tuple[str, ...]:
        """Everything it may say, so that it can be rendered ahead, the first first."""
        return tuple(dict.fromkeys((*self._script.known_sentences(), *self._host.known_sentences())))

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
            case CueFinished(cue_id, at_sample, outcome) if self._saying and cue_id == self._saying.cue.cue_id:
                yield from self._settle(self._saying, outcome, at_sample)
            case Transcript(utterance_id):
                utterance = self._asked.pop(utterance_id)
                request = request_in(self._lexicon, WordsHeard(utterance, value.engine, value.words))
                if request is not None:
                    yield from self._obey(request, None if self._is_alone else utterance.speaker)
            case TranscriptionFailed(utterance_id):
                del self._asked[utterance_id]
            case Pressed(request):
                yield from self._obey(request, None)

    def _obey(self, request: Request, speaker: Speaker | None) -> Iterator[Output]:
        """Do what is asked for; `speaker` is `None` for a key, or one alone, who needs no farewell to both.

        To close what has not begun is to end it.
        """
        if request is Request.SKIP:
            yield from self._skip()
        elif request is Request.STANDING:
            self._reply(Reply(f"{REPLY}not_begun", self._lexicon.opening["not_begun"][0]))
        else:
            wanted = Request.STOP if request is Request.CLOSE else request
            yield from self._carry_out(self._host.observe(RequestHeard(wanted, speaker, self._now), self._now))
        yield from self._go_on()

    def _skip(self) -> Iterator[Output]:
        """Leave the present step of the script."""
        if self._step is not None:
            self._step.is_skipped = True
        if self._saying is not None and not self._saying.is_reply:
            yield from self._break_off()

    def _carry_out(self, wishes: Iterable[Wish]) -> Iterator[Output]:
        """Do what the host wants."""
        for wish in wishes:
            match wish:
                case Reply():
                    self._reply(wish)
                case Hush():
                    self._held_until = wish.until
                    yield from self._break_off()
                case _:
                    self.is_over |= isinstance(wish, EndTalk)
                    self.voice = wish if isinstance(wish, ChangeVoice) else self.voice
                    yield wish
                    if isinstance(wish, Resume):
                        self._listen()

    def _reply(self, reply: Reply) -> None:
        """Answer as soon as may be, in place of an older answer of its kind."""
        self._replies = [*(waiting for waiting in self._replies if waiting.rule != reply.rule), reply]

    def _hear(self, block: AudioBlock) -> Iterator[Output]:
        self._now = block.start_sample + len(block.samples)
        yield from self._carry_out(self._host.tick(self._now, self._now))
        saying, step = self._saying, self._step
        if saying is not None:
            if self._now - saying.cue.decided_sample > _SENTENCE_SAMPLES:
                yield from self._settle(saying, CueOutcome.FAILED, self._now)
        elif isinstance(step, Turn) and not self.is_paused and block.start_sample >= self._deaf_until:
            samples = mono(block.samples)
            self._history.append(samples)
            self._learner.hear(samples)
            yield from self._request()
            if self._has_spoken(step.person):
                self._step = None
        yield from self._go_on()

    def _has_spoken(self, person: Speaker) -> bool:
        """Whether the one who was asked is done, or does not speak."""
        options, speech, quiet = self._options, self._learner.speech_seconds, self._learner.quiet_seconds
        if person not in PEOPLE:  # what was said is known by then, or its words come too slowly to be waited for
            needed = options.early_pause_seconds if self._asked else options.breath_seconds
            return quiet >= needed or self._now - self._since >= to_samples(options.patience_seconds)
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

    @property
    def _is_spoken_to(self) -> bool:
        """Whether somebody speaks at this moment."""
        is_heard = isinstance(self._step, Turn) and not self.is_paused and self._learner.last_stretch_seconds > 0
        return is_heard and self._learner.quiet_seconds < _REPLY_PAUSE_SECONDS

    def _go_on(self) -> Iterator[Output]:
        """Give the answer that waits, or take the next step of the script, if this is the moment for it."""
        if self.is_over or self._saying is not None:
            return
        if self._replies:
            if not self._is_spoken_to:
                reply = self._replies.pop(0)
                yield from self._say(reply.rule, reply.text, is_reply=True)
            return
        if self.is_paused or self._now < self._held_until:
            return
        if self._step is None or self._step.is_skipped:
            self._step = next(self._script.steps, None)
            self._listen()
        if self._step is None:
            self.is_over = True
            yield EndTalk()
        elif isinstance(self._step, Sentence):
            yield from self._say("opening", self._step.text, is_reply=False)

    def _say(self, rule: str, text: str, *, is_reply: bool) -> Iterator[Output]:
        cue = Cue(next(self._ids), rule, text, None, self._now, self._now + _SENTENCE_SAMPLES, ())
        self._saying = _Saying(cue, is_reply)
        yield Say(cue)

    def _break_off(self) -> Iterator[Output]:
        if self._saying is not None and not self._saying.is_stopped:
            self._saying.is_stopped = True
            yield StopSaying(self._saying.cue.cue_id)

    def _settle(self, saying: _Saying, outcome: CueOutcome, at_sample: int) -> Iterator[Output]:
        """What was being said is over."""
        self._saying, self._deaf_until = None, at_sample + _TAIL_SAMPLES
        settled = CueSettled(saying.cue, outcome, None, at_sample)
        yield settled
        yield from self._carry_out(self._host.observe(settled, self._now))
        if not saying.is_reply and not (saying.is_stopped and outcome is CueOutcome.YIELDED):
            self._step = None
        self._listen()
        yield from self._go_on()

    def _listen(self) -> None:
        """Listen to whoever is to speak; who was interrupted by an answer or a pause has all the time again."""
        if isinstance(self._step, Turn):
            self._since = self._now
            self._learner.begin(self._step.person)
