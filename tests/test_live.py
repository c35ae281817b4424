"""Live talks without devices: threads around the pipeline, nothing lost, nothing locked."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.marked import MarkedTalk, eager, marked_pipeline
from tests.sounds import RATE
from tests.talks import NAMES, TENTH, speech
from voice_coach.engines.fakes import ScriptedTranscriber, ToneRenderer
from voice_coach.engines.simulated import EchoPath, SimulatedTable
from voice_coach.errors import EngineFailed
from voice_coach.events import (
    AudioBlock,
    AudioLost,
    Cue,
    CueOutcome,
    CueSettled,
    Event,
    Output,
    OverlapHeard,
    Recognition,
    Request,
    RequestHeard,
    Speaker,
    TalkEnded,
    TurnEnded,
    UnitEnded,
    Utterance,
    Word,
    WordsHeard,
    WordsMissing,
)
from voice_coach.journal import JournalWriter, read_journal
from voice_coach.lexicon import Lexicon
from voice_coach.live.inbox import Inbox
from voice_coach.live.speaking import Clock
from voice_coach.live.talk import Course, LiveEngines, LiveTalk
from voice_coach.pipeline import PipelineOptions
from voice_coach.ports import Notice
from voice_coach.report import SessionFacts
from voice_coach.runner import RecordedAnswers, replay, run_recorded
from voice_coach.segment import Segment, to_samples

A, B = Speaker.A, Speaker.B
ROUND_A, ROUND_B = "a" * 40 + "." * 50, "." * 32 + "b" * 53 + "." * 5
LINE_A, LINE_B = ROUND_A * 3 + "." * 40, ROUND_B * 3 + "." * 40
SCRIPT = {(A, Segment(0, 40 * TENTH)): "you always look at your phone"}
TALK = MarkedTalk(speech(LINE_A, LINE_B), TENTH * len(LINE_A), SCRIPT)
FACTS = SessionFacts("talk", "the table", NAMES, words_engine="script", voice="tone")


class ToneVoice(ToneRenderer):
    """A voice whose changes are written down."""

    def __init__(self) -> None:
        self.changes: list[tuple[float, float]] = []
        self.prepared: list[str] = []
        self.languages: list[str] = []

    def prepare(self, texts: Iterable[str]) -> None:
        self.prepared += texts

    def speak_in(self, language: str) -> None:
        self.languages.append(language)

    def change(self, rate: float, volume: float) -> None:
        self.changes.append((rate, volume))

    def close(self) -> None:
        pass


class Held:
    """A live talk over a simulated table, held to its end in the test's own thread."""

    def __init__(
        self,
        table: SimulatedTable,
        lexicon: Lexicon,
        folder: Path,
        *,
        options: PipelineOptions | None = None,
        transcriber: object | None = None,
        voice: object | None = None,
        blocks: int = 64,
        lockstep: bool = True,
        tell: Callable[[Notice], None] = lambda _: None,
    ) -> None:
        self.table, self.outputs, self.folder = table, [], folder
        self.voice = voice or ToneVoice()
        self.inbox = Inbox(blocks)
        self.clock = Clock(table, table.now)
        self.journal = JournalWriter(folder, FACTS)
        pipeline = marked_pipeline(lexicon, options or eager(), with_words=transcriber is not None)
        engines = LiveEngines(transcriber, self.voice, table, tell=tell)  # type: ignore[arg-type]
        course = Course(pipeline, 1.0, self.journal)
        self.talk = LiveTalk(course, self.inbox, self.clock, engines, self._watch)
        self.received = 0
        if lockstep:
            table.ready = self.talk.is_idle

    def _watch(self, output: Output | AudioBlock, now: int) -> None:
        del now
        if isinstance(output, AudioBlock):
            self.received += len(output.samples) + output.lost_samples
        else:
            self.outputs.append(output)

    def hold(self, samples: int, within: float = 60.0) -> list[Event]:
        """Hold the talk for so many samples, or to its own end; returns its journalled events."""
        runner = threading.Thread(target=self.talk.run, daemon=True)
        runner.start()
        deadline = time.monotonic() + within
        while self.talk._thread.ident is None:  # else a busy machine may end the talk before it has begun
            time.sleep(0.001)
        self.table.start(self.inbox.put_audio, lambda _: None)
        while runner.is_alive() and self.table.position < samples and time.monotonic() < deadline:
            time.sleep(0.005)
        assert time.monotonic() < deadline
        with self.journal:
            self.talk.close()
        return list(read_journal(self.folder).events)


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + 5
    while set(threading.enumerate()) - before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert {thread.name for thread in set(threading.enumerate()) - before} == set()


