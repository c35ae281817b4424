"""The networks that revise the committee's answers: one while a talk goes on, one with hindsight.

A reviser sees the committee's answers beside the likelihoods that they were made of, and how near two microphones are
to either person, over more time; and corrects them. What it adds to their logarithms starts at nothing in training, so
that it can only learn to be better. Like the committee it is symmetric in the two people, and streaming, every layer's
past an explicit state; but one looks a moment ahead, and the other some seconds. Inside, a step is two frames, which
halves the work and loses nothing, as each frame is answered for by itself.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from tools.hearing.network import CLASSES, write_onnx
from voice_coach.engines.voiceprint import N_LIKELIHOODS, N_PERSONAL

STEP_FRAMES = 2
_WINDOW, _WINDOW_PAST = 6, 4  # frames that a step sees to begin with: its own and two on either side
_TRUSTED = 0.75
"""How much of what a reviser adds is kept: in talks the voices are known better than in training, and so is what it
corrects; chosen on development talks."""
_SHARED = 3  # of the committee's five answers, those that are about nobody in particular: silence, both and other


@dataclass(frozen=True, slots=True)
class Shape:
    """How wide a reviser is, and its convolutions: their dilations, and how many of three taps lie after the step."""

    width: int
    layers: tuple[tuple[int, int], ...]

    @property
    def look_ahead_frames(self) -> int:
        """So many frames late its outputs come."""
        return STEP_FRAMES * (1 + sum(dilation * after for dilation, after in self.layers))


LIVE = Shape(32, ((1, 1), (2, 0), (4, 0), (8, 0), (16, 0), (32, 0)))
AGAIN = Shape(32, ((1, 1), (2, 1), (4, 1), (8, 1), (16, 1), (32, 1)))


class Gather(nn.Module):
    """From frames to steps: (n, k, 2 t) and state (n, k, 4) to (n, width, t), one step late."""

    def __init__(self, size: int, width: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(size)
        self.window = nn.Conv1d(size, width, _WINDOW, stride=STEP_FRAMES)
        self.size = size

    def empty_state(self, batch: int) -> Tensor:
        """Before a stream begins."""
        return torch.zeros(batch, self.size, _WINDOW_PAST)

    def forward(self, values: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Steps and new state."""
        stream = torch.cat((state, self.norm(values)), 2)
        return torch.relu(self.window(stream)), stream[:, :, -_WINDOW_PAST:]


class Layer(nn.Module):
    """Residual convolution over three steps, `dilation` apart, `after` of them later than the one it is about."""

    def __init__(self, width: int, dilation: int, after: int, dropout: float) -> None:
        super().__init__()
        self.width, self.past, self.centre = width, 2 * dilation, (2 - after) * dilation
        self.window = nn.Conv1d(width, width, 3, dilation=dilation)
        self.norm = nn.BatchNorm1d(width)
        self.dropout = nn.Dropout(dropout)

    def empty_state(self, batch: int) -> Tensor:
        """Before a stream begins."""
        return torch.zeros(batch, self.width, self.past)

    def forward(self, values: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Values (n, width, t) and state to the same shapes."""
        stream = torch.cat((state, values), 2)
        change = self.dropout(torch.relu(self.norm(self.window(stream))))
        return stream[:, :, self.centre : self.centre + values.shape[2]] + change, stream[:, :, -self.past :]


class Reviser(nn.Module):
    """Answers (n, 5, 2 t), likelihoods (n, 5, 2 t) and personal features (n, 14, 2 t) twice, to logits (n, 5, 2 t)."""

    def __init__(self, shape: Shape, dropout: float = 0.05) -> None:
        super().__init__()
        self.shape = shape
        self.gather = Gather(_SHARED + N_LIKELIHOODS + 2 * (1 + N_PERSONAL), shape.width)
        self.layers = nn.ModuleList(Layer(shape.width, dilation, after, dropout) for dilation, after in shape.layers)
        self.leave = nn.Conv1d(shape.width, 4 * STEP_FRAMES, 1)
        nn.init.zeros_(self.leave.weight)
        assert self.leave.bias is not None  # noqa: S101
        nn.init.zeros_(self.leave.bias)

    def empty_states(self, batch: int) -> list[Tensor]:
        """States before a stream begins: answers that wait, and what either person's branch remembers."""
        states = [torch.zeros(batch, CLASSES, self.shape.look_ahead_frames), self.gather.empty_state(2 * batch)]
        return [*states, *(layer.empty_state(2 * batch) for layer in self.layers)]

    def forward(
        self, answers: Tensor, likelihoods: Tensor, first: Tensor, second: Tensor, states: Sequence[Tensor]
    ) -> tuple[Tensor, list[Tensor]]:
        """Logits of silence, first, second, both and other, and new states."""
        stream = torch.cat((states[0], answers), 2)
        shared = torch.cat((answers[:, :1], answers[:, 3:], likelihoods), 1)
        one, two = torch.cat((answers[:, 1:2], first), 1), torch.cat((answers[:, 2:3], second), 1)
        # Both people go through the same weights, each once as self and once as other.
        pair = torch.cat((torch.cat((shared, one, two), 1), torch.cat((shared, two, one), 1)), 0)
        values, after = self.gather(pair, states[1])
        kept = [stream[:, :, -self.shape.look_ahead_frames :], after]
        for layer, state in zip(self.layers, states[2:], strict=True):
            values, after = layer(values, state)
            kept.append(after)
        frames = self.leave(values).unflatten(1, (4, STEP_FRAMES)).transpose(2, 3).flatten(2)
        mine, theirs = torch.chunk(frames, 2, 0)
        both = mine[:, 1:] + theirs[:, 1:]
        change = torch.stack((both[:, 0], mine[:, 0], theirs[:, 0], both[:, 1], both[:, 2]), 1)
        return stream[:, :, : answers.shape[2]] + change, kept


def export(model: Reviser, path: Path) -> None:
    """Write a reviser, states as inputs `state_k` and outputs `next_k`."""
    model = copy.deepcopy(model).eval()
    with torch.no_grad():
        for weights in model.leave.parameters():
            weights.mul_(_TRUSTED)
    states = model.empty_states(1)
    personal = torch.zeros(1, N_PERSONAL, 8)
    example = (torch.zeros(1, CLASSES, 8), torch.zeros(1, N_LIKELIHOODS, 8), personal, personal, states)
    names = ["answers", "likelihoods", "first", "second"]
    axes = {name: {2: "frames"} for name in (*names, "logits")}
    write_onnx(
        model, example, path, [*names, *(f"state_{k}" for k in range(len(states)))],
        ["logits", *(f"next_{k}" for k in range(len(states)))], axes, model.shape.look_ahead_frames,
    )  # fmt: skip
