"""Learning the voices further: only from what is sure, and never against the enrolments."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from tests.conftest import FIXTURES
from voice_coach.acoustics import FRAME, N_MELS, Floats, FrameAnalyser, Frames
from voice_coach.engines.adaptation import VoiceAdaptation, learnt_from_all
from voice_coach.engines.enrolment import enrol_recording
from voice_coach.engines.mixtures import SharedLikelihood
from voice_coach.engines.recording import Recording
from voice_coach.engines.speakers import load_background
from voice_coach.engines.voiceprint import Background, Enrolment, VoicePair, cepstra
from voice_coach.second_hearing import answered

DEMO = FIXTURES / "demo"
LEARNT_FRAMES = 50 * 120
"""Two minutes of the talk are learnt from; the rest is for trying out."""
DELAY = 18


@pytest.fixture(scope="module")
def background() -> Background:
    return load_background()


@pytest.fixture(scope="module")
def enrolments() -> tuple[Enrolment, Enrolment]:
    return enrol_recording(DEMO / "enrol_a.flac"), enrol_recording(DEMO / "enrol_b.flac")


@pytest.fixture(scope="module")
def talk() -> tuple[Frames, Floats]:
    """All frames of the demo talk, and what a network that is always right says of them."""
    recording = Recording(DEMO / "talk.flac")
    samples = np.concatenate([block.samples for block in recording.blocks(recording.survey().gain)])
    frames = FrameAnalyser().process(samples)
    active = np.zeros((len(frames), 2), bool)
    for speech in json.loads((DEMO / "truth.json").read_text(encoding="utf-8"))["speech"]:
        begin, end = (round(speech[f"{edge}_seconds"] * 16_000 / FRAME) for edge in ("start", "end"))
        active[begin:end, "AB".index(speech["speaker"])] = True
    answers = np.full((len(frames), 5), np.log(0.01), np.float32)
    answers[np.arange(len(frames)), active[:, 0] + 2 * active[:, 1]] = np.log(0.96)
    return frames, answers


def learnt(adaptation: VoiceAdaptation, frames: Frames, answers: Floats) -> list[VoicePair]:
    """All pairs that the first minutes of a talk make of an adaptation, hop by hop, the answers late."""
    pairs = []
    for begin in range(0, LEARNT_FRAMES, 8):
        late = answers[max(0, begin - DELAY) : max(0, begin + 8 - DELAY)]
        if adaptation.hear(frames.part(begin, begin + 8), late):
            pairs.append(adaptation.pair)
    return pairs


def test_two_microphones_are_known_as_soon_as_either_person_was_heard(
    enrolments: tuple[Enrolment, Enrolment], talk: tuple[Frames, Floats], background: Background
) -> None:
    frames, answers = talk
    first = np.exp(answers[:, [1, 3]]).sum(axis=1) > 0.5
    share = np.where(first, 0.8, 0.2)[:, None]
    energies = np.stack((share, 1 - share), axis=1) * frames.power[:, None, None] * np.ones(N_MELS)
    adaptation = VoiceAdaptation(enrolments, background)
    for begin in range(0, 50 * 40, 8):
        part = replace(frames.part(begin, begin + 8), channels=energies[begin : begin + 8].astype(np.float32))
        if adaptation.hear(part, answers[max(0, begin - DELAY) : max(0, begin + 8 - DELAY)]):
            break
    assert adaptation.pair.seats is not None
    np.testing.assert_allclose(np.median(adaptation.pair.seats.shares, axis=1), [0.8, 0.2], atol=0.1)


def margins(pair: VoicePair, frames: Frames, answers: Floats, background: Background) -> tuple[float, float]:
    """How much better each person's own speech later in the talk fits their own voice, nats per step."""
    values = cepstra(frames.log_mel - pair.channel_mean)[2 * LEARNT_FRAMES :]
    classes = np.repeat(answers.argmax(axis=1), 2)[2 * LEARNT_FRAMES :]
    likelihood = SharedLikelihood(background.full, [pair.first.full, pair.second.full])(values)
    difference = likelihood[:, 0] - likelihood[:, 1]
    return float(difference[classes == 1].mean()), float(-difference[classes == 2].mean())


