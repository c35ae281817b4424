"""What people put right about a talk afterwards, and what the talk is then.

A correction is an event of its own kind, in a journal of its own; nothing that was heard is changed. It says who spoke,
or that somebody did not interrupt. Turns, overlaps and words follow it where it applies and nowhere else: sentences
that the coach said are as they were, with the name that it said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from voice_coach.events import (
    Event,
    InterPausalUnit,
    OverlapHeard,
    OverlapKind,
    OverlapReclassified,
    PhraseFound,
    Speaker,
    Turn,
    TurnEnded,
    UnitEnded,
    VoiceRaised,
    WordsHeard,
)
from voice_coach.segment import Segment


@dataclass(frozen=True, slots=True)
class SpeakersSwapped:
    """The two were taken for each other, throughout."""


@dataclass(frozen=True, slots=True)
class SpeakerRenamed:
    """A person is called otherwise."""

    speaker: Speaker
    name: str


@dataclass(frozen=True, slots=True)
class InterruptionDenied:
    """What began at this sample was no interruption."""

    at_sample: int


@dataclass(frozen=True, slots=True)
class TurnMerged:
    """The turn that began at this sample was the other's, who had the floor before."""

    at_sample: int


@dataclass(frozen=True, slots=True)
class TurnSplit:
    """From this sample to the end of its turn the other spoke."""

    at_sample: int


@dataclass(frozen=True, slots=True)
class AgreementNoted:
    """Something the two agreed on."""

    text: str


@dataclass(frozen=True, slots=True)
class NextTalkNoted:
    """When the two want to talk again."""

    text: str


@dataclass(frozen=True, slots=True)
class LastUndone:
    """The correction before it, of those that still hold, is taken back."""


Correction = (
    SpeakersSwapped
    | SpeakerRenamed
    | InterruptionDenied
    | TurnMerged
    | TurnSplit
    | AgreementNoted
    | NextTalkNoted
    | LastUndone
)


def in_force(corrections: Iterable[Correction]) -> tuple[Correction, ...]:
    """Those that were not taken back."""
    kept: list[Correction] = []
    for correction in corrections:
        if isinstance(correction, LastUndone):
            kept = kept[:-1]
        else:
            kept.append(correction)
    return tuple(kept)


def corrected_names(names: Mapping[Speaker, str], corrections: Iterable[Correction]) -> dict[Speaker, str]:
    """What the people are called after all corrections."""
    called = dict(names)
    for correction in corrections:
        match correction:
            case SpeakersSwapped():
                called[Speaker.A], called[Speaker.B] = called[Speaker.B], called[Speaker.A]
            case SpeakerRenamed(speaker, name):
                called[speaker] = name
    return called


def corrected(events: Sequence[Event], corrections: Iterable[Correction]) -> tuple[Event, ...]:
    """What was heard, after all corrections; one that no longer fits anything changes nothing."""
    for correction in corrections:
        match correction:
            case InterruptionDenied(at_sample):
                events = _deny(events, at_sample)
            case TurnMerged(at_sample):
                events = _merge(events, at_sample)
            case TurnSplit(at_sample):
                events = _split(events, at_sample)
    return tuple(events)


def interruptions_of(events: Iterable[Event]) -> Iterator[OverlapHeard]:
    """The overlaps that count as interruptions by now."""
    kinds: dict[int, OverlapHeard] = {}
    for event in events:
        match event:
            case OverlapHeard(overlap):
                kinds[overlap.overlap_id] = event
            case OverlapReclassified(overlap_id, kind) if overlap_id in kinds:
                kinds[overlap_id] = OverlapHeard(replace(kinds[overlap_id].overlap, kind=kind))
    return (event for event in kinds.values() if event.overlap.kind is OverlapKind.INTERRUPTION)


def turns_of(events: Iterable[Event]) -> tuple[Turn, ...]:
    """All turns, in the order of the talk."""
    return tuple(sorted((e.turn for e in events if isinstance(e, TurnEnded)), key=lambda turn: turn.segment.start))


def _deny(events: Sequence[Event], at_sample: int) -> tuple[Event, ...]:
    """It was speaking along: of the kinds that are known, the one that counts for and against nobody."""
    denied = (
        OverlapReclassified(event.overlap.overlap_id, OverlapKind.COOPERATIVE, "corrected by hand")
        for event in interruptions_of(events)
        if event.overlap.segment.start == at_sample
    )
    return (*events, *denied)


def _merge(events: Sequence[Event], at_sample: int) -> tuple[Event, ...]:
    turns = turns_of(events)
    place = next((index for index, turn in enumerate(turns) if turn.segment.start == at_sample), 0)
    if not place or turns[place - 1].speaker is turns[place].speaker:
        return tuple(events)
    turn, before = turns[place], turns[place - 1]
    parts = [before, turn]
    if place + 1 < len(turns) and turns[place + 1].speaker is before.speaker:
        parts.append(turns[place + 1])
    moved = tuple(_given(events, turn.speaker, turn.segment))
    return _with_turns(moved, {part.turn_id for part in parts}, (_joined(parts),))


