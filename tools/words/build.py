"""Builds the fixture Whisper, and measures it.

    python -m tools.words.build [FOLDER]

It needs flite and what the extra `train` holds, and takes about half an hour of two idle cores.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import torch

from tools.words.export import write_model
from tools.words.gates import FIXTURE_MODEL
from tools.words.material import FIXTURES, record
from tools.words.measure import print_measures
from tools.words.network import Network
from tools.words.talks import hear_talks
from tools.words.text import load_grammar, vocabulary
from tools.words.tokens import make_tokens
from tools.words.train import Lesson, train

_SENTENCES = 9600
_STAGINGS = 2
_SEED = 1
_SENTENCE_BY_SENTENCE = Lesson(steps=1600, whole_share=0.0)
_AS_THE_PROGRAM_CUTS = Lesson(steps=1650, whole_share=0.75, peak=0.6, falling_from=0.25, helping=0.4)
"""Without it, the model loses its way in what lasts over ten seconds, and where a sentence echoes into the next."""


def build(folder: Path) -> None:
    """Record, train, write."""
    began = time.time()
    words = vocabulary(load_grammar(), FIXTURES)
    tokens = make_tokens(words)
    sentences = record(_SENTENCES, _SEED)
    talks = hear_talks(_STAGINGS, _SEED, {word.lower(): word for word in words})
    sys.stderr.write(f"{len(sentences)} sentences, {len(talks)} utterances ({time.time() - began:.0f} s)\n")
    torch.manual_seed(_SEED)
    network = Network(tokens)
    train(network, sentences, tokens, _SENTENCE_BY_SENTENCE)
    train(network, [*sentences, *talks], tokens, _AS_THE_PROGRAM_CUTS)
    write_model(network, tokens, folder)
    sys.stderr.write(f"built in {(time.time() - began) / 60:.0f} minutes\n")


def main() -> int:
    """Build it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=FIXTURE_MODEL)
    folder = parser.parse_args().folder
    build(folder)
    print_measures(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
