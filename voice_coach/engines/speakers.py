"""The networks that label every frame {silence, A, B, both, other}: as a stream, and afterwards with hindsight.

A committee of two networks hears some seconds around each frame. A reviser remembers the talk, and corrects what the
committee says: one while the talk goes on, another, which knows what came later too, when it is over.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import cast

import numpy as np

from voice_coach.acoustics import Floats, Frames
from voice_coach.engines.onnx import open_session
from voice_coach.engines.voiceprint import (
    N_COMMON,
    N_OWN,
    N_PERSONAL,
    N_SPECTRUM,
    STRANGER,
    Background,
    Spectra,
    VoiceFeatures,
    VoicePair,
    Voiceprint,
    join_features,
)

MODELS = Path(__file__).parent.parent / "models"
"""Where the package keeps the models that `tools/hearing` builds."""
CLASSES = 5
OTHER = 4
"""Place of speech of neither in the answers."""
# Evidence for a third voice that is known, and what it gains by being known; chosen on development talks.
_AROUND = 15  # frames to either side over which it is averaged
_CLIPPED = np.float32(1.0)  # of that feature: 4 nats
_STRANGER_WEIGHT, _KNOWN_NATS = 12.0, 2.0
_STEP = 2  # frames that a reviser takes at once
_STRETCH, _MARGIN = 1500, 250  # frames that are revised with hindsight at once, and beyond them on either side


def load_background() -> Background:
    """The background model that ships with the package."""
    return Background.load(MODELS / "background.npz")


class _Stream:
    """An exported network with its states."""

    def __init__(self, path: Path) -> None:
        self._session = open_session(path)
        inputs = [entry for entry in self._session.get_inputs() if entry.name.startswith("state_")]
        self._states = {entry.name: np.zeros(entry.shape, np.float32) for entry in inputs}
        self._outputs = ["logits", *(name.replace("state_", "next_") for name in self._states)]
        self.look_ahead_frames = int(self._session.get_modelmeta().custom_metadata_map["look_ahead_frames"])

    def run(self, inputs: Mapping[str, Floats]) -> Floats:
        """Logits (n, 5) of the frames `look_ahead_frames` before these."""
        logits, *states = self._session.run(self._outputs, {**inputs, **self._states})
        self._states = dict(zip(self._states, states, strict=True))
        return cast("Floats", logits[0].T)

    def begin(self) -> None:
        """Forget what was heard."""
        self._states = {name: np.zeros_like(state) for name, state in self._states.items()}


class Committee:
    """Compares features with two voices as they come; `voices` is what was heard of either."""

    def __init__(self, voices: tuple[Spectra, Spectra], folder: Path = MODELS) -> None:
        self._encoder = open_session(folder / "voices.onnx")
        self._network = _Stream(folder / "speakers.onnx")
        self.delay_frames = self._network.look_ahead_frames
        self._strange = np.zeros((_AROUND + self.delay_frames, 2), np.float32)  # from _AROUND before the next answer
        self.compare_with(voices)

    def compare_with(self, voices: tuple[Spectra, Spectra]) -> None:
        """Compare with these voices from here on."""
        self._voices = {
            name: self._encoder.run(None, {"log_mel": _row(spectra.log_mel), "speech": spectra.speech[None]})[0]
            for name, spectra in zip(("first_voice", "second_voice"), voices, strict=True)
        }

    def process(self, features: VoiceFeatures) -> Floats:
        """Log-probabilities (n, 5) of the frames `delay_frames` before these."""
        inputs = {
            "common": _row(features.common[:, :STRANGER]),
            "first": _row(features.first[:, :N_OWN]),
            "second": _row(features.second[:, :N_OWN]),
        }
        answers = self._network.run({**inputs, **self._voices})
        answers[:, OTHER] += self._strangeness(features)
        return _normalised(answers)

    def _strangeness(self, features: VoiceFeatures) -> Floats:
        """Evidence for the third voice in each frame that is answered, from the frames around it."""
        stranger, speech = features.common[:, STRANGER], features.common[:, STRANGER - 1]
        heard = _STRANGER_WEIGHT * np.clip(stranger, -_CLIPPED, _CLIPPED) * (speech > 0)
        self._strange = np.concatenate((self._strange, np.stack((heard, _KNOWN_NATS * (stranger != 0)), axis=1)))
        around = np.lib.stride_tricks.sliding_window_view(self._strange[:, 0], 2 * _AROUND + 1)[: len(features)]
        known = self._strange[_AROUND : _AROUND + len(features), 1]
        self._strange = self._strange[len(features) :]
        return cast("Floats", around.mean(axis=1) + known)


class _Reviser:
    """Corrects the committee's answers by all that is known of the same frames."""

    def __init__(self, path: Path) -> None:
        self._network = _Stream(path)
        self.delay_frames = self._network.look_ahead_frames

    def process(self, answers: Floats, features: VoiceFeatures) -> Floats:
        """Log-probabilities (n, 5) of the frames `delay_frames` before these, of an even number n."""
        inputs = {
            "likelihoods": features.common[:, N_SPECTRUM:STRANGER],
            "first": features.first,
            "second": features.second,
        }
        rows = {name: _row(values) for name, values in {"answers": answers, **inputs}.items()}
        return _normalised(self._network.run(rows))

    def begin(self) -> None:
        """Forget what was heard."""
        self._network.begin()


