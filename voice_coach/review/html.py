"""The review as one page of HTML that needs nothing but itself: no script, no font, no picture from elsewhere."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from voice_coach.events import CueOutcome
from voice_coach.figures import HeldBackFigures, PhraseFigures, Report, SpeakerFigures
from voice_coach.review import lanes, shares, wording
from voice_coach.review.moments import good_sentences, heard_moments, marked, sharp_sentences
from voice_coach.review.shares import Covered

_MOST_SURE = 0.5  # of a turn's speech has to be sure, or the turn is shown as unsure


@dataclass(frozen=True, slots=True)
class Person:
    """One of the two people, with the colour class that is theirs on the whole page."""

    figures: SpeakerFigures
    whose: str
    short_name: str
    good: tuple[PhraseFigures, ...]


@dataclass(frozen=True, slots=True)
class SpokenTurn:
    """A turn as the page shows it; `whose` is a colour class."""

    whose: str
    name: str
    at: str
    lasted: str
    text: str | None
    sure: bool


@dataclass(frozen=True, slots=True)
class Withheld:
    """A sentence, or an occasion for one, that the coach kept to itself, and why."""

    at_seconds: float
    what: str
    why: str


def render_page(report: Report) -> str:
    """The page of a talk, complete and in one piece."""
    moments = heard_moments(report)
    people = tuple(
        Person(speaker, whose, wording.shorten(speaker.name, 24), good_sentences(report, speaker.name))
        for speaker, whose in zip(report.speakers, lanes.WHOSE, strict=False)
    )
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            report=report,
            people=people,
            spoke=any(stretch.speaker for stretch in report.speech),
            moments=moments,
            moment_lines=tuple((moment.words[1], moment.counts) for moment in moments),
            curves=shares.share_curves(report),
            thirds=shares.thirds(report),
            rows=lanes.rows(report),
            legend=lanes.legend(report),
            overlaps=_overlap_counts(report),
            figures=_figure_rows(report),
            cues=lanes.reached_cues(report),
            withheld=_withheld(report),
            sharp={kind: found for kind in wording.ANOTHER_WAY if (found := sharp_sentences(report, kind))},
            turns=_turns(report),
        )
    )


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("voice_coach.review", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "clock": wording.clock,
        "lasting": wording.length,
        "percent": wording.percent,
        "marked": marked,
        "moment": lanes.cue_moment,
    }
    environment.globals |= {"lanes": lanes, "shares": shares, "wording": wording}
    return environment


def _visible(value: Any) -> Any:
    """Whatever people or engines wrote, without invisible characters; HTML made by the template stays as it is."""
    return wording.visible(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def _overlap_counts(report: Report) -> tuple[tuple[str, str, tuple[int, ...]], ...]:
    """Kind, meaning, and each person's count, of the kinds that were heard."""
    found = Counter((overlap.kind, overlap.by) for overlap in report.overlaps)
    counts = (
        (kind.value, words, tuple(found[kind.value, speaker.name] for speaker in report.speakers))
        for kind, words in wording.OVERLAPS.items()
    )
    return tuple(row for row in counts if any(row[2]))


def _figure_rows(report: Report) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Each figure's name, and its value for each person."""
    columns = [wording.figures(speaker) for speaker in report.speakers]
    return tuple((row[0][0], tuple(value for _, value in row)) for row in zip(*columns, strict=True))


def _withheld(report: Report) -> tuple[Withheld, ...]:
    """What the coach decided to say and could not, and what it kept back from the start, in the order of the talk."""
    unsaid = [
        Withheld(cue.decided_at_seconds, f"“{cue.text}”", wording.OUTCOMES[CueOutcome(cue.outcome)])
        for cue in report.cues
        if cue.outcome not in wording.REACHED
    ]
    kept = [Withheld(held.at_seconds, _occasion(held), held.reason) for held in report.held_back]
    return tuple(sorted(unsaid + kept, key=lambda withheld: withheld.at_seconds))


def _occasion(held: HeldBackFigures) -> str:
    return "; ".join(evidence.what for evidence in held.evidence) or held.rule.replace("_", " ")


def _turns(report: Report) -> tuple[SpokenTurn, ...]:
    names = [speaker.name for speaker in report.speakers]
    sure = {
        name: Covered((s.start_seconds, s.end_seconds) for s in report.speech if s.sure and s.speaker == name)
        for name in names
    }
    spoken = {name: shares.spoken_by(report, name) for name in names}
    return tuple(
        SpokenTurn(
            lanes.WHOSE[names.index(turn.speaker)],
            wording.shorten(turn.speaker, 24),
            wording.clock(turn.start_seconds),
            wording.length(turn.end_seconds - turn.start_seconds),
            turn.text,
            sure[turn.speaker].seconds(turn.start_seconds, turn.end_seconds)
            >= _MOST_SURE * spoken[turn.speaker].seconds(turn.start_seconds, turn.end_seconds),
        )
        for turn in report.turns
    )
