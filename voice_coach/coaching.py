"""The coach: from evidence to a sentence at a pause, or to silence."""

from __future__ import annotations

from collections import Counter
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
    Say,
    Speaker,
    StopSaying,
    WordsHeard,
)
from voice_coach.lexicon import Lexicon
from voice_coach.options import Options, number
from voice_coach.restraint import Restraint, RestraintOptions
from voice_coach.rules import RULES, Proposal, RuleOptions, all_rules
from voice_coach.segment import to_samples
from voice_coach.sentences import last_words


@dataclass(frozen=True, slots=True)
class CoachingOptions(Options):
    """Options of the coach. `yield_seconds` of speech over a sentence end it; `own_words` are read back at most."""

    yield_seconds: float = number(0.2, 0.05, 2.0, "s")
    own_words: int = number(5, 2, 5, "words")
    rules: RuleOptions = field(default_factory=RuleOptions)
    restraint: RestraintOptions = field(default_factory=RestraintOptions)


@dataclass(slots=True)
class _Pending:
    """A proposal that waits: `objection` is why it may not be said, `allowed_since` when there was none."""

    proposal: Proposal
    objection: str | None = None
    allowed_since: int | None = None


@dataclass(slots=True)
class _Saying:
    """The cue that is being said."""

    cue: Cue
    started: int | None = None
    in_microphone: bool = False
    stopped: bool = False


class Coach:
    """Decides what to say, and when.

    Parameters
    ----------
    lexicon : wordings of each rule.
    names : what the two people are called.
    """

    def __init__(self, lexicon: Lexicon, names: Mapping[Speaker, str], options: CoachingOptions) -> None:
        self._lexicon, self._names, self._options = lexicon, names, options
        self._rules = all_rules(options.rules)
        self._restraint = Restraint(options.restraint)
        self._pending: list[_Pending] = []
        self._saying: _Saying | None = None
        self._used: Counter[tuple[str, bool]] = Counter()
        self._last_words: dict[Speaker, WordsHeard] = {}
        self._cue_ids = count()

    def observe(self, event: Event, now: int) -> None:
        """Take what happened."""
        self._restraint.observe(event)
        if isinstance(event, WordsHeard) and event.doubtful is None and event.words:
            self._last_words[event.utterance.speaker] = event
        if isinstance(event, FloorTaken):
            self._pending = [p for p in self._pending if p.proposal.moot_if_floor is not event.speaker]
        for rule in self._rules:
            self._propose(rule.observe(event, now))

    def process(self, now: int, last_speech_sample: int) -> Iterator[Event | Command]:
        """What there is to say or to stop at sample `now`, when speech was last heard at `last_speech_sample`."""
        for rule in self._rules:
            self._propose(rule.tick(now))
        yield from self._yield_floor(now, last_speech_sample)
        yield from self._expire(now)
        if self._saying is not None:
            return
        pause = self._restraint.is_pause(now, last_speech_sample)
        for pending in self._pending:
            pending.objection = self._restraint.objection(pending.proposal.named, now)
            if pending.objection is None:
                pending.allowed_since = pending.allowed_since or now
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
        for pending in self._pending:
            yield CueHeldBack(pending.proposal.rule, "the talk was over", now, pending.proposal.evidence)
        self._pending.clear()

    def _propose(self, proposals: Iterator[Proposal]) -> None:
        for proposal in proposals:
            same = [p for p in self._pending if p.proposal.rule == proposal.rule]
            if not same:
                self._pending.append(_Pending(proposal))

    def _expire(self, now: int) -> Iterator[Event]:
        for pending in [p for p in self._pending if p.proposal.expires_sample <= now]:
            self._pending.remove(pending)
            proposal = pending.proposal
            if pending.allowed_since is not None and pending.objection is None:
                cue = self._cue(proposal, pending.allowed_since)
                yield CueSettled(cue, CueOutcome.EXPIRED, None, None)
            else:
                reason = pending.objection or "something else was being said"
                yield CueHeldBack(proposal.rule, reason, now, proposal.evidence)

    def _say(self, pending: _Pending, now: int) -> Iterator[Command]:
        cue = self._cue(pending.proposal, now)
        self._restraint.note_said(cue.named, now)
        self._saying = _Saying(cue)
        self._pending.clear()
        for rule in self._rules:
            rule.start_anew(now)
        yield Say(cue)

    def _yield_floor(self, now: int, last_speech_sample: int) -> Iterator[Command]:
        """Stop when somebody speaks over a sentence that the microphone does not hear itself."""
        saying = self._saying
        if saying is None or saying.started is None or saying.in_microphone or saying.stopped:
            return
        since = saying.started + to_samples(self._options.yield_seconds)
        if now > since and last_speech_sample > since:
            saying.stopped = True
            yield StopSaying(saying.cue.cue_id)

    def _cue(self, proposal: Proposal, now: int) -> Cue:
        words = self._own_words(proposal)
        text = self._wording(proposal, words)
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

    def _wording(self, proposal: Proposal, words: str | None) -> str:
        """The next wording of a rule in turn, so that none comes twice in a row."""
        with_words = words is not None
        fitting = [text for text in self._lexicon.wordings[proposal.rule] if ("{words}" in text) is with_words]
        turn = self._used[proposal.rule, with_words]
        self._used[proposal.rule, with_words] += 1
        name = self._names[proposal.named] if proposal.named else ""
        other = self._names[proposal.named.other] if proposal.named else ""
        return fitting[turn % len(fitting)].format(name=name, other=other, words=words)


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
