"""Speech probability by Silero VAD, streamed over the model that ships with faster-whisper."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import cast

import numpy as np

from voice_coach.acoustics import Floats
from voice_coach.engines.onnx import open_session
from voice_coach.errors import MissingPart

BLOCK = 512
"""Samples of one decision of the model: 32 ms."""
_CONTEXT = 64
_RESET_BLOCKS = 937  # 30 s: the recurrent state goes stale on long noisy streams (measured: 9 points of misses)
_WARM_UP_BLOCKS = 62  # 2 s heard again after a reset


def model_path() -> Path:
    """Where faster-whisper keeps its Silero model, found without importing the package and its engine."""
    spec = importlib.util.find_spec("faster_whisper")
    if spec is None or spec.origin is None:
        raise MissingPart("faster-whisper is not installed; install voice_coach again with pip")
    return Path(spec.origin).parent / "assets" / "silero_vad_v6.onnx"


class SileroDetector:
    """Probability of speech for every 512 samples of a stream.

    The model wants speech at a usual level (about -26 dBFS); the runner sees to that at the edge.
    """

    block_samples = BLOCK

    def __init__(self) -> None:
        self._session = open_session(model_path())
        self._recent = np.zeros((0, _CONTEXT + BLOCK), np.float32)
        self._context = np.zeros(_CONTEXT, np.float32)
        self._blocks = 0
        self._forget()

    def _forget(self) -> None:
        self._h = np.zeros((1, 1, 128), np.float32)
        self._c = np.zeros((1, 1, 128), np.float32)

    def process(self, samples: Floats) -> Floats:
        """Speech probability, float32 (m / 512,), of float32 samples (m,) whose number is a multiple of 512."""
        blocks = samples.reshape(-1, BLOCK)
        ends = np.concatenate((self._context[None], blocks[:, -_CONTEXT:]))
        self._context = ends[-1]
        inputs = np.concatenate((ends[:-1], blocks), axis=1)
        if self._blocks // _RESET_BLOCKS != (self._blocks + len(blocks)) // _RESET_BLOCKS:
            self._forget()
            if len(self._recent):
                self._run(self._recent)
        self._blocks += len(blocks)
        self._recent = np.concatenate((self._recent, inputs))[-_WARM_UP_BLOCKS:]
        return self._run(inputs)

    def _run(self, inputs: Floats) -> Floats:
        probability, self._h, self._c = self._session.run(None, {"input": inputs, "h": self._h, "c": self._c})
        return cast("Floats", probability)
