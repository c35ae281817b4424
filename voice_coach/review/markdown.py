"""The review as Markdown: to read anywhere, to keep, to paste."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from voice_coach.events import CueOutcome, PhraseKind
from voice_coach.figures import Report
from voice_coach.review import wording
from voice_coach.review.moments import good_sentences, heard_moments
from voice_coach.review.people import presented
from voice_coach.review.planned import planned
from voice_coach.review.slots import cue_moment, reached_cues

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&!])")


def to_markdown(report: Report) -> str:
    """A summary of the talk in a page or two, what went well first."""
    report = presented(report)
    blocks = [*_head(report), *_went_well(report), *_take(report), *_plan(report)]
    blocks += [*_figures(report), *_coach(report), *_limits(report)]
    return "\n\n".join(blocks) + "\n"


def _escaped(text: str) -> str:
    """A text of other people's making, as Markdown shows it unchanged."""
    return _SPECIAL.sub(r"\\\1", wording.plain(text))


def _head(report: Report) -> Iterator[str]:
    session = report.session
    yield f"# {_escaped(wording.title(report))}"
    when = wording.day(session.started_at)
    yield " · ".join(filter(None, (_escaped(when) if when else "", wording.length(session.duration_seconds))))
    if session.status == "interrupted":
        yield "This session ended before its time; what follows was heard until then."


def _went_well(report: Report) -> Iterator[str]:
    yield "## What went well"
    moments = heard_moments(report)
    if not moments:
        yield "Nothing that is looked for here was heard."
        return
    yield _table(report, ((moment.words[1], moment.counts) for moment in moments))
    for speaker in report.speakers:
        for phrase in good_sentences(report, speaker.name):
            kind = wording.HELPING[PhraseKind(phrase.kind)][0]
            where = f"{_escaped(speaker.name)}, {wording.clock(phrase.start_seconds)}, {kind}"
            yield f"> {_escaped(phrase.text)}  \n> ({where})"


def _take(report: Report) -> Iterator[str]:
    if report.agreements or report.next_talk:
        yield "## What you take along"
    if report.agreements:
        yield "\n".join(f"- {_escaped(text)}" for text in report.agreements)
    if report.next_talk:
        yield f"You talk again: {_escaped(report.next_talk)}"


def _plan(report: Report) -> Iterator[str]:
    plan = planned(report)
    if plan is None:
        return
    yield "## What you had planned, and what happened"
    for name, topic, hope in plan.people:
        parts = (("To talk about", topic), ("Hoped for", hope))
        told = " ".join(f"{what}: {_escaped(text)}" for what, text in parts if text)
        yield f"- {_escaped(name)}. {told}"
    if plan.times:
        yield " ".join(plan.times)


def _figures(report: Report) -> Iterator[str]:
    yield "## In figures"
    shares = ("share of the talk", tuple(wording.share(speaker) for speaker in report.speakers))
    yield _table(report, (shares, *wording.figures(report)))


def _table(report: Report, rows: Iterable[tuple[str, tuple[object, ...]]]) -> str:
    names = (_escaped(speaker.name) for speaker in report.speakers)
    lines = [f"| | {' | '.join(names)} |", f"|---|{'--:|' * len(report.speakers)}"]
    lines += [f"| {name} | {' | '.join(str(value) for value in values)} |" for name, values in rows]
    return "\n".join(lines)


def _coach(report: Report) -> Iterator[str]:
    yield "## What the coach said, and why"
    for cue in reached_cues(report):
        why = "; ".join(_escaped(evidence.what) for evidence in cue.evidence)
        outcome = wording.OUTCOMES[CueOutcome(cue.outcome)]
        reason = f". Why: {why}" if why else ""
        yield f"- {wording.clock(cue_moment(cue))} “{_escaped(cue.text)}” ({outcome}){reason}"
    if not reached_cues(report):
        yield "It kept quiet for the whole talk."


def _limits(report: Report) -> Iterator[str]:
    yield "## What is not known"
    known = [*wording.limits(report), *(f"Put right: {words}." for words in report.corrections)]
    yield "\n".join(f"- {_escaped(sentence)}" for sentence in known)
