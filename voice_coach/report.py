"""From the events of a talk to its figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median

from voice_coach.events import (
    HEARD,
    PEOPLE,
    Cue,
    CueSettled,
    Event,
    Evidence,
    Overlap,
    OverlapKind,
    Speaker,
    Turn,
    WordsHeard,
)
from voice_coach.figures import (
    SCHEMA_VERSION,
    CueFigures,
    DeliveryFigures,
    EvidenceFigures,
    HeldBackFigures,
    LeftOutFigures,
    OverlapFigures,
    PhraseFigures,
    RaisedFigures,
    Report,
    RequestFigures,
    SessionFigures,
    SpeakerFigures,
    SpeechFigures,
    TurnFigures,
)
from voice_coach.heard import Heard
from voice_coach.plan import Plan
from voice_coach.prosody import delivery_over_time
from voice_coach.segment import Segment, to_samples, to_seconds

_RETURN_SECONDS = 15.0
"""Somebody who was interrupted and begins a turn within this had the floor back."""


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """What a report needs to know beside the events."""

    session_id: str
    source: str
    names: Mapping[Speaker, str]
    started_at: str | None = None
    words_engine: str | None = None
    voice: str | None = None
    """Who says the cues, `None` if nobody does."""
    fingerprint: str | None = None
    """Tells the recording from others, if `source` does not."""
    audio: str | None = None
    """Where the recording lies; kept to find it again, and shown nowhere."""
    plan: Plan | None = None
    """What the two had planned, if they had."""
    language: str | None = None
    """Code of the language of the words, `None` where it had to be heard."""


def _round(seconds: float) -> float:
    return round(seconds, 3)


def _median(values: list[float]) -> float | None:
    return _round(median(values)) if values else None


def _evidence(evidence: Iterable[Evidence], names: Mapping[Speaker, str]) -> tuple[EvidenceFigures, ...]:
    return tuple(
        EvidenceFigures(
            item.what,
            names.get(item.speaker) if item.speaker else None,
            _round(item.segment.start_seconds),
            _round(item.segment.end_seconds),
        )
        for item in evidence
    )


def build_report(events: Iterable[Event], facts: SessionFacts, again: Iterable[Event] | None = None) -> Report:
    """The report of a talk. A talk without its `TalkEnded` was interrupted, and is reported as far as it went.

    Parameters
    ----------
    events : of the talk while it was held.
    again : what a second hearing of it found, and what then replaces what was heard before.
    """
    heard, names = Heard(heard_again=again is not None), facts.names
    for event in events:
        if again is None or not isinstance(event, HEARD):
            heard.take(event)
    for event in again or ():
        heard.take(event)
    heard.complete()
    with_words = facts.words_engine is not None
    return Report(
        schema_version=SCHEMA_VERSION,
        session=_session(heard, facts),
        speakers=tuple(_speaker(person, heard, names, with_words) for person in PEOPLE),
        turns=tuple(_turn(turn, names, heard.words if with_words else None) for turn in heard.turns),
        overlaps=tuple(_overlap(overlap, names, heard.turns) for overlap in heard.overlaps.values()),
        phrases=tuple(
            PhraseFigures(p.kind.value, names[p.speaker], _round(to_seconds(p.at_sample)), p.text, p.match)
            for p in heard.phrases
        ),
        cues=tuple(_cue(settled, names) for settled in heard.settled),
        speech=tuple(
            SpeechFigures(names.get(unit.speaker), *_ends(unit.segment), _round(unit.confidence), unit.sure)
            for unit in heard.units
        ),
        raised=tuple(
            RaisedFigures(names[r.speaker], *_ends(r.segment), r.level_db, r.pitch_ratio, r.rate_ratio)
            for r in heard.raised
        ),
        held_back=tuple(
            HeldBackFigures(h.rule, h.reason, _round(to_seconds(h.at_sample)), _evidence(h.evidence, names))
            for h in heard.held_back
        ),
        lost=tuple(_ends(event.segment) for event in heard.lost),
        delivery=tuple(_delivery(heard, names)),
        requests=tuple(
            RequestFigures(
                r.request.value, names.get(r.speaker) if r.speaker else None, _round(to_seconds(r.at_sample))
            )
            for r in heard.requests
        ),
        plan=facts.plan,
        left_out=tuple(LeftOutFigures(reason, count) for reason, count in _left_out(heard.words).most_common()),
    )


def _delivery(heard: Heard, names: Mapping[Speaker, str]) -> Iterable[DeliveryFigures]:
    level_until = None if heard.gain is None else heard.gain.at_sample
    for person in PEOPLE:
        own = (unit for unit in heard.units if unit.speaker is person)
        yield from delivery_over_time(names[person], own, heard.samples, level_until)


def _left_out(words: Iterable[WordsHeard]) -> Counter[str]:
    """How many utterances each gate kept out."""
    return Counter(event.doubtful for event in words if event.doubtful is not None)


def _ends(segment: Segment) -> tuple[float, float]:
    """Start and end in seconds."""
    return _round(segment.start_seconds), _round(segment.end_seconds)


def _turn(turn: Turn, names: Mapping[Speaker, str], words: Iterable[WordsHeard] | None) -> TurnFigures:
    text = None if words is None else _turn_text(turn, words)
    offset = _seconds(turn.offset)
    return TurnFigures(names[turn.speaker], *_ends(turn.segment), _round(turn.confidence), text, offset)


def _seconds(sample: int | None) -> float | None:
    return None if sample is None else _round(to_seconds(sample))


def _session(heard: Heard, facts: SessionFacts) -> SessionFigures:
    lost = sum(event.segment.seconds for event in heard.lost)
    duration = to_seconds(heard.samples)
    coach = sum(
        to_seconds(s.finished_sample - s.started_sample)
        for s in heard.settled
        if s.started_sample is not None and s.finished_sample is not None
    )
    return SessionFigures(
        id=facts.session_id,
        started_at=facts.started_at,
        source=facts.source,
        duration_seconds=_round(duration),
        heard_seconds=_round(duration - lost),
        lost_seconds=_round(lost),
        hearing="second" if heard.heard_again else "live",
        status="complete" if heard.ended is not None else "interrupted",
        words_engine=facts.words_engine,
        language=facts.language if heard.language is None else heard.language.language,
        language_sure=None if heard.language is None else heard.language.sure,
        unsure_seconds=_round(
            sum(u.segment.seconds for u in heard.units if not u.sure and u.speaker is not Speaker.UNKNOWN)
        ),
        unknown_seconds=_round(sum(u.segment.seconds for u in heard.units if u.speaker is Speaker.UNKNOWN)),
        coach_seconds=_round(coach),
        utterances_left_out=sum(w.doubtful is not None for w in heard.words) if facts.words_engine else None,
        voice=facts.voice,
        level_ignored_from_seconds=None if heard.gain is None else _round(to_seconds(heard.gain.at_sample)),
        usual_gap_seconds=_seconds(heard.rhythm.gap_samples if heard.rhythm else None),
        usual_overlap_seconds=_seconds(heard.rhythm.overlap_samples if heard.rhythm else None),
        closing_from_seconds=_seconds(heard.closing_from),
    )


def _speaker(person: Speaker, heard: Heard, names: Mapping[Speaker, str], with_words: bool) -> SpeakerFigures:
    talk = sum(unit.segment.seconds for unit in heard.units if unit.speaker is person)
    own = sum(unit.segment.seconds for unit in heard.units if unit.speaker is person and unit.sure)
    both = sum(unit.segment.seconds for unit in heard.units if unit.speaker in PEOPLE)
    unsure = sum(unit.segment.seconds for unit in heard.units if unit.speaker in PEOPLE and not unit.sure)
    turns = [turn for turn in heard.turns if turn.speaker is person]
    lengths = [turn.segment.seconds for turn in turns]
    gaps = [to_seconds(turn.offset) for turn in turns if turn.offset is not None and turn.offset > 0]
    overlaps = heard.overlaps.values()
    interruptions = [overlap for overlap in overlaps if overlap.kind is OverlapKind.INTERRUPTION]
    written = [words for words in heard.words if words.utterance.speaker is person and words.doubtful is None]
    words = sum(len(event.words) for event in written)
    spoken_minutes = sum(event.utterance.segment.seconds for event in written) / 60
    return SpeakerFigures(
        name=names[person],
        talk_seconds=_round(talk),
        talk_share=round(talk / both, 4) if both else None,
        turns=len(turns),
        longest_turn_seconds=_round(max(lengths)) if lengths else None,
        median_turn_seconds=_median(lengths),
        median_gap_seconds=_median(gaps),
        interruptions_made=sum(overlap.by is person for overlap in interruptions),
        interruptions_received=sum(overlap.of is person for overlap in interruptions),
        backchannels_given=sum(o.kind is OverlapKind.BACKCHANNEL and o.by is person for o in overlaps),
        words=words if with_words else None,
        words_per_minute=round(words / spoken_minutes, 1) if with_words and spoken_minutes else None,
        talk_share_low=round(own / both, 4) if both else None,
        talk_share_high=round((own + unsure) / both, 4) if both else None,
        floor_returned=sum(overlap.of is person and _came_back(overlap, turns) for overlap in interruptions),
    )


def _came_back(interruption: Overlap, turns: Iterable[Turn]) -> bool:
    """Whether one of these turns of the interrupted began soon after."""
    after = interruption.segment.end
    return any(after <= turn.segment.start <= after + to_samples(_RETURN_SECONDS) for turn in turns)


def _turn_text(turn: Turn, words: Iterable[WordsHeard]) -> str | None:
    """Words of the utterances whose middle lies in the turn."""
    texts = []
    for event in words:
        segment = event.utterance.segment
        middle = (segment.start + segment.end) // 2
        inside = turn.segment.start <= middle < turn.segment.end
        if inside and event.utterance.speaker is turn.speaker and event.doubtful is None and event.words:
            texts.append((segment.start, event.text))
    return " ".join(text for _, text in sorted(texts)) or None


def _overlap(overlap: Overlap, names: Mapping[Speaker, str], turns: Iterable[Turn]) -> OverlapFigures:
    of_interrupted = (turn for turn in turns if turn.speaker is overlap.of)
    return OverlapFigures(
        overlap.kind.value,
        names[overlap.by],
        names[overlap.of],
        _round(overlap.segment.start_seconds),
        _round(overlap.segment.end_seconds),
        _round(overlap.confidence),
        _came_back(overlap, of_interrupted) if overlap.kind is OverlapKind.INTERRUPTION else None,
    )


def _cue(settled: CueSettled, names: Mapping[Speaker, str]) -> CueFigures:
    cue: Cue = settled.cue
    return CueFigures(
        cue.rule,
        cue.text,
        _round(to_seconds(cue.decided_sample)),
        _seconds(settled.started_sample),
        _seconds(settled.finished_sample),
        settled.outcome.value,
        _evidence(cue.evidence, names),
    )
