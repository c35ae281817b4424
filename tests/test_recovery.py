"""Sessions that never ended: recovered from what their journal holds, tried once, never lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.sessions import leave_session
from voice_coach import recovery
from voice_coach.errors import InputError
from voice_coach.recovery import SET_ASIDE, recover_sessions


@pytest.fixture
def session(tmp_path: Path) -> Path:
    return leave_session(tmp_path / "talk")


def failing(error: BaseException) -> Callable[..., None]:
    def write(*_: object) -> None:
        raise error

    return write


def test_whatever_is_whole_of_a_journal_is_recovered(session: Path) -> None:
    """Wherever it was cut off, in the midst of a line too."""
    journal = session / "journal.jsonl"
    whole = journal.read_bytes()
    for length in range(len(whole) // 2, len(whole), len(whole) // 30):
        journal.write_bytes(whole[:length])
        (line,) = recover_sessions(session.parent)
        assert "recovered" in line
        assert (session / "report.json").exists()
        for written in session.iterdir():
            if written != journal:
                written.unlink()
    assert not (session.parent / SET_ASIDE).exists()


@pytest.mark.parametrize("error", [InputError("no space is left on the device"), KeyboardInterrupt()])
def test_what_is_no_fault_of_the_session_is_tried_again(
    session: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    with monkeypatch.context() as changed:
        changed.setattr(recovery, "write_review", failing(error))
        if isinstance(error, KeyboardInterrupt):
            with pytest.raises(KeyboardInterrupt):
                list(recover_sessions(session.parent))
        else:
            (line,) = recover_sessions(session.parent)
            assert "no space is left" in line
    (line,) = recover_sessions(session.parent)
    assert "recovered" in line
    assert (session / "report.json").exists()


def test_what_ended_the_program_once_is_set_aside(session: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not tried at every start: a talk would never begin again."""
    journal = (session / "journal.jsonl").read_bytes()
    with monkeypatch.context() as changed:
        changed.setattr(recovery, "write_review", failing(ZeroDivisionError()))
        with pytest.raises(ZeroDivisionError):
            list(recover_sessions(session.parent))
    (line,) = recover_sessions(session.parent)
    assert "set aside" in line
    assert not session.exists()
    assert (session.parent / SET_ASIDE / "talk" / "journal.jsonl").read_bytes() == journal
    assert list(recover_sessions(session.parent)) == []
