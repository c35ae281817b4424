"""What is done with a session after its talk: it is found again, and put right."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from voice_coach.corrections import (
    InterruptionDenied,
    LastUndone,
    corrected,
    corrected_names,
    in_force,
    interruptions_of,
)
from voice_coach.errors import InputError, UsageError
from voice_coach.fixing import correction_of
from voice_coach.journal import (
    JOURNAL_NAME,
    append_correction,
    read_corrections,
    read_journal,
    read_rewritten,
    read_second,
)
from voice_coach.learnt import Example, learn, unlearn
from voice_coach.segment import to_seconds
from voice_coach.session import sessions_folder


def put_right(folder: Path, text: str) -> None:
    """Journal a correction as people write it, and learn from it.

    Raises
    ------
    UsageError
        If it is no correction of this talk.
    InputError
        If it cannot be written.
    """
    journal, before = read_journal(folder), in_force(read_corrections(folder))
    again, rewritten = read_second(folder), read_rewritten(folder)
    heard = journal.events if again is None else again
    events = corrected(heard if rewritten is None else rewritten.events, before)
    correction = correction_of(text, events, corrected_names(journal.session.names, before))
    if isinstance(correction, LastUndone) and not before:
        raise UsageError("nothing was put right about this talk, so there is nothing to take back")
    append_correction(folder, journal.session, correction)
    if isinstance(correction, InterruptionDenied):
        denied = (event.overlap.segment for event in interruptions_of(events))
        found = next(segment for segment in denied if segment.start == correction.at_sample)
        learn(Example(journal.session.session_id, found.start_seconds, found.seconds))
    elif isinstance(correction, LastUndone) and isinstance(last := before[-1], InterruptionDenied):
        unlearn(journal.session.session_id, to_seconds(last.at_sample))


def find_session(chosen: Path | None) -> Path:
    """The folder of a session: the one that is named, by its path or its name alone, or the one written last.

    Raises
    ------
    InputError
        If there is none yet.
    """
    root = sessions_folder()
    if chosen is None:
        return _newest(root.iterdir() if root.is_dir() else ())
    by_name = len(chosen.parts) == 1 and not chosen.exists() and (root / chosen).exists()
    return root / chosen if by_name else chosen


def _newest(folders: Iterable[Path]) -> Path:
    journals = [folder / JOURNAL_NAME for folder in folders if (folder / JOURNAL_NAME).is_file()]
    if not journals:
        raise InputError(f"there is no session in {sessions_folder()} yet")
    return max(journals, key=lambda journal: journal.stat().st_mtime).parent
