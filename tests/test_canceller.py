"""Hearing somebody through the coach's own voice, with the real canceller in simulated rooms."""

from __future__ import annotations

import numpy as np
import pytest

from tools.live.holding import Ears, Rendered, rendered
from tools.live.people import fixture
from tools.live.rooms import noise, prompts, room
from voice_coach.acoustics import Floats
from voice_coach.engines.canceller import EchoCanceller
from voice_coach.engines.simulated import EchoPath
from voice_coach.segment import SAMPLE_RATE

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("aec")]
BLOCK = 320
COUNT = 12


@pytest.fixture(scope="module")
def sentences() -> tuple[list[str], Rendered]:
    texts = prompts(Ears(), COUNT)
    return texts, rendered(texts)


def at_the_microphone(sound: Floats, path: EchoPath, jitter: float) -> tuple[Floats, Floats]:
    """What was played, and what is heard of it, both float32 (n,): later by the path's delay and some jitter, s."""
    count = (len(sound) // BLOCK + 40) * BLOCK
    played = np.zeros(count, np.float32)
    played[: len(sound)] = sound
    late = round((path.delay_seconds + jitter) * SAMPLE_RATE)
    echo = np.convolve(sound, path.response)[: count - late]
    heard = noise(count / SAMPLE_RATE)
    heard[late : late + len(echo)] += echo.astype(np.float32)
    return played, heard


def noticed(through: EchoCanceller, played: Floats, heard: Floats) -> int | None:
    """The sample at which somebody was noticed."""
    through.begin()
    for start in range(0, len(heard), BLOCK):
        block = slice(start, start + BLOCK)
        if through.process(heard[block], played[block], 1.0) is not None:
            return start + BLOCK
    return None


@pytest.mark.parametrize("delay", [0.02, 0.15, 0.4])
@pytest.mark.parametrize("level", [-20.0, 0.0])
def test_its_own_voice_is_nobody_and_whoever_speaks_is_noticed(
    sentences: tuple[list[str], Rendered], delay: float, level: float
) -> None:
    """The echo comes up to 20 ms earlier or later with each sentence, as with real devices."""
    texts, voice = sentences
    rng = np.random.default_rng(1)
    path, through = room(delay, level, voice, texts), EchoCanceller()
    speech = fixture("enrol_a.flac")[SAMPLE_RATE : 3 * SAMPLE_RATE]
    found, asked = 0, 0
    for number, text in enumerate(texts + texts):
        played, heard = at_the_microphone(voice.sound_of(text), path, rng.uniform(0, 0.02))
        length, begin = len(voice.sound_of(text)), 3 * SAMPLE_RATE // 2
        somebody = number > 4 and number % 2 == 0 and length > begin + SAMPLE_RATE
        if somebody:
            heard[begin : begin + len(speech)] += speech[: len(heard) - begin]
            asked += 1
        at = noticed(through, played, heard)
        if somebody:
            found += at is not None and begin < at < begin + SAMPLE_RATE
        else:
            assert at is None, text
    assert asked >= 4
    assert found >= 0.8 * asked


@pytest.mark.parametrize("level", [-10.0, 0.0])
def test_a_sentence_that_jumps_is_nobody(sentences: tuple[list[str], Rendered], level: float) -> None:
    """On a busy machine 10 or 20 ms of what is heard are lost in its midst."""
    texts, voice = sentences
    rng = np.random.default_rng(2)
    path, through = room(0.15, level, voice, texts), EchoCanceller()
    for text in texts + texts:
        played, heard = at_the_microphone(voice.sound_of(text), path, 0.0)
        for _ in range(2):
            lost = int(rng.choice((160, 320)))
            at = int(rng.uniform(SAMPLE_RATE, max(SAMPLE_RATE + 1, len(voice.sound_of(text)))))
            heard = np.concatenate((heard[:at], heard[at + lost :], np.zeros(lost, np.float32)))
        assert noticed(through, played, heard) is None, text


def test_a_loud_voice_is_not_held_for_the_sentence_elsewhere(sentences: tuple[list[str], Rendered]) -> None:
    """By chance it is as much like it as if that had moved there."""
    texts, voice = sentences
    path, through = room(0.02, 0.0, voice, texts), EchoCanceller()
    begin, late = SAMPLE_RATE, []
    for number, text in enumerate(texts * 4):
        played, heard = at_the_microphone(voice.sound_of(text), path, 0.0)
        speech = fixture(f"enrol_{'ab'[number % 2]}.flac")[number * 4000 :][: 3 * SAMPLE_RATE // 2]
        speech = speech[int(np.argmax(np.abs(speech) > 0.1)) :]
        if number > 5:
            heard[begin : begin + len(speech)] += speech[: len(heard) - begin]
        at = noticed(through, played, heard)
        if number > 5 and len(voice.sound_of(text)) > 2 * SAMPLE_RATE:
            assert at is not None
            late.append((at - begin) / SAMPLE_RATE)
    assert len(late) >= 40
    assert min(late) > 0.0
    assert np.percentile(late, 80) < 0.2


def test_whoever_is_far_louder_is_noticed_before_the_sentence_is_found(sentences: tuple[list[str], Rendered]) -> None:
    """The echo comes differently late each time, so that no sentence can be expected to come as the last ones did."""
    texts, voice = sentences
    rng = np.random.default_rng(3)
    path, through = room(0.4, -20.0, voice, texts), EchoCanceller()
    speech, begin = fixture("enrol_b.flac")[SAMPLE_RATE : 3 * SAMPLE_RATE], SAMPLE_RATE // 4
    onset = begin + int(np.argmax(np.abs(speech) > 0.02))
    for number, text in enumerate(texts):
        played, heard = at_the_microphone(voice.sound_of(text), path, rng.uniform(0, 0.02))
        if number > 5:
            heard[begin : begin + len(speech)] += speech[: len(heard) - begin]
        at = noticed(through, played, heard)
        assert (at is not None and onset < at < onset + 0.3 * SAMPLE_RATE) if number > 5 else at is None, text
