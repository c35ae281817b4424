"""What the fixture Whisper learns from: sentences in rooms as mel power, with the times of words and sounds."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from faster_whisper.feature_extractor import FeatureExtractor
from scipy.signal import fftconvolve

from tools.fixtures.flite import PITCHED, Manner
from tools.fixtures.room import Room
from tools.fixtures.script import Person, RoomPlan
from tools.fixtures.speech import Floats, Spoken
from tools.words.reader import VOICES, Phone, Reader
from tools.words.text import Sampler, Sentence, load_grammar, vocabulary
from voice_coach.events import Speaker
from voice_coach.segment import SAMPLE_RATE, to_samples

FIXTURES = Path(__file__).parents[2] / "audio_fixtures"
FRAME_SECONDS = 0.01
N_MELS = 80
_ROOMS = 24
_AFTER = to_samples(0.08)
"""How much of the room's tail is kept after a sentence."""
_LOUDNESS = 0.05


@dataclass(frozen=True, slots=True)
class TimedWord:
    """A word as it is written, when it is heard, seconds, and the full stop or question mark after it, if any."""

    text: str
    start_seconds: float
    end_seconds: float
    mark: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Read:
    """What was read: its power in mel bands, float16 log10 (80, frames), and what is heard when.

    `place` names voice and room: sentences of the same place may follow each other in an utterance. It is `None` for
    what is an utterance by itself.
    """

    place: tuple[str, int] | None
    log_power: np.ndarray
    words: tuple[TimedWord, ...]
    phones: tuple[Phone, ...]


class MelPower:
    """Mel power as Whisper's features are made of, before they are compressed and brought into range."""

    def __init__(self) -> None:
        self._filters = FeatureExtractor().mel_filters
        self._window = np.hanning(401)[:-1].astype(np.float32)

    def __call__(self, samples: Floats) -> np.ndarray:
        """Power, float32 (80, frames), of float32 samples (n,)."""
        padded = np.pad(samples, 200, mode="reflect")
        frames = np.lib.stride_tricks.sliding_window_view(padded, 400)[::160][:-1]
        power = np.abs(np.fft.rfft(frames * self._window)) ** 2
        return np.asarray(self._filters @ power.T, np.float32)


def record(count: int, seed: int, processes: int = 2) -> list[Read]:
    """Sentences by all voices in many rooms, drawn and read; the same seed gives the same."""
    part = partial(_record, seed=seed, processes=processes, count=count)
    with get_context("fork").Pool(processes) as pool:
        return [read for reads in pool.imap(part, range(processes)) for read in reads]


def _record(number: int, *, seed: int, processes: int, count: int) -> list[Read]:
    grammar = load_grammar()
    sampler = Sampler(grammar, vocabulary(grammar, FIXTURES), seed + number)
    reads = _reads(sampler, seed + number)
    return [next(reads) for _ in range(number, count, processes)]


def _reads(sampler: Sampler, seed: int) -> Iterator[Read]:
    chance, reader, mel = random.Random(seed), Reader(), MelPower()  # noqa: S311
    rooms = [_room(number) for number in range(_ROOMS)]
    while True:
        voice, room = chance.choice(VOICES), chance.randrange(_ROOMS)
        sentence = sampler.draw()
        pitch = chance.uniform(0.95, 1.3) if voice in PITCHED and chance.random() < 0.2 else 1.0
        manner = Manner(pitch, chance.uniform(0.8, 1.12))
        try:
            spoken, phones = reader.read(voice, sentence, manner)
        except ValueError:  # a word that flite reads as two
            continue
        samples = np.pad(spoken.samples, (0, _AFTER))
        heard = fftconvolve(samples, rooms[room])[: len(samples)].astype(np.float32)
        heard *= _LOUDNESS / np.sqrt(np.mean(heard**2))
        log_power = np.log10(np.maximum(mel(heard), 1e-10)).astype(np.float16)
        yield Read((voice, room), log_power, _timed(sentence, spoken), phones)


def _timed(sentence: Sentence, spoken: Spoken) -> tuple[TimedWord, ...]:
    marks = [*[""] * (len(sentence.written) - 1), sentence.end]
    return tuple(
        TimedWord(text, word.segment.start / SAMPLE_RATE, word.segment.end / SAMPLE_RATE, mark)
        for text, word, mark in zip(sentence.written, spoken.words, marks, strict=True)
    )


def _room(number: int) -> Floats:
    """The response of a seat in a room that is none of the fixture talks', float32 (n,)."""
    rng = np.random.default_rng(1000 + number)
    size = (rng.uniform(3.5, 7), rng.uniform(3, 6), rng.uniform(2.4, 3))
    plan = RoomPlan(size, float(rng.uniform(0.12, 0.55)), -70.0, -32.0)
    seat = Person("", "", float(rng.uniform(0.4, 0.9)), 0.0, 1.0)
    return Room(f"words {number}", plan, {Speaker.A: seat})._responses[Speaker.A]  # noqa: SLF001
