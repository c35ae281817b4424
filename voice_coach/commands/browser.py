"""The page of a review in the desktop's browser, where there is a desktop, and somebody who looks."""

from __future__ import annotations

import os
import sys
import webbrowser
from argparse import Namespace
from contextlib import suppress
from pathlib import Path

from voice_coach.config import Settings


def open_page(chosen: Namespace, settings: Settings, page: Path) -> None:
    """Open a page, if that is wished; nothing depends on it, as the page was named."""
    if not settings.review.opens_page or chosen.quiet or chosen.json or not sys.stdout.isatty() or not _has_desktop():
        return
    with suppress(webbrowser.Error, OSError):
        webbrowser.open(page.absolute().as_uri())


def _has_desktop() -> bool:
    """Whether a window can open: a browser of text would take the terminal away."""
    return sys.platform in {"win32", "darwin"} or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
