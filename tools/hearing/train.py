"""Build the hearing models from a folder of readers: `python -m tools.hearing.train READERS [--out FOLDER]`.

Rooms, background model, simulated talks, the network of several seeds, the best of them on development readers,
exported. About an hour and a half on two cores; the test readers are never touched.
"""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from threadpoolctl import threadpool_limits
from torch import Tensor, nn

from tools.hearing import background, corpus
from tools.hearing.network import LOOK_AHEAD, SpeakerNet, export
from tools.hearing.rooms import Room, make_room
from tools.hearing.simulate import IGNORE, Scene, make_talk
from voice_coach.acoustics import FrameAnalyser
from voice_coach.engines import voiceprint
from voice_coach.engines.silero import BLOCK

log = logging.getLogger("hearing")
TALK_SECONDS = 24.0
CLASS_WEIGHTS = (1.0, 1.0, 1.0, 1.3)


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Features (n, channels, frames) in half precision, and labels (n, frames): 0 to 3, or -1 to ignore."""

    common: np.ndarray
    first: np.ndarray
    second: np.ndarray
    labels: np.ndarray


def example(
    readers: Sequence[corpus.Reader], rooms: Sequence[Room], seed: int, model: voiceprint.Background
) -> tuple[np.ndarray, ...]:
    """One simulated talk as features and labels."""
    rng = np.random.default_rng(seed)
    names = [reader.name.split("@")[0] for reader in readers]
    first, second, third = rng.permutation(len(readers))[:3]
    while len({names[first], names[second], names[third]}) < 3:
        first, second, third = rng.permutation(len(readers))[:3]
    room = rooms[int(rng.integers(len(rooms)))]
    pair = (readers[first], readers[second])
    talk = make_talk(pair, Scene(room, TALK_SECONDS, rng.uniform(3, 9), third=readers[third]), rng)
    enrolments = [voiceprint.enrol(s, corpus.speech_probability(s)) for s in map(corpus.levelled, talk.enrolments)]
    samples = corpus.levelled(talk.samples) * np.float32(10 ** (rng.normal(0, 1.5) / 20))
    prints = voiceprint.Voiceprint(voiceprint.pair_voices(*enrolments, model), model)
    analyser = FrameAnalyser()
    frames = voiceprint.join_frames([analyser.process(samples), analyser.finish()])
    features = prints.features(frames, frame_speech(samples, len(frames)))
    return features.common, features.first, features.second, classes(talk.labels)


def frame_speech(samples: np.ndarray, count: int) -> np.ndarray:
    """Silero's probability at the centre of each 20 ms frame."""
    blocks = corpus.speech_probability(samples)
    centres = np.arange(count) * 320 + 160
    return np.interp(centres, np.arange(len(blocks)) * BLOCK + 256, blocks).astype(np.float32)


def classes(labels: np.ndarray) -> np.ndarray:
    """Labels every 10 ms (3, 2 n) to classes of 20 ms frames (n,): silence, first, second, both, or ignored."""
    count = labels.shape[1] // 2
    frames = labels[:2, : 2 * count].reshape(2, count, 2)
    active = (frames == 1).mean(axis=2) > 0.5
    ignored = (frames == IGNORE).any(axis=(0, 2))
    return np.where(ignored, IGNORE, active[0] + 2 * active[1]).astype(np.int8)


_shared: tuple[Sequence[corpus.Reader], Sequence[Room], voiceprint.Background]


def _share(readers: Sequence[corpus.Reader], rooms: Sequence[Room], model: voiceprint.Background) -> None:
    global _shared
    _shared = (readers, rooms, model)
    threadpool_limits(1)  # one process to a core: their small matrices gain nothing from threads, and lose much


def _shared_example(seed: int) -> tuple[np.ndarray, ...]:
    readers, rooms, model = _shared
    return example(readers, rooms, seed, model)


def examples(
    readers: Sequence[corpus.Reader], rooms: Sequence[Room], seeds: range, model: voiceprint.Background
) -> Examples:
    """Many simulated talks, made on all cores."""
    with ProcessPoolExecutor(initializer=_share, initargs=(readers, rooms, model)) as pool:
        made = list(pool.map(_shared_example, seeds, chunksize=8))
    frames = min(len(labels) for *_, labels in made)
    stacked = [np.stack([m[k][:frames].T for m in made]).astype(np.float16) for k in range(3)]
    return Examples(*stacked, np.stack([m[3][:frames] for m in made]))


