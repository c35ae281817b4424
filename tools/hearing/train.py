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
from tools.hearing.network import CLASSES, VOICE, Committee, Model, SpeakerNet, export, whole
from tools.hearing.rooms import Room, make_room
from tools.hearing.simulate import FAR, IGNORE, Scene, make_talk
from voice_coach.acoustics import N_MELS, FrameAnalyser
from voice_coach.engines import voiceprint
from voice_coach.engines.silero import BLOCK

log = logging.getLogger("hearing")
TALK_SECONDS = 24.0
ENROLMENT_FRAMES = 500
CLASS_WEIGHTS = (1.0, 1.0, 1.0, 1.3, 1.0)
NOT_THEM = 5
"""Label of frames in which a far voice may or may not be heard: silence and other are both right."""
VOICE_LOSS = 0.1
MEMBERS = 2
"""Networks of the committee: each halves the chance in the answers, and costs time and half a megabyte."""


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Simulated talks in half precision, frames last.

    `common` (n, 84, t), `first` and `second` (n, 5, t), their enrolments' `spectra` (n, 2, 32, 500) and `speech`
    (n, 2, 500), `labels` (n, t): 0 to 4, 5 for silence or other, -1 to ignore; `voices` (n, 2): who of the corpus.
    """

    common: np.ndarray
    first: np.ndarray
    second: np.ndarray
    spectra: np.ndarray
    speech: np.ndarray
    labels: np.ndarray
    voices: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def batch(self, order: np.ndarray) -> list[Tensor]:
        """Features, spectra and speech of some talks."""
        parts = (self.common, self.first, self.second, self.spectra, self.speech)
        return [torch.from_numpy(part[order].astype(np.float32)) for part in parts]


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
    voices = voiceprint.pair_voices(*enrolments, model)
    analyser = FrameAnalyser()
    frames = voiceprint.join_frames([analyser.process(samples), analyser.finish()])
    features = voiceprint.Voiceprint(voices, model).features(frames, frame_speech(samples, len(frames)))
    spectra = np.zeros((2, N_MELS, ENROLMENT_FRAMES), np.float16)
    speech = np.zeros((2, ENROLMENT_FRAMES), np.float16)
    for person, seen in enumerate(voices.spectra):
        count = min(len(seen.speech), ENROLMENT_FRAMES)
        spectra[person, :, :count], speech[person, :count] = seen.log_mel[:count].T, seen.speech[:count]
    parts = [part.T.astype(np.float16) for part in (features.common, features.first, features.second)]
    return *parts, spectra, speech, classes(talk.labels), np.array([first, second])


def frame_speech(samples: np.ndarray, count: int) -> np.ndarray:
    """Silero's probability at the centre of each 20 ms frame."""
    blocks = corpus.speech_probability(samples)
    centres = np.arange(count) * 320 + 160
    return np.interp(centres, np.arange(len(blocks)) * BLOCK + 256, blocks).astype(np.float32)


def classes(labels: np.ndarray) -> np.ndarray:
    """Labels every 10 ms (3, 2 n) to classes of 20 ms frames (n,): silence, first, second, both, other, and so on."""
    count = labels.shape[1] // 2
    frames = labels[:, : 2 * count].reshape(3, count, 2)
    active = (frames == 1).mean(axis=2) > 0.5
    made = np.where(active[2], 4, np.where((frames[2] == FAR).any(axis=1), NOT_THEM, 0))
    people = active[0] + 2 * active[1]
    made = np.where(people > 0, people, made)
    return np.where((frames[:2] == IGNORE).any(axis=(0, 2)), IGNORE, made).astype(np.int8)


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
    frames = min(len(talk[5]) for talk in made)
    trimmed = [[talk[k][..., :frames] if k in {0, 1, 2, 5} else talk[k] for talk in made] for k in range(7)]
    return Examples(*(np.stack(part) for part in trimmed))


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


def run(model: Model, batch: Sequence[Tensor], *, varied: bool) -> tuple[Tensor, list[Tensor]]:
    """Logits of a batch, and the voices (n, 24) of both people."""
    common, first, second, spectra, speech = batch
    voices = [model.voice(spectra[:, person], speech[:, person]) for person in (0, 1)]
    if varied:
        common, first, second = vary(common, first, second)
    return whole(model, (common, first, second), voices), voices


