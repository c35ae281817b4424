"""Rooms, noises and microphones for the simulator."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyroomacoustics
from scipy.signal import butter, sosfilt

from voice_coach.acoustics import Floats
from voice_coach.segment import SAMPLE_RATE


@dataclass(frozen=True, slots=True, eq=False)
class Room:
    """Responses from several places of each of three seats to one microphone: `seats[seat][place]`, unit energy."""

    reverberation_seconds: float
    seats: tuple[tuple[Floats, ...], ...]


def make_room(rng: np.random.Generator, reverberation: tuple[float, float] = (0.15, 0.65), places: int = 3) -> Room:
    """A furnished room by the image-source method: a table, a laptop on it, two people and a visitor around it."""
    seconds = rng.uniform(*reverberation)
    size = np.array([rng.uniform(3.0, 7.0), rng.uniform(2.8, 6.0), rng.uniform(2.3, 3.1)])
    absorption, order = pyroomacoustics.inverse_sabine(max(seconds, 0.13), size)
    microphone = np.array([*(size[:2] * rng.uniform(0.35, 0.65, 2)), rng.uniform(0.7, 0.95)])
    room = pyroomacoustics.ShoeBox(
        size,
        fs=SAMPLE_RATE,
        materials=pyroomacoustics.Material(absorption, scattering=0.2),
        max_order=min(order, 17),
    )
    angle = rng.uniform(0, 2 * np.pi)
    for seat in range(3):
        distance = rng.uniform(0.4, 1.6) if seat < 2 else rng.uniform(0.6, 3.0)
        towards = angle + seat * rng.uniform(1.2, 2.6)
        offset = np.array([distance * np.cos(towards), distance * np.sin(towards), rng.uniform(0.1, 0.5)])
        for _ in range(places):
            spot = microphone + offset + rng.normal(0, 0.07, 3)
            room.add_source(np.clip(spot, 0.15, size - 0.15))
    room.add_microphone(microphone)
    return Room(seconds, _responses(room, places)[0])


def make_two_microphones(
    rng: np.random.Generator, reverberation: tuple[float, float], places: int = 3
) -> tuple[Room, Room]:
    """A room with a microphone before each of two people, 0.3 to 0.6 m away, and what either hears of all three seats.

    Levels are as they are: a seat has unit energy at the nearer microphone.
    """
    seconds = rng.uniform(*reverberation)
    size = np.array([rng.uniform(3.0, 7.0), rng.uniform(3.4, 6.0), rng.uniform(2.3, 3.1)])
    absorption, order = pyroomacoustics.inverse_sabine(max(seconds, 0.13), size)
    material = pyroomacoustics.Material(absorption, scattering=0.2)
    room = pyroomacoustics.ShoeBox(size, fs=SAMPLE_RATE, materials=material, max_order=min(order, 17))
    middle = np.array([*(size[:2] * rng.uniform(0.4, 0.6, 2)), rng.uniform(0.75, 0.95)])
    angle = rng.uniform(0, 2 * np.pi)
    microphones = []
    for seat in range(3):
        towards = angle + seat * np.pi + rng.normal(0, 0.2) if seat < 2 else angle + np.pi / 2
        direction = np.array([np.cos(towards), np.sin(towards), 0.0])
        distance = rng.uniform(0.6, 0.9)
        for _ in range(places):
            spot = middle + direction * distance + np.array([0, 0, rng.uniform(0.2, 0.4)]) + rng.normal(0, 0.06, 3)
            room.add_source(np.clip(spot, 0.15, size - 0.15))
        if seat < 2:
            microphones.append(np.clip(middle + direction * (distance - rng.uniform(0.25, 0.5)), 0.15, size - 0.15))
    room.add_microphone_array(np.stack(microphones, axis=1))
    first, second = _responses(room, places)
    return Room(seconds, first), Room(seconds, second)


def _responses(room: pyroomacoustics.ShoeBox, places: int) -> list[tuple[tuple[Floats, ...], ...]]:
    """For each microphone, responses by seat and place, of unit energy at the microphone that hears the place best."""
    room.compute_rir()
    heard = [[np.asarray(r, np.float64)[: int(0.6 * SAMPLE_RATE)] for r in own] for own in room.rir]
    trimmed = [[r[max(0, int(np.argmax(np.abs(r))) - 16) :] for r in own] for own in heard]
    energy = [np.sqrt(max((own[spot] ** 2).sum() for own in trimmed)) for spot in range(3 * places)]
    return [
        tuple(
            tuple((own[spot] / energy[spot]).astype(np.float32) for spot in range(seat * places, (seat + 1) * places))
            for seat in range(3)
        )
        for own in trimmed
    ]


def noise(count: int, rng: np.random.Generator) -> np.ndarray:
    """Room noise of unit power: a coloured hiss that swells a little, often with mains hum."""
    spectrum = np.fft.rfft(rng.standard_normal(count))
    frequency = np.maximum(np.fft.rfftfreq(count, 1 / SAMPLE_RATE), 20)
    samples = np.fft.irfft(spectrum * (frequency / 1000) ** -rng.choice([0, 0.5, 1, rng.uniform(0, 1.3)]), count)
    samples /= samples.std() + 1e-9
    if rng.random() < 0.3:
        base = rng.choice([50, 60, 100, 120])
        time = np.arange(count) / SAMPLE_RATE
        for harmonic in range(1, 6):
            samples += rng.uniform(0, 0.5) / harmonic * np.sin(2 * np.pi * base * harmonic * time + harmonic)
    knots = max(2, count // SAMPLE_RATE // 4)
    swell = np.interp(np.arange(count), np.linspace(0, count, knots), rng.uniform(-3, 3, knots))
    return np.asarray(samples * 10 ** (swell / 20) / (samples.std() + 1e-9))


def knocks(count: int, rng: np.random.Generator, per_second: float) -> np.ndarray:
    """Cups, keys, steps: short decaying bursts, some of them ringing."""
    samples = np.zeros(count)
    for _ in range(rng.poisson(per_second * count / SAMPLE_RATE)):
        length = int(rng.uniform(0.005, 0.15) * SAMPLE_RATE)
        place = rng.integers(0, count - length - 1)
        decay = np.exp(-np.linspace(0, 7, length))
        burst = rng.standard_normal(length)
        if rng.random() < 0.4:
            burst += 2 * np.sin(2 * np.pi * rng.uniform(400, 4000) * np.arange(length) / SAMPLE_RATE)
        samples[place : place + length] += burst * decay * rng.uniform(0.02, 0.15)
    return samples


def microphone(samples: np.ndarray, rng: np.random.Generator, seed: int) -> np.ndarray:
    """What a cheap microphone does: band limits, a tilt, a soft limit. The same `seed` is the same microphone."""
    own = np.random.default_rng(seed)
    if own.random() < 0.12:
        band = butter(3, [own.uniform(200, 330), own.uniform(3200, 3700)], "band", fs=SAMPLE_RATE, output="sos")
    else:
        band = butter(2, [own.uniform(40, 180), own.uniform(4500, 7800)], "band", fs=SAMPLE_RATE, output="sos")
    samples = sosfilt(band, samples)
    tilt = own.uniform(-0.35, 0.35)
    samples = samples + tilt * np.concatenate(([0.0], samples[:-1]))
    if rng.random() < 0.2:
        limit = np.abs(samples).max() * rng.uniform(0.4, 0.9)
        samples = limit * np.tanh(samples / limit)
    return np.asarray(samples)
