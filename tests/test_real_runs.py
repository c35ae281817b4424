"""Runs with real engines on a real file: invariance, replay, a third voice, and recordings of any length."""

from __future__ import annotations

import itertools
import tracemalloc
import wave
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import FIXTURES
from tests.sounds import RATE, write_wave
from tools.scoring import Truth
from voice_coach import session
from voice_coach.config import Settings
from voice_coach.engines.fakes import ToneRenderer
from voice_coach.engines.recording import Recording
from voice_coach.events import AudioBlock, Event
from voice_coach.journal import JournalWriter, read_journal
from voice_coach.lexicon import Lexicon
from voice_coach.pipeline import Pipeline
from voice_coach.report import SessionFacts, build_report
from voice_coach.runner import RecordedAnswers, replay, run_recorded

DEMO = FIXTURES / "demo"
PART = slice(170 * RATE, 225 * RATE)
"""A part of the demo talk with an interruption, a prompt's pause and listening."""


@pytest.fixture(scope="module")
def audio() -> np.ndarray:
    recording = Recording(DEMO / "talk.flac")
    return np.concatenate([block.samples for block in recording.blocks(recording.survey().gain)])


@cache
def voices() -> session.Voices:
    """The two of the demo, learnt once: no run may change them."""
    names = Truth.load(DEMO).names
    return session.enrol_voices([(names[0], DEMO / "enrol_a.flac"), (names[1], DEMO / "enrol_b.flac")])


def make_pipeline(lexicon: Lexicon, settings: Settings) -> Pipeline:
    return session.build_pipeline(voices(), lexicon, settings, with_words=False)


def blocks(samples: np.ndarray, sizes: Iterator[int]) -> Iterator[AudioBlock]:
    start = 0
    while start < len(samples):
        size = next(sizes)
        yield AudioBlock(start, samples[start : start + size])
        start += size


def test_events_do_not_depend_on_block_sizes(audio: np.ndarray, lexicon: Lexicon, settings: Settings) -> None:
    draw = np.random.default_rng(5)
    sizes = [
        itertools.repeat(160),
        itertools.repeat(512),
        itertools.repeat(1024),
        itertools.repeat(10**6),
        (int(n) for n in draw.integers(1, 9000, 10**6)),
    ]
    runs: list[list[Event]] = []
    for size in sizes:
        answers = RecordedAnswers(None, ToneRenderer())
        runs.append(list(run_recorded(blocks(audio[PART], size), make_pipeline(lexicon, settings), answers)))
    assert len(runs[0]) > 30
    assert all(run == runs[0] for run in runs[1:])


def test_a_session_replays_from_its_journal(
    audio: np.ndarray, lexicon: Lexicon, settings: Settings, tmp_path: Path
) -> None:
    facts = SessionFacts("demo", "demo", make_pipeline(lexicon, settings).names)
    part = audio[150 * RATE : 225 * RATE]
    with JournalWriter(tmp_path, facts) as writer:
        answers = RecordedAnswers(None, ToneRenderer())
        first = list(
            run_recorded(blocks(part, itertools.repeat(4000)), make_pipeline(lexicon, settings), answers, writer)
        )
    journal = read_journal(tmp_path)
    again = list(replay(blocks(part, itertools.repeat(777)), make_pipeline(lexicon, settings), journal))
    assert again == first == list(journal.events)


def test_five_hours_are_streamed(tmp_path: Path) -> None:
    """Five hours of 8 kHz sound: surveyed and read without holding more than a packet.

    Memory is watched over the first tenth, because watching it is slow: five hours may take ten times as much.
    """
    assert Recording(_tone(tmp_path / "long.wav", 300)).survey().seconds == pytest.approx(5 * 3600, abs=1)
    recording = Recording(_tone(tmp_path / "half_an_hour.wav", 30))
    tracemalloc.start()
    assert recording.survey().seconds == pytest.approx(1800, abs=1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 500_000


def _tone(path: Path, minutes: int) -> Path:
    minute = np.tile((0.1 * np.sin(np.arange(8000) * 0.3)).astype(np.float32), 60)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(8000)
        for _ in range(minutes):
            file.writeframes(((minute + 1) * 127).astype(np.uint8).tobytes())
    return path


def test_a_third_voice_is_charged_to_neither(
    audio: np.ndarray, lexicon: Lexicon, settings: Settings, tmp_path: Path
) -> None:
    """Half a minute of somebody else, in the middle of the talk."""
    visitor = Recording(FIXTURES / "calm" / "talk.flac")
    truth = Truth.load(FIXTURES / "calm")
    samples = np.concatenate([block.samples for block in visitor.blocks(visitor.survey().gain)])
    other = [
        samples[int(s["start_seconds"] * RATE) : int(s["end_seconds"] * RATE)]
        for s in truth.table["speech"]
        if s["speaker"] == "A"  # awb, whom the demo does not know
    ]
    guest = np.concatenate(other)[: 30 * RATE]
    path = write_wave(tmp_path / "three.wav", np.concatenate((audio[: 60 * RATE], guest, audio[60 * RATE : 90 * RATE])))
    recording = Recording(path)
    heard = run_recorded(
        recording.blocks(recording.survey().gain), make_pipeline(lexicon, settings), RecordedAnswers(None, None)
    )
    report = build_report(heard, SessionFacts("three", "three", make_pipeline(lexicon, settings).names))
    charged = sum(
        max(0.0, min(s.end_seconds, 90.0) - max(s.start_seconds, 60.0)) for s in report.speech if s.speaker and s.sure
    )
    assert report.session.unknown_seconds >= 5.0
    assert charged <= 15.0
