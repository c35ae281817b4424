"""Which words engine this machine has, chosen by setting or by what is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import platformdirs

from voice_coach.config import WordsOptions
from voice_coach.engines import moonshine, whisper
from voice_coach.engines.expected import ExpectedSentences, Expecting
from voice_coach.errors import MissingPart
from voice_coach.ports import Transcriber


@dataclass(frozen=True, slots=True)
class Choice:
    """The engine for the words of a talk, `None` for none, and why each one was passed over that comes before it."""

    transcriber: Transcriber | None
    passed_over: tuple[str, ...] = ()


def models_folder() -> Path:
    """Where a user's Whisper models lie, one folder each."""
    return Path(platformdirs.user_data_dir("voice-coach", appauthor=False)) / "models"


def installed_models() -> tuple[Path, ...]:
    """The whole Whisper models in the user's folder, in order of name."""
    folder = models_folder()
    if not folder.is_dir():
        return ()
    return tuple(model for model in sorted(folder.iterdir()) if model.is_dir() and whisper.is_model(model))


def choose_transcriber(options: WordsOptions, language: str) -> Choice:
    """The engine for the words of a talk: `auto` takes Whisper where a model is installed, else Moonshine, else none.

    Raises
    ------
    MissingPart
        If an engine was asked for by name, or a model by its folder, and is not there or does not load.
    """
    own = Path(options.whisper_model).expanduser() if options.whisper_model else None
    match options.engine:
        case "off":
            return Choice(None)
        case "moonshine":
            return Choice(moonshine.MoonshineTranscriber())
        case "auto" if own is None:
            return _first_that_loads(_engines(options, language))
    model = own or next(iter(installed_models()), None)
    if model is None:
        raise MissingPart(f"no Whisper model is installed in {models_folder()}; --words moonshine needs none")
    return Choice(whisper.WhisperTranscriber(model, language, options.threads))


def with_expectations(transcriber: Transcriber | None, sentences: Sequence[str]) -> Transcriber | None:
    """An engine that hears these sentences better, where it is one that can be asked how likely they are."""
    if not isinstance(transcriber, moonshine.MoonshineTranscriber):
        return transcriber
    return Expecting(transcriber, ExpectedSentences(transcriber.folder, sentences))


def _engines(options: WordsOptions, language: str) -> Iterator[Callable[[], Transcriber]]:
    """What `auto` tries, best first."""
    for model in installed_models():
        yield partial(whisper.WhisperTranscriber, model, language, options.threads)
    english = language == "en"  # the only language of the model inside the wheel
    if english and moonshine.model_path() is not None:
        yield moonshine.MoonshineTranscriber


def _first_that_loads(engines: Iterator[Callable[[], Transcriber]]) -> Choice:
    passed_over: list[str] = []
    for make in engines:
        try:
            return Choice(make(), tuple(passed_over))
        except MissingPart as reason:
            passed_over.append(str(reason))
    return Choice(None, tuple(passed_over))
