"""Another system's answers on the test set: `python -m tools.hearing.peers FOLDER OUT`.

Writes RTTM files for `benchmark --rttm` with the diarization that comes in Moonshine's package with its model. It finds
the voices by itself, without enrolment, and labels no overlap, so the figures do not compare like with like: they show
what one gets without a line of our own.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import moonshine_voice
import numpy as np
from rich.progress import track

from tools.hearing import testset
from voice_coach.engines.moonshine import model_path
from voice_coach.engines.recording import Recording


def answers(talk: testset.TestTalk) -> list[str]:
    """RTTM lines of a talk."""
    recording = Recording(talk.audio)
    samples = np.concatenate([block.samples for block in recording.blocks(recording.survey().gain)])
    engine = moonshine_voice.Transcriber(
        str(model_path()), moonshine_voice.ModelArch.TINY, options={"identify_speakers": "true"}
    )
    lines = engine.transcribe_without_streaming(samples.tolist(), 16_000).lines
    return [
        f"SPEAKER {talk.name} 1 {span.start_time:.3f} {span.duration:.3f} <NA> <NA> {span.speaker_index} <NA> <NA>\n"
        for line in lines
        for span in line.speaker_spans
    ]


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="a test set that the benchmark built")
    parser.add_argument("out", type=Path, help="where the RTTM files go")
    parser.add_argument("--setting", default="usual", help="which of its rooms")
    chosen = parser.parse_args()
    talks = [talk for talk in testset.load(chosen.folder) if talk.setting == chosen.setting]
    chosen.out.mkdir(parents=True, exist_ok=True)
    for talk in track(talks):
        (chosen.out / f"{talk.name}.rttm").write_text("".join(answers(talk)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
