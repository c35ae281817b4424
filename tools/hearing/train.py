"""Build the hearing models from a folder of readers: `python -m tools.hearing.train READERS [--out FOLDER]`.

Rooms, background model and simulated talks; the committee, the best members of several seeds; and the revisers, on
talks that the committee was not trained on, lest it seem surer than it is. Choices are made on development readers;
the test readers are never touched. Some five hours on two cores, half of it for the talks, which take 6 GB of disk
while it runs.
"""

from __future__ import annotations

import argparse
import logging
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch

from tools.hearing import answers, background, corpus, examples, network, revision
from tools.hearing.fitting import Score, fit_member, fit_reviser
from tools.hearing.rooms import make_room, make_two_microphones
from voice_coach.engines import voiceprint

log = logging.getLogger("hearing")
MEMBERS = 2
"""Networks of the committee: each halves the chance in the answers, and costs time and a quarter of a megabyte."""
REVISERS = {"reviser.onnx": revision.LIVE, "reviser_again.onnx": revision.AGAIN}
_REVERBERATION_SECONDS = (0.15, 0.65)
_ROOMS, _OF_TWO_MICROPHONES = 500, 80
_DEV_ROOMS, _DEV_OF_TWO_MICROPHONES, _DEV_TALKS = 40, 6, 200
_DEV_SEED = 10_000_000
_OTHER_TEMPI = (1.0, 0.85, 0.92, 1.08, 1.16)
"""Of the readers in talks for the revisers: most of these voices the committee has not heard."""


def _rooms(rng: np.random.Generator, count: int, of_two_microphones: int) -> examples.Rooms:
    rooms: list[examples.Place] = [(make_room(rng, _REVERBERATION_SECONDS), None) for _ in range(count)]
    return [*rooms, *(make_two_microphones(rng, _REVERBERATION_SECONDS) for _ in range(of_two_microphones))]


def _begin() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(1)


def _fit_member(folder: Path, seed: int, epochs: int) -> tuple[dict[str, torch.Tensor], Score]:
    _begin()
    member, found = fit_member(examples.read(folder / "first"), examples.read(folder / "dev"), seed, epochs)
    return member.state_dict(), found


def _fit_reviser(folder: Path, name: str, epochs: int) -> tuple[dict[str, torch.Tensor], Score]:
    _begin()
    train, dev = examples.read(folder / "second"), examples.read(folder / "dev")
    reviser, found = fit_reviser(train, dev, REVISERS[name], 0, epochs)
    return reviser.state_dict(), found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("readers", type=Path, help="folder of SPEAKER-CHAPTER-UTTERANCE.flac files")
    parser.add_argument("--out", type=Path, default=Path("voice_coach/models"))
    parser.add_argument("--talks", type=int, default=8000, help="for the committee")
    parser.add_argument("--more-talks", type=int, default=2560, help="for the revisers")
    parser.add_argument("--epochs", type=int, default=8, help="of the committee; the revisers take half")
    parser.add_argument("--seeds", type=int, default=2, help="networks of which the best make the committee")
    return parser


def main() -> None:
    """Command line."""
    chosen = _parser().parse_args()
    _begin()
    rng = np.random.default_rng(1)
    rooms = _rooms(rng, _ROOMS, _OF_TWO_MICROPHONES)
    dev_rooms = _rooms(rng, _DEV_ROOMS, _DEV_OF_TWO_MICROPHONES)
    readers = corpus.load(chosen.readers, "train", corpus.TEMPI)
    dev_readers = corpus.load(chosen.readers, "dev")
    log.info("%d training voices, %d development readers", len(readers), len(dev_readers))
    path = chosen.out / "background.npz"
    own = [reader for reader in readers if reader.name.endswith("@1.0")]
    background.build(own, [room for room, second in rooms if second is None], path)
    model = voiceprint.Background.load(path)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        examples.write(folder / "dev", dev_readers, dev_rooms, range(_DEV_SEED, _DEV_SEED + _DEV_TALKS), model)
        examples.write(folder / "first", readers, rooms, range(chosen.talks), model)
        others = corpus.load(chosen.readers, "train", _OTHER_TEMPI)
        more = range(chosen.talks, chosen.talks + chosen.more_talks)
        examples.write(folder / "second", others, rooms, more, model)
        log.info("examples made")
        with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
            jobs = [pool.submit(_fit_member, folder, seed, chosen.epochs) for seed in range(chosen.seeds)]
            fitted = sorted((job.result() for job in jobs), key=lambda made: made[1].loss)
        members = []
        for weights, _ in fitted[:MEMBERS]:
            members.append(network.SpeakerNet())
            members[-1].load_state_dict(weights)
        network.export(network.Committee(members), chosen.out)
        for part in ("dev", "second"):
            answers.write(folder / part, chosen.out)
        with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
            revising = {name: pool.submit(_fit_reviser, folder, name, -(-chosen.epochs // 2)) for name in REVISERS}
            for name, job in revising.items():
                weights, found = job.result()
                reviser = revision.Reviser(REVISERS[name])
                reviser.load_state_dict(weights)
                revision.export(reviser, chosen.out / name)
                log.info("%s: %s", name, found)


if __name__ == "__main__":
    main()
