"""The last talks side by side: `review --all`."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from rich.text import Text

from voice_coach import session
from voice_coach.commands.browser import open_page
from voice_coach.commands.common import Output, note, tell
from voice_coach.config import Settings
from voice_coach.errors import CoachError, InputError
from voice_coach.figures import Report
from voice_coach.journal import JOURNAL_NAME
from voice_coach.review.across import Across, TalkLine, across, render_across
from voice_coach.review.files import write_text
from voice_coach.review.wording import ABSENT

TALKS_PAGE = "talks.html"
_TITLES = ("share", "came in", "heard moments")


def review_all(chosen: Namespace, settings: Settings) -> int:
    """Show the last talks of the two people of the newest one."""
    root = session.sessions_folder()
    found = across(sorted(_reports(chosen, root), key=lambda report: report.session.started_at or report.session.id))
    if found is None:
        raise InputError(f"there is no talk of a minute or more in {root} yet")
    page = write_text(root, TALKS_PAGE, render_across(found))
    if chosen.json:
        sys.stdout.write(json.dumps([asdict(line) for line in found.lines], indent=2, ensure_ascii=False) + "\n")
    elif not chosen.quiet:
        _print(found, page)
    open_page(chosen, settings, page)
    return 0


def _reports(chosen: Namespace, root: Path) -> Iterator[Report]:
    for journal in sorted(root.glob(f"*/{JOURNAL_NAME}")) if root.is_dir() else ():
        try:
            yield session.load_report(journal.parent)
        except CoachError as error:
            note(chosen, str(error))


def _print(found: Across, page: Path) -> None:
    """A block for each talk, oldest first, the same form for both people."""
    output = Output()
    first, second = (name for _, name in found.names)
    output.print(Text(f"The last talks of {first} and {second}", style="bold"), soft_wrap=True)
    for line in found.lines:
        tell(output, "")
        gap = "" if line.gap == ABSENT else f", usual silence between turns: {line.gap}"
        tell(output, f"{line.when}, {line.lasted}{gap}")
        for title, values in zip(_TITLES, _values(line), strict=True):
            tell(output, f"  {title:<14} {first} {values[0]}, {second} {values[1]}")
    tell(output, "")
    tell(output, "Talks differ, and these figures weigh none of them.")
    tell(output, f"The same as a page: {page}")


def _values(line: TalkLine) -> tuple[tuple[object, ...], ...]:
    return line.shares, line.interruptions, line.moments
