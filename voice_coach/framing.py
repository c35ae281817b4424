"""From blocks of any size to hops of one size, and the last minute of audio.

Everything below works hop by hop, so the same stream gives the same results however its source cut it into blocks.
"""

from __future__ import annotations

import numpy as np

from voice_coach.acoustics import Floats
from voice_coach.events import AudioBlock
from voice_coach.segment import SAMPLE_RATE, Segment

HOP = 2560
"""Samples of a hop: 160 ms, a whole number of frames (320) and of the speech detector's blocks (512)."""


class Framer:
    """Cuts a stream of blocks into hops. Lost audio becomes silence, so that the count stays true."""

    def __init__(self) -> None:
        self._rest = np.zeros(0, np.float32)
        self.samples = 0
        """Samples of the stream so far, lost ones included."""
        self.lost_samples = 0

    def process(self, block: AudioBlock) -> tuple[list[Floats], Segment | None]:
        """Hops completed by a block, and the stretch that was lost before it.

        Values that are no numbers become silence and values beyond full scale are cut, as a sound card would.

        Raises
        ------
        ValueError
            If the block does not follow the stream: a source that miscounts would corrupt every time after it.
        """
        expected = self.samples + block.lost_samples
        if block.start_sample != expected:
            raise ValueError(f"a block starts at sample {block.start_sample}, but {expected} was due")
        lost = Segment(self.samples, expected) if block.lost_samples else None
        samples = np.clip(np.nan_to_num(block.samples, nan=0.0, posinf=1.0, neginf=-1.0), -1.0, 1.0)
        silence = np.zeros(block.lost_samples, np.float32)
        self._rest = np.concatenate((self._rest, silence, samples.astype(np.float32, copy=False)))
        self.samples = expected + len(block.samples)
        self.lost_samples += block.lost_samples
        return self._hops(), lost

    def finish(self, after_samples: int) -> list[Floats]:
        """The last hops, followed by at least `after_samples` of silence, in which late decisions are made."""
        missing = after_samples + (-(len(self._rest) + after_samples)) % HOP
        self._rest = np.concatenate((self._rest, np.zeros(missing, np.float32)))
        return self._hops()

    def _hops(self) -> list[Floats]:
        count = len(self._rest) // HOP
        hops = [self._rest[place * HOP : (place + 1) * HOP] for place in range(count)]
        self._rest = self._rest[count * HOP :]
        return hops


class AudioHistory:
    """The last minute of the stream: all the audio that is ever held."""

    def __init__(self, seconds: float = 60.0) -> None:
        self._ring = np.zeros(int(seconds * SAMPLE_RATE), np.float32)
        self._end = 0

    def append(self, samples: Floats) -> None:
        """Add samples, at most as many as the ring holds."""
        places = np.arange(self._end, self._end + len(samples)) % len(self._ring)
        self._ring[places] = samples
        self._end += len(samples)

    def read(self, segment: Segment) -> Floats:
        """A copy of a stretch, float32 (n,); what is too old or not yet there is left out at its ends."""
        start = max(segment.start, self._end - len(self._ring), 0)
        end = max(start, min(segment.end, self._end))
        return self._ring[np.arange(start, end) % len(self._ring)]
