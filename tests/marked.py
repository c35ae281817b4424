"""Whole pipelines over marked samples: real stages, fake engines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tests.talks import NAMES
from voice_coach.acoustics import Floats
from voice_coach.engines.fakes import MarkedComparer, MarkedDetector, ScriptedTranscriber, ToneRenderer, marked_samples
from voice_coach.events import AudioBlock, Event, Speaker
from voice_coach.hearing import Hearing
from voice_coach.lexicon import Lexicon
from voice_coach.pipeline import Pipeline, PipelineOptions
from voice_coach.runner import Latencies, RecordedAnswers, run_recorded
from voice_coach.segment import Segment

Script = Mapping[tuple[Speaker, Segment], str]


def eager(options: PipelineOptions | None = None) -> PipelineOptions:
    """Options without the quiet opening, so that a test talk can be short."""
    options = options or PipelineOptions()
    restraint = replace(options.coaching.restraint, quiet_opening_seconds=0.0)
    return replace(options, coaching=replace(options.coaching, restraint=restraint))


@dataclass
class MarkedTalk:
    """A talk of marked samples."""

    speech: Sequence[tuple[Speaker, Segment]]
    samples: int
    script: Script = field(default_factory=dict)

    @property
    def audio(self) -> Floats:
        return marked_samples(self.speech, self.samples)

    def blocks(self, sizes: Iterable[int]) -> Iterator[AudioBlock]:
        """The talk in blocks of given sizes, the last of them repeated."""
        audio, start, size = self.audio, 0, 1
        remaining = iter(sizes)
        while start < len(audio):
            size = next(remaining, size)
            yield AudioBlock(start, audio[start : start + size])
            start += size


def marked_pipeline(lexicon: Lexicon, options: PipelineOptions | None = None, *, with_words: bool = False) -> Pipeline:
    """A pipeline that hears marked samples."""
    options = options or PipelineOptions()
    hearing = Hearing(MarkedDetector(), MarkedComparer(), options.hearing)
    return Pipeline(hearing, lexicon, NAMES, options, with_words=with_words)


def run_marked(
    talk: MarkedTalk,
    lexicon: Lexicon,
    options: PipelineOptions | None = None,
    sizes: Iterable[int] = (2560,),
    words_seconds: float = 0.0,
) -> list[Event]:
    """All events of a marked talk, its cues said as tones, its words written down so late."""
    answers = RecordedAnswers(ScriptedTranscriber(talk.script), ToneRenderer(), Latencies(words_seconds))
    pipeline = marked_pipeline(lexicon, options, with_words=bool(talk.script))
    return list(run_recorded(talk.blocks(sizes), pipeline, answers))
