"""What there is to see when a talk has ended: soon, however long it was."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from voice_coach import session
from voice_coach.commands.browser import open_page
from voice_coach.commands.common import Output, show_report, tell
from voice_coach.config import Settings
from voice_coach.figures import Report

_LONG_SECONDS = 240.0
"""From this length on, a talk is not heard a second time before there is something to see. That hearing took 8 s of
processor time for a talk of 9 minutes (measured on a busy machine), and nobody is to wait for more than 5 s."""


def show_ended(chosen: Namespace, settings: Settings, folder: Path, hear_again: Callable[[], None] | None) -> Report:
    """Show the review of a talk that has just ended, from a second hearing unless there is none; returns it.

    After a long talk, the first hearing is shown meanwhile. Where nobody looks any more, because the terminal is gone,
    everything is written all the same.
    """
    report, page = _written(folder), folder / session.PAGE_NAME
    is_shown = hear_again is not None and report.session.duration_seconds >= _LONG_SECONDS
    if is_shown:
        _say(chosen, f"The review: {page}. The talk is heard once more now, and the page is then made anew.")
        open_page(chosen, settings, page)
    if hear_again is not None:
        with suppress(KeyboardInterrupt):  # then the first hearing is what is shown
            hear_again()
        report = _written(folder)
    with suppress(OSError):
        show_report(chosen, report, page)
    if is_shown:
        _say(chosen, "Load the page once more, if it is open.")
    else:
        open_page(chosen, settings, page)
    return report


def _written(folder: Path) -> Report:
    report = session.load_report(folder)
    session.write_review(report, folder)
    return report


def _say(chosen: Namespace, line: str) -> None:
    if not chosen.quiet and not chosen.json:
        with suppress(OSError):
            tell(Output(), line)
