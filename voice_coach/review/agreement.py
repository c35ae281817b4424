"""What the two agreed on, as one page to print: with room to write by hand, and to sign if they like."""

from __future__ import annotations

from voice_coach.figures import Report
from voice_coach.review import wording
from voice_coach.review.html import closing_turns, environment
from voice_coach.review.people import presented
from voice_coach.review.planned import planned

_LINES = 8
"""Lines on the sheet: what was noted fills the first of them."""
_MOST_NOTES = 10


def render_agreement(report: Report) -> str:
    """The sheet of a talk, complete and in one piece."""
    report = presented(report)
    notes = report.agreements[-_MOST_NOTES:]
    return (
        environment()
        .get_template("agreement.html.j2")
        .render(
            report=report,
            names=[wording.shorten(speaker.name, 40) for speaker in report.speakers],
            notes=notes,
            empty=max(1, _LINES - len(notes) - len(closing_turns(report))),
            planned=planned(report),
            closing=closing_turns(report),
        )
    )
