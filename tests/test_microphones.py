"""Two microphones: how either hears both people is learnt, and then tells whose sound it is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.marked import MarkedTalk
from tests.sounds import write_wave
from tests.talks import NAMES, TENTH, speech
from voice_coach.acoustics import N_MELS, Floats, Frames, channel_energies, join_frames
from voice_coach.engines.fakes import MarkedComparer, MarkedDetector
from voice_coach.engines.kept import KeptFrames
from voice_coach.engines.recording import Recording
from voice_coach.events import AudioBlock
from voice_coach.framing import HOP, Framer
from voice_coach.hearing import Hearing, HearingOptions
from voice_coach.lexicon import Languages, Lexicon
from voice_coach.microphones import N_NEAR, Seats
from voice_coach.pipeline import Pipeline, PipelineOptions
from voice_coach.runner import RecordedAnswers, run_recorded

FRAMES = 3000
QUIET, NEAR, FAR, BOTH = range(4)


def table(apart_db: float) -> tuple[np.ndarray, np.ndarray]:
    """Who speaks in each frame, and energies of bands at two microphones that hear either person so much louder."""
    rng = np.random.default_rng(5)
    classes = np.repeat(rng.choice([QUIET, NEAR, FAR, NEAR, FAR, BOTH], FRAMES // 25), 25)
    voices = 10 ** (rng.normal(0, 8, (FRAMES, 2, N_MELS)) / 10)
    voices[:, 0] *= np.isin(classes, (NEAR, BOTH))[:, None]
    voices[:, 1] *= np.isin(classes, (FAR, BOTH))[:, None]
    crosstalk = 10 ** (-apart_db / 10)
    heard = np.einsum("tpb,pm->tmb", voices, np.array([[1, crosstalk], [crosstalk, 1]]))
    noise = 0.003 * rng.uniform(0.5, 1.5, (FRAMES, 2, N_MELS))
    return classes, (heard + noise).astype(np.float32)


def seats(classes: np.ndarray, channels: np.ndarray) -> Seats | None:
    return Seats.of(channels[classes == NEAR], channels[classes == FAR], channels)


def test_levels_tell_whose_sound_it_is() -> None:
    classes, channels = table(10.0)
    learnt = seats(classes, channels)
    assert learnt is not None
    first, second = learnt.nearness(channels)
    assert first.shape == second.shape == (FRAMES, N_NEAR)
    assert (first[classes == NEAR, -1] > second[classes == NEAR, -1]).mean() > 0.98
    assert (second[classes == FAR, -1] > first[classes == FAR, -1]).mean() > 0.98
    both = np.minimum(first, second)[:, -1]
    assert both[classes == BOTH].mean() > max(both[classes == NEAR].mean(), both[classes == FAR].mean()) + 0.3


def test_nearness_is_the_same_for_either_order_of_people_and_of_microphones() -> None:
    classes, channels = table(10.0)
    learnt, mirrored = seats(classes, channels), seats(classes, channels[:, ::-1])
    swapped = Seats.of(channels[classes == FAR], channels[classes == NEAR], channels)
    assert learnt is not None
    assert mirrored is not None
    assert swapped is not None
    first, second = learnt.nearness(channels)
    np.testing.assert_allclose(mirrored.nearness(channels[:, ::-1])[0], first, atol=1e-4)
    np.testing.assert_allclose(swapped.nearness(channels)[0], second, atol=1e-4)


def test_microphones_that_hear_both_alike_tell_nothing() -> None:
    assert seats(*table(1.0)) is None


def stereo() -> tuple[MarkedTalk, np.ndarray]:
    marked = MarkedTalk(speech("a" * 40 + "." * 45, "." * 45 + "b" * 30 + "." * 10), 85 * TENTH)
    return marked, np.stack((marked.audio * 1.5, marked.audio * 0.5), axis=1)


@pytest.mark.parametrize("size", [160, 2560, 4001])
def test_two_channels_go_through_the_pipeline_whatever_the_blocks(lexicon: Lexicon, size: int) -> None:
    marked, samples = stereo()

    def run(audio: np.ndarray) -> list[object]:
        hearing = Hearing(MarkedDetector(), MarkedComparer(), HearingOptions())
        pipeline = Pipeline(hearing, Languages(lexicon), NAMES, PipelineOptions(), with_words=False)
        blocks = [AudioBlock(place, audio[place : place + size]) for place in range(0, len(audio), size)]
        blocks[5:] = [replace(block, start_sample=block.start_sample + 3200) for block in blocks[5:]]
        blocks[5] = replace(blocks[5], lost_samples=3200)
        return list(run_recorded(blocks, pipeline, RecordedAnswers(None, None)))

    assert run(samples) == run(marked.audio)


def test_energies_of_both_channels_lie_at_their_frames(tmp_path: Path) -> None:
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
    expected = channel_energies(samples[: len(whole) * 320])
    np.testing.assert_allclose(whole.channels, expected, rtol=1e-5)
    np.testing.assert_allclose(back.channels, whole.channels, rtol=1e-2)


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


def confused(classes: np.ndarray, share: float) -> np.ndarray:
    """Chances of either speaking alone, by voices that are taken for the other for a share of the first's time."""
    rng = np.random.default_rng(6)
    wrong = (classes == NEAR) & (np.repeat(rng.random(FRAMES // 25), 25) < share)
    alone = np.full((FRAMES, 2), 0.02, np.float32)
    alone[(classes == NEAR) & ~wrong, 0] = 0.9
    alone[(classes == FAR) | wrong, 1] = 0.9
    return alone


@pytest.mark.parametrize("share", [0.0, 0.3, 0.6])
def test_places_are_known_though_a_voice_is_often_taken_for_the_other(share: float) -> None:
    classes, channels = table(10.0)
    loud = classes != QUIET
    found = Seats.found(channels[loud], confused(classes, share)[loud], channels)
    true = seats(classes, channels)
    assert found is not None
    assert true is not None
    np.testing.assert_allclose(found.shares, true.shares, atol=0.05)


def test_nobody_is_seated_where_voices_do_not_tell_the_places_apart() -> None:
    classes, channels = table(10.0)
    loud = classes != QUIET
    rng = np.random.default_rng(7)
    guessed = rng.permutation(np.repeat([[0.9, 0.05], [0.05, 0.9]], FRAMES // 2, axis=0)).astype(np.float32)
    assert Seats.found(channels[loud], guessed[loud], channels) is None


def test_somebody_at_the_table_who_is_neither_is_not_seated() -> None:
    classes, channels = table(10.0)
    alone = confused(classes, 0.0)
    alone[classes == FAR] = 0.03  # a third voice, while the second person is silent
    alone[np.flatnonzero(classes == FAR)[:3], 1] = 0.9
    loud = classes != QUIET
    assert Seats.found(channels[loud], alone[loud], channels) is None
