"""Events of a talk, sorted by what they tell: the first step from a journal to a report."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from voice_coach.events import (
    AudioLost,
    CueHeldBack,
    CueSettled,
    Event,
    FloorTaken,
    GainNoticed,
    InterPausalUnit,
    LanguageHeard,
    Overlap,
    OverlapHeard,
    OverlapReclassified,
    Phrase,
    PhraseFound,
    Request,
    RequestHeard,
    RhythmLearnt,
    TalkEnded,
    TalkReached,
    Turn,
    TurnEnded,
    UnitEnded,
    VoiceRaised,
    WordsHeard,
)
from voice_coach.segment import Segment


@dataclass(slots=True)
class Heard:
    """Events of a talk, sorted by what they tell."""

    heard_again: bool
    units: list[InterPausalUnit] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    overlaps: dict[int, Overlap] = field(default_factory=dict)
    phrases: list[Phrase] = field(default_factory=list)
    words: list[WordsHeard] = field(default_factory=list)
    raised: list[VoiceRaised] = field(default_factory=list)
    settled: list[CueSettled] = field(default_factory=list)
    held_back: list[CueHeldBack] = field(default_factory=list)
    lost: list[AudioLost] = field(default_factory=list)
    gain: GainNoticed | None = None
    language: LanguageHeard | None = None
    rhythm: RhythmLearnt | None = None
    requests: list[RequestHeard] = field(default_factory=list)
    floor: FloorTaken | None = None
    reached: TalkReached | None = None
    ended: TalkEnded | None = None

    def take(self, event: Event) -> None:
        """Sort in what was heard."""
        match event:
            case UnitEnded(unit):
                self.units.append(unit)
            case TurnEnded(turn):
                self.turns.append(turn)
                self.floor = None
            case FloorTaken():
                self.floor = event
            case OverlapHeard(overlap):
                self.overlaps[overlap.overlap_id] = overlap
            case OverlapReclassified(overlap_id, kind):
                self.overlaps[overlap_id] = replace(self.overlaps[overlap_id], kind=kind)
            case WordsHeard():
                self.words.append(event)
            case PhraseFound(phrase):
                self.phrases.append(phrase)
            case _:
                self._take_rest(event)

    def _take_rest(self, event: Event) -> None:
        match event:
            case VoiceRaised():
                self.raised.append(event)
            case CueSettled():
                self.settled.append(event)
            case CueHeldBack():
                self.held_back.append(event)
            case AudioLost():
                self.lost.append(event)
            case GainNoticed():
                self.gain = event
            case LanguageHeard():
                self.language = event
            case RhythmLearnt():
                self.rhythm = event
            case RequestHeard():
                self.requests.append(event)
            case TalkReached():
                self.reached = event
            case TalkEnded():
                self.ended = event
            case _:
                pass

    @property
    def closing_from(self) -> int | None:
        """Since when the two are closing; not if they then went on."""
        turning = [event for event in self.requests if event.request in {Request.CLOSE, Request.GO_ON}]
        return turning[-1].at_sample if turning and turning[-1].request is Request.CLOSE else None

    @property
    def samples(self) -> int:
        """Length of the talk, as far as it went."""
        if self.ended is not None:
            return self.ended.samples
        if self.reached is not None:
            return self.reached.at_sample
        return max((unit.segment.end for unit in self.units), default=0)

    def complete(self) -> None:
        """Where the talk broke off, take what was under way as far as it is known."""
        reached = self.reached
        if self.ended is not None or reached is None:
            return
        self.units += [unit for unit in reached.unfinished if unit not in self.units]
        if reached.lost_since is not None:
            self.lost.append(AudioLost(Segment(reached.lost_since, reached.at_sample)))
        if self.floor is not None:
            self.turns += self._turn_under_way(self.floor)

    def _turn_under_way(self, floor: FloorTaken) -> list[Turn]:
        units = [u for u in self.units if u.speaker is floor.speaker and u.segment.start >= floor.at_sample]
        if not units:
            return []
        speech = sum(unit.segment.samples for unit in units)
        confidence = sum(unit.confidence * unit.segment.samples for unit in units) / speech
        segment = Segment(floor.at_sample, max(unit.segment.end for unit in units))
        return [Turn(len(self.turns), floor.speaker, segment, speech, confidence, floor.offset)]
