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
from tools.words.text import load_grammar, vocabulary
from tools.words.tokens import make_tokens
from tools.words.train import train

_SENTENCES = 9600
_STEPS = 1600
_SEED = 1


def build(folder: Path) -> None:
    """Record, train, write."""
    began = time.time()
    reads = record(_SENTENCES, _SEED)
    tokens = make_tokens(vocabulary(load_grammar(), FIXTURES))
    sys.stderr.write(f"{len(reads)} sentences are recorded ({time.time() - began:.0f} s)\n")
    torch.manual_seed(_SEED)
    network = Network(tokens)
    train(network, reads, tokens, _STEPS)
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