def vary(common: Tensor, first: Tensor, second: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Differences between enrolment and talk that the simulator does not make: level, channel, strength of ratios."""
    count = len(common)
    common = common.clone()
    common[:, :32] += torch.randn(count, 32, 1) * 0.12 + torch.randn(count, 1, 1) * 0.1
    common[:, 80] += torch.randn(count, 1) * 0.4
    for talk in range(count):
        if torch.rand(1) < 0.5:
            band = int(torch.randint(0, 28, (1,)))
            common[talk, band : band + int(torch.randint(1, 6, (1,)))] = 0
        if torch.rand(1) < 0.08:
            common[talk, 83] = -1.0 if torch.rand(1) < 0.5 else 1.0
    gain, offset = 1 + 0.2 * torch.randn(count, 1, 1), 0.15 * torch.randn(count, 1, 1)
    own, other = first * gain, second * gain
    own[:, :4] += offset
    other[:, :4] += offset
    return common, own, other


def _batch(data: Examples, order: np.ndarray) -> list[Tensor]:
    parts = (data.common, data.first, data.second)
    return [torch.from_numpy(part[order].astype(np.float32)) for part in parts]


def score(model: SpeakerNet, data: Examples) -> tuple[float, float]:
    """Cross-entropy and frame error rate (missed, false and confused speech over all speech) on examples."""
    model.eval()
    with torch.no_grad():
        logits = torch.cat(
            [
                model.whole(*_batch(data, np.arange(i, min(i + 16, len(data.labels)))))
                for i in range(0, len(data.labels), 16)
            ]
        )
    labels = torch.from_numpy(data.labels[:, : logits.shape[2]].astype(np.int64))
    loss = nn.functional.cross_entropy(logits, labels, ignore_index=IGNORE).item()
    said, true = logits.argmax(1), labels
    valid = true != IGNORE
    error = speech = 0
    for bit in (1, 2):
        error += ((((said & bit) > 0) != ((true & bit) > 0)) & valid).sum().item()
        speech += (((true & bit) > 0) & valid).sum().item()
    return loss, error / speech


def fit(train: Examples, dev: Examples, seed: int, epochs: int, batch: int = 12) -> tuple[SpeakerNet, float]:
    """Train one network; returns it with its cross-entropy on the development talks."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    model = SpeakerNet()
    steps = -(-len(train.labels) // batch)
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, total_steps=epochs * steps, pct_start=0.15)
    loss_of = nn.CrossEntropyLoss(torch.tensor(CLASS_WEIGHTS), ignore_index=IGNORE, label_smoothing=0.02)
    dev_loss = float("inf")
    for epoch in range(epochs):
        model.train()
        began, order = time.monotonic(), rng.permutation(len(train.labels))
        for begin in range(0, len(order), batch):
            chosen = order[begin : begin + batch]
            logits = model.whole(*vary(*_batch(train, chosen)))
            labels = torch.from_numpy(train.labels[chosen, : logits.shape[2]].astype(np.int64))
            optimiser.zero_grad()
            loss_of(logits, labels).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 2.0)
            optimiser.step()
            schedule.step()
        dev_loss, errors = score(model, dev)
        log.info(
            "seed %d epoch %d: dev cross-entropy %.4f, frame errors %.2f %%, %.0f s",
            seed,
            epoch,
            dev_loss,
            100 * errors,
            time.monotonic() - began,
        )
    return model, dev_loss


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("readers", type=Path, help="folder of SPEAKER-CHAPTER-UTTERANCE.flac files")
    parser.add_argument("--out", type=Path, default=Path("voice_coach/models"))
    parser.add_argument("--talks", type=int, default=2400)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--rooms", type=int, default=240)
    chosen = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(2)
    rng = np.random.default_rng(1)
    rooms = [make_room(rng) for _ in range(chosen.rooms)]
    dev_rooms = [make_room(rng) for _ in range(30)]
    log.info("%d rooms", len(rooms))
    train_readers = corpus.load(chosen.readers, "train", corpus.TEMPI)
    dev_readers = corpus.load(chosen.readers, "dev")
    log.info("%d training voices, %d development readers", len(train_readers), len(dev_readers))
    ubm_path = chosen.out / "background.npz"
    background.build([r for r in train_readers if r.name.endswith("@1.0")], rooms, ubm_path)
    model = voiceprint.Background.load(ubm_path)
    log.info("background model built")
    train = examples(train_readers, rooms, range(chosen.talks), model)
    dev = examples(dev_readers, dev_rooms, range(10_000_000, 10_000_160), model)
    log.info("examples made: %s", np.bincount(train.labels[train.labels >= 0].astype(int)) / train.labels.size)
    fitted = [fit(train, dev, seed, chosen.epochs) for seed in range(chosen.seeds)]
    best, loss = min(fitted, key=lambda pair: pair[1])
    torch.save(best.state_dict(), chosen.out / "speakers.pt")
    export(best, chosen.out / "speakers.onnx")
    log.info("exported the best of %d: dev cross-entropy %.4f, look-ahead %d frames", len(fitted), loss, LOOK_AHEAD)


if __name__ == "__main__":
    main()
