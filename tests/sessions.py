"""Sessions on disk, as talks leave them, for the tests of what comes after; and how a live one is held."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from tests import report_samples as samples
from voice_coach.engines.simulated import SimulatedTable
from voice_coach.events import Event
from voice_coach.journal import JournalWriter
from voice_coach.live.inbox import Inbox
from voice_coach.live_session import LiveSession
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


def hold_until(held: LiveSession, table: SimulatedTable, inbox: Inbox, is_over: Callable[[], bool]) -> None:
    """Hold a live session at a simulated table until something is so, and close it."""
    table.ready = held.is_idle
    table.start(inbox.put_audio, lambda _: None)
    runner = threading.Thread(target=held.hold, daemon=True)
    runner.start()
    deadline = time.monotonic() + 60
    while not is_over():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.01)
    held.close()
    runner.join()
