"""Talks of two people at a table, made from readers' phrases, with exact truth.

What real talks have and read speech lacks is put in on purpose: short soft backchannels, many of them a hummed
"mm-hm"; interruptions where the other breaks off; bids that fail; edges that overlap; laughter; breath; long pauses;
voices that rise; a guest or a television that is neither of the two.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import soxr
from scipy.signal import butter, fftconvolve, sosfilt

from tools.hearing.corpus import SPEECH_RMS, STEP, Reader, faded
from tools.hearing.rooms import Room, knocks, microphone, noise
from voice_coach.acoustics import Floats
from voice_coach.segment import SAMPLE_RATE

IGNORE = -1
"""Label of steps that are nobody's business to get right: laughter."""
FAR = 2
"""Label of the third row where a television talks: too far to tell whether it should be heard at all."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How two people talk: probabilities for each turn or phrase; `guest` and `television` for a whole talk."""

    backchannel: float = 0.35
    interruption: float = 0.25
    failed_bid: float = 0.08
    joint: float = 0.05
    laughter: float = 0.04
    long_pause: float = 0.06
    guest: float = 0.4
    television: float = 0.15
    snr_db: tuple[float, float] = (8.0, 32.0)


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """Where and how long a talk is, in seconds, and who else is in the room."""

    room: Room
    seconds: float
    enrolment_seconds: float
    manner: Manner = field(default_factory=Manner)
    third: Reader | None = None
    second_room: Room | None = None
    """The same room as a second microphone hears it, where there is one."""


@dataclass(frozen=True, slots=True)
class Happening:
    """An overlap with its truth: kind, who began it (0 or 1), start and end in seconds."""

    kind: str
    by: int
    start_seconds: float
    end_seconds: float


@dataclass(frozen=True, slots=True, eq=False)
class Talk:
    """A simulated talk.

    `samples` float32 (m,), or (m, 2) of two microphones; `labels` int8 (3, m / 160): 1 speaks, 0 does not, -1 ignore,
    for the two people and a guest (2 for a television); `enrolments` two recordings.
    """

    samples: Floats
    labels: np.ndarray
    enrolments: tuple[Floats, Floats]
    happenings: tuple[Happening, ...]


def hum(rng: np.random.Generator, pitch_hz: float) -> Floats:
    """A hummed "mm-hm", "mm" or "uh-huh": two nasal syllables around the speaker's pitch, 0.25 to 0.7 s."""
    parts = []
    syllables = int(rng.integers(1, 3))
    contour = rng.choice([0.94, 1.0, 1.12], syllables)
    for syllable in range(syllables):
        length = int(rng.uniform(0.12, 0.3) * SAMPLE_RATE)
        bend = np.linspace(0.98, rng.uniform(0.92, 1.15), length) * contour[syllable] * pitch_hz
        phase = 2 * np.pi * np.cumsum(bend) / SAMPLE_RATE
        tone = sum(np.sin(h * phase + h) / h ** rng.uniform(0.8, 1.4) for h in range(1, 16))
        parts.append(tone * np.hanning(length) ** 0.5)
        if syllable + 1 < syllables:
            parts.append(rng.standard_normal(int(rng.uniform(0.03, 0.09) * SAMPLE_RATE)) * 0.08)
    samples = np.concatenate(parts)
    nasal = sosfilt(butter(2, [120, rng.uniform(700, 1500)], "band", fs=SAMPLE_RATE, output="sos"), samples)
    vowel = sosfilt(
        butter(2, [rng.uniform(400, 700), rng.uniform(1000, 2600)], "band", fs=SAMPLE_RATE, output="sos"), samples
    )
    mix = nasal + rng.uniform(0, 0.5) * vowel + rng.standard_normal(len(samples)) * 0.01
    return faded((mix * SPEECH_RMS / (mix.std() + 1e-9)).astype(np.float32), 0.02)


def laugh(rng: np.random.Generator, phrase: Floats) -> Floats:
    """Laughter-like bursts: a voiced bit repeated four to five times a second, breathy and falling."""
    bit = phrase[: int(0.12 * SAMPLE_RATE)]
    parts = []
    for place in range(int(rng.integers(3, 9))):
        raised = soxr.resample(bit, SAMPLE_RATE, SAMPLE_RATE * rng.uniform(0.7, 0.9))
        burst = (raised + rng.standard_normal(len(raised)) * 0.3 * raised.std()) * 0.9**place
        parts += [faded(burst.astype(np.float32), 0.02), np.zeros(int(rng.uniform(0.06, 0.12) * SAMPLE_RATE))]
    return np.concatenate(parts).astype(np.float32)


