"""Finding two voices, where nobody was enrolled: the right pieces to the right voice, and one voice is one."""

from __future__ import annotations

import numpy as np
import pytest

from tests.conftest import FIXTURES
from tests.sounds import RATE
from tools.scoring import Truth, diarization_error, share_error_points
from voice_coach import session
from voice_coach.config import Settings
from voice_coach.engines.discovery import find_voices
from voice_coach.engines.recording import Recording
from voice_coach.engines.speakers import load_background
from voice_coach.errors import InputError
from voice_coach.events import PEOPLE, AudioBlock
from voice_coach.lexicon import Lexicon
from voice_coach.report import SessionFacts, build_report
from voice_coach.runner import RecordedAnswers, run_recorded


def levelled(name: str) -> np.ndarray:
    recording = Recording(FIXTURES / name / "talk.flac")
    return np.concatenate([block.samples for block in recording.blocks(recording.survey().gain)])


def alone(name: str, person: str) -> np.ndarray:
    """Everything one person says in a talk while the other is silent."""
    truth, samples = Truth.load(FIXTURES / name), levelled(name)
    others = [(s["start_seconds"], s["end_seconds"]) for s in truth.table["speech"] if s["speaker"] != person]
    own = [(s["start_seconds"], s["end_seconds"]) for s in truth.table["speech"] if s["speaker"] == person]
    parts = [
        samples[int(a * RATE) : int((b + 0.1) * RATE)]
        for a, b in own
        if not any(start < b + 0.2 and end > a - 0.1 for start, end in others)
    ]
    return np.concatenate(parts)


@pytest.mark.parametrize("name", ["demo", "calm", "heated", "monologue", "backchannels"])
def test_two_voices_are_found_in_order_of_appearance(name: str, lexicon: Lexicon, settings: Settings) -> None:
    """A whole run with the voices that were found hears as well as one with enrolled voices."""
    truth, recording = Truth.load(FIXTURES / name), Recording(FIXTURES / name / "talk.flac")
    survey = recording.survey()
    voices = session.discover_voices(recording.blocks(survey.gain))
    first = min(truth.table["speech"], key=lambda stretch: stretch["start_seconds"])["speaker"]
    names = truth.names if first == "A" else truth.names[::-1]
    named = session.Voices(dict(zip(PEOPLE, names, strict=True)), voices.enrolments)
    pipeline = session.build_pipeline(named, lexicon, settings, with_words=False)
    events = list(run_recorded(recording.blocks(survey.gain), pipeline, RecordedAnswers(None, None)))
    report = build_report(events, SessionFacts(name, name, pipeline.names))
    assert diarization_error(truth, report)["error"] <= 0.08
    assert share_error_points(truth, report) <= 3.0


@pytest.mark.parametrize(("name", "person"), [("heated", "B"), ("monologue", "A"), ("calm", "A"), ("demo", "B")])
def test_one_voice_is_one(name: str, person: str) -> None:
    with pytest.raises(InputError, match="only one voice was found"):
        find_voices([AudioBlock(0, alone(name, person))], load_background())


def test_blocks_of_any_size_give_the_same_voices() -> None:
    samples = levelled("demo")[: 60 * RATE]
    one = find_voices([AudioBlock(0, samples)], load_background())
    cut = [AudioBlock(place, samples[place : place + 1000]) for place in range(0, len(samples), 1000)]
    two = find_voices(cut, load_background())
    for first, second in zip(one, two, strict=True):
        np.testing.assert_array_equal(first.speech, second.speech)
