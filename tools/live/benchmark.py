"""Live talks measured, as a table and as JSON: `python -m tools.live.benchmark [--readers FOLDER] [--quick]`.

Simulated tables go as fast as they can where only samples are counted, and in real time where it matters how long the
machine takes; the virtual table has a real sound server. What is said at a simulated table is not held up by an output;
a real one takes some 0.1 s more to fall silent, which is told beside.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import product
from pathlib import Path

import numpy as np

from tools.bench import Figure, show
from tools.live.holding import Ears, Holding, Prompter, Rendered, rendered
from tools.live.people import DEMO, fixture
from tools.live.program import Program
from tools.live.promptness import in_time, keys, mistaken_requests, requests
from tools.live.rooms import noise, prompts, room
from tools.live.virtual_table import Lacking, VirtualTable
from voice_coach.acoustics import Floats
from voice_coach.engines.canceller import EchoCanceller
from voice_coach.engines.simulated import SimulatedTable
from voice_coach.errors import MissingPart
from voice_coach.events import (
    AudioLost,
    CueStarted,
    Input,
    Output,
    RequestHeard,
    SpokenOver,
    TurnEnded,
    UnitEnded,
)
from voice_coach.journal import read_journal
from voice_coach.segment import SAMPLE_RATE, to_samples, to_seconds

LEVELS_DB, DELAYS = (-20.0, -10.0, 0.0), (0.02, 0.15, 0.4)
"""The coach's voice in the microphone, relative to the people's, and how late it comes, s."""


def self_hearing(ears: Ears, count: int) -> Iterator[Figure]:
    """What it takes of its own voice for somebody's, nobody being there."""
    texts = prompts(ears, count)
    voice = rendered(texts)
    heard = 0
    for level, delay in product(LEVELS_DB, DELAYS):
        table = SimulatedTable(noise(6.0 * len(texts)), echo=room(delay, level, voice, texts))
        stage = Prompter(ears.pipeline(with_words=False), texts)
        with Holding(table, stage, voice=voice) as held:
            held.say_all(len(texts))
        heard += len(held.told(UnitEnded)) + len(held.told(TurnEnded)) + len(held.told(RequestHeard))
    what = f"units, turns or requests heard in its own voice, {len(texts)} prompts x 9 rooms"
    yield Figure(what, heard, "", at_most=0)


class _SpokenOver(Prompter):
    """Sentences over which somebody speaks; remembers when."""

    def __init__(self, ears: Ears, texts: list[str], voice: Rendered, samples: Floats) -> None:
        super().__init__(ears.pipeline(with_words=False), texts, pause=4 * SAMPLE_RATE)
        self._samples, self._voice, self._rng = samples, voice, np.random.default_rng(3)
        talk = fixture("enrol_a.flac"), fixture("enrol_b.flac")
        self._speech = [part for sound in talk for part in _phrases(sound)]
        self._count, self._texts_said = 0, list(texts)
        self.onsets: dict[int, int | None] = {}
        self.false = 0

    def feed(self, value: Input) -> list[Output]:
        """As a prompter, and somebody begins to speak somewhere in two of three sentences."""
        if isinstance(value, CueStarted):
            length = len(self._voice.sound_of(self._texts_said[len(self.onsets)]))
            at = None
            if len(self.onsets) > 3 and self._rng.random() < 0.67 and length > 2 * SAMPLE_RATE:
                at = value.at_sample + int(self._rng.uniform(0.3, to_seconds(length) - 0.8) * SAMPLE_RATE)
                speech = self._speech[int(self._rng.integers(len(self._speech)))]
                self._samples[at : at + len(speech)] += speech
            self.onsets[value.cue_id] = at
        elif isinstance(value, SpokenOver):
            at = self.onsets[value.cue_id]
            self.false += at is None or value.at_sample < at - to_samples(0.2)
        return super().feed(value)


