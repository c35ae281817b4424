"""Rules of the coach: each gathers evidence of one kind until it is worth a sentence.

A rule proposes; whether and when anything is said is for `restraint` to decide. Evidence always adds up over several
events, because a share of them is misread: one misread backchannel must never lead to a word.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol

from voice_coach.events import (
    PEOPLE,
    SHARP,
    Event,
    Evidence,
    FloorTaken,
    InterPausalUnit,
    Overlap,
    OverlapHeard,
    OverlapKind,
    OverlapReclassified,
    PhraseFound,
    Speaker,
    TurnEnded,
    UnitEnded,
    VoiceRaised,
)
from voice_coach.options import Options, number
from voice_coach.segment import Segment, to_samples, to_seconds


@dataclass(frozen=True, slots=True)
class RuleOptions(Options):
    """How much evidence a rule needs.

    Three interruptions by one person in two minutes give 0.1 to 0.7 false prompts an hour where 1 to 2 % of
    backchannels are misread (computed for 1000 an hour). A hold of 2.5 minutes is the usual advice against monologues,
    60 to 70 % over 2.5 to 5 minutes the usual measure of dominance; ours is stricter on both sides of doubt.
    """

    interruptions: int = number(3, 2, 10)
    interruptions_within_seconds: float = number(120.0, 30.0, 600.0, "s")
    interruption_confidence: float = number(0.75, 0.0, 1.0)
    hold_seconds: float = number(150.0, 60.0, 900.0, "s")
    hold_break_seconds: float = number(1.5, 0.3, 10.0, "s of speech")
    hold_again_seconds: float = number(60.0, 20.0, 600.0, "s")
    balance_share: float = number(0.75, 0.55, 1.0)
    balance_window_seconds: float = number(300.0, 120.0, 1800.0, "s")
    balance_talk_seconds: float = number(120.0, 30.0, 900.0, "s of talk")
    balance_again_seconds: float = number(120.0, 30.0, 900.0, "s")
    raised_stretches: int = number(2, 1, 10)
    raised_within_seconds: float = number(60.0, 10.0, 300.0, "s")
    sharp_phrases: int = number(3, 2, 20)
    sharp_within_seconds: float = number(90.0, 20.0, 600.0, "s")
    patience_seconds: float = number(20.0, 5.0, 120.0, "s")


@dataclass(frozen=True, slots=True)
class Proposal:
    """Something that might be said.

    It expires unsaid; and it is dropped when `moot_if_floor` takes the floor, because then it happened by itself.
    Where evidence are overlaps, `overlap_ids` names them in the same order, and it takes `least` of them.
    """

    rule: str
    due_sample: int
    expires_sample: int
    evidence: tuple[Evidence, ...]
    named: Speaker | None = None
    moot_if_floor: Speaker | None = None
    overlap_ids: tuple[int, ...] = ()
    least: int = 0

    def without(self, overlap_id: int) -> Proposal | None:
        """The same without an overlap that words showed in another light; `None` if too little is left."""
        kept = [place for place, own in enumerate(self.overlap_ids) if own != overlap_id]
        if len(kept) == len(self.overlap_ids):
            return self
        if len(kept) < self.least:
            return None
        return replace(
            self,
            evidence=tuple(self.evidence[place] for place in kept),
            overlap_ids=tuple(self.overlap_ids[place] for place in kept),
        )


class Rule(Protocol):
    """One kind of evidence."""

    def observe(self, event: Event, now: int) -> Iterator[Proposal]:
        """Proposals that an event completes, at sample `now`."""
        ...

    def tick(self, now: int) -> Iterator[Proposal]:
        """Proposals that time alone completes."""
        ...

    def start_anew(self, now: int) -> None:
        """Forget all evidence: something was said, and deserves its time to work."""
        ...


class _Quiet:
    """What rules share that wait for events only."""

    def tick(self, now: int) -> Iterator[Proposal]:
        """Nothing is due by time alone."""
        del now
        return iter(())


class Interruptions(_Quiet):
    """One person's interruptions add up: give the floor back to whom they cut off, or remind both."""

    def __init__(self, options: RuleOptions) -> None:
        self._options = options
        self._overlaps: deque[Overlap] = deque()

    def observe(self, event: Event, now: int) -> Iterator[Proposal]:
        """Count interruptions; one that words show to be something else no longer counts."""
        if isinstance(event, OverlapReclassified):
            self._overlaps = deque(o for o in self._overlaps if o.overlap_id != event.overlap_id)
        if not isinstance(event, OverlapHeard) or event.overlap.kind is not OverlapKind.INTERRUPTION:
            return
        overlap = event.overlap
        if overlap.confidence < self._options.interruption_confidence:
            return
        self._overlaps.append(overlap)
        oldest = overlap.segment.start - to_samples(self._options.interruptions_within_seconds)
        own = [o for o in self._overlaps if o.by is overlap.by and o.segment.start >= oldest]
        if len(own) < self._options.interruptions:
            return
        evidence = tuple(
            Evidence(f"began to speak {o.segment.seconds:.1f} s before the other stopped", o.by, o.segment) for o in own
        )
        expires, ids = now + to_samples(self._options.patience_seconds), tuple(o.overlap_id for o in own)
        both = Proposal("interruptions", now, expires, evidence, overlap_ids=ids, least=self._options.interruptions)
        yield replace(both, rule="floor_back", named=overlap.of, moot_if_floor=overlap.of)
        yield both

    def start_anew(self, now: int) -> None:
        """Forget all evidence."""
        del now
        self._overlaps.clear()


