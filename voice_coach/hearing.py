"""Hearing: from hops of audio to units of speech, by way of the speech detector and the two enrolled voices."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import cast

import numpy as np

from voice_coach.acoustics import FRAME, N_MELS, Floats, FrameAnalyser, Frames, channel_energies, mono
from voice_coach.activity import Impression
from voice_coach.attribution import Attribution, AttributionOptions
from voice_coach.events import InterPausalUnit, Silence
from voice_coach.ports import SpeechDetector, StreamingComparer, VoiceComparer
from voice_coach.segment import Segment
from voice_coach.speech import Speech, SpeechOptions

_GATE_REACH = 10
"""Frames to either side (0.2 s) in which the detector must have heard something for speech to be believed."""


@dataclass(frozen=True, slots=True)
class HearingOptions:
    """Options of the stages of hearing."""

    speech: SpeechOptions = field(default_factory=SpeechOptions)
    attribution: AttributionOptions = field(default_factory=AttributionOptions)


class Diarizer:
    """From measured frames to units of speech, by way of the two enrolled voices.

    Parameters
    ----------
    comparer : tells the two voices apart, at least 10 frames late.
    """

    def __init__(self, comparer: VoiceComparer, options: AttributionOptions) -> None:
        if comparer.delay_frames < _GATE_REACH:
            raise ValueError(f"the comparer answers {comparer.delay_frames} frames late, too early for the gate")
        self._comparer = comparer
        self._attribution = Attribution(options)
        self._to_drop = comparer.delay_frames
        self._around = np.zeros(_GATE_REACH, np.float32)  # speech probability, from _GATE_REACH before the next answer
        self.delay_frames = comparer.delay_frames + options.lag_frames
        """Frames after which it is decided who speaks in a frame."""

    @property
    def decided_sample(self) -> int:
        """Up to here it is decided who speaks."""
        return self._attribution.decided_sample

    @property
    def open_units(self) -> tuple[InterPausalUnit, ...]:
        """Units that are not yet over, as far as they go."""
        return self._attribution.open_units

    def process(self, frames: Frames, speech: Floats) -> Iterator[InterPausalUnit | Silence]:
        """Units and silences that these frames, with their speech probability (n,), show to have ended."""
        return self.take(frames, speech, self.compare(frames, speech))

    def compare(self, frames: Frames, speech: Floats) -> Floats:
        """Answers of the comparer (n, 5), to be handed to `take`, in smaller pieces if need be."""
        return self._comparer.process(frames, speech)

    def take(self, frames: Frames, speech: Floats, answers: Floats) -> Iterator[InterPausalUnit | Silence]:
        """As `process`, of frames whose answers are there."""
        self._attribution.hear(frames, speech)
        self._around = np.concatenate((self._around, speech))
        dropped = min(self._to_drop, len(answers))
        self._to_drop -= dropped
        answers = answers[dropped:]
        if len(answers):
            yield from self._attribution.process(answers, self._gate(len(answers)))

    def _gate(self, count: int) -> Floats:
        """Highest speech probability around each of the next `count` frames that are answered."""
        reach = 2 * _GATE_REACH + 1
        windows = np.lib.stride_tricks.sliding_window_view(self._around, reach)[:count]
        self._around = self._around[count:]
        return cast("Floats", windows.max(axis=1))

    def finish(self) -> Iterator[InterPausalUnit | Silence]:
        """What is left at the end of the stream."""
        yield from self._attribution.finish()


class Hearing:
    """Composes the stages of hearing; its answers come `delay_samples` behind the audio.

    Parameters
    ----------
    keep : takes every measured frame and its speech probability, for a second hearing.
    """

    def __init__(
        self,
        detector: SpeechDetector,
        comparer: StreamingComparer,
        options: HearingOptions,
        keep: Callable[[Frames, Floats], None] | None = None,
    ) -> None:
        self._speech = Speech(detector, options.speech)
        self._analyser = FrameAnalyser()
        self._comparer = comparer
        self._diarizer = Diarizer(comparer, options.attribution)
        self._keep = keep
        self.impression = Impression(-comparer.impression_delay_frames, np.zeros((0, 5), np.float32))
        """What was first thought of frames in the last hop."""
        self._channels = np.zeros((0, 2, N_MELS), np.float32)  # of both microphones, of frames not yet measured
        pause_frames = round(options.attribution.pause_seconds * 50) + 1
        self.delay_samples = FRAME * (self._diarizer.delay_frames + pause_frames + 4)
        """After this much more audio, everything that was said up to now has been decided."""

    @property
    def decided_sample(self) -> int:
        """Up to here it is decided who speaks."""
        return self._diarizer.decided_sample

    @property
    def open_units(self) -> tuple[InterPausalUnit, ...]:
        """Units that are not yet over, as far as they go."""
        return self._diarizer.open_units

    @property
    def detected_sample(self) -> int:
        """Since when the detector alone has heard nobody."""
        return self._speech.last_speech_sample

    @property
    def last_speech_sample(self) -> int:
        """Since when nobody has been heard, neither by the detector nor by attribution, which lags behind it."""
        return max(self._speech.last_speech_sample, *(unit.segment.end for unit in self.open_units), 0)

    def speech_share(self, stretches: Iterable[Segment]) -> float:
        """Share of stretches of the last two minutes in which the detector is sure to hear speech."""
        return self._speech.share(stretches)

    def process(self, hop: Floats) -> Iterator[InterPausalUnit | Silence]:
        """Units and silences that this hop, (n,) or (n, 2), shows to have ended, in the order in which they end."""
        samples = mono(hop)
        self._speech.process(samples)
        frames = self._analyser.process(samples)
        if hop.ndim > 1:
            self._channels = np.concatenate((self._channels, channel_energies(hop)))
            frames = replace(frames, channels=self._channels[: len(frames)])
            self._channels = self._channels[len(frames) :]
        if not len(frames):
            return
        speech = self._speech.at_frames(frames.first, len(frames))
        if self._keep is not None:
            self._keep(frames, speech)
        heard = list(self._diarizer.process(frames, speech))
        first = frames.first - self._comparer.impression_delay_frames
        self.impression = Impression(first, self._comparer.impression)
        yield from heard

    def finish(self) -> Iterator[InterPausalUnit | Silence]:
        """What is left at the end of the stream."""
        yield from self._diarizer.finish()
