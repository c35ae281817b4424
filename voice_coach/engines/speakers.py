"""The network that labels every frame {silence, A, B, both}, run as a stream."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np

from voice_coach.acoustics import Floats, Frames
from voice_coach.engines.onnx import open_session
from voice_coach.engines.voiceprint import Background, VoicePair, Voiceprint

MODELS = Path(__file__).parent.parent / "models"
"""Where the package keeps the models that `tools/hearing` builds."""


def load_background() -> Background:
    """The background model that ships with the package."""
    return Background.load(MODELS / "background.npz")


class SpeakerNetwork:
    """Compares frames with two voices; fulfils the port `VoiceComparer`."""

    def __init__(self, pair: VoicePair, background: Background, model: Path = MODELS / "speakers.onnx") -> None:
        self._prints = Voiceprint(pair, background)
        self._session = open_session(model)
        inputs = [entry for entry in self._session.get_inputs() if entry.name.startswith("state_")]
        self._states = {entry.name: np.zeros(entry.shape, np.float32) for entry in inputs}
        self._outputs = ["logits", *(name.replace("state_", "next_") for name in self._states)]
        self.delay_frames = int(self._session.get_modelmeta().custom_metadata_map["look_ahead_frames"])

    def process(self, frames: Frames, speech: Floats) -> Floats:
        """Log-probabilities (n, 4) of the frames `delay_frames` before these."""
        features = self._prints.features(frames, speech)
        inputs = {
            name: np.ascontiguousarray(values.T[None])
            for name, values in (("common", features.common), ("first", features.first), ("second", features.second))
        }
        logits, *states = self._session.run(self._outputs, {**inputs, **self._states})
        self._states = dict(zip(self._states, states, strict=True))
        peak = logits.max(axis=1, keepdims=True)
        total = peak + np.log(np.exp(logits - peak).sum(axis=1, keepdims=True))
        return cast("Floats", (logits - total)[0].T)
