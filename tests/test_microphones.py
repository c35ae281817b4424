"""Two microphones: differences of level are learnt from sure frames, and then tell who speaks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.marked import MarkedTalk
from tests.sounds import write_wave
from tests.talks import NAMES, TENTH, speech
from voice_coach.acoustics import Floats, FrameAnalyser, Frames, join_frames
from voice_coach.engines.fakes import MarkedComparer, MarkedDetector
from voice_coach.engines.kept import KeptFrames
from voice_coach.engines.recording import Recording
from voice_coach.events import AudioBlock
from voice_coach.framing import HOP, Framer
from voice_coach.hearing import Hearing, HearingOptions
from voice_coach.lexicon import Languages, Lexicon
from voice_coach.microphones import TwoMicrophones
from voice_coach.pipeline import Pipeline, PipelineOptions
from voice_coach.runner import RecordedAnswers, run_recorded

DELAY = 18
FRAMES = 3000
NEAR, FAR, BOTH, QUIET = 1, 2, 3, 0


class Waverer:
    """Knows who speaks for a while, and then only that somebody does."""

    delay_frames = DELAY

    def __init__(self, classes: np.ndarray, sure: int) -> None:
        self._classes, self._sure, self._place = classes, sure, -DELAY

    def process(self, frames: Frames, speech: Floats) -> Floats:
        del speech
        answers = np.full((len(frames), 5), 0.01)
        for row in range(len(frames)):
            place = self._place + row
            state = self._classes[place] if 0 <= place < len(self._classes) else QUIET
            if state == QUIET or place < self._sure:
                answers[row, state] = 0.96
            else:
                answers[row, 1:4] = 0.32
        self._place += len(frames)
        return np.log(answers / answers.sum(axis=1, keepdims=True)).astype(np.float32)


def talk(apart_db: float) -> tuple[np.ndarray, np.ndarray]:
    """Who speaks in each frame, and powers at two microphones that differ by so much, either way."""
    rng = np.random.default_rng(5)
    classes = np.repeat(rng.choice([QUIET, NEAR, FAR, NEAR, FAR, BOTH], FRAMES // 25), 25)
    voices = 1e-2 * 10 ** (rng.normal(0, 4, (FRAMES, 2)) / 10)
    voices[:, 0] *= np.isin(classes, (NEAR, BOTH))
    voices[:, 1] *= np.isin(classes, (FAR, BOTH))
    crosstalk = 10 ** (-apart_db / 10)
    powers = voices @ np.array([[1, crosstalk], [crosstalk, 1]]) + 1e-6 * rng.uniform(0.5, 1.5, (FRAMES, 2))
    return classes, (powers * 10 ** (rng.normal(0, 1, (FRAMES, 2)) / 10)).astype(np.float32)


def answers(classes: np.ndarray, powers: np.ndarray, sure: int = 1000) -> np.ndarray:
    """States found from frame `sure` on, aligned with `classes`."""
    comparer, found = TwoMicrophones(Waverer(classes, sure)), []
    nothing = FrameAnalyser().process(np.zeros(HOP + 2000, np.float32)).part(0, 8)
    for place in range(0, FRAMES, 8):
        frames = replace(nothing, first=place, channels=powers[place : place + 8])
        found.append(comparer.process(frames, np.ones(8, np.float32)))
    return np.concatenate(found)[DELAY:].argmax(axis=1)[sure:]


def test_levels_tell_who_speaks_once_they_are_learnt() -> None:
    classes, powers = talk(12.0)
    truth = classes[1000 : FRAMES - DELAY]
    steady = np.convolve(np.diff(truth, prepend=truth[0]) != 0, np.ones(7), "same") == 0  # levels are averaged
    alone = np.isin(truth, (NEAR, FAR)) & steady
    assert (answers(classes, powers) == truth)[alone].mean() > 0.95
    mirrored = answers(classes, powers[:, ::-1])
    assert (mirrored == truth)[alone].mean() > 0.95


def test_microphones_that_hear_both_alike_change_nothing() -> None:
    classes, powers = talk(1.0)
    comparer, plain = TwoMicrophones(Waverer(classes, 1000)), Waverer(classes, 1000)
    nothing = FrameAnalyser().process(np.zeros(HOP + 2000, np.float32)).part(0, 8)
    for place in range(0, FRAMES, 8):
        frames = replace(nothing, channels=powers[place : place + 8])
        np.testing.assert_array_equal(
            comparer.process(frames, np.ones(8, np.float32)), plain.process(frames, np.ones(8, np.float32))
        )


def test_nothing_is_made_of_them_before_both_people_were_heard() -> None:
    classes, powers = talk(12.0)
    assert (answers(classes, powers, sure=20)[:200] == classes[20:220]).mean() < 0.7


def stereo() -> tuple[MarkedTalk, np.ndarray]:
    marked = MarkedTalk(speech("a" * 40 + "." * 45, "." * 45 + "b" * 30 + "." * 10), 85 * TENTH)
    return marked, np.stack((marked.audio * 1.5, marked.audio * 0.5), axis=1)


@pytest.mark.parametrize("size", [160, 2560, 4001])
def test_two_channels_go_through_the_pipeline_whatever_the_blocks(lexicon: Lexicon, size: int) -> None:
    marked, samples = stereo()

    def run(audio: np.ndarray) -> list[object]:
        hearing = Hearing(MarkedDetector(), TwoMicrophones(MarkedComparer()), HearingOptions())
        pipeline = Pipeline(hearing, Languages(lexicon), NAMES, PipelineOptions(), with_words=False)
        blocks = [AudioBlock(place, audio[place : place + size]) for place in range(0, len(audio), size)]
        blocks[5:] = [replace(block, start_sample=block.start_sample + 3200) for block in blocks[5:]]
        blocks[5] = replace(blocks[5], lost_samples=3200)
        return list(run_recorded(blocks, pipeline, RecordedAnswers(None, None)))

    assert run(samples) == run(marked.audio)


def test_powers_of_both_channels_lie_at_their_frames(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    samples = (rng.standard_normal((12 * HOP, 2)) * np.linspace(0.01, 0.1, 12 * HOP)[:, None]).astype(np.float32)
    kept: list[Frames] = []
    with KeptFrames(tmp_path) as store:

        def keep(frames: Frames, chances: Floats) -> None:
            kept.append(frames)
            store.keep(frames, chances)

        hearing, framer = Hearing(MarkedDetector(), MarkedComparer(), HearingOptions(), keep), Framer()
        for hop in framer.process(AudioBlock(0, samples)):
            list(hearing.process(hop))
        back = join_frames([frames for frames, _ in store.read()])
    whole = join_frames(kept)
    assert whole.channels is not None
    expected = (samples[: len(whole) * 320].reshape(-1, 320, 2) ** 2).mean(axis=1)
    np.testing.assert_allclose(whole.channels, expected, rtol=1e-5)
    np.testing.assert_array_equal(back.channels, whole.channels)


def test_a_recording_of_two_channels_keeps_them_apart_if_asked(tmp_path: Path) -> None:
    time = np.arange(3 * 44_100) / 44_100
    samples = np.stack((0.3 * np.sin(2 * np.pi * 300 * time), 0.1 * np.sin(2 * np.pi * 500 * time)), axis=1)
    recording = Recording(write_wave(tmp_path / "two.wav", samples, 44_100))
    both = np.concatenate([block.samples for block in recording.blocks(both=True)])
    one = np.concatenate([block.samples for block in recording.blocks()])
    assert both.shape == (len(one), 2)
    np.testing.assert_array_equal(both.mean(axis=1), one)
    np.testing.assert_allclose(both.std(axis=0), [0.3 / np.sqrt(2), 0.1 / np.sqrt(2)], rtol=0.02)
    single = Recording(write_wave(tmp_path / "one.wav", samples[:, 0], 44_100))
    assert next(iter(single.blocks(both=True))).samples.ndim == 1
