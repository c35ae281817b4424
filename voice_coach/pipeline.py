"""The pipeline: a function of its inputs, and nothing else.

`feed` takes one value and yields what happened and what is to be done. There is no thread, queue, clock, file or device
here; the only clock is the number of samples consumed. Live, recorded and replayed talks differ in who carries out the
commands, and when the results come back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from voice_coach.acoustics import Floats, mono
from voice_coach.activity import Activity, ActivityOptions
from voice_coach.coaching import Coach, CoachingOptions
from voice_coach.echo import EchoGate, EchoOptions
from voice_coach.events import (
    AudioBlock,
    AudioLost,
    ChangeLanguage,
    ChangeVoice,
    CueFinished,
    CueOutcome,
    CueStarted,
    Event,
    Input,
    InterPausalUnit,
    LanguageHeard,
    Output,
    Prepare,
    Pressed,
    RequestHeard,
    Silence,
    Speaker,
    SpokenOver,
    TalkEnded,
    TalkReached,
    Transcript,
    TranscriptionFailed,
    Utterance,
    WordsHeard,
    WordsMissing,
)
from voice_coach.framing import HOP, AudioHistory, Framer
from voice_coach.gates import doubt, share_out, utterance_of
from voice_coach.hearing import Hearing, HearingOptions
from voice_coach.hosting import USUAL_VOICE, Host, HostOptions, Hush, Reply, Wish
from voice_coach.interpretation import InterpretationOptions, Interpreter
from voice_coach.lexicon import Languages
from voice_coach.requests import request_in
from voice_coach.segment import Segment, to_samples
from voice_coach.spoken_language import SpokenLanguage, SpokenLanguageOptions
from voice_coach.transcription import TranscriptionOptions, UtteranceBuilder, request_words
from voice_coach.wordings import Wordings

_BACKFILL_SECONDS = 1.0
_REACHED_HOPS = 5
"""How often it is told how far the talk has come: every 0.8 s, so that a killed program loses no more."""


@dataclass(frozen=True, slots=True)
class PipelineOptions(InterpretationOptions):
    """Options of all stages."""

    hearing: HearingOptions = field(default_factory=HearingOptions)
    transcription: TranscriptionOptions = field(default_factory=TranscriptionOptions)
    coaching: CoachingOptions = field(default_factory=CoachingOptions)
    host: HostOptions = field(default_factory=HostOptions)
    spoken_language: SpokenLanguageOptions = field(default_factory=SpokenLanguageOptions)
    echo: EchoOptions = field(default_factory=EchoOptions)
    activity: ActivityOptions = field(default_factory=ActivityOptions)


class _Backfill:
    """Where the turn of somebody who spoke over the coach began: before the microphone could be trusted again."""

    def __init__(self) -> None:
        self._since: int | None = None
        self._until = 0
        self._unit: tuple[Speaker, int] | None = None

    def take(self, result: CueStarted | CueFinished, deaf_until: int) -> None:
        """A sentence begins, and nobody has spoken over it; or it is over, and the deafness with it."""
        if isinstance(result, CueStarted):
            self._since = None
        elif result.outcome is CueOutcome.YIELDED:
            self._until = deaf_until + to_samples(_BACKFILL_SECONDS)
        else:  # said to its end after all: what was noticed may have been its own last sound
            self._since = None

    def begin(self, at_sample: int, deaf_until: int) -> None:
        """Somebody began to speak, over a sentence that makes deaf until a sample, or less."""
        self._since, self._until, self._unit = at_sample, deaf_until, None

    def apply(self, unit: InterPausalUnit) -> InterPausalUnit:
        """The first unit that begins where the deafness ended, from where it truly began; any other as it is."""
        start = unit.segment.start
        if self._since is None or not self._since <= start < self._until:
            return unit
        if self._unit is None:
            self._unit = unit.speaker, start
        if self._unit != (unit.speaker, start):
            return unit
        return replace(unit, segment=Segment(self._since, unit.segment.end))


class Pipeline:
    """All stages of a talk.

    Parameters
    ----------
    hearing : the stages of hearing, their engines already enrolled.
    languages : that of the talk, and which others it may turn out to be in: what the lens looks for, and wordings.
    names : what the two people are called.
    with_words : whether utterances are to be written down.
    voice : how people have asked the coach to sound before.
    """

    def __init__(  # noqa: PLR0913
        self,
        hearing: Hearing,
        languages: Languages,
        names: Mapping[Speaker, str],
        options: PipelineOptions,
        *,
        with_words: bool,
        voice: ChangeVoice = USUAL_VOICE,
    ) -> None:
        self.names = names
        self._options, self._with_words = options, with_words
        self._framer, self._history = Framer(), AudioHistory()
        lexicon = languages.first
        self._hearing, self._languages, self._lexicon = hearing, languages, lexicon
        self._language = SpokenLanguage(options.spoken_language)
        self._interpreter = Interpreter(lexicon, options)
        self._utterances = UtteranceBuilder(options.transcription, self._history.quietest)
        self._coach = Coach(lexicon, names, options.coaching)
        self._host = Host(lexicon, names, options.host, voice)
        self._echo, self._backfill = EchoGate(options.echo), _Backfill()
        self._activity = Activity(options.activity)
        self._gap: AudioLost | None = None
        self._deaf_until = 0
        self._waiting: dict[int, Utterance] = {}
        self._now = 0
        self._is_over = False

    @property
    def now(self) -> int:
        """Samples processed so far."""
        return self._now

    @property
    def is_paused(self) -> bool:
        """Whether nothing is to be captured, because somebody wished so."""
        return self._host.is_paused

    @property
    def _written_sample(self) -> int:
        """Up to here, all that is to be written down has been."""
        if not self._with_words:
            return self._now
        waiting = (utterance.segment.start for utterance in self._waiting.values())
        return min([self._utterances.complete_sample, *waiting])

    def known_sentences(self) -> tuple[str, ...]:
        """Every sentence that may be said and can be worded now, so that it can be rendered ahead."""
        return (*self._host.known_sentences(), *Wordings(self._lexicon, self.names).known())

    def feed(self, value: Input) -> list[Output]:
        """Take one input; returns events and commands in the order in which they follow from it."""
        return list(self._feed(value))

    def finish(self) -> list[Output]:
        """The stream is over: decide what is left. Results of commands may still be fed."""
        return list(self._finish())

    def _feed(self, value: Input) -> Iterator[Output]:
        match value:
            case AudioBlock():
                yield from self._lost(value)
                for hop in self._framer.process(value):
                    yield from self._hop(hop)
            case Transcript() | TranscriptionFailed():
                yield from self._words(value)
            case CueStarted() | CueFinished():
                self._echo.take(value)
                self._backfill.take(value, self._echo.until)
                yield from self._tell(self._coach.take(value))
            case SpokenOver(cue_id, at_sample):
                self._backfill.begin(at_sample, self._echo.until)
                yield from self._coach.spoken_over(cue_id)
            case Pressed(request):
                yield from self._tell([RequestHeard(request, None, self._now)])

    def _lost(self, block: AudioBlock) -> Iterator[Output]:
        """Follow gaps: one that goes on over several blocks is one."""
        gap = self._gap
        if gap is not None and not (block.lost_samples and block.lost_by == gap.reason):
            self._gap = None
            yield from self._tell([gap])
        if block.lost_samples:
            start = block.start_sample - block.lost_samples if self._gap is None else self._gap.segment.start
            self._deaf_until = block.start_sample
            self._gap = AudioLost(Segment(start, block.start_sample), block.lost_by)
            if len(block.samples):
                yield from self._tell([self._gap])
                self._gap = None

    def _finish(self) -> Iterator[Output]:
        samples, lost = self._framer.samples, self._framer.lost_samples
        self._is_over = True
        if self._gap is not None:
            yield from self._tell([self._gap])
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
        if self._is_over:
            return
        changed = self._activity.process(self._hearing.impression, self._hearing.detected_sample, self._now)
        yield from [] if changed is None else [changed]
        # What could not be heard is no silence: somebody may have spoken.
        deaf_until = min(max(self._deaf_until, self._echo.until), self._now)
        last_heard = max(self._hearing.last_speech_sample, deaf_until)
        yield from self._carry_out(self._host.tick(self._now, last_heard))
        yield from self._coach.process(self._now, last_heard, self._written_sample, paused=self._host.is_paused)
        if self._now // HOP % _REACHED_HOPS == 0:
            lost_since = None if self._gap is None else self._gap.segment.start
            yield TalkReached(self._now, self._hearing.open_units, lost_since)

    def _heard(
        self, heard: list[InterPausalUnit | Silence], unfinished: tuple[InterPausalUnit, ...]
    ) -> Iterator[Output]:
        """Pass what was heard through the stages that live on it."""
        unfinished = tuple(self._backfill.apply(unit) for unit in unfinished)
        heard = [self._backfill.apply(item) if isinstance(item, InterPausalUnit) else item for item in heard]
        horizon = self._hearing.decided_sample
        yield from self._tell(self._interpreter.hear(heard, unfinished, horizon))
        ended = [unit for unit in heard if isinstance(unit, InterPausalUnit)]
        # Where the detector has heard nobody since, nothing can join on, and the words need not wait for attribution.
        quiet = self._hearing.last_speech_sample <= horizon
        yield from self._transcribe(self._utterances.process(ended, unfinished, self._now if quiet else horizon))

    def _tell(self, events: Iterable[Event]) -> Iterator[Output]:
        """Pass events on, and let coach and host know."""
        for event in events:
            yield event
            yield from self._coach.observe(event, self._now)
            yield from self._carry_out(self._host.observe(event, self._now))

    def _carry_out(self, wishes: Iterable[Wish]) -> Iterator[Output]:
        """What the host wants the coach to do, and what it wants others to do."""
        for wish in wishes:
            match wish:
                case Reply():
                    yield Prepare((wish.text,))
                    self._coach.reply(wish, self._now)
                case Hush():
                    yield from self._coach.hush(wish, self._now)
                case _:
                    yield wish

    def _transcribe(self, utterances: Iterator[Utterance]) -> Iterator[Output]:
        if not self._with_words:
            return
        for built in utterances:
            audible = self._echo.audible(self._utterances.pieces(built))
            share = self._hearing.speech_share(audible) if audible else None
            utterance = replace(built, speech_share=share)
            self._waiting[utterance.utterance_id] = utterance
            yield request_words(utterance, self._history, self._options.transcription)

    def _turn_to(self, heard: LanguageHeard) -> Iterator[Output]:
        """Go on in the language that the talk turns out to be in, where it is one of those that are known."""
        yield from self._tell([heard])
        lexicon = self._languages.spoken([heard.language])
        if lexicon is self._lexicon:
            return
        self._lexicon = lexicon
        self._interpreter.read_in(lexicon)
        self._coach.speak_in(lexicon)
        self._host.speak_in(lexicon)
        yield ChangeLanguage(heard.language)
        yield Prepare(self.known_sentences())

    def _words(self, result: Transcript | TranscriptionFailed) -> Iterator[Output]:
        """Take an engine's answer; one that was not asked for, or comes twice, is a bug of the runner."""
        utterance = self._waiting.pop(result.utterance_id)
        if isinstance(result, TranscriptionFailed):
            yield from self._tell([WordsMissing(utterance, result.reason)])
            return
        language = self._language.take(result, utterance, self._now)
        if language is not None:
            yield from self._turn_to(language)
        doubtful = doubt(result, utterance, self._options.transcription)
        person, other = utterance.speaker, utterance.speaker.other
        spoken = self._utterances.spoken_by
        own, others = share_out(result.words, utterance, spoken(person), spoken(other))
        words = WordsHeard(utterance, result.engine, own, doubtful)
        yield from self._tell(self._interpreter.read(words))
        # What the other says in a pause is theirs, and is written down here if it is too short for its own utterance.
        others = tuple(w for w in others if w.segment and not self._utterances.writes(other, w.segment))
        if others and doubtful is None:
            theirs = WordsHeard(utterance_of(others, utterance, other), result.engine, others)
            yield from self._tell(self._interpreter.read(theirs))
        request = request_in(self._lexicon, words)
        if request is not None:
            yield from self._tell([RequestHeard(request, utterance.speaker, utterance.segment.end)])
