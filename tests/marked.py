"""Whole pipelines over marked samples: real stages, fake engines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

import numpy as np

from tests.talks import NAMES, TENTH
from voice_coach.acoustics import Floats
from voice_coach.activity import Impression
from voice_coach.engines.fakes import MarkedComparer, MarkedDetector, ScriptedTranscriber, ToneRenderer, marked_samples
from voice_coach.events import AudioBlock, Event, InterPausalUnit, Speaker
from voice_coach.framing import HOP
from voice_coach.hearing import Hearing
from voice_coach.lexicon import Languages, Lexicon
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


def marked_pipeline(
    lexicon: Lexicon,
    options: PipelineOptions | None = None,
    *,
    with_words: bool = False,
    languages: Languages | None = None,
) -> Pipeline:
    """A pipeline that hears marked samples."""
    options = options or PipelineOptions()
    hearing = Hearing(MarkedDetector(), MarkedComparer(), options.hearing)
    return Pipeline(hearing, languages or Languages(lexicon), NAMES, options, with_words=with_words)


class ToldHearing:
    """Hearing that is told who speaks, 0.6 s late: no sound is looked at, so that a talk takes milliseconds."""

    delay_samples = 5 * HOP
    impression = Impression(0, np.zeros((0, 5), np.float32))

    def __init__(self, units: Iterable[InterPausalUnit]) -> None:
        self._units = sorted(units, key=lambda unit: unit.segment.end)
        self._now = 0
        self.last_speech_sample = 0

    @property
    def detected_sample(self) -> int:
        return self.last_speech_sample

    @property
    def decided_sample(self) -> int:
        return max(0, self._now - 6 * TENTH)

    @property
    def open_units(self) -> tuple[InterPausalUnit, ...]:
        decided = self.decided_sample
        started = [unit for unit in self._units if unit.segment.start < decided]
        return tuple(replace(u, segment=Segment(u.segment.start, min(u.segment.end, decided))) for u in started)

    def speech_share(self, stretches: Iterable[Segment]) -> float:
        """All speech is heard."""
        return float(any(stretch.samples for stretch in stretches))

    def process(self, hop: Floats) -> list[InterPausalUnit]:
        """Units whose pause after them has been heard."""
        self._now += len(hop)
        heard = [min(unit.segment.end, self._now) for unit in self._units if unit.segment.start < self._now]
        self.last_speech_sample = max([self.last_speech_sample, *heard])
        ended = [unit for unit in self._units if unit.segment.end + 2 * TENTH <= self.decided_sample]
        self._units = self._units[len(ended) :]
        return ended

    def finish(self) -> list[InterPausalUnit]:
        return self._units


def run_told(units: Sequence[InterPausalUnit], samples: int, script: Script, lexicon: Lexicon) -> list[Event]:
    """All events of a talk of silent samples in which these units are heard, its cues said as tones."""
    hearing = cast("Hearing", ToldHearing(units))
    pipeline = Pipeline(hearing, Languages(lexicon), NAMES, eager(), with_words=True)
    answers = RecordedAnswers(ScriptedTranscriber(script), ToneRenderer())
    return list(run_recorded([AudioBlock(0, np.zeros(samples, np.float32))], pipeline, answers))


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
