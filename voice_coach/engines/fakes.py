"""Engines without models, for trying out rules and for tests: they fulfil the same ports as the real ones.

Who speaks is marked in the samples themselves: a constant of 0.1 is A, 0.2 is B, 0.3 both (see `marked_samples`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from voice_coach.acoustics import Floats, Frames
from voice_coach.events import Cue, Recognition, Speaker, Utterance, Word
from voice_coach.segment import SAMPLE_RATE, Segment

_MARK = 0.1
_SURE = np.log(np.array([0.96, 0.01, 0.01, 0.01, 0.01], np.float32))


def marked_samples(speech: Iterable[tuple[Speaker, Segment]], samples: int) -> Floats:
    """Samples, float32 (n,), in which the fakes below hear this speech."""
    marked = np.zeros(samples, np.float32)
    for speaker, segment in speech:
        marked[segment.start : segment.end] += _MARK if speaker is Speaker.A else 2 * _MARK
    return marked


class MarkedDetector:
    """Hears speech where samples are not zero; fulfils `SpeechDetector`."""

    block_samples = 512

    def process(self, samples: Floats) -> Floats:
        """1 for blocks with any mark, else 0."""
        return np.asarray(np.abs(samples).reshape(-1, self.block_samples).max(axis=1) > 0, np.float32)


class MarkedComparer:
    """Reads who speaks from the power of a frame; fulfils `StreamingComparer`."""

    def __init__(self, delay_frames: int = 18) -> None:
        self.delay_frames = self.impression_delay_frames = delay_frames
        self.impression = _SURE[None][:0]
        self._waiting = np.tile(_SURE, (delay_frames, 1))

    def process(self, frames: Frames, speech: Floats) -> Floats:
        """Nearly certain log-probabilities (n, 5), `delay_frames` late."""
        del speech
        classes = np.clip(np.rint(np.sqrt(frames.power) / _MARK), 0, 3).astype(int)
        answers = np.concatenate((self._waiting, np.stack([np.roll(_SURE, c) for c in classes])))
        self.impression, self._waiting = answers[: len(frames)], answers[len(frames) :]
        return self.impression


class ScriptedTranscriber:
    """Knows what is said at which time; fulfils `Transcriber`.

    Parameters
    ----------
    script : a person's words and the stretch in which they are spoken.
    """

    name = "script"

    def __init__(self, script: Mapping[tuple[Speaker, Segment], str]) -> None:
        self._script = script

    def transcribe(self, utterance: Utterance, start_sample: int, samples: Floats) -> Recognition:
        """Words of the lines whose greater part lies in the utterance."""
        del start_sample, samples
        lines = [
            text
            for (speaker, segment), text in sorted(self._script.items(), key=lambda item: item[0][1])
            if speaker is utterance.speaker and 2 * segment.overlap(utterance.segment) > segment.samples
        ]
        return Recognition(tuple(Word(word) for line in lines for word in line.split()))


class ToneRenderer:
    """Says every cue as a tone of a quarter of a second a word; fulfils `Renderer`."""

    name = "tone"

    def speak_in(self, language: str) -> None:
        """It sounds alike in every language."""

    def render(self, cue: Cue) -> Floats:
        """A tone, float32 (n,)."""
        count = len(cue.text.split()) * SAMPLE_RATE // 4
        return np.asarray(0.2 * np.sin(2 * np.pi * 330 / SAMPLE_RATE * np.arange(count)), np.float32)
