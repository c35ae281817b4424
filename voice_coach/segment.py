"""Intervals on the sample clock, the only clock of the pipeline.

Positions inside the program are integer samples of the 16 kHz stream; seconds are made here and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass

SAMPLE_RATE = 16_000
"""Samples per second of the one internal audio format: mono float32 in [-1, 1]."""


def to_seconds(samples: int) -> float:
    """Seconds of a number of samples."""
    return samples / SAMPLE_RATE


def to_samples(seconds: float) -> int:
    """Number of samples nearest to a number of seconds."""
    return round(seconds * SAMPLE_RATE)


@dataclass(frozen=True, slots=True, order=True)
class Segment:
    """A half-open stretch of the stream, `start <= position < end`, in samples.

    Raises
    ------
    ValueError
        If `end` lies before `start`.
    """

    start: int
    end: int

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError(f"a segment cannot end ({self.end}) before it starts ({self.start})")

    @property
    def samples(self) -> int:
        """Length in samples."""
        return self.end - self.start

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return to_seconds(self.samples)

    @property
    def start_seconds(self) -> float:
        """Start in seconds from the start of the stream."""
        return to_seconds(self.start)

    @property
    def end_seconds(self) -> float:
        """End in seconds from the start of the stream."""
        return to_seconds(self.end)

    def overlap(self, other: Segment) -> int:
        """Number of samples this segment shares with another."""
        return max(0, min(self.end, other.end) - max(self.start, other.start))
