"""Speed, memory and accuracy, as a table and as JSON: `python -m tools.bench [--json FILE] [--quick]`.

Speed is processor time for each second of audio, of whole processes pinned to one core. Absolute times depend on the
machine and on what else it does, so each run is told as a multiple of a fixed piece of numpy work, too.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean

import av
import msgspec
import numpy as np
from rich.console import Console
from rich.table import Table

from tools import lens, scoring
from voice_coach.engines.recording import Recording
from voice_coach.events import PhraseKind
from voice_coach.figures import Report

FIXTURES = Path(__file__).parent.parent / "audio_fixtures"
DEMO = FIXTURES / "demo"
SILENT_TALKS = ("calm", "backchannels", "noise")
CUED_TALKS = ("heated", "monologue")


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table; `passed` is `None` for what is only told."""

    what: str
    value: float
    unit: str
    at_most: float | None = None
    at_least: float | None = None

    @property
    def passed(self) -> bool | None:
        """Whether the figure keeps its limit."""
        if self.at_most is not None:
            return self.value <= self.at_most
        return None if self.at_least is None else self.value >= self.at_least


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process took: processor seconds, and its peak of memory in MB."""

    processor_seconds: float
    peak_megabytes: float


def _speakers(folder: Path) -> list[str]:
    names = scoring.Truth.load(folder).names
    return [f"--speaker={name}={folder / f'enrol_{who}.flac'}" for name, who in zip(names, "ab", strict=True)]


def _measured(command: list[str]) -> Cost:
    """Run a command on one core, and ask the system what it took."""
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(child.pid, {min(os.sched_getaffinity(0))})
    _, status, usage = os.wait4(child.pid, 0)
    if status != 0:
        raise SystemExit(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / (1024 if sys.platform == "linux" else 1024**2))


def _analyze(audio: Path, speakers: list[str], words: str, folder: Path) -> list[str]:
    program = [sys.executable, "-m", "voice_coach", "analyze", str(audio), *speakers]
    return [*program, "--words", words, "--out", str(folder), "--quiet"]


def _unit_of_work() -> float:
    """Processor seconds of a fixed piece of numpy work: the machine's own measure."""
    values = np.random.default_rng(0).standard_normal((300, 300))
    began = time.process_time()
    for _ in range(60):
        np.linalg.svd(values, compute_uv=False)
    return time.process_time() - began


def _long_talk(path: Path, seconds: float) -> None:
    """The demo talk again and again, as a FLAC file, written a packet at a time."""
    pieces = [block.samples for block in Recording(DEMO / "talk.flac").blocks()]
    left = int(seconds * 16_000)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("flac", rate=16_000, layout="mono")
        while left > 0:
            for piece in pieces:
                part = (piece[:left] * 32767).astype(np.int16)
                if len(part):
                    frame = av.AudioFrame.from_ndarray(part[None], format="s16", layout="mono")
                    frame.sample_rate = 16_000
                    container.mux(stream.encode(frame))
                left -= len(part)
        container.mux(stream.encode(None))


def _start_seconds() -> float:
    """From the start of a process to the first block that has gone through the pipeline, without words; the median."""
    program = f"""
import sys, time
from pathlib import Path
from voice_coach import commands, resources, session
from voice_coach.config import load_settings
from voice_coach.engines.recording import Recording
from voice_coach.lexicon import load_lexicon
folder = Path({str(DEMO)!r})
recording = Recording(folder / "talk.flac")
settings = load_settings([resources.config_folder() / "default.toml"])
lexicon = load_lexicon(resources.config_folder() / "language" / "en.toml")
voices = session.enrol_voices([("A", folder / "enrol_a.flac"), ("B", folder / "enrol_b.flac")])
pipeline = session.build_pipeline(voices, lexicon, settings, with_words=False)
pipeline.feed(next(iter(recording.blocks())))
sys.stdout.write(str(time.time()))
"""
    times = []
    for _ in range(5):
        began = time.time()
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        times.append(float(done.stdout) - began)
    return sorted(times)[2]


def _import_seconds() -> tuple[float, float]:
    """From the start of a process to its end: with the command line imported, and of a bare Python; the medians."""
    medians = []
    for program in ("import voice_coach.cli as c; c.build_parser()", "pass"):
        times = []
        for _ in range(9):
            began = time.perf_counter()
            subprocess.run([sys.executable, "-c", program], check=True)
            times.append(time.perf_counter() - began)
        medians.append(sorted(times)[4])
    return medians[0], medians[1]


def _speed(folder: Path) -> Iterator[Figure]:
    seconds = Recording(DEMO / "talk.flac").survey().seconds
    unit = mean(_unit_of_work() for _ in range(5))
    for words, limit in (("off", 0.02), ("moonshine", 0.12)):
        cost = _measured(_analyze(DEMO / "talk.flac", _speakers(DEMO), words, folder / words))
        name = "without words" if words == "off" else "with words by moonshine"
        rate = cost.processor_seconds / seconds
        yield Figure(f"whole pipeline {name}, one core", rate, "CPU s per s", at_most=limit)
        yield Figure("   the same, in units of 60 SVDs of 300 x 300 a minute of audio", 60 * rate / unit, "units")
    ours, bare = _import_seconds()
    yield Figure("import of the command line", ours, "s", at_most=0.3)
    yield Figure("   the same, against a bare Python", ours / bare, "times")
    yield Figure("process start to first block, without words", _start_seconds(), "s", at_most=1.5)


