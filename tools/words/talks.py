"""The fixture talks, said again and heard from other seats, cut into utterances as the program cuts them.

Sentences one by one are not what the program hands to an engine: that is up to twenty seconds of one person, pauses and
the other's words of listening and the room's echo of all of it included, or half a second in the midst of the other's
talk. So the scripts are staged again with other paces, pauses and levels, in rooms like the talks' own, but never in
theirs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context

import numpy as np

from tools.fixtures.build import tracks_of
from tools.fixtures.flite import Manner
from tools.fixtures.reading import names, read
from tools.fixtures.room import Room
from tools.fixtures.script import Script
from tools.fixtures.speech import Floats, Spoken, SpokenWord, union
from tools.fixtures.staging import Scene, Stage
from tools.words.material import MelPower, Read, TimedWord
from tools.words.reader import PAUSE, Phone, Reader
from tools.words.text import ENDS, bare
from voice_coach.events import PEOPLE, Speaker
from voice_coach.segment import SAMPLE_RATE, Segment, to_samples

ROOMS = {"backchannels": 4, "monologue": 4, "demo": 3, "calm": 2, "heated": 1}
"""In how many rooms each talk is heard each time that it is staged: the harder, the more."""
_LOUDNESS = 0.043
_PAUSE = to_samples(0.2)
_CONTEXT = to_samples(1.5)
_SHORTEST, _SHORT, _LONGEST = to_samples(0.3), to_samples(1.5), to_samples(20.0)
_BESIDE_SHARE = 0.8


@dataclass(frozen=True, slots=True)
class PhonedWord(SpokenWord):
    """A word with its sounds, whose ends are seconds from its start."""

    phones: tuple[Phone, ...]

    def moved(self, samples: int) -> PhonedWord:
        """The same word later."""
        return replace(self, segment=Segment(self.segment.start + samples, self.segment.end + samples))


class PhonedReader(Reader):
    """flite, whose words know their sounds."""

    def say(self, voice: str, text: str, manner: Manner) -> Spoken:
        """As flite says it."""
        return self._phoned(super().say(voice, text, manner))

    def utter(self, voice: str, word: str, phones: str, manner: Manner) -> Spoken:
        """As flite utters it."""
        return self._phoned(super().utter(voice, word, phones, manner))

    def _phoned(self, spoken: Spoken) -> Spoken:
        words = []
        for word in spoken.words:
            start, end = word.segment.start / SAMPLE_RATE, word.segment.end / SAMPLE_RATE
            inside = [phone for phone in self._phones if start + 1e-3 < phone.end_seconds < end + 1e-3]
            phones = tuple(Phone(phone.name, phone.end_seconds - start) for phone in inside)
            words.append(PhonedWord(word.text, word.segment, phones))
        return replace(spoken, words=tuple(words))


def hear_talks(times: int, seed: int, spelled: Mapping[str, str], processes: int = 2) -> list[Read]:
    """The talks' utterances, staged so many times; the same seed gives the same. `spelled` holds the vocabulary."""
    part = partial(_staged, spelled=spelled)
    with get_context("fork").Pool(processes) as pool:
        return [read for reads in pool.imap(part, range(seed, seed + times)) for read in reads]


def _staged(seed: int, *, spelled: Mapping[str, str]) -> list[Read]:
    reader, mel, rng = PhonedReader(), MelPower(), np.random.default_rng(seed)
    reads: list[Read] = []
    for name in names():
        script = read(name)
        if not script.lines:
            continue
        scene = Stage(_varied(script, f"{name} words {seed}", rng), reader).scene()
        tracks = tracks_of(scene)
        for number in range(ROOMS[name]):
            plan = _varied(script, f"{name} words {seed} {number}", rng)
            heard = Room(plan.name, plan.room, dict(plan.people)).heard(tracks, f"{plan.name} talk")
            reads += _utterances(scene, heard, mel, spelled, rng)
    return reads


