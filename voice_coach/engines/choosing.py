"""Which words engine this machine has, chosen by setting or by what is there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import platformdirs

from voice_coach.config import WordsOptions
from voice_coach.engines import moonshine, whisper
from voice_coach.errors import MissingPart
from voice_coach.ports import Transcriber


def models_folder() -> Path:
    """Where a user's Whisper models lie, one folder each."""
    return Path(platformdirs.user_data_dir("voice-coach", appauthor=False)) / "models"


def installed_whisper(options: WordsOptions) -> Path | None:
    """The Whisper model to use: the one that is set, else the first whole one in the user's folder."""
    if options.whisper_model:
        return Path(options.whisper_model).expanduser()
    return next(_installed(models_folder()), None)


def _installed(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from (model for model in sorted(folder.iterdir()) if model.is_dir() and whisper.is_model(model))


def choose_transcriber(options: WordsOptions, language: str) -> Transcriber | None:
    """The engine for the words of a talk: `auto` takes Whisper where a model is installed, else Moonshine, else none.

    Raises
    ------
    MissingPart
        If an engine was asked for by name, or a model by its folder, and is not there.
    """
    if options.engine == "off":
        return None
    model = installed_whisper(options)
    if options.engine == "whisper" and model is None:
        raise MissingPart(f"no Whisper model is installed in {models_folder()}; --words moonshine needs none")
    if model is not None and options.engine in {"auto", "whisper"}:
        return whisper.WhisperTranscriber(model, language, options.threads)
    english = language == "en"  # the only language of the model inside the wheel
    if options.engine == "moonshine" or (english and moonshine.model_path() is not None):
        return moonshine.MoonshineTranscriber()
    return None
