"""The sentences that are expected: heard where they were said, and nowhere else. With the real networks."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from tools.live.people import VOICES, fixture, said
from voice_coach.acoustics import Floats
from voice_coach.engines import moonshine
from voice_coach.engines.expected import ExpectedSentences, Expecting
from voice_coach.engines.fakes import ScriptedTranscriber
from voice_coach.events import Request, Speaker, Utterance, WordsHeard
from voice_coach.lexicon import Lexicon
from voice_coach.requests import request_in
from voice_coach.segment import SAMPLE_RATE, Segment

pytestmark = pytest.mark.real
REQUESTS = {
    "coach, pause": Request.PAUSE,
    "coach, go on": Request.GO_ON,
    "coach, time out": Request.TIME_OUT,
    "coach, stop": Request.STOP,
    "coach, slower please": Request.SLOWER,
    "coach, softer": Request.SOFTER,
    "coach, skip that": Request.SKIP,
    "coach, how are we doing": Request.STANDING,
    "coach, let's close": Request.CLOSE,
}
SOUNDS_ALIKE = ("couch, close to the window", "I need a coach", "the coach stopped", "of course we stop", "go on")


@pytest.fixture(scope="module")
def expected(lexicon: Lexicon, moonshine_model: None) -> ExpectedSentences:
    folder = moonshine.model_path()
    assert folder is not None
    return ExpectedSentences(folder, lexicon.expected_sentences)


def in_a_room(samples: Floats, before: float, after: float) -> Floats:
    """With some silence around it, which is never quite silent."""
    rng = np.random.default_rng(len(samples))
    padded = np.pad(samples, (round(before * SAMPLE_RATE), round(after * SAMPLE_RATE)))
    return (padded + rng.standard_normal(len(padded)) * 10 ** (-62 / 20)).astype(np.float32)


def understood(lexicon: Lexicon, expecting: Expecting, samples: Floats) -> Request | None:
    utterance = Utterance(0, Speaker.A, Segment(0, len(samples)))
    words = expecting.transcribe(utterance, 0, samples).words
    return request_in(lexicon, WordsHeard(utterance, expecting.name, words))


@pytest.mark.parametrize(("name", "text"), list(product(VOICES, REQUESTS)))
def test_a_request_is_heard_in_either_voice(
    lexicon: Lexicon, expected: ExpectedSentences, name: str, text: str
) -> None:
    expecting = Expecting(ScriptedTranscriber({}), expected)
    for before, after in ((0.05, 0.05), (0.1, 0.3), (0.3, 0.6)):
        assert understood(lexicon, expecting, in_a_room(said(name, text), before, after)) is REQUESTS[text]


@pytest.mark.parametrize(("name", "text"), list(product(VOICES, SOUNDS_ALIKE)))
def test_what_sounds_alike_is_not_taken_for_one(expected: ExpectedSentences, name: str, text: str) -> None:
    assert expected.heard_in(in_a_room(said(name, text), 0.1, 0.3)) is None


def test_ordinary_talk_is_not_taken_for_one(expected: ExpectedSentences) -> None:
    talk = fixture("talk.flac")
    for start in range(0, len(talk) - 2 * SAMPLE_RATE, 7 * SAMPLE_RATE):
        assert expected.heard_in(talk[start : start + 3 * SAMPLE_RATE // 2]) is None, start
