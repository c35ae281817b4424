"""How well hearing works on people it never heard: `python -m tools.hearing.benchmark READERS [--folder FOLDER]`.

Builds the test set of `testset` (or uses the one in FOLDER), puts every talk through the hearing of the product, live
and a second time, and prints its scores with their bootstrap intervals over talks; then what each part of it is worth
(`--ablations`), and where the time goes. `--rttm NAME=FOLDER` scores the RTTM files of any other system beside it, one
for each talk and called like it; their speakers, whatever their names, are matched to the two people as suits them
best. `tools.hearing.peers` makes such files with a system that comes from the package registries.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

from tools.hearing import stages, testset
from tools.hearing.scores import (
    Heard,
    Rate,
    TalkScore,
    calibration_error,
    error,
    ratio,
    score,
    summed,
    with_interval,
)
from tools.hearing.ways import ABLATIONS, LIVE, SECOND, Way, hear
from voice_coach.events import Speaker
from voice_coach.segment import Segment

Settings = Mapping[str, tuple[list[TalkScore], list[float]]]
"""Scores and costs of talks by setting."""
LIMITED = "usual"
"""The setting in which limits hold."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table: what it tells, how it is made, and the limit it is held to in the usual rooms."""

    name: str
    rate: Rate
    limit: float | None = None
    higher: bool = False
    second_limit: float | None = None
    """Of the second hearing, where it is another."""


ROWS = (
    Row("DER, collar 0.25 s, %", error("collar"), 3.5, second_limit=2.0),
    Row("   missed", lambda sums: 100 * sums["collar missed detection"] / sums["collar total"]),
    Row("   false", lambda sums: 100 * sums["collar false alarm"] / sums["collar total"]),
    Row("   confused", lambda sums: 100 * sums["collar confusion"] / sums["collar total"]),
    Row("DER, no collar, %", error("bare"), 8.0, second_limit=6.0),
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


def _score_ours(job: tuple[testset.TestTalk, Way]) -> dict[str, tuple[TalkScore, float]]:
    talk, way = job
    return {
        hearing: (score(talk.speech, heard, testset.TALK_SECONDS), cost)
        for hearing, (heard, cost) in hear(talk, way).items()
    }


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


def ours(talks: Sequence[testset.TestTalk], way: Way) -> dict[str, Settings]:
    """Scores of our own hearing, live and the second time."""
    with ProcessPoolExecutor(initializer=_limit_threads) as pool:
        done = list(pool.map(_score_ours, [(talk, way) for talk in talks]))
    hearings = dict.fromkeys(hearing for scores in done for hearing in scores)
    return {
        hearing: _by_setting(talks, (scores.get(hearing, next(iter(scores.values()))) for scores in done))
        for hearing in hearings
    }


def theirs(talks: Sequence[testset.TestTalk], folder: Path) -> Settings:
    """Scores of another system's RTTM files, of the talks it has answered."""
    talks = [talk for talk in talks if (folder / f"{talk.name}.rttm").is_file()]
    with ProcessPoolExecutor(initializer=_limit_threads) as pool:
        return _by_setting(talks, pool.map(_score_theirs, [(talk, folder) for talk in talks]))


def _by_setting(talks: Sequence[testset.TestTalk], done: Iterable[tuple[TalkScore, float]]) -> Settings:
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
        return not math.isnan(row.rate(summed(scores)))
    except KeyError:
        return False


def show(name: str, settings: Settings, console: Console, *, second: bool = False) -> dict[str, object]:
    """Print a table, a column a setting; returns its figures."""
    every = {setting: figures(*found) for setting, found in settings.items()}
    table = Table(title=name)
    table.add_column("")
    table.add_column("limit", justify="right")
    for setting, (scores, _) in settings.items():
        table.add_column(f"{setting} ({len(scores)})", justify="right")
    limits = {row.name: row for row in (*ROWS, *GUEST_ROWS)}
    for line in dict.fromkeys(line for column in every.values() for line in column):
        table.add_row(
            line, _limit(limits.get(line), second=second), *(_cell(column.get(line)) for column in every.values())
        )
    console.print(table)
    return {setting: {line: list(value) for line, value in column.items()} for setting, column in every.items()}


def show_ablations(told: Mapping[str, Settings], console: Console) -> dict[str, object]:
    """Print what is left of some figures without one part of hearing, in the rooms in which limits hold."""
    table = Table(title=f"live, {LIMITED} rooms, with one thing left out")
    shown = [row for row in ROWS if row.limit is not None]
    table.add_column("")
    for row in shown:
        table.add_column(row.name, justify="right")
    made: dict[str, object] = {}
    for name, settings in told.items():
        sums = summed(settings[LIMITED][0])
        values = {row.name: row.rate(sums) for row in shown}
        table.add_row(name, *(f"{value:.3g}" for value in values.values()))
        made[name] = values
    console.print(table)
    return made


def _limit(row: Row | None, *, second: bool) -> str:
    if row is None or row.limit is None:
        return ""
    limit = row.second_limit if second and row.second_limit is not None else row.limit
    return f"{'≥' if row.higher else '≤'} {limit:g}"


def _cell(value: tuple[float, float, float] | None) -> str:
    if value is None:
        return ""
    middle, low, high = value
    return f"{middle:.3g}" if math.isnan(low) else f"{middle:.3g} ({low:.3g} to {high:.3g})"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("readers", type=Path, help="folder of SPEAKER-CHAPTER-UTTERANCE.flac files")
    parser.add_argument("--folder", type=Path, help="where the test set lies, or is to lie")
    parser.add_argument("--share", type=float, default=1.0, help="share of the talks, for a quick look")
    parser.add_argument("--ablations", action="store_true", help="also leave out one part after the other")
    parser.add_argument("--rttm", action="append", default=[], metavar="NAME=FOLDER", help="another system's answers")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    return parser


def main() -> int:
    """Command line."""
    chosen, console = _parser().parse_args(), Console()
    with tempfile.TemporaryDirectory() as temporary:
        folder = chosen.folder or Path(temporary)
        if not (folder / "set.json").is_file():
            testset.build(chosen.readers, folder, chosen.share)
        talks = testset.load(folder)
        heard = ours(talks, Way())
        titles = {LIVE: "voice_coach, while the talk goes on", SECOND: "voice_coach, heard again after the talk"}
        told = {
            titles[hearing]: show(titles[hearing], settings, console, second=hearing == SECOND)
            for hearing, settings in heard.items()
        }
        for entry in chosen.rttm:
            name, _, answers = entry.partition("=")
            told[name] = show(name, theirs(talks, Path(answers)), console)
        if chosen.ablations:
            usual = [talk for talk in talks if talk.setting == LIMITED]
            without = {name: ours(usual, way)[LIVE] for name, way in ABLATIONS.items()}
            told["ablations"] = show_ablations({"everything": heard[LIVE], **without}, console)
        told["stages"] = stages.show(next(talk for talk in talks if talk.setting == LIMITED), console)
    if chosen.json:
        chosen.json.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
