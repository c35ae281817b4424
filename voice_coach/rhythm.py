"""The pair's own rhythm: how long they usually leave between turns, and how much they usually talk into each other.

Familiar people overlap more (Yuan et al. 2007), and rhythm belongs to the pair more than to the person (Cavalcanti and
Skantze 2025). It is learnt from the first changes of speaker and then stays: later, a talk may be heated.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from voice_coach.options import Options, number
from voice_coach.segment import to_samples


@dataclass(frozen=True, slots=True)
class RhythmOptions(Options):
    """Learnt from `changes` of speaker; overlaps of more than `longest_seconds` are no habit but an event."""

    changes: int = number(24, 6, 200, "changes of speaker")
    longest_seconds: float = number(0.6, 0.1, 2.0, "s")


class Rhythm:
    """Learns from floor transfer offsets."""

    def __init__(self, options: RhythmOptions) -> None:
        self._changes, self._longest = options.changes, to_samples(options.longest_seconds)
        self._offsets: list[int] = []

    def hear(self, offset: int | None) -> bool:
        """Take the offset of a new turn, samples, `None` says nothing; tells whether the rhythm is known by now."""
        if offset is not None and offset >= -self._longest and len(self._offsets) < self._changes:
            self._offsets.append(offset)
        return self.known

    @property
    def known(self) -> bool:
        """Whether enough has been heard."""
        return len(self._offsets) >= self._changes

    @property
    def gap_samples(self) -> int | None:
        """The pair's median gap; `None` while it is not known, or if they leave none."""
        gaps = [offset for offset in self._offsets if offset > 0]
        return round(median(gaps)) if self.known and gaps else None

    @property
    def overlap_samples(self) -> int | None:
        """The pair's median overlap at a change of speaker, where at least a quarter of them overlap."""
        overlaps = [-offset for offset in self._offsets if offset < 0]
        return round(median(overlaps)) if self.known and 4 * len(overlaps) >= len(self._offsets) else None
