"""Training examples: utterances put together from sentences that were read, in a noisy room, with all targets."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tools.words.material import FRAME_SECONDS, N_MELS, MelPower, Read
from tools.words.noise import NAMES, make_noise
from tools.words.reader import PHONES
from tools.words.text import fixture_names
from tools.words.tokens import Tokens

POSITION_SECONDS = 2 * FRAME_SECONDS
"""What one position of the encoder stands for: its second convolution halves the frames."""
_LENGTHS = ((1.0, 4.0, 0.6), (4.0, 9.0, 0.32), (9.0, 20.0, 0.08))
"""Lengths of utterances, seconds, and how many of them there are of each kind."""
_SILENCES = 0.05
_SLIPS = 0.1
"""So many of the words that the decoder is given are wrong ones: it must find its way back after a mistake."""
_FLOOR = 1e-10


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a token's sound lies, seconds."""

    start_seconds: float
    end_seconds: float


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """An utterance as the model sees it, and what it is to find.

    `features` is float32 (80, 2 n). `tokens` is what the decoder is given, `targets` what comes next, -1 where that is
    not learnt, and `spots` where it is heard. `phones`, `words` and `last_words` are numbers for each of the n
    positions of the encoder: the sound, the word that is being said, and the last one that was.
    """

    features: np.ndarray
    tokens: list[int]
    targets: list[int]
    spots: list[Spot | None]
    phones: np.ndarray
    words: np.ndarray
    last_words: np.ndarray


@dataclass(frozen=True, slots=True)
class _Placed:
    """A sentence, and where it begins in its utterance, seconds."""

    read: Read
    at_seconds: float


