"""Sessions on disk, as talks leave them, for the tests of what comes after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tests import report_samples as samples
from voice_coach.events import Event
from voice_coach.journal import JournalWriter
from voice_coach.plan import Plan
from voice_coach.report import SessionFacts


def leave_session(
    folder: Path,
    events: Sequence[Event] | None = None,
    *,
    facts: SessionFacts | None = None,
    plan: Plan | None = None,
) -> Path:
    """A folder with a journal, by default of the sample talk; returns it."""
    folder.mkdir(parents=True, exist_ok=True)
    facts = replace(facts or samples.facts(), session_id=folder.name, plan=plan)
    with JournalWriter(folder, facts) as journal:
        for event in samples.events() if events is None else events:
            journal.append(0, event)
    return folder