@dataclass(slots=True)
class _Held:
    """A hold of the floor, and the length in samples at which it has lasted too long."""

    speaker: Speaker
    since: int
    too_long: int


class LongHold:
    """One voice holds the floor too long: invite the other to say what they heard.

    A word or two of the other in a pause do not break a hold, whatever `turns` makes of them; a silence that both keep
    does. While it is not sure whose voice it is, the clock of the hold stands still.
    """

    def __init__(self, options: RuleOptions) -> None:
        self._options = options
        self._held: _Held | None = None
        self._before: _Held | None = None  # the other's hold, which this one breaks if it is more than a word or two
        self._is_held = False
        self._unsure: list[InterPausalUnit] = []

    def observe(self, event: Event, now: int) -> Iterator[Proposal]:
        """Follow the floor."""
        del now
        if isinstance(event, FloorTaken):
            self._is_held = True
            self._take(event)
        elif isinstance(event, TurnEnded):
            self._is_held = False
            if event.turn.speech_samples >= to_samples(self._options.hold_break_seconds):
                self._before = None
        elif isinstance(event, UnitEnded) and event.unit.speaker in PEOPLE and not event.unit.sure:
            self._unsure.append(event.unit)
        return iter(())

    def _take(self, event: FloorTaken) -> None:
        """Begin a hold, or go on with the one that a word or two of the other did not break."""
        if event.offset is None:  # after a silence that both kept, nobody goes on
            self._held = self._before = None
        if self._before is not None and self._before.speaker is event.speaker:
            self._held, self._before = self._before, None
            return
        self._before = self._held if self._held and self._held.speaker is not event.speaker else None
        self._held = _Held(event.speaker, event.at_sample, to_samples(self._options.hold_seconds))
        oldest = (self._before or self._held).since
        self._unsure = [unit for unit in self._unsure if unit.segment.start >= oldest]

    def _length(self, held: _Held, now: int) -> int:
        """How long a hold has surely lasted, in samples."""
        own = (u.segment for u in self._unsure if u.speaker is held.speaker and u.segment.start >= held.since)
        return now - held.since - sum(segment.samples for segment in own)

    def tick(self, now: int) -> Iterator[Proposal]:
        """A hold grows with time alone."""
        held = self._held
        if held is None or not self._is_held or (length := self._length(held, now)) < held.too_long:
            return
        held.too_long = length + to_samples(self._options.hold_again_seconds)
        minutes, seconds = divmod(round(to_seconds(length)), 60)
        what = f"held the floor for {minutes} min {seconds} s"
        evidence = (Evidence(what, held.speaker, Segment(held.since, now)),)
        listener = held.speaker.other
        expires = now + to_samples(self._options.patience_seconds)
        yield Proposal("reflect_back", now, expires, evidence, listener, moot_if_floor=listener)

    def start_anew(self, now: int) -> None:
        """A hold that goes on after a prompt is a new one."""
        for held in (self._held, self._before):
            if held is not None:
                held.too_long = max(held.too_long, self._length(held, now) + to_samples(self._options.hold_seconds))


