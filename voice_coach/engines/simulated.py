"""A table without devices: a microphone that hears a given talk, and the loudspeaker's voice in it.

Time is the talk's own: it goes on by what the microphone delivers, as fast as that is taken or at a multiple of real
time. So a live talk of three hours can be held in minutes, and what is said in it takes as long as it would.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from voice_coach.acoustics import Floats
from voice_coach.errors import EngineFailed
from voice_coach.events import AudioBlock
from voice_coach.ports import Notice, Played
from voice_coach.runner import Said
from voice_coach.segment import SAMPLE_RATE, Segment

BLOCK = 320
_FADE = 3 * SAMPLE_RATE // 100
_LOST_BLOCK = SAMPLE_RATE // 4


@dataclass(frozen=True, slots=True, eq=False)
class EchoPath:
    """How the loudspeaker's sound reaches the microphone: late by `delay_seconds`, through `response`, float32 (n,)."""

    delay_seconds: float
    response: Floats = field(default_factory=lambda: np.ones(1, np.float32))


class SimulatedTable:
    """Both devices of a table; fulfils the ports `Microphone` and `Loudspeaker`.

    Parameters
    ----------
    samples : what there is to hear, float32 (n,), 16 kHz; then there is silence until the talk is closed.
    speed : multiple of real time; 0 is as fast as blocks are taken.
    echo : how the coach's voice is heard; not at all if `None`.
    lost : stretches that the microphone does not hear, and why.
    ready : is asked before each block, and waited for: whether the talk may go on.
    """

    def __init__(
        self,
        samples: Floats,
        *,
        speed: float = 0.0,
        echo: EchoPath | None = None,
        lost: Mapping[Segment, str] | None = None,
        ready: Callable[[], bool] = lambda: True,
    ) -> None:
        self._samples, self._speed, self._echo = samples, speed, echo
        self._lost = dict(lost or {})
        self.ready = ready
        self._changed = threading.Condition()
        self._position = 0
        self._is_paused = self._is_closed = self._fading = False
        self._thread: threading.Thread | None = None
        self.said: list[Said] = []
        """What was played, whole or cut short, in order."""
        self.is_broken = False
        """Whether there is no loudspeaker any more."""

    @property
    def position(self) -> int:
        """Samples that have passed."""
        return self._position

    def now(self) -> float:
        """Seconds that have passed."""
        return self._position / SAMPLE_RATE

    # Microphone

    def start(self, deliver: Callable[[AudioBlock], None], tell: Callable[[Notice], None]) -> None:
        """Begin to deliver."""
        self._thread = threading.Thread(target=self._run, args=(deliver, tell), name="microphone", daemon=True)
        self._thread.start()

    def pause(self) -> None:
        """Drop what comes."""
        with self._changed:
            self._is_paused = True

    def resume(self) -> None:
        """Keep what comes again."""
        with self._changed:
            self._is_paused = False

    def sample_at(self, seconds: float) -> int:
        """Sample of the talk at a time of `now`."""
        return round(seconds * SAMPLE_RATE)

    def close(self) -> None:
        """Deliver nothing more; of both devices."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    def check(self) -> None:
        """Nothing goes wrong here."""

    def _run(self, deliver: Callable[[AudioBlock], None], tell: Callable[[Notice], None]) -> None:
        began, waiting, reason = time.monotonic(), 0, ""
        while not self._is_closed:
            while not self.ready() and not self._is_closed:
                time.sleep(0.001)
            start = self._position
            loss = next((why for gap, why in self._lost.items() if gap.start <= start < gap.end), None)
            why = "paused" if self._is_paused else loss
            if (why is None) != (not waiting) and loss is not None:
                tell(Notice(f"The microphone hears nothing: {loss}."))
            heard = self._heard(start)
            with self._changed:
                self._position = start + BLOCK
                self._changed.notify_all()
            if why is not None:
                waiting, reason = waiting + BLOCK, why
                if waiting >= _LOST_BLOCK:
                    deliver(AudioBlock(start + BLOCK, np.zeros(0, np.float32), waiting, reason))
                    waiting = 0
            else:
                deliver(AudioBlock(start, heard, waiting, reason if waiting else ""))
                waiting = 0
            if self._speed:
                ahead = self.now() / self._speed - (time.monotonic() - began)
                time.sleep(max(0.0, ahead))

    def _heard(self, start: int) -> Floats:
        """What the microphone hears of a block: the talk, and the coach's voice."""
        heard = np.zeros(BLOCK, np.float32)
        own = self._samples[start : start + BLOCK]
        heard[: len(own)] = own
        if self._echo is not None:
            delay, response = round(self._echo.delay_seconds * SAMPLE_RATE), self._echo.response
            first = start - delay - len(response) + 1
            with self._changed:
                played = sum((said.between(first, start - delay + BLOCK) for said in self.said), np.float32(0))
            if np.any(played):
                heard += np.convolve(played, response, "valid")
        return heard

    # Loudspeaker

    def play(self, samples: Floats, begun: Callable[[float], None]) -> Played:
        """Play in the talk's own time."""
        if self.is_broken:
            raise EngineFailed("the loudspeaker is gone")
        with self._changed:
            start = self._position
            self._fading = False
            self.said.append(Said(start, samples))
        begun(start / SAMPLE_RATE)
        end = start + len(samples)
        with self._changed:
            self._changed.wait_for(lambda: self._position >= end or self._fading or self._is_closed or self.is_broken)
            if self.is_broken:
                raise EngineFailed("the loudspeaker is gone")
            if self._position < end:
                cut = min(self._position + _FADE, end)
                faded = samples[: cut - start].copy()
                length = min(_FADE, len(faded))
                faded[len(faded) - length :] *= np.linspace(1.0, 0.0, length, dtype=np.float32)
                self.said[-1] = Said(start, faded)
                self._changed.wait_for(lambda: self._position >= cut or self._is_closed)
                return Played(cut / SAMPLE_RATE, whole=False)
        return Played(end / SAMPLE_RATE, whole=True)

    def fade(self) -> None:
        """Cut short what is being played."""
        with self._changed:
            self._fading = True
            self._changed.notify_all()
