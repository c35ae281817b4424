"""Talks at the virtual table with voices that were kept: what is left of them, however they end."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.at_the_table import virtual_table
from tools.live.people import DEMO, cut_off, fixture, said
from tools.live.program import Program
from tools.live.virtual_table import VirtualTable
from voice_coach import resources, session
from voice_coach.config import load_settings
from voice_coach.engines.recording import Recording
from voice_coach.engines.voice_store import VoiceStore
from voice_coach.events import CueOutcome, CueSettled, Event, OverlapHeard, Speaker, TalkReached, TurnEnded
from voice_coach.journal import read_journal
from voice_coach.lexicon import load_lexicon
from voice_coach.runner import RecordedAnswers, run_recorded
from voice_coach.segment import SAMPLE_RATE, to_seconds

pytestmark = [pytest.mark.real, pytest.mark.table]
RATE = SAMPLE_RATE
SETTINGS = """
[coaching.restraint]
quiet_opening_seconds = 0.0
[coaching.rules]
interruptions = 2
"""


@dataclass
class Place:
    """A table, and a home folder with two voices kept in it."""

    table: VirtualTable
    home: Path

    def run(self, *arguments: str, offline: bool = False) -> Program:
        return Program(self.table, *arguments, home=self.home, offline=offline)

    def talk(self, out: Path, *more: str) -> Program:
        """A talk that is listening."""
        arguments = ("--saved-voices", "--mute", "--words", "off", "--out", str(out), *more)
        program = self.run("talk", "Maya", "Daniel", *arguments)
        program.wait_for("Listening.", 40)
        return program

    def hear(self, recording: Path) -> tuple[Event, ...]:
        """What a recording is heard as, with the voices, the gain and the settings of the talk."""
        store = VoiceStore(self.home / ".local/share/voice-coach/voices")
        (first, gain), (second, other) = (store.load(name) for name in ("Maya", "Daniel"))
        voices = session.Voices({Speaker.A: "Maya", Speaker.B: "Daniel"}, (first, second))
        settings = load_settings([resources.config_folder() / "default.toml", self.home / "own.toml"])
        lexicon = load_lexicon(resources.config_folder() / "language" / "en.toml")
        pipeline = session.build_pipeline(voices, lexicon, settings, with_words=False)
        blocks = Recording(recording).blocks((gain * other) ** 0.5)
        return tuple(run_recorded(blocks, pipeline, RecordedAnswers(None, None)))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    home = tmp_path_factory.mktemp("live")
    (home / "own.toml").write_text(SETTINGS)
    with virtual_table(home / "pa") as table:
        place = Place(table, home)
        for name, which in (("Maya", "a"), ("Daniel", "b")):
            with place.run("enroll", name, str(DEMO / f"enrol_{which}.flac")) as enrolling:
                assert enrolling.end() == 0, enrolling.output
        yield place


def wait_until_quiet(table: VirtualTable, more: float) -> None:
    while not table.is_quiet:
        time.sleep(0.05)
    time.sleep(more)


def spoken(events: tuple[Event, ...], kind: type) -> list[tuple[object, object, float, float]]:
    """Turns or overlaps: who, of which kind, from when to when in seconds."""
    found: list[tuple[object, object, float, float]] = []
    for event in events:
        if isinstance(event, kind):
            what = event.turn if isinstance(event, TurnEnded) else event.overlap  # type: ignore[attr-defined]
            who = what.speaker if isinstance(event, TurnEnded) else what.by
            sort = "turn" if isinstance(event, TurnEnded) else what.kind
            found.append((who, sort, to_seconds(what.segment.start), to_seconds(what.segment.end)))
    return found


def test_a_talk_is_heard_live_as_the_recording_of_it_is(place: Place) -> None:
    """Same turns, overlaps and cues, and each within 50 ms of its place beside the others."""
    with (
        place.talk(place.home / "live", "--config", str(place.home / "own.toml")) as program,
        place.table.recording(place.home / "recorded.flac"),
    ):
        place.table.say(cut_off())
        wait_until_quiet(place.table, 4.0)
        program.press("q")
        assert program.end() == 0, program.output
    live = read_journal(place.home / "live").events
    recorded = place.hear(place.home / "recorded.flac")
    for kind in (TurnEnded, OverlapHeard):
        a, b = spoken(live, kind), spoken(recorded, kind)
        assert [entry[:2] for entry in a] == [entry[:2] for entry in b]
        shift = np.median([one[2] - other[2] for one, other in zip(a, b, strict=True)])
        off = [
            abs(x - y - shift) for one, other in zip(a, b, strict=True) for x, y in zip(one[2:], other[2:], strict=True)
        ]
        assert max(off) <= 0.05, (a, b)
    cues = [[e.cue.rule for e in events if isinstance(e, CueSettled)] for events in (live, recorded)]
    assert cues[0] == cues[1] != []


@pytest.mark.usefixtures("moonshine_model")
def test_at_the_agreed_time_it_offers_the_closing_round_once(place: Place) -> None:
    """At the first pause after it; the closing round is asked for by voice."""
    (place.home / "short.toml").write_text("[host]\nminutes = 0.15\n[coaching.restraint]\nbudget = 0\n")
    out = place.home / "short"
    arguments = ("--words", "moonshine", "--config", str(place.home / "short.toml"))
    with place.talk(out, *arguments) as program:
        place.table.say(fixture("talk.flac")[: 12 * RATE])
        since = program.wait_for("let's close, or coach, go on", 40)
        wait_until_quiet(place.table, 1.0)
        place.table.say(said("Daniel", "coach, let's close"))
        program.wait_for("What does each of you take with you", 20, since)
        program.press("q")
        assert program.end() == 0, program.output
    cues = [event.cue for event in read_journal(out).events if isinstance(event, CueSettled)]
    assert [cue.rule for cue in cues] == ["reply_time_is_up", "reply_close"]
    assert to_seconds(cues[0].decided_sample) >= 9.0


def test_killed_it_loses_a_second_and_is_recovered(place: Place) -> None:
    with place.run("talk", "Maya", "Daniel", "--saved-voices", "--mute", "--words", "off") as program:
        program.wait_for("Listening.", 40)
        place.table.say(cut_off()[: 12 * RATE])
        wait_until_quiet(place.table, 0.5)
        began = time.monotonic() - program.time_of("Listening.")
        program.process.send_signal(signal.SIGKILL)
        program.end()
    folder = next((place.home / ".local/share/voice-coach/sessions").glob("*"))
    reached = [event.at_sample for event in read_journal(folder).events if isinstance(event, TalkReached)]
    assert to_seconds(reached[-1]) > began - 1.0 - 0.5  # its voice and microphone are open half a second before
    assert not (folder / "report.json").exists()
    with place.talk(place.home / "next") as program:
        assert "recovered" in program.output
        program.press("q")
        assert program.end() == 0
    report = json.loads((folder / "report.json").read_text())
    assert report["session"]["status"] == "interrupted"
    assert len(report["turns"]) >= 2


def test_what_cannot_be_recovered_is_set_aside_and_the_talk_goes_on(place: Place) -> None:
    root = place.home / ".local/share/voice-coach/sessions"
    damaged = root / "2020-01-01-200000"
    damaged.mkdir(parents=True)
    (damaged / "journal.jsonl").write_bytes(b"\x00not a journal\n{}\n")
    with place.run("sessions", "--recover") as program:
        assert program.end() == 0
        assert "set aside" in program.output
    assert not damaged.exists()
    assert (root / "set-aside" / damaged.name / "journal.jsonl").exists()
    with place.run("sessions", "--recover") as program:
        assert program.end() == 0
        assert program.output == ""


@pytest.mark.parametrize("seconds", [0.4, 1.0, 2.0, 3.5, 6.0])
def test_ctrl_c_ends_it_properly_whenever_it_comes(place: Place, seconds: float, tmp_path: Path) -> None:
    """While it starts, while devices open, in the opening, in the midst of a sentence."""
    with place.run("talk", "Ana", "Jonas", "--out", str(tmp_path / "out"), "--words", "off") as program:
        time.sleep(0.6 + seconds)  # Python itself needs a moment before anybody could catch it
        program.interrupt()
        assert program.end(20) in {130, -signal.SIGINT}, program.output
    assert "Traceback" not in program.output
    assert not (tmp_path / "out" / "journal.jsonl").exists()


def test_ctrl_c_in_the_talk_saves_it(place: Place, tmp_path: Path) -> None:
    with place.talk(tmp_path / "out") as program:
        place.table.say(cut_off()[: 8 * RATE])
        wait_until_quiet(place.table, 0.0)
        program.interrupt()
        assert program.end(20) == 130, program.output
    assert json.loads((tmp_path / "out" / "report.json").read_text())["turns"]
    assert "Traceback" not in program.output


def test_a_second_ctrl_c_ends_it_at_once(place: Place, tmp_path: Path) -> None:
    with place.talk(tmp_path / "out") as program:
        place.table.say(cut_off()[: 4 * RATE])
        wait_until_quiet(place.table, 0.0)
        program.interrupt()
        threading.Timer(0.15, program.interrupt).start()
        began = time.monotonic()
        code = program.end(20)
        assert time.monotonic() - began < 8
    assert code in {130, -signal.SIGINT}
    assert "Traceback" not in program.output


def test_a_voice_is_kept_listed_and_forgotten(place: Place) -> None:
    def lines(*arguments: str) -> tuple[int, str]:
        with place.run(*arguments) as program:
            return program.end(), program.output

    assert lines("enroll", "Ana", str(DEMO / "enrol_a.flac"))[0] == 0
    assert lines("enroll") == (0, "Ana\nDaniel\nMaya")
    assert lines("enroll", "Ana", "--forget") == (0, "")
    assert lines("enroll") == (0, "Daniel\nMaya")
    code, said = lines("enroll", "Ana", "--forget")
    assert code == 3
    assert "no voice of Ana" in said
    code, said = lines("talk", "Ana", "Maya", "--saved-voices", "--mute")
    assert code == 3
    assert "no voice is kept of Ana" in said


def test_without_words_a_cue_is_still_shown_at_a_pause(place: Place) -> None:
    journal = read_journal(place.home / "live")
    assert CueOutcome.SHOWN in {e.outcome for e in journal.events if isinstance(e, CueSettled)}


def test_sessions_are_listed_and_forgotten(place: Place) -> None:
    with place.run("sessions", "--json") as program:
        assert program.end() == 0
    found = json.loads(program.output)
    assert found
    assert found[0]["speakers"] == ["Maya", "Daniel"]
    with place.run("sessions", "--forget", found[0]["name"]) as program:
        assert program.end() == 0
    assert not Path(found[0]["folder"]).exists()
    with place.run("sessions", "--forget-all") as program:
        assert program.end() == 2
    with place.run("sessions", "--forget", "../..") as program:
        assert program.end() == 3