def test_voices_are_known_better_after_two_minutes(
    talk: tuple[Frames, Floats], enrolments: tuple[Enrolment, Enrolment], background: Background
) -> None:
    frames, answers = talk
    adaptation = VoiceAdaptation(enrolments, background)
    before = adaptation.pair
    pairs = learnt(adaptation, frames, answers)
    assert len(pairs) > 5
    for was, now in zip(
        margins(before, frames, answers, background), margins(pairs[-1], frames, answers, background), strict=True
    ):
        assert now > was + 0.5
    seconds = [float(spectra.speech.sum()) / 50 for spectra in pairs[-1].spectra]
    enrolled = [float(spectra.speech.sum()) / 50 for spectra in before.spectra]
    assert all(10 < now - was <= 60 for now, was in zip(seconds, enrolled, strict=True))


def test_what_is_not_sure_is_not_learnt_from(
    talk: tuple[Frames, Floats], enrolments: tuple[Enrolment, Enrolment], background: Background
) -> None:
    frames, answers = talk
    unsure = np.log(np.where(answers > np.log(0.5), 0.85, 0.0375)).astype(np.float32)
    assert learnt(VoiceAdaptation(enrolments, background), frames, unsure) == []


def test_what_contradicts_the_enrolments_is_forgotten(
    talk: tuple[Frames, Floats], enrolments: tuple[Enrolment, Enrolment], background: Background
) -> None:
    frames, answers = talk
    adaptation = VoiceAdaptation(enrolments, background)
    before = adaptation.pair
    pairs = learnt(adaptation, frames, answers[:, [0, 2, 1, 3, 4]])  # each taken for the other
    assert before in pairs
    assert adaptation.pair is before or min(margins(adaptation.pair, frames, answers, background)) > 0


class _Late:
    """Answers what it is given to, so many frames late; fulfils the port `VoiceComparer`."""

    delay_frames = 1750

    def __init__(self, answers: Floats) -> None:
        self._answers = np.concatenate((np.full((self.delay_frames, 5), np.log(0.2), np.float32), answers))

    def process(self, frames: Frames, speech: Floats) -> Floats:
        assert len(frames) == len(speech)
        given, self._answers = self._answers[: len(frames)], self._answers[len(frames) :]
        return np.pad(given, ((0, len(frames) - len(given)), (0, 0)))


@pytest.mark.parametrize("count", [400, 4000])
def test_every_frame_of_a_talk_is_answered_however_late(talk: tuple[Frames, Floats], count: int) -> None:
    frames, answers = talk
    kept = [(frames.part(at, at + 200), np.zeros(200, np.float32)) for at in range(0, count, 200)]
    parts = list(answered(kept, _Late(answers)))
    assert sum(len(part) for part, _ in parts) == count
    np.testing.assert_array_equal(np.concatenate([given for _, given in parts]), answers[:count])


def test_what_was_learnt_wrongly_during_the_talk_is_gone_when_it_is_learnt_from_all(
    talk: tuple[Frames, Floats],
    enrolments: tuple[Enrolment, Enrolment],
    background: Background,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    frames, answers = talk
    adaptation = VoiceAdaptation(enrolments, background)
    learnt(adaptation, frames, answers[:, [0, 1, 1, 3, 4]])  # everything taken for the first
    monkeypatch.setattr("voice_coach.engines.adaptation.HindsightNetwork", lambda *_: _Late(answers))
    kept = [(frames.part(at, at + 200), np.zeros(200, np.float32)) for at in range(0, LEARNT_FRAMES, 200)]
    anew = learnt_from_all(enrolments, adaptation.pair, kept, background)
    wrong, right = (margins(pair, frames, answers, background) for pair in (adaptation.pair, anew))
    assert min(right) > min(wrong) + 0.5
