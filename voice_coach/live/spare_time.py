"""The thread that writes utterances down again by a better engine, whenever nobody waits for words."""

from __future__ import annotations

import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping

from voice_coach.errors import EngineFailed
from voice_coach.events import Transcribe, Transcript
from voice_coach.ports import Transcriber
from voice_coach.segment import to_samples

_WAITING_SECONDS = 300.0
"""How much audio may wait, in memory alone: five minutes, 19 MB. Beyond, the oldest keeps the words that it has."""
_LAST_SECONDS = 2.0
_NICENESS = 10


class SpareTime:
    """A better engine, opened, that is given all utterances once more.

    Parameters
    ----------
    make : opens the engine; called in the thread, so that the engine's own threads are as patient as that is.

    Raises
    ------
    MissingPart
        If the engine does not load.
    """

    def __init__(self, make: Callable[[], Transcriber]) -> None:
        self._make = make
        self._waiting: deque[Transcribe] = deque()
        self._written: dict[int, Transcript] = {}
        self._changed = threading.Condition()
        self._wait_until_free: Callable[[], None] | None = None
        self._is_closed = False
        self._loaded = threading.Event()
        self._error: BaseException | None = None
        self.name = ""
        self._thread = threading.Thread(target=self._run, name="spare time", daemon=True)
        self._thread.start()
        self._loaded.wait()
        if self._error is not None:
            raise self._error

    def begin(self, wait_until_free: Callable[[], None]) -> None:
        """Write from now on, each time after a wait until nobody else waits for words."""
        with self._changed:
            self._wait_until_free = wait_until_free
            self._changed.notify_all()

    def offer(self, command: Transcribe) -> None:
        """Give it an utterance."""
        with self._changed:
            self._waiting.append(command)
            while sum(len(waiting.samples) for waiting in self._waiting) > to_samples(_WAITING_SECONDS):
                self._waiting.popleft()
            self._changed.notify_all()

    def finish(self) -> Mapping[int, Transcript]:
        """There is no time any more; returns what was written, by utterance."""
        with self._changed:
            self._is_closed = True
            self._waiting.clear()
            self._changed.notify_all()
        self._thread.join(_LAST_SECONDS)  # what is just being written is hardly waited for
        with self._changed:
            return dict(self._written)

    def _run(self) -> None:
        _step_back()
        try:
            transcriber = self._make()
            self.name = transcriber.name
        except BaseException as error:
            self._error = error
            return
        finally:
            self._loaded.set()
        while (command := self._take()) is not None:
            try:
                found = transcriber.transcribe(command.utterance, command.start_sample, command.samples)
            except EngineFailed:  # the words that there are stay
                continue
            number = command.utterance.utterance_id
            with self._changed:
                self._written[number] = Transcript.of(number, transcriber.name, found)

    def _take(self) -> Transcribe | None:
        with self._changed:
            self._changed.wait_for(lambda: (self._waiting and self._wait_until_free) or self._is_closed)
            wait_until_free = self._wait_until_free
        if wait_until_free is not None:
            wait_until_free()
        with self._changed:
            return None if self._is_closed else self._waiting.popleft()


def _step_back() -> None:
    """Let every other thread of the machine go first, where a single thread can say so."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