def frame_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean cross-entropy of frames, weighted by class; for `NOT_THEM`, of silence and other together."""
    chances = torch.log_softmax(logits, 1)
    known = labels.clamp(min=0, max=CLASSES - 1)
    loss = -chances.gather(1, known[:, None])[:, 0]
    loss = 0.98 * loss - 0.02 * chances.mean(1)  # label smoothing
    loss = torch.where(labels == NOT_THEM, -torch.logaddexp(chances[:, 0], chances[:, 4]), loss)
    weight = torch.tensor(CLASS_WEIGHTS)[known] * (labels != IGNORE)
    return (loss * weight).sum() / weight.sum()


def score(model: Model, data: Examples) -> tuple[float, float, float]:
    """Loss, frame error rate (missed, false and confused over all speech), and how much of others' is claimed."""
    model.eval()
    with torch.no_grad():
        logits = torch.cat(
            [
                run(model, data.batch(np.arange(i, min(i + 16, len(data)))), varied=False)[0]
                for i in range(0, len(data), 16)
            ]
        )
    labels = torch.from_numpy(data.labels[:, : logits.shape[2]].astype(np.int64))
    said, valid = logits.argmax(1), labels != IGNORE
    errors = speech = 0
    for bit in (1, 2):
        claimed, true = ((said & bit) > 0) & (said < 4), ((labels & bit) > 0) & (labels < 4) & valid
        errors += ((claimed != true) & valid).sum().item()
        speech += true.sum().item()
    others = labels == 4
    claimed = (others & (said > 0) & (said < 4)).sum().item() / max(1, others.sum().item())
    return frame_loss(logits, labels).item(), errors / speech, claimed


def fit(train: Examples, dev: Examples, seed: int, epochs: int, batch: int = 12) -> tuple[SpeakerNet, float]:
    """Train one network; returns it with its loss on the development talks."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    model = SpeakerNet()
    # Telling the corpus's voices apart is no aim, but it teaches the encoder what makes a voice.
    naming = nn.Linear(VOICE, int(train.voices.max()) + 1)
    parameters = [*model.parameters(), *naming.parameters()]
    steps = -(-len(train) // batch)
    optimiser = torch.optim.AdamW(parameters, lr=3e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, total_steps=epochs * steps, pct_start=0.15)
    dev_loss = float("inf")
    for epoch in range(epochs):
        model.train()
        began, order = time.monotonic(), rng.permutation(len(train))
        for begin in range(0, len(order), batch):
            chosen = order[begin : begin + batch]
            with torch.autocast("cpu", dtype=torch.bfloat16):
                logits, voices = run(model, train.batch(chosen), varied=True)
            loss = frame_loss(
                logits.float(), torch.from_numpy(train.labels[chosen, : logits.shape[2]].astype(np.int64))
            )
            named = naming(8.0 * torch.cat(voices).float())
            who = torch.from_numpy(train.voices[chosen].T.reshape(-1))
            optimiser.zero_grad()
            (loss + VOICE_LOSS * nn.functional.cross_entropy(named, who)).backward()
            nn.utils.clip_grad_norm_(parameters, 2.0)
            optimiser.step()
            schedule.step()
        dev_loss, errors, claimed = score(model, dev)
        log.info("seed %d epoch %d: dev loss %.4f, frame errors %.2f %%, others claimed %.1f %%, %.0f s", seed, epoch,
                 dev_loss, 100 * errors, 100 * claimed, time.monotonic() - began)  # fmt: skip
    return model, dev_loss


_examples: tuple[Examples, Examples, int]


def _share_examples(train: Examples, dev: Examples, epochs: int) -> None:
    global _examples
    _examples = (train, dev, epochs)
    torch.set_num_threads(1)


def _shared_fit(seed: int) -> tuple[dict[str, Tensor], float]:
    train, dev, epochs = _examples
    network, loss = fit(train, dev, seed, epochs)
    return network.state_dict(), loss


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("readers", type=Path, help="folder of SPEAKER-CHAPTER-UTTERANCE.flac files")
    parser.add_argument("--out", type=Path, default=Path("voice_coach/models"))
    parser.add_argument("--talks", type=int, default=8000)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--rooms", type=int, default=400)
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
    with ProcessPoolExecutor(chosen.seeds, initializer=_share_examples, initargs=(train, dev, chosen.epochs)) as pool:
        fitted = list(pool.map(_shared_fit, range(chosen.seeds)))
    members = []
    for weights, _ in sorted(fitted, key=lambda pair: pair[1])[:MEMBERS]:
        members.append(SpeakerNet())
        members[-1].load_state_dict(weights)
    committee = Committee(members)
    log.info("exporting the best %d: dev loss %.4f, frame errors %.4f, others claimed %.4f", MEMBERS,
             *score(committee, dev))  # fmt: skip
    export(committee, chosen.out)


if __name__ == "__main__":
    main()
