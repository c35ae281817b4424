"""How well hearing works on people it never heard: `python -m tools.hearing.benchmark READERS [--folder FOLDER]`.

Builds the test set of `testset` (or uses the one in FOLDER), puts every talk through the streaming hearing of the
product, and prints its scores. `--rttm NAME=FOLDER` scores the RTTM files of any other system beside it, one for each
talk and called like it; their speakers, whatever their names, are matched to the two people as suits them best.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

from tools.hearing import testset
from tools.hearing.scores import Heard, Rate, TalkScore, calibration_error, error, ratio, score, with_interval
from voice_coach.engines.enrolment import enrol_recording
from voice_coach.engines.recording import Recording
from voice_coach.engines.silero import SileroDetector
from voice_coach.engines.speakers import SpeakerNetwork, load_background
from voice_coach.engines.voiceprint import pair_voices
from voice_coach.events import PEOPLE, InterPausalUnit, OverlapHeard, Speaker
from voice_coach.framing import Framer
from voice_coach.hearing import Hearing, HearingOptions
from voice_coach.segment import Segment
from voice_coach.turns import TurnOptions, TurnTracker


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table: what it tells, how it is made, and the limit it is held to in the usual rooms."""

    name: str
    rate: Rate
    limit: float | None = None
    higher: bool = False


ROWS = (
    Row("DER, collar 0.25 s, %", error("collar"), 3.5),
    Row("   missed", lambda sums: 100 * sums["collar missed detection"] / sums["collar total"]),
    Row("   false", lambda sums: 100 * sums["collar false alarm"] / sums["collar total"]),
    Row("   confused", lambda sums: 100 * sums["collar confusion"] / sums["collar total"]),
    Row("DER, no collar, %", error("bare"), 8.0),
    Row("overlap precision, frames", ratio("overlap right", "overlap heard"), 0.88, higher=True),
    Row("overlap recall, frames", ratio("overlap right", "overlap true"), 0.70, higher=True),
    Row("interruptions precision", ratio("interruption right", "interruption heard"), 0.90, higher=True),
    Row("interruptions recall", ratio("interruption right", "interruption true"), 0.75, higher=True),
    Row("backchannels precision", ratio("backchannel right", "backchannel heard")),
    Row("backchannels recall", ratio("backchannel right", "backchannel true")),
    Row("backchannels taken for interruptions", ratio("backchannel as interruption", "backchannel true"), 0.01),
    Row("turn edges taken for interruptions", ratio("turn_edge as interruption", "turn_edge true"), 0.0),
    Row("expected calibration error", calibration_error, 0.05),
)
GUEST_ROWS = (
    Row("guest called unknown, of the guest's time", ratio("guest unknown", "guest"), 0.85, higher=True),
    Row("guest charged to one of the two", ratio("guest charged", "guest")),
)


def hear(talk: testset.TestTalk, options: HearingOptions | None = None) -> tuple[Heard, float]:
    """A talk through the product's streaming hearing; also the processor seconds it took for each second of audio."""
    background = load_background()
    enrolments = [enrol_recording(talk.enrolment(person)) for person in PEOPLE]
    pair = pair_voices(enrolments[0], enrolments[1], background)
    hearing = Hearing(SileroDetector(), SpeakerNetwork(pair, background), options or HearingOptions())
    turns, framer = TurnTracker(TurnOptions()), Framer()
    recording = Recording(talk.audio)
    blocks = list(recording.blocks(recording.survey().gain))
    units: list[InterPausalUnit] = []
    events = []
    began = time.process_time()

    def take(hops: Sequence[np.ndarray] | object) -> None:
        for hop in hops:  # type: ignore[attr-defined]
            ended = [heard for heard in hearing.process(hop) if isinstance(heard, InterPausalUnit)]
            units.extend(ended)
            events.extend(turns.process(ended, hearing.open_units, hearing.decided_sample))

    for block in blocks:
        take(framer.process(block))
    take(framer.finish(hearing.delay_samples))
    last = [heard for heard in hearing.finish() if isinstance(heard, InterPausalUnit)]
    units.extend(last)
    events.extend(turns.process(last, (), hearing.decided_sample))
    events.extend(turns.finish())
    cost = (time.process_time() - began) / testset.TALK_SECONDS
    speech: dict[Speaker, tuple[Segment, ...]] = {
        speaker: tuple(unit.segment for unit in units if unit.speaker is speaker) for speaker in Speaker
    }
    overlaps = tuple(event.overlap for event in events if isinstance(event, OverlapHeard))
    return Heard(speech, overlaps, tuple(units)), cost


def _score_ours(talk: testset.TestTalk) -> tuple[TalkScore, float]:
    heard, cost = hear(talk)
    return score(talk.speech, heard, testset.TALK_SECONDS), cost


