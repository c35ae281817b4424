"""The thread that says sentences, and what the microphone hears of them."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from voice_coach.acoustics import Floats, mono
from voice_coach.echo import echo_delay
from voice_coach.errors import EngineFailed
from voice_coach.events import (
    AudioBlock,
    Cue,
    CueFinished,
    CueOutcome,
    CueStarted,
)
from voice_coach.live.inbox import Inbox
from voice_coach.ports import Loudspeaker, Microphone, Voice
from voice_coach.runner import Said
from voice_coach.segment import to_samples, to_seconds

_HEARD_SECONDS = 15.0
_JOIN_SECONDS = 3.0
_END_SAMPLES = to_samples(1.5)


@dataclass(slots=True)
class Clock:
    """Which sample of the talk is heard at a time of the devices' clock.

    `origin` is the microphone's sample at which the talk began.
    """

    microphone: Microphone
    seconds: Callable[[], float]
    origin: int = 0

    def sample_at(self, seconds: float) -> int:
        """Sample of the talk at `seconds`, not before it began."""
        return max(0, self.microphone.sample_at(seconds) - self.origin)

    def now(self) -> int:
        """The present sample."""
        return self.sample_at(self.seconds())


class Overheard:
    """The last seconds of what the microphone heard, the coach's own voice included, to find its echo in."""

    def __init__(self) -> None:
        self._parts: deque[tuple[int, Floats]] = deque()
        self._lock = threading.Lock()

    def clear(self) -> None:
        """Forget everything: samples are counted anew."""
        with self._lock:
            self._parts.clear()

    def add(self, block: AudioBlock) -> None:
        """Keep a block for a while."""
        with self._lock:
            self._parts.append((block.start_sample, mono(block.samples)))
            oldest = block.start_sample - to_samples(_HEARD_SECONDS)
            while self._parts[0][0] < oldest:
                self._parts.popleft()

    def since(self, start: int) -> Floats:
        """What was heard from sample `start` on; nothing where part of that is missing."""
        with self._lock:
            parts = [(at, samples) for at, samples in self._parts if at + len(samples) > start]
        if (
            not parts
            or parts[0][0] > start
            or any(at + len(samples) != following for (at, samples), (following, _) in pairwise(parts))
        ):
            return np.zeros(0, np.float32)
        return np.concatenate([samples for _, samples in parts])[start - parts[0][0] :]


class Speaking:
    """The thread that says one sentence at a time.

    Parameters
    ----------
    voice, loudspeaker : without either, sentences are shown.
    now : the present sample of the stream.
    """

    def __init__(
        self, voice: Voice | None, loudspeaker: Loudspeaker | None, inbox: Inbox, overheard: Overheard, clock: Clock
    ) -> None:
        self._voice, self._loudspeaker, self._inbox, self._overheard = voice, loudspeaker, inbox, overheard
        self._clock = clock
        self._echo_delay: int | None = None
        self.current: tuple[int, Said] | None = None
        """The cue that is being played, and its sound."""
        self._cues: deque[Cue] = deque()
        self._unwanted: set[int] = set()
        self._changed = threading.Condition()
        self._is_busy = self._is_closed = False
        self._thread = threading.Thread(target=self._run, name="voice", daemon=True)
        self._thread.start()

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits to be said or is being rendered."""
        with self._changed:
            return not self._cues and (not self._is_busy or self.current is not None)

    @property
    def echo_seconds(self) -> float | None:
        """How late the microphone hears the loudspeaker, s; `None` if it never has."""
        return None if self._echo_delay is None else to_seconds(self._echo_delay)

    def say(self, cue: Cue) -> None:
        """Say a sentence as soon as possible."""
        with self._changed:
            self._cues.append(cue)
            self._changed.notify_all()

    def stop(self, cue_id: int) -> None:
        """Let a sentence fade out, or not begin."""
        self._unwanted.add(cue_id)
        if self._loudspeaker is not None:
            self._loudspeaker.fade()

    def finish(self, seconds: float) -> None:
        """Wait for the sentence that is being said, at most so long; then say no more."""
        with self._changed:
            self._changed.wait_for(lambda: not self._cues and not self._is_busy, seconds)
            self._is_closed = True
            self._cues.clear()
            self._changed.notify_all()
        if self._loudspeaker is not None:
            self._loudspeaker.fade()
        self._thread.join(_JOIN_SECONDS)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._is_busy = False
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._cues or self._is_closed)
                if self._is_closed:
                    return
                cue, self._is_busy = self._cues.popleft(), True
            self._inbox.put(self._say(cue))

    def _find_echo(self, samples: Floats, started: int) -> None:
        """See how late a sentence was heard, its end above all: a busy machine plays it with gaps."""
        ends = (0, max(0, len(samples) - _END_SAMPLES))
        found = [echo_delay(samples[begin:], self._overheard.since(started + begin)) for begin in ends]
        late = [to_samples(delay) for delay in found if delay is not None]
        if late:
            self._echo_delay = max(late)

    def _say(self, cue: Cue) -> CueFinished:
        if self._voice is None or self._loudspeaker is None:
            return CueFinished(cue.cue_id, self._clock.now(), CueOutcome.SHOWN)
        started: list[int] = []

        def begun(seconds: float) -> None:
            started.append(self._clock.sample_at(seconds))
            self.current = cue.cue_id, Said(started[0], samples)
            self._inbox.put(CueStarted(cue.cue_id, started[0], in_microphone=True))

        try:
            samples = self._voice.render(cue)
            if cue.cue_id in self._unwanted:
                return CueFinished(cue.cue_id, self._clock.now(), CueOutcome.YIELDED)
            if self._clock.now() >= cue.expires_sample:
                return CueFinished(cue.cue_id, self._clock.now(), CueOutcome.EXPIRED)
            played = self._loudspeaker.play(samples, begun)
        except EngineFailed:
            return CueFinished(cue.cue_id, self._clock.now(), CueOutcome.SHOWN)
        except Exception:  # a bug of a library: the talk goes on, and the sentence counts as failed
            return CueFinished(cue.cue_id, self._clock.now(), CueOutcome.FAILED)
        finally:
            self.current = None
        if started:
            self._find_echo(samples, started[0])
        # A sentence is over when the microphone has heard its last sample, which a Bluetooth speaker delays.
        ended = self._clock.sample_at(played.ended) + (self._echo_delay or 0)
        return CueFinished(cue.cue_id, ended, CueOutcome.SPOKEN if played.whole else CueOutcome.YIELDED)
