"""Samples counted against the clock: late is not lost, and lost is not late."""

from __future__ import annotations

import numpy as np
import pytest

from voice_coach.engines.timeline import Timeline
from voice_coach.events import AudioBlock
from voice_coach.segment import SAMPLE_RATE

BLOCK = 320
SECONDS = BLOCK / SAMPLE_RATE


class Source:
    """A device that delivers numbered samples, and the clock."""

    def __init__(self) -> None:
        self.timeline = Timeline(10.0)
        self.now, self.next = 10.0, 1.0
        self.blocks: list[AudioBlock] = []

    def samples(self) -> np.ndarray:
        values = np.arange(self.next, self.next + BLOCK, dtype=np.float32)
        self.next += BLOCK
        return values

    def deliver(self, count: int, *, late: float = 0.0, reason: str = "") -> None:
        for _ in range(count):
            self.now += SECONDS
            self.blocks += self.timeline.hear(self.samples(), self.now + late, reason)

    def burst(self, count: int, reason: str = "") -> None:
        for _ in range(count):
            self.blocks += self.timeline.hear(self.samples(), self.now, reason)

    @property
    def lost(self) -> int:
        return sum(block.lost_samples for block in self.blocks)

    def check(self) -> None:
        """Blocks follow each other, and no sample comes twice."""
        position, last = 0, 0.0
        for block in self.blocks:
            assert block.start_sample == position + block.lost_samples
            position = block.start_sample + len(block.samples)
            if len(block.samples):
                assert block.samples[0] > last
                last = block.samples[-1]
        assert position == self.timeline.position


@pytest.fixture
def source() -> Source:
    source = Source()
    source.deliver(100)
    return source


def test_a_steady_stream_loses_nothing(source: Source) -> None:
    source.check()
    assert source.lost == 0
    assert source.timeline.position == 100 * BLOCK
    assert source.timeline.sample_at(source.now) == source.timeline.position


def test_a_busy_machine_is_late_and_loses_nothing(source: Source) -> None:
    source.now += 50 * SECONDS
    source.burst(50)
    source.deliver(50)
    source.check()
    assert source.lost == 0


def test_what_never_comes_is_lost_where_it_was_lost(source: Source) -> None:
    source.now += 50 * SECONDS
    source.next += 50 * BLOCK
    source.deliver(50, reason="gone")
    source.check()
    (gap,) = [block for block in source.blocks if block.lost_samples]
    assert gap.lost_samples == pytest.approx(50 * BLOCK, abs=BLOCK)
    assert gap.lost_by == "gone"
    assert gap.samples[0] == 150 * BLOCK + 1
    assert source.timeline.position == pytest.approx(200 * BLOCK, abs=BLOCK)


def test_late_and_then_lost(source: Source) -> None:
    """Half of what is missing comes late, the other half never."""
    source.now += 50 * SECONDS
    source.burst(25)
    source.next += 25 * BLOCK
    source.deliver(60)
    source.check()
    assert source.lost == pytest.approx(25 * BLOCK, abs=BLOCK)


def test_a_small_jitter_is_neither(source: Source) -> None:
    rng = np.random.default_rng(2)
    for _ in range(500):
        source.deliver(1, late=float(rng.uniform(0, 0.1)))
    source.check()
    assert source.lost == 0


def test_a_clock_that_drifts_is_followed(source: Source) -> None:
    """A device that is 200 parts in a million slow: an hour's drift is 0.7 s, and none of it is a loss."""
    for _ in range(5000):
        source.now += SECONDS * 36 * 200e-6
        source.deliver(1)
    source.check()
    assert source.lost == 0


def test_time_passed_over_is_lost_once(source: Source) -> None:
    """A device that was given up for a second, and then delivers what it had kept."""
    for _ in range(4):
        source.now += 0.25
        source.blocks += source.timeline.pass_over(source.now, "gone")
    source.burst(50)
    source.deliver(100)
    source.check()
    assert source.lost == SAMPLE_RATE
    assert source.timeline.sample_at(source.now) == pytest.approx(source.timeline.position, abs=BLOCK)


def test_after_time_passed_over_the_rest_of_the_gap_is_lost_too(source: Source) -> None:
    source.now += 0.5
    source.blocks += source.timeline.pass_over(source.now, "gone")
    source.now += 0.4
    source.deliver(100, reason="gone")
    source.check()
    assert source.lost == pytest.approx(0.9 * SAMPLE_RATE, abs=BLOCK)


def test_what_is_held_back_can_be_forgotten(source: Source) -> None:
    source.now += 0.5
    source.deliver(10)
    assert source.blocks[-1].samples[-1] == 100 * BLOCK
    source.timeline.forget()
    source.blocks += source.timeline.pass_over(source.now, "paused")
    source.deliver(50, reason="paused")
    heard = np.concatenate([block.samples for block in source.blocks])
    assert not np.any((heard > 100 * BLOCK) & (heard <= 110 * BLOCK))
