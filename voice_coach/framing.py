"""From blocks of any size to hops of one size, and the last minute of audio.

Everything below works hop by hop, so the same stream gives the same results however its source cut it into blocks.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from voice_coach.acoustics import Floats
from voice_coach.events import AudioBlock
from voice_coach.segment import SAMPLE_RATE, Segment, to_samples

HOP = 2560
"""Samples of a hop: 160 ms, a whole number of frames (320) and of the speech detector's blocks (512)."""


_QUIET = to_samples(0.04)


class Framer:
    """Cuts a stream of blocks into hops. Lost audio becomes silence, so that the count stays true."""

    def __init__(self) -> None:
        self._rest: Floats | None = None
        self.samples = 0
        """Samples of the stream so far, lost ones included."""
        self.lost_samples = 0

    def process(self, block: AudioBlock) -> Iterator[Floats]:
        """Hops completed by a block, (2560,) or, of two microphones, (2560, 2).

        Values that are no numbers become silence and values beyond full scale are cut, as a sound card would.

        Raises
        ------
        ValueError
            If the block does not follow the stream: a source that miscounts would corrupt every time after it.
        """
        expected = self.samples + block.lost_samples
        if block.start_sample != expected:
            raise ValueError(f"a block starts at sample {block.start_sample}, but {expected} was due")
        self.samples = expected + len(block.samples)
        self.lost_samples += block.lost_samples
        if self._rest is None:
            self._rest = np.zeros((0, *block.samples.shape[1:]), np.float32)
        for place in range(0, block.lost_samples, HOP):  # in small pieces: an hour may be lost
            yield from self._silence(min(HOP, block.lost_samples - place))
        samples = np.nan_to_num(block.samples, nan=0.0, posinf=1.0, neginf=-1.0)
        yield from self._cut(np.clip(samples, -1.0, 1.0).astype(np.float32, copy=False))

    def finish(self, after_samples: int) -> Iterator[Floats]:
        """The last hops, followed by at least `after_samples` of silence, in which late decisions are made."""
        waiting = 0 if self._rest is None else len(self._rest)
        yield from self._silence(after_samples + (-(waiting + after_samples)) % HOP)

    def _silence(self, count: int) -> Iterator[Floats]:
        channels = () if self._rest is None else self._rest.shape[1:]
        yield from self._cut(np.zeros((count, *channels), np.float32))

    def _cut(self, samples: Floats) -> Iterator[Floats]:
        rest = samples if self._rest is None else np.concatenate((self._rest, samples))
        whole = len(rest) // HOP * HOP
        self._rest = rest[whole:]
        for place in range(0, whole, HOP):
            yield rest[place : place + HOP]


class AudioHistory:
    """The last minute of the stream: all the audio that is ever held."""

    def __init__(self, seconds: float = 60.0) -> None:
        self._ring = np.zeros(int(seconds * SAMPLE_RATE), np.float32)
        self._end = 0

    @property
    def end(self) -> int:
        """Samples appended so far."""
        return self._end

    def append(self, samples: Floats) -> None:
        """Add samples, at most as many as the ring holds."""
        places = np.arange(self._end, self._end + len(samples)) % len(self._ring)
        self._ring[places] = samples
        self._end += len(samples)

    def held(self, start: int, end: int) -> Segment:
        """What is held of a stretch: what is too old or not yet there is left out at its ends."""
        start = max(start, self._end - len(self._ring), 0)
        return Segment(start, max(start, min(end, self._end)))

    def quietest(self, segment: Segment) -> int:
        """The sample in the middle of the quietest 40 ms of a stretch; its own middle where nothing of it is held."""
        samples = self.read(segment)
        if len(samples) < _QUIET:
            return (segment.start + segment.end) // 2
        energy = np.concatenate(([0.0], np.cumsum(samples.astype(np.float64) ** 2)))
        place = int(np.argmin(energy[_QUIET:] - energy[:-_QUIET]))
        return self.held(segment.start, segment.end).start + place + _QUIET // 2

    def read(self, segment: Segment) -> Floats:
        """A copy of what is held of a stretch, float32 (n,)."""
        held = self.held(segment.start, segment.end)
        return self._ring[np.arange(held.start, held.end) % len(self._ring)]
