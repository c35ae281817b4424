"""What the pipeline takes: audio, results and keys, in one order."""

from __future__ import annotations

import threading
from collections import deque

from voice_coach.events import (
    Answer,
    AudioBlock,
)

BLOCKS = 64


class Inbox:
    """What the pipeline takes, in one total order. Audio waits for room in it; results do not."""

    def __init__(self, blocks: int = BLOCKS) -> None:
        self._room, self._waiting = blocks, 0
        self._items: deque[AudioBlock | Answer] = deque()
        self._changed = threading.Condition()
        self._is_closed = False
        self._takers = 0

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing in it."""
        return not self._items

    @property
    def is_settled(self) -> bool:
        """Whether all that was put in has been worked off: it is empty, and its taker waits for more."""
        with self._changed:
            return not self._items and self._takers > 0

    def put_audio(self, block: AudioBlock) -> None:
        """Add a block, as soon as there is room; one that comes after the end is dropped."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting < self._room or self._is_closed)
            if self._is_closed:
                return
            self._waiting += 1
            self._items.append(block)
            self._changed.notify_all()

    def put(self, answer: Answer) -> None:
        """Add a result or a key."""
        with self._changed:
            self._items.append(answer)
            self._changed.notify_all()

    def take(self, seconds: float | None = None) -> AudioBlock | Answer | None:
        """The next item; `None` if there is none within `seconds`, or none any more."""
        with self._changed:
            self._takers += 1
            self._changed.wait_for(lambda: self._items or self._is_closed, seconds)
            self._takers -= 1
            if not self._items:
                return None
            item = self._items.popleft()
            if isinstance(item, AudioBlock):
                self._waiting -= 1
                self._changed.notify_all()
            return item

    def close(self) -> None:
        """Nobody waits any more, neither to put nor to take; what is in it can still be taken."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
