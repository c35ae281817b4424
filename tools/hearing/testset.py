"""Talks with exact truth that nothing was trained or chosen on: readers whose number ends in 0, rooms of their own.

A set is a folder of `NAME.flac` (the talk), `NAME.a.flac` and `NAME.b.flac` (10 s of each voice, at the same table a
moment before), `NAME.rttm` (who speaks when, the guest as `guest`) and `set.json`, so that any other system can be run
on it and its RTTM files scored.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from pathlib import Path

import numpy as np
import soundfile
from threadpoolctl import threadpool_limits

from tools.hearing import corpus
from tools.hearing.rooms import make_room, make_two_microphones
from tools.hearing.simulate import Manner, Scene, Talk, make_talk
from voice_coach.events import PEOPLE, Speaker
from voice_coach.segment import SAMPLE_RATE, Segment

TALK_SECONDS = 120.0
ENROLMENT_SECONDS = 10.0
SEEDS = {"test": 20_000, "dev": 40_000}
"""Of the talks made of either part of the corpus."""
PAUSE_STEPS = 20
"""Pauses shorter than 0.2 s are part of a unit, in the truth as in what is heard."""


@dataclass(frozen=True, slots=True)
class Setting:
    """How hard the rooms of a set are."""

    reverberation_seconds: tuple[float, float]
    snr_db: tuple[float, float]
    guest: float = 0.0
    talks: int = 20
    microphones: int = 1


SETTINGS = {
    "easy": Setting((0.15, 0.3), (25.0, 32.0)),
    "usual": Setting((0.3, 0.5), (15.0, 25.0), talks=30),
    "hard": Setting((0.6, 0.65), (9.0, 11.0)),
    "guest": Setting((0.3, 0.5), (15.0, 25.0), guest=1.0),
    "two microphones": Setting((0.3, 0.5), (15.0, 25.0), microphones=2),
}


@dataclass(frozen=True, slots=True)
class TestTalk:
    """A talk on disk and its truth: the units of each speaker, in samples."""

    name: str
    setting: str
    folder: Path
    speech: dict[Speaker, tuple[Segment, ...]]

    @property
    def audio(self) -> Path:
        """The talk."""
        return self.folder / f"{self.name}.flac"

    def enrolment(self, person: Speaker) -> Path:
        """A recording of one person alone."""
        return self.folder / f"{self.name}.{person.value.lower()}.flac"


def units(steps: np.ndarray) -> tuple[Segment, ...]:
    """Units of a row of labels, a step every 10 ms: runs of speech over pauses of less than 0.2 s."""
    joined: list[tuple[int, int]] = []
    for start, end in corpus.stretches(steps == 1):
        if joined and start - joined[-1][1] < PAUSE_STEPS:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return tuple(Segment(start * corpus.STEP, end * corpus.STEP) for start, end in joined)


_readers: Sequence[corpus.Reader]


def _share(readers: Sequence[corpus.Reader]) -> None:
    global _readers
    _readers = readers
    threadpool_limits(1)


def _pairs(readers: Sequence[corpus.Reader], count: int, seed: int) -> list[tuple[int, int, int]]:
    """Pairs of readers, each reader about as often as any other, and a guest for each."""
    rng = np.random.default_rng(seed)
    every = list(combinations(range(len(readers)), 2))
    used = np.zeros(len(readers), int)
    chosen = []
    for _ in range(count):
        order = rng.permutation(len(every))
        first, second = min((every[i] for i in order), key=lambda pair: used[pair[0]] + used[pair[1]])
        used[[first, second]] += 1
        every.remove((first, second))
        guest = int(rng.choice([r for r in range(len(readers)) if r not in {first, second}]))
        chosen.append((first, second, guest))
    return chosen


def _make(job: tuple[str, str, int, tuple[int, int, int], Path]) -> None:
    """Make one talk and write it."""
    name, setting_name, seed, (first, second, guest), folder = job
    setting, rng = SETTINGS[setting_name], np.random.default_rng(seed)
    if setting.microphones == 2:
        room, second_room = make_two_microphones(rng, setting.reverberation_seconds)
    else:
        room, second_room = make_room(rng, setting.reverberation_seconds), None
    manner = Manner(guest=setting.guest, television=0.0, snr_db=setting.snr_db)
    readers = (_readers[first], _readers[second])
    # A reader has about 11 s of speech in all: what the enrolment leaves is dealt again and again, whole or in parts.
    scene = Scene(room, TALK_SECONDS, 0.7 * ENROLMENT_SECONDS, manner, _readers[guest], second_room)
    _write(make_talk(readers, scene, rng), name, folder)


def _write(talk: Talk, name: str, folder: Path) -> None:
    soundfile.write(folder / f"{name}.flac", np.clip(talk.samples, -1, 1), SAMPLE_RATE)
    for person, samples in zip("ab", talk.enrolments, strict=True):
        count = int(ENROLMENT_SECONDS * SAMPLE_RATE)
        soundfile.write(folder / f"{name}.{person}.flac", np.clip(samples[:count], -1, 1), SAMPLE_RATE)
    lines = [
        f"SPEAKER {name} 1 {unit.start_seconds:.3f} {unit.seconds:.3f} <NA> <NA> {who} <NA> <NA>\n"
        for who, row in zip(("A", "B", "guest"), talk.labels, strict=True)
        for unit in units(row)
    ]
    (folder / f"{name}.rttm").write_text("".join(lines), encoding="utf-8")


def build(readers_folder: Path, folder: Path, share: float = 1.0, part: str = "test") -> None:
    """Make a set; `share` of its talks, for a quick look. Of `dev` readers it is a set to choose on."""
    folder.mkdir(parents=True, exist_ok=True)
    readers, seed = corpus.load(readers_folder, part), SEEDS[part]
    jobs = []
    for place, (setting_name, setting) in enumerate(SETTINGS.items()):
        count = max(2, round(share * setting.talks))
        for talk, pair in enumerate(_pairs(readers, count, seed + place)):
            jobs.append(
                (f"{setting_name.replace(' ', '-')}-{talk:02}", setting_name, seed + 1000 * place + talk, pair, folder)
            )
    with ProcessPoolExecutor(initializer=_share, initargs=(readers,)) as pool:
        list(pool.map(_make, jobs))
    facts = {
        "talks": {job[0]: job[1] for job in jobs},
        "settings": {name: asdict(replace(setting)) for name, setting in SETTINGS.items()},
        "readers": [reader.name for reader in readers],
    }
    (folder / "set.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")


def load(folder: Path) -> list[TestTalk]:
    """The talks of a set."""
    facts = json.loads((folder / "set.json").read_text(encoding="utf-8"))
    return [
        TestTalk(name, setting, folder, read_rttm(folder / f"{name}.rttm"))
        for name, setting in sorted(facts["talks"].items())
    ]


def read_rttm(path: Path) -> dict[Speaker, tuple[Segment, ...]]:
    """Units of an RTTM file; whoever is called neither `A` nor `B` is unknown."""
    speech: dict[Speaker, list[Segment]] = {speaker: [] for speaker in Speaker}
    for line in path.read_text(encoding="utf-8").splitlines():
        fields = line.split()
        if fields and fields[0] == "SPEAKER":
            start, length = float(fields[3]), float(fields[4])
            speaker = Speaker(fields[7]) if fields[7] in PEOPLE else Speaker.UNKNOWN
            speech[speaker].append(Segment(round(start * SAMPLE_RATE), round((start + length) * SAMPLE_RATE)))
    return {speaker: tuple(sorted(segments)) for speaker, segments in speech.items()}
