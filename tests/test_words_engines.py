"""The engines for words: which one is taken, and Whisper's words at their places in the talk."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tests import stubs
from tests.marked import MarkedTalk, marked_pipeline
from tests.talks import TENTH, speech
from voice_coach.commands.common import writing_for
from voice_coach.config import Settings, WordsOptions
from voice_coach.engines import choosing, moonshine
from voice_coach.engines.choosing import Choice, Wanted, choose_transcriber, models_folder
from voice_coach.engines.moonshine import MoonshineTranscriber
from voice_coach.engines.speed import (
    KEEPS_UP,
    Speed,
    bigger_model,
    measure,
    remember,
    remembered,
    smaller_model,
)
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


def chosen(language: str | None = "en", **options: str) -> tuple[str | None, tuple[str, ...]]:
    """Name of the engine, and why others were passed over."""
    choice = choose_transcriber(WordsOptions(**options), Wanted(language))  # type: ignore[arg-type]
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
    stubs.whisper_folder(models_folder() / "tiny")
    assert chosen() == ("whisper tiny", (reason,))


def test_auto_passes_a_damaged_moonshine_over_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moonshine, "model_path", lambda: Path("anywhere"))
    monkeypatch.setattr(moonshine, "MoonshineTranscriber", _DamagedMoonshine)
    assert chosen() == (None, ("moonshine does not load",))


@pytest.mark.usefixtures("without_moonshine")
def test_auto_without_any_engine_has_no_words() -> None:
    assert chosen() == (None, ())


@pytest.mark.usefixtures("with_moonshine")
def test_moonshine_is_not_taken_for_a_language_it_does_not_know() -> None:
    name, (reason,) = chosen("de")
    assert name is None
    assert reason == "no words engine here knows de; cure: voice-coach models get base, or small"


@pytest.mark.usefixtures("with_moonshine")
def test_the_language_decides_which_models_fit() -> None:
    stubs.whisper_folder(models_folder() / "small.en")
    assert chosen("de")[0] is None
    stubs.whisper_folder(models_folder() / "base")
    assert chosen("en")[0] == "whisper small.en"
    assert chosen(None)[0] == "whisper base", "one that may tell the language comes first"
    with pytest.raises(MissingPart, match="knows English only"):
        chosen("fr", engine="whisper", whisper_model=str(models_folder() / "small.en"))


@pytest.mark.usefixtures("with_moonshine")
def test_a_talk_takes_what_keeps_up_and_says_so() -> None:
    for name in ("small.en", "base.en"):
        stubs.whisper_folder(models_folder() / name)

    def live(*, live: bool = True) -> Choice:
        return choose_transcriber(WordsOptions(), Wanted("en", live=live))

    asked = choose_transcriber(WordsOptions(whisper_model=str(models_folder() / "base.en")), Wanted("en", live=True))
    assert "whether it keeps up here is not known; voice-coach models bench tells" in asked.told
    remember({"whisper small.en": Speed(1.3, 1.2)})
    remember({"whisper base.en": Speed(0.45, 0.9)})
    share = 0.9 / (os.cpu_count() or 1)
    assert live().told == f"whisper base.en (0.45 s of work for each second of speech, {share:.0%} of this machine)"
    chosen_later = live(live=False).transcriber
    assert chosen_later is not None
    assert chosen_later.name == "whisper small.en", "after the talk there is time"
    remember({"whisper base.en": Speed(0.7, 0.9)})
    assert live().told.startswith("moonshine")


@pytest.mark.usefixtures("with_moonshine")
def test_a_model_that_was_never_measured_is_tried_before_a_talk(monkeypatch: pytest.MonkeyPatch) -> None:
    """And that is remembered. A recording has time, and tries nothing."""
    for name in ("small.en", "base.en"):
        stubs.whisper_folder(models_folder() / name)
    measured: list[str] = []

    def slowly(engine: WhisperTranscriber, clip: np.ndarray, patience_seconds: float) -> Speed:
        assert len(clip) > 16_000
        assert patience_seconds < 5.0
        measured.append(engine.name)
        return Speed(1.5 if "small" in engine.name else 0.4, 1.0)

    monkeypatch.setattr(choosing, "measure", slowly)
    recorded = choose_transcriber(WordsOptions(), Wanted("en")).transcriber
    assert recorded is not None
    assert recorded.name == "whisper small.en"
    assert measured == []
    for _ in range(2):
        choice = choose_transcriber(WordsOptions(), Wanted("en", live=True))
        assert choice.told.startswith("whisper base.en (0.40 s of work")
    assert measured == ["whisper small.en", "whisper base.en"]


@pytest.mark.usefixtures("with_moonshine")
def test_a_model_that_breaks_down_when_it_is_tried_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    stubs.whisper_folder(models_folder() / "base.en")

    def breaks(*_: object) -> Speed:
        raise EngineFailed("whisper failed: out of memory")

    monkeypatch.setattr(choosing, "measure", breaks)
    choice = choose_transcriber(WordsOptions(), Wanted("en", live=True))
    assert choice.told.startswith("moonshine")
    assert choice.passed_over == ("whisper failed: out of memory",)


def test_what_a_talk_writes_with_is_told(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    quiet = Namespace(quiet=True, json=False)
    monkeypatch.setattr(stubs.StubbedWhisper, "languages", ("en", "de"))
    stubs.whisper_folder(models_folder() / "base")
    remember({"whisper base": Speed(0.4, 0.9)})
    told = writing_for(quiet, settings, live=True).told
    assert told.startswith("whisper base (0.40 s of work for each second of speech")
    assert "English" not in told
    monkeypatch.setattr(stubs.StubbedWhisper, "languages", ("en",))
    assert writing_for(quiet, settings, live=True).told.endswith(", taken for English: it knows no other")


def test_the_slow_ones_are_better_than_nothing(without_moonshine: None) -> None:
    del without_moonshine
    for name, seconds in (("small.en", 1.3), ("base.en", 0.9)):
        stubs.whisper_folder(models_folder() / name)
        remember({f"whisper {name}": Speed(seconds, seconds)})
    choice = choose_transcriber(WordsOptions(), Wanted("en", live=True))
    assert choice.transcriber is not None
    assert choice.transcriber.name == "whisper base.en", "the fastest of them"


def test_speeds_are_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    remember({"whisper base": Speed(0.5, 0.4)})
    assert remembered() == {"whisper base": Speed(0.5, 0.4)}
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    assert remembered() == {}


def test_speed_is_measured_by_work_for_each_second_of_speech(whisper: WhisperTranscriber) -> None:
    speed = measure(whisper, np.zeros(20 * 16_000, np.float32))
    assert 0 <= speed.seconds < KEEPS_UP
    assert speed.keeps_up


def test_a_measurement_ends_when_patience_does(whisper: WhisperTranscriber, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(whisper, "transcribe", lambda utterance, *_: asked.append(utterance.segment.samples))
    clip = np.zeros(20 * 16_000, np.float32)
    measure(whisper, clip)
    assert [samples / 16_000 for samples in asked] == [1.5, 6.0, 1.5, 10.0, 3.0, 3.0]
    asked.clear()
    assert measure(whisper, clip, 0.0).keeps_up
    assert [samples / 16_000 for samples in asked] == [1.5, 6.0]


@pytest.mark.parametrize(
    ("name", "seconds", "multilingual", "bigger", "smaller"),
    [
        ("moonshine tiny-en", 0.018, False, "small.en", None),
        ("moonshine tiny-en", 0.05, False, "base.en", None),
        ("moonshine tiny-en", 0.2, False, None, None),
        ("whisper base.en", 0.1, False, "small.en", "small.en"),
        ("whisper base.en", 0.3, False, None, "base.en"),
        ("whisper small.en", 1.2, False, None, "base.en"),
        ("whisper small.en", 9.0, False, None, "tiny.en"),
        ("whisper tiny.en", 0.9, False, None, None),
        ("whisper small", 1.2, True, None, "base"),
        ("whisper base", 0.9, True, None, None),
        ("whisper of-my-own", 0.1, False, None, "tiny.en"),
        ("whisper of-my-own", 2.0, True, None, "base"),
    ],
)
def test_which_other_model_should_keep_up(
    name: str, seconds: float, multilingual: bool, bigger: str | None, smaller: str | None
) -> None:
    speed = Speed(seconds, seconds)
    assert bigger_model(name, speed, multilingual=multilingual) == bigger
    if not speed.keeps_up:
        assert smaller_model(name, speed, multilingual=multilingual) == smaller


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


def utterance(samples: int, start: int = 0) -> tuple[Utterance, int, np.ndarray]:
    """What an engine is given for an utterance of so many samples."""
    return Utterance(0, Speaker.A, Segment(start, start + samples)), start, np.zeros(samples, np.float32)


def test_what_whisper_thinks_of_its_words_comes_with_them(
    whisper: WhisperTranscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    def segments(*_: object) -> Iterator[SimpleNamespace]:
        yield stubs.segment(stubs.word(" one", 0.0, 0.4), stubs.word(" ...", 0.4, 0.4), stubs.word(" two", 0.6, 0.5))
        yield stubs.segment(stubs.word(" three", 1.0, 2.5), likelihood=-1.4)
        raise AssertionError("the rest is too short to hold a word, and is not asked for")

    monkeypatch.setattr(stubs.StubbedWhisper, "segments", segments)
    heard = whisper.transcribe(*utterance(32_000, 100))
    assert [word.text for word in heard.words] == ["one", "two", "three"]
    assert [word.segment for word in heard.words[1:]] == [Segment(9700, 9700), Segment(16_100, 32_100)]
    assert heard.log_probability == pytest.approx((3 * -0.2 + 1 * -1.4) / 4)
    assert heard.no_speech_probability == pytest.approx(0.01)
    assert (heard.language, heard.language_probability) == (None, None), "it would say English of everything"


def test_words_that_the_library_cuts_are_whole(whisper: WhisperTranscriber, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a real model's French came: a pattern with an apostrophe would find nothing."""
    pieces = (" C", "'est", " ce", " que", " tu", " n", "'", "as", " pas", " dit", " toi", "-m\u00eame.")
    words = [stubs.word(piece, 0.1 * number, 0.1 * (number + 1)) for number, piece in enumerate(pieces)]
    words[1].probability = 0.2
    monkeypatch.setattr(stubs.StubbedWhisper, "segments", lambda *_: iter([stubs.segment(*words)]))
    heard = whisper.transcribe(*utterance(32_000))
    assert " ".join(word.text for word in heard.words) == "C'est ce que tu n'as pas dit toi-m\u00eame."
    assert heard.words[0].segment == Segment(0, 3200)
    assert [word.probability for word in heard.words[:2]] == [0.2, 0.9]


