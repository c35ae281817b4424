"""Simulated talks as features and labels, written to a folder of arrays that training reads."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from tools.hearing import corpus
from tools.hearing.network import CLASSES, LOOK_AHEAD
from tools.hearing.rooms import Room
from tools.hearing.simulate import FAR, IGNORE, Scene, Talk, make_talk
from tools.hearing.testset import PAUSE_STEPS
from voice_coach.acoustics import FRAME, N_MELS, Floats, FrameAnalyser, Frames, channel_energies, mono
from voice_coach.engines import voiceprint
from voice_coach.engines.adaptation import sure_frames
from voice_coach.engines.recording import LevelMeter
from voice_coach.engines.silero import BLOCK
from voice_coach.engines.voiceprint import N_COMMON, N_PERSONAL, WITHIN_NATS, Background, VoicePair
from voice_coach.microphones import Seats

TALK_SECONDS = 30.0
FRAMES = 1496
"""Frames of a talk: all but the last few, whose number depends on the windows."""
ENROLMENT_FRAMES = 500
NOT_THEM = 5
"""Label of frames in which a far voice may or may not be heard: silence and other are both right."""

Place = tuple[Room, Room | None]
"""A room, with what a second microphone hears if there is one."""
Rooms = Sequence[Place]


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Simulated talks, frames last; half precision but for labels and voices.

    Attributes
    ----------
    common : (n, 85, t); no third voice is known.
    people : (n, 2, 14, t), features of both, by their voices as enrolled; those of two microphones are zero for one.
    spectra, speech : (n, 2, 32, 500) and (n, 2, 500), of both enrolments.
    labels : (n, t), 0 to 4, 5 for silence or other, -1 to ignore.
    voices : (n, 2), who of the corpus.
    answers : (n, 5, t - 18), what the committee makes of them; `None` before it was trained.
    """

    common: np.ndarray
    people: np.ndarray
    spectra: np.ndarray
    speech: np.ndarray
    labels: np.ndarray
    voices: np.ndarray
    answers: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.labels)


_SHAPES: dict[str, tuple[tuple[int, ...], type]] = {
    "common": ((N_COMMON, FRAMES), np.float16),
    "people": ((2, N_PERSONAL, FRAMES), np.float16),
    "spectra": ((2, N_MELS, ENROLMENT_FRAMES), np.float16),
    "speech": ((2, ENROLMENT_FRAMES), np.float16),
    "labels": ((FRAMES,), np.int8),
    "voices": ((2,), np.int16),
}
_ANSWERS: tuple[tuple[int, ...], type] = ((CLASSES, FRAMES - LOOK_AHEAD), np.float16)


def read(folder: Path) -> Examples:
    """Examples on disk, to be read as they are needed."""
    answers = folder / "answers.npy"
    return Examples(
        *(np.load(folder / f"{name}.npy", mmap_mode="r") for name in _SHAPES),
        np.load(answers, mmap_mode="r") if answers.is_file() else None,
    )


def empty_answers(folder: Path, count: int) -> Path:
    """Make room for the committee's answers."""
    shape, kind = _ANSWERS
    np.lib.format.open_memmap(folder / "answers.npy", "w+", kind, (count, *shape)).flush()
    return folder / "answers.npy"


