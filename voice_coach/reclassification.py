"""What words tell of an overlap that was sorted by activity alone; either may come first."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from voice_coach.events import Overlap, OverlapKind, OverlapReclassified, WordsHeard
from voice_coach.lexicon import Lexicon
from voice_coach.options import Options, number
from voice_coach.segment import to_samples
from voice_coach.sentences import ends_in_question, is_backchannel


@dataclass(frozen=True, slots=True)
class ReclassificationOptions(Options):
    """With words of listening, a contribution of up to 1 s is a backchannel.

    Who begins up to 1 s before the end of a question answers early. Starting values of ours: listening is mostly
    shorter than a second, and quick answers overlap by less.
    """

    backchannel_seconds: float = number(1.0, 0.1, 3.0, "s")
    answer_seconds: float = number(1.0, 0.1, 3.0, "s")
    memory_seconds: float = number(60.0, 5.0, 600.0, "s")


_MAY_BE_LISTENING = frozenset(
    {OverlapKind.UNCLEAR, OverlapKind.FAILED_BID, OverlapKind.COOPERATIVE, OverlapKind.INTERRUPTION}
)


class Reclassifier:
    """Remembers the last overlaps and words, and compares them as they come.

    An interruption stays one unless words surely say otherwise. That the holder had ended a sentence does not count, as
    recognisers end every utterance with a full stop; that they had ended a question does.
    """

    def __init__(self, lexicon: Lexicon, options: ReclassificationOptions) -> None:
        self._lexicon, self._options = lexicon, options
        self._overlaps: deque[Overlap] = deque()
        self._words: deque[WordsHeard] = deque()

    def read_in(self, lexicon: Lexicon) -> None:
        """From now on, words are of another language."""
        self._lexicon = lexicon

    def hear(self, overlap: Overlap) -> Iterator[OverlapReclassified]:
        """Take an overlap; the words that show it in another light may be there already."""
        self._forget(overlap.segment.start)
        self._overlaps.append(overlap)
        yield from self._compare([overlap], self._words)

    def process(self, words: WordsHeard) -> Iterator[OverlapReclassified]:
        """Take words; yields what they show of earlier overlaps."""
        self._forget(words.utterance.segment.start)
        if words.doubtful is None and words.utterance.sure:
            self._words.append(words)
            yield from self._compare(tuple(self._overlaps), [words])

    def _forget(self, now: int) -> None:
        """Let go of what is too long ago to be compared with anything at sample `now`."""
        oldest = now - to_samples(self._options.memory_seconds)
        while self._overlaps and self._overlaps[0].segment.end < oldest:
            self._overlaps.popleft()
        while self._words and self._words[0].utterance.segment.end < oldest:
            self._words.popleft()

    def _compare(self, overlaps: Iterable[Overlap], heard: Iterable[WordsHeard]) -> Iterator[OverlapReclassified]:
        for overlap in overlaps:
            shown = next(filter(None, (self._shown(overlap, words) for words in heard)), None)
            if shown is not None:
                self._overlaps.remove(overlap)
                yield shown

    def _shown(self, overlap: Overlap, words: WordsHeard) -> OverlapReclassified | None:
        """What words show an overlap to have been, if it is anything else than it was sorted as."""
        said, length = words.utterance.segment, overlap.segment.samples
        if words.utterance.speaker is overlap.by:
            if (
                overlap.kind in _MAY_BE_LISTENING
                and length <= to_samples(self._options.backchannel_seconds)
                and 2 * overlap.segment.overlap(said) > length
                and is_backchannel(self._lexicon, words.text)
            ):
                return OverlapReclassified(overlap.overlap_id, OverlapKind.BACKCHANNEL, f"they said “{words.text}”")
        elif (
            overlap.kind is OverlapKind.INTERRUPTION
            and length <= to_samples(self._options.answer_seconds)
            and said.end == overlap.segment.end
            and ends_in_question(self._lexicon, words.text)
        ):
            return OverlapReclassified(overlap.overlap_id, OverlapKind.UNCLEAR, "the other had asked them a question")
        return None
