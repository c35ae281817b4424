"""Blocks of any size become the same hops; lost audio keeps its time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_coach.events import AudioBlock
from voice_coach.framing import HOP, AudioHistory, Framer
from voice_coach.segment import Segment


def blocks(samples: np.ndarray, sizes: list[int]) -> list[AudioBlock]:
    cut, start = [], 0
    for size in [*sizes, len(samples)]:
        cut.append(AudioBlock(start, samples[start : start + size].astype(np.float32)))
        start += len(cut[-1].samples)
    return cut


@given(st.lists(st.integers(1, 7000), max_size=8))
def test_hops_do_not_depend_on_blocks(sizes: list[int]) -> None:
    samples = np.linspace(-1, 1, 20_000, dtype=np.float32)
    framer = Framer()
    hops = [hop for block in blocks(samples, sizes) for hop in framer.process(block)] + list(framer.finish(HOP))
    joined = np.concatenate(hops)
    assert all(len(hop) == HOP for hop in hops)
    np.testing.assert_array_equal(joined[: len(samples)], samples)
    assert not joined[len(samples) :].any()
    assert len(joined) - len(samples) >= HOP
    assert framer.samples == len(samples)


def test_lost_audio_is_silence_of_the_same_length() -> None:
    framer = Framer()
    ones = np.ones(HOP, np.float32)
    first = list(framer.process(AudioBlock(0, ones)))
    second = list(framer.process(AudioBlock(3 * HOP, ones, lost_samples=2 * HOP)))
    assert [float(hop.mean()) for hop in first + second] == [1.0, 0.0, 0.0, 1.0]
    assert (framer.samples, framer.lost_samples) == (4 * HOP, 2 * HOP)


def test_a_block_that_does_not_follow_is_refused() -> None:
    framer = Framer()
    with pytest.raises(ValueError, match="was due"):
        list(framer.process(AudioBlock(5, np.zeros(10, np.float32))))


def test_what_is_no_sound_becomes_silence_or_full_scale() -> None:
    odd = np.array([np.nan, np.inf, -np.inf, 7.0, -7.0, 0.5], np.float32)
    hop = next(Framer().process(AudioBlock(0, np.concatenate((odd, np.zeros(HOP - 6, np.float32))))))
    np.testing.assert_array_equal(hop[:6], np.array([0, 1, -1, 1, -1, 0.5], np.float32))


@given(st.integers(0, 100), st.integers(0, 100))
def test_history_holds_the_last_stretch(start: int, length: int) -> None:
    history = AudioHistory(seconds=50 / 16_000)
    numbers = np.arange(80, dtype=np.float32)
    for place in range(0, 80, 20):
        history.append(numbers[place : place + 20])
    wanted = numbers[max(start, 30) : max(start, 30, min(start + length, 80))]
    np.testing.assert_array_equal(history.read(Segment(start, start + length)), wanted)
    held = history.held(start, start + length)
    np.testing.assert_array_equal(numbers[held.start : held.end], wanted)


def test_the_quietest_place_is_found_in_what_is_held() -> None:
    history = AudioHistory(2.0)
    loud = np.full(32_000, 0.5, np.float32)
    loud[20_000:21_000] = 0.01
    history.append(loud)
    assert 20_300 <= history.quietest(Segment(16_000, 32_000)) <= 20_700
    assert history.quietest(Segment(40_000, 50_000)) == 45_000
    history.append(np.full(16_000, 0.5, np.float32))
    assert 20_300 <= history.quietest(Segment(0, 32_000)) <= 20_700
