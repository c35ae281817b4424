"""Sessions that ended without their report: the program was killed, or the machine went down.

Each is given one try, with what its journal holds up to where it is whole. What still cannot be read is set aside,
never deleted. A session that another program holds is left alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from voice_coach.engines.claim import Claim, Claimed
from voice_coach.errors import CoachError
from voice_coach.journal import JOURNAL_NAME
from voice_coach.session import REPORT_NAME, load_report, write_review

SET_ASIDE = "set-aside"
_TRIED_NAME = ".recovering"


def recover_sessions(root: Path) -> Iterator[str]:
    """Recover all sessions below a folder that need it; yields a line for people about each."""
    folders = sorted(journal.parent for journal in root.glob(f"*/{JOURNAL_NAME}")) if root.is_dir() else []
    for folder in folders:
        if not (folder / REPORT_NAME).exists():
            line = recover_session(folder, root / SET_ASIDE)
            if line is not None:
                yield line


def recover_session(folder: Path, aside: Path) -> str | None:
    """Recover one session, or set it aside; a line for people, `None` where it is in use."""
    try:
        with Claim(folder):
            return _recover(folder, aside)
    except Claimed:
        return None
    except CoachError as error:
        return f"the session {folder.name} could not be recovered: {error}"


def _recover(folder: Path, aside: Path) -> str:
    tried = folder / _TRIED_NAME
    if tried.exists():
        return _set_aside(folder, aside)
    tried.touch(mode=0o600)
    try:
        line = _write_report(folder, aside)
    except (CoachError, KeyboardInterrupt):  # no fault of the session's: the next start tries again
        tried.unlink()
        raise
    tried.unlink(missing_ok=True)  # it went with the session where that was set aside
    return line


def _write_report(folder: Path, aside: Path) -> str:
    try:
        report = load_report(folder)
    except CoachError as error:
        return f"{_set_aside(folder, aside)} ({error})"
    write_review(report, folder)
    minutes = round(report.session.duration_seconds / 60)
    return f"the session {folder.name} had not ended properly; its {minutes} minutes were recovered"


def _set_aside(folder: Path, aside: Path) -> str:
    aside.mkdir(mode=0o700, exist_ok=True)
    target = aside / folder.name
    try:
        folder.rename(target)
    except OSError as error:
        return f"the session {folder.name} can neither be read nor set aside: {error.strerror}"
    return f"the session {folder.name} cannot be read; it was set aside in {target}"
