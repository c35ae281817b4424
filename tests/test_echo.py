"""The coach's own voice in the microphone: what is muted, and what is left to be heard."""

from __future__ import annotations

import numpy as np
import pytest

from tools.live.people import fixture
from voice_coach.acoustics import Floats
from voice_coach.echo import PEAK, EchoGate, EchoOptions, echo_delay, explained_share, latest_echoes
from voice_coach.events import CueFinished, CueOutcome, CueStarted, Speaker, Transcript, Utterance, Word
from voice_coach.gates import doubt
from voice_coach.segment import SAMPLE_RATE, Segment
from voice_coach.transcription import TranscriptionOptions

HOP = 320
TAIL = round(0.4 * SAMPLE_RATE)


def gate_of_a_sentence(start: int, end: int, length: int) -> EchoGate:
    """A gate through which a stream went, with a sentence of the coach's in it."""
    gate = EchoGate(EchoOptions())
    for place in range(0, length, HOP):
        if place == start:
            gate.take(CueStarted(0, start, in_microphone=True))
        if place == end:
            gate.take(CueFinished(0, end, CueOutcome.SPOKEN))
        gate.muted(np.ones(HOP, np.float32), place)
    return gate


def test_while_it_speaks_and_a_little_longer_nothing_is_heard() -> None:
    gate = EchoGate(EchoOptions())
    gate.take(CueStarted(0, 0, in_microphone=True))
    assert not gate.muted(np.ones(HOP, np.float32), 0).any()
    gate.take(CueFinished(0, 10 * HOP, CueOutcome.SPOKEN))
    after = 10 * HOP + TAIL
    assert gate.muted(np.ones(HOP, np.float32), after).all()
    assert gate.muted(np.ones(HOP, np.float32), after - HOP // 2)[: HOP // 2].sum() == 0


def test_a_sentence_that_is_only_shown_makes_nobody_deaf() -> None:
    gate = EchoGate(EchoOptions())
    gate.take(CueStarted(0, 0, in_microphone=False))
    assert gate.muted(np.ones(HOP, np.float32), 0).all()


def test_what_can_be_heard_is_known_afterwards() -> None:
    gate = gate_of_a_sentence(100 * HOP, 200 * HOP, 400 * HOP)
    deaf_until = 200 * HOP + TAIL
    whole = Segment(50 * HOP, 300 * HOP)
    assert gate.audible([whole]) == [Segment(50 * HOP, 100 * HOP), Segment(deaf_until, 300 * HOP)]
    assert gate.audible([Segment(0, 90 * HOP)]) == [Segment(0, 90 * HOP)]
    assert gate.audible([Segment(110 * HOP, 190 * HOP)]) == []


@pytest.mark.parametrize("delay", [0.02, 0.15, 0.5])
def test_where_the_echo_lies(delay: float) -> None:
    played = fixture("enrol_a.flac")[: 3 * SAMPLE_RATE]
    heard = np.concatenate((np.zeros(round(delay * SAMPLE_RATE), np.float32), 0.1 * played))
    assert echo_delay(played, heard) == pytest.approx(delay, abs=0.001)


@pytest.mark.parametrize("window", [0.1, 0.2])
def test_where_the_echo_lies_now(window: float) -> None:
    """It came 150 ms late, and 130 ms since 20 ms of what the microphone heard were lost."""
    played, lost, jump = fixture("enrol_a.flac")[: 3 * SAMPLE_RATE], SAMPLE_RATE // 50, 3 * SAMPLE_RATE // 2
    heard = np.concatenate((np.zeros(round(0.15 * SAMPLE_RATE), np.float32), 0.1 * played))
    heard = np.concatenate((heard[:jump], heard[jump + lost :]))[: len(played)]
    samples = round(window * SAMPLE_RATE)

    def echoes(end: int) -> Floats:
        return latest_echoes(played[:end], heard[:end], samples)

    for end, late in ((jump, 0.15), (jump + samples, 0.13)):
        assert np.argmax(echoes(end)) == round(late * SAMPLE_RATE)
        assert echoes(end).max() > 7.0, "by chance it would be 4"
    assert latest_echoes(played, fixture("enrol_b.flac")[: len(played)], samples).max() < PEAK
    assert latest_echoes(played[:800], heard[:800], samples).max() < PEAK, "too little to tell"
    assert not latest_echoes(np.zeros_like(played), heard, samples).any()


@pytest.mark.parametrize("delay", [0, 320, 9000])
def test_how_much_of_what_is_heard_is_the_sentence(delay: int) -> None:
    """Straight and by an echo of a millisecond, with a voice over it; and that voice alone explains nothing."""
    played, voice = (fixture(f"enrol_{which}.flac")[SAMPLE_RATE : 4 * SAMPLE_RATE] for which in "ab")
    echo = np.pad(played, (delay, 0))[: len(played)]
    echo[16:] += 0.4 * echo[:-16]
    loud = voice * np.sqrt(np.mean(echo[-3200:] ** 2) / np.mean(voice[-3200:] ** 2))
    assert explained_share(played, echo, 3200, delay) > 0.95
    assert 0.3 < explained_share(played, echo + loud, 3200, delay) < 0.7
    assert explained_share(played, voice, 3200, delay) < 0.15
    assert explained_share(played, np.zeros_like(voice), 3200, delay) == 0.0
    assert explained_share(played[:100], voice[:100], 3200, 9000) == 0.0, "too little to tell"


def test_what_was_expected_is_believed_however_softly_it_was_said() -> None:
    utterance = Utterance(0, Speaker.A, Segment(0, SAMPLE_RATE), speech_share=0.2)
    words = (Word("Coach,"), Word("pause."))
    options = TranscriptionOptions()
    assert doubt(Transcript(0, "script", words), utterance, options) is not None
    assert doubt(Transcript(0, "script", words, is_expected=True), utterance, options) is None