def test_what_another_pass_hears_in_the_rest_is_left_out(
    whisper: WhisperTranscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But not a short sentence that was heard in the same pass, or in a rest that is long enough for one."""
    first, second = stubs.word(" one", 0.0, 1.25), stubs.word(" two", 1.25, 1.4)
    for seek, seconds, expected in ((0, 2.0, 2), (125, 2.0, 1), (125, 2.1, 2)):
        segments = [stubs.segment(first), stubs.segment(second, seek=seek)]
        monkeypatch.setattr(stubs.StubbedWhisper, "segments", lambda *_, heard=segments: iter(heard))
        assert len(whisper.transcribe(*utterance(round(seconds * 16_000))).words) == expected


def test_nothing_heard_is_no_recognition_of_anything(
    whisper: WhisperTranscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stubs.StubbedWhisper, "segments", lambda *_: iter(()))
    heard = whisper.transcribe(*utterance(32_000))
    assert (heard.words, heard.log_probability, heard.no_speech_probability) == ((), None, None)


def test_an_engine_that_goes_round_and_round_is_stopped(
    whisper: WhisperTranscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        stubs.StubbedWhisper, "segments", lambda *_: iter(lambda: stubs.segment(stubs.word(" a", 0, 1)), None)
    )
    assert len(whisper.transcribe(*utterance(32_000)).words) == 4


def test_whisper_is_told_the_names_and_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[dict[str, object]] = []

    def transcribe(_: object, __: np.ndarray, **options: object) -> tuple[Iterator[SimpleNamespace], SimpleNamespace]:
        told.append(options)
        return iter(()), SimpleNamespace(language="en", language_probability=1.0)

    monkeypatch.setattr(stubs.StubbedWhisper, "transcribe", transcribe)
    folder = stubs.whisper_folder(tmp_path / "base")
    WhisperTranscriber(folder, names=("Maya", "Daniel")).transcribe(*utterance(32_000))
    WhisperTranscriber(folder).transcribe(*utterance(1600))
    assert [options["hotwords"] for options in told] == ["Maya, Daniel", None]
    assert [options["max_new_tokens"] for options in told] == [24, 8]
    assert {options["temperature"] for options in told} == {0.0}
    assert not any(options["vad_filter"] or options["condition_on_previous_text"] for options in told)
    assert all(options["word_timestamps"] and options["no_speech_threshold"] is None for options in told)


def test_a_multilingual_model_tells_the_language_until_it_is_sure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stubs.StubbedWhisper, "languages", ("de", "en"))
    whisper = WhisperTranscriber(stubs.whisper_folder(tmp_path / "base"), language=None)
    said = np.ones(20 * 16_000, np.float32)
    heard = [whisper.transcribe(Utterance(0, Speaker.A, Segment(0, len(said))), 0, said) for _ in range(4)]
    assert {(one.language, one.language_probability) for one in heard} == {("de", 0.9)}
    monkeypatch.setattr(stubs.StubbedWhisper, "languages", ("es", "en"))
    assert whisper.transcribe(Utterance(0, Speaker.A, Segment(0, len(said))), 0, said).language == "de"
    assert (
        WhisperTranscriber(stubs.whisper_folder(tmp_path / "again"), language=None)
        .transcribe(Utterance(0, Speaker.A, Segment(0, len(said))), 0, said)
        .language
        == "es"
    )


def test_a_model_for_english_is_refused_for_another_language(tmp_path: Path) -> None:
    with pytest.raises(MissingPart, match=r"knows English only; cure: voice-coach models get"):
        WhisperTranscriber(stubs.whisper_folder(tmp_path / "base.en"), "de")


def test_a_breakdown_of_whisper_is_no_bug(whisper: WhisperTranscriber, monkeypatch: pytest.MonkeyPatch) -> None:
    def segments(*_: object) -> Iterator[SimpleNamespace]:
        raise RuntimeError("out of memory")
        yield

    monkeypatch.setattr(stubs.StubbedWhisper, "segments", segments)
    with pytest.raises(EngineFailed, match="whisper failed: out of memory"):
        whisper.transcribe(Utterance(0, Speaker.A, Segment(0, 16_000)), 0, np.zeros(16_000, np.float32))
