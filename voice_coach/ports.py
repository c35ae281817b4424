"""What the pipeline and the runners need from engines, one method each. Every fake fulfils the same contract."""

from __future__ import annotations

from typing import Protocol

from voice_coach.acoustics import Floats, Frames
from voice_coach.events import Cue, Utterance, Word


class SpeechDetector(Protocol):
    """Tells speech from everything else."""

    @property
    def block_samples(self) -> int:
        """Samples of one decision."""
        ...

    def process(self, samples: Floats) -> Floats:
        """Probability of speech, float32 (m / block_samples,), of samples (m,), a multiple of `block_samples`."""
        ...


class VoiceComparer(Protocol):
    """Tells the two enrolled voices apart, frame by frame, a fixed number of frames late."""

    @property
    def delay_frames(self) -> int:
        """How many frames after a frame its answer comes."""
        ...

    def process(self, frames: Frames, speech: Floats) -> Floats:
        """Log-probabilities, float32 (n, 5), of silence, A alone, B alone, both, and speech of neither, for n frames.

        The answers are about the frames `delay_frames` before these; the first `delay_frames` answers of a stream mean
        nothing. `speech` is the speech probability of each of these frames, float32 (n,).
        """
        ...


class Transcriber(Protocol):
    """Writes an utterance down."""

    @property
    def name(self) -> str:
        """Engine and model, for people."""
        ...

    def transcribe(self, utterance: Utterance, start_sample: int, samples: Floats) -> tuple[Word, ...]:
        """Words of an utterance, none where there are none, with times on the stream's clock if with any.

        `samples` is its audio with a little around it, float32 (n,), 16 kHz, beginning at `start_sample` of the stream.

        Raises
        ------
        EngineFailed
            If the engine breaks down on it.
        """
        ...


class Renderer(Protocol):
    """Turns a cue into sound."""

    @property
    def name(self) -> str:
        """Engine and voice, for people."""
        ...

    def render(self, cue: Cue) -> Floats:
        """The cue as float32 (n,), mono, 16 kHz.

        Raises
        ------
        EngineFailed
            If no voice of this machine can say it; the cue is then shown.
        """
        ...
