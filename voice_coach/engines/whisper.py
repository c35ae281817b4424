"""Words by faster-whisper, from a model folder on this machine and never by name: nothing is asked of the network."""

from __future__ import annotations

from pathlib import Path

from voice_coach.acoustics import Floats
from voice_coach.errors import EngineFailed, MissingPart
from voice_coach.events import Utterance, Word
from voice_coach.segment import Segment, to_samples, to_seconds

NEEDED_FILES = ("model.bin", "config.json", "tokenizer.json")
"""What a model folder must hold; without its tokenizer the library would ask the network for one."""
_CURE = "copy the whole model there again, or choose --words moonshine or off"
_TOKENS_PER_SECOND = 12


def is_model(folder: Path) -> bool:
    """Whether a folder holds a whole model."""
    vocabulary = any(folder.glob("vocabulary.*"))
    return vocabulary and all((folder / name).is_file() for name in NEEDED_FILES)


class WhisperTranscriber:
    """Fulfils the port `Transcriber`, with word times and probabilities.

    Parameters
    ----------
    folder : a CTranslate2 Whisper model.
    language : code such as `en`; `None` lets a multilingual model find out.
    threads : processor threads it may use.
    """

    def __init__(self, folder: Path, language: str | None = "en", threads: int = 1) -> None:
        if not is_model(folder):
            missing = [name for name in NEEDED_FILES if not (folder / name).is_file()] or ["vocabulary"]
            raise MissingPart(f"{folder} is not a whole Whisper model: {', '.join(missing)} is missing; cure: {_CURE}")
        try:
            from faster_whisper import WhisperModel
        except ImportError as error:
            raise MissingPart("faster-whisper is not installed; install voice_coach again with pip") from error
        try:
            self._model = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=threads)
        except Exception as error:  # a damaged tokenizer raises a plain one
            raise MissingPart(f"the Whisper model in {folder} does not load ({error}); cure: {_CURE}") from error
        self._language = language
        self.name = f"whisper {folder.name}"

    def transcribe(self, utterance: Utterance, start_sample: int, samples: Floats) -> tuple[Word, ...]:
        """Words of an utterance, with times on the stream's clock."""
        del utterance
        try:
            segments, _ = self._model.transcribe(
                samples,
                language=self._language,
                beam_size=5,
                temperature=0.0,  # one pass: falling back to sampling invents words, and takes unbounded time
                condition_on_previous_text=False,  # an error must not feed the next
                vad_filter=False,  # utterances are cut already
                word_timestamps=True,
                max_new_tokens=max(8, int(to_seconds(len(samples)) * _TOKENS_PER_SECOND)),
                no_speech_threshold=0.6,
                log_prob_threshold=-1.0,
            )
            words = [word for segment in segments if segment.avg_logprob > -1.0 for word in segment.words or ()]
        except (RuntimeError, ValueError) as error:
            raise EngineFailed(f"whisper failed: {error}") from error
        return tuple(
            Word(
                word.word.strip(),
                Segment(start_sample + to_samples(word.start), start_sample + to_samples(max(word.start, word.end))),
                float(word.probability),
            )
            for word in words
            if word.word.strip()
        )