def write(
    folder: Path, readers: Sequence[corpus.Reader], rooms: Rooms, seeds: range, background: Background
) -> Examples:
    """Make many talks, on all cores."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, (shape, kind) in _SHAPES.items():
        np.lib.format.open_memmap(folder / f"{name}.npy", "w+", kind, (len(seeds), *shape)).flush()
    with ProcessPoolExecutor(initializer=_share, initargs=(folder, readers, rooms, background)) as pool:
        list(pool.map(_write_one, enumerate(seeds), chunksize=8))
    return read(folder)


_shared: tuple[dict[str, np.ndarray], Sequence[corpus.Reader], Rooms, Background]


def _share(folder: Path, readers: Sequence[corpus.Reader], rooms: Rooms, background: Background) -> None:
    global _shared
    arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r+") for name in _SHAPES}
    _shared = (arrays, readers, rooms, background)
    threadpool_limits(1)  # one process to a core: their small matrices gain nothing from threads, and lose much


def _write_one(job: tuple[int, int]) -> None:
    place, seed = job
    arrays, readers, rooms, background = _shared
    made = example(readers, rooms, seed, background)
    for name, array in arrays.items():
        array[place] = getattr(made, name)


def example(readers: Sequence[corpus.Reader], rooms: Rooms, seed: int, background: Background) -> Examples:
    """One simulated talk, without the dimension of talks."""
    rng = np.random.default_rng(seed)
    names = [reader.name.split("@")[0] for reader in readers]
    chosen = rng.permutation(len(readers))[:3]
    while len({names[reader] for reader in chosen}) < len(chosen):
        chosen = rng.permutation(len(readers))[:3]
    first, second, third = (readers[reader] for reader in chosen)
    room, second_room = rooms[int(rng.integers(len(rooms)))]
    scene = Scene(room, TALK_SECONDS, rng.uniform(3, 9), third=third, second_room=second_room)
    talk = make_talk((first, second), scene, rng)
    labels = classes(talk.labels)[:FRAMES]
    enrolments = [voiceprint.enrol(s, corpus.speech_probability(s)) for s in map(corpus.levelled, talk.enrolments)]
    pair = voiceprint.pair_voices(enrolments[0], enrolments[1], background)
    frames, speech = _measured(talk, float(10 ** (rng.normal(0, 1.5) / 20)))
    pair = replace(pair, seats=_seats(pair, frames, labels))
    features = voiceprint.Voiceprint(pair, background).features(frames, speech)
    spectra, spoken = _spectra(pair)
    people = np.stack((features.first.T, features.second.T))
    return Examples(features.common.T, people, spectra, spoken, labels, chosen[:2])


def _measured(talk: Talk, gain: float) -> tuple[Frames, Floats]:
    """Frames of a talk, and Silero's probability at the centre of each."""
    heard, meter = mono(talk.samples), LevelMeter()
    meter.process(heard, 0)
    scale = np.float32(meter.gain * gain)
    heard, analyser = heard * scale, FrameAnalyser()
    frames = voiceprint.join_frames([analyser.process(heard), analyser.finish()]).part(0, FRAMES)
    if talk.samples.ndim > 1:
        channels = channel_energies(talk.samples[: FRAMES * FRAME] * scale)
        frames = Frames(0, frames.log_mel, frames.log_energy, frames.power, frames.salience, channels)
    blocks = corpus.speech_probability(heard)
    centres = np.arange(FRAMES) * FRAME + FRAME // 2
    return frames, np.interp(centres, np.arange(len(blocks)) * BLOCK + BLOCK // 2, blocks).astype(np.float32)


def _seats(pair: VoicePair, frames: Frames, labels: np.ndarray) -> Seats | None:
    """How two microphones hear either person, as adaptation would know it were it always right."""
    if frames.channels is None:
        return None
    loud = (frames.log_energy > pair.level - WITHIN_NATS)[::2]
    alone = [sure_frames((labels == state).astype(np.float32), 0.5) & loud for state in (1, 2)]
    heard = [frames.channels[steps] for steps in alone]
    return Seats.of(heard[0], heard[1], frames.channels) if min(map(len, heard)) else None


def _spectra(pair: VoicePair) -> tuple[Floats, Floats]:
    """The beginnings of both enrolments: (2, 32, 500) and (2, 500)."""
    spectra = np.zeros((2, N_MELS, ENROLMENT_FRAMES), np.float32)
    speech = np.zeros((2, ENROLMENT_FRAMES), np.float32)
    for person, seen in enumerate(pair.spectra):
        count = min(len(seen.speech), ENROLMENT_FRAMES)
        spectra[person, :, :count], speech[person, :count] = seen.log_mel[:count].T, seen.speech[:count]
    return spectra, speech


def classes(labels: np.ndarray) -> np.ndarray:
    """Labels every 10 ms (3, 2 n) to classes of 20 ms frames (n,): silence, first, second, both, other, and so on.

    Pauses of less than 0.2 s are part of a unit, as everywhere.
    """
    count = labels.shape[1] // 2
    closed = np.stack([_closed(row) for row in labels])
    frames = closed[:, : 2 * count].reshape(3, count, 2)
    active = (frames == 1).mean(axis=2) > 0.5
    made = np.where(active[2], 4, np.where((frames[2] == FAR).any(axis=1), NOT_THEM, 0))
    people = active[0] + 2 * active[1]
    made = np.where(people > 0, people, made)
    return np.where((frames[:2] == IGNORE).any(axis=(0, 2)), IGNORE, made).astype(np.int8)


def _closed(row: np.ndarray) -> np.ndarray:
    """A row of labels with its short pauses filled."""
    row = row.copy()
    for begin, end in corpus.stretches(row == 0):
        if begin > 0 and end < len(row) and end - begin < PAUSE_STEPS and row[begin - 1] == row[end] == 1:
            row[begin:end] = 1
    return row