def _split(events: Sequence[Event], at_sample: int) -> tuple[Event, ...]:
    turns = turns_of(events)
    found = [i for i, turn in enumerate(turns) if turn.segment.start < at_sample < turn.segment.end]
    if not found:
        return tuple(events)
    turn, after = turns[found[0]], turns[found[0] + 1 : found[0] + 2]
    rest = Segment(at_sample, turn.segment.end)
    share = rest.samples / turn.segment.samples
    spoken = round(turn.speech_samples * share)
    first = replace(turn, segment=Segment(turn.segment.start, at_sample), speech_samples=turn.speech_samples - spoken)
    fresh = max(other.turn_id for other in turns) + 1
    second = Turn(fresh, turn.speaker.other, rest, spoken, 1.0, None)
    gone = {turn.turn_id}
    if after and after[0].speaker is second.speaker:
        gone.add(after[0].turn_id)
        second = _joined([second, after[0]])
    return _with_turns(tuple(_given(events, turn.speaker, rest)), gone, (first, second))


def _joined(parts: Sequence[Turn]) -> Turn:
    """Turns that are one, whoever they were given to before."""
    segment = Segment(parts[0].segment.start, max(part.segment.end for part in parts))
    return replace(parts[0], segment=segment, speech_samples=sum(part.speech_samples for part in parts))


def _with_turns(events: Iterable[Event], gone: set[int], new: Iterable[Turn]) -> tuple[Event, ...]:
    kept = [event for event in events if not (isinstance(event, TurnEnded) and event.turn.turn_id in gone)]
    turns = iter(turns_of([*kept, *map(TurnEnded, new)]))
    # In the order of the talk, as they were heard: the report lists them as they come.
    others = [event for event in kept if not isinstance(event, TurnEnded)]
    return (*others, *map(TurnEnded, turns))


def _given(events: Iterable[Event], speaker: Speaker, segment: Segment) -> Iterator[Event]:
    """Everything of one person in a stretch given to the other; what then makes no sense is left out."""
    dropped = set()
    for event in events:
        match event:
            case UnitEnded(unit) if unit.speaker is speaker and unit.segment.overlap(segment):
                yield from map(UnitEnded, _cut(unit, segment))
            case OverlapHeard(overlap) if segment.start <= overlap.segment.start < segment.end:
                dropped.add(overlap.overlap_id)  # one person does not overlap with themselves
            case OverlapReclassified(overlap_id) if overlap_id in dropped:
                pass
            case VoiceRaised() if event.speaker is speaker and event.segment.overlap(segment):
                pass  # it was measured against another voice
            case WordsHeard(utterance) if utterance.speaker is speaker and _lies_in(utterance.segment, segment):
                yield replace(event, utterance=replace(utterance, speaker=speaker.other))
            case PhraseFound(phrase) if phrase.speaker is speaker and segment.start <= phrase.at_sample < segment.end:
                yield PhraseFound(replace(phrase, speaker=speaker.other))
            case _:
                yield event


def _cut(unit: InterPausalUnit, segment: Segment) -> Iterator[InterPausalUnit]:
    """The parts of a unit: what lies in the stretch is surely the other's, as people know who spoke."""
    start, end = max(unit.segment.start, segment.start), min(unit.segment.end, segment.end)
    for part in (Segment(unit.segment.start, start), Segment(end, unit.segment.end)):
        if part.samples:
            yield replace(unit, segment=part)
    yield replace(unit, speaker=unit.speaker.other, segment=Segment(start, end), confidence=1.0, sure=True)


def _lies_in(segment: Segment, stretch: Segment) -> bool:
    return stretch.start <= (segment.start + segment.end) // 2 < stretch.end


def described(
    corrections: Iterable[Correction], names: Mapping[Speaker, str], clock: Callable[[int], str]
) -> tuple[str, ...]:
    """Corrections in words, people called as they were at that time; `clock` tells a sample as a time of the talk."""
    told = []
    for correction in corrections:
        told.append(_described(correction, names, clock))
        names = corrected_names(names, (correction,))
    return tuple(told)


def _described(correction: Correction, names: Mapping[Speaker, str], clock: Callable[[int], str]) -> str:
    match correction:
        case SpeakersSwapped():
            return f"{names[Speaker.A]} and {names[Speaker.B]} were taken for each other"
        case SpeakerRenamed(speaker, name):
            return f"{names[speaker]} is called {name}"
        case InterruptionDenied(at_sample):
            return f"at {clock(at_sample)} nobody interrupted"
        case TurnMerged(at_sample):
            return f"the turn at {clock(at_sample)} belongs to the one before it"
        case TurnSplit(at_sample):
            return f"from {clock(at_sample)} on the other spoke"
        case AgreementNoted(text):
            return f"agreed: {text}"
        case NextTalkNoted(text):
            return f"next talk: {text}"
        case LastUndone():
            return "the last correction was taken back"
