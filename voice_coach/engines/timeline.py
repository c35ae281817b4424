"""Where in the talk a microphone's samples belong, by the clock: what is late, and what was lost.

PortAudio does not report lost samples (measured), so they are counted against the clock. A block's lag is how much
later it comes than its place in the stream says. It is almost constant. On a busy machine blocks come late, and then
many at once, and the lag is what it was; after a loss it stays larger; and a device that was given up for a while may
deliver what it kept meanwhile, for which others have been counted already. So where the lag is not the usual one,
blocks are held back for a moment, until it shows which it was.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from voice_coach.acoustics import Floats
from voice_coach.events import AudioBlock
from voice_coach.segment import SAMPLE_RATE, to_samples

_UNUSUAL = to_samples(0.25)
_PATIENCE_SECONDS = 0.6
_BACKLOG_SECONDS = 0.3
"""So long after a device came back, all that it kept has come."""
_WINDOW_SECONDS = 10.0
"""The least lag of so long is the device's own; its clock drifts against the machine's by less than 1 ms in it."""


class Timeline:
    """Gives blocks their places, and gaps their lengths.

    Parameters
    ----------
    seconds : the time at which sample 0 is delivered.
    channels : of the blocks.
    """

    def __init__(self, seconds: float, channels: int = 1) -> None:
        self._origin = seconds
        self._nothing = np.zeros(0 if channels == 1 else (0, channels), np.float32)
        self.position = 0
        """Samples accounted for so far, lost ones included."""
        self._lags: deque[tuple[float, int]] = deque()
        self._held: list[Floats] = []
        self._held_since = seconds
        self._was_away = False

    @property
    def _usual_lag(self) -> int:
        return min((lag for _, lag in self._lags), default=0)

    def sample_at(self, seconds: float) -> int:
        """The sample that is delivered at a time."""
        return round((seconds - self._origin) * SAMPLE_RATE) - self._usual_lag

    def hear(self, samples: Floats, seconds: float, reason: str) -> list[AudioBlock]:
        """Blocks that can be delivered now that `samples`, (n,) or (n, 2), have come at a time.

        `reason` is why samples are missing, if any are.
        """
        if not self._held:
            self._held_since = seconds
        self._held.append(samples)
        waited = seconds - self._held_since
        missing = self.sample_at(seconds) - self.position - self._waiting
        if self._was_away:
            if waited < _BACKLOG_SECONDS:
                return []
        elif self._lags and abs(missing) > _UNUSUAL:
            if waited < _PATIENCE_SECONDS:
                return []
        else:
            missing = 0
        self._was_away = False
        self._drop(max(0, -missing))
        blocks = self._release(max(0, missing), reason)
        self._lags.append((seconds, round((seconds - self._origin) * SAMPLE_RATE) - self.position))
        while self._lags[0][0] < seconds - _WINDOW_SECONDS:
            self._lags.popleft()
        return blocks

    def pass_over(self, seconds: float, reason: str) -> list[AudioBlock]:
        """The time up to now is lost, the device is away; what was held back comes first."""
        blocks = self._release(0, "")
        missing = self.sample_at(seconds) - self.position
        if missing > 0:
            self.position += missing
            blocks.append(AudioBlock(self.position, self._nothing, missing, reason))
        self._was_away = True
        return blocks

    def forget(self) -> None:
        """Drop what is held back: nothing of it may be kept."""
        self._held = []

    @property
    def _waiting(self) -> int:
        return sum(map(len, self._held))

    def _drop(self, count: int) -> None:
        """Leave out the first samples that are held back: others were counted for them."""
        while count and self._held:
            first = self._held[0]
            self._held[:1] = [first[count:]] if count < len(first) else []
            count = max(0, count - len(first))

    def _release(self, lost: int, reason: str) -> list[AudioBlock]:
        """What was held back, and what was lost before it."""
        held, self._held = self._held, []
        blocks = []
        for samples in held:
            start = self.position + lost
            blocks.append(AudioBlock(start, samples, lost, reason if lost else ""))
            self.position, lost = start + len(samples), 0
        return blocks
