"""Words by faster-whisper, from a model folder on this machine and never by name: nothing is asked of the network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from voice_coach.acoustics import Floats
from voice_coach.errors import EngineFailed, MissingPart
from voice_coach.events import Recognition, Transcript, Utterance, Word
from voice_coach.offline import stay_offline
from voice_coach.segment import Segment, to_samples, to_seconds
from voice_coach.spoken_language import SpokenLanguage, SpokenLanguageOptions

NEEDED_FILES = ("model.bin", "config.json", "tokenizer.json")
"""What a model folder must hold; without its tokenizer the library would ask the network for one."""
_CURE = "copy the whole model there again, or choose --words moonshine or off"
_TOKENS_PER_SECOND = 12
_LEAST_TOKENS = 8
_SEGMENTS_PER_SECOND = 1.0
_REST_SECONDS = 0.5
"""What is shorter is no utterance, at the end as anywhere."""
_ANOTHER_PASS_SECONDS = 0.8
"""What another pass hears in so short a rest is invented: up to 80 words by tiny.en, in 4 of 383 utterances."""
_BEAMS = 5


def is_model(folder: Path) -> bool:
    """Whether a folder holds a whole model."""
    vocabulary = any(folder.glob("vocabulary.*"))
    return vocabulary and all((folder / name).is_file() for name in NEEDED_FILES)


class WhisperTranscriber:
    """Fulfils the port `Transcriber`, with word times, probabilities, and the language heard.

    Parameters
    ----------
    folder : a CTranslate2 Whisper model.
    language : code such as `en`; `None` lets a multilingual model find out, for each utterance until it is sure.
    threads : processor threads it may use.
    names : what the two people are called, which a model seldom spells right by itself.
    """

    def __init__(self, folder: Path, language: str | None = "en", threads: int = 1, names: Sequence[str] = ()) -> None:
        if not is_model(folder):
            missing = [name for name in NEEDED_FILES if not (folder / name).is_file()] or ["vocabulary"]
            raise MissingPart(f"{folder} is not a whole Whisper model: {', '.join(missing)} is missing; cure: {_CURE}")
        stay_offline()
        try:
            from faster_whisper import WhisperModel
        except ImportError as error:
            raise MissingPart("faster-whisper is not installed; install voice_coach again with pip") from error
        try:
            # A folder, and never a name: a name is looked up on the network even where the model is there. int8 on the
            # processor is what every machine has, and a third of the size.
            self._model = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=threads)
        except Exception as error:  # a damaged tokenizer raises a plain one
            raise MissingPart(f"the Whisper model in {folder} does not load ({error}); cure: {_CURE}") from error
        self.is_multilingual = bool(self._model.model.is_multilingual)
        if language not in (None, "en") and not self.is_multilingual:
            raise MissingPart(
                f"the Whisper model in {folder} knows English only; cure: voice-coach models get small, or base"
            )
        self._language = language
        self._spoken = SpokenLanguage(SpokenLanguageOptions())
        self._names = ", ".join(names) or None
        self.name = f"whisper {folder.name}"

    def transcribe(self, utterance: Utterance, start_sample: int, samples: Floats) -> Recognition:
        """What is said in an utterance, with times on the stream's clock."""
        seconds = to_seconds(len(samples))
        try:
            segments, about = self._model.transcribe(
                samples,
                language=self._language,
                beam_size=_BEAMS,  # the usual search; one beam saves a tenth of the time, and errs more
                temperature=0.0,  # one pass: falling back to sampling invents words, and takes unbounded time
                condition_on_previous_text=False,  # an error must not feed the next
                hotwords=self._names,
                vad_filter=False,  # utterances are cut already, by a detector that hears 0.2 s of pause
                word_timestamps=True,  # who says a word that straddles a change of speaker is decided by its time
                without_timestamps=False,  # else each utterance is encoded twice for the word times (measured)
                max_new_tokens=max(_LEAST_TOKENS, int(seconds * _TOKENS_PER_SECOND)),  # a loop ends where speech must
                # The gates are ours, so that what they keep out is counted instead of vanishing.
                no_speech_threshold=None,
                log_prob_threshold=None,
                compression_ratio_threshold=None,
            )
            taken = list(_as_far_as_there_is_speech(segments, seconds))
            heard = _recognition(taken, start_sample, len(samples))
            if self.is_multilingual:  # one that is not says English of everything
                heard = replace(heard, language=about.language, language_probability=float(about.language_probability))
        except (RuntimeError, ValueError) as error:
            raise EngineFailed(f"whisper failed: {error}") from error
        if self._language is None and self.is_multilingual:
            told = self._spoken.take(Transcript.of(utterance.utterance_id, self.name, heard), utterance, 0)
            self._language = told.language if told is not None else None  # from here on, short words do not mislead it
        return heard


def _as_far_as_there_is_speech(segments: Iterable[Any], seconds: float) -> Iterator[Any]:
    """Segments up to the end of the audio; the work is done while they are taken.

    After each pass, the library begins another where it believes the speech of that one to have ended. In the rest of a
    second it invents words ("see you in the next video", measured on people), and on noise it may go round and round.
    """
    seek = None
    for segment in islice(segments, 2 + int(seconds * _SEGMENTS_PER_SECOND)):
        if seek not in {None, segment.seek} and segment.start >= seconds - _ANOTHER_PASS_SECONDS:
            return
        seek = segment.seek
        yield segment
        if segment.end >= seconds - _REST_SECONDS:
            return


def _recognition(segments: Sequence[Any], start_sample: int, samples: int) -> Recognition:
    words = tuple(_words(segments, start_sample, samples))
    weights = [max(1, len(segment.words or ())) for segment in segments]

    def mean(values: Iterable[float]) -> float | None:
        pairs = list(zip(values, weights, strict=True))
        return float(sum(v * w for v, w in pairs) / sum(weights)) if pairs else None

    return Recognition(
        words,
        log_probability=mean(segment.avg_logprob for segment in segments),
        no_speech_probability=mean(segment.no_speech_prob for segment in segments),
    )


def _words(segments: Iterable[Any], start_sample: int, samples: int) -> Iterator[Word]:
    """The words on the stream's clock, within the audio that was given."""
    for segment in segments:
        for pieces in _whole(segment.words or ()):
            text = "".join(piece.word for piece in pieces).strip()
            if any(letter.isalnum() for letter in text):
                start = min(to_samples(float(pieces[0].start)), samples)
                end = min(max(start, to_samples(float(pieces[-1].end))), samples)
                times = Segment(start_sample + start, start_sample + end)
                yield Word(text, times, min(1.0, *(float(piece.probability) for piece in pieces)))


def _whole(pieces: Iterable[Any]) -> Iterator[list[Any]]:
    """Words of all their pieces: the library cuts French ones at the apostrophe ("c" and "'est"), and at hyphens."""
    word: list[Any] = []
    for piece in pieces:
        if word and piece.word.startswith(" "):
            yield word
            word = []
        word.append(piece)
    if word:
        yield word
