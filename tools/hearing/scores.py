"""Scores of hearing against exact truth, talk by talk, and their means with bootstrap confidence intervals.

- Diarization error by pyannote.metrics, the field's reference: over all speech of the two people, overlap scored, with
  a collar of 0.25 s on either side of true boundaries, and with none. What a guest says and is given to one of the two
  is a false alarm.
- Overlap by frames of 20 ms, without tolerance.
- Events: true ones are what the project's own definitions make of the true units. One that is heard is right if it is
  of the same kind, by the same person, and begins within 0.5 s.
- Talk share in points of a hundred; a change of speaker by the beginning of each new turn, matched within 1 s.
- Confidence: how far what units claim (in ten bins) is from how much of them is right, weighted by speech (expected
  calibration error).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from pyannote.core import Annotation, Timeline
from pyannote.core import Segment as Stretch
from pyannote.metrics.diarization import DiarizationErrorRate

from voice_coach.events import PEOPLE, InterPausalUnit, Overlap, OverlapHeard, OverlapKind, Speaker, TurnEnded
from voice_coach.segment import SAMPLE_RATE, Segment
from voice_coach.turns import TurnOptions, TurnTracker

FRAME = 320
TOLERANCE = SAMPLE_RATE // 2
Speech = Mapping[Speaker, Sequence[Segment]]


@dataclass(frozen=True, slots=True)
class Heard:
    """What a system made of a talk; overlaps and confidences only if it has them."""

    speech: Speech
    overlaps: tuple[Overlap, ...] | None = None
    units: tuple[InterPausalUnit, ...] | None = None


@dataclass(frozen=True, slots=True)
class TalkScore:
    """Counts of one talk; rates are made of sums over talks."""

    counts: dict[str, float] = field(default_factory=dict)
    change_errors_seconds: tuple[float, ...] = ()


def turns_and_overlaps(speech: Speech) -> tuple[list[int], list[Overlap]]:
    """Where turns begin, in samples, and overlaps by definition, of units that are certain."""
    tracker = TurnTracker(TurnOptions())
    units = sorted(
        (InterPausalUnit(person, segment, 1.0, sure=True) for person in PEOPLE for segment in speech[person]),
        key=lambda unit: unit.segment,
    )
    end = max((unit.segment.end for unit in units), default=0)
    events = []
    for now in range(0, end + SAMPLE_RATE, SAMPLE_RATE // 10):
        pause = SAMPLE_RATE // 5
        ended = [u for u in units if now - SAMPLE_RATE // 10 < u.segment.end + pause <= now]
        unfinished = [
            InterPausalUnit(u.speaker, Segment(u.segment.start, min(u.segment.end, now)), 1.0, sure=True)
            for u in units
            if u.segment.start < now < u.segment.end + pause
        ]
        events += tracker.process(ended, unfinished, now)
    events += tracker.finish()
    starts = [event.turn.segment.start for event in events if isinstance(event, TurnEnded)]
    return starts, [event.overlap for event in events if isinstance(event, OverlapHeard)]


def score(truth: Speech, heard: Heard, seconds: float) -> TalkScore:
    """Compare what was heard with what was said."""
    counts: dict[str, float] = {}
    for name, collar in (("collar", 0.25), ("bare", 0.0)):
        metric = DiarizationErrorRate(collar=2 * collar, skip_overlap=False)
        whole = Timeline([Stretch(0, seconds)])
        parts = metric(_annotation(truth), _annotation(heard.speech), uem=whole, detailed=True)
        for part in ("missed detection", "false alarm", "confusion", "total"):
            counts[f"{name} {part}"] = parts[part]
    frames = round(seconds * SAMPLE_RATE) // FRAME
    true, said = (np.stack([_frames(speech[p], frames) for p in PEOPLE]) for speech in (truth, heard.speech))
    both, claimed = true.all(axis=0), said.all(axis=0)
    counts |= {"overlap right": (both & claimed).sum(), "overlap true": both.sum(), "overlap heard": claimed.sum()}
    share = [float(rows[0].sum() / max(1, rows.sum())) for rows in (true, said)]
    counts["share error"] = 100 * abs(share[0] - share[1])
    guest = _frames(truth[Speaker.UNKNOWN], frames) & ~true.any(axis=0)
    counts |= {"guest": guest.sum(), "guest charged": (guest & said.any(axis=0)).sum()}
    counts["guest unknown"] = (guest & _frames(heard.speech[Speaker.UNKNOWN], frames) & ~said.any(axis=0)).sum()
    starts, overlaps = turns_and_overlaps(truth)
    if heard.overlaps is not None:
        counts |= _events(overlaps, heard.overlaps)
    if heard.units is not None:
        counts |= _reliability(heard.units, true)
    return TalkScore(counts, _change_errors(starts, turns_and_overlaps(heard.speech)[0]))


def _annotation(speech: Speech) -> Annotation:
    annotation = Annotation()
    for person in PEOPLE:
        for place, segment in enumerate(speech[person]):
            annotation[Stretch(segment.start_seconds, segment.end_seconds), f"{person}{place}"] = person.value
    return annotation


def _frames(segments: Sequence[Segment], count: int) -> np.ndarray:
    """Which frames of 20 ms are mostly inside segments."""
    frames = np.zeros(count, bool)
    for segment in segments:
        frames[round(segment.start / FRAME) : round(segment.end / FRAME)] = True
    return frames


def _events(true: Sequence[Overlap], heard: Sequence[Overlap]) -> dict[str, float]:
    counts: dict[str, float] = {}
    for kind in (OverlapKind.INTERRUPTION, OverlapKind.BACKCHANNEL, OverlapKind.FAILED_BID, OverlapKind.COOPERATIVE):
        left = [overlap for overlap in true if overlap.kind is kind]
        claimed = [overlap for overlap in heard if overlap.kind is kind]
        counts |= {f"{kind} true": len(left), f"{kind} heard": len(claimed)}
        counts[f"{kind} right"] = sum(_take(left, overlap) for overlap in claimed)
    accused = [overlap for overlap in heard if overlap.kind is OverlapKind.INTERRUPTION]
    for kind in (OverlapKind.BACKCHANNEL, OverlapKind.TURN_EDGE):
        counts[f"{kind} as interruption"] = sum(
            _take([o for o in true if o.kind is kind], overlap) for overlap in accused
        )
    counts["turn_edge true"] = sum(overlap.kind is OverlapKind.TURN_EDGE for overlap in true)
    return counts


def _take(left: list[Overlap], heard: Overlap) -> bool:
    """Whether a true overlap matches one that was heard; it is then used up."""
    for overlap in left:
        near = abs(overlap.segment.start - heard.segment.start) <= TOLERANCE
        if overlap.by is heard.by and near:
            left.remove(overlap)
            return True
    return False


def _reliability(units: Sequence[InterPausalUnit], true: np.ndarray) -> dict[str, float]:
    """For each tenth of confidence: speech claimed, the confidence claimed for it, and how much of it is right."""
    counts: dict[str, float] = {}
    for unit in units:
        if unit.speaker not in PEOPLE:
            continue
        rows = true[PEOPLE.index(unit.speaker), round(unit.segment.start / FRAME) : round(unit.segment.end / FRAME)]
        tenth = min(9, int(10 * unit.confidence))
        for name, value in (("claimed", len(rows)), ("sum", len(rows) * unit.confidence), ("right", rows.sum())):
            counts[f"confidence {tenth} {name}"] = counts.get(f"confidence {tenth} {name}", 0.0) + value
    return counts


def _change_errors(true: Sequence[int], heard: Sequence[int]) -> tuple[float, ...]:
    """Distance of each true beginning of a turn to the nearest heard one, s; infinite beyond 1 s."""
    errors = []
    for start in true:
        distance = min((abs(start - other) for other in heard), default=SAMPLE_RATE + 1)
        errors.append(distance / SAMPLE_RATE if distance <= SAMPLE_RATE else float("inf"))
    return tuple(errors)


# Rates over talks


Rate = Callable[[Mapping[str, float]], float]


def ratio(top: str, *bottom: str) -> Rate:
    """A rate of summed counts; not a number where there is nothing to count."""
    return lambda sums: sums[top] / total if (total := sum(sums[name] for name in bottom)) else float("nan")


def error(name: str) -> Rate:
    """Diarization error rate, in hundredths."""
    parts = [f"{name} {part}" for part in ("missed detection", "false alarm", "confusion")]
    return lambda sums: 100 * sum(sums[part] for part in parts) / sums[f"{name} total"]


def calibration_error(sums: Mapping[str, float]) -> float:
    """Expected calibration error of the units' confidence."""
    total = sum(sums.get(f"confidence {tenth} claimed", 0.0) for tenth in range(10))
    off = sum(
        abs(sums[f"confidence {tenth} sum"] - sums[f"confidence {tenth} right"])
        for tenth in range(10)
        if f"confidence {tenth} claimed" in sums
    )
    return off / total if total else float("nan")


def summed(scores: Sequence[TalkScore]) -> dict[str, float]:
    """Counts of several talks together."""
    sums: dict[str, float] = {}
    for talk in scores:
        for name, value in talk.counts.items():
            sums[name] = sums.get(name, 0.0) + float(value)
    return sums


def with_interval(scores: Sequence[TalkScore], rate: Rate, draws: int = 1000) -> tuple[float, float, float]:
    """A rate over talks, and the limits of its 95 % bootstrap interval over talks."""
    rng = np.random.default_rng(0)
    names = sorted({name for talk in scores for name in talk.counts})
    table = np.array([[talk.counts.get(name, 0.0) for name in names] for talk in scores], float)
    values = []
    for _ in range(draws):
        sums = table[rng.integers(0, len(table), len(table))].sum(axis=0)
        values.append(rate(dict(zip(names, sums.tolist(), strict=True))))
    low, high = np.nanpercentile(values, [2.5, 97.5]) if not np.all(np.isnan(values)) else (np.nan, np.nan)
    return rate(summed(scores)), float(low), float(high)
