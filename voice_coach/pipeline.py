"""The pipeline: a function of its inputs, and nothing else.

`feed` takes one value and yields what happened and what is to be done. There is no thread, queue, clock, file or device
here; the only clock is the number of samples consumed. Live, recorded and replayed talks differ in who carries out the
commands, and when the results come back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from voice_coach.acoustics import Floats, mono
from voice_coach.coaching import Coach, CoachingOptions
from voice_coach.events import (
    AudioBlock,
    AudioLost,
    CueFinished,
    CueStarted,
    Event,
    Input,
    InterPausalUnit,
    Output,
    Silence,
    Speaker,
    TalkEnded,
    Transcript,
    TranscriptionFailed,
    Utterance,
    WordsHeard,
    WordsMissing,
)
from voice_coach.framing import HOP, AudioHistory, Framer
from voice_coach.hearing import Hearing, HearingOptions
from voice_coach.interpretation import InterpretationOptions, Interpreter
from voice_coach.lexicon import Lexicon
from voice_coach.options import Options, number
from voice_coach.segment import Segment, to_samples
from voice_coach.transcription import TranscriptionOptions, UtteranceBuilder, doubt, request_words


@dataclass(frozen=True, slots=True)
class EchoOptions(Options):
    """What the microphone hears while a sentence is said belongs to the coach, and so does the room's tail after it.

    The deafness is a lease: it ends `longest_seconds` after the sentence began even if its end is never reported.
    """

    tail_seconds: float = number(0.4, 0.0, 2.0, "s")
    longest_seconds: float = number(12.0, 1.0, 60.0, "s")


@dataclass(frozen=True, slots=True)
class PipelineOptions(InterpretationOptions):
    """Options of all stages."""

    hearing: HearingOptions = field(default_factory=HearingOptions)
    transcription: TranscriptionOptions = field(default_factory=TranscriptionOptions)
    coaching: CoachingOptions = field(default_factory=CoachingOptions)
    echo: EchoOptions = field(default_factory=EchoOptions)


class _Echo:
    """When the stream is the coach's own voice."""

    def __init__(self, options: EchoOptions) -> None:
        self._options = options
        self._until = 0

    def take(self, result: CueStarted | CueFinished) -> None:
        """Begin or shorten the lease."""
        if isinstance(result, CueFinished):
            self._until = min(self._until, result.at_sample + to_samples(self._options.tail_seconds))
        elif result.in_microphone:
            self._until = result.at_sample + to_samples(self._options.longest_seconds)

    def muted(self, hop: Floats, start: int) -> Floats:
        """A hop without what is the coach's."""
        if start >= self._until:
            return hop
        heard = hop.copy()
        heard[: self._until - start] = 0.0
        return heard


class Pipeline:
    """All stages of a talk.

    Parameters
    ----------
    hearing : the stages of hearing, their engines already enrolled.
    lexicon : language data: what the lens looks for, and the coach's wordings.
    names : what the two people are called.
    with_words : whether utterances are to be written down.
    """

    def __init__(
        self,
        hearing: Hearing,
        lexicon: Lexicon,
        names: Mapping[Speaker, str],
        options: PipelineOptions,
        *,
        with_words: bool,
    ) -> None:
        self.names = names
        self._options, self._with_words = options, with_words
        self._framer, self._history = Framer(), AudioHistory()
        self._hearing = hearing
        self._interpreter = Interpreter(lexicon, options)
        self._utterances = UtteranceBuilder(options.transcription)
        self._coach = Coach(lexicon, names, options.coaching)
        self._echo = _Echo(options.echo)
        self._waiting: dict[int, Utterance] = {}
        self._now = 0
        self._is_over = False

    @property
    def now(self) -> int:
        """Samples processed so far."""
        return self._now

    @property
    def _written_sample(self) -> int:
        """Up to here, all that is to be written down has been."""
        if not self._with_words:
            return self._now
        waiting = (utterance.segment.start for utterance in self._waiting.values())
        return min([self._utterances.complete_sample, *waiting])

    def feed(self, value: Input) -> list[Output]:
        """Take one input; returns events and commands in the order in which they follow from it."""
        return list(self._feed(value))

    def finish(self) -> list[Output]:
        """The stream is over: decide what is left. Results of commands may still be fed."""
        return list(self._finish())

    def _feed(self, value: Input) -> Iterator[Output]:
        match value:
            case AudioBlock():
                if value.lost_samples:
                    lost = Segment(value.start_sample - value.lost_samples, value.start_sample)
                    yield from self._tell([AudioLost(lost)])
                for hop in self._framer.process(value):
                    yield from self._hop(hop)
            case Transcript() | TranscriptionFailed():
                yield from self._words(value)
            case CueStarted() | CueFinished():
                self._echo.take(value)
                yield from self._tell(self._coach.take(value))

    def _finish(self) -> Iterator[Output]:
        samples, lost = self._framer.samples, self._framer.lost_samples
        self._is_over = True
        for hop in self._framer.finish(self._hearing.delay_samples):
            yield from self._hop(hop)
        yield from self._heard(list(self._hearing.finish()), ())
        yield from self._tell(self._interpreter.finish())
        yield from self._transcribe(self._utterances.finish())
        yield from self._tell(self._coach.finish(samples))
        yield from self._tell([TalkEnded(samples, samples - lost)])

    def _hop(self, hop: Floats) -> Iterator[Output]:
        hop = self._echo.muted(hop, self._now)
        self._history.append(mono(hop))
        self._now += HOP
        heard = list(self._hearing.process(hop))
        yield from self._heard(heard, self._hearing.open_units)
        if not self._is_over:
            yield from self._coach.process(self._now, self._hearing.last_speech_sample, self._written_sample)

    def _heard(
        self, heard: list[InterPausalUnit | Silence], unfinished: tuple[InterPausalUnit, ...]
    ) -> Iterator[Output]:
        """Pass what was heard through the stages that live on it."""
        horizon = self._hearing.decided_sample
        yield from self._tell(self._interpreter.hear(heard, unfinished, horizon))
        ended = [unit for unit in heard if isinstance(unit, InterPausalUnit)]
        # Where the detector has heard nobody since, nothing can join on, and the words need not wait for attribution.
        quiet = self._hearing.last_speech_sample <= horizon
        yield from self._transcribe(self._utterances.process(ended, unfinished, self._now if quiet else horizon))

    def _tell(self, events: Iterable[Event]) -> Iterator[Event]:
        """Pass events on, and let the coach know."""
        for event in events:
            yield event
            yield from self._coach.observe(event, self._now)

    def _transcribe(self, utterances: Iterator[Utterance]) -> Iterator[Output]:
        if not self._with_words:
            return
        for utterance in utterances:
            self._waiting[utterance.utterance_id] = utterance
            yield request_words(utterance, self._history, self._options.transcription)

    def _words(self, result: Transcript | TranscriptionFailed) -> Iterator[Event]:
        """Take an engine's answer; one that was not asked for, or comes twice, is a bug of the runner."""
        utterance = self._waiting.pop(result.utterance_id)
        if isinstance(result, TranscriptionFailed):
            yield from self._tell([WordsMissing(utterance, result.reason)])
            return
        doubtful = doubt(result.words, utterance, self._options.transcription)
        words = WordsHeard(utterance, result.engine, result.words, doubtful)
        yield from self._tell(self._interpreter.read(words))
