"""Where the time of hearing goes: each stage by itself over one talk, hop by hop as in the product."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import numpy as np
from rich.console import Console
from rich.table import Table

from tools.hearing.testset import TALK_SECONDS, TestTalk
from voice_coach.acoustics import Floats, FrameAnalyser, Frames
from voice_coach.attribution import Attribution, AttributionOptions
from voice_coach.engines.adaptation import VoiceAdaptation
from voice_coach.engines.enrolment import enrol_recording
from voice_coach.engines.recording import Recording
from voice_coach.engines.silero import SileroDetector
from voice_coach.engines.speakers import SpeakerNetwork, load_background
from voice_coach.engines.voiceprint import Voiceprint
from voice_coach.events import PEOPLE, InterPausalUnit
from voice_coach.framing import Framer
from voice_coach.speech import Speech, SpeechOptions
from voice_coach.turns import TurnOptions, TurnTracker

Result = TypeVar("Result")


def _timed(
    told: dict[str, float], stage: str, work: Callable[..., Result], items: Iterable[Sequence[Any]]
) -> list[Result]:
    began = time.process_time()
    results = [work(*item) for item in items]
    told[stage] = 1000 * (time.process_time() - began) / TALK_SECONDS
    return results


def costs(talk: TestTalk) -> dict[str, float]:
    """Processor time of each stage, ms for each second of audio."""
    told: dict[str, float] = {}
    recording, framer = Recording(talk.audio), Framer()
    hops = [(hop,) for block in recording.blocks(recording.survey().gain) for hop in framer.process(block)]
    background = load_background()
    enrolments = [enrol_recording(talk.enrolment(person)) for person in PEOPLE]
    voices = VoiceAdaptation((enrolments[0], enrolments[1]), background)
    network, prints = SpeakerNetwork(voices.pair, background), Voiceprint(voices.pair, background)
    attribution, turns = Attribution(AttributionOptions()), TurnTracker(TurnOptions())

    def units(frames: Frames, speech: Floats, answers: Floats) -> tuple[list[InterPausalUnit], Any, int]:
        attribution.hear(frames, speech)
        ended = [unit for unit in attribution.process(answers, speech) if isinstance(unit, InterPausalUnit)]
        return ended, attribution.open_units, attribution.decided_sample

    _timed(told, "speech detector", Speech(SileroDetector(), SpeechOptions()).process, hops)
    frames = [part for part in _timed(told, "measurements of frames", FrameAnalyser().process, hops) if len(part)]
    pairs = [(part, np.ones(len(part), np.float32)) for part in frames]
    _timed(told, "comparison with both voices", prints.features, pairs)
    answers = _timed(told, "network", network.process, pairs)
    told["network"] -= told["comparison with both voices"]
    ends = np.cumsum([0, *map(len, frames)])
    useful = np.split(np.concatenate(answers), np.maximum(ends[1:-1], network.delay_frames))
    useful[0] = useful[0][network.delay_frames :]
    _timed(told, "voices learnt further", voices.hear, zip(frames, useful, strict=True))
    heard = [(*pair, answer) for pair, answer in zip(pairs, answers, strict=True)]
    found = _timed(told, "smoothing and units", units, heard)
    _timed(told, "turns and overlaps", lambda *step: list(turns.process(*step)), found)
    return told


def show(talk: TestTalk, console: Console) -> dict[str, float]:
    """Print the costs of the stages; returns them."""
    told = costs(talk)
    table = Table(title="where the time goes")
    table.add_column("stage")
    table.add_column("ms per s of audio", justify="right")
    for stage, cost in told.items():
        table.add_row(stage, f"{cost:.2f}")
    table.add_row("together", f"{sum(told.values()):.2f}")
    console.print(table)
    return told
