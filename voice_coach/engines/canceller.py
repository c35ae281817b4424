"""Hearing that somebody speaks over the coach, by the audio processing of WebRTC (the extra `aec`).

What the coach plays is taken out of what the microphone hears, and the speech detector looks at what is left. The
cancelled signal damages the near voice, so it decides only when to fall silent: nothing is written down or attributed
from it.

Measured in simulated rooms (RT60 0.4 s, delays of 20 to 400 ms): from its second sentence on it takes away 28 dB of an
echo 20 dB below the people's voices, and 47 dB of one as loud as they are. During the first it is still learning, and
what is left may sound like speech: so it is believed only once it has taken away enough.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from voice_coach.acoustics import Floats
from voice_coach.engines.silero import BLOCK, SileroDetector
from voice_coach.errors import MissingPart
from voice_coach.segment import SAMPLE_RATE

_FRAME = SAMPLE_RATE // 100
_LEARNT_SECONDS = 2.0
"""How much of the coach's voice it has to have heard before it is believed."""
_SPEECH = 0.5
_BLOCKS = 2
"""Blocks of 32 ms in a row that must be speech: a knock is over sooner."""


class EchoCanceller:
    """Hears the people through the coach's own voice; fulfils the port `Canceller`.

    Raises
    ------
    MissingPart
        If the extra `aec` is not installed.
    """

    frame_samples = _FRAME
    """10 ms, the unit of the library."""

    def __init__(self) -> None:
        try:
            from livekit import rtc
        except ImportError as error:
            raise MissingPart("to be spoken over needs the extra aec; cure: pip install 'voice-coach[aec]'") from error
        self._frame = rtc.AudioFrame
        self._apm: Any = rtc.AudioProcessingModule(
            echo_cancellation=True, noise_suppression=False, high_pass_filter=True, auto_gain_control=False
        )
        self._learnt = 0
        self._begin()

    def _begin(self) -> None:
        self._detector = SileroDetector()
        self._left = np.zeros(0, np.float32)
        self._run = 0

    def begin(self) -> None:
        """A new sentence: what was left of the last one is forgotten, but not what was learnt of the room."""
        self._begin()

    def process(self, heard: Floats, played: Floats) -> int | None:
        """How many samples before the end of `heard` somebody began to speak; `None` while nobody does."""
        cancelled = [
            self._cancel(heard[at : at + _FRAME], played[at : at + _FRAME]) for at in range(0, len(heard), _FRAME)
        ]
        self._learnt += int(np.count_nonzero(played))
        left = np.concatenate((self._left, *cancelled))
        whole = len(left) // BLOCK * BLOCK
        self._left = left[whole:]
        if not whole:
            return None
        speech = self._detector.process(left[:whole]) >= _SPEECH
        for place, is_speech in enumerate(speech):
            self._run = self._run + 1 if is_speech else 0
            if self._run >= _BLOCKS and self._learnt >= _LEARNT_SECONDS * SAMPLE_RATE:
                return len(left) - (place + 1 - self._run) * BLOCK
        return None

    def _cancel(self, heard: Floats, played: Floats) -> Floats:
        self._apm.process_reverse_stream(self._int16(played))
        self._apm.set_stream_delay_ms(0)  # it finds the delay by itself
        frame = self._int16(heard)
        self._apm.process_stream(frame)
        return cast("Floats", np.frombuffer(frame.data, np.int16).astype(np.float32) / 32768)

    def _int16(self, samples: Floats) -> Any:
        data = (np.clip(samples, -1.0, 1.0) * 32767).astype(np.int16).tobytes()
        return self._frame(bytearray(data), SAMPLE_RATE, 1, _FRAME)
