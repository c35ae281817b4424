"""Segments."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_coach.segment import SAMPLE_RATE, Segment, to_samples, to_seconds

segments = st.builds(lambda start, length: Segment(start, start + length), st.integers(0, 10_000), st.integers(0, 500))


def test_a_segment_knows_its_seconds() -> None:
    segment = Segment(SAMPLE_RATE, 3 * SAMPLE_RATE)
    assert (segment.start_seconds, segment.end_seconds, segment.seconds) == (1.0, 3.0, 2.0)


def test_a_segment_cannot_end_before_it_starts() -> None:
    with pytest.raises(ValueError, match="cannot end"):
        Segment(2, 1)


@given(st.integers(0, 10**9))
def test_seconds_and_samples_are_inverse(samples: int) -> None:
    assert to_samples(to_seconds(samples)) == samples


@given(segments, segments)
def test_overlap_is_symmetric_and_bounded(one: Segment, two: Segment) -> None:
    assert one.overlap(two) == two.overlap(one) <= min(one.samples, two.samples)
