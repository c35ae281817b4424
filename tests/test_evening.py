"""What stands around a talk: what is written where, and that it is closed and kept however it ends."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import subprocess
import sys
import termios
from argparse import Namespace
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from pathlib import Path

import pytest

from tests.sessions import leave_session
from tools.live.program import heed_ctrl_c
from voice_coach import session
from voice_coach.commands import talk as command
from voice_coach.commands.equipment import Notices
from voice_coach.commands.evening import Evening
from voice_coach.config import Settings
from voice_coach.display import Glance
from voice_coach.errors import MissingPart
from voice_coach.events import Request, Speaker

NAMES = {Speaker.A: "Maya", Speaker.B: "Daniel"}

PROGRAM = """
import sys, threading
from argparse import Namespace
from pathlib import Path
from voice_coach.commands.ended import show_ended
from voice_coach.commands.equipment import Notices
from voice_coach.commands.evening import Evening, ending_by_signals
from voice_coach.config import Settings
from voice_coach.display import Glance
from voice_coach.events import Speaker, TalkReached
from voice_coach.ports import Notice

class Held:
    is_paused, asked = False, None
    def press(self, request):
        pass
    def hold(self):
        evening.watch(TalkReached(0, (), None), 0)
        {hold}
    def close(self, *, hurry):
        {close}

chosen = Namespace(quiet=False, json={json}, debug=False)
evening, notices = Evening(chosen, Glance({{Speaker.A: "Maya", Speaker.B: "Daniel"}})), Notices(chosen)
with ending_by_signals():
    code = evening.hold(Held(), notices)
    {after}
"""


def program(**parts: object) -> list[str]:
    filled: Mapping[str, object] = {"hold": "pass", "close": "pass", "after": "pass", "json": False} | parts
    return [sys.executable, "-c", PROGRAM.format(**filled)]


def test_with_json_nothing_but_json_is_on_standard_output() -> None:
    command = program(
        json=True, hold='notices(Notice("The microphone has gone."))', after='notices(Notice("Nothing is heard."))'
    )
    done = subprocess.run(command, capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL)
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        "Listening. Ctrl-C ends.", "The microphone has gone.", "voice-coach: Nothing is heard.",
    ]  # fmt: skip


def on_a_terminal(command: Sequence[str], **environment: str) -> tuple[subprocess.Popen[bytes], int]:
    """A program that a terminal of its own belongs to, and that terminal's other end."""

    def belong() -> None:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        heed_ctrl_c()

    keyboard, terminal = pty.openpty()
    process = subprocess.Popen(
        command, stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True,
        env={**os.environ, "TERM": "xterm", **environment}, preexec_fn=belong,  # noqa: PLW1509
    )  # fmt: skip
    os.close(terminal)
    return process, keyboard


def painted(keyboard: int, text: str) -> str:
    """What is painted until a text is, or the end."""
    seen = b""
    while text.encode() not in seen and select.select([keyboard], [], [], 30)[0]:
        with suppress(OSError):
            part = os.read(keyboard, 65536)
            seen += part
            if part:
                continue
        break
    return seen.decode()


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_terminal_that_is_closed_takes_nothing_of_the_talk_with_it(tmp_path: Path) -> None:
    """Its own end and the shell's hurry come both; the talk is closed, and its report written."""
    folder, closed = leave_session(tmp_path / "evening"), tmp_path / "closed"
    process, keyboard = on_a_terminal(
        program(
            hold="threading.Event().wait(30)",
            close=f"Path({str(closed)!r}).touch(); threading.Event().wait(1.0)",
            after=f"show_ended(chosen, Settings(), Path({str(folder)!r}), None); Path({str(closed)!r}).unlink()",
        )
    )
    assert "listening" in painted(keyboard, "listening")
    os.close(keyboard)
    while not closed.exists():
        assert process.poll() is None
    process.send_signal(signal.SIGHUP)
    process.wait(30)
    assert (folder / "report.html").exists()
    assert not closed.exists(), "it went on after its report"


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_on_a_terminal_where_nothing_can_be_painted_it_is_lines() -> None:
    process, keyboard = on_a_terminal(program(hold="threading.Event().wait(30)"), TERM="dumb")
    assert painted(keyboard, "Listening.").splitlines() == ["Listening."]
    process.send_signal(signal.SIGINT)
    process.wait(30)
    os.close(keyboard)


class Held:
    """Something that fails while it is held."""

    is_paused, asked, has_begun = False, None, True

    def __init__(self, error: BaseException) -> None:
        self._error, self.closed = error, list[bool]()

    def press(self, request: Request) -> None:
        """Nobody asks for anything."""

    def hold(self) -> None:
        raise self._error

    def close(self, *, hurry: bool) -> None:
        self.closed.append(hurry)


@pytest.mark.parametrize("error", [MissingPart("no microphone can be opened"), RuntimeError("a bug")])
def test_whatever_goes_wrong_it_is_closed(error: Exception) -> None:
    chosen, held = Namespace(quiet=True, json=False, debug=True), Held(error)
    with pytest.raises(type(error), match=str(error)):
        Evening(chosen, Glance(NAMES)).hold(held, Notices(chosen))
    assert held.closed == [False]
    held = Held(KeyboardInterrupt())
    assert Evening(chosen, Glance(NAMES)).hold(held, Notices(chosen)) == 130
    assert held.closed == [True]


@pytest.mark.usefixtures("home")
def test_what_was_recorded_until_something_went_wrong_has_its_report(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = leave_session(tmp_path / "evening")
    monkeypatch.setattr(command, "effective_settings", lambda _: settings)
    monkeypatch.setattr(command, "open_equipment", lambda *_: None)
    monkeypatch.setattr(command, "LiveSession", lambda *_: nullcontext(Held(MissingPart("the microphone is gone"))))
    monkeypatch.setattr(session, "choose_folder", lambda *_: folder)
    chosen = Namespace(
        names=["Maya", "Daniel"], out=None, plan="off", minutes=None, saved_voices=False, keep_voices=False,
        quiet=True, json=False, debug=True,
    )  # fmt: skip
    with pytest.raises(MissingPart, match="the microphone is gone"):
        command.talk(chosen)
    assert (folder / "report.html").exists()
