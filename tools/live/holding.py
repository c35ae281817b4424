"""Live talks over a simulated table, with real ears: what they do, and when."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import numpy as np

from tools.live.people import DEMO
from voice_coach import resources, session
from voice_coach.acoustics import Floats
from voice_coach.config import Settings, load_settings
from voice_coach.engines.renderer import SystemVoice
from voice_coach.engines.simulated import SimulatedTable
from voice_coach.events import AudioBlock, Cue, CueFinished, Input, Output, Say
from voice_coach.lexicon import Lexicon, load_lexicon
from voice_coach.live.inbox import Inbox
from voice_coach.live.speaking import Clock
from voice_coach.live.talk import Course, LiveEngines, LiveTalk
from voice_coach.pipeline import Pipeline
from voice_coach.ports import Canceller, Transcriber
from voice_coach.segment import SAMPLE_RATE, to_samples
from voice_coach.voice import VoiceOptions

NAMES = ("Maya", "Daniel")
_FIRST_CUE = 1_000_000
"""Ids of a prompter's cues: far from the coach's own."""


@dataclass(frozen=True, slots=True)
class Happened:
    """Something that a talk told or wished, and at which sample of the table."""

    at: int
    output: Output


class Rendered:
    """A voice that has every sentence ready; fulfils the port `Voice`.

    Parameters
    ----------
    sentences : their sounds, float32 (n,), 16 kHz, by their text.
    """

    name = "rendered"

    def __init__(self, sentences: Mapping[str, Floats]) -> None:
        self._sentences = sentences

    def sound_of(self, text: str) -> Floats:
        """The sound of a sentence; a moment of silence for one that nobody rendered."""
        return self._sentences.get(text, np.zeros(SAMPLE_RATE // 10, np.float32))

    def render(self, cue: Cue) -> Floats:
        """The sound of a cue."""
        return self.sound_of(cue.text)

    def prepare(self, texts: Iterable[str]) -> None:
        """All is ready."""

    def speak_in(self, language: str) -> None:
        """It sounds alike in every language."""

    def change(self, rate: float, volume: float) -> None:
        """It has but one way to speak."""

    def close(self) -> None:
        """Nothing is open."""


class Ears:
    """The demo talk's two voices, the shipped settings, English."""

    def __init__(self) -> None:
        self.settings: Settings = load_settings([resources.config_folder() / "default.toml"])
        self.lexicon: Lexicon = load_lexicon(resources.config_folder() / "language" / "en.toml")
        files = [(name, DEMO / f"enrol_{which}.flac") for name, which in zip(NAMES, "ab", strict=True)]
        self._voices = session.enrol_voices(files)

    def pipeline(self, *, with_words: bool) -> Pipeline:
        """A pipeline that hears them."""
        return session.build_pipeline(self._voices, self.lexicon, self.settings, with_words=with_words)


class Prompter:
    """A pipeline beside which sentences are said one after the other; a stage of a live talk.

    Parameters
    ----------
    pipeline : what hears.
    texts : to be said.
    pause : samples from the end of one to the next.
    saying : is told when one is wished for.
    """

    def __init__(self, pipeline: Pipeline, texts: Iterable[str] = (), pause: int = 2 * SAMPLE_RATE) -> None:
        self.pipeline, self._texts, self._pause = pipeline, list(texts), pause
        self._next: int | None = to_samples(2.0)
        self._count = 0
        self.said = 0
        """Sentences that were said to their end or cut short."""

    @property
    def now(self) -> int:
        """Samples heard."""
        return self.pipeline.now

    @property
    def is_paused(self) -> bool:
        """Whether somebody wished for a pause."""
        return self.pipeline.is_paused

    def known_sentences(self) -> tuple[str, ...]:
        """Nothing needs to be rendered ahead."""
        return ()

    def feed(self, value: Input) -> list[Output]:
        """As the pipeline does, and a sentence when it is time for one."""
        outputs = self.pipeline.feed(value)
        if isinstance(value, CueFinished) and value.cue_id >= _FIRST_CUE:
            self.said, self._next = self.said + 1, value.at_sample + self._pause
        if self._texts and self._next is not None and self.now >= self._next:
            cue = Cue(
                _FIRST_CUE + self._count, "prompt", self._texts.pop(0), None, self.now, self.now + SAMPLE_RATE, ()
            )
            self._count, self._next = self._count + 1, None
            outputs.append(Say(cue))
        return outputs

    def finish(self) -> list[Output]:
        """The stream is over."""
        return self.pipeline.finish()


class Holding:
    """A live talk at a simulated table; use it in a `with` statement.

    Parameters
    ----------
    table : the table.
    stage : what hears and speaks.
    voice : how it sounds; sentences are shown if `None`.
    lockstep : whether the table waits until all that it delivered has been worked off.
    """

    def __init__(  # noqa: PLR0913
        self,
        table: SimulatedTable,
        stage: Prompter,
        *,
        voice: Rendered | None = None,
        transcriber: Transcriber | None = None,
        canceller: Canceller | None = None,
        lockstep: bool = True,
    ) -> None:
        self.table, self._stage, self.happened = table, stage, list[Happened]()
        self.blocks, self.lost = 0, 0
        self._inbox, self._open = Inbox(), ExitStack()
        engines = LiveEngines(transcriber, voice, table if voice else None, canceller)
        self.talk = LiveTalk(Course(stage, 1.0), self._inbox, Clock(table, table.now), engines, self._watch)
        self._runner = threading.Thread(target=self.talk.run, daemon=True)
        if lockstep:
            table.ready = self.talk.is_idle

    def __enter__(self) -> Self:
        self.table.start(self._inbox.put_audio, lambda _: None)
        self._runner.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.talk.close(hurry=True)

    def _watch(self, output: Output | AudioBlock, now: int) -> None:
        del now
        if isinstance(output, AudioBlock):
            self.blocks, self.lost = self.blocks + len(output.samples), self.lost + output.lost_samples
        else:
            self.happened.append(Happened(self.table.position, output))

    def reach(self, sample: int) -> None:
        """Wait until so much has been heard, or the talk has ended."""
        self._wait(lambda: self.table.position >= sample)

    def say_all(self, count: int) -> None:
        """Wait until so many sentences were said, or the talk has ended."""
        self._wait(lambda: self._stage.said >= count)

    def _wait(self, until: Callable[[], bool]) -> None:
        while not until() and self._runner.is_alive():
            time.sleep(0.02)

    def told(self, kind: type) -> list[Happened]:
        """What it told of a kind so far."""
        return [entry for entry in list(self.happened) if isinstance(entry.output, kind)]


def rendered(texts: Iterable[str]) -> Rendered:
    """Sentences in the system's voice."""
    voice = SystemVoice(VoiceOptions(), "en")
    return Rendered({text: voice.render(Cue(0, "", text, None, 0, 0, ())) for text in texts})
