"""Trains the fixture Whisper on two cores: one puts examples together, the other learns."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader

from tools.words.batches import Batch, Batches
from tools.words.material import Read
from tools.words.network import ALIGNED_HEADS, Network
from tools.words.tokens import Tokens

_WARM_UP_STEPS = 60
_MATRIX_RATE = 0.02
_OTHER_RATE = 3e-3
_HELPING = 0.4
_TOLD_STEPS = 50


class Muon(torch.optim.Optimizer):
    """Momentum made orthogonal, for the matrices between layers (Jordan et al. 2024, "Muon", with its coefficients)."""

    def __init__(self, matrices: list[Tensor], rate: float) -> None:
        super().__init__(matrices, {"lr": rate})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Move every matrix along its orthogonalised momentum."""
        del closure
        for group in self.param_groups:
            for matrix in group["params"]:
                momentum = self.state[matrix].setdefault("momentum", torch.zeros_like(matrix))
                momentum.lerp_(matrix.grad, 0.05)
                flat = matrix.grad.lerp(momentum, 0.95).flatten(1)
                stretch = max(1.0, len(flat) / flat.shape[1]) ** 0.5
                moved = _orthogonal(flat).view_as(matrix)
                matrix.mul_(1 - 0.01 * group["lr"]).add_(moved, alpha=-group["lr"] * stretch)


def _orthogonal(matrix: Tensor) -> Tensor:
    """The nearest orthogonal matrix, about, by five Newton-Schulz steps."""
    tall = len(matrix) > matrix.shape[1]
    x = matrix.T if tall else matrix
    x = x / (x.norm() + 1e-7)
    for _ in range(5):
        gram = x @ x.T
        x = 3.4445 * x + (-4.7750 * gram + 2.0315 * gram @ gram) @ x
    return x.T if tall else x


@dataclass(frozen=True, slots=True)
class Lesson:
    """How a network learns.

    `whole_share` of the examples are utterances by themselves. The learning rate rises to `peak` times the usual, and
    falls after a share of `falling_from` of the steps. The helping tasks matter `helping` in the beginning.
    """

    steps: int
    whole_share: float
    peak: float = 1.0
    falling_from: float = 0.35
    helping: float = 1.0


def train(network: Network, reads: Sequence[Read], tokens: Tokens, lesson: Lesson) -> None:
    """Have a network learn."""
    steps = lesson.steps
    torch.set_num_threads(1)  # the second core makes the batches
    network.train()
    optimisers = _optimisers(network)
    batches = iter(
        DataLoader(Batches(reads, tokens, steps, lesson.whole_share), batch_size=None, num_workers=1, prefetch_factor=8)
    )
    began, told = time.time(), []
    for step in range(steps):
        share = step / steps
        falling = min(1.0, (1 - share) / (1 - lesson.falling_from) + 0.01)
        pace = lesson.peak * min(1.0, (step + 1) / _WARM_UP_STEPS) * falling
        for optimiser, rate in optimisers:
            optimiser.param_groups[0]["lr"] = rate * pace
        parts = losses(network, next(batches))
        helping = max(_HELPING, lesson.helping - 0.6 * share)
        loss = parts["next"] + helping * (parts["sounds"] + parts["words"]) + 0.3 * parts["places"]
        network.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 3.0)
        for optimiser, _ in optimisers:
            optimiser.step()
        told.append({name: part.item() for name, part in parts.items()})
        if (step + 1) % _TOLD_STEPS == 0:
            means = " ".join(f"{name} {sum(t[name] for t in told) / len(told):.3f}" for name in told[0])
            taken = f"{time.time() - began:.0f} s, {time.process_time():.0f} s of processor"
            sys.stderr.write(f"step {step + 1} of {steps}: {means} ({taken})\n")
            told = []
    network.eval()


def _optimisers(network: Network) -> list[tuple[torch.optim.Optimizer, float]]:
    """Muon for the matrices between layers, Adam for all the rest, each with its rate."""
    between = ("encoder.attentions", "encoder.feeds", "encoder.second", "selves", "crosses", "feeds")
    learnt = [(name, value) for name, value in network.named_parameters() if value.requires_grad]
    matrices = [value for name, value in learnt if name.startswith(between) and value.ndim > 1]
    chosen = {id(value) for value in matrices}
    rest = [value for _, value in learnt if id(value) not in chosen]
    adam = torch.optim.AdamW(rest, lr=_OTHER_RATE, betas=(0.9, 0.98), weight_decay=0)
    return [(Muon(matrices, _MATRIX_RATE), _MATRIX_RATE), (adam, _OTHER_RATE)]


def losses(network: Network, batch: Batch) -> dict[str, Tensor]:
    """What is to become small, part by part, and the share of right next tokens, which is not."""
    memory, (sounds, words, last_words) = network.encoder(batch.features, batch.places, batch.bias)
    logits, scores = network.decode(batch.given, memory, batch.bias)

    def entropy(found: Tensor, right: Tensor, smoothing: float = 0.0) -> Tensor:
        return functional.cross_entropy(
            found.flatten(0, 1), right.flatten(), ignore_index=-1, label_smoothing=smoothing
        )

    heard = (batch.spots.sum(-1) > 0).sum()
    away = torch.zeros(())
    for weight, seen in zip((0.3, 1.0), scores, strict=True):
        likely = seen.log_softmax(-1)
        away = away - weight * (batch.spots[:, None] * likely).sum() / (ALIGNED_HEADS * heard + 1)
    learnt = batch.targets >= 0
    right = ((logits.argmax(-1) == batch.targets) & learnt).sum() / learnt.sum()
    return {
        "next": entropy(logits, batch.targets, 0.02),
        "sounds": entropy(sounds, batch.phones),
        "words": entropy(words, batch.words[:, ::2]) + 0.5 * entropy(last_words, batch.last_words[:, ::2]),
        "places": away,
        "right": right,
    }
