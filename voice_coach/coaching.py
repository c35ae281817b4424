"""The coach: from evidence to a sentence at a pause, or to silence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count

from voice_coach.events import (
    Command,
    Cue,
    CueFinished,
    CueHeldBack,
    CueOutcome,
    CueSettled,
    CueStarted,
    Event,
    FloorTaken,
    OverlapReclassified,
    Prepare,
    Say,
    Speaker,
    StopSaying,
    WordsHeard,
)
from voice_coach.hosting import Hush, Reply
from voice_coach.lexicon import Lexicon
from voice_coach.options import Options, number
from voice_coach.restraint import Restraint, RestraintOptions
from voice_coach.rules import RULES, Proposal, RuleOptions, all_rules
from voice_coach.segment import to_samples
from voice_coach.sentences import last_words
from voice_coach.wordings import Wordings


@dataclass(frozen=True, slots=True)
class CoachingOptions(Options):
    """Options of the coach.

    A sentence stops at any speech but what is heard only in its first `grace_seconds`: a breath, the end of a noise. To
    wait until it is sure that somebody speaks on would take longer than the 0.3 s in which it has to fall silent.
    `own_words` are read back at most. A reply was asked for, so a shorter silence does; where there is none for
    `reply_patience_seconds`, it is shown.
    """

    grace_seconds: float = number(0.2, 0.05, 2.0, "s")
    reply_pause_seconds: float = number(0.3, 0.0, 2.0, "s")
    reply_patience_seconds: float = number(6.0, 1.0, 30.0, "s")
    own_words: int = number(5, 2, 5, "words")
    rules: RuleOptions = field(default_factory=RuleOptions)
    restraint: RestraintOptions = field(default_factory=RestraintOptions)


@dataclass(slots=True)
class _Pending:
    """A proposal that waits: `objection` is why it may not be said, `allowed_since` when there was none.

    `prepared` is the sentence with a person's own words that was asked to be ready.
    """

    proposal: Proposal
    objection: str | None = None
    allowed_since: int | None = None
    prepared: str | None = None


@dataclass(slots=True)
class _Saying:
    """The cue that is being said."""

    cue: Cue
    started: int | None = None
    in_microphone: bool = False
    stopped: bool = False


@dataclass(slots=True)
class _Waiting:
    """A reply that waits for its moment."""

    reply: Reply
    since: int


class Coach:
    """Decides what to say, and when.

    Parameters
    ----------
    lexicon : wordings of each rule.
    names : what the two people are called.
    """

    def __init__(self, lexicon: Lexicon, names: Mapping[Speaker, str], options: CoachingOptions) -> None:
        self._lexicon, self._options = lexicon, options
        self._wordings = Wordings(lexicon, names)
        self._rules = all_rules(options.rules)
        self._restraint = Restraint(options.restraint)
        self._pending: list[_Pending] = []
        self._replies: list[_Waiting] = []
        self._hush = Hush("", 0)
        self._saying: _Saying | None = None
        self._last_words: dict[Speaker, WordsHeard] = {}
        self._cue_ids = count()
        self._is_over = False

    def speak_in(self, lexicon: Lexicon) -> None:
        """From now on, say things in another language."""
        self._lexicon = lexicon
        self._wordings.speak_in(lexicon)

    def observe(self, event: Event, now: int) -> Iterator[Event]:
        """Take what happened."""
        self._restraint.observe(event)
        if isinstance(event, WordsHeard) and event.doubtful is None and event.utterance.sure and event.words:
            self._last_words[event.utterance.speaker] = event
        yield from self._reconsider(event, now)
        for rule in self._rules:
            yield from self._propose(rule.observe(event, now), now)

    def reply(self, reply: Reply, now: int) -> None:
        """Say something that was asked for, in place of an older reply of its kind."""
        self._replies = [waiting for waiting in self._replies if waiting.reply.rule != reply.rule]
        self._replies.append(_Waiting(reply, now))

    def hush(self, hush: Hush, now: int) -> Iterator[Event | Command]:
        """Keep what waits to be said, break off what is being said, and propose nothing for a while."""
        self._hush = hush
        if not hush.until:
            return
        for pending in tuple(self._pending):
            yield self._drop(pending, hush.reason, now)
        yield from self._stop()

    def process(
        self, now: int, last_speech_sample: int, written_sample: int, *, paused: bool = False
    ) -> Iterator[Event | Command]:
        """What there is to say or to stop at sample `now`.

        Speech was last heard at `last_speech_sample`; up to `written_sample`, all that is to be written down has been.
        While `paused`, nobody is heard, and only replies are said.
        """
        for rule in self._rules:
            yield from self._propose(rule.tick(now), now)
        yield from self._yield_floor(now, last_speech_sample)
        yield from self._expire(now)
        if self._saying is None:
            yield from self._answer(now, now - last_speech_sample, paused=paused)
        if self._saying is not None or paused:
            return
        pause = self._restraint.is_pause(now, last_speech_sample, written_sample)
        for pending in self._pending:
            pending.objection = self._objection(pending.proposal.named, now)
            if pending.objection is None:
                pending.allowed_since = pending.allowed_since or now
            yield from self._prepare(pending)
        ready = [pending for pending in self._pending if pending.objection is None]
        if pause and ready:
            yield from self._say(min(ready, key=lambda pending: RULES.index(pending.proposal.rule)), now)

    def take(self, result: CueStarted | CueFinished) -> Iterator[Event]:
        """Take what became of the cue."""
        saying = self._saying
        if saying is None or saying.cue.cue_id != result.cue_id:
            return
        if isinstance(result, CueStarted):
            saying.started, saying.in_microphone = result.at_sample, result.in_microphone
            return
        self._saying = None
        finished = result.at_sample if saying.started is not None else None
        yield CueSettled(saying.cue, result.outcome, saying.started, finished)

    def finish(self, now: int) -> Iterator[Event]:
        """The talk is over: what is pending stays unsaid."""
        self._is_over = True
        for pending in tuple(self._pending):
            yield self._drop(pending, "the talk was over", now)

    def spoken_over(self, cue_id: int) -> Iterator[Command]:
        """Somebody speaks over the sentence that is being said."""
        if self._saying is not None and self._saying.cue.cue_id == cue_id:
            yield from self._stop()

    def _objection(self, named: Speaker | None, now: int) -> str | None:
        return self._hush.reason if now < self._hush.until else self._restraint.objection(named, now)

    def _answer(self, now: int, quiet: int, *, paused: bool) -> Iterator[Event | Command]:
        """Give the reply that has waited longest, if this is the moment for it; patient ones let others go first."""
        waiting = min(self._replies, key=lambda waiting: waiting.reply.patient, default=None)
        if waiting is None:
            return
        patient = waiting.reply.patient
        needed = self._restraint.pause_samples if patient else to_samples(self._options.reply_pause_seconds)
        expires = now + to_samples(self._options.reply_patience_seconds)
        cue = Cue(next(self._cue_ids), waiting.reply.rule, waiting.reply.text, None, now, expires, ())
        if (paused and not patient) or quiet >= needed:
            self._replies.remove(waiting)
            self._restraint.note_reply(now)
            self._saying = _Saying(cue)
            yield Say(cue)
        elif not patient and now - waiting.since >= to_samples(self._options.reply_patience_seconds):
            self._replies.remove(waiting)
            yield CueSettled(cue, CueOutcome.SHOWN, None, None)

    def _propose(self, proposals: Iterator[Proposal], now: int) -> Iterator[Event]:
        for proposal in proposals:
            pending = _Pending(proposal)
            repeated = any(p.proposal.rule == proposal.rule for p in self._pending)
            self._pending.append(pending)
            if self._is_over:  # words come late
                yield self._drop(pending, "the talk was over", now)
            elif now < self._hush.until:
                yield self._drop(pending, self._hush.reason, now)
            elif repeated:
                yield self._drop(pending, "the same was waiting to be said", now)

    def _reconsider(self, event: Event, now: int) -> Iterator[Event]:
        """Drop what an event makes needless."""
        for pending in tuple(self._pending):
            if isinstance(event, FloorTaken) and pending.proposal.moot_if_floor is event.speaker:
                yield self._drop(pending, "it came about by itself", now)
            elif isinstance(event, OverlapReclassified):
                left = pending.proposal.without(event.overlap_id)
                if left is None:
                    yield self._drop(pending, "words showed it in another light", now)
                else:
                    pending.proposal = left

    def _expire(self, now: int) -> Iterator[Event]:
        for pending in [p for p in self._pending if p.proposal.expires_sample <= now]:
            if pending.allowed_since is not None and pending.objection is None:
                self._pending.remove(pending)
                cue = self._cue(pending.proposal, pending.allowed_since)
                yield CueSettled(cue, CueOutcome.EXPIRED, None, None)
            else:
                yield self._drop(pending, pending.objection or "something else was being said", now)

    def _drop(self, pending: _Pending, reason: str, now: int) -> CueHeldBack:
        """Give up what is pending; the review learns why."""
        self._pending = [other for other in self._pending if other is not pending]
        return CueHeldBack(pending.proposal.rule, reason, now, pending.proposal.evidence)

    def _say(self, pending: _Pending, now: int) -> Iterator[Event | Command]:
        cue = self._cue(pending.proposal, now)
        self._restraint.note_said(cue.named, now)
        self._saying = _Saying(cue)
        self._pending.remove(pending)
        for other in tuple(self._pending):
            yield self._drop(other, other.objection or "something else was said at this pause", now)
        for rule in self._rules:
            rule.start_anew(now)
        yield Say(cue)

    def _yield_floor(self, now: int, last_speech_sample: int) -> Iterator[Command]:
        """Stop when somebody speaks over a sentence that the microphone does not hear itself."""
        saying = self._saying
        if saying is None or saying.started is None or saying.in_microphone or saying.stopped:
            return
        since = saying.started + to_samples(self._options.grace_seconds)
        if now > since and last_speech_sample > since:
            yield from self._stop()

    def _stop(self) -> Iterator[Command]:
        """Break off what is being said."""
        if self._saying is not None and not self._saying.stopped:
            self._saying.stopped = True
            yield StopSaying(self._saying.cue.cue_id)

    def _prepare(self, pending: _Pending) -> Iterator[Command]:
        """Have a sentence with somebody's own words ready; all others are known from the beginning."""
        words = self._own_words(pending.proposal)
        text = None if words is None else self._wordings.next(pending.proposal.rule, pending.proposal.named, words)
        if text is not None and text != pending.prepared:
            pending.prepared = text
            yield Prepare((text,))

    def _cue(self, proposal: Proposal, now: int) -> Cue:
        words = self._own_words(proposal)
        text = self._wordings.take(proposal.rule, proposal.named, words)
        return Cue(
            next(self._cue_ids), proposal.rule, text, proposal.named, now, proposal.expires_sample, proposal.evidence
        )

    def _own_words(self, proposal: Proposal) -> str | None:
        """A few of the last words of the one who was cut off, where there are any fit to be read back."""
        heard = self._last_words.get(proposal.named) if proposal.named is not None else None
        if heard is None or proposal.rule != "floor_back":
            return None
        cut = proposal.evidence[-1].segment
        if not cut.start <= heard.utterance.segment.end <= cut.end + to_samples(1.0):
            return None
        return last_words(self._lexicon, _text_before(heard, cut.start), self._options.own_words)


def _text_before(heard: WordsHeard, sample: int) -> str:
    """Words that ended before a sample: what follows was spoken by two at once, and is often misheard.

    Words without times are taken to be spread evenly over their utterance.
    """
    segment, count = heard.utterance.segment, len(heard.words)
    ends = [
        word.segment.end if word.segment is not None else segment.start + (place + 1) * segment.samples // count
        for place, word in enumerate(heard.words)
    ]
    return " ".join(word.text for word, end in zip(heard.words, ends, strict=True) if end <= sample)