def _memory(folder: Path, *, quick: bool) -> Iterator[Figure]:
    peaks = {}
    lengths = {"5 min": 300.0, "1 h": 3600.0} | ({} if quick else {"3 h": 10_800.0})
    for name, seconds in lengths.items():
        audio = folder / "long.flac"
        _long_talk(audio, seconds)
        peaks[name] = _measured(_analyze(audio, _speakers(DEMO), "off", folder / f"m{seconds}")).peak_megabytes
        if name == "1 h" and not quick:
            cost = _measured(_analyze(audio, _speakers(DEMO), "moonshine", folder / "words"))
            yield Figure("peak memory, 1 h, with words", cost.peak_megabytes, "MB", at_most=600)
    yield Figure("peak memory, 1 h, without words", peaks["1 h"], "MB", at_most=250)
    if not quick:
        yield Figure("peak memory, 3 h over 5 min", peaks["3 h"] - peaks["5 min"], "MB", at_most=50)


def _heard(name: str, folder: Path) -> tuple[scoring.Truth, Report]:
    """A fixture talk through the whole loop, as the command line runs it."""
    source, out = FIXTURES / name, folder / f"heard-{name}"
    subprocess.run(_analyze(source / "talk.flac", _speakers(source), "moonshine", out), check=True)
    return scoring.Truth.load(source), msgspec.json.decode((out / "report.json").read_bytes(), type=Report)


def _accuracy(folder: Path) -> Iterator[Figure]:
    heard = {path.parent.name: _heard(path.parent.name, folder) for path in sorted(FIXTURES.glob("*/truth.json"))}
    for person, name in zip("AB", heard["demo"][0].names, strict=True):
        rate = 100 * scoring.word_error(*heard["demo"], person)
        yield Figure(f"demo talk: word error rate of {name}, moonshine", rate, "%", at_most=10)
    spoken = {name: pair for name, pair in heard.items() if name != "noise"}
    for name, pair in spoken.items():
        error = 100 * scoring.diarization_error(*pair)["error"]
        bare = 100 * scoring.diarization_error(*pair, collar=0.0)["error"]
        yield Figure(f"{name}: diarization error, collar 0.25 s, overlap scored", error, "%", at_most=8)
        yield Figure("   without a collar", bare, "%")
        yield Figure(f"{name}: talk-share error", scoring.share_error_points(*pair), "points", at_most=3)
    for name in SILENT_TALKS:
        cues = sum(cue.started_at_seconds is not None for cue in heard[name][1].cues)
        yield Figure(f"{name}: cues said", cues, "", at_most=0)
    for name in ("demo", *CUED_TALKS):
        truth, report = heard[name]
        yield Figure(f"{name}: expected cues said in time", _in_time(truth, report), "of 1", at_least=1.0)


def _in_time(truth: scoring.Truth, report: Report) -> float:
    """Share of the expected cues that were said, each within 20 s of being due, and no other cue beside them."""
    expected = truth.table["expected_cues"]
    said = [cue for cue in report.cues if cue.started_at_seconds is not None]
    right = sum(
        any(
            cue.rule == due["rule"] and due["due_seconds"] - 1 <= (cue.started_at_seconds or 0) <= due["latest_seconds"]
            for cue in said
        )
        for due in expected
    )
    return right / max(len(expected), len(said))


def _lens() -> Iterator[Figure]:
    """How well the lens finds what it looks for, in sentences apart and where it was tuned; English has limits."""
    for code in lens.LANGUAGES:
        lexicon = lens.language(code)
        tuned = lens.score(lexicon, lens.cases_of(code, lens.OPEN))
        apart = lens.score(lexicon, lens.cases_of(code, *lens.APART))
        for kind in PhraseKind:
            precision, recall = lens.LIMITS.get(kind, lens.OTHER_LIMITS) if code == "en" else (None, None)
            yield Figure(f"lens, {code}, {kind}: precision", apart[kind].precision, "of 1", at_least=precision)
            yield Figure(f"lens, {code}, {kind}: recall", apart[kind].recall, "of 1", at_least=recall)
            yield Figure("   precision where it was tuned", tuned[kind].precision, "of 1")
            yield Figure("   recall where it was tuned", tuned[kind].recall, "of 1")


@contextmanager
def _own_home(folder: Path) -> Iterator[None]:
    """A home folder of its own, so that nobody's settings or models count."""
    names = ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME")
    before = {name: os.environ.pop(name) for name in names if name in os.environ}
    os.environ["HOME"] = str(folder)
    try:
        yield
    finally:
        del os.environ["HOME"]
        os.environ.update(before)


def show(figures: Iterable[Figure], path: Path) -> int:
    """Print figures as a table, and write them to a file as JSON; 1 if any misses its limit."""
    console, rows = Console(), []
    table = Table("what", "value", "unit", "limit", "")
    for figure in figures:
        rows.append({**asdict(figure), "passed": figure.passed})
        limit = f"≤ {figure.at_most:g}" if figure.at_most is not None else ""
        limit = f"≥ {figure.at_least:g}" if figure.at_least is not None else limit
        mark = {True: "kept", False: "MISSED", None: ""}[figure.passed]
        table.add_row(figure.what, f"{figure.value:.4g}", figure.unit, limit, mark)
    console.print(table)
    path.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    console.print(f"The same as JSON: {path}", soft_wrap=True, highlight=False, markup=False)
    return int(any(row["passed"] is False for row in rows))


def main() -> int:
    """Print the table and write the JSON; 1 if a figure misses its limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    where = "where the figures go as JSON (default: %(default)s)"
    parser.add_argument("--json", type=Path, default=Path("bench.json"), metavar="FILE", help=where)
    parser.add_argument("--quick", action="store_true", help="leave out the runs of hours")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, _own_home(Path(name)):
        folder = Path(name)
        figures = (*_lens(), *_speed(folder), *_memory(folder, quick=chosen.quick), *_accuracy(folder))
        return show(figures, chosen.json)


if __name__ == "__main__":
    sys.exit(main())
