"""The genuine faster-whisper on a model made for the fixture talks: words, whose they are, and when they were said."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import takewhile
from pathlib import Path
from statistics import median

import jiwer
import numpy as np
import pytest

from tests import stubs
from tests.conftest import FIXTURES
from tests.sounds import RATE
from tests.test_fixtures import SPOKEN
from tools.scoring import PEOPLE, Truth, plain, word_time_errors
from tools.words.gates import listen
from tools.words.noise import NAMES, make_noise
from voice_coach import resources, session
from voice_coach.cli import build_parser
from voice_coach.commands import analyze
from voice_coach.config import load_settings
from voice_coach.engines.fakes import ToneRenderer
from voice_coach.engines.model_store import own_folder
from voice_coach.engines.recording import Recording
from voice_coach.engines.whisper import WhisperTranscriber
from voice_coach.events import AudioBlock, Event, Speaker, Transcript, Utterance, WordsHeard
from voice_coach.gates import doubt
from voice_coach.lexicon import load_lexicon
from voice_coach.runner import RecordedAnswers, run_recorded
from voice_coach.segment import Segment
from voice_coach.transcription import TranscriptionOptions

MODEL = FIXTURES / "whisper-fixture"
WORD_ERROR = {
    "calm": (0.05, 0.08),
    "heated": (0.05, 0.05),
    "demo": (0.05, 0.05),
    "monologue": (0.05, 0.05),
    "backchannels": (0.05, 0.43),
}
"""At most, of A and of B in the beginning of each talk: a little over what the model reaches, see its card.

In `backchannels`, four in ten of B's words are left out before any engine is asked: too short, or covered by A's voice.
"""
PART_SECONDS = 90.0
"""So much of each talk is heard here; `python -m tools.words.measure` hears all of them to the end."""


@dataclass(frozen=True)
class Part:
    """The beginning of a talk, as it truly was and as it was heard."""

    truth: Truth
    events: tuple[Event, ...]


def cut(truth: Truth) -> Truth:
    """The truth of the beginning, as far as its last words are surely in it."""
    words = [word for word in truth.table["words"] if word["end_seconds"] < PART_SECONDS]
    return Truth(truth.folder, {**truth.table, "words": words})


@cache
def hear(name: str) -> Part:
    """Put the beginning of a talk through the loop."""
    truth = Truth.load(FIXTURES / name)
    config = resources.config_folder()
    settings, lexicon = load_settings([config / "default.toml"]), load_lexicon(config / "language" / "en.toml")
    recording = Recording(truth.folder / "talk.flac")
    voices = session.enrol_voices(
        [(person, truth.folder / f"enrol_{who}.flac") for person, who in zip(truth.names, "ab", strict=True)]
    )
    pipeline = session.build_pipeline(voices, lexicon, settings, with_words=True)
    answers = RecordedAnswers(WhisperTranscriber(MODEL, names=truth.names), ToneRenderer())
    blocks = recording.blocks(recording.survey().gain)
    events = tuple(run_recorded(takewhile(_is_in_part, blocks), pipeline, answers))
    return Part(cut(truth), events)


def _is_in_part(block: AudioBlock) -> bool:
    return block.start_sample < (PART_SECONDS + 1.0) * RATE


def written(part: Part, speaker: Speaker) -> Iterator[WordsHeard]:
    """What was written down of a person."""
    events = [event for event in part.events if isinstance(event, WordsHeard) and event.doubtful is None]
    yield from sorted(
        (event for event in events if event.utterance.speaker is speaker), key=lambda event: event.utterance.segment
    )


def test_the_model_is_small() -> None:
    assert sum(path.stat().st_size for path in MODEL.iterdir()) <= 6_000_000
    assert (MODEL / "README.md").is_file()


@pytest.mark.usefixtures("home", "stubbed_whisper")
def test_the_demo_by_whisper_takes_it_where_there_is_no_other() -> None:
    chosen = build_parser().parse_args(["demo", "--words", "whisper"])
    recording = Recording(FIXTURES / "demo" / "talk.flac")
    talk = analyze._Talk(recording, "the bundled talk", None, [], None, None, resources.demo_model())
    assert Path(analyze._settings(chosen, talk).words.whisper_model) == MODEL
    assert analyze._settings(chosen, replace(talk, model=None)).words.whisper_model == "", "nobody else's talk"
    stubs.whisper_folder(own_folder() / "base.en")
    assert analyze._settings(chosen, talk).words.whisper_model == ""


@pytest.mark.parametrize("name", SPOKEN)
def test_the_talks_come_out_in_words_per_speaker(name: str) -> None:
    part = hear(name)
    for person, speaker, most in zip(PEOPLE, (Speaker.A, Speaker.B), WORD_ERROR[name], strict=True):
        said = plain(part.truth.words(person))
        words = [word for event in written(part, speaker) for word in event.words]
        inside = [w.text for w in words if w.segment is None or w.segment.end <= PART_SECONDS * RATE]
        assert jiwer.wer(said, plain(" ".join(inside))) <= most


@pytest.mark.parametrize("name", SPOKEN)
def test_words_come_with_their_times(name: str) -> None:
    part = hear(name)
    words = [word for speaker in (Speaker.A, Speaker.B) for event in written(part, speaker) for word in event.words]
    assert words
    for word in words:
        assert word.segment is not None
        assert word.probability is not None
    assert median(word_time_errors(part.truth, part.events)) <= 0.1


@pytest.mark.parametrize("name", ["silence", *NAMES])
def test_nothing_is_invented(name: str) -> None:
    """Whatever is taken for speech: these are given to the model as if they were all of it."""
    samples = np.zeros(6 * RATE, np.float32) if name == "silence" else make_noise(name, 6.0, 5, -34.0).samples
    segment = Segment(0, len(samples))
    utterance = Utterance(0, Speaker.A, segment, speech_share=listen(samples).share([segment]))
    transcriber = WhisperTranscriber(MODEL)
    heard = Transcript.of(0, transcriber.name, transcriber.transcribe(utterance, 0, samples))
    assert not heard.words or doubt(heard, utterance, TranscriptionOptions()) is not None
