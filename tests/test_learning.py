"""How good a voice is that is learnt at the table, judged by real ears: the demo talk's two voices in a quiet room."""

from __future__ import annotations

import numpy as np
import pytest

from tests.sounds import RATE
from tools.live.people import fixture
from voice_coach.acoustics import Floats
from voice_coach.engines.enrolment import ONE_VOICE, separation
from voice_coach.engines.learning import TableLearner
from voice_coach.engines.speakers import load_background
from voice_coach.engines.voiceprint import Background
from voice_coach.events import Shortcoming, Speaker
from voice_coach.ports import Judgement

A, B, NOBODY = Speaker.A, Speaker.B, Speaker.UNKNOWN
LEAST_SECONDS = 5.0
QUIET_DB = -62.0


@pytest.fixture(scope="module")
def background() -> Background:
    return load_background()


@pytest.fixture(scope="module")
def maya() -> Floats:
    return fixture("enrol_a.flac")


@pytest.fixture(scope="module")
def daniel() -> Floats:
    return fixture("enrol_b.flac")


def room(samples: Floats, noise_db: float = QUIET_DB, seed: int = 0) -> Floats:
    """What the microphone hears where there is so much noise, dB of full scale."""
    noise = np.random.default_rng(seed).standard_normal(len(samples)) * 10 ** (noise_db / 20)
    return np.asarray(samples + noise, np.float32)


def seconds(samples: Floats, length: float) -> Floats:
    return samples[: round(length * RATE)]


class Learning:
    """A learner that hears people one after the other, in blocks as a microphone delivers them."""

    def __init__(self, background: Background) -> None:
        self.learner = TableLearner(background, LEAST_SECONDS)

    def hear(self, person: Speaker, heard: Floats) -> None:
        self.learner.begin(person)
        for start in range(0, len(heard), 320):
            self.learner.hear(heard[start : start + 320])

    def judge(self, person: Speaker, heard: Floats) -> Judgement | None:
        self.hear(person, heard)
        return self.learner.judge()


@pytest.fixture
def learning(background: Background) -> Learning:
    return Learning(background)


def poor(shortcoming: Shortcoming, *, usable: bool) -> Judgement:
    return Judgement(shortcoming, is_usable=usable)


def test_two_good_voices_are_learnt_and_told_apart(
    learning: Learning, background: Background, maya: Floats, daniel: Floats
) -> None:
    assert learning.judge(A, room(maya)) is None
    assert learning.judge(B, room(daniel)) is None
    first, second = (learning.learner.enrolment(person) for person in (A, B))
    assert separation(first, second, background) > 2 * ONE_VOICE
    assert first.speech_seconds > 8
    assert 0.5 < learning.learner.gain < 4


def test_a_soft_microphone_is_brought_to_the_level_of_the_models(
    learning: Learning, background: Background, maya: Floats
) -> None:
    usual = Learning(background)
    usual.hear(A, room(maya))
    assert learning.judge(A, 0.05 * room(maya)) is None
    assert learning.learner.gain == pytest.approx(20 * usual.learner.gain, rel=0.05)


@pytest.mark.parametrize(("length", "usable"), [(2.0, False), (4.5, True)])
def test_what_was_too_short_is_added_to(learning: Learning, maya: Floats, length: float, usable: bool) -> None:
    whole = room(maya)
    assert learning.judge(A, seconds(whole, length)) == poor(Shortcoming.MORE, usable=usable)
    said = learning.learner.speech_seconds
    assert learning.judge(A, whole[round(length * RATE) :]) is None
    assert learning.learner.speech_seconds > said + 4


@pytest.mark.parametrize(("noise_db", "usable"), [(-42.0, True), (-30.0, False)])
def test_a_voice_in_noise_is_asked_for_anew(learning: Learning, maya: Floats, noise_db: float, usable: bool) -> None:
    """And what was heard of it is forgotten."""
    assert learning.judge(A, room(maya, noise_db)) == poor(Shortcoming.NOISY, usable=usable)
    assert learning.judge(A, room(seconds(maya, 4.5))) == poor(Shortcoming.MORE, usable=True)


def test_the_same_person_twice_is_one_voice(learning: Learning, maya: Floats, daniel: Floats) -> None:
    half = len(maya) // 2
    assert learning.judge(A, room(maya[:half])) in {None, poor(Shortcoming.MORE, usable=True)}
    assert learning.judge(B, room(maya[half:])) == poor(Shortcoming.ONE_VOICE, usable=False)
    assert learning.judge(B, room(daniel)) is None


@pytest.mark.parametrize("noise_db", [QUIET_DB, -40.0])
def test_nobody_is_heard_where_there_is_only_noise(learning: Learning, noise_db: float) -> None:
    silence = np.zeros(12 * RATE, np.float32)
    assert learning.judge(A, room(silence, noise_db)) == poor(Shortcoming.NOBODY_HEARD, usable=False)
    assert learning.learner.speech_seconds == 0
    assert learning.learner.quiet_seconds == pytest.approx(12, abs=0.1)


def test_too_loud_a_voice_is_asked_for_anew(learning: Learning, maya: Floats) -> None:
    loud = np.clip(room(maya) * 12, -1, 1).astype(np.float32)
    assert learning.judge(A, loud) == poor(Shortcoming.CLIPPED, usable=True)


def test_what_anybody_says_in_between_is_nobody_s_voice(
    learning: Learning, background: Background, maya: Floats, daniel: Floats
) -> None:
    """In a breath of the plan, the one who is to speak next is not the one who speaks."""
    learning.hear(NOBODY, room(daniel))
    assert learning.judge(A, room(maya)) is None
    assert learning.judge(B, room(daniel)) is None
    alone = Learning(background)
    alone.hear(A, room(maya))
    assert learning.learner.enrolment(A).speech_seconds == pytest.approx(
        alone.learner.enrolment(A).speech_seconds, abs=0.5
    )


def test_it_knows_how_long_somebody_spoke_and_has_been_quiet(learning: Learning, daniel: Floats) -> None:
    pause = np.zeros(round(0.9 * RATE), np.float32)
    learning.hear(A, room(np.concatenate((pause, seconds(daniel, 3.0), pause, pause))))
    learner = learning.learner
    assert learner.speech_seconds == pytest.approx(3.0, abs=0.8)
    assert learner.quiet_seconds == pytest.approx(1.8, abs=0.4)
    assert 0 < learner.last_stretch_seconds <= 3.3
    learner.begin(A)
    assert learner.quiet_seconds == learner.last_stretch_seconds == 0
