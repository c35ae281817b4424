"""What is written down: units joined into utterances, each with the audio that an engine needs to understand it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import count

from voice_coach.events import PEOPLE, InterPausalUnit, Speaker, Transcribe, Utterance
from voice_coach.framing import AudioHistory
from voice_coach.options import Options, number
from voice_coach.segment import Segment, to_samples

Quietest = Callable[[Segment], int]
"""Where a stretch is quietest, a sample."""


@dataclass(frozen=True, slots=True)
class TranscriptionOptions(Options):
    """What makes an utterance, and which words to doubt.

    Engines invent words below half a second of speech and in silence before it (measured), and see at most 30 s at
    once. Even if no words but those of listening were believed there, moonshine would hear "yeah" or "okay" eight times
    in the laughter of an hour of noise, and hardly more than one in ten of the fixtures' short words. Fast talkers
    reach about five words a second; more than seven were not spoken. The other gates are measured on an hour of noise
    and on 383 utterances of 251 readers, see `tools.words.gates`: no word of noise is let in, and left out are none of
    moonshine's and six of tiny.en's, four of which it had misheard.
    """

    joined_seconds: float = number(0.7, 0.2, 3.0, "s")
    joined_beside_seconds: float = number(0.3, 0.2, 3.0, "s")
    longest_seconds: float = number(20.0, 5.0, 28.0, "s")
    shortest_seconds: float = number(0.5, 0.1, 3.0, "s of speech")
    short_joined_seconds: float = number(1.5, 0.2, 5.0, "s")
    overlapped_share: float = number(0.7, 0.1, 1.0)
    overlapped_seconds: float = number(1.5, 0.0, 10.0, "s")
    before_seconds: float = number(0.05, 0.0, 0.5, "s")
    after_seconds: float = number(0.15, 0.0, 0.5, "s")
    context_seconds: float = number(1.5, 0.0, 5.0, "s")
    speech_share: float = number(0.55, 0.0, 1.0)
    words_per_second: float = number(7.0, 3.0, 20.0, "words/s")
    repetitions: int = number(4, 2, 20)
    least_probability: float = number(0.3, 0.0, 1.0)
    least_log_probability: float = number(-1.2, -5.0, 0.0)
    no_speech_probability: float = number(0.6, 0.0, 1.0)
    no_speech_log_probability: float = number(-0.7, -5.0, 0.0)


@dataclass(slots=True)
class _Draft:
    """An utterance in the making: samples of speech in it, and how many of them are surely this person's.

    It `continues` if the speech before it, of the same person, is in the utterance before it only because that is full.
    """

    start: int
    end: int
    continues: bool = False
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


def middle(segment: Segment) -> int:
    """Where a stretch is cut if nothing is known of its sound."""
    return (segment.start + segment.end) // 2


class UtteranceBuilder:
    """Joins one person's units over short pauses into pieces that an engine does well on.

    Parameters
    ----------
    quietest : tells where a unit is cut that is longer than an engine sees.
    """

    def __init__(self, options: TranscriptionOptions, quietest: Quietest = middle) -> None:
        self._options, self._quietest = options, quietest
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

    def spoken_by(self, person: Speaker) -> list[Segment]:
        """Where a person is heard, in the last minute at least."""
        return [*self._heard[person], *([self._open[person]] if person in self._open else [])]

    def pieces(self, utterance: Utterance) -> list[Segment]:
        """The stretches of an utterance in which its speaker is heard, without the pauses between them."""
        whole = utterance.segment
        heard = self.spoken_by(utterance.speaker)
        return [Segment(max(s.start, whole.start), min(s.end, whole.end)) for s in heard if s.overlap(whole)]

    def writes(self, person: Speaker, segment: Segment) -> bool:
        """Whether what a person says there is, or will be, in an utterance of their own."""
        apart, speech, end = to_samples(self._options.short_joined_seconds), 0, 0
        is_there = False
        for heard in self.spoken_by(person):
            if heard.start - end > apart:
                if is_there:
                    break
                speech = 0
            speech, end = speech + heard.samples, heard.end
            is_there = is_there or heard.overlap(segment) > 0
        return is_there and speech >= to_samples(self._options.shortest_seconds)

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
            if draft is not None and not self._joins(person, draft, following):
                yield from self._flush(person)
        for heard in self._heard.values():
            while len(heard) > 1 and heard[0].end < horizon - to_samples(60):
                heard.pop(0)

    def finish(self) -> Iterator[Utterance]:
        """What is left at the end of the stream."""
        self._open = {}
        for person in PEOPLE:
            yield from self._flush(person)

    def _joins(self, person: Speaker, draft: _Draft, start: int) -> bool:
        """Whether a unit of the same person that starts there is of the same utterance.

        What is too short to be written down by itself waits longer for more, unless the other speaks meanwhile, whose
        words would be taken for this person's; and what is not waits for less if they do: they have most likely taken
        over, and words are wanted soon.
        """
        pause, between = start - draft.end, Segment(draft.end, start)
        beside = any(between.overlap(segment) for segment in self.spoken_by(person.other))
        if draft.speech >= to_samples(self._options.shortest_seconds):
            return pause <= to_samples(self._options.joined_beside_seconds if beside else self._options.joined_seconds)
        return pause <= to_samples(self._options.joined_seconds if beside else self._options.short_joined_seconds)

    def _add(self, unit: InterPausalUnit) -> Iterator[Utterance]:
        self._heard[unit.speaker].append(unit.segment)
        longest = to_samples(self._options.longest_seconds)
        for segment in self._parts(unit.segment, longest):
            draft = self._drafts[unit.speaker]
            joins = draft is not None and self._joins(unit.speaker, draft, segment.start)
            if draft is None or not joins or segment.end - draft.start > longest:
                yield from self._flush(unit.speaker)
                draft = self._drafts[unit.speaker] = _Draft(segment.start, segment.end, continues=joins)
            draft.add(segment, sure=unit.sure)

    def _parts(self, segment: Segment, longest: int) -> Iterator[Segment]:
        """A unit that is longer than an engine sees, cut where it is quietest; any other as it is.

        Each cut is looked for in the second half of what still fits, so that no part is short and none too long.
        """
        start = segment.start
        while segment.end - start > longest:
            cut = self._quietest(Segment(start + longest // 2, min(start + longest, segment.end - longest // 4)))
            yield Segment(start, cut)
            start = cut
        yield Segment(start, segment.end)

    def _flush(self, person: Speaker) -> Iterator[Utterance]:
        draft, self._drafts[person] = self._drafts[person], None
        if draft is None or draft.speech < to_samples(self._options.shortest_seconds):
            return
        # A short word inside the other's speech cannot be told from it by any engine: better no words than theirs.
        beside = sum(draft.overlap(segment) for segment in self.spoken_by(person.other))
        short = draft.end - draft.start < to_samples(self._options.overlapped_seconds)
        if not short or beside < self._options.overlapped_share * draft.speech:
            sure = 2 * draft.sure > draft.speech
            segment = Segment(draft.start, draft.end)
            yield Utterance(next(self._ids), person, segment, sure, continues=draft.continues)


def request_words(utterance: Utterance, history: AudioHistory, options: TranscriptionOptions) -> Transcribe:
    """The command to write an utterance down, with its audio and a little before and after it.

    After a pause it stands for itself: what lies before it is silence, in which engines invent words, and a sentence is
    seldom resumed after `joined_seconds`.
    What continues an utterance that was full comes with more of what was said before, so that it is understood. It is
    for engines that tell times, by which those words are left out again.
    """
    before = to_samples(options.context_seconds if utterance.continues else options.before_seconds)
    after = to_samples(options.after_seconds)
    around = history.held(utterance.segment.start - before, utterance.segment.end + after)
    return Transcribe(utterance, around.start, history.read(around))
