"""What is shown when a talk has ended, and in which order."""

from __future__ import annotations

import time
from argparse import Namespace
from pathlib import Path

import pytest

from tests import report_samples as samples
from tests.sessions import leave_session
from voice_coach.commands import ended
from voice_coach.commands.ended import show_ended
from voice_coach.config import Settings
from voice_coach.journal import write_beside

SHORT = samples.events("\n".join(samples.TALK.splitlines()[:20]))
LONG = samples.events()
CHOSEN = Namespace(quiet=False, json=False)


@pytest.fixture
def order(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What happens, in order."""
    happened: list[str] = []
    monkeypatch.setattr(ended, "open_page", lambda chosen, settings, page: happened.append("opened"))
    return happened


def test_a_short_talk_is_heard_again_before_it_is_shown(
    order: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = leave_session(tmp_path / "evening", SHORT)

    def hear_again() -> None:
        assert capsys.readouterr().out == ""
        order.append("heard again")
        write_beside(folder, samples.facts(), SHORT)

    report = show_ended(CHOSEN, Settings(), folder, hear_again)
    assert order == ["heard again", "opened"]
    assert report.session.hearing == "second"
    assert "heard a second time" in (folder / "report.html").read_text("utf-8")


def test_a_long_talk_is_shown_at_once_and_anew_when_it_was_heard_again(
    order: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = leave_session(tmp_path / "evening", LONG)

    def hear_again() -> None:
        assert "is heard once more now" in " ".join(capsys.readouterr().out.split())
        assert "as it was heard during the talk" in (folder / "report.html").read_text("utf-8")
        order.append("heard again")
        write_beside(folder, samples.facts(), LONG)

    show_ended(CHOSEN, Settings(), folder, hear_again)
    assert order == ["opened", "heard again"]
    assert "Load the page once more" in capsys.readouterr().out
    assert "heard a second time" in (folder / "report.html").read_text("utf-8")


def test_two_hours_are_shown_within_five_seconds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of processor time: so other programs do not count."""
    folder, shown = leave_session(tmp_path / "evening", samples.events(repeat=24, gap_seconds=12.0)), []
    monkeypatch.setattr(ended, "open_page", lambda *_: shown.append(time.process_time()))
    began = time.process_time()
    report = show_ended(Namespace(quiet=True, json=False), Settings(), folder, lambda: None)
    assert report.session.duration_seconds > 7200
    assert shown[0] - began < 5
    assert (folder / "report.html").stat().st_size < 300_000


def test_whoever_does_not_wait_sees_the_first_hearing(order: list[str], tmp_path: Path) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    for name, again in (("one", interrupted), ("other", None)):
        report = show_ended(CHOSEN, Settings(), leave_session(tmp_path / name, SHORT), again)
        assert report.session.hearing == "live"
    assert order == ["opened", "opened"]