def _phrases(sound: Floats) -> Iterator[Floats]:
    """Two seconds from wherever somebody begins to speak after a pause."""
    frames = np.abs(sound[: len(sound) // 320 * 320]).reshape(-1, 320).max(axis=1) > 0.02
    for place in range(15, len(frames) - 100):
        if frames[place] and not frames[place - 15 : place].any():
            yield sound[place * 320 : place * 320 + 2 * SAMPLE_RATE]


def yielding(ears: Ears, count: int) -> Iterator[Figure]:
    """How soon it falls silent when somebody speaks over it."""
    try:
        EchoCanceller()
    except MissingPart:
        return
    texts = prompts(ears, count)
    voice = rendered(texts)
    delays, false, missed = [], 0, 0
    for level, delay in product(LEVELS_DB, DELAYS):
        samples = noise(10.0 * len(texts))
        table = SimulatedTable(samples, echo=room(delay, level, voice, texts))
        stage = _SpokenOver(ears, texts, voice, samples)
        with Holding(table, stage, voice=voice, canceller=EchoCanceller()) as held:
            held.say_all(len(texts))
        false += stage.false
        for onset, played, text in zip(stage.onsets.values(), table.said, texts, strict=False):
            end = played.start_sample + len(played.samples)
            if onset is None:
                continue
            if end >= played.start_sample + len(voice.sound_of(text)):
                missed += 1
            elif end >= onset:
                delays.append(to_seconds(end - onset))
    within = float(np.mean([delay <= 0.3 for delay in delays] + [False] * missed))
    yield Figure("spoken over: sentence silent within 0.3 s", 100 * within, "%", at_least=95)
    yield Figure("   median", float(np.median(delays)), "s")
    yield Figure("   95th percentile", float(np.percentile(delays, 95)), "s")
    yield Figure("   not noticed before its end", missed, f"of {missed + len(delays)}")
    yield Figure("   silent though nobody spoke", false, f"of {9 * len(texts)}", at_most=0)


def hours(ears: Ears, length: float) -> Iterator[Figure]:
    """A talk of hours, as fast as it goes, without words."""
    talk = np.tile(fixture("talk.flac"), int(np.ceil(3600 * length / 270)))[: to_samples(3600 * length)]
    table = SimulatedTable(talk)
    spent = time.process_time()
    with Holding(table, Prompter(ears.pipeline(with_words=False))) as held:
        held.reach(to_samples(600.0))
        before = _resident_megabytes()
        held.reach(len(talk))
        grown, spent = _resident_megabytes() - before, time.process_time() - spent
        missing = table.position - held.blocks - held.lost
    yield Figure(f"audio lost in {length:g} h", max(0, missing - to_samples(0.1)) + held.lost, "samples", 0)
    yield Figure(f"memory grown over {length:g} h", grown, "MB", 20)
    yield Figure("processor without words, share of one core", 100 * spent / to_seconds(len(talk)), "%", 6)


def _resident_megabytes() -> float:
    with suppress(OSError):
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def hogged(seconds: float) -> Iterator[Figure]:
    """A real sound server, while other programs want every core."""
    with tempfile.TemporaryDirectory(prefix="vt") as name:
        home = Path(name)
        try:
            table = VirtualTable(home / "pa")
        except Lacking as reason:
            sys.stderr.write(f"no virtual table: {reason}\n")
            return
        with table:
            for person, which in (("Maya", "a"), ("Daniel", "b")):
                with Program(table, "enroll", person, str(DEMO / f"enrol_{which}.flac"), home=home) as enrolling:
                    enrolling.end()
            arguments = (
                "talk",
                "Maya",
                "Daniel",
                "--saved-voices",
                "--mute",
                "--words",
                "off",
                "--out",
                str(home / "out"),
            )
            with Program(table, *arguments, home=home) as program:
                program.wait_for("Listening.", 60)
                table.say(fixture("talk.flac"))
                hogs = [
                    subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count() or 1)
                ]
                time.sleep(seconds)
                for hog in hogs:
                    hog.kill()
                    hog.wait()
                program.press("q")
                program.end(120)
        events = read_journal(home / "out").events
        lost = sum(event.segment.samples for event in events if isinstance(event, AudioLost))
        yield Figure("audio lost under a hog on every core", 100 * to_seconds(lost) / seconds, "%", 0.1)


def main() -> int:
    """Print the table and write the JSON; 1 if a figure misses its limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    where = "where the figures go as JSON (default: %(default)s)"
    parser.add_argument("--json", type=Path, default=Path("bench-live.json"), metavar="FILE", help=where)
    parser.add_argument("--readers", type=Path, metavar="FOLDER", help="people reading, as FLAC files: no requests")
    parser.add_argument("--quick", action="store_true", help="a tenth of everything")
    parser.add_argument("--only", metavar="PART", help="one part: its name is that of its function")
    chosen = parser.parse_args()
    ears, quick = Ears(), chosen.quick
    parts: dict[str, Callable[[], Iterator[Figure]]] = {
        "self_hearing": lambda: self_hearing(ears, 20 if quick else 200),
        "yielding": lambda: yielding(ears, 10 if quick else 60),
        "requests": lambda: requests(ears, 1 if quick else 5),
        "keys": lambda: keys(ears, 10 if quick else 40),
        "mistaken_requests": lambda: mistaken_requests(ears, chosen.readers),
        "in_time": lambda: in_time(ears),
        "hours": lambda: hours(ears, 0.3 if quick else 3.0),
        "hogged": lambda: hogged(20 if quick else 120),
    }
    wanted = [chosen.only] if chosen.only else list(parts)
    return show((figure for part in wanted for figure in parts[part]()), chosen.json)


if __name__ == "__main__":
    sys.exit(main())
