"""Speech or not: the detector's answers on the frame grid, and how long it has been quiet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

import numpy as np

from voice_coach.acoustics import FRAME, Floats
from voice_coach.options import Options, number
from voice_coach.ports import SpeechDetector
from voice_coach.segment import Segment

_SURE = 0.8
"""Above this the detector is sure: it is so in 69 % of the blocks of any utterance of 94 that people said, and in at
most 49 % of those of any of 56 bursts of laughter (measured)."""
_NONE = np.zeros(0, np.float32)
_RECENT_BLOCKS = 3750
"""Two minutes of blocks of 512 samples: utterances are asked about soon after they end."""


@dataclass(frozen=True, slots=True)
class SpeechOptions(Options):
    """When the room counts as quiet.

    `quiet_probability`: a lower probability of speech is quiet. Half of the detector's usual threshold of 0.5, so that
    soft beginnings count as speech: the coach must rather wait than talk over someone.
    """

    quiet_probability: float = number(0.25, 0.01, 0.9)


class Speech:
    """Follows the probability of speech; the fastest answer of the pipeline, a hop behind the microphone."""

    def __init__(self, detector: SpeechDetector, options: SpeechOptions) -> None:
        self._detector, self._options = detector, options
        self._probability = np.zeros(1, np.float32)  # of blocks from `_first` on; one block before the stream is silent
        self._first = -1
        self._recent = _NONE
        self._samples = 0
        self.last_speech_sample = 0
        """End of the last block that was not quiet: since then nobody has been heard."""

    def share(self, stretches: Iterable[Segment]) -> float:
        """Share of stretches of the last two minutes in which the detector is sure to hear speech; 0 of none."""
        size = self._detector.block_samples
        begin = self._samples // size - len(self._recent)
        places = ((s.start // size - begin, -(-s.end // size) - begin) for s in stretches)
        heard = np.concatenate([_NONE, *(self._recent[max(0, first) : max(0, last)] for first, last in places)])
        return float((heard >= _SURE).mean()) if len(heard) else 0.0

    def process(self, hop: Floats) -> Floats:
        """Probability of speech in each block of a hop, float32."""
        size = self._detector.block_samples
        probability = self._detector.process(hop)
        loud = np.flatnonzero(probability >= self._options.quiet_probability)
        if len(loud):
            self.last_speech_sample = self._samples + (int(loud[-1]) + 1) * size
        self._samples += len(hop)
        self._recent = np.concatenate((self._recent, probability))[-_RECENT_BLOCKS:]
        self._probability = np.concatenate((self._probability, probability))
        return probability

    def at_frames(self, first: int, count: int) -> Floats:
        """Probability at the centres of frames, float32 (count,), each frame asked for once and in order."""
        size = self._detector.block_samples
        blocks = (self._first + np.arange(len(self._probability))) * size + size // 2
        centres = np.arange(first, first + count) * FRAME + FRAME // 2
        values = np.interp(centres, blocks, self._probability).astype(np.float32)
        done = max(0, (first + count) * FRAME // size - 2 - self._first)
        self._probability = self._probability[done:]
        self._first += done
        return cast("Floats", values)
