"""How well the fixture Whisper writes down what it is for, through the program itself.

    python -m tools.words.measure [FOLDER]

For each fixture talk the word error rate of each person, and by how much word times are off; and the word error rate on
sentences that it was not trained on, by all voices.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

import jiwer
import msgspec
import numpy as np

from tools import scoring
from tools.fixtures.flite import Manner
from tools.words.gates import FIXTURE_MODEL
from tools.words.material import FIXTURES
from tools.words.reader import VOICES, Reader
from tools.words.text import Sampler, load_grammar, vocabulary
from voice_coach.engines.whisper import WhisperTranscriber
from voice_coach.events import Speaker, Utterance
from voice_coach.figures import Report
from voice_coach.journal import read_journal
from voice_coach.segment import SAMPLE_RATE, Segment

TALKS = ("demo", "calm", "heated", "monologue", "backchannels")
_UNSEEN = 60
_UNSEEN_SEED = 7007


def talk_measures(model: Path, name: str, folder: Path) -> tuple[dict[str, float], list[float]]:
    """Word error rate of each person of a talk, and absolute errors of word times, s; the session lies in `folder`."""
    truth = scoring.Truth.load(FIXTURES / name)
    config = folder / "whisper.toml"
    config.write_text(f'[words]\nwhisper_model = "{model.absolute()}"\nlanguage = "en"\n', encoding="utf-8")
    speakers = [
        f"--speaker={person}={truth.folder / f'enrol_{who}.flac'}"
        for person, who in zip(truth.names, "ab", strict=True)
    ]
    command = [sys.executable, "-m", "voice_coach", "analyze", str(truth.folder / "talk.flac"), *speakers]
    command += ["--words", "whisper", "--mute", "--quiet", "--config", str(config), "--out", str(folder / name)]
    subprocess.run(command, check=True)
    report = msgspec.json.decode((folder / name / "report.json").read_bytes(), type=Report)
    errors = scoring.word_time_errors(truth, read_journal(folder / name).events)
    return {person: scoring.word_error(truth, report, person) for person in scoring.PEOPLE}, errors


def unseen_error(model: Path, voice: str) -> float:
    """Word error rate of a voice on sentences that were drawn anew, none of them a line of a talk."""
    grammar, transcriber, reader = load_grammar(), WhisperTranscriber(model), Reader()
    sampler = Sampler(grammar, vocabulary(grammar, FIXTURES), _UNSEEN_SEED, talk_share=0.0)
    rng, chance = np.random.default_rng(_UNSEEN_SEED), random.Random(_UNSEEN_SEED)  # noqa: S311
    said, heard = [], []
    while len(said) < _UNSEEN:
        sentence = sampler.draw()
        try:
            spoken, _ = reader.read(voice, sentence, Manner(1.0, chance.uniform(0.9, 1.1)))
        except ValueError:  # a word that flite reads as two
            continue
        samples = np.pad(spoken.samples, SAMPLE_RATE // 10)
        samples = (samples + 3e-4 * rng.standard_normal(len(samples))).astype(np.float32)
        words = transcriber.transcribe(Utterance(0, Speaker.A, Segment(0, len(samples))), 0, samples).words
        said.append(" ".join(sentence.written).lower())
        heard.append(" ".join(word.text.strip(".,?!") for word in words).lower())
    return float(jiwer.wer(said, heard))


def print_measures(model: Path) -> None:
    """Print all of it."""
    size = sum(path.stat().st_size for path in model.iterdir())
    print(f"size: {size / 1e6:.2f} MB")
    all_errors: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        for name in TALKS:
            rates, errors = talk_measures(model, name, Path(folder))
            all_errors += errors
            both = ", ".join(f"{person} {rate:.1%}" for person, rate in rates.items())
            print(f"{name}: word error rate {both}; word times off by {1000 * median(errors):.0f} ms in the median")
    print(f"all talks: word times off by {1000 * median(all_errors):.0f} ms in the median of {len(all_errors)}")
    for voice in VOICES:
        print(f"sentences that it was not trained on, {voice}: word error rate {unseen_error(model, voice):.1%}")


def main() -> int:
    """Measure it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=FIXTURE_MODEL)
    print_measures(parser.parse_args().folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
