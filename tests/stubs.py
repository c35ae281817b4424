"""Stand-ins for what no test machine has: the model of a words engine."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np


def whisper_folder(folder: Path, damaged: str | None = None) -> Path:
    """A folder that looks like a whole Whisper model; the file `damaged` is there, but empty."""
    folder.mkdir(parents=True)
    for name in ("model.bin", "config.json", "tokenizer.json", "vocabulary.json"):
        (folder / name).write_text("" if name == damaged else "{}", encoding="utf-8")
    return folder


class StubbedWhisper:
    """In place of `faster_whisper.WhisperModel`: hears a word in every run of samples that are not zero.

    Takes only what the real one takes, and like it hears nothing before its segments are asked for.
    """

    languages: tuple[str, ...] = ("en",)
    """What it knows; the first is what it hears where it is not told."""

    def __init__(self, *given: Any, **options: Any) -> None:
        folder = Path(self._argument("__init__", "model_size_or_path", *given, **options))
        if not (folder / "model.bin").stat().st_size:
            raise RuntimeError("File model.bin is incomplete")
        if not (folder / "tokenizer.json").stat().st_size:
            raise Exception("Model missing.")  # noqa: TRY002 - it is what its tokenizers raise

        self.model = SimpleNamespace(is_multilingual=self.languages != ("en",))

    def transcribe(self, *given: Any, **options: Any) -> tuple[Iterator[SimpleNamespace], SimpleNamespace]:
        language = self._argument("transcribe", "language", *given, **options) or self.languages[0]
        about = SimpleNamespace(language=language, language_probability=0.9 if len(self.languages) > 1 else 1)
        return self.segments(self._argument("transcribe", "audio", *given, **options)), about

    def _argument(self, method: str, name: str, *given: Any, **options: Any) -> Any:
        """An argument of a call that the real one would take."""
        from faster_whisper.transcribe import WhisperModel  # noqa: PLC0415

        return inspect.signature(getattr(WhisperModel, method)).bind(self, *given, **options).arguments[name]

    def segments(self, audio: np.ndarray) -> Iterator[SimpleNamespace]:
        """One segment with all words."""
        sound = np.concatenate(([False], audio != 0, [False]))
        edges = np.flatnonzero(np.diff(sound.astype(int))).reshape(-1, 2) / 16_000
        yield segment(*(word(" well,", start, end) for start, end in edges))


def word(text: str, start: float, end: float) -> SimpleNamespace:
    """A word as faster-whisper gives it: a space in front, and seconds of the audio it was given."""
    return SimpleNamespace(word=text, start=start, end=end, probability=0.9)


def segment(*words: SimpleNamespace, likelihood: float = -0.2, seek: int = 0) -> SimpleNamespace:
    """A segment as faster-whisper gives it, of the pass that began at frame `seek`."""
    start, end = (words[0].start, words[-1].end) if words else (0.0, 0.0)
    return SimpleNamespace(
        words=list(words) or None, start=start, end=end, seek=seek, avg_logprob=likelihood, no_speech_prob=0.01
    )
