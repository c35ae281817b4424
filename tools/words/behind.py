"""How far the words come behind a live talk.

    python -m tools.words.behind [SESSION]

Of a session at the table, or, without one, of the demo talk held at a simulated table in real time, with moonshine.
From the end of an utterance until its words are there: of that, about a second and a half is waiting for the pause that
ends it and for whose it was; the rest is the engine's work, and what waited before it.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import threading
import time
from pathlib import Path
from statistics import median

import numpy as np

from tools import scoring
from tools.words.material import FIXTURES
from voice_coach import resources, session
from voice_coach.config import load_settings
from voice_coach.engines.moonshine import MoonshineTranscriber
from voice_coach.engines.recording import Recording
from voice_coach.engines.simulated import SimulatedTable
from voice_coach.events import PEOPLE
from voice_coach.journal import JOURNAL_NAME
from voice_coach.lexicon import Languages, load_lexicon
from voice_coach.live.talk import LiveEngines
from voice_coach.live_session import LiveParts, LiveSession, Table
from voice_coach.segment import SAMPLE_RATE, to_seconds

_DEMO = FIXTURES / "demo"


def behind_seconds(folder: Path) -> list[float]:
    """Seconds behind, of each utterance of a session."""
    lines = (folder / JOURNAL_NAME).read_text("utf-8").splitlines()
    events = [json.loads(line) for line in lines[1:]]
    return [
        to_seconds(event["at"] - event["value"]["utterance"]["segment"]["end"])
        for event in events
        if event.get("event") == "WordsHeard"
    ]


def hold_demo(folder: Path) -> None:
    """Hold the demo talk in real time; the session lies in `folder`."""
    truth, recording = scoring.Truth.load(_DEMO), Recording(_DEMO / "talk.flac")
    gain = recording.survey().gain
    samples = np.concatenate([block.samples for block in recording.blocks()])
    files = [(name, _DEMO / f"enrol_{who}.flac") for name, who in zip(truth.names, "ab", strict=True)]
    table = SimulatedTable(samples, speed=1.0)
    parts = LiveParts(
        Languages(load_lexicon(resources.language_folder() / "en.toml")),
        load_settings([resources.config_folder() / "default.toml"]),
        table,
        LiveEngines(MoonshineTranscriber(), None, None),
        seconds=table.now,
    )
    people = Table(dict(zip(PEOPLE, truth.names, strict=True)), (session.enrol_voices(files), gain))
    with LiveSession(folder, people, parts, lambda *_: None) as held:
        table.start(parts.inbox.put_audio, lambda _: None)
        holding = threading.Thread(target=held.hold)
        holding.start()
        while table.position < len(samples) + 3 * SAMPLE_RATE:
            time.sleep(0.5)
        held.close()
        holding.join()


def main() -> int:
    """Print it; 1 if the words were ever more than 5 s behind."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("session", type=Path, nargs="?")
    folder = parser.parse_args().session
    with tempfile.TemporaryDirectory() as made:
        if folder is None:
            folder = Path(made)
            hold_demo(folder)
        seconds = behind_seconds(folder)
    print(f"{len(seconds)} utterances: {median(seconds):.2f} s behind in the median, {max(seconds):.2f} s at the most")
    return int(max(seconds) > 5.0)


if __name__ == "__main__":
    sys.exit(main())
