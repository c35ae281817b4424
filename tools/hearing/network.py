"""The network that labels frames {silence, first, second, both}: exactly symmetric in the two people, and streaming.

Every convolution keeps its own past as an explicit state, so one model serves a live stream (small chunks, states
handed on) and a whole recording (one chunk), with the same outputs. The output for a frame comes `LOOK_AHEAD` frames
after it.
"""

from __future__ import annotations

from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from voice_coach.engines.voiceprint import N_COMMON, N_PERSONAL

WIDTH = 56
TAPS = 5
COMMON = ((1, 2), (2, 1))
"""Dilation and future taps of the blocks that see only what both people share."""
BRANCH = ((1, 2), (2, 2), (4, 2), (8, 0), (16, 0), (32, 0))
"""Dilation and future taps of the blocks that see one person as self and the other as other."""
COMMON_DELAY = sum(dilation * future for dilation, future in COMMON)
LOOK_AHEAD = COMMON_DELAY + sum(dilation * future for dilation, future in BRANCH)
"""Frames of 20 ms: 18, or 360 ms."""


class Block(nn.Module):
    """Residual block: a dilated depthwise convolution and two pointwise ones."""

    def __init__(self, width: int, dilation: int, future: int, dropout: float) -> None:
        super().__init__()
        self.past = (TAPS - 1) * dilation
        self.centre = (TAPS - 1 - future) * dilation
        self.depthwise = nn.Conv1d(width, width, TAPS, dilation=dilation, groups=width)
        self.norm = nn.BatchNorm1d(width)
        self.wide = nn.Conv1d(width, 2 * width, 1)
        self.narrow = nn.Conv1d(2 * width, width, 1)
        self.dropout = nn.Dropout(dropout)

    def forward(self, values: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Values (n, width, frames) and state (n, width, past) to the same shapes."""
        stream = torch.cat((state, values), 2)
        change = self.narrow(torch.relu(self.wide(self.norm(self.depthwise(stream)))))
        kept = stream[:, :, self.centre : self.centre + values.shape[2]]
        return kept + self.dropout(change), stream[:, :, values.shape[2] :]


class SpeakerNet(nn.Module):
    """Common features (n, 84, t), personal ones (n, 5, t) twice, and states, to logits (n, 4, t) and new states."""

    def __init__(self, width: int = WIDTH, dropout: float = 0.1) -> None:
        super().__init__()
        self.norm_common = nn.BatchNorm1d(N_COMMON)
        self.norm_personal = nn.BatchNorm1d(N_PERSONAL)
        self.enter = nn.Conv1d(N_COMMON, width, 1)
        self.common = nn.ModuleList(Block(width, d, f, dropout) for d, f in COMMON)
        self.meet = nn.Conv1d(width + 2 * N_PERSONAL, width, 1)
        self.branch = nn.ModuleList(Block(width, d, f, dropout) for d, f in BRANCH)
        self.leave = nn.Conv1d(width, 3, 1)
        self.width = width

    def empty_states(self, batch: int) -> list[Tensor]:
        """States before a stream begins: common blocks, delayed personal features, branch blocks of both people."""
        common = [torch.zeros(batch, self.width, block.past) for block in self.common]
        personal = [torch.zeros(batch, 2 * N_PERSONAL, COMMON_DELAY)]
        branch = [torch.zeros(2 * batch, self.width, block.past) for block in self.branch]
        return [*common, *personal, *branch]

    def forward(
        self, common: Tensor, first: Tensor, second: Tensor, states: list[Tensor]
    ) -> tuple[Tensor, list[Tensor]]:
        """Logits come `LOOK_AHEAD` frames after the frames they are about."""
        frames, kept = common.shape[2], []
        values = torch.relu(self.enter(self.norm_common(common)))
        for block, state in zip(self.common, states, strict=False):
            values, after = block(values, state)
            kept.append(after)
        personal = torch.cat((self.norm_personal(first), self.norm_personal(second)), 1)
        stream = torch.cat((states[len(self.common)], personal), 2)
        kept.append(stream[:, :, frames:])
        own, other = torch.split(stream[:, :, :frames], N_PERSONAL, 1)
        # Both people go through the same weights, each once as self and once as other.
        pair = torch.cat((torch.cat((values, own, other), 1), torch.cat((values, other, own), 1)), 0)
        pair = torch.relu(self.meet(pair))
        for block, state in zip(self.branch, states[len(self.common) + 1 :], strict=True):
            pair, after = block(pair, state)
            kept.append(after)
        one, two = torch.chunk(self.leave(pair), 2, 0)
        logits = torch.stack((one[:, 1] + two[:, 1], one[:, 0], two[:, 0], one[:, 2] + two[:, 2]), 1)
        return logits, kept

    def whole(self, common: Tensor, first: Tensor, second: Tensor) -> Tensor:
        """Logits (n, 4, t - LOOK_AHEAD) of whole stretches, aligned with their frames from the first on."""
        logits, _ = self(common, first, second, self.empty_states(len(common)))
        return logits[:, :, LOOK_AHEAD:]


def export(model: SpeakerNet, path: Path) -> None:
    """Write the model as ONNX, states as inputs `state_k` and outputs `next_k`."""
    model.eval()
    states = model.empty_states(1)
    example = (torch.zeros(1, N_COMMON, 8), torch.zeros(1, N_PERSONAL, 8), torch.zeros(1, N_PERSONAL, 8), states)
    inputs = ["common", "first", "second", *(f"state_{k}" for k in range(len(states)))]
    outputs = ["logits", *(f"next_{k}" for k in range(len(states)))]
    axes = {name: {2: "frames"} for name in ("common", "first", "second", "logits")}
    torch.onnx.export(
        model,
        example,
        str(path),
        input_names=inputs,
        output_names=outputs,
        dynamic_axes=axes,
        opset_version=17,
        dynamo=False,
    )
    stored = onnx.load(str(path))
    onnx.helper.set_model_props(stored, {"look_ahead_frames": str(LOOK_AHEAD)})
    onnx.save(stored, str(path))