def kept(events: list[Event], *kinds: type) -> list[Event]:
    return [event for event in events if isinstance(event, kinds)]


def test_a_live_talk_is_what_the_recording_of_it_is(lexicon: Lexicon, tmp_path: Path) -> None:
    held = Held(SimulatedTable(TALK.audio), lexicon, tmp_path, transcriber=ScriptedTranscriber(SCRIPT))
    live = held.hold(len(TALK.audio))
    pipeline = marked_pipeline(lexicon, eager(), with_words=True)
    recorded = list(
        run_recorded(TALK.blocks([320]), pipeline, RecordedAnswers(ScriptedTranscriber(SCRIPT), ToneRenderer()))
    )
    for kind in (UnitEnded, TurnEnded, OverlapHeard, WordsHeard):
        assert kept(live, kind) == kept(recorded, kind)
        assert kept(live, kind)
    cues = [[(e.cue.rule, e.cue.text) for e in kept(events, CueSettled)] for events in (live, recorded)]
    assert cues[0] == cues[1] != []


def test_its_journal_replays_to_the_same_events(lexicon: Lexicon, tmp_path: Path) -> None:
    held = Held(SimulatedTable(TALK.audio), lexicon, tmp_path, transcriber=ScriptedTranscriber(SCRIPT))
    held.hold(len(TALK.audio))
    journal = read_journal(tmp_path)
    heard = np.concatenate((TALK.audio, np.zeros(held.received, np.float32)))[: held.received]
    again = replay([AudioBlock(0, heard)], marked_pipeline(lexicon, eager(), with_words=True), journal)
    assert list(again) == list(journal.events)


class Slow(ScriptedTranscriber):
    """Takes its time, longer than the talk gives it."""

    def transcribe(self, utterance: Utterance, start_sample: int, samples: np.ndarray) -> Recognition:
        time.sleep(0.05)
        return super().transcribe(utterance, start_sample, samples)


def test_no_sample_is_lost_with_little_room_and_slow_workers(lexicon: Lexicon, tmp_path: Path) -> None:
    held = Held(SimulatedTable(TALK.audio), lexicon, tmp_path, transcriber=Slow(SCRIPT), blocks=2, lockstep=False)
    events = held.hold(len(TALK.audio))
    assert held.received >= len(TALK.audio)
    (ended,) = kept(events, TalkEnded)
    assert isinstance(ended, TalkEnded)
    assert ended.samples == ended.heard_samples == held.received
    said = kept(events, UnitEnded)
    pipeline = marked_pipeline(lexicon, eager())
    assert said == kept(list(run_recorded(TALK.blocks([320]), pipeline, RecordedAnswers(None, None))), UnitEnded)


class OnAndOn:
    """A talk that begins again whenever it is over, for so many samples; what a table needs of an array."""

    def __init__(self, samples: np.ndarray, length: int) -> None:
        self._samples, self._length = samples, length

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, place: slice) -> np.ndarray:
        return np.take(self._samples, np.arange(place.start, min(place.stop, self._length)), mode="wrap")


