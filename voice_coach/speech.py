"""Speech or not: the detector's answers on the frame grid, and how long it has been quiet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np

from voice_coach.acoustics import FRAME, Floats
from voice_coach.options import Options, number
from voice_coach.ports import SpeechDetector


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
        self._samples = 0
        self.last_speech_sample = 0
        """End of the last block that was not quiet: since then nobody has been heard."""

    def process(self, hop: Floats) -> Floats:
        """Probability of speech in each block of a hop, float32."""
        size = self._detector.block_samples
        probability = self._detector.process(hop)
        loud = np.flatnonzero(probability >= self._options.quiet_probability)
        if len(loud):
            self.last_speech_sample = self._samples + (int(loud[-1]) + 1) * size
        self._samples += len(hop)
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
