"""The fixture talks, each put through the whole loop with real engines, once for all tests."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.conftest import FIXTURES
from tools.scoring import Truth
from voice_coach import resources, session
from voice_coach.config import load_settings
from voice_coach.engines.moonshine import MoonshineTranscriber
from voice_coach.engines.recording import Recording
from voice_coach.engines.renderer import SystemVoice
from voice_coach.events import Event
from voice_coach.figures import Report
from voice_coach.lexicon import load_lexicon
from voice_coach.runner import RecordedAnswers, Said, run_recorded
from voice_coach.segment import Segment

TALKS = sorted(path.parent.name for path in FIXTURES.glob("*/truth.json"))


@dataclass(frozen=True)
class Heard:
    """What the loop made of a talk, beside its truth."""

    truth: Truth
    events: tuple[Event, ...]
    report: Report
    said: tuple[Said, ...]


@cache
def hear(name: str) -> Heard:
    """Put a talk through the loop: voices enrolled, words by moonshine, prompts by the system voice."""
    folder: Path = FIXTURES / name
    truth = Truth.load(folder)
    config = resources.config_folder()
    settings, lexicon = load_settings([config / "default.toml"]), load_lexicon(config / "language" / "en.toml")
    recording = Recording(folder / "talk.flac")
    voices = session.enrol_voices(
        [(truth.names[0], folder / "enrol_a.flac"), (truth.names[1], folder / "enrol_b.flac")]
    )
    pipeline = session.build_pipeline(voices, lexicon, settings, with_words=True)
    answers = RecordedAnswers(MoonshineTranscriber(), SystemVoice(settings.voice, "en"))
    events = tuple(run_recorded(recording.blocks(recording.survey().gain), pipeline, answers))
    facts = session.SessionFacts(name, f"{name}.flac", pipeline.names, words_engine="moonshine tiny-en", voice="system")
    return Heard(truth, events, session.build_report(events, facts), tuple(answers.said))


def silent_around(truth: Truth, start_seconds: float, before: float, after: float) -> bool:
    """Whether nobody truly speaks from `before` seconds before a moment to `after` seconds after it."""
    around = Segment(round((start_seconds - before) * 16_000), round((start_seconds + after) * 16_000))
    speech = [
        Segment(round(s["start_seconds"] * 16_000), round(s["end_seconds"] * 16_000)) for s in truth.table["speech"]
    ]
    return not any(segment.overlap(around) for segment in speech)
