"""A whole evening at the virtual table, through the real command line: real sound, real voices, real words.

One talk is held, and then looked at from all sides. It takes as long as it takes.
"""

from __future__ import annotations

import re
import stat
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tests.at_the_table import virtual_table
from tests.conftest import missing
from tests.traces import files_of, holds_sound, sockets_of
from tools.live.people import cut_off, fixture, said
from tools.live.program import Program
from tools.live.virtual_table import VirtualTable
from voice_coach.acoustics import Floats
from voice_coach.engines.moonshine import MoonshineTranscriber
from voice_coach.engines.simulated import EchoPath
from voice_coach.events import (
    PEOPLE,
    AudioLost,
    CueOutcome,
    CueSettled,
    RequestHeard,
    Speaker,
    TurnEnded,
    UnitEnded,
    Utterance,
    WordsHeard,
)
from voice_coach.journal import Journal, read_journal
from voice_coach.segment import SAMPLE_RATE, Segment

pytestmark = [pytest.mark.real, pytest.mark.table]
RATE = SAMPLE_RATE
PAUSE_IN_THE_TALK = 3.0
SETTINGS = """
[coaching.restraint]
quiet_opening_seconds = 0.0
[host]
standing_talk_seconds = 10.0
[opening]
enough_seconds = 8.0
"""


def room() -> EchoPath:
    """The loudspeaker, heard by the microphone 60 ms later, 10 dB below the people, through a short room."""
    rng = np.random.default_rng(5)
    count = RATE // 5
    tail = rng.standard_normal(count) * 10 ** (-3 * np.arange(count) / count)
    tail *= 0.4 / np.sqrt((tail**2).sum())
    tail[0] = 1.0
    return EchoPath(0.06, (0.25 * tail).astype(np.float32))


@dataclass(frozen=True)
class Evening:
    """What is left of it."""

    folder: Path
    home: Path
    journal: Journal
    output: str
    lines: list[tuple[float, str]]
    code: int
    played: Floats
    talk_began: float
    asked_at: dict[str, float]
    was_offline: bool
    files_in_the_talk: list[tuple[str, bytes]]
    sockets: dict[str, int]
    sound_clients: int

    @property
    def cues(self) -> list[CueSettled]:
        return [event for event in self.journal.events if isinstance(event, CueSettled)]

    def cue(self, rule: str) -> CueSettled:
        return next(event for event in self.cues if event.cue.rule == rule)


@pytest.fixture(scope="module")
def evening(tmp_path_factory: pytest.TempPathFactory, moonshine_model: None) -> Evening:
    home = tmp_path_factory.mktemp("evening")
    (home / "own.toml").write_text(SETTINGS)
    out = home / "out"
    with virtual_table(home / "pa", room()) as table, Program(
        table, "talk", "Maya", "Daniel", "--out", str(out), "--words", "moonshine", "--config", str(home / "own.toml"),
        offline=True, home=home,
    ) as program:  # fmt: skip
        asked: dict[str, float] = {}

        def say(name: str, text: str, key: str) -> None:
            table.say(said(name, text))
            while not table.is_quiet:
                time.sleep(0.01)
            asked[key] = time.monotonic()

        program.wait_for("Maya, please say your name", 40)
        wait_until_said(table)
        table.say(fixture("enrol_a.flac"))
        program.wait_for("And you, Daniel", 60)
        wait_until_said(table)
        table.say(fixture("enrol_b.flac"))
        program.wait_for("I am listening now", 60)
        wait_until_said(table)
        began = time.monotonic()
        table.say(cut_off())
        program.wait_for("The coach: Maya,", 75, since=len(program.lines))
        wait_until_said(table)
        files, sockets = own_files(home, program.process.pid), sockets_of(program.process.pid)
        clients = table.control("list", "clients").count(f'application.process.id = "{program.process.pid}"')
        time.sleep(PAUSE_IN_THE_TALK)
        for name, text, key, answer in (
            ("Daniel", "coach, how are we doing", "standing", "last minutes"),
            ("Maya", "coach, slower please", "slower", "more slowly"),
            ("Daniel", "coach, pause", "pause", "Paused"),
        ):
            since = len(program.lines)
            say(name, text, key)
            program.wait_for(answer, 15, since)
            wait_until_said(table)
        table.say(fixture("talk.flac")[: 4 * RATE])  # nobody hears this
        time.sleep(4.5)
        program.press("x")
        program.wait_for("listening again", 15)
        wait_until_said(table)
        since = len(program.lines)
        say(
            "Maya",
            "coach, let's close",
            "close",
        )
        program.wait_for("The coach: ", 15, since)
        time.sleep(1.4)
        asked["over"] = time.monotonic()
        table.say(said("Daniel", "I take with me that you were listening to me tonight"))  # over the coach's sentence
        time.sleep(8)
        say("Daniel", "coach, stop", "stop")
        code = program.end()
        played, lines, was_offline = table.played, program.lines, program.is_offline
    return Evening(
        out, home, read_journal(out), "\n".join(line for _, line in lines), lines, code, played, began, asked,
        was_offline, files, sockets, clients,
    )  # fmt: skip


def wait_until_said(table: VirtualTable) -> None:
    """Wait until the coach has begun to speak and fallen silent again for a moment."""
    deadline = time.monotonic() + 20
    while not _is_loud(table.heard[-10:]):
        assert time.monotonic() < deadline, "the coach does not speak"
        time.sleep(0.02)
    while _is_loud(table.heard[-35:]):
        time.sleep(0.02)


