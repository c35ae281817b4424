"""What is written down: units joined into utterances, and words kept out where nobody can have said them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count

from voice_coach.events import PEOPLE, InterPausalUnit, Speaker, Transcribe, Utterance, Word
from voice_coach.framing import AudioHistory
from voice_coach.options import Options, number
from voice_coach.segment import Segment, to_samples


@dataclass(frozen=True, slots=True)
class TranscriptionOptions(Options):
    """What makes an utterance, and which words to doubt.

    Engines invent words below half a second of speech and in silence before it (measured), and see at most 30 s at
    once. Fast talkers reach about five words a second; more than seven were not spoken.
    """

    joined_seconds: float = number(0.7, 0.2, 3.0, "s")
    longest_seconds: float = number(20.0, 5.0, 28.0, "s")
    shortest_seconds: float = number(0.5, 0.1, 3.0, "s of speech")
    overlapped_share: float = number(0.7, 0.1, 1.0)
    overlapped_seconds: float = number(1.5, 0.0, 10.0, "s")
    before_seconds: float = number(0.05, 0.0, 0.5, "s")
    after_seconds: float = number(0.15, 0.0, 0.5, "s")
    words_per_second: float = number(7.0, 3.0, 20.0, "words/s")
    repetitions: int = number(4, 2, 20)
    least_probability: float = number(0.3, 0.0, 1.0)


@dataclass(slots=True)
class _Draft:
    """An utterance in the making: samples of speech in it, and how many of them are surely this person's."""

    start: int
    end: int
    speech: int = 0
    sure: int = 0

    def add(self, segment: Segment, *, sure: bool) -> None:
        """Take a unit, or a part of one."""
        self.end = segment.end
        self.speech += segment.samples
        self.sure += segment.samples if sure else 0

    def overlap(self, segment: Segment) -> int:
        """Samples shared with a segment."""
        return Segment(self.start, self.end).overlap(segment)


class UtteranceBuilder:
    """Joins one person's units over short pauses into pieces that an engine does well on."""

    def __init__(self, options: TranscriptionOptions) -> None:
        self._options = options
        self._drafts: dict[Speaker, _Draft | None] = dict.fromkeys(PEOPLE)
        self._heard: dict[Speaker, list[Segment]] = {person: [] for person in PEOPLE}
        self._open: dict[Speaker, Segment] = {}
        self._horizon = 0
        self._ids = count()

    @property
    def complete_sample(self) -> int:
        """Up to here, all that is to be written down is in utterances that are complete."""
        drafts = [draft.start for draft in self._drafts.values() if draft is not None]
        return min([self._horizon, *drafts, *(segment.start for segment in self._open.values())])

    def process(
        self, ended: Iterable[InterPausalUnit], unfinished: Iterable[InterPausalUnit], horizon: int
    ) -> Iterator[Utterance]:
        """Utterances that are complete: no unit of their speaker can join on any more."""
        self._horizon = horizon
        self._open = {unit.speaker: unit.segment for unit in unfinished if unit.speaker in PEOPLE}
        for unit in ended:
            if unit.speaker in PEOPLE:
                yield from self._add(unit)
        for person in PEOPLE:
            draft = self._drafts[person]
            following = self._open[person].start if person in self._open else horizon
            if draft is not None and not self._joins(draft, following):
                yield from self._flush(person)
        for heard in self._heard.values():
            while len(heard) > 1 and heard[0].end < horizon - to_samples(60):
                heard.pop(0)

    def finish(self) -> Iterator[Utterance]:
        """What is left at the end of the stream."""
        self._open = {}
        for person in PEOPLE:
            yield from self._flush(person)

    def _joins(self, draft: _Draft, start: int) -> bool:
        return start - draft.end <= to_samples(self._options.joined_seconds)

    def _add(self, unit: InterPausalUnit) -> Iterator[Utterance]:
        self._heard[unit.speaker].append(unit.segment)
        longest = to_samples(self._options.longest_seconds)
        for segment in _parts(unit.segment, longest):
            draft = self._drafts[unit.speaker]
            if draft is None or segment.end - draft.start > longest or not self._joins(draft, segment.start):
                yield from self._flush(unit.speaker)
                draft = self._drafts[unit.speaker] = _Draft(segment.start, segment.end)
            draft.add(segment, sure=unit.sure)

    def _flush(self, person: Speaker) -> Iterator[Utterance]:
        draft, self._drafts[person] = self._drafts[person], None
        if draft is None or draft.speech < to_samples(self._options.shortest_seconds):
            return
        # A short word inside the other's speech cannot be told from it by any engine: better no words than theirs.
        others = [*self._heard[person.other], *([self._open[person.other]] if person.other in self._open else [])]
        beside = sum(draft.overlap(segment) for segment in others)
        short = draft.end - draft.start < to_samples(self._options.overlapped_seconds)
        if not short or beside < self._options.overlapped_share * draft.speech:
            sure = 2 * draft.sure > draft.speech
            yield Utterance(next(self._ids), person, Segment(draft.start, draft.end), sure)


def _parts(segment: Segment, longest: int) -> Iterator[Segment]:
    """A unit that is longer than an engine sees, in parts of equal length; any other as it is."""
    count = -(-segment.samples // longest)
    for part in range(count):
        start, end = (segment.start + segment.samples * place // count for place in (part, part + 1))
        yield Segment(start, end)


def request_words(utterance: Utterance, history: AudioHistory, options: TranscriptionOptions) -> Transcribe:
    """The command to write an utterance down, with its audio and a little before and after it."""
    before, after = to_samples(options.before_seconds), to_samples(options.after_seconds)
    around = history.held(utterance.segment.start - before, utterance.segment.end + after)
    return Transcribe(utterance, around.start, history.read(around))


def doubt(words: tuple[Word, ...], utterance: Utterance, options: TranscriptionOptions) -> str | None:
    """The gate that keeps words out, as a short clause for people; `None` if they may be believed."""
    if not words:
        return None
    if len(words) > max(2.0, utterance.segment.seconds * options.words_per_second):
        return "more words than anyone can say in that time"
    plain = [word.text.lower().strip(".,!?") for word in words]
    for length in (1, 2, 3):
        run = 1
        for place in range(length, len(plain) - length + 1, length):
            same = plain[place : place + length] == plain[place - length : place]
            run = run + 1 if same else 1
            if run > options.repetitions:
                return "the same words again and again"
    known = [word.probability for word in words if word.probability is not None]
    if known and sum(known) / len(known) < options.least_probability:
        return "the engine itself was not sure"
    return None
