"""The thread that writes utterances down."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

from voice_coach.errors import EngineFailed
from voice_coach.events import (
    Transcribe,
    Transcript,
    TranscriptionFailed,
)
from voice_coach.live.inbox import Inbox
from voice_coach.ports import Transcriber
from voice_coach.segment import to_samples

_WAITING_SECONDS = 120.0
"""How much audio may wait for its words: two minutes, 8 MB."""
_LATE_SECONDS = 2.0
"""So much longer than it lasts, an utterance is being written when people are told that words come late."""
_SHORT_SECONDS = 4.0
"""Utterances up to this may be a request, and are written down first."""


class Words:
    """The thread that writes utterances down."""

    def __init__(self, transcriber: Transcriber, inbox: Inbox) -> None:
        self._transcriber, self._inbox = transcriber, inbox
        self._waiting: list[Transcribe] = []
        self._changed = threading.Condition()
        self._is_closed = False
        self._current: Transcribe | None = None
        self._begun = 0.0
        self._thread = threading.Thread(target=self._run, name="words", daemon=True)
        self._thread.start()

    def submit(self, command: Transcribe) -> Iterator[TranscriptionFailed]:
        """Add an utterance; yields what is given up for it."""
        with self._changed:
            self._waiting.append(command)
            while sum(len(waiting.samples) for waiting in self._waiting) > to_samples(_WAITING_SECONDS):
                dropped = self._waiting.pop(0)
                yield TranscriptionFailed(dropped.utterance.utterance_id, "the words came too slowly")
            self._changed.notify_all()

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits to be written down, and nothing is being written."""
        with self._changed:
            return not self._waiting and self._current is None

    @property
    def is_late(self) -> bool:
        """Whether the engine has been writing one utterance for so long that it may have stalled."""
        with self._changed:
            if self._current is None:
                return False
            expected = self._current.utterance.segment.seconds + _LATE_SECONDS
            return time.monotonic() - self._begun > expected

    def wait_until_idle(self) -> None:
        """Wait until nobody waits for words, or the talk is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or (not self._waiting and self._current is None))

    def finish(self, seconds: float) -> list[TranscriptionFailed]:
        """Wait for what is left, at most so long; returns what is given up."""
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting and self._current is None, seconds)
            self._is_closed = True
            given_up = [*([] if self._current is None else [self._current]), *self._waiting]
            self._waiting = []
            self._changed.notify_all()
        return [TranscriptionFailed(command.utterance.utterance_id, "the talk was over") for command in given_up]

    def _take(self) -> Transcribe | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._is_closed)
            if self._is_closed:
                return None
            short = (c for c in self._waiting if c.utterance.segment.seconds <= _SHORT_SECONDS)
            command = next(short, self._waiting[0])
            self._waiting.remove(command)
            self._current, self._begun = command, time.monotonic()
            return command

    def _run(self) -> None:
        while (command := self._take()) is not None:
            answer = self._transcribe(command)
            with self._changed:
                self._current = None
                if not self._is_closed:  # else it has been given up
                    self._inbox.put(answer)
                self._changed.notify_all()

    def _transcribe(self, command: Transcribe) -> Transcript | TranscriptionFailed:
        utterance = command.utterance
        try:
            heard = self._transcriber.transcribe(utterance, command.start_sample, command.samples)
        except EngineFailed as error:
            return TranscriptionFailed(utterance.utterance_id, str(error))
        except Exception as error:
            return TranscriptionFailed(utterance.utterance_id, f"{type(error).__name__}: {error}")
        return Transcript.of(utterance.utterance_id, self._transcriber.name, heard)
