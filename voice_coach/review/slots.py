"""What happened in each short part of the talk, in words: what a lane tells who points at it, taps or tabs to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from voice_coach.events import CueOutcome, OverlapKind, Request
from voice_coach.figures import CueFigures, EvidenceFigures, Report
from voice_coach.review.axis import Window
from voice_coach.review.people import whose
from voice_coach.review.shares import Covered, spoken_by
from voice_coach.review.wording import OUTCOMES, OVERLAPS, REACHED, REQUESTS, clock, length, shorten

NAME_LIMIT = 24
PAUSE_SECONDS = 3.0
"""From this length on, mutual silence is shown as a pause; the same that ends a turn (`turns.lapse_seconds`)."""
SMALL = frozenset({OverlapKind.BACKCHANNEL, OverlapKind.COOPERATIVE, OverlapKind.TURN_EDGE})
"""What belongs to every talk: counted, where there is no room for each."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A part of a row: its place in percent, its time, how long each person spoke, and what happened."""

    x: float
    width: float
    span: str
    spoke: tuple[tuple[str, str, str], ...]
    happened: tuple[str, ...]


def reached_cues(report: Report) -> tuple[CueFigures, ...]:
    """The cues that the two people heard or saw, in the order of the talk; their places are their numbers."""
    return tuple(sorted((c for c in report.cues if c.outcome in REACHED), key=cue_moment))


def cue_moment(cue: CueFigures) -> float:
    """When a cue began, or was decided if it was not spoken, in seconds."""
    return cue.decided_at_seconds if cue.started_at_seconds is None else cue.started_at_seconds


def reasons(evidence: Iterable[EvidenceFigures]) -> str:
    """Why a cue was said, as one line: whose each reason was, what was noticed, and when."""
    return "; ".join(
        f"{f'{shorten(item.speaker, NAME_LIMIT)} ' if item.speaker else ''}{item.what} ({clock(item.start_seconds)})"
        for item in evidence
    )


def pauses(report: Report) -> tuple[tuple[float, float], ...]:
    """Stretches in which nobody spoke, the coach neither, though all of it was heard."""
    busy = [(s.start_seconds, s.end_seconds) for s in report.speech]
    busy += report.lost
    busy += [
        (cue.started_at_seconds, cue.finished_at_seconds)
        for cue in report.cues
        if cue.started_at_seconds is not None and cue.finished_at_seconds is not None
    ]
    found, quiet_since = [], 0.0
    for start, end in [*sorted(busy), (report.session.duration_seconds,) * 2]:
        if start - quiet_since >= PAUSE_SECONDS:
            found.append((quiet_since, start))
        quiet_since = max(quiet_since, end)
    return tuple(found)


class Telling:
    """Tells what happened in any part of a talk."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._people = [
            (whose(report, s.name), shorten(s.name, NAME_LIMIT), spoken_by(report, s.name)) for s in report.speakers
        ]
        self._cues = reached_cues(report)
        self._pauses = pauses(report)

    @property
    def people(self) -> Sequence[tuple[str, str, Covered]]:
        """Colour class, name, and speech of each person."""
        return self._people

    def slots(self, row: Window) -> tuple[Slot, ...]:
        """The parts of a row."""
        end = self._report.session.duration_seconds
        return tuple(
            Slot(
                row.percent(part.start),
                round(100 * part.seconds / row.seconds, 2),
                f"{clock(part.start)} to {clock(min(part.end, end))}",
                tuple(
                    (colour, name, length(seconds))
                    for colour, name, spoken in self._people
                    if (seconds := spoken.seconds(part.start, part.end)) >= 0.05
                ),
                tuple(text for _, text in sorted(self.happened(part))),
            )
            for part in row.slots(end)
        )

    def happened(self, part: Window) -> Iterator[tuple[float, str]]:
        """When and what, in no order."""
        yield from self._overlaps(part)
        for cue in self._cues:
            if part.holds(moment := cue_moment(cue)):
                why = reasons(cue.evidence)
                said = f"{clock(moment)} the coach: “{cue.text}” ({OUTCOMES[CueOutcome(cue.outcome)]})"
                yield moment, f"{said}. Why: {why}" if why else said
        for request in self._report.requests:
            if part.holds(request.at_seconds) and request.request in REQUESTS:
                who = shorten(request.speaker, NAME_LIMIT) if request.speaker else "you"
                yield request.at_seconds, f"{clock(request.at_seconds)} {who} {REQUESTS[Request(request.request)]}"
        for raised in self._report.raised:
            if part.holds(raised.start_seconds):
                name = shorten(raised.speaker, NAME_LIMIT)
                told = f"{clock(raised.start_seconds)} {name}: louder, higher or faster than this voice was before"
                yield raised.start_seconds, told
        for start, until in self._pauses:
            if part.holds(start):
                yield start, f"{clock(start)} nobody spoke for {length(until - start)}"
        for start, until in self._report.lost:
            if part.holds(start):
                yield start, f"{clock(start)} not heard for {length(until - start)}"

    def _overlaps(self, part: Window) -> Iterator[tuple[float, str]]:
        found: dict[tuple[str, str], list[float]] = {}
        for overlap in self._report.overlaps:
            if part.holds(overlap.start_seconds):
                found.setdefault((overlap.kind, overlap.by), []).append(overlap.start_seconds)
        for (kind, by), moments in found.items():
            what = f"{shorten(by, NAME_LIMIT)}: {OVERLAPS[OverlapKind(kind)]}"
            if kind in SMALL and len(moments) > 1:
                yield moments[0], f"{what} ({len(moments)} times)"
            else:
                yield from ((moment, f"{clock(moment)} {what}") for moment in moments)