def _varied(script: Script, name: str, rng: np.random.Generator) -> Script:
    """The same talk by people who talk a little faster or slower, elsewhere at the table, in another room."""
    people = {
        speaker: replace(
            person,
            distance_metres=person.distance_metres * rng.uniform(0.85, 1.15),
            level_db=person.level_db + rng.normal(0, 1),
            rate=person.rate * rng.uniform(0.96, 1.04),
        )
        for speaker, person in script.people.items()
    }
    width, depth, height = (float(metres * rng.uniform(0.92, 1.08)) for metres in script.room.size_metres)
    seconds = float(script.room.reverberation_seconds * rng.uniform(0.85, 1.12))
    room = replace(script.room, size_metres=(width, depth, height), reverberation_seconds=seconds)
    return replace(script, name=name, people=people, room=room)


def _utterances(
    scene: Scene, heard: Floats, mel: MelPower, spelled: Mapping[str, str], rng: np.random.Generator
) -> Iterator[Read]:
    """What the program would have written down, about: its cuts are never quite the same."""
    words = [word.segment for one in scene.contributions if not one.laughing for word in one.words]
    usual = np.median([np.sqrt(np.mean(heard[word.start : word.end] ** 2)) for word in words])
    heard = heard * np.float32(_LOUDNESS * rng.uniform(0.75, 1.3) / usual)
    power = mel(heard)
    for speaker in PEOPLE:
        for cut in _cuts(scene, speaker, rng):
            found = _said(scene, speaker, cut, spelled)
            if found is not None:
                yield _read(power, cut, *found)


def _cuts(scene: Scene, speaker: Speaker, rng: np.random.Generator) -> Iterator[Segment]:
    """Stretches with one person's speech, joined over pauses as in `voice_coach.transcription`."""
    own, other = (_sounds(scene, person) for person in (speaker, speaker.other))
    longest = _LONGEST if rng.random() < 0.6 else to_samples(float(rng.uniform(5, 20)))
    joined = to_samples(float(rng.uniform(0.55, 0.85)))
    drafts: list[tuple[Segment, bool]] = []
    for sound in own:
        joins = bool(drafts) and sound.start - drafts[-1][0].end <= joined
        if joins and sound.end - drafts[-1][0].start <= longest:
            drafts[-1] = (Segment(drafts[-1][0].start, sound.end), drafts[-1][1])
        else:
            drafts.append((sound, joins))
    for draft, continues in drafts:
        beside = sum(draft.overlap(sound) for sound in other)
        if draft.samples < _SHORTEST or (draft.samples < _SHORT and beside > _BESIDE_SHARE * draft.samples):
            continue
        before = _CONTEXT if continues else to_samples(float(rng.uniform(-0.03, 0.2)))
        after = to_samples(float(rng.uniform(0.05, 0.4)))
        yield Segment(max(0, draft.start - before), min(scene.samples, draft.end + after))


def _sounds(scene: Scene, speaker: Speaker) -> tuple[Segment, ...]:
    said = [one for one in scene.contributions if one.speaker is speaker and not one.laughing]
    return union([sound for one in said for sound in one.sounds], _PAUSE)


def _said(
    scene: Scene, speaker: Speaker, cut: Segment, spelled: Mapping[str, str]
) -> tuple[tuple[TimedWord, ...], tuple[Phone, ...]] | None:
    """What one person says in a stretch, on its clock; `None` if that is nothing."""
    said = [one for one in scene.contributions if one.speaker is speaker and not one.laughing]
    words = sorted((word for one in said for word in one.words), key=lambda word: word.segment)
    inside = [word for word in words if cut.start <= (word.segment.start + word.segment.end) // 2 < cut.end]
    if not inside:
        return None
    timed: list[TimedWord] = []
    phones: list[Phone] = []
    for word in inside:
        start, end = (max(0, at - cut.start) / SAMPLE_RATE for at in (word.segment.start, word.segment.end))
        mark = word.text[-1] if word.text[-1] in ENDS else ""
        mark = mark or ("." if word is inside[-1] else "")
        timed.append(TimedWord(spelled[bare(word.text).lower()], start, end, mark))
        if isinstance(word, PhonedWord):
            phones.append(Phone(PAUSE, start))
            phones += [Phone(phone.name, start + phone.end_seconds) for phone in word.phones]
    return tuple(timed), tuple(phones)


def _read(power: np.ndarray, cut: Segment, words: tuple[TimedWord, ...], phones: tuple[Phone, ...]) -> Read:
    first, last = cut.start // 160, cut.end // 160
    log_power = np.log10(np.maximum(power[:, first:last], 1e-10)).astype(np.float16)
    return Read(None, log_power, words, phones)
