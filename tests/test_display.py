"""What those who glance at the table see, and the keys they press."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import time
from io import StringIO

import numpy as np
import pytest
from rich.console import Console

from voice_coach.commands.common import Output
from voice_coach.display import LISTENING, PAUSED, SPEAKING, Display, Glance, picture
from voice_coach.engines.standard_error import StandardErrorAside
from voice_coach.events import (
    AudioBlock,
    Cue,
    CueOutcome,
    CueSettled,
    InterPausalUnit,
    Pause,
    Resume,
    Say,
    Speaker,
    SpeakingChanged,
    TalkReached,
    UnitEnded,
    Utterance,
    Word,
    WordsHeard,
)
from voice_coach.opening import Asked
from voice_coach.segment import SAMPLE_RATE, Segment, to_samples

A, B = Speaker.A, Speaker.B
NAMES = {A: "Maya", B: "Daniel"}
KEYS = "any key: pause, and go on     q: end the talk"
CUE = Cue(0, "slow_down", "Let's slow down a little. There is time.", None, 0, SAMPLE_RATE, ())


def said(speaker: Speaker, start: float, end: float) -> UnitEnded:
    return UnitEnded(InterPausalUnit(speaker, Segment(round(start * SAMPLE_RATE), round(end * SAMPLE_RATE)), 1.0, True))


def drawn(glance: Glance, asked: Asked | None = None, width: int = 80) -> list[str]:
    out = StringIO()
    Console(file=out, width=width, force_terminal=False).print(picture(glance, asked, KEYS))
    return [line.rstrip() for line in out.getvalue().splitlines()]


def shown(
    *outputs: object, minutes: float = 0.0, now: int = 60 * SAMPLE_RATE, names: dict[Speaker, str] = NAMES
) -> Glance:
    glance = Glance(names, minutes)
    for output in (TalkReached(0, (), None), *outputs):
        glance.take(output, now)  # type: ignore[arg-type]
    return glance


def test_it_fits_a_small_terminal_whatever_is_in_it() -> None:
    long = "word " * 60
    words = WordsHeard(Utterance(0, A, Segment(0, 100)), "script", tuple(map(Word, long.split())))
    names = {A: "Maximiliane-Theodora von und zu", B: "👩🏽‍🚒" * 30}
    glance = shown(said(A, 0, 30), said(B, 30, 60), words, names=names, minutes=60)
    glance.notice = "The microphone has gone; it is looked for."
    lines = drawn(glance)
    assert len(lines) <= 12
    assert all(len(line) <= 80 for line in lines)


def test_it_shows_who_holds_the_floor_and_how_the_talk_was_shared() -> None:
    lines = "\n".join(drawn(shown(said(A, 0, 30), said(B, 30, 40), SpeakingChanged((B,), 0), minutes=10)))
    assert "● listening" in lines
    assert "9:00 left" in lines
    assert "floor   Daniel" in lines
    assert "Maya 75" in lines
    assert "25 Daniel" in lines


@pytest.mark.parametrize(
    ("speakers", "floor"),
    [((), "free"), ((A, B), "Maya and Daniel"), ((Speaker.UNKNOWN,), "somebody"), ((A, Speaker.UNKNOWN), "somebody")],
)
def test_it_shows_everybody_who_speaks(speakers: tuple[Speaker, ...], floor: str) -> None:
    lines = "\n".join(drawn(shown(SpeakingChanged((A,), 0), SpeakingChanged(speakers, 0))))
    assert any(line.startswith("  floor   ") and line.endswith(floor) for line in lines.splitlines())


def test_the_floor_does_not_flicker_in_a_short_silence() -> None:
    told = [(1.0, (A,)), (2.2, ()), (2.5, None), (2.7, (A,)), (3.9, ()), (4.3, None), (4.9, None), (6.0, (B,))]
    glance, shows = Glance(NAMES), []
    for now, speakers in told:
        changed = TalkReached(0, (), None) if speakers is None else SpeakingChanged(speakers, to_samples(now - 0.3))
        glance.take(changed, to_samples(now))
        shows.append(glance.floor)
    assert shows == [(A,), (A,), (A,), (A,), (A,), (A,), (), (B,)]


def test_of_little_talk_no_shares_are_shown() -> None:
    lines = "\n".join(drawn(shown(said(A, 0, 10))))
    assert "too early to say" in lines
    assert "100" not in lines


def test_shares_are_of_the_last_five_minutes() -> None:
    glance = shown(said(A, 0, 60), said(B, 400, 430), now=450 * SAMPLE_RATE)
    assert glance.shares == (0, 100)


def test_it_always_shows_what_it_is_doing() -> None:
    glance = shown()
    assert glance.state == LISTENING
    glance.take(Say(CUE), 0)
    assert glance.state == SPEAKING
    assert any(CUE.text in line for line in drawn(glance))
    glance.take(CueSettled(CUE, CueOutcome.SPOKEN, 0, 1), 0)
    assert glance.state == LISTENING
    glance.take(Pause(), 0)
    assert glance.state == PAUSED
    assert any("paused, nothing is heard" in line for line in drawn(glance))
    glance.take(Resume(), 0)
    assert glance.state == LISTENING


def test_in_the_opening_it_shows_how_much_was_heard() -> None:
    glance = Glance(NAMES)
    assert any("hearing Maya: 7 of 10 seconds" in line for line in drawn(glance, Asked(A, 7.2, 10.0)))


def test_the_level_falls_slowly() -> None:
    glance = Glance(NAMES)
    glance.take(AudioBlock(0, np.full(320, 0.1, np.float32)), 0)
    loud = glance.level_db
    glance.take(AudioBlock(320, np.zeros(320, np.float32)), 0)
    assert loud - 2 < glance.level_db < loud


def in_a_pipe(*, quiet: bool, **environment: str) -> str:
    out = StringIO()
    console = Console(file=out, width=80, _environ=environment)
    with Display(Glance(NAMES), console, lambda: None, KEYS, quiet=quiet) as display:
        for output in (TalkReached(0, (), None), Say(CUE), CueSettled(CUE, CueOutcome.SPOKEN, 0, 1), Pause(), Resume()):
            display.take(output, 0)
        display.notice("The microphone has gone; it is looked for.")
        display.notice("")
    return out.getvalue()


def test_in_a_pipe_it_is_a_line_for_what_begins_or_ends() -> None:
    assert in_a_pipe(quiet=False).splitlines() == [
        "Listening.",
        f"The coach: {CUE.text}",
        "Paused: nothing is heard.",
        "Listening.",
        "The microphone has gone; it is looked for.",
        "Listening.",
    ]


def test_quiet_it_still_shows_that_it_listens() -> None:
    lines = in_a_pipe(quiet=True).splitlines()
    assert lines == ["Listening. Ctrl-C ends.", "The microphone has gone; it is looked for."]


class Gone(StringIO):
    """A terminal or a pipe that nobody has the other end of any more."""

    def write(self, text: str) -> int:
        del text
        raise BrokenPipeError


@pytest.mark.parametrize("painted", [True, False])
def test_where_nobody_looks_any_more_the_talk_goes_on(painted: bool) -> None:
    console = Output(file=Gone(), force_terminal=painted, _environ={"TERM": "xterm"})
    with Display(Glance(NAMES), console, lambda: None, KEYS, quiet=False) as display:
        display.take(Say(CUE), 0)
        display._paint()
        display.notice("The microphone has gone; it is looked for.")


def test_names_cannot_steer_the_terminal() -> None:
    glance = shown(SpeakingChanged((A,), 0), names={A: "\x1b[31mMaya", B: "Daniel"})
    assert not any("\x1b" in line for line in drawn(glance))


def on_a_terminal(code: str, *keys: bytes, **environment: str) -> str:
    """What a program paints on a terminal of 80 by 24, where these keys are pressed when it is ready."""
    keyboard, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=terminal, stdout=terminal, stderr=terminal,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "80", "LINES": "24", **environment},
    )  # fmt: skip
    os.close(terminal)
    painted = b""
    while True:
        try:
            part = os.read(keyboard, 65536)
        except OSError:
            break
        if not part:
            break
        painted += part
        if b"READY" in part:
            for key in keys:
                os.write(keyboard, key)
                time.sleep(0.005)
    os.close(keyboard)
    assert process.wait(20) == 0, painted.decode()
    return painted.decode()


LIVE = """
import os, sys, time
from rich.console import Console
from voice_coach.display import Display, Glance
from voice_coach.engines.standard_error import StandardErrorAside
from voice_coach.events import Speaker, TalkReached
with StandardErrorAside():
    os.write(2, b"ALSA lib pcm.c: underrun\\n")
    with Display(Glance({Speaker.A: "Maya", Speaker.B: "Daniel"}), Console(), lambda: None, "keys", quiet=False) as d:
        d.take(TalkReached(0, (), None), 0)
        time.sleep(0.6)
        os.write(2, b"ALSA lib pcm.c: underrun\\n")
        time.sleep(0.4)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_library_cannot_tear_it() -> None:
    painted = on_a_terminal(LIVE)
    assert "listening" in painted
    assert "ALSA" not in painted


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_without_colour_there_is_none() -> None:
    painted = on_a_terminal(LIVE, NO_COLOR="1")
    assert "listening" in painted
    assert "\x1b[3" not in painted


