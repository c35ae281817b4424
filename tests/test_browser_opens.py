"""The page opens by itself where somebody can look at it, and nowhere else."""

from __future__ import annotations

import webbrowser
from argparse import Namespace
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.sessions import leave_session
from tests.test_cli import run
from voice_coach.commands import across, browser, review
from voice_coach.config import ReviewOptions, Settings
from voice_coach.session import sessions_folder

PAGE = Path("an evening") / "report.html"


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Addresses that are opened, on a terminal of a Linux desktop."""
    addresses: list[str] = []
    monkeypatch.setattr(webbrowser, "open", addresses.append)
    monkeypatch.setattr(browser, "sys", SimpleNamespace(platform="linux", stdout=SimpleNamespace(isatty=lambda: True)))
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    return addresses


def show(settings: Settings | None = None, **flags: bool) -> None:
    browser.open_page(Namespace(**{"quiet": False, "json": False, **flags}), settings or Settings(), PAGE)


def test_it_opens_on_a_desktop(opened: list[str]) -> None:
    show()
    assert opened == [PAGE.absolute().as_uri()]


def test_it_does_not_where_that_is_not_wished(opened: list[str]) -> None:
    show(quiet=True)
    show(json=True)
    show(Settings(review=ReviewOptions(opens_page=False)))
    assert opened == []


def test_it_does_not_without_a_desktop_or_a_terminal(opened: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", "")
    show()
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    monkeypatch.setattr(browser.sys, "stdout", SimpleNamespace(isatty=lambda: False))
    show()
    assert opened == []


def test_a_browser_that_does_not_open_is_no_error(opened: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(address: str) -> None:
        raise webbrowser.Error(address)

    monkeypatch.setattr(webbrowser, "open", fail)
    show()
    assert opened == []


@pytest.mark.usefixtures("home")
def test_a_review_opens_its_page_and_an_export_none(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pages: list[Path] = []
    for module in (review, across):
        monkeypatch.setattr(module, "open_page", lambda chosen, settings, page: pages.append(page))
    folder = leave_session(sessions_folder() / "evening")
    run(capsys, "review", folder)
    run(capsys, "review", folder, "--export", "csv", tmp_path)
    run(capsys, "review", "--all")
    assert pages == [folder / "report.html", sessions_folder() / "talks.html"]
