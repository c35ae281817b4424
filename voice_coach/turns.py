"""Turns and the floor: who holds it, who takes it, after what gap.

A turn is one person's hold of the floor, from the first to the last of its units; what the other says meanwhile is
sorted by `overlaps`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count

from voice_coach.events import (
    PEOPLE,
    FloorTaken,
    InterPausalUnit,
    Overlap,
    OverlapHeard,
    RhythmLearnt,
    Speaker,
    Turn,
    TurnEnded,
)
from voice_coach.options import Options, number
from voice_coach.overlaps import OverlapJudge, OverlapOptions, Spurt, Verdict
from voice_coach.rhythm import Rhythm, RhythmOptions
from voice_coach.segment import Segment, to_samples

TurnEvent = FloorTaken | TurnEnded | OverlapHeard | RhythmLearnt
_FOREVER = to_samples(3600)


@dataclass(frozen=True, slots=True)
class TurnOptions(Options):
    """After `lapse_seconds` of mutual silence a turn is over, and whoever speaks next follows nobody."""

    lapse_seconds: float = number(3.0, 1.0, 60.0, "s")
    overlaps: OverlapOptions = field(default_factory=OverlapOptions)
    rhythm: RhythmOptions = field(default_factory=RhythmOptions)


@dataclass(slots=True)
class _Hold:
    """The turn in progress."""

    speaker: Speaker
    start: int
    end: int
    offset: int | None
    speech: int = 0
    confidence: float = 0.0

    def add(self, unit: InterPausalUnit) -> None:
        self.end = max(self.end, unit.segment.end)
        self.speech += unit.segment.samples
        self.confidence += unit.confidence * unit.segment.samples


class TurnTracker:
    """Follows the floor."""

    def __init__(self, options: TurnOptions) -> None:
        self._lapse_samples = to_samples(options.lapse_seconds)
        self._judge = OverlapJudge(options.overlaps)
        self._rhythm = Rhythm(options.rhythm)
        self._undecided: list[Spurt] = []
        self._hold: _Hold | None = None
        self._last_end: int | None = None  # where the turn before ended, until a lapse
        self._horizon = 0
        self._turn_ids, self._overlap_ids = count(), count()

    def process(
        self, ended: Iterable[InterPausalUnit], unfinished: Iterable[InterPausalUnit], horizon: int
    ) -> Iterator[TurnEvent]:
        """What units show.

        Parameters
        ----------
        ended : units that have ended since the last call.
        unfinished : units that are open, as far as they go.
        horizon : sample up to which it is decided who speaks.
        """
        self._advance(horizon)
        for unit in ended:
            self._hear(unit, is_open=False)
        for unit in unfinished:
            self._hear(unit, is_open=True)
        yield from self._decide()
        yield from self._lapse()
        oldest = min((spurt.start for spurt in self._undecided), default=horizon)
        self._judge.forget(oldest - self._lapse_samples)

    def finish(self) -> Iterator[TurnEvent]:
        """Decide what is left: the stream is over, and silence follows it."""
        self._advance(self._horizon + _FOREVER)
        yield from self._decide()
        yield from self._end_turn()

    def _advance(self, horizon: int) -> None:
        self._horizon = horizon
        self._judge.advance(horizon)

    def _hear(self, unit: InterPausalUnit, *, is_open: bool) -> None:
        if unit.speaker not in PEOPLE:
            return
        spurt, is_new = self._judge.hear(unit, is_open=is_open)
        if is_new:
            self._undecided.append(spurt)
            self._undecided.sort(key=lambda other: other.start)
        elif not is_open and spurt not in self._undecided:
            self._count(spurt)

    def _count(self, spurt: Spurt) -> None:
        """Count a spurt that has ended in the turn it is part of."""
        hold = self._hold
        if hold is not None and hold.speaker is spurt.unit.speaker and spurt.start >= hold.start:
            hold.add(spurt.unit)

    def _decide(self) -> Iterator[TurnEvent]:
        while self._undecided:
            spurt, hold = self._undecided[0], self._hold
            verdict: Verdict | None = Verdict(takes_floor=hold is None)
            if hold is not None and spurt.unit.speaker is not hold.speaker:
                verdict = self._judge.judge(spurt, hold.speaker)
            if verdict is None:
                return
            self._undecided.pop(0)
            if verdict.settled in self._undecided:
                self._undecided.remove(verdict.settled)
                self._count(verdict.settled)
            yield from self._carry_out(spurt, verdict)

    def _carry_out(self, spurt: Spurt, verdict: Verdict) -> Iterator[TurnEvent]:
        speaker = spurt.unit.speaker
        if verdict.kind is not None and verdict.segment is not None:
            overlap = Overlap(
                next(self._overlap_ids), verdict.kind, speaker, speaker.other, verdict.segment, verdict.confidence
            )
            yield OverlapHeard(overlap)
        if verdict.takes_floor:
            last_end = self._hold.end if self._hold is not None else self._last_end
            yield from self._end_turn()
            offset = None if last_end is None else spurt.start - last_end
            self._hold = _Hold(speaker, spurt.start, spurt.end, offset)
            yield FloorTaken(speaker, spurt.start, offset)
            if not self._rhythm.known and self._rhythm.hear(offset):
                rhythm = RhythmLearnt(self._rhythm.gap_samples, self._rhythm.overlap_samples)
                self._judge.learn_habit(rhythm.overlap_samples)
                yield rhythm
        if not spurt.open:
            self._count(spurt)

    def _end_turn(self) -> Iterator[TurnEvent]:
        hold, self._hold = self._hold, None
        if hold is None or not hold.speech:
            return
        segment = Segment(hold.start, hold.end)
        confidence = hold.confidence / hold.speech
        self._last_end = hold.end
        yield TurnEnded(Turn(next(self._turn_ids), hold.speaker, segment, hold.speech, confidence, hold.offset))

    def _lapse(self) -> Iterator[TurnEvent]:
        """End the turn after a long mutual silence."""
        if self._judge.someone_speaks or self._undecided:
            return
        end = self._hold.end if self._hold is not None else self._last_end
        if end is not None and self._horizon - end > self._lapse_samples:
            yield from self._end_turn()
            self._last_end = None