PRESSED = """
import sys, termios, threading, time
from voice_coach.engines.keys import Keys
before = termios.tcgetattr(sys.stdin)
pressed, came = [], threading.Event()
def press(key):
    pressed.append(key)
    came.set()
with Keys(press) as keys:
    assert keys.are_read
    print("READY", flush=True)
    assert came.wait(10)
assert termios.tcgetattr(sys.stdin) == before
print("PRESSED", pressed)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_key_counts_without_return_and_the_terminal_is_left_as_it_was() -> None:
    assert "PRESSED ['x']" in on_a_terminal(PRESSED, b"x")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.parametrize(
    ("sent", "stops"),
    [
        ((b"\x1b",), True),
        ((b"\x1b", b"\x1b"), True),
        ((b"q",), True),
        ((b"x",), False),
        ((b"\x1b[A",), False),  # an arrow
        ((b"\x1b", b"[A"), False),  # the same over a slow line
        ((b"\x1b[6~",), False),  # page down
        ((b"\x1b[3~",), False),  # delete
        ((b"\x1b[15~",), False),  # F5
        ((b"\x1bq",), False),  # Alt with a key
    ],
)
def test_escape_ends_the_talk_only_if_it_is_alone(sent: tuple[bytes, ...], stops: bool) -> None:
    """All other keys pause it, whatever the terminal sends for them."""
    painted = on_a_terminal(HELD, *sent)
    assert f"ASKED {'stop' if stops else 'pause'}" in painted


HELD = """
import threading
from argparse import Namespace
from voice_coach.commands.equipment import Notices
from voice_coach.commands.evening import Evening
from voice_coach.display import Glance
class Held:
    is_paused, asked, came = False, None, threading.Event()
    def press(self, request):
        self.request = request
        self.came.set()
    def hold(self):
        print("READY", flush=True)
        assert self.came.wait(10)
    def close(self, *, hurry):
        pass
chosen, held = Namespace(quiet=True, json=False, debug=False), Held()
assert Evening(chosen, Glance({})).hold(held, Notices(chosen)) == 0
print("ASKED", held.request)
"""


def test_where_there_is_no_terminal_no_keys_are_read() -> None:
    code = "from voice_coach.engines.keys import Keys\nwith Keys(print) as keys: assert not keys.are_read"
    subprocess.run([sys.executable, "-c", code], stdin=subprocess.DEVNULL, check=True)


def test_what_python_says_still_reaches_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    with StandardErrorAside():
        os.write(2, b"a library\n")
        sys.stderr.write("ours\n")
    os.write(2, b"afterwards\n")
    time.sleep(0.01)
    written = capfd.readouterr().err
    assert "a library" not in written
    assert "ours" in written
    assert "afterwards" in written