class SpeakerNetwork:
    """Compares frames with two voices as they come; fulfils the port `StreamingComparer`."""

    def __init__(self, pair: VoicePair, background: Background, folder: Path = MODELS) -> None:
        self._background = background
        self._prints = Voiceprint(pair, background)
        self._committee, self._reviser = Committee(pair.spectra, folder), _Reviser(folder / "reviser.onnx")
        self.impression_delay_frames = self._committee.delay_frames
        self.impression = np.zeros((0, CLASSES), np.float32)
        """What the committee made of the last frames, (n, 5): the first impression."""
        self.delay_frames = self._committee.delay_frames + self._reviser.delay_frames + _STEP - 1
        self._features = _nothing(self._committee.delay_frames)  # of frames whose revision waits
        self._answers = np.zeros((0, CLASSES), np.float32)  # of the committee, about the first of these frames
        self._ready = _unknown(_STEP - 1)

    def compare_with(self, pair: VoicePair) -> None:
        """Compare with these voices from here on."""
        self._prints = Voiceprint(pair, self._background)
        self._committee.compare_with(pair.spectra)

    def process(self, frames: Frames, speech: Floats) -> Floats:
        """Log-probabilities (n, 5) of the frames `delay_frames` before these."""
        features = self._prints.features(frames, speech)
        self.impression = self._committee.process(features)
        self._answers = np.concatenate((self._answers, self.impression))
        self._features = join_features([self._features, features])
        whole = len(self._answers) - len(self._answers) % _STEP
        if whole:
            revised = self._reviser.process(self._answers[:whole], self._features.part(0, whole))
            self._ready = np.concatenate((self._ready, revised))
            self._answers, self._features = self._answers[whole:], self._features.part(whole, len(self._features))
        answers, self._ready = self._ready[: len(frames)], self._ready[len(frames) :]
        return answers


class HindsightNetwork:
    """Compares frames with two voices, knowing what comes long after; fulfils the port `VoiceComparer`."""

    def __init__(self, pair: VoicePair, background: Background, folder: Path = MODELS) -> None:
        self._prints = Voiceprint(pair, background)
        self._committee, self._reviser = Committee(pair.spectra, folder), _Reviser(folder / "reviser_again.onnx")
        self._to_drop = self._committee.delay_frames
        self.delay_frames = _STRETCH + _MARGIN + self._committee.delay_frames
        self._before = 0
        self._features: list[VoiceFeatures] = []  # from `_before` frames before the next stretch on
        self._answers: list[Floats] = []  # of the committee, about the same frames
        self._ready = _unknown(self.delay_frames)

    def process(self, frames: Frames, speech: Floats) -> Floats:
        """Log-probabilities (n, 5) of the frames `delay_frames` before these."""
        features = self._prints.features(frames, speech)
        answers = self._committee.process(features)
        self._features.append(features)
        self._answers.append(answers[self._to_drop :])
        self._to_drop -= min(self._to_drop, len(answers))
        while sum(map(len, self._answers)) >= self._before + _STRETCH + _MARGIN:
            self._ready = np.concatenate((self._ready, self._hear_stretch()))
        answers, self._ready = self._ready[: len(frames)], self._ready[len(frames) :]
        return answers

    def _hear_stretch(self) -> Floats:
        """Answers (1500, 5) of the next stretch."""
        features, answers = join_features(self._features), np.concatenate(self._answers)
        begin, end = self._before, self._before + _STRETCH
        self._reviser.begin()
        revised = self._reviser.process(answers[: end + _MARGIN], features.part(0, end + _MARGIN))
        self._before = _MARGIN
        self._features = [features.part(end - self._before, len(features))]
        self._answers = [answers[end - self._before :]]
        return revised[self._reviser.delay_frames :][begin:end]


def _nothing(count: int) -> VoiceFeatures:
    """Features of frames before the talk."""
    people = np.zeros((count, N_PERSONAL), np.float32)
    return VoiceFeatures(np.zeros((count, N_COMMON), np.float32), people, people)


def _unknown(count: int) -> Floats:
    """Answers (n, 5) for what lies before the talk."""
    return np.full((count, CLASSES), -np.log(CLASSES), np.float32)


def _normalised(logits: Floats) -> Floats:
    peak = logits.max(axis=1, keepdims=True)
    return cast("Floats", logits - peak - np.log(np.exp(logits - peak).sum(axis=1, keepdims=True)))


def _row(values: Floats) -> Floats:
    """Frames (n, k) as the models want them: (1, k, n)."""
    return np.ascontiguousarray(values.T[None])
