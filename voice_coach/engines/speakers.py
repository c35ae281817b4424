"""The network that labels every frame {silence, A, B, both, other}, run as a stream."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np

from voice_coach.acoustics import Floats, Frames
from voice_coach.engines.onnx import open_session
from voice_coach.engines.voiceprint import Background, VoicePair, Voiceprint

MODELS = Path(__file__).parent.parent / "models"
"""Where the package keeps the models that `tools/hearing` builds."""


OTHER = 4
"""Place of speech of neither in the answers."""
_AROUND = 10
_CLIPPED_NATS = 4.0
_STRANGER_WEIGHT = 1.0


def load_background() -> Background:
    """The background model that ships with the package."""
    return Background.load(MODELS / "background.npz")


class SpeakerNetwork:
    """Compares frames with two voices; fulfils the port `VoiceComparer`."""

    def __init__(self, pair: VoicePair, background: Background, folder: Path = MODELS) -> None:
        self._background = background
        self._encoder = open_session(folder / "voices.onnx")
        self._session = open_session(folder / "speakers.onnx")
        inputs = [entry for entry in self._session.get_inputs() if entry.name.startswith("state_")]
        self._states = {entry.name: np.zeros(entry.shape, np.float32) for entry in inputs}
        self._outputs = ["logits", *(name.replace("state_", "next_") for name in self._states)]
        self.delay_frames = int(self._session.get_modelmeta().custom_metadata_map["look_ahead_frames"])
        self._strange = np.zeros(_AROUND + self.delay_frames, np.float32)  # from _AROUND before the next answer
        self.compare_with(pair)

    def compare_with(self, pair: VoicePair) -> None:
        """Compare with these voices from here on."""
        self._prints = Voiceprint(pair, self._background)
        self._voices = {
            name: self._encoder.run(None, {"log_mel": _row(spectra.log_mel), "speech": spectra.speech[None]})[0]
            for name, spectra in zip(("first_voice", "second_voice"), pair.spectra, strict=True)
        }

    def process(self, frames: Frames, speech: Floats) -> Floats:
        """Log-probabilities (n, 5) of the frames `delay_frames` before these."""
        features = self._prints.features(frames, speech)
        inputs = {"common": _row(features.common), "first": _row(features.first), "second": _row(features.second)}
        logits, *states = self._session.run(self._outputs, {**inputs, **self._voices, **self._states})
        self._states = dict(zip(self._states, states, strict=True))
        answers = logits[0].T
        answers[:, OTHER] += self._strangeness(features.stranger, speech)
        peak = answers.max(axis=1, keepdims=True)
        return cast("Floats", answers - peak - np.log(np.exp(answers - peak).sum(axis=1, keepdims=True)))

    def _strangeness(self, stranger: Floats | None, speech: Floats) -> Floats:
        """Evidence for the third voice in each frame that is answered, from the frames around it."""
        heard = np.zeros(len(speech), np.float32)
        if stranger is not None:
            heard = np.clip(stranger, -_CLIPPED_NATS, _CLIPPED_NATS) * (speech > 0.5)
        self._strange = np.concatenate((self._strange, heard))
        windows = np.lib.stride_tricks.sliding_window_view(self._strange, 2 * _AROUND + 1)[: len(speech)]
        self._strange = self._strange[len(speech) :]
        return cast("Floats", _STRANGER_WEIGHT * windows.mean(axis=1))


def _row(values: Floats) -> Floats:
    """Frames (n, k) as the models want them: (1, k, n)."""
    return np.ascontiguousarray(values.T[None])
