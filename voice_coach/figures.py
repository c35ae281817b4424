"""The figures of a talk: the values behind `report.json` and everything that shows a talk.

The field names are the keys of `report.json`, schema version 1: keys may be added, none renamed or removed.
A figure that is not known is `None`, never 0.
"""

from __future__ import annotations

from dataclasses import dataclass

from voice_coach.plan import Plan

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class SessionFigures:
    """The talk as a whole.

    `status` is `complete` or `interrupted`. `hearing` tells what turns and shares are of: `live`, as the talk was heard
    while it was held, or `second`, a second hearing of all of it. `words_engine` is `None` where it has no words. From
    `level_ignored_from_seconds` on, loudness was not compared, because the device changed its gain; `None` if it never
    was noticed to. `usual_gap_seconds` and `usual_overlap_seconds` are the pair's own rhythm, `None` until it was
    learnt. From `closing_from_seconds` on the two were closing, because somebody asked for it. `language` is that
    of the words, a code such as `en`; `language_sure` tells whether that was surely heard, and is `None` where it was
    not to be heard.
    """

    id: str
    started_at: str | None
    source: str
    duration_seconds: float
    heard_seconds: float
    lost_seconds: float
    status: str
    words_engine: str | None
    language: str | None
    language_sure: bool | None
    unsure_seconds: float
    unknown_seconds: float
    coach_seconds: float
    utterances_left_out: int | None
    voice: str | None
    hearing: str
    level_ignored_from_seconds: float | None
    usual_gap_seconds: float | None = None
    usual_overlap_seconds: float | None = None
    closing_from_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class LeftOutFigures:
    """Utterances whose words were not believed, and why, as a clause."""

    reason: str
    utterances: int


@dataclass(frozen=True, slots=True)
class SpeakerFigures:
    """One person. Shares are of the two people's talk; gaps are the silences before this person's turns.

    `talk_share_low` and `talk_share_high` are the share if all speech whose voice was not sure was the other's, or
    this person's. `floor_returned` counts the interruptions received after which this person soon spoke again.
    """

    name: str
    talk_seconds: float
    talk_share: float | None
    turns: int
    longest_turn_seconds: float | None
    median_turn_seconds: float | None
    median_gap_seconds: float | None
    interruptions_made: int
    interruptions_received: int
    backchannels_given: int
    words: int | None
    words_per_minute: float | None
    talk_share_low: float | None = None
    talk_share_high: float | None = None
    floor_returned: int = 0


@dataclass(frozen=True, slots=True)
class SpeechFigures:
    """A stretch of one person's speech, or of a voice that is neither's (`speaker` is then `None`)."""

    speaker: str | None
    start_seconds: float
    end_seconds: float
    confidence: float
    sure: bool


@dataclass(frozen=True, slots=True)
class TurnFigures:
    """A turn and its words; `text` is `None` where none were written down.

    `offset_seconds` is the floor transfer offset: positive after a gap, negative after an overlap, `None` where nobody
    held the floor before.
    """

    speaker: str
    start_seconds: float
    end_seconds: float
    confidence: float
    text: str | None
    offset_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class OverlapFigures:
    """A contribution of `by` beside the turn of `of`.

    `floor_returned` tells of an interruption whether the interrupted soon spoke again; `None` of every other kind.
    """

    kind: str
    by: str
    of: str
    start_seconds: float
    end_seconds: float
    confidence: float
    floor_returned: bool | None = None


@dataclass(frozen=True, slots=True)
class PhraseFigures:
    """A finding of the lens over the words."""

    kind: str
    speaker: str
    start_seconds: float
    text: str
    match: str


@dataclass(frozen=True, slots=True)
class RaisedFigures:
    """A stretch in which a voice stood out from its own baseline."""

    speaker: str
    start_seconds: float
    end_seconds: float
    level_db: float | None
    pitch_ratio: float | None
    rate_ratio: float | None


@dataclass(frozen=True, slots=True)
class DeliveryFigures:
    """How one person sounded in a part of the talk, against what was usual for them in all of it.

    `level_db` is above their median level, the ratios are to their medians of pitch and articulation rate; each is
    `None` where there was too little to measure it on.
    """

    speaker: str
    start_seconds: float
    end_seconds: float
    level_db: float | None
    pitch_ratio: float | None
    rate_ratio: float | None


@dataclass(frozen=True, slots=True)
class EvidenceFigures:
    """One reason for a cue."""

    what: str
    speaker: str | None
    start_seconds: float
    end_seconds: float


@dataclass(frozen=True, slots=True)
class CueFigures:
    """A cue that was decided, and what became of it."""

    rule: str
    text: str
    decided_at_seconds: float
    started_at_seconds: float | None
    finished_at_seconds: float | None
    outcome: str
    evidence: tuple[EvidenceFigures, ...]


@dataclass(frozen=True, slots=True)
class HeldBackFigures:
    """What the coach could have said and did not, and why."""

    rule: str
    reason: str
    at_seconds: float
    evidence: tuple[EvidenceFigures, ...]


@dataclass(frozen=True, slots=True)
class RequestFigures:
    """Something that was asked of the coach; by a key if there is no speaker."""

    request: str
    speaker: str | None
    at_seconds: float


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that is known of a talk.

    `agreements` and `next_talk` are what the two wrote down afterwards, `corrections` what they put right, in words.
    """

    schema_version: int
    session: SessionFigures
    speakers: tuple[SpeakerFigures, ...]
    turns: tuple[TurnFigures, ...]
    overlaps: tuple[OverlapFigures, ...]
    phrases: tuple[PhraseFigures, ...]
    cues: tuple[CueFigures, ...]
    speech: tuple[SpeechFigures, ...]
    raised: tuple[RaisedFigures, ...]
    held_back: tuple[HeldBackFigures, ...]
    lost: tuple[tuple[float, float], ...]
    left_out: tuple[LeftOutFigures, ...] = ()
    delivery: tuple[DeliveryFigures, ...] = ()
    requests: tuple[RequestFigures, ...] = ()
    plan: Plan | None = None
    agreements: tuple[str, ...] = ()
    next_talk: str | None = None
    corrections: tuple[str, ...] = ()