def _is_loud(blocks: list[Floats]) -> bool:
    return bool(blocks) and max(float(np.abs(block).max()) for block in blocks) > 0.003


def test_it_ends_well(evening: Evening) -> None:
    assert evening.code == 0, evening.output
    names = {path.name for path in evening.folder.iterdir()}
    assert {
        "journal.jsonl",
        "second_hearing.jsonl",
        "report.json",
        "report.html",
        "turns.rttm",
        "transcript.vtt",
    } <= names
    assert "Maya and Daniel" in evening.output


def test_the_coach_says_what_it_says_at_the_pause_and_wholly(evening: Evening) -> None:
    cue = evening.cue("floor_back")
    assert cue.outcome is CueOutcome.SPOKEN
    assert cue.cue.named is Speaker.A
    heard = transcribed(evening.played)
    missing = words_of(cue.cue.text) - heard
    assert len(missing) <= 1, (missing, sorted(heard))  # the engine that listens may mishear one of eight


def test_requests_are_understood_from_either_voice(evening: Evening) -> None:
    asked = [e.request.value for e in evening.journal.events if isinstance(e, RequestHeard)]
    assert asked == ["standing", "slower", "pause", "go_on", "close", "stop"]


def test_paused_it_hears_nothing(evening: Evening) -> None:
    gap = next(e.segment for e in evening.journal.events if isinstance(e, AudioLost) and e.reason == "paused")
    assert gap.seconds > 3
    units = [e.unit.segment for e in evening.journal.events if isinstance(e, UnitEnded)]
    assert all(not unit.overlap(gap) for unit in units)
    assert any("Paused: nothing is heard." in line for _, line in evening.lines)


def test_it_never_hears_itself(evening: Evening) -> None:
    """While it speaks and 0.3 s after, there is no speech but of whoever spoke over it."""
    for cue in evening.cues:
        if cue.started_sample is None or cue.finished_sample is None or cue.outcome is CueOutcome.YIELDED:
            continue
        deaf = Segment(cue.started_sample, cue.finished_sample + round(0.3 * RATE))
        units = [e.unit for e in evening.journal.events if isinstance(e, UnitEnded)]
        assert all(unit.segment.overlap(deaf) <= RATE // 10 for unit in units), cue
    texts = {cue.cue.text for cue in evening.cues}
    for words in (e for e in evening.journal.events if isinstance(e, WordsHeard)):
        assert all(len(words_of(words.text) & words_of(text)) <= 4 for text in texts), words.text


@pytest.mark.usefixtures("aec")
def test_whoever_speaks_over_it_is_let_speak(evening: Evening) -> None:
    closing = evening.cue("reply_close")
    assert closing.outcome is CueOutcome.YIELDED
    assert closing.finished_sample is not None
    said_after = [e for e in evening.journal.events if isinstance(e, WordsHeard) and "listening" in e.text]
    assert said_after, "what was said over the coach was not written down"


def test_both_people_have_their_turns(evening: Evening) -> None:
    turns = [e.turn for e in evening.journal.events if isinstance(e, TurnEnded)]
    assert {turn.speaker for turn in turns} == set(PEOPLE)
    assert sum(turn.confidence > 0.75 for turn in turns) >= 0.8 * len(turns)


def test_only_its_user_can_read_it(evening: Evening) -> None:
    assert stat.S_IMODE(evening.folder.stat().st_mode) == 0o700
    for path in evening.folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_no_audio_is_on_the_disk(evening: Evening) -> None:
    """A stretch of what was said is in no file while the talk is held or afterwards, deleted ones included."""
    stretch = cut_off()[8 * RATE : 17 * RATE // 2]
    assert any("journal" in name for name, _ in evening.files_in_the_talk)
    for name, data in (*evening.files_in_the_talk, *own_files(evening.home)):
        assert not holds_sound(data, stretch), name


def test_it_needs_no_network(evening: Evening) -> None:
    """No interface is there, and no socket is open but to the sound server of this machine."""
    if not evening.was_offline:
        missing("a process cannot be started without a network here")
    assert evening.code == 0
    assert evening.sockets["other"] == 0
    assert evening.sockets["unix"] >= evening.sound_clients > 0  # its library makes pairs for its own threads


def own_files(home: Path, pid: int | None = None) -> list[tuple[str, bytes]]:
    """What the program has written so far, without what belongs to the sound server."""
    return [(name, data) for name, data in files_of(home, pid) if not name.startswith(str(home / "pa"))]


def transcribed(samples: Floats) -> set[str]:
    """Words of a long recording, stretch by stretch."""
    engine = MoonshineTranscriber()
    loud = np.abs(samples) > 0.003
    found: set[str] = set()
    starts = np.flatnonzero(loud)
    begin = starts[0]
    for before, after in pairwise(starts):
        if after - before > RATE // 2:
            found |= _words(engine, samples[max(0, begin - 1600) : before + 3200])
            begin = after
    return found | _words(engine, samples[max(0, begin - 1600) : starts[-1] + 3200])


def _words(engine: MoonshineTranscriber, samples: Floats) -> set[str]:
    utterance = Utterance(0, Speaker.UNKNOWN, Segment(0, len(samples)))
    return {word for said in engine.transcribe(utterance, 0, samples).words for word in words_of(said.text)}


def words_of(text: str) -> set[str]:
    return set(re.findall(r"[a-z']+", text.lower()))
