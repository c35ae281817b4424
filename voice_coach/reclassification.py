"""What words, which come later, tell of an overlap that was sorted by activity alone."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from voice_coach.events import Overlap, OverlapKind, OverlapReclassified, WordsHeard
from voice_coach.options import Options, number
from voice_coach.segment import to_samples


@dataclass(frozen=True, slots=True)
class ReclassificationOptions(Options):
    """With words of listening, a contribution of up to 1 s is a backchannel."""

    backchannel_seconds: float = number(1.0, 0.1, 3.0, "s")
    memory_seconds: float = number(60.0, 5.0, 600.0, "s")


class Reclassifier:
    """Remembers the last overlaps until their words come."""

    def __init__(self, is_backchannel: Callable[[str], bool], options: ReclassificationOptions) -> None:
        self._is_backchannel, self._options = is_backchannel, options
        self._overlaps: deque[Overlap] = deque()

    def hear(self, overlap: Overlap) -> None:
        """Remember an overlap that its words may yet show in another light."""
        short = overlap.segment.samples <= to_samples(self._options.backchannel_seconds)
        if short and overlap.kind in {OverlapKind.UNCLEAR, OverlapKind.FAILED_BID, OverlapKind.COOPERATIVE}:
            self._overlaps.append(overlap)

    def process(self, words: WordsHeard) -> Iterator[OverlapReclassified]:
        """Overlaps that these words show to have been listening."""
        oldest = words.utterance.segment.start - to_samples(self._options.memory_seconds)
        while self._overlaps and self._overlaps[0].segment.end < oldest:
            self._overlaps.popleft()
        if words.doubtful is not None or not self._is_backchannel(words.text):
            return
        for overlap in tuple(self._overlaps):
            same = overlap.by is words.utterance.speaker
            if same and overlap.segment.overlap(words.utterance.segment) * 2 > overlap.segment.samples:
                self._overlaps.remove(overlap)
                yield OverlapReclassified(overlap.overlap_id, OverlapKind.BACKCHANNEL, f"they said “{words.text}”")
