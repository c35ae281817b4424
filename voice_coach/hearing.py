"""Hearing: from hops of audio to units of speech, by way of the speech detector and the two enrolled voices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

import numpy as np

from voice_coach.acoustics import FRAME, Floats, FrameAnalyser
from voice_coach.attribution import Attribution, AttributionOptions
from voice_coach.events import InterPausalUnit, Silence
from voice_coach.ports import SpeechDetector, VoiceComparer
from voice_coach.speech import Speech, SpeechOptions

_GATE_REACH = 10
"""Frames to either side (0.2 s) in which the detector must have heard something for speech to be believed."""


@dataclass(frozen=True, slots=True)
class HearingOptions:
    """Options of the stages of hearing."""

    speech: SpeechOptions = field(default_factory=SpeechOptions)
    attribution: AttributionOptions = field(default_factory=AttributionOptions)


class Hearing:
    """Composes the stages of hearing; its answers come `delay_samples` behind the audio."""

    def __init__(self, detector: SpeechDetector, comparer: VoiceComparer, options: HearingOptions) -> None:
        self._speech = Speech(detector, options.speech)
        self._analyser = FrameAnalyser()
        self._comparer = comparer
        self._attribution = Attribution(options.attribution)
        self._to_drop = comparer.delay_frames
        if comparer.delay_frames < _GATE_REACH:
            raise ValueError(f"the comparer answers {comparer.delay_frames} frames late, too early for the gate")
        self._around = np.zeros(_GATE_REACH, np.float32)  # speech probability, from _GATE_REACH before the next answer
        pause_frames = round(options.attribution.pause_seconds * 50) + 1
        self.delay_samples = FRAME * (comparer.delay_frames + options.attribution.lag_frames + pause_frames + 4)
        """After this much more audio, everything that was said up to now has been decided."""

    @property
    def decided_sample(self) -> int:
        """Up to here it is decided who speaks."""
        return self._attribution.decided_sample

    @property
    def open_units(self) -> tuple[InterPausalUnit, ...]:
        """Units that are not yet over, as far as they go."""
        return self._attribution.open_units

    @property
    def last_speech_sample(self) -> int:
        """Since when nobody has been heard, neither by the detector nor by attribution, which lags behind it."""
        return max(self._speech.last_speech_sample, *(unit.segment.end for unit in self.open_units), 0)

    def process(self, hop: Floats) -> Iterator[InterPausalUnit | Silence]:
        """Units and silences that this hop shows to have ended, in the order in which they end."""
        self._speech.process(hop)
        frames = self._analyser.process(hop)
        if not len(frames):
            return
        speech = self._speech.at_frames(frames.first, len(frames))
        self._attribution.hear(frames, speech)
        self._around = np.concatenate((self._around, speech))
        answers = self._comparer.process(frames, speech)
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

    def finish(self) -> Iterator[InterPausalUnit]:
        """Units that are open at the end of the stream."""
        yield from self._attribution.finish()