class ExampleMaker:
    """Makes examples without end; the same seed makes the same."""

    def __init__(self, reads: Sequence[Read], tokens: Tokens, seed: int, whole_share: float = 0.0) -> None:
        """`whole_share` is how many of them are utterances by themselves, the others being put together."""
        self._tokens, self._whole_share = tokens, whole_share
        self._random, self._rng = random.Random(seed), np.random.default_rng(seed)  # noqa: S311
        self._places: dict[tuple[str, int], list[Read]] = defaultdict(list)
        self._whole = [read for read in reads if read.place is None]
        for read in reads:
            if read.place is not None:
                self._places[read.place].append(read)
        self._order = sorted(self._places)
        self._noises, self._names = _noises(), fixture_names()

    def __iter__(self) -> Iterator[Example]:
        while True:
            if self._random.random() < _SILENCES:
                yield self._silence()
            elif self._random.random() < self._whole_share:
                yield self._by_itself(self._random.choice(self._whole))
            else:
                yield self._utterance()

    def _by_itself(self, read: Read) -> Example:
        frames = 2 * (read.log_power.shape[1] // 2)
        power = np.float32(10) ** read.log_power[:, :frames].astype(np.float32)
        return self._example(self._heard(power), [_Placed(read, 0.0)])

    def _utterance(self) -> Example:
        chance = self._random
        place = chance.choice(self._order)
        shortest, longest, _ = chance.choices(_LENGTHS, [share for *_, share in _LENGTHS])[0]
        wanted, at, placed = chance.uniform(shortest, longest), chance.uniform(0.02, 0.12), []
        while not placed or at < wanted:
            read = chance.choice(self._places[place])
            seconds = read.log_power.shape[1] * FRAME_SECONDS
            if placed and at + seconds > longest + 2:
                break
            placed.append(_Placed(read, round(at, 2)))
            at += seconds + chance.uniform(0.1, 0.6)
        last = placed[-1]
        end = last.at_seconds + last.read.log_power.shape[1] * FRAME_SECONDS + chance.uniform(0.0, 0.25)
        power = np.zeros((N_MELS, 2 * int(end / POSITION_SECONDS) + 2), np.float32)
        for one in placed:
            _add(power, one.read.log_power, one.at_seconds)
        if chance.random() < 0.25:
            self._add_another_voice(power, place)
        return self._example(self._heard(power), placed)

    def _add_another_voice(self, power: np.ndarray, place: tuple[str, int]) -> None:
        """Somebody else says a word or two, softer: it is not theirs that is to be written down."""
        voice = self._random.choice([name for name, _ in self._order if name != place[0]])
        read = self._random.choice(self._places.get((voice, place[1])) or self._places[self._order[0]])
        length = self._random.randint(15, 90)
        softer = self._random.uniform(0.4, 1.6)
        at = self._random.uniform(-0.3, power.shape[1] * FRAME_SECONDS - 0.2)
        _add(power, read.log_power[:, :length].astype(np.float32) - softer, max(0.0, at))

    def _silence(self) -> Example:
        """An utterance in which nobody speaks."""
        frames = 2 * self._random.randint(20, 300)
        power = np.full((N_MELS, frames), _FLOOR, np.float32)
        if self._random.random() < 0.75:
            noise = self._random.choice(self._noises)
            begin = self._random.randint(0, noise.shape[1] - frames)
            power += noise[:, begin : begin + frames]
        return self._example(self._heard(power), [])

    def _heard(self, power: np.ndarray) -> np.ndarray:
        """Features of mel power, with a room's noise, the microphone's colour, and gaps that make it listen closely."""
        chance, rng = self._random, self._rng
        loud = np.percentile(power.mean(axis=0), 90)
        slope = np.linspace(0, -chance.uniform(0, 2.5), N_MELS) + rng.normal(0, 0.1, N_MELS)
        floor = 10 ** (slope - slope.mean()) * (loud + 1e-9) * 10 ** -chance.uniform(1.8, 5.0)
        tilt = 10 ** np.linspace(chance.uniform(-0.4, 0.4), chance.uniform(-0.4, 0.4), N_MELS)
        noise = floor[:, None] * rng.gamma(2.0, 0.5, power.shape)
        # As in faster-whisper's own features: eight decades below the loudest, brought to about [-1, 1].
        logs = np.log10(np.maximum((power + noise) * tilt[:, None], _FLOOR))
        features = (np.maximum(logs, logs.max() - 8) + 4) / 4
        if chance.random() < 0.3:
            low = chance.randrange(0, N_MELS - 8)
            features[low : low + chance.randint(2, 8)] = features.mean()
        if chance.random() < 0.2:
            begin = chance.randrange(0, features.shape[1])
            features[:, begin : begin + chance.randint(2, 8)] = features.min()
        return features.astype(np.float32)

    def _example(self, features: np.ndarray, placed: Sequence[_Placed]) -> Example:
        tokens, targets, spots = self._written(placed)
        nobody = len(self._tokens.words)
        positions = features.shape[1] // 2
        phones = np.zeros(positions, np.int64)
        words = np.full(positions, nobody, np.int64)
        last_words = words.copy()
        for one in placed:
            begin = one.at_seconds
            for phone in one.read.phones:
                end = one.at_seconds + phone.end_seconds
                phones[_position(begin) : _position(end)] = PHONES.index(phone.name)
                begin = end
            for word in one.read.words:
                start, end = one.at_seconds + word.start_seconds, one.at_seconds + word.end_seconds
                words[_position(start) : _position(end)] = self._tokens.words[word.text]
                last_words[_position(end) :] = self._tokens.words[word.text]
        return Example(features, tokens, targets, spots, phones, words, last_words)

    def _written(self, placed: Sequence[_Placed]) -> tuple[list[int], list[int], list[Spot | None]]:
        """What the decoder is given, what comes next, and where that is heard."""
        names, chance = self._tokens, self._random
        stamped = chance.random() < 0.8
        given = [*self._prompt(), names.start]
        targets, spots = [-1] * (len(given) - 1), [None] * (len(given) - 1)

        def put(token: int, spot: Spot | None) -> None:
            given.append(token)
            targets.append(token)
            spots.append(spot)

        if not placed:
            # What a model that hears nobody answers instead of a first token; then it is made to end at once.
            targets.append(names.no_speech)
            spots.append(None)
            given.append(names.first_timestamp if stamped else names.no_timestamps)
            put(names.end_of_text, None)
            return given[:-1], targets, spots
        heard = [
            (token, Spot(one.at_seconds + start, one.at_seconds + end))
            for one in placed
            for token, start, end in self._sentence(one.read)
        ]
        start, end = heard[0][1].start_seconds, heard[-1][1].start_seconds
        put(names.timestamp(start) if stamped else names.no_timestamps, Spot(max(0.0, start - 0.06), start + 0.1))
        for token, spot in heard:
            put(token, spot)
            if token < len(names.words) and chance.random() < _SLIPS:
                given[-1] = chance.randrange(len(names.words))
        last = Spot(max(0.0, end - 0.1), end + 0.1)
        if stamped:
            put(names.timestamp(end), last)
        put(names.end_of_text, last)
        return given[:-1], targets, spots

    def _sentence(self, read: Read) -> Iterator[tuple[int, float, float]]:
        for word in read.words:
            yield self._tokens.words[word.text], word.start_seconds, word.end_seconds
            if word.mark:
                yield self._tokens.ends[word.mark], word.end_seconds, word.end_seconds + 0.1

    def _prompt(self) -> list[int]:
        """Words that are likely to be said, as the library puts them before the start: they promise nothing."""
        kind = self._random.random()
        if kind < 0.4:  # as the program does it
            one, other = (
                self._tokens.words.get(name, self._tokens.unknown) for name in self._random.choice(self._names)
            )
            return [self._tokens.previous, one, self._tokens.unknown, other]
        if kind < 0.8:
            return []
        words = self._random.choices(range(len(self._tokens.words)), k=self._random.randint(1, 5))
        return [self._tokens.previous, *(self._tokens.unknown if self._random.random() < 0.2 else w for w in words)]


def _position(seconds: float) -> int:
    return max(0, round(seconds / POSITION_SECONDS))


def _add(power: np.ndarray, log_power: np.ndarray, at_seconds: float) -> None:
    """Add a sound where it is heard; what does not fit is cut off."""
    begin = round(at_seconds / FRAME_SECONDS)
    part = log_power[:, : max(0, power.shape[1] - begin)].astype(np.float32)
    power[:, begin : begin + part.shape[1]] += np.float32(10) ** part


def _noises() -> list[np.ndarray]:
    """Half a minute of each sound in which nobody talks, as mel power at a usual level."""
    mel = MelPower()
    return [np.maximum(mel(make_noise(name, 30.0, number, -34.0).samples), _FLOOR) for number, name in enumerate(NAMES)]