def _score_theirs(job: tuple[testset.TestTalk, Path]) -> tuple[TalkScore, float]:
    """The best of all ways to call the speakers of an RTTM file A and B; a third is unknown."""
    talk, folder = job
    path = folder / f"{talk.name}.rttm"
    fields = [line.split() for line in path.read_text(encoding="utf-8").splitlines()]
    names = sorted({field[7] for field in fields if field and field[0] == "SPEAKER"})
    found = []
    for first, second in permutations([*names, None, None], 2):
        called = {first: Speaker.A, second: Speaker.B}
        speech: dict[Speaker, list[Segment]] = {speaker: [] for speaker in Speaker}
        for field in fields:
            start, length = float(field[3]), float(field[4])
            segment = Segment(round(start * 16_000), round((start + length) * 16_000))
            speech[called.get(field[7], Speaker.UNKNOWN)].append(segment)
        found.append(score(talk.speech, Heard(speech), testset.TALK_SECONDS))
    return min(found, key=lambda talk_score: error("collar")(talk_score.counts)), math.nan


def _limit_threads() -> None:
    threadpool_limits(1)


def results(
    talks: Sequence[testset.TestTalk], rttm: Path | None = None
) -> dict[str, tuple[list[TalkScore], list[float]]]:
    """Scores and costs by setting."""
    with ProcessPoolExecutor(initializer=_limit_threads) as pool:
        if rttm is None:
            done = list(pool.map(_score_ours, talks))
        else:
            done = list(pool.map(_score_theirs, [(talk, rttm) for talk in talks]))
    settings: dict[str, tuple[list[TalkScore], list[float]]] = {}
    for talk, (talk_score, cost) in zip(talks, done, strict=True):
        scores, costs = settings.setdefault(talk.setting, ([], []))
        scores.append(talk_score)
        costs.append(cost)
    return settings


def figures(scores: Sequence[TalkScore], costs: Sequence[float]) -> dict[str, tuple[float, float, float]]:
    """All figures of a setting, each with its interval."""
    made = {row.name: with_interval(scores, row.rate) for row in (*ROWS, *GUEST_ROWS) if _has(scores, row)}
    shares = [talk.counts["share error"] for talk in scores]
    made["talk-share error, mean, points"] = (float(np.mean(shares)), math.nan, math.nan)
    made["talk-share error, worst, points"] = (float(np.max(shares)), math.nan, math.nan)
    changes = np.array([value for talk in scores for value in talk.change_errors_seconds])
    found = changes[np.isfinite(changes)]
    made["change of speaker: found within 1 s"] = (len(found) / max(1, len(changes)), math.nan, math.nan)
    made["change of speaker: median error, ms"] = (float(1000 * np.median(found)), math.nan, math.nan)
    if not math.isnan(costs[0]):
        made["CPU, ms per s of audio"] = (float(1000 * np.mean(costs)), math.nan, math.nan)
    return made


def _has(scores: Sequence[TalkScore], row: Row) -> bool:
    try:
        return not math.isnan(row.rate(_sums(scores)))
    except KeyError:
        return False


def _sums(scores: Sequence[TalkScore]) -> Mapping[str, float]:
    from tools.hearing.scores import summed  # noqa: PLC0415

    return summed(scores)


def show(name: str, settings: Mapping[str, tuple[list[TalkScore], list[float]]], console: Console) -> dict[str, object]:
    """Print a table, a column a setting; returns its figures."""
    every = {setting: figures(*found) for setting, found in settings.items()}
    table = Table(title=name)
    table.add_column("")
    for setting, (scores, _) in settings.items():
        table.add_column(f"{setting} ({len(scores)})", justify="right")
    lines = list(dict.fromkeys(line for column in every.values() for line in column))
    for line in lines:
        table.add_row(line, *(_cell(column.get(line)) for column in every.values()))
    console.print(table)
    return {setting: {line: list(value) for line, value in column.items()} for setting, column in every.items()}


def _cell(value: tuple[float, float, float] | None) -> str:
    if value is None:
        return ""
    middle, low, high = value
    return f"{middle:.3g}" if math.isnan(low) else f"{middle:.3g} ({low:.3g} to {high:.3g})"


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("readers", type=Path, help="folder of SPEAKER-CHAPTER-UTTERANCE.flac files")
    parser.add_argument("--folder", type=Path, help="where the test set lies, or is to lie")
    parser.add_argument("--share", type=float, default=1.0, help="share of the talks, for a quick look")
    parser.add_argument("--rttm", action="append", default=[], metavar="NAME=FOLDER", help="another system's answers")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = chosen.folder or Path(temporary)
        if not (folder / "set.json").is_file():
            testset.build(chosen.readers, folder, chosen.share)
        talks, console = testset.load(folder), Console()
        told = {"voice_coach, streaming": show("voice_coach, streaming", results(talks), console)}
        for entry in chosen.rttm:
            name, _, theirs = entry.partition("=")
            told[name] = show(name, results(talks, Path(theirs)), console)
    if chosen.json:
        chosen.json.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
