"""The sessions on this machine: list, forget, recover."""

from __future__ import annotations

import json
import shutil
import sys
from argparse import Namespace
from pathlib import Path

from voice_coach import session
from voice_coach.commands.common import Output, note, tell
from voice_coach.engines.claim import Claim
from voice_coach.errors import CoachError, InputError, UsageError
from voice_coach.figures import Report
from voice_coach.journal import JOURNAL_NAME
from voice_coach.recovery import recover_sessions


def sessions(chosen: Namespace) -> int:
    """List sessions, forget one or all, or recover those that did not end properly."""
    root = session.sessions_folder()
    if chosen.recover:
        for line in recover_sessions(root):
            tell(Output(), line)
        return 0
    folders = sorted(journal.parent for journal in root.glob(f"*/{JOURNAL_NAME}")) if root.is_dir() else []
    if chosen.forget is not None:
        _forget(next((folder for folder in folders if folder.name == chosen.forget), None), chosen.forget)
        return 0
    if chosen.forget_all:
        if not chosen.yes:
            raise UsageError(
                f"--forget-all removes {len(folders)} sessions for ever; say --yes as well if that is meant"
            )
        for folder in folders:
            _forget(folder, folder.name)
        return 0
    _list(chosen, folders)
    return 0


def _forget(folder: Path | None, name: str) -> None:
    if folder is None:
        raise InputError(f"there is no session {name}")
    with Claim(folder):
        try:
            shutil.rmtree(folder)
        except OSError as error:
            raise InputError(f"{folder} cannot be removed: {error.strerror}") from error


def _list(chosen: Namespace, folders: list[Path]) -> None:
    found: list[dict[str, object]] = []
    for folder in folders:
        try:
            report = session.load_report(folder)
        except CoachError as error:
            note(chosen, str(error))
            continue
        found.append(_facts(folder, report))
    if chosen.json:
        sys.stdout.write(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
        return
    console = Output()
    for facts in found:
        minutes = round(float(str(facts["duration_seconds"])) / 60)
        names = " and ".join(map(str, facts["speakers"] if isinstance(facts["speakers"], list) else []))
        tell(console, f"{facts['name']}  {names}, {minutes} min, {facts['status']}")


def _facts(folder: Path, report: Report) -> dict[str, object]:
    return {
        "name": folder.name,
        "folder": str(folder),
        "started_at": report.session.started_at,
        "duration_seconds": report.session.duration_seconds,
        "status": report.session.status,
        "speakers": [speaker.name for speaker in report.speakers],
    }
