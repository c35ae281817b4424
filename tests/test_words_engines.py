"""The engines for words: which one is taken, and Whisper's words at their places in the talk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tests import stubs
from tests.marked import MarkedTalk, marked_pipeline
from tests.talks import TENTH, speech
from voice_coach.config import WordsOptions
from voice_coach.engines import moonshine
from voice_coach.engines.choosing import choose_transcriber, models_folder
from voice_coach.engines.moonshine import MoonshineTranscriber
from voice_coach.engines.whisper import WhisperTranscriber
from voice_coach.errors import EngineFailed, MissingPart
from voice_coach.events import Speaker, Utterance, WordsHeard
from voice_coach.lexicon import Lexicon
from voice_coach.runner import RecordedAnswers, run_recorded
from voice_coach.segment import Segment

pytestmark = pytest.mark.usefixtures("home", "stubbed_whisper")

# Choosing


class _Moonshine:
    name = "moonshine"


class _DamagedMoonshine:
    def __init__(self) -> None:
        raise MissingPart("moonshine does not load")


@pytest.fixture
def with_moonshine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moonshine, "model_path", lambda: Path("anywhere"))
    monkeypatch.setattr(moonshine, "MoonshineTranscriber", _Moonshine)


@pytest.fixture
def without_moonshine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moonshine, "model_path", lambda: None)


def chosen(language: str = "en", **options: str) -> tuple[str | None, tuple[str, ...]]:
    """Name of the engine, and why others were passed over."""
    choice = choose_transcriber(WordsOptions(**options), language)  # type: ignore[arg-type]
    return choice.transcriber.name if choice.transcriber else None, choice.passed_over


@pytest.mark.usefixtures("with_moonshine")
def test_auto_takes_an_installed_whisper_before_moonshine() -> None:
    assert chosen() == ("moonshine", ())
    stubs.whisper_folder(models_folder() / "small")
    assert chosen() == ("whisper small", ())


@pytest.mark.parametrize("damaged", ["model.bin", "tokenizer.json"])
@pytest.mark.usefixtures("with_moonshine")
def test_auto_passes_a_damaged_whisper_over_and_says_so(damaged: str) -> None:
    stubs.whisper_folder(models_folder() / "base", damaged)
    name, (reason,) = chosen()
    assert name == "moonshine"
    assert "base does not load" in reason
    stubs.whisper_folder(models_folder() / "small")
    assert chosen() == ("whisper small", (reason,))


def test_auto_passes_a_damaged_moonshine_over_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moonshine, "model_path", lambda: Path("anywhere"))
    monkeypatch.setattr(moonshine, "MoonshineTranscriber", _DamagedMoonshine)
    assert chosen() == (None, ("moonshine does not load",))


@pytest.mark.usefixtures("without_moonshine")
def test_auto_without_any_engine_has_no_words() -> None:
    assert chosen() == (None, ())


@pytest.mark.usefixtures("with_moonshine")
def test_moonshine_is_not_taken_for_a_language_it_does_not_know() -> None:
    assert chosen("de") == (None, ())


@pytest.mark.usefixtures("with_moonshine")
def test_what_was_asked_for_is_never_replaced(tmp_path: Path) -> None:
    own = stubs.whisper_folder(tmp_path / "own", "model.bin")
    for engine in ("auto", "whisper"):
        with pytest.raises(MissingPart, match="own does not load"):
            chosen(engine=engine, whisper_model=str(own))
    stubs.whisper_folder(models_folder() / "base", "model.bin")
    with pytest.raises(MissingPart, match="base does not load"):
        chosen(engine="whisper")
    assert chosen(engine="moonshine") == ("moonshine", ())
    assert chosen(engine="off") == (None, ())


@pytest.mark.real
@pytest.mark.usefixtures("moonshine_model")
def test_a_damaged_moonshine_names_the_cure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moonshine, "model_path", lambda: tmp_path)
    with pytest.raises(MissingPart, match=r"does not load .*; cure: pip install"):
        MoonshineTranscriber()


# Whisper


@pytest.fixture
def whisper(tmp_path: Path) -> WhisperTranscriber:
    return WhisperTranscriber(stubs.whisper_folder(tmp_path / "small"))


def test_words_stand_where_they_were_spoken(whisper: WhisperTranscriber, lexicon: Lexicon) -> None:
    """From the first sample of the talk on, and wherever pauses divide it."""
    a = "aaaaaaaaaaaaaaaaaaaa......aaaaaaaaaaaaa......................................."
    b = "............................................bbbbbbbbbbbbbbbbbbb..............."
    talk = MarkedTalk(speech(a, b), TENTH * len(a))
    pipeline = marked_pipeline(lexicon, with_words=True)
    events = run_recorded(talk.blocks([4000]), pipeline, RecordedAnswers(whisper, None))
    heard = [event for event in events if isinstance(event, WordsHeard)]
    found = [(event.utterance.speaker, word.segment) for event in heard for word in event.words]
    assert found == talk.speech
    assert {word.text for event in heard for word in event.words} == {"well,"}


def test_what_whisper_itself_does_not_believe_is_left_out(
    whisper: WhisperTranscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    def segments(*_: object) -> Iterator[SimpleNamespace]:
        yield stubs.segment(stubs.word(" one", 0.0, 0.4), stubs.word(" ", 0.4, 0.4), stubs.word(" two", 0.6, 0.5))
        yield stubs.segment(stubs.word(" three", 1.0, 1.5), likelihood=-1.2)
        yield stubs.segment()

    monkeypatch.setattr(stubs.StubbedWhisper, "segments", segments)
    words = whisper.transcribe(Utterance(0, Speaker.A, Segment(100, 32_100)), 100, np.zeros(32_000, np.float32))
    assert [word.text for word in words] == ["one", "two"]
    assert words[1].segment == Segment(9700, 9700)


def test_a_breakdown_of_whisper_is_no_bug(whisper: WhisperTranscriber, monkeypatch: pytest.MonkeyPatch) -> None:
    def segments(*_: object) -> Iterator[SimpleNamespace]:
        raise RuntimeError("out of memory")
        yield

    monkeypatch.setattr(stubs.StubbedWhisper, "segments", segments)
    with pytest.raises(EngineFailed, match="whisper failed: out of memory"):
        whisper.transcribe(Utterance(0, Speaker.A, Segment(0, 16_000)), 0, np.zeros(16_000, np.float32))