class Balance:
    """Over a window, not over the whole talk, one person has nearly all of it: invite the other.

    Talk that is not surely theirs counts as the other's, so that their share is never overstated.
    """

    def __init__(self, options: RuleOptions) -> None:
        self._options = options
        self._units: deque[InterPausalUnit] = deque()
        self._since = 0
        self._not_before = 0

    def observe(self, event: Event, now: int) -> Iterator[Proposal]:
        """Collect talk."""
        del now
        if isinstance(event, UnitEnded) and event.unit.speaker in PEOPLE:
            self._units.append(event.unit)
        return iter(())

    def tick(self, now: int) -> Iterator[Proposal]:
        """Weigh the window that ends now."""
        start = now - to_samples(self._options.balance_window_seconds)
        while self._units and self._units[0].segment.end < start:
            self._units.popleft()
        if start < self._since or now < self._not_before:
            return
        total = sum(u.segment.seconds for u in self._units)
        sure = {p: sum(u.segment.seconds for u in self._units if u.sure and u.speaker is p) for p in PEOPLE}
        louder = max(PEOPLE, key=lambda person: sure[person])
        if total < self._options.balance_talk_seconds or sure[louder] < self._options.balance_share * total:
            return
        self._not_before = now + to_samples(self._options.balance_again_seconds)
        least = "" if all(unit.sure for unit in self._units) else "at least "
        share, window = round(100 * sure[louder] / total), round(to_seconds(now - start) / 60)
        what = f"had {least}{share} % of what was said in the last {window} minutes"
        evidence = (Evidence(what, louder, Segment(max(0, start), now)),)
        expires = now + to_samples(self._options.patience_seconds)
        yield Proposal("balance", now, expires, evidence, louder.other, moot_if_floor=louder.other)

    def start_anew(self, now: int) -> None:
        """Only talk after a prompt counts for the next."""
        self._since = now
        self._units.clear()


class RaisedVoices(_Quiet):
    """Voices rise or speed up, either or both: slow down together."""

    def __init__(self, options: RuleOptions) -> None:
        self._options = options
        self._raised: deque[VoiceRaised] = deque()

    def observe(self, event: Event, now: int) -> Iterator[Proposal]:
        """Collect raised stretches."""
        if not isinstance(event, VoiceRaised):
            return
        self._raised.append(event)
        oldest = event.segment.end - to_samples(self._options.raised_within_seconds)
        while self._raised[0].segment.end < oldest:
            self._raised.popleft()
        if len(self._raised) < self._options.raised_stretches:
            return
        evidence = tuple(Evidence(_compared(raised), raised.speaker, raised.segment) for raised in self._raised)
        self._raised.clear()
        yield Proposal("slow_down", now, now + to_samples(self._options.patience_seconds), evidence)

    def start_anew(self, now: int) -> None:
        """Forget all evidence."""
        del now
        self._raised.clear()


def _compared(raised: VoiceRaised) -> str:
    """How a voice stood out, for people."""
    parts = []
    if raised.level_db is not None:
        parts.append(f"{raised.level_db:.0f} dB louder")
    if raised.pitch_ratio is not None and raised.pitch_ratio > 1:
        parts.append(f"{100 * (raised.pitch_ratio - 1):.0f} % higher")
    if raised.rate_ratio is not None and raised.rate_ratio > 1:
        parts.append(f"{100 * (raised.rate_ratio - 1):.0f} % faster")
    return f"spoke {', '.join(parts)} than in calm minutes"


class SharpWords(_Quiet):
    """Sharp words of either or both add up: another way to say it."""

    def __init__(self, options: RuleOptions) -> None:
        self._options = options
        self._phrases: deque[PhraseFound] = deque()

    def observe(self, event: Event, now: int) -> Iterator[Proposal]:
        """Collect sharp phrases."""
        if not isinstance(event, PhraseFound) or event.phrase.kind not in SHARP:
            return
        self._phrases.append(event)
        oldest = event.phrase.at_sample - to_samples(self._options.sharp_within_seconds)
        while self._phrases[0].phrase.at_sample < oldest:
            self._phrases.popleft()
        if len(self._phrases) < self._options.sharp_phrases:
            return
        found = [found.phrase for found in self._phrases]
        evidence = tuple(Evidence(f"“{p.match}”", p.speaker, Segment(p.at_sample, p.at_sample)) for p in found)
        self._phrases.clear()
        yield Proposal("sharp_words", now, now + to_samples(self._options.patience_seconds), evidence)

    def start_anew(self, now: int) -> None:
        """Forget all evidence."""
        del now
        self._phrases.clear()


RULES = ("floor_back", "interruptions", "sharp_words", "slow_down", "reflect_back", "balance")
"""What can be said, most urgent first."""


def all_rules(options: RuleOptions) -> tuple[Rule, ...]:
    """Every rule, without evidence."""
    return (
        Interruptions(options), SharpWords(options), RaisedVoices(options), LongHold(options), Balance(options),
    )  # fmt: skip