def test_three_hours_pass_with_little_room_and_slow_workers(lexicon: Lexicon, tmp_path: Path) -> None:
    """As fast as the threads can: no sample is lost, every round of the talk is heard as the first ones were."""
    length = 3 * 3600 * RATE
    table = SimulatedTable(OnAndOn(TALK.audio, length))  # type: ignore[arg-type]
    held = Held(table, lexicon, tmp_path, transcriber=Slow(SCRIPT), blocks=2, lockstep=False)
    events = held.hold(length, within=600)
    (ended,) = (event for event in events if isinstance(event, TalkEnded))
    assert ended.samples == ended.heard_samples == held.received >= length
    turns = [event.turn.segment.start for event in events if isinstance(event, TurnEnded)]
    by_round = np.bincount(np.array(turns) // len(TALK.audio))
    assert (by_round[1:-1] == by_round[1]).mean() > 0.95
    assert by_round[1] >= 4
    assert kept(events, CueSettled)


class Hanging(ScriptedTranscriber):
    """Never comes back by itself."""

    def __init__(self) -> None:
        super().__init__({})
        self.let_go = threading.Event()

    def transcribe(self, utterance: Utterance, start_sample: int, samples: np.ndarray) -> Recognition:
        self.let_go.wait(30)
        return Recognition(())


def test_an_engine_that_hangs_costs_words_and_nothing_else(
    lexicon: Lexicon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("voice_coach.live.talk._LAST_WORDS_SECONDS", 0.1)
    monkeypatch.setattr("voice_coach.live.writing._WAITING_SECONDS", 6.0)
    engine = Hanging()
    held = Held(SimulatedTable(TALK.audio), lexicon, tmp_path, transcriber=engine, lockstep=False)
    events = held.hold(len(TALK.audio))
    engine.let_go.set()
    missing = [e.reason for e in kept(events, WordsMissing) if isinstance(e, WordsMissing)]
    assert "the words came too slowly" in missing
    assert "the talk was over" in missing
    assert len(missing) == len({e.utterance.utterance_id for e in kept(events, WordsMissing)})  # type: ignore[union-attr]
    assert kept(events, TurnEnded)


class Stalling(ScriptedTranscriber):
    """Hangs at the first utterance until it is let go, and writes all others."""

    def __init__(self, let_go: threading.Event) -> None:
        super().__init__({})
        self._let_go = let_go

    def transcribe(self, utterance: Utterance, start_sample: int, samples: np.ndarray) -> Recognition:
        if utterance.utterance_id == 0:
            self._let_go.wait(30)
        return Recognition((Word("well"),))


def test_an_engine_that_stalls_is_told_of_and_gives_up_the_oldest_words(
    lexicon: Lexicon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Turns are what they are without it, and words come again."""
    monkeypatch.setattr("voice_coach.live.writing._WAITING_SECONDS", 6.0)
    monkeypatch.setattr("voice_coach.live.writing._LATE_SECONDS", -60.0)
    let_go, told = threading.Event(), list[str]()
    held = Held(
        SimulatedTable(TALK.audio, speed=8.0), lexicon, tmp_path, transcriber=Stalling(let_go), lockstep=False,
        tell=lambda notice: told.append(notice.text),
    )  # fmt: skip
    threading.Timer(0.7 * len(TALK.audio) / RATE / 8.0, let_go.set).start()
    events = held.hold(len(TALK.audio))
    assert "late" in told[0]
    assert told[-1] == ""
    missing = [e.utterance.utterance_id for e in events if isinstance(e, WordsMissing)]
    written = [e.utterance.utterance_id for e in events if isinstance(e, WordsHeard)]
    assert missing == sorted(missing) != []
    assert [number for number in written if number > 0 and number < missing[-1]] == []
    assert max(written) > missing[-1]
    plain = run_recorded(TALK.blocks([320]), marked_pipeline(lexicon, eager()), RecordedAnswers(None, None))
    assert kept(events, TurnEnded) == kept(list(plain), TurnEnded)


class Failing(ScriptedTranscriber):
    def transcribe(self, utterance: Utterance, start_sample: int, samples: np.ndarray) -> Recognition:
        raise EngineFailed("out of memory") if utterance.utterance_id else RuntimeError("a bug")


def test_an_engine_that_breaks_costs_words_and_nothing_else(lexicon: Lexicon, tmp_path: Path) -> None:
    held = Held(SimulatedTable(TALK.audio), lexicon, tmp_path, transcriber=Failing({}))
    events = held.hold(len(TALK.audio))
    reasons = {event.reason for event in kept(events, WordsMissing) if isinstance(event, WordsMissing)}
    assert reasons == {"out of memory", "RuntimeError: a bug"}


def room(seconds: float = 0.4) -> np.ndarray:
    """A room's tail: a direct sound, and noise that falls by 60 dB in its time."""
    rng = np.random.default_rng(4)
    count = round(seconds * 16_000)
    tail = rng.standard_normal(count) * 10 ** (-3 * np.arange(count) / count)
    tail *= 0.7 / np.sqrt((tail**2).sum())
    tail[0] = 1.0
    return tail.astype(np.float32)


@pytest.mark.parametrize("delay", [0.02, 0.2, 0.4])
def test_it_never_hears_itself(lexicon: Lexicon, tmp_path: Path, delay: float) -> None:
    """The coach's voice as loud as the people's: no unit, turn or overlap that is not there without it."""
    echo = EchoPath(delay, room())
    with_echo, without = (
        Held(SimulatedTable(TALK.audio, echo=path), lexicon, _folder(tmp_path, name))
        for path, name in ((echo, "echo"), (None, "none"))
    )
    heard, expected = (held.hold(len(TALK.audio)) for held in (with_echo, without))
    assert with_echo.table.said
    for kind in (UnitEnded, TurnEnded, OverlapHeard):
        assert kept(heard, kind) == kept(expected, kind)


def _folder(parent: Path, name: str) -> Path:
    (parent / name).mkdir()
    return parent / name


def asking(text: str, at: float, length: float = 1.0) -> MarkedTalk:
    """A talk in which somebody asks the coach for something."""
    said = Segment(to_samples(at), to_samples(at + length))
    talk = [(A, Segment(0, to_samples(4))), (B, Segment(to_samples(5), to_samples(8))), (A, said)]
    return MarkedTalk(talk, to_samples(at + 20), {(A, said): text})


def ask(text: str, lexicon: Lexicon, folder: Path, seconds: float = 24.0) -> tuple[Held, list[Event]]:
    talk = asking(text, 10.0)
    held = Held(SimulatedTable(talk.audio), lexicon, folder, transcriber=ScriptedTranscriber(talk.script))
    return held, held.hold(to_samples(seconds))


def test_stop_by_voice_ends_the_talk_after_a_word(lexicon: Lexicon, tmp_path: Path) -> None:
    held, events = ask("coach, stop", lexicon, tmp_path)
    assert [e.request for e in kept(events, RequestHeard) if isinstance(e, RequestHeard)] == [Request.STOP]
    (cue,) = kept(events, CueSettled)
    assert isinstance(cue, CueSettled)
    assert (cue.cue.rule, cue.outcome) == ("reply_stop", CueOutcome.SPOKEN)
    assert held.table.position < to_samples(20)


def test_a_request_is_obeyed_soon_after_its_last_sound(lexicon: Lexicon, tmp_path: Path) -> None:
    held, events = ask("coach, pause", lexicon, tmp_path)
    (gap,) = kept(events, AudioLost)
    assert isinstance(gap, AudioLost)
    assert gap.reason == "paused"
    assert to_samples(11.0) < gap.segment.start < to_samples(12.3)
    assert held.table.said


def test_while_paused_nothing_is_heard_until_a_key(lexicon: Lexicon, tmp_path: Path) -> None:
    talk = asking("coach, pause", 10.0)
    loud = MarkedTalk([*talk.speech, (B, Segment(to_samples(14), to_samples(20)))], to_samples(30), talk.script)
    held = Held(SimulatedTable(loud.audio), lexicon, tmp_path, transcriber=ScriptedTranscriber(loud.script))

    def press() -> None:
        while held.table.position < to_samples(17):
            time.sleep(0.001)
        held.talk.press(Request.GO_ON)

    presser = threading.Thread(target=press, daemon=True)
    presser.start()
    events = held.hold(to_samples(29))
    presser.join()
    (gap,) = kept(events, AudioLost)
    assert isinstance(gap, AudioLost)
    assert gap.segment.end >= to_samples(17)
    units = [e.unit.segment for e in kept(events, UnitEnded) if isinstance(e, UnitEnded) and e.unit.speaker is B]
    assert all(not unit.overlap(gap.segment) for unit in units)
    assert units[-1].end == pytest.approx(to_samples(20), abs=to_samples(0.1))
    rules = [e.cue.rule for e in kept(events, CueSettled) if isinstance(e, CueSettled)]
    assert rules == ["reply_pause", "reply_resumed"]
    assert not held.talk.is_paused


def test_a_key_pauses_before_anything_else_is_taken(lexicon: Lexicon, tmp_path: Path) -> None:
    held = Held(SimulatedTable(TALK.audio), lexicon, tmp_path)
    held.talk.press(Request.PAUSE)
    events = held.hold(to_samples(10))
    assert kept(events, UnitEnded) == []
    (gap,) = kept(events, AudioLost)
    assert isinstance(gap, AudioLost)
    assert gap.segment.start == 0


def test_what_may_be_said_is_prepared_before_it_is(lexicon: Lexicon, tmp_path: Path) -> None:
    held = Held(SimulatedTable(TALK.audio), lexicon, tmp_path, transcriber=ScriptedTranscriber(SCRIPT))
    cues = kept(held.hold(len(TALK.audio)), CueSettled)
    assert cues
    assert {e.cue.text for e in cues if isinstance(e, CueSettled)} <= set(held.voice.prepared)


def test_the_voice_changes_at_the_next_sentence(lexicon: Lexicon, tmp_path: Path) -> None:
    held, _ = ask("coach, slower please", lexicon, tmp_path)
    assert held.voice.changes == [(0.85, 1.0)]


def test_what_is_lost_is_a_gap_with_its_reason(lexicon: Lexicon, tmp_path: Path) -> None:
    gap = Segment(90 * TENTH, 180 * TENTH)
    held = Held(SimulatedTable(TALK.audio, lost={gap: "the microphone was gone"}), lexicon, tmp_path)
    events = held.hold(len(TALK.audio))
    assert kept(events, AudioLost) == [AudioLost(gap, "the microphone was gone")]
    (ended,) = kept(events, TalkEnded)
    assert isinstance(ended, TalkEnded)
    assert ended.samples - ended.heard_samples == gap.samples


def test_a_gap_is_no_pause_to_speak_in(lexicon: Lexicon, tmp_path: Path) -> None:
    """The coach has something to say as the microphone goes: it waits until it hears that both are silent."""
    whole = Held(SimulatedTable(TALK.audio), lexicon, _folder(tmp_path, "whole"))
    (said,) = kept(whole.hold(len(TALK.audio)), CueSettled)[:1]
    assert isinstance(said, CueSettled)
    began = said.cue.decided_sample
    gap = Segment((began - to_samples(0.7)) // 320 * 320, (began + to_samples(3)) // 320 * 320)
    held = Held(SimulatedTable(TALK.audio, lost={gap: "gone"}), lexicon, _folder(tmp_path, "lost"))
    cues = [e.cue.decided_sample for e in kept(held.hold(len(TALK.audio)), CueSettled) if isinstance(e, CueSettled)]
    assert all(at >= gap.end + to_samples(0.8) for at in cues if at > gap.start)


def test_without_a_loudspeaker_a_sentence_is_shown(lexicon: Lexicon, tmp_path: Path) -> None:
    table = SimulatedTable(TALK.audio)
    table.is_broken = True
    events = Held(table, lexicon, tmp_path).hold(len(TALK.audio))
    outcomes = {e.outcome for e in kept(events, CueSettled) if isinstance(e, CueSettled)}
    assert outcomes == {CueOutcome.SHOWN}


class LateVoice(ToneVoice):
    """Takes longer than a sentence is worth."""

    def __init__(self, table: SimulatedTable) -> None:
        super().__init__()
        self._table = table

    def render(self, cue: Cue) -> np.ndarray:
        while self._table.position < cue.expires_sample:
            time.sleep(0.001)
        return super().render(cue)


def test_what_has_expired_is_not_said(lexicon: Lexicon, tmp_path: Path) -> None:
    table = SimulatedTable(TALK.audio)
    held = Held(table, lexicon, tmp_path, voice=LateVoice(table), lockstep=False)
    table.ready = lambda: held.inbox.is_empty
    outcomes = [e.outcome for e in kept(held.hold(len(TALK.audio)), CueSettled) if isinstance(e, CueSettled)]
    assert outcomes[0] is CueOutcome.EXPIRED
    assert table.said == []


def test_a_full_disk_ends_the_talk_and_keeps_what_was_heard(
    lexicon: Lexicon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held(SimulatedTable(TALK.audio), lexicon, tmp_path)
    append, written = JournalWriter.append, []

    def full(writer: JournalWriter, at_sample: int, value: Event) -> None:
        if len(written) == 5:
            raise EngineFailed("the disk is full")
        append(writer, at_sample, value)
        written.append(value)

    monkeypatch.setattr(JournalWriter, "append", full)
    with pytest.raises(EngineFailed, match="the disk is full"):
        held.hold(len(TALK.audio))
    assert len(read_journal(tmp_path).events) == 5


def test_words_and_options_do_not_wait_for_each_other(lexicon: Lexicon, tmp_path: Path) -> None:
    """A short utterance, which may be a request, is written down before long ones that came first."""
    order: list[float] = []
    release = threading.Event()

    class Noting(ScriptedTranscriber):
        def transcribe(self, utterance: Utterance, start_sample: int, samples: np.ndarray) -> Recognition:
            release.wait(20)
            order.append(utterance.segment.seconds)
            return Recognition(())

    long, short = "a" * 70 + "." * 12, "b" * 12 + "." * 12
    lines = ("a" * 20 + "." * 12 + long * 2 + "." * len(short), "." * (32 + 2 * len(long)) + short)
    talk = MarkedTalk(speech(*lines), TENTH * len(lines[0]))
    held = Held(SimulatedTable(talk.audio), lexicon, tmp_path, transcriber=Noting({}), lockstep=False)
    threading.Timer(1.5, release.set).start()
    held.hold(len(talk.audio) + to_samples(2))
    assert order[0] < 4
    assert order[1] < 4
    assert order[2:] == sorted(order[2:], reverse=True)