def pitch_of(phrases: Sequence[Floats]) -> float:
    """Rough pitch of a voice, Hz: the strongest lag of the autocorrelation of its low band."""
    low = sosfilt(butter(4, 900, fs=SAMPLE_RATE, output="sos"), np.concatenate(phrases)[: 4 * SAMPLE_RATE])
    power = np.abs(np.fft.rfft(low, 1 << 17)) ** 2
    lags = np.fft.irfft(power)[SAMPLE_RATE // 320 : SAMPLE_RATE // 75]
    return float(SAMPLE_RATE / (SAMPLE_RATE // 320 + int(np.argmax(lags))))


class _Deck:
    """Deals a reader's phrases again and again, whole or in parts."""

    def __init__(self, phrases: Sequence[Floats], rng: np.random.Generator) -> None:
        self._phrases, self._rng = list(phrases), rng
        self._left: list[Floats] = []
        self.pitch_hz = pitch_of(phrases)

    def phrase(self, low: float = 0.5, high: float = 9.0) -> Floats:
        """A phrase of `low` to `high` seconds, or shorter."""
        if not self._left:
            self._left = [self._phrases[i] for i in self._rng.permutation(len(self._phrases))]
        samples = self._left.pop()
        wanted = int(self._rng.uniform(low, high) * SAMPLE_RATE)
        if len(samples) > wanted:
            begin = self._rng.integers(0, len(samples) - wanted + 1) if self._rng.random() < 0.5 else 0
            samples = samples[begin : begin + wanted]
        return faded(samples, 0.01)

    def backchannel(self) -> Floats:
        """A short soft word or hum."""
        softer = np.float32(10 ** (-self._rng.uniform(0, 12) / 20))
        if self._rng.random() < 0.5:
            return hum(self._rng, self.pitch_hz * self._rng.uniform(0.9, 1.1)) * softer
        return self.phrase(0.25, 0.7) * softer


@dataclass(slots=True, eq=False)
class _Table:
    """Two dry tracks and a visitor's, their labels and what happened, as they are laid down."""

    count: int
    rng: np.random.Generator
    tracks: np.ndarray = field(init=False)
    labels: np.ndarray = field(init=False)
    happenings: list[Happening] = field(init=False)

    def __post_init__(self) -> None:
        self.tracks = np.zeros((3, self.count + 30 * SAMPLE_RATE), np.float32)
        self.labels = np.zeros((3, self.tracks.shape[1] // STEP), np.int8)
        self.happenings = []

    def put(self, who: int, samples: Floats, place: int, label: int = 1) -> int:
        """Lay samples on a track; returns where they end."""
        end = min(place + len(samples), self.tracks.shape[1])
        self.tracks[who, place:end] += samples[: end - place]
        steps = self.labels[who, round(place / STEP) : round(end / STEP)]
        steps[steps != 1] = label
        return place + len(samples)

    def cut(self, who: int, place: int, end: int) -> None:
        """Break off: nothing of `who` between two positions, with a short fade."""
        fade = min(480, end - place)
        self.tracks[who, place : place + fade] *= np.linspace(1, 0, fade, dtype=np.float32)
        self.tracks[who, place + fade : end] = 0
        self.labels[who, round((place + fade // 2) / STEP) : round(end / STEP)] = 0

    def note(self, kind: str, by: int, start: int, end: int) -> None:
        """Write down what happened."""
        self.happenings.append(Happening(kind, by, start / SAMPLE_RATE, end / SAMPLE_RATE))


def _turn(table: _Table, decks: Sequence[_Deck], who: int, place: int, manner: Manner) -> tuple[int, int]:
    """Lay down one turn from `place` on; returns where its last phrase begins and ends."""
    rng, other = table.rng, 1 - who
    begin = end = place
    for _ in range(int(rng.integers(1, 5))):
        samples = decks[who].phrase() * np.float32(10 ** (rng.normal(0, 1.5) / 20))
        begin, end = place, table.put(who, samples, place)
        if len(samples) > 1.6 * SAMPLE_RATE:
            room = (end - begin) / SAMPLE_RATE
            if rng.random() < manner.backchannel:
                short = decks[other].backchannel()
                at = begin + int(rng.uniform(0.3, room - 0.8) * SAMPLE_RATE)
                table.note("backchannel", other, at, table.put(other, short, at))
            elif rng.random() < manner.failed_bid and room > 3:
                bid = decks[other].phrase(0.7, 1.5)
                at = begin + int(rng.uniform(0.4, room - 2.0) * SAMPLE_RATE)
                table.note("failed_bid", other, at, table.put(other, bid, at))
            elif rng.random() < manner.joint:
                long = decks[other].phrase(1.0, 4.0)
                at = begin + int(rng.uniform(0.0, room * 0.7) * SAMPLE_RATE)
                table.note("contested", other, at, table.put(other, long, at))
        elif rng.random() < manner.backchannel:
            at = end + int(rng.uniform(0.0, 0.2) * SAMPLE_RATE)
            short = decks[other].backchannel()
            table.note("backchannel", other, at, table.put(other, short, at))
        place = end + int(rng.uniform(0.1, 0.7) * SAMPLE_RATE)
    return begin, end


def _lay_talk(table: _Table, decks: Sequence[_Deck], guest: _Deck | None, manner: Manner) -> None:
    """Turn after turn; a guest at the table has turns too."""
    rng = table.rng
    who = int(rng.integers(2))
    place = int(rng.uniform(0.1, 1.0) * SAMPLE_RATE)
    while place < table.count:
        last, end = _turn(table, decks, who, place, manner)
        draw = rng.random()
        if draw < manner.interruption and end - last > 1.2 * SAMPLE_RATE:
            overlap = int(rng.uniform(0.35, 1.5) * SAMPLE_RATE)
            stop = int(rng.uniform(last + 0.8 * SAMPLE_RATE, end))
            table.cut(who, stop, end + SAMPLE_RATE)
            place = max(last + SAMPLE_RATE // 4, stop - overlap)
            table.note("interruption", 1 - who, place, stop)
        elif draw < manner.interruption + 0.15:
            place = end - int(rng.uniform(0.03, 0.28) * SAMPLE_RATE)
            table.note("turn_edge", 1 - who, place, end)
        elif draw > 1 - manner.long_pause:
            place = end + int(rng.uniform(1.5, 5.0) * SAMPLE_RATE)
        else:
            place = end + int(rng.gamma(2.0, 0.15) * SAMPLE_RATE)
        if rng.random() < manner.laughter:
            for laughing in (0, 1) if rng.random() < 0.5 else (who,):
                table.put(laughing, laugh(rng, decks[laughing].phrase(0.5, 1.0)), place, IGNORE)
        if guest is not None and rng.random() < 0.35:
            place += int(rng.gamma(2.0, 0.15) * SAMPLE_RATE)
            for _ in range(int(rng.integers(1, 3))):
                place = table.put(2, guest.phrase() * np.float32(10 ** (rng.uniform(-6, 3) / 20)), place)
                place += int(rng.uniform(0.1, 0.6) * SAMPLE_RATE)
        who = 1 - who


def _lay_television(table: _Table, voice: _Deck) -> None:
    """Somebody who talks far away, whatever happens at the table."""
    level = np.float32(10 ** (-table.rng.uniform(12, 28) / 20))
    place = int(table.rng.uniform(0, 4) * SAMPLE_RATE)
    while place < table.count:
        place = table.put(2, voice.phrase() * level, place, FAR) + int(table.rng.exponential(1.0) * SAMPLE_RATE)


def _through_room(track: Floats, places: Sequence[Floats], rng: np.random.Generator) -> np.ndarray:
    """One track heard through a room by someone who shifts in the seat: places change every few seconds."""
    out = np.zeros(len(track))
    begin = 0
    while begin < len(track):
        end = min(len(track), begin + int(rng.uniform(3, 12) * SAMPLE_RATE))
        heard = fftconvolve(track[begin:end], places[int(rng.integers(len(places)))])
        stop = min(len(track), begin + len(heard))
        out[begin:stop] += heard[: stop - begin]
        begin = end
    return out


def _deal_enrolment(reader: Reader, seconds: float, rng: np.random.Generator) -> tuple[Floats, list[Floats]]:
    """Speech for the enrolment, and the phrases left for the talk."""
    order = [reader.phrases[i] for i in rng.permutation(len(reader.phrases))]
    total = sum(map(len, order))
    wanted = int(min(seconds * SAMPLE_RATE, total - 3 * SAMPLE_RATE))
    speech: list[Floats] = []
    taken = 0
    while taken < wanted:
        phrase = order.pop()
        if taken + len(phrase) > wanted + SAMPLE_RATE // 2:
            cut = wanted - taken
            order.append(phrase[cut:])
            phrase = phrase[:cut]
        speech += [faded(phrase), np.zeros(int(rng.uniform(0.05, 0.3) * SAMPLE_RATE), np.float32)]
        taken += len(phrase)
    return np.concatenate(speech), [phrase for phrase in order if len(phrase) > SAMPLE_RATE // 4]


def make_talk(readers: tuple[Reader, Reader], scene: Scene, rng: np.random.Generator) -> Talk:
    """A talk of two readers in a room, and their enrolments at the same table a moment before."""
    dealt = [_deal_enrolment(reader, scene.enrolment_seconds, rng) for reader in readers]
    table = _Table(int(scene.seconds * SAMPLE_RATE), rng)
    third = _Deck(scene.third.phrases, rng) if scene.third is not None else None
    comes = third is not None and rng.random() < scene.manner.guest
    _lay_talk(table, [_Deck(phrases, rng) for _, phrases in dealt], third if comes else None, scene.manner)
    if third is not None and rng.random() < scene.manner.television:
        _lay_television(table, third)
    for reader in readers:
        _lay_breaths(table, reader)
    difference = rng.uniform(-7, 7) / 2
    gains = (10 ** (difference / 20), 10 ** (-difference / 20), 1.0)
    device = int(rng.integers(1 << 30))
    floor = SPEECH_RMS * 0.8 * 10 ** (-rng.uniform(*scene.manner.snr_db) / 20)
    enrolments = []
    for seat, (speech, _) in enumerate(dealt):
        gain = gains[seat] * 10 ** (rng.uniform(-2, 2) / 20)
        heard = _through_room(speech, scene.room.seats[seat][:1], rng) * gain
        if scene.second_room is not None:
            heard = (heard + _through_room(speech, scene.second_room.seats[seat][:1], rng) * gain) / 2
        heard += noise(len(heard), rng) * floor
        enrolments.append(microphone(heard, rng, device).astype(np.float32))
    twin = copy.deepcopy(rng)  # people shift in their seats alike for both microphones
    samples = microphone(_mix(table, scene.room, gains, floor, rng), rng, device).astype(np.float32)
    if scene.second_room is not None:
        other = _mix(table, scene.second_room, gains, floor, twin) + noise(table.count, rng) * floor
        samples = np.stack((samples, microphone(other, rng, device).astype(np.float32)), axis=1)
    happenings = tuple(h for h in table.happenings if h.end_seconds < scene.seconds - 2)
    return Talk(samples, table.labels[:, : table.count // STEP], (enrolments[0], enrolments[1]), happenings)


def _lay_breaths(table: _Table, reader: Reader) -> None:
    """Breath and rustle between the phrases, which are nobody's speech."""
    rng = table.rng
    for _ in range(rng.poisson(0.2 * table.count / SAMPLE_RATE) if reader.pauses else 0):
        breath = reader.pauses[int(rng.integers(len(reader.pauses)))]
        place = int(rng.integers(0, table.count))
        end = min(place + len(breath), table.tracks.shape[1])
        table.tracks[2, place:end] += breath[: end - place] * np.float32(rng.uniform(0.5, 1.5))


def _mix(table: _Table, room: Room, gains: Sequence[float], floor: float, rng: np.random.Generator) -> np.ndarray:
    """What arrives at the microphone: three seats, noise, now and then a knock."""
    count = table.count
    mix = noise(count, rng) * floor
    for seat in range(3):
        mix += _through_room(table.tracks[seat, :count], room.seats[seat], rng) * gains[seat]
    if rng.random() < 0.4:
        mix += knocks(count, rng, rng.uniform(0.05, 0.4))
    return mix
