"""A long talk in real time at the virtual table: `python -m tools.live.soak [MINUTES]`.

The demo talk again and again, with words, a voice that is heard and echo cancellation where that is installed. Told in
the end: whether anything was lost, how far words were behind, and how much memory grew.
"""

from __future__ import annotations

import re
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tools.bench import Figure, show
from tools.live.people import DEMO, fixture
from tools.live.program import Program
from tools.live.virtual_table import VirtualTable
from voice_coach.events import AudioLost, CueSettled, TurnEnded, WordsMissing
from voice_coach.journal import read_journal
from voice_coach.segment import to_seconds

_WARM_UP_SECONDS = 600.0
"""As in the benchmark: the words engine keeps what its longest utterance so far took, which takes minutes to come."""


def soak(minutes: float, home: Path) -> Iterator[Figure]:
    """Hold the talk; yields what came of it."""
    with VirtualTable(home / "pa") as table:
        for name, which in (("Maya", "a"), ("Daniel", "b")):
            with Program(table, "enroll", name, str(DEMO / f"enrol_{which}.flac"), home=home) as enrolling:
                enrolling.end()
        with Program(
            table, "talk", "Maya", "Daniel", "--saved-voices", "--out", str(home / "out"), home=home
        ) as program:
            program.wait_for("Listening.", 60)
            began, megabytes = time.monotonic(), [0.0]
            while time.monotonic() - began < 60 * minutes and program.process.poll() is None:
                if table.is_quiet:
                    table.say(fixture("talk.flac"))
                if time.monotonic() - began > _WARM_UP_SECONDS:
                    megabytes.append(_resident_megabytes(program.process.pid))
                time.sleep(1.0)
            program.press("q")
            code = program.end(120)
    events = read_journal(home / "out").events
    lost = sum(event.segment.samples for event in events if isinstance(event, AudioLost))
    yield Figure("exit code", code, "", at_most=0)
    yield Figure(f"audio lost in {minutes:g} min", to_seconds(lost), "s", at_most=0)
    yield Figure(
        "utterances whose words were given up", sum(isinstance(e, WordsMissing) for e in events), "", at_most=0
    )
    yield Figure("turns", sum(isinstance(event, TurnEnded) for event in events), "", at_least=minutes)
    cues = [event for event in events if isinstance(event, CueSettled)]
    yield Figure("sentences of the coach's", len(cues), "")
    begun = [to_seconds(e.started_sample - e.cue.decided_sample) for e in cues if e.started_sample is not None]
    if begun:
        yield Figure("   from the decision to the first sample heard, median", float(np.median(begun)), "s", 0.15)
    if len(megabytes) > 2:
        yield Figure("memory grown after the first ten minutes", max(megabytes[1:]) - megabytes[1], "MB", at_most=20)


def _resident_megabytes(process: int) -> float:
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


def main() -> int:
    """Print what came of it; 1 if a figure misses its limit."""
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 20.0
    with tempfile.TemporaryDirectory(prefix="vt") as folder:
        return show(soak(minutes, Path(folder)), Path("soak.json"))


if __name__ == "__main__":
    sys.exit(main())
