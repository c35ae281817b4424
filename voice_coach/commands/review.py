"""The figures of a session, its page, and its exports."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path

from voice_coach import afterwards, session
from voice_coach.characters import spelled_out
from voice_coach.commands.across import review_all
from voice_coach.commands.browser import open_page
from voice_coach.commands.common import effective_settings, show_report
from voice_coach.errors import InputError, UsageError
from voice_coach.review.exports import FORMATS, ON_REQUEST
from voice_coach.review.files import write_text


def review(chosen: Namespace) -> int:
    """Show a session, put something right about it, or export it."""
    settings = effective_settings(chosen)
    if chosen.all:
        return review_all(chosen, settings)
    folder = afterwards.find_session(chosen.session)
    for text in (*chosen.fix, *(f"agreed {text}" for text in chosen.agreed), *(f"next {text}" for text in chosen.next)):
        afterwards.put_right(folder, text)
    report = session.load_report(folder)
    if chosen.export is None:
        session.write_review(report, folder)
        show_report(chosen, report, folder / session.PAGE_NAME)
        open_page(chosen, settings, folder / session.PAGE_NAME)
        return 0
    name, target = chosen.export
    formats = {**FORMATS, **ON_REQUEST}
    if name not in formats:
        raise UsageError(f"there is no format {name}; there are {', '.join(formats)}")
    file, make = formats[name]
    try:
        Path(target).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{target} cannot be made: {error.strerror}") from error
    written = write_text(Path(target), file, make(report))
    if not chosen.quiet:
        sys.stdout.write(f"{spelled_out(str(written))}\n")
    return 0
