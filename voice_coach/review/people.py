"""The two people on a page: who stands first, and whose colour is whose.

Who stands first changes from talk to talk, by the talk's own name, so that nobody is always the first; the colours stay
with the names, so that the pages of several talks can be read side by side.
"""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

from voice_coach.figures import Report

WHOSE = ("first", "second")
NEITHER = "neutral"
"""The colour classes of the two people, and of everybody else."""


def presented(report: Report) -> Report:
    """The report with its people in the order in which they are shown."""
    turned = sha256(report.session.id.encode("utf-8", "replace")).digest()[0] % 2
    return replace(report, speakers=report.speakers[::-1]) if turned else report


def whose(report: Report, name: str | None) -> str:
    """The colour class of a person, by the alphabet and not by the place."""
    names = sorted((speaker.name for speaker in report.speakers), key=lambda known: (known.casefold(), known))
    return dict(zip(names, WHOSE, strict=False)).get(name or "", NEITHER)
