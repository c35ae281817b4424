"""The network that labels frames {silence, first, second, both, other}: symmetric in the two people, and streaming.

It has an encoder of voices of its own beside the Gaussian models: a person is the mean of what the encoder makes of
their enrolment, and every frame of the talk is compared with it. `other` is speech of neither.

Every convolution keeps its own past as an explicit state, so one model serves a live stream (small chunks, states
handed on) and a whole recording (one chunk), with the same outputs. The output for a frame comes `LOOK_AHEAD` frames
after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np
import onnx
import onnx.numpy_helper
import torch
from torch import Tensor, nn

from voice_coach.acoustics import N_MELS
from voice_coach.engines.voiceprint import N_OWN, STRANGER

WIDTH = 56
VOICE = 24
"""Dimensions of a voice."""
CLASSES = 5
TAPS = 5
ENCODER = ((1, 2), (1, 2))
"""Dilation and future taps of the blocks of the voice encoder."""
COMMON = ((1, 2), (2, 1))
"""The same of the blocks that see only what both people share."""
BRANCH = ((1, 2), (2, 2), (4, 2), (8, 0), (16, 0), (32, 0))
"""The same of the blocks that see one person as self and the other as other."""


def _delay(blocks: tuple[tuple[int, int], ...]) -> int:
    return sum(dilation * future for dilation, future in blocks)


COMMON_DELAY = _delay(COMMON)
LOOK_AHEAD = COMMON_DELAY + _delay(BRANCH)
"""Frames of 20 ms: 18, or 360 ms."""
_LARGE = 64


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


class Encoder(nn.Module):
    """What a voice is like in each frame: log-mel (n, 32, t) to (n, 24, t), `COMMON_DELAY` frames late."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.enter = nn.Conv1d(N_MELS, width, 1)
        self.blocks = nn.ModuleList(Block(width, d, f, dropout) for d, f in ENCODER)
        self.leave = nn.Conv1d(width, VOICE, 1)
        self.width = width

    def empty_states(self, batch: int) -> list[Tensor]:
        """States before a stream begins."""
        return [torch.zeros(batch, self.width, block.past) for block in self.blocks]

    def forward(self, log_mel: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Frames and new states."""
        values, kept = torch.relu(self.enter(log_mel)), []
        for block, state in zip(self.blocks, states, strict=True):
            values, after = block(values, state)
            kept.append(after)
        return self.leave(values), kept

    def voice(self, log_mel: Tensor, speech: Tensor) -> Tensor:
        """A person: the mean over the speech (n, t) of an enrolment (n, 32, t), of unit length, (n, 24)."""
        frames, _ = self(log_mel, self.empty_states(len(log_mel)))
        frames, weight = frames[:, :, COMMON_DELAY:], speech[:, None, : frames.shape[2] - COMMON_DELAY]
        mean = (frames * weight).sum(2) / weight.sum(2).clamp(min=1.0)
        return nn.functional.normalize(mean, dim=1)


class SpeakerNet(nn.Module):
    """Common features (n, 84, t), personal ones (n, 5, t) and voices (n, 24) twice, and states, to logits (n, 5, t)."""

    def __init__(self, width: int = WIDTH, dropout: float = 0.1) -> None:
        super().__init__()
        self.norm_common = nn.BatchNorm1d(STRANGER)
        self.norm_personal = nn.BatchNorm1d(N_OWN)
        self.encoder = Encoder(width, dropout)
        self.enter = nn.Conv1d(STRANGER, width, 1)
        self.common = nn.ModuleList(Block(width, d, f, dropout) for d, f in COMMON)
        self.meet = nn.Conv1d(width + 2 * (N_OWN + VOICE), width, 1)
        self.branch = nn.ModuleList(Block(width, d, f, dropout) for d, f in BRANCH)
        self.leave = nn.Conv1d(width, 4, 1)
        self.width = width

    def empty_states(self, batch: int) -> list[Tensor]:
        """States before a stream begins: encoder, common blocks, delayed personal features, branch of both people."""
        common = [torch.zeros(batch, self.width, block.past) for block in self.common]
        personal = [torch.zeros(batch, 2 * N_OWN, COMMON_DELAY)]
        branch = [torch.zeros(2 * batch, self.width, block.past) for block in self.branch]
        return [*self.encoder.empty_states(batch), *common, *personal, *branch]

    def forward(  # noqa: PLR0913, PLR0917
        self,
        common: Tensor,
        first: Tensor,
        second: Tensor,
        first_voice: Tensor,
        second_voice: Tensor,
        states: list[Tensor],
    ) -> tuple[Tensor, list[Tensor]]:
        """Logits of silence, first, second, both and other come `LOOK_AHEAD` frames after the frames they are about."""
        count, waiting = common.shape[2], list(states)
        frames, kept = self.encoder(common[:, :N_MELS], [waiting.pop(0) for _ in self.encoder.blocks])
        values = torch.relu(self.enter(self.norm_common(common)))
        for block in self.common:
            values, after = block(values, waiting.pop(0))
            kept.append(after)
        personal = torch.cat((self.norm_personal(first), self.norm_personal(second)), 1)
        stream = torch.cat((waiting.pop(0), personal), 2)
        kept.append(stream[:, :, count:])
        own, other = torch.split(stream[:, :, :count], N_OWN, 1)
        own = torch.cat((own, frames * first_voice[:, :, None]), 1)
        other = torch.cat((other, frames * second_voice[:, :, None]), 1)
        # Both people go through the same weights, each once as self and once as other.
        pair = torch.cat((torch.cat((values, own, other), 1), torch.cat((values, other, own), 1)), 0)
        pair = torch.relu(self.meet(pair))
        for block in self.branch:
            pair, after = block(pair, waiting.pop(0))
            kept.append(after)
        one, two = torch.chunk(self.leave(pair), 2, 0)
        shared = one[:, 1:] + two[:, 1:]
        return torch.stack((shared[:, 0], one[:, 0], two[:, 0], shared[:, 1], shared[:, 2]), 1), kept

    def voice(self, log_mel: Tensor, speech: Tensor) -> Tensor:
        """A person, (n, 24), see `Encoder.voice`."""
        return self.encoder.voice(log_mel, speech)


class Committee(nn.Module):
    """Networks that differ by the chance of their training alone: their log-probabilities are averaged.

    Voices are those of all members in a row, (n, 24 m), and so are states.
    """

    def __init__(self, members: Sequence[SpeakerNet]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def empty_states(self, batch: int) -> list[Tensor]:
        """States before a stream begins."""
        return [state for member in self.members for state in member.empty_states(batch)]

    def forward(  # noqa: PLR0913, PLR0917
        self,
        common: Tensor,
        first: Tensor,
        second: Tensor,
        first_voice: Tensor,
        second_voice: Tensor,
        states: list[Tensor],
    ) -> tuple[Tensor, list[Tensor]]:
        """As of one network, but log-probabilities up to a constant."""
        voices = zip(first_voice.split(VOICE, 1), second_voice.split(VOICE, 1), strict=True)
        each = len(states) // len(self.members)
        told, kept = [], []
        for place, (member, (own, other)) in enumerate(zip(self.members, voices, strict=True)):
            logits, after = member(common, first, second, own, other, states[place * each : (place + 1) * each])
            told.append(torch.log_softmax(logits, 1))
            kept += after
        return torch.stack(told).mean(0), kept

    def voice(self, log_mel: Tensor, speech: Tensor) -> Tensor:
        """A person, (n, 24 m)."""
        return torch.cat([member.voice(log_mel, speech) for member in self.members], 1)


Model = SpeakerNet | Committee


def whole(model: Model, features: Sequence[Tensor], voices: Sequence[Tensor]) -> Tensor:
    """Logits (n, 5, t - LOOK_AHEAD) of whole stretches, aligned with their frames from the first on."""
    logits, _ = model(*features, *voices, model.empty_states(len(features[0])))
    return cast("Tensor", logits[:, :, LOOK_AHEAD:])


class _Enrolling(nn.Module):
    """What makes voices alone, as it is exported."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.model = model

    def forward(self, log_mel: Tensor, speech: Tensor) -> Tensor:
        """A voice (n, 24 m)."""
        return self.model.voice(log_mel, speech)


def export(model: Model, folder: Path) -> None:
    """Write `speakers.onnx`, states as inputs `state_k` and outputs `next_k`, and `voices.onnx`, its encoder."""
    model.eval()
    states = model.empty_states(1)
    enrolment = (torch.zeros(1, N_MELS, 50), torch.ones(1, 50))
    personal, voice = torch.zeros(1, N_OWN, 8), model.voice(*enrolment).detach()
    example = (torch.zeros(1, STRANGER, 8), personal, personal, voice, voice, states)
    names = ["common", "first", "second", "first_voice", "second_voice"]
    axes = {name: {2: "frames"} for name in ("common", "first", "second", "logits")}
    write_onnx(
        model, example, folder / "speakers.onnx", [*names, *(f"state_{k}" for k in range(len(states)))],
        ["logits", *(f"next_{k}" for k in range(len(states)))], axes, LOOK_AHEAD,
    )  # fmt: skip
    write_onnx(
        _Enrolling(model).eval(), enrolment, folder / "voices.onnx", ["log_mel", "speech"], ["voice"],
        {"log_mel": {2: "frames"}, "speech": {1: "frames"}}, COMMON_DELAY,
    )  # fmt: skip


def write_onnx(  # noqa: PLR0913, PLR0917
    model: nn.Module,
    example: tuple[object, ...],
    path: Path,
    inputs: list[str],
    outputs: list[str],
    axes: dict[str, dict[int, str]],
    look_ahead_frames: int,
) -> None:
    """Write a model in a few bytes, with its look-ahead beside it."""
    torch.onnx.export(
        model, example, str(path), input_names=inputs, output_names=outputs, dynamic_axes=axes, opset_version=17,
        dynamo=False,
    )  # fmt: skip
    stored = onnx.load(str(path))
    _shrink(stored.graph)
    onnx.helper.set_model_props(stored, {"look_ahead_frames": str(look_ahead_frames)})
    onnx.save(stored, str(path))


def _shrink(graph: onnx.GraphProto) -> None:
    """Store weights in bytes, with a scale to each row, and offsets in half precision; both are widened on loading."""
    widened = []
    for weights in list(graph.initializer):
        values, name = onnx.numpy_helper.to_array(weights), weights.name
        if values.dtype != np.float32 or values.size < _LARGE:
            continue
        graph.initializer.remove(weights)
        if values.ndim == 1:
            graph.initializer.append(onnx.numpy_helper.from_array(values.astype(np.float16), f"{name}_half"))
            widened.append(onnx.helper.make_node("Cast", [f"{name}_half"], [name], to=onnx.TensorProto.FLOAT))
            continue
        scale = np.abs(values).max(axis=tuple(range(1, values.ndim)), keepdims=True) / 127 + 1e-12
        graph.initializer.append(
            onnx.numpy_helper.from_array(np.round(values / scale).astype(np.int8), f"{name}_bytes")
        )
        graph.initializer.append(onnx.numpy_helper.from_array(scale.astype(np.float32), f"{name}_scale"))
        widened.append(onnx.helper.make_node("Mul", [f"{name}_wide", f"{name}_scale"], [name]))
        widened.append(onnx.helper.make_node("Cast", [f"{name}_bytes"], [f"{name}_wide"], to=onnx.TensorProto.FLOAT))
    for node in widened:
        graph.node.insert(0, node)
