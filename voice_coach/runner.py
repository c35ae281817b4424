"""Who carries out the pipeline's commands, and when the results come back: for a recording at once, in audio time."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count

import numpy as np

from voice_coach.acoustics import Floats
from voice_coach.errors import EngineFailed
from voice_coach.events import (
    Answer,
    AudioBlock,
    ChangeLanguage,
    ChangeVoice,
    Command,
    CueFinished,
    CueOutcome,
    CueStarted,
    EndTalk,
    Event,
    Output,
    Pause,
    Prepare,
    Pressed,
    Request,
    Resume,
    Say,
    StopSaying,
    Transcribe,
    Transcript,
    TranscriptionFailed,
)
from voice_coach.framing import HOP
from voice_coach.journal import Journal, JournalWriter
from voice_coach.pipeline import Pipeline
from voice_coach.ports import Renderer, Transcriber
from voice_coach.segment import to_samples


@dataclass(frozen=True, slots=True)
class Latencies:
    """How long words and voice take, in seconds of the talk: nothing, or as long as in a live session."""

    words_seconds: float = 0.0
    voice_seconds: float = 0.0
    fade_seconds: float = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """What was heard of a cue: float32 samples (n,) from `start_sample` on."""

    start_sample: int
    samples: Floats

    def between(self, start: int, end: int) -> Floats:
        """What is heard of it in a stretch, float32 (end - start,), silence before and after it."""
        heard = np.zeros(end - start, np.float32)
        first, last = max(start, self.start_sample), min(end, self.start_sample + len(self.samples))
        if first < last:
            heard[first - start : last - start] = self.samples[first - self.start_sample : last - self.start_sample]
        return heard


@dataclass(slots=True)
class _Speaking:
    """A cue that is being said, until its end is reported."""

    cue_id: int
    start: int
    samples: Floats


@dataclass(slots=True)
class RecordedAnswers:
    """Answers commands in audio time, as fast as the machine allows.

    Parameters
    ----------
    transcriber, renderer : engines; without a transcriber nothing is asked of it, without a renderer cues are shown.
    """

    transcriber: Transcriber | None
    renderer: Renderer | None
    latencies: Latencies = field(default_factory=Latencies)
    said: list[Said] = field(default_factory=list)
    _due: list[tuple[int, int, Answer]] = field(default_factory=list)
    _order: Iterator[int] = field(default_factory=count)
    _speaking: _Speaking | None = None

    def carry_out(self, command: Command, now: int) -> None:
        """Do what is asked at sample `now`; the result is due later."""
        match command:
            case Transcribe():
                self._schedule(now + to_samples(self.latencies.words_seconds), self._transcribe(command))
            case Say():
                self._say(command, now)
            case StopSaying(cue_id):
                self._stop(cue_id, now)
            case Pause():
                self._schedule(now, Pressed(Request.GO_ON))  # what was recorded cannot be unheard
            case ChangeLanguage(language):
                if self.renderer is not None:
                    self.renderer.speak_in(language)
            case Prepare() | Resume() | ChangeVoice() | EndTalk():
                pass  # a recording goes on to its end, in the voice that it began with

    def due(self, now: int | None) -> Iterator[Answer]:
        """Results that are due at sample `now`, in order; all that are left if it is `None`."""
        while self._due and (now is None or self._due[0][0] <= now):
            result = heapq.heappop(self._due)[2]
            speaking = self._speaking
            if isinstance(result, CueFinished) and speaking is not None and speaking.cue_id == result.cue_id:
                heard = speaking.samples[: result.at_sample - speaking.start]
                self.said.append(Said(speaking.start, heard))
                self._speaking = None
            yield result

    def _schedule(self, at: int, result: Answer) -> None:
        heapq.heappush(self._due, (at, next(self._order), result))

    def _transcribe(self, command: Transcribe) -> Transcript | TranscriptionFailed:
        utterance = command.utterance
        if self.transcriber is None:
            return TranscriptionFailed(utterance.utterance_id, "no words engine")
        try:
            heard = self.transcriber.transcribe(utterance, command.start_sample, command.samples)
        except EngineFailed as error:
            return TranscriptionFailed(utterance.utterance_id, str(error))
        return Transcript.of(utterance.utterance_id, self.transcriber.name, heard)

    def _say(self, command: Say, now: int) -> None:
        cue = command.cue
        try:
            samples = None if self.renderer is None else self.renderer.render(cue)
        except EngineFailed:
            samples = None
        if samples is None:
            self._schedule(now, CueFinished(cue.cue_id, now, CueOutcome.SHOWN))
            return
        start = now + to_samples(self.latencies.voice_seconds)
        self._speaking = _Speaking(cue.cue_id, start, samples)
        # The recording was made before the cue: its microphone does not hear it.
        self._schedule(start, CueStarted(cue.cue_id, start, in_microphone=False))
        end = start + len(samples)
        self._schedule(end, CueFinished(cue.cue_id, end, CueOutcome.SPOKEN))

    def _stop(self, cue_id: int, now: int) -> None:
        speaking = self._speaking
        if speaking is None or speaking.cue_id != cue_id:
            return
        fade = to_samples(self.latencies.fade_seconds)
        kept = speaking.samples[: now - speaking.start + fade].copy()
        fade = min(fade, len(kept))
        kept[len(kept) - fade :] *= np.linspace(1.0, 0.0, fade, dtype=np.float32)
        speaking.samples = kept
        self._due = [due for due in self._due if not (isinstance(due[2], CueFinished) and due[2].cue_id == cue_id)]
        heapq.heapify(self._due)
        end = speaking.start + len(kept)
        self._schedule(end, CueFinished(cue_id, end, CueOutcome.YIELDED))


def run_recorded(
    blocks: Iterable[AudioBlock], pipeline: Pipeline, answers: RecordedAnswers, journal: JournalWriter | None = None
) -> Iterator[Event]:
    """Run a recording through a pipeline; yields its events as they happen.

    Results are fed at the hop at which they are due, whatever the blocks' sizes, so that the same recording always
    gives the same events.
    """

    def carry_out(outputs: list[Output]) -> Iterator[Event]:
        for output in outputs:
            if isinstance(output, Command):
                answers.carry_out(output, pipeline.now)
                continue
            if journal is not None:
                journal.append(pipeline.now, output)
            yield output

    def answer(now: int | None) -> Iterator[Event]:
        for result in answers.due(now):
            if journal is not None:
                journal.append(pipeline.now, result)
            yield from carry_out(pipeline.feed(result))

    for block in blocks:
        for piece in _pieces(block):
            yield from answer(pipeline.now)
            yield from carry_out(pipeline.feed(piece))
    yield from carry_out(pipeline.finish())
    yield from answer(None)


def _pieces(block: AudioBlock) -> Iterator[AudioBlock]:
    """A block cut where the pipeline's hops end."""
    start, lost, place = block.start_sample, block.lost_samples, 0
    while place < len(block.samples) or lost:
        length = HOP - (start + place) % HOP
        yield AudioBlock(start + place, block.samples[place : place + length], lost, block.lost_by)
        lost, place = 0, place + length


def replay(blocks: Iterable[AudioBlock], pipeline: Pipeline, journal: Journal) -> Iterator[Event]:
    """Run a recording again with the answers of its journal; yields the same events as the first time."""
    answers = deque(journal.answers)

    def events(outputs: list[Output]) -> Iterator[Event]:
        return (output for output in outputs if not isinstance(output, Command))

    for block in blocks:
        for piece in _pieces(block):
            while answers and answers[0].at_sample <= pipeline.now:
                yield from events(pipeline.feed(answers.popleft().answer))
            yield from events(pipeline.feed(piece))
    yield from events(pipeline.finish())
    for taken in answers:
        yield from events(pipeline.feed(taken.answer))
