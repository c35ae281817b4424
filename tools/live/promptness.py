"""How soon a live talk answers: requests, keys, who speaks, words. In real time, but for what is obeyed by mistake."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from tools.bench import Figure
from tools.live.holding import Ears, Happened, Holding, Prompter
from tools.live.people import DEMO, fixture, said
from tools.live.rooms import noise
from voice_coach.engines.choosing import with_expectations
from voice_coach.engines.moonshine import MoonshineTranscriber
from voice_coach.engines.simulated import SimulatedTable
from voice_coach.events import Output, Request, RequestHeard, Speaker, SpeakingChanged, WordsHeard
from voice_coach.ports import Transcriber
from voice_coach.segment import SAMPLE_RATE, to_samples, to_seconds

REQUESTS = {
    "coach, how are we doing": Request.STANDING,
    "coach, slower please": Request.SLOWER,
    "coach, softer": Request.SOFTER,
    "coach, skip that": Request.SKIP,
    "coach, pause": Request.PAUSE,
    "coach, time-out": Request.TIME_OUT,
    "coach, let's close": Request.CLOSE,
    "coach, go on": Request.GO_ON,
    "coach, stop": Request.STOP,
}


def transcriber(ears: Ears) -> Transcriber:
    """The words engine that needs no download, and the sentences it expects."""
    return with_expectations(MoonshineTranscriber(), ears.lexicon.expected_sentences)


def requests(ears: Ears, rounds: int) -> Iterator[Figure]:
    """How soon requests are obeyed, in real time."""
    delays, asked = [], 0
    for round_, name in product(range(rounds), ("Maya", "Daniel")):
        samples = noise(120.0, seed=round_)
        table = SimulatedTable(samples, speed=1.0)
        stage = Prompter(ears.pipeline(with_words=True))
        with Holding(table, stage, transcriber=transcriber(ears), lockstep=False) as held:
            for text, request in REQUESTS.items():
                sound = np.trim_zeros(said(name, text))
                begin = table.position + SAMPLE_RATE
                samples[begin : begin + len(sound)] += sound
                end, asked = begin + len(sound), asked + 1
                held.reach(end + 3 * SAMPLE_RATE)
                found = [h.at for h in held.told(RequestHeard) if h.at > begin and _asks(h.output, request)]
                delays += [to_seconds(found[0] - end)] if found else []
                if request in {Request.PAUSE, Request.TIME_OUT}:
                    held.talk.press(Request.GO_ON)
    yield Figure("spoken requests obeyed within 1.5 s of their last sound",
                 100 * sum(delay <= 1.5 for delay in delays) / asked, "%", at_least=95)  # fmt: skip
    yield Figure("   not understood", asked - len(delays), f"of {asked}")
    yield Figure("   95th percentile", float(np.percentile(delays, 95)), "s")


def keys(ears: Ears, count: int) -> Iterator[Figure]:
    """How soon it is deaf when a key is pressed, in real time."""
    table = SimulatedTable(noise(1.0), speed=1.0)
    delays = []
    with Holding(table, Prompter(ears.pipeline(with_words=False)), lockstep=False) as held:
        for number in range(count):
            held.reach((number + 1) * SAMPLE_RATE // 2)
            began = time.perf_counter()
            held.talk.press(Request.PAUSE)  # returns when the microphone drops what comes
            delays.append(1000 * (time.perf_counter() - began))
            held.talk.press(Request.GO_ON)
    yield Figure("a key for a pause: deaf after", max(delays), "ms", at_most=50)


def _asks(output: Output, request: Request) -> bool:
    return isinstance(output, RequestHeard) and output.request is request


def mistaken_requests(ears: Ears, readers: Path | None) -> Iterator[Figure]:
    """What is obeyed though nobody asked: in the fixture talks, and in what people read, if any do."""
    talks = [soundfile.read(path, dtype="float32")[0] for path in sorted(DEMO.parent.glob("*/talk.flac"))]
    read = (
        [] if readers is None else [soundfile.read(path, dtype="float32")[0] for path in sorted(readers.glob("*.flac"))]
    )
    engine, mistaken, seconds = transcriber(ears), 0, 0.0
    for talk in (*talks, *read):
        samples = np.asarray(talk, np.float32)
        table = SimulatedTable(samples)
        with Holding(table, Prompter(ears.pipeline(with_words=True)), transcriber=engine) as held:
            held.reach(len(samples))
        mistaken += len(held.told(RequestHeard))
        seconds += to_seconds(len(samples))
    yield Figure("requests obeyed by mistake", mistaken, f"in {seconds / 60:.0f} min", at_most=0)


def in_time(ears: Ears) -> Iterator[Figure]:
    """The demo talk in real time, with words."""
    talk = fixture("talk.flac")
    table = SimulatedTable(talk, speed=1.0)
    began, spent = time.monotonic(), time.process_time()
    with Holding(
        table, Prompter(ears.pipeline(with_words=True)), transcriber=transcriber(ears), lockstep=False
    ) as held:
        held.reach(len(talk) + 4 * SAMPLE_RATE)
        spent, lasted = time.process_time() - spent, time.monotonic() - began
    told, turns = held.told(SpeakingChanged), json.loads((DEMO / "truth.json").read_text())["turns"]
    ends, named = told_of_turns(told, turns)
    written = [(h.at, h.output.utterance.segment) for h in held.told(WordsHeard)]  # type: ignore[union-attr]
    words = [to_seconds(at - segment.end) for at, segment in written if segment.seconds <= 4.0]
    silences = sum(not h.output.speakers for h in told)  # type: ignore[union-attr]
    for what, waits, at_most in (("end of a turn told after its last sound", ends, 0.6),
                                 ("speaker named after the first sound", named, 1.2)):  # fmt: skip
        yield Figure(f"{what}, 90th percentile", float(np.percentile(waits, 90, method="higher")), "s", at_most)
    yield Figure("   told that nobody speaks, pauses within a turn included", silences, f"times in {len(turns)} turns")
    yield Figure("words after the end of an utterance of at most 4 s, 95th percentile",
                 float(np.percentile(words, 95)), "s", 1.5)  # fmt: skip
    behind = max(to_seconds(at - segment.end) for at, segment in written)
    yield Figure("   after the end of any utterance, at the most", behind, "s", 5.0)
    yield Figure("processor with words by moonshine, share of one core", 100 * spent / lasted, "%", 40)


def told_of_turns(told: Iterable[Happened], turns: Iterable[Mapping[str, Any]]) -> tuple[list[float], list[float]]:
    """How long after its true end each turn was told to be over, and after its true beginning whose it is, s.

    0 where a pause before a last word had told it already, infinite where it never was.
    """
    told = list(told)
    ends, named = [], []
    for turn in turns:
        speaker = Speaker(turn["speaker"])
        begin, end = to_samples(turn["start_seconds"]), to_samples(turn["end_seconds"])
        speaks = [(happened.at, speaker in happened.output.speakers) for happened in told]  # type: ignore[union-attr]
        named.append(next((to_seconds(at - begin) for at, so in speaks if so and at >= begin), np.inf))
        before = [so for at, so in speaks if at < end]
        over = (to_seconds(at - end) for at, so in speaks if not so and at >= end)
        ends.append(next(over, np.inf) if before and before[-1] else 0.0)
    return ends, named
