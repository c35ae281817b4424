"""Whether loudspeaker and voice work, tried in the second in which the room is listened to, and without a sound."""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

import numpy as np

from voice_coach.engines.loudspeaker import SystemLoudspeaker
from voice_coach.engines.renderer import SystemVoice
from voice_coach.events import Cue
from voice_coach.segment import SAMPLE_RATE

_SILENCE = np.zeros(SAMPLE_RATE // 10, np.float32)
_SLOW = "it is slow"


class Trial:
    """Plays a moment of silence, and renders a sentence; use it in a `with` statement.

    Parameters
    ----------
    voice : one like the coach's, for this trial alone.
    text : what it is to render.
    patience_seconds : for so long at most is waited for either.
    """

    def __init__(
        self, loudspeaker: SystemLoudspeaker | None, voice: SystemVoice, text: str, patience_seconds: float = 4.0
    ) -> None:
        self._loudspeaker, self._voice = loudspeaker, voice
        self._pool = ThreadPoolExecutor(2, "trial")
        self._until = time.monotonic() + patience_seconds
        self._rendered: Future[object] = self._pool.submit(voice.render, Cue(0, "", text, None, 0, 0, ()))
        self._played: Future[object] | None = None
        if loudspeaker is not None:
            self._played = self._pool.submit(loudspeaker.play, _SILENCE, lambda _: None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._voice.close()
        if self._loudspeaker is not None:
            self._loudspeaker.fade()
        self._pool.shutdown()

    @property
    def loudspeaker(self) -> str:
        """Which loudspeaker there is, and what is amiss with it, for people."""
        if self._loudspeaker is None or self._played is None:
            return "none, sentences are shown"
        amiss = self._amiss(self._played)
        return f"{self._loudspeaker.name}{f', but {amiss}; until it plays, sentences are shown' if amiss else ''}"

    @property
    def voice(self) -> str:
        """Which voice there is, and what is amiss with it, for people."""
        amiss = self._amiss(self._rendered)
        if amiss and amiss != _SLOW:
            return f"none, sentences are shown; {amiss}; cure: voice-coach voices"
        told = f"{self._voice.name}, {self._voice.options.rate} words per minute"
        return f"{told}, but {amiss}; what is not ready in time is shown" if amiss else told

    def _amiss(self, work: Future[object]) -> str:
        try:
            work.result(max(0.0, self._until - time.monotonic()))
        except TimeoutError:
            return _SLOW
        except Exception as error:  # the talk goes on without
            return str(error) or type(error).__name__
        return ""
