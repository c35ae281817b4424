"""What goes wrong with sound, at the virtual table: noticed, shown, journalled as a gap, and mended by itself.

One talk goes through all of it, one fault after the other; each test injects one, and sees that it is heard again.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.at_the_table import virtual_table
from tools.live.people import DEMO
from tools.live.program import Program
from tools.live.virtual_table import MICROPHONE, SOURCE, VirtualTable
from voice_coach.engines.microphone import GONE, MOVED
from voice_coach.events import AudioLost, CueOutcome, CueSettled
from voice_coach.journal import read_journal
from voice_coach.segment import to_seconds

pytestmark = [pytest.mark.real, pytest.mark.table]
NOTICED_SECONDS, MENDED_SECONDS = 2.0, 5.0
SLACK_SECONDS = 1.0
"""Shared processors stop tests for a moment now and then; what they measure is not to depend on it."""


@dataclass
class Talk:
    """A talk that goes on, and a table whose devices come and go."""

    table: VirtualTable
    program: Program
    out: Path

    def module(self, text: str) -> str:
        """The number of the server's module with a text in its arguments."""
        modules = self.table.control("list", "short", "modules").splitlines()
        return next(line.split("\t")[0] for line in modules if text in line)

    def unplug(self, text: str = f"source_name={SOURCE}") -> None:
        self.table.control("unload-module", self.module(text))

    def plug(self, name: str = SOURCE) -> None:
        self.table.control("load-module", "module-remap-source", f"source_name={name}", f"master={MICROPHONE}.monitor")

    def notices(self, text: str, began: int) -> int:
        """Wait until a notice is shown, no later than it must be."""
        return self.program.wait_for(text, NOTICED_SECONDS + SLACK_SECONDS, began)

    def heals(self, began: int) -> None:
        """Wait until it listens again, no later than it must."""
        self.program.wait_for("Listening.", MENDED_SECONDS + SLACK_SECONDS, began)

    def stream(self) -> tuple[str, str]:
        """The number of the program's stream at the server, and that of what it hears."""
        for stream in self.table.control("list", "source-outputs").split("\n\n"):
            if f'application.process.id = "{self.program.process.pid}"' in stream:
                number, source = re.search(r"#(\d+)", stream), re.search(r"Source: (\d+)", stream)
                assert number is not None
                assert source is not None
                return number[1], source[1]
        return "", ""

    def heard_microphone(self) -> str:
        """The name of the microphone that the program hears."""
        sources = (line.split("\t") for line in self.table.control("list", "short", "sources").splitlines())
        return {fields[0]: fields[1] for fields in sources}.get(self.stream()[1], "")

    def hears_again_with(self, name: str) -> None:
        """Wait until it hears with a microphone, no later than it must."""
        deadline = time.monotonic() + MENDED_SECONDS + SLACK_SECONDS
        while self.heard_microphone() != name:
            assert time.monotonic() < deadline, self.heard_microphone()
            time.sleep(0.1)

    @property
    def now(self) -> int:
        return len(self.program.lines)

    def lost(self, reason: str) -> float:
        """Seconds lost so far for a reason."""
        events = read_journal(self.out).events
        return sum(to_seconds(e.segment.samples) for e in events if isinstance(e, AudioLost) and e.reason == reason)

    def is_journalled(self, reason: str, before: float) -> None:
        """Wait until a new gap is in the journal, which may be a second late."""
        deadline = time.monotonic() + 4
        while self.lost(reason) - before < 0.1:
            assert time.monotonic() < deadline, f"no gap because {reason}"
            time.sleep(0.1)
        assert self.lost(reason) - before < 12


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Talk]:
    home = tmp_path_factory.mktemp("faults")
    out = home / "out"
    with virtual_table(home / "pa") as table:
        for name, recording in (("Maya", "enrol_a.flac"), ("Daniel", "enrol_b.flac")):
            with Program(table, "enroll", name, str(DEMO / recording), home=home) as enrolling:
                assert enrolling.end() == 0, enrolling.output
        arguments = ("talk", "Maya", "Daniel", "--saved-voices", "--words", "off", "--out", str(out))
        with Program(table, *arguments, home=home) as program:
            program.wait_for("I am listening now", 40)
            while not out.exists():  # the talk begins when that was said
                time.sleep(0.1)
            time.sleep(2.5)
            yield Talk(table, program, out)


def test_a_microphone_that_is_unplugged_is_noticed_and_found_again(talk: Talk) -> None:
    before, began = talk.lost(GONE), talk.now
    talk.unplug()
    shown = talk.notices("gone", began)
    time.sleep(1)
    talk.plug()
    talk.heals(shown)
    talk.is_journalled(GONE, before)


def test_another_microphone_takes_its_place_until_it_is_back(talk: Talk) -> None:
    talk.plug("webcam")
    time.sleep(0.5)
    began = talk.now
    talk.unplug()
    talk.heals(talk.notices("webcam", began))
    assert talk.heard_microphone() == "webcam"
    talk.is_journalled(MOVED, 0.0)
    talk.plug()
    talk.hears_again_with(SOURCE)


def test_another_usual_microphone_changes_nothing_for_long(talk: Talk) -> None:
    began = talk.now
    talk.table.control("set-default-source", "webcam")
    talk.heals(talk.notices("goes back", began))
    talk.hears_again_with(SOURCE)


def test_whoever_moves_it_silently_again_means_it(talk: Talk) -> None:
    for name in ("webcam", SOURCE):
        began = talk.now
        talk.table.control("move-source-output", talk.stream()[0], name)
        talk.heals(talk.notices(f"listens with {name} now", began))
        talk.hears_again_with(name)
    talk.table.control("set-default-source", SOURCE)
    time.sleep(1)
    talk.hears_again_with(SOURCE)


def test_a_sound_server_that_is_killed_and_started_again_is_heard_again(talk: Talk) -> None:
    before, began = talk.lost(GONE), talk.now
    talk.table.stop_server()
    shown = talk.notices("gone", began)
    talk.table.start_server()
    talk.heals(shown)
    talk.is_journalled(GONE, before)


def test_an_output_that_goes_during_a_sentence_is_shown_instead(talk: Talk) -> None:
    began = talk.now
    talk.program.press("x")
    talk.program.wait_for("Paused: nothing is heard.", 5, began)
    time.sleep(1)
    began, place = talk.now, len(talk.table.heard)
    talk.program.press("x")
    talk.program.wait_for("The coach: ", 5, began)
    deadline = time.monotonic() + 5
    while not any(abs(block).max() > 0.003 for block in talk.table.heard[place:]):
        assert time.monotonic() < deadline, "the coach does not speak"
        time.sleep(0.01)
    began = talk.now
    talk.table.stop_server()
    shown = talk.notices("gone", began)
    talk.table.start_server()
    talk.heals(shown)


def test_after_all_of_it_the_session_is_whole(talk: Talk) -> None:
    talk.program.press("q")
    assert talk.program.end() == 0, talk.program.output
    journal = read_journal(talk.out)
    cues = [event for event in journal.events if isinstance(event, CueSettled)]
    assert cues[-1].outcome is CueOutcome.SHOWN
    assert (talk.out / "report.html").exists()
    lost = {event.reason for event in journal.events if isinstance(event, AudioLost)}
    assert {GONE, MOVED, "paused"} <= lost
    assert "ALSA" not in talk.program.output
