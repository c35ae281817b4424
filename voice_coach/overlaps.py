"""What somebody's contribution beside the holder of the floor was, from units of speech alone.

It is sorted as soon as what follows has shown it:

==============  ========================================================================================
turn edge       begins at most 0.3 s before the holder stops, and takes over; more for a pair whose habit
                is to answer so early
backchannel     0.6 s or less, and the holder goes on: listening
cooperative     1.5 s or less, the holder stops for it and resumes within 1 s
failed bid      0.7 s or more, and the holder keeps the floor throughout
interruption    0.7 s or more, begun over 0.3 s before the holder stops, and clearly so; the holder stops
                within 1.5 s of its beginning, and the other then holds the floor for 2 s or more
contested       both for over 1.5 s, at 4 dB or more above what the two voices usually add up to
unclear         everything else: both beginning at once, and whatever it is not sure who said
==============  ========================================================================================

Whether a contribution was words of listening, or answered a question, is known only from words, which come later (see
`reclassification`). Whether the holder's phrase was unfinished is no part of an interruption: that they stop within a
moment of its beginning stands for it, as words can seldom tell.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from voice_coach.events import PEOPLE, InterPausalUnit, OverlapKind, Speaker
from voice_coach.options import Options, number
from voice_coach.segment import Segment, to_samples


@dataclass(frozen=True, slots=True)
class OverlapOptions(Options):
    """The working definitions of the table above.

    `joined_seconds` joins units of one speaker into one contribution. A room's tail makes the end of speech seem later
    than it is: only an overlap that is longer than an edge by `margin_seconds` can be an interruption. A pair's usual
    overlap counts as an edge, up to `habit_seconds`. Starting values of ours, drawn from the literature on turn-taking
    (gaps of 0.2 s, backchannels under 1 s); the margin is measured.
    """

    edge_seconds: float = number(0.3, 0.0, 2.0, "s")
    margin_seconds: float = number(0.1, 0.0, 1.0, "s")
    habit_seconds: float = number(0.5, 0.0, 2.0, "s")
    backchannel_seconds: float = number(0.6, 0.1, 2.0, "s")
    bid_seconds: float = number(0.7, 0.1, 3.0, "s")
    cooperative_seconds: float = number(1.5, 0.1, 5.0, "s")
    resume_seconds: float = number(1.0, 0.1, 5.0, "s")
    yield_seconds: float = number(1.5, 0.1, 5.0, "s")
    hold_seconds: float = number(2.0, 0.5, 10.0, "s")
    contest_seconds: float = number(1.5, 0.5, 10.0, "s")
    contest_rise_db: float = number(4.0, 0.0, 20.0, "dB")
    joined_seconds: float = number(0.5, 0.2, 2.0, "s")


@dataclass(slots=True, eq=False)
class Spurt:
    """A unit that may still go on; `open` until it is heard to its end."""

    unit: InterPausalUnit
    open: bool

    @property
    def start(self) -> int:
        """First sample."""
        return self.unit.segment.start

    @property
    def end(self) -> int:
        """Sample after the last, so far."""
        return self.unit.segment.end


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Spurts of one speaker joined over short pauses; `ended` once it is sure that nothing joins on."""

    speaker: Speaker
    segment: Segment
    ended: bool
    sure: bool
    confidence: float

    @property
    def start(self) -> int:
        return self.segment.start

    @property
    def end(self) -> int:
        return self.segment.end

    @property
    def samples(self) -> int:
        return self.segment.samples


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a contribution was, if it is worth noting, and whether it takes the floor.

    `settled` is a spurt of the holder that it was judged with, and that is still part of the holder's turn.
    """

    takes_floor: bool
    kind: OverlapKind | None = None
    segment: Segment | None = None
    confidence: float = 1.0
    settled: Spurt | None = None


def _noted(kind: OverlapKind, segment: Segment, *heard: _Stretch, takes_floor: bool = False) -> Verdict:
    """A verdict on stretches that were heard; unclear where it is not sure who spoke."""
    if not all(stretch.sure for stretch in heard):
        kind = OverlapKind.UNCLEAR
    return Verdict(takes_floor, kind, segment, min(stretch.confidence for stretch in heard))


class OverlapJudge:
    """Remembers the last spurts of both people, and sorts contributions."""

    def __init__(self, options: OverlapOptions) -> None:
        self._options = options
        self._spurts: dict[Speaker, list[Spurt]] = {person: [] for person in PEOPLE}
        self._levels_db: dict[Speaker, deque[float]] = {person: deque(maxlen=20) for person in PEOPLE}
        self._horizon = 0
        self._edge = self._samples("edge")

    def hear(self, unit: InterPausalUnit, *, is_open: bool) -> tuple[Spurt, bool]:
        """Take a unit as far as it goes; returns its spurt, and whether it is new."""
        if unit.delivery is not None:
            self._levels_db[unit.speaker].append(unit.delivery.level_db)
        spurts = self._spurts[unit.speaker]
        if spurts and spurts[-1].open:
            spurts[-1].unit, spurts[-1].open = unit, is_open
            return spurts[-1], False
        spurts.append(Spurt(unit, is_open))
        return spurts[-1], True

    @property
    def someone_speaks(self) -> bool:
        """Whether any spurt is open."""
        return any(spurts and spurts[-1].open for spurts in self._spurts.values())

    def learn_habit(self, overlap_samples: int | None) -> None:
        """Take how much the pair usually overlaps at changes of speaker, if it is known."""
        habit = min(overlap_samples or 0, self._samples("habit"))
        self._edge = max(self._samples("edge"), habit)

    def advance(self, horizon: int) -> None:
        """Set the sample up to which it is decided who speaks."""
        self._horizon = horizon

    def forget(self, before: int) -> None:
        """Let go of spurts that ended before a sample, but for the last of each person."""
        for spurts in self._spurts.values():
            while len(spurts) > 1 and spurts[0].end < before:
                spurts.pop(0)

    def judge(self, spurt: Spurt, holder_is: Speaker) -> Verdict | None:
        """What a spurt of the other person was; `None` while it is too early to say."""
        other = self._stretch(spurt)
        held = self._active(holder_is, spurt.start)
        if held is None:
            return self._judge_in_pause(other, holder_is)
        holder = self._stretch(held)
        if other.end <= holder.end:
            return self._judge_bid(other, holder) if other.ended else None
        return self._judge_takeover(spurt, other, holder) if holder.ended else None

    def _judge_in_pause(self, other: _Stretch, holder: Speaker) -> Verdict | None:
        """The other spoke while the holder paused: a word of listening, or the next turn."""
        if other.samples > self._samples("backchannel"):
            at_once = self._starting_with(holder, other.start)
            return Verdict(takes_floor=True) if at_once is None else self._judge_start(other, at_once)
        resumed = self._next_start(holder, other.start)
        waited = self._horizon - other.end > self._samples("resume")
        if not other.ended or (resumed is None and not waited):
            return None
        if resumed is None or resumed - other.end > self._samples("resume"):
            return Verdict(takes_floor=True)
        return _noted(OverlapKind.BACKCHANNEL, other.segment, other)

    def _judge_start(self, other: _Stretch, at_once: Spurt) -> Verdict | None:
        """After a pause of the holder both began at once: nobody interrupted, whoever stops first."""
        holder = self._stretch(at_once)
        if holder.samples <= self._samples("backchannel"):
            return Verdict(takes_floor=True) if holder.ended else None
        if not other.ended and not holder.ended:
            return None
        together = Segment(holder.start, min(other.end, holder.end))
        contested = together.samples > self._samples("contest") and self._risen(together)
        kind = OverlapKind.CONTESTED if contested else OverlapKind.UNCLEAR
        verdict = _noted(kind, together, other, holder, takes_floor=other.end > holder.end)
        return replace(verdict, settled=at_once) if verdict.takes_floor else verdict

    def _judge_bid(self, other: _Stretch, holder: _Stretch) -> Verdict:
        """The other spoke and was done while the holder went on."""
        if other.samples <= self._samples("backchannel"):
            kind = OverlapKind.BACKCHANNEL
        elif other.samples < self._samples("bid") or holder.end == other.end:
            kind = OverlapKind.UNCLEAR
        elif other.samples > self._samples("contest") and self._risen(other.segment):
            kind = OverlapKind.CONTESTED
        else:
            kind = OverlapKind.FAILED_BID
        return _noted(kind, other.segment, other, holder)

    def _judge_takeover(self, spurt: Spurt, other: _Stretch, holder: _Stretch) -> Verdict | None:
        """The holder stopped while the other went on."""
        together = Segment(other.start, holder.end)
        long = self._stretch(spurt, pause="resume")
        hold = long.end - holder.end >= self._samples("hold")
        resumed = self._next_start(holder.speaker, holder.end, longer_than="backchannel")
        if not hold and not long.ended and not (other.ended and resumed is not None):
            return None
        if resumed is None and self._is_starting(holder.speaker, holder.end):
            return None
        keeps = other.ended and resumed is not None and resumed - other.end <= self._samples("resume")
        if together.samples <= self._edge:
            if keeps and other.samples <= self._samples("backchannel"):
                return _noted(OverlapKind.BACKCHANNEL, other.segment, other, holder)
            return Verdict(True, OverlapKind.TURN_EDGE, together, min(other.confidence, holder.confidence))
        if keeps and other.samples <= self._samples("cooperative"):
            return _noted(OverlapKind.COOPERATIVE, other.segment, other, holder)
        hold = hold and (resumed is None or resumed - holder.end > self._samples("hold"))
        kind = OverlapKind.UNCLEAR
        if together.samples > self._samples("contest"):
            if self._risen(together):
                kind = OverlapKind.CONTESTED
        elif hold and other.samples >= self._samples("bid") and self._is_mid_turn(together):
            kind = OverlapKind.INTERRUPTION
        return _noted(kind, together, other, holder, takes_floor=hold or not keeps)

    def _is_mid_turn(self, together: Segment) -> bool:
        """Whether an overlap began clearly before the holder's end, and not too long before."""
        return self._edge + self._samples("margin") < together.samples <= self._samples("yield")

    def _stretch(self, spurt: Spurt, pause: str = "joined") -> _Stretch:
        """A spurt and those that join on to it over pauses of a named length."""
        joined = [spurt]
        for before, after in pairwise(self._spurts[spurt.unit.speaker]):
            if before is joined[-1] and after.start - before.end <= self._samples(pause):
                joined.append(after)
        last = joined[-1]
        longest = max(joined, key=lambda part: part.unit.segment.samples).unit
        ended = not last.open and self._horizon - last.end > self._samples(pause)
        segment = Segment(spurt.start, last.end)
        return _Stretch(spurt.unit.speaker, segment, ended, longest.sure, longest.confidence)

    def _active(self, speaker: Speaker, at: int) -> Spurt | None:
        """The spurt of a speaker that covers a sample."""
        for spurt in self._spurts[speaker]:
            if spurt.start <= at < spurt.end:
                return spurt
        return None

    def _starting_with(self, speaker: Speaker, start: int) -> Spurt | None:
        """What a speaker began to say hardly later than at a moment."""
        for spurt in self._spurts[speaker]:
            if start < spurt.start <= start + self._samples("edge"):
                return spurt
        return None

    def _next_start(self, speaker: Speaker, after: int, longer_than: str | None = None) -> int | None:
        """When a speaker next began to speak at or after a sample, for longer than a named length if one is given."""
        for spurt in self._spurts[speaker]:
            long = longer_than is None or self._stretch(spurt).samples > self._samples(longer_than)
            if spurt.start >= after and long:
                return spurt.start
        return None

    def _is_starting(self, speaker: Speaker, after: int) -> bool:
        """Whether a speaker has begun again so shortly ago that it may be a word of listening."""
        last = self._spurts[speaker][-1]
        return last.start >= after and not self._stretch(last).ended

    def _risen(self, together: Segment) -> bool:
        """Whether two voices at once were louder than the two usually add up to."""
        usual = [median(levels) for levels in self._levels_db.values() if levels]
        heard = [
            spurt.unit.overlap_level_db
            for spurts in self._spurts.values()
            for spurt in spurts
            if spurt.unit.overlap_level_db is not None and spurt.unit.segment.overlap(together)
        ]
        if len(usual) < len(PEOPLE) or not heard:
            return False
        expected = 10 * math.log10(sum(10 ** (level / 10) for level in usual))
        return max(heard) - expected >= self._options.contest_rise_db

    def _samples(self, name: str) -> int:
        """A length of the options in samples."""
        return to_samples(getattr(self._options, f"{name}_seconds"))
