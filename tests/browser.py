"""A real browser for the tests of the pages: Debian's chromium, driven by playwright, with nothing but its own files.

It is killed with its context, has a profile of its own, and whatever a page asks for is counted.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.conftest import missing

DESKTOP = {"viewport": {"width": 1280, "height": 900}}
PHONE = {"viewport": {"width": 360, "height": 780}, "device_scale_factor": 2, "has_touch": True, "is_mobile": True}
WIDTHS = {"desktop": DESKTOP, "phone": PHONE}
QUIET = (
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")


def chromium_program() -> str:
    """The browser, or the reason for a skip."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        missing("chromium is not installed")
    if find_spec("axe_playwright_python") is None:
        missing("axe-playwright-python is not installed")
    return program


@dataclass
class Opened:
    """A page in the browser, and every address that it asked for, its own file left out."""

    page: Any
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def violations(self) -> list[str]:
        """What axe finds wrong, every part of the page opened."""
        self.page.evaluate("document.querySelectorAll('details:not(.slot)').forEach(d => d.open = true)")
        axe = (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
        # By the browser's own protocol: the page's policy lets no script in, and is not to be loosened for the test.
        self.page.evaluate(axe)
        found = self.page.evaluate(
            "rules => axe.run(document, {runOnly: {type: 'tag', values: rules}, resultTypes: ['violations']})",
            list(_RULES),
        )
        return [
            f"{broken['id']}: {node['target']} {node.get('failureSummary', '')}"
            for broken in found["violations"]
            for node in broken["nodes"]
        ]


@contextmanager
def opened(browser: Any, file: Path, **options: Any) -> Iterator[Opened]:
    """A page of a file, in a context of its own."""
    context = browser.new_context(**options)
    try:
        shown = Opened(context.new_page())
        own = file.resolve().as_uri()
        shown.page.on("request", lambda request: None if request.url == own else shown.asked.append(request.url))
        shown.page.on("console", lambda message: shown.complaints.append(message.text))
        shown.page.on("pageerror", lambda error: shown.complaints.append(str(error)))
        shown.page.goto(own)
        yield shown
    finally:
        context.close()
