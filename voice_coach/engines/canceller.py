"""Hearing that somebody speaks over the coach, by the audio processing of WebRTC (the extra `aec`).

What the coach plays is taken out of what the microphone hears, and the speech detector looks at what is left. The
cancelled signal damages the near voice, so it decides only when to fall silent: nothing is written down or attributed
from it.

What is left of an echo sounds like speech until the room is learnt, and whenever a sentence is heard a millisecond
earlier or later than the one before (measured: with 4 ms of jitter one sentence in three was taken for somebody). No
clock of two devices is that exact. So the first half second of every sentence is held against what is heard of it, and
the sentence is laid where it truly is; only then, and once enough was learnt of the room, is it believed. Where the
last sentences all came equally late, the next one is taken to do so too until it is found.
"""

from __future__ import annotations

from collections import deque
from typing import Any, cast

import numpy as np

from voice_coach.acoustics import Floats
from voice_coach.echo import strongest_echo
from voice_coach.engines.silero import BLOCK, SileroDetector
from voice_coach.errors import MissingPart
from voice_coach.segment import SAMPLE_RATE, to_samples

_FRAME = SAMPLE_RATE // 100
_LEARNT = to_samples(2.0)
"""How much of the coach's voice it has to have heard before it is believed."""
_ALIGNED, _STEP, _GIVEN_UP = to_samples(0.5), to_samples(0.1), to_samples(1.5)
"""How much of a sentence tells where it is heard, how often it is sought again, and when it is given up."""
_WATCHED = to_samples(1.2)
"""What was heard last, which tells whether the sentence still lies there."""
_SAME, _ALIKE = 8, 3
"""Samples by which delays may differ, and how many sentences must have had the same."""
_LAID = to_samples(0.01)
"""The library is to find every sentence this much after it was played."""
_SPEECH = 0.5
_LEAST_POWER = 10 ** (-44 / 10)
"""18 dB below the people's usual level: what is left of an echo is mostly softer."""
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
        self._delays: deque[int] = deque(maxlen=_ALIKE)
        self.begin()

    def begin(self) -> None:
        """A new sentence: what was left of the last one is forgotten, but not what was learnt of the room."""
        self._detector = SileroDetector()
        self._left = self._heard = self._played = np.zeros(0, np.float32)
        self._delay = self._usual()
        self._is_found = False
        self._found: int | None = None
        self._sought = _ALIGNED
        self._done = self._run = 0

    def process(self, heard: Floats, played: Floats, gain: float) -> int | None:
        """How many samples before the end of `heard` somebody began to speak; `None` while nobody does."""
        self._heard = np.concatenate((self._heard, heard))
        self._played = np.concatenate((self._played, played))
        if not self._is_found and self._align():
            self._cancelled()  # teaches, but is not judged: it begins in the midst of a change
            return None
        if self._delay is None:
            return None
        self._left = np.concatenate((self._left, self._cancelled() * np.float32(gain)))
        return self._find()

    def _align(self) -> bool:
        """Find how late the sentence is heard: where it is found twice at the same place. Tells whether that is new."""
        sound = np.flatnonzero(self._played)
        since = len(self._played) - int(sound[0]) if len(sound) else 0
        if since < self._sought or since > _GIVEN_UP:
            return False
        self._sought = since + _STEP
        found, self._found = self._found, strongest_echo(self._played[sound[0] :], self._heard[sound[0] :])
        if found is None or self._found is None or abs(found - self._found) > _SAME:
            return False
        self._is_found = True
        self._delays.append(self._found)
        if self._delay is not None and abs(self._delay - self._found) <= _SAME:
            return False
        self._delay = self._found
        return True

    def _is_laid(self) -> bool:
        """Whether the sentence is still heard where it is laid; else it is laid anew: busy machines play with gaps."""
        begin = max(0, len(self._played) - _WATCHED)
        found = strongest_echo(self._played[begin:], self._heard[begin:])
        if found is None or self._delay is None or abs(found - self._delay) <= _SAME:
            return True
        self._delay = found
        return False

    def _usual(self) -> int | None:
        """How late the last sentences were heard, if all were equally late."""
        if len(self._delays) < _ALIKE or max(self._delays) - min(self._delays) > _SAME:
            return None
        return self._delays[-1]

    def _cancelled(self) -> Floats:
        """All that was not yet cancelled, with the sentence laid where it is heard."""
        later = (self._delay or 0) - _LAID
        frames = []
        for at in range(self._done, len(self._heard), _FRAME):
            place = np.arange(at - later, at - later + _FRAME)
            inside = (place >= 0) & (place < len(self._played))
            played = np.where(inside, self._played[np.clip(place, 0, len(self._played) - 1)], np.float32(0))
            frames.append(self._cancel(self._heard[at : at + _FRAME], played.astype(np.float32)))
            self._learnt += int(np.count_nonzero(played))
        self._done = len(self._heard)
        return np.concatenate(frames) if frames else np.zeros(0, np.float32)

    def _find(self) -> int | None:
        """Whether what is left is speech."""
        whole = len(self._left) // BLOCK * BLOCK
        rest = self._left[whole:]
        if not whole:
            return None
        speech = self._detector.process(np.clip(self._left[:whole], -1.0, 1.0))
        power = (self._left[:whole].reshape(-1, BLOCK) ** 2).mean(axis=1)
        for place, is_speech in enumerate((speech >= _SPEECH) & (power >= _LEAST_POWER)):
            self._run = self._run + 1 if is_speech else 0
            if self._run >= _BLOCKS and self._learnt >= _LEARNT:
                if self._is_laid():
                    return len(self._left) - (place + 1 - self._run) * BLOCK
                self._run = 0
        self._left = rest
        return None

    def _cancel(self, heard: Floats, played: Floats) -> Floats:
        self._apm.process_reverse_stream(self._int16(played))
        self._apm.set_stream_delay_ms(0)  # the sentence lies where it is heard
        frame = self._int16(heard)
        self._apm.process_stream(frame)
        return cast("Floats", np.frombuffer(frame.data, np.int16).astype(np.float32) / 32768)

    def _int16(self, samples: Floats) -> Any:
        data = (np.clip(samples, -1.0, 1.0) * 32767).astype(np.int16).tobytes()
        return self._frame(bytearray(data), SAMPLE_RATE, 1, _FRAME)
