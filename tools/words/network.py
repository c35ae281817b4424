"""A Whisper of 128 dimensions, as a torch module that learns fast on a processor.

What the training adds to the usual network is dropped when it is written: heads that tell sound and word at each
position, and cross-attention of two heads that is trained towards where a token is heard, from which word times come.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from tools.words.material import N_MELS
from tools.words.reader import PHONES
from tools.words.tokens import LAST_TIMESTAMP, Tokens

WIDTH = 128
HEADS = 4
ENCODER_LAYERS = 3
DECODER_LAYERS = 2
POSITIONS = 1500
"""Positions of the encoder: the library always gives it 30 s."""
TEXT_POSITIONS = 448
ALIGNED_HEADS = 2
"""So many heads of each cross-attention are trained towards the sounds; those of the last layer tell word times."""
_LOOKS = ((-5, -2, 2, 5), (-9, -3, 3, 9), (-16, -6, 6, 16))
"""Where, in positions, each head of each encoder layer looks before it has learnt anything."""


def sinusoids(count: int, width: int) -> np.ndarray:
    """Whisper's positional encodings, float32 (count, width)."""
    turns = np.exp(-np.log(10_000) / (width // 2 - 1) * np.arange(width // 2))
    angles = np.arange(count)[:, None] * turns
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1).astype(np.float32)


class Attention(nn.Module):
    """Attention with its normalisation before and its shortcut around it."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(WIDTH)
        self.query, self.key, self.value, self.out = (nn.Linear(WIDTH, WIDTH) for _ in range(4))
        for part, spread in ((self.query, 0.06), (self.key, 0.06), (self.value, 0.06), (self.out, 0.04)):
            nn.init.normal_(part.weight, std=spread)
            nn.init.zeros_(part.bias)
        self.key.bias.requires_grad_(requires_grad=False)  # Whisper's has none

    def forward(self, x: Tensor, memory: Tensor | None = None, bias: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """What `x` becomes, looking at itself or at a memory, and the scores of the first heads."""
        normed = self.norm(x)
        source = normed if memory is None else memory
        query, key, value = (self._heads(part(of)) for part, of in self._parts(normed, source))
        if memory is None:
            mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=bias)
            scores = mixed[:, :0]
        else:
            scores = query @ key.transpose(2, 3) / math.sqrt(WIDTH // HEADS)
            scores = scores if bias is None else scores + bias
            mixed = scores.softmax(-1) @ value
        return x + self.out(mixed.transpose(1, 2).reshape(x.shape)), scores[:, :ALIGNED_HEADS]

    def _parts(self, own: Tensor, source: Tensor) -> tuple[tuple[nn.Linear, Tensor], ...]:
        return (self.query, own), (self.key, source), (self.value, source)

    @staticmethod
    def _heads(x: Tensor) -> Tensor:
        return x.view(*x.shape[:2], HEADS, WIDTH // HEADS).transpose(1, 2)


class Feed(nn.Module):
    """The two layers after each attention."""

    def __init__(self) -> None:
        super().__init__()
        self.norm, self.wide, self.narrow = (
            nn.LayerNorm(WIDTH),
            nn.Linear(WIDTH, 4 * WIDTH),
            nn.Linear(4 * WIDTH, WIDTH),
        )
        for part, spread in ((self.wide, 0.06), (self.narrow, 0.03)):
            nn.init.normal_(part.weight, std=spread)
            nn.init.zeros_(part.bias)

    def forward(self, x: Tensor) -> Tensor:
        """What `x` becomes."""
        return x + self.narrow(functional.gelu(self.wide(self.norm(x))))


class Heard(nn.Module):
    """What the encoder makes of features: its memory, and what helps to train it."""

    def __init__(self, word_count: int) -> None:
        super().__init__()
        self.first = nn.Conv1d(N_MELS, WIDTH, 3, padding=1)
        self.second = nn.Conv1d(WIDTH, WIDTH, 3, stride=2, padding=1)
        self.attentions = nn.ModuleList(Attention() for _ in range(ENCODER_LAYERS))
        self.feeds = nn.ModuleList(Feed() for _ in range(ENCODER_LAYERS))
        self.norm = nn.LayerNorm(WIDTH)
        self.sound = nn.Linear(WIDTH, len(PHONES))
        self.word, self.last_word = (nn.Linear(WIDTH, word_count + 1) for _ in range(2))
        self.register_buffer("places", torch.from_numpy(sinusoids(POSITIONS, WIDTH)))
        for attention, looks in zip(self.attentions, _LOOKS, strict=True):
            _look_at(attention, looks)

    def forward(self, features: Tensor, places: Tensor, bias: Tensor | None) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Memory (b, n, 128) of features (b, 80, 2 n) at these of the 1500 places.

        And logits of the sound at each of them, of the word and the last word at every other.
        """
        x = functional.gelu(self.second(functional.gelu(self.first(features)))).transpose(1, 2)
        x = x + self.places[places]
        for number, (attention, feed) in enumerate(zip(self.attentions, self.feeds, strict=True)):
            x = feed(attention(x, bias=bias)[0])
            if number == ENCODER_LAYERS - 2:
                sound = self.sound(x)
        memory = self.norm(x)
        every_other = memory[:, ::2]  # half as often is as good, and these two heads are as large as all layers
        return memory, (sound, self.word(every_other), self.last_word(every_other))


def _look_at(attention: Attention, looks: tuple[int, ...]) -> None:
    """Start each head with a look at a fixed distance, as a network of delays has: q.k peaks where places differ so."""
    turns = np.exp(-np.log(10_000) / (WIDTH // 2 - 1) * np.arange(WIDTH // 2))
    waves, gain = WIDTH // HEADS // 2, 1.3
    with torch.no_grad():
        for head, look in enumerate(looks):
            for wave in range(waves):
                row, cosine, sine = (
                    2 * (head * waves + wave),
                    math.cos(turns[wave] * look),
                    math.sin(turns[wave] * look),
                )
                query, key, half = attention.query.weight, attention.key.weight, WIDTH // 2
                query[row, wave] += gain
                query[row + 1, wave + half] += gain
                key[row, wave] += gain * cosine
                key[row, wave + half] -= gain * sine
                key[row + 1, wave] += gain * sine
                key[row + 1, wave + half] += gain * cosine


class Network(nn.Module):
    """The whole model.

    The timestamps' embeddings are one vector and a linear map of their time, so that all of them are learnt.
    """

    def __init__(self, tokens: Tokens) -> None:
        super().__init__()
        self.encoder = Heard(len(tokens.words))
        self.selves = nn.ModuleList(Attention() for _ in range(DECODER_LAYERS))
        self.crosses = nn.ModuleList(Attention() for _ in range(DECODER_LAYERS))
        self.feeds = nn.ModuleList(Feed() for _ in range(DECODER_LAYERS))
        self.norm = nn.LayerNorm(WIDTH)
        self.embedding = nn.Parameter(torch.randn(tokens.first_timestamp, WIDTH) * 0.08)
        self.stamp = nn.Parameter(torch.randn(WIDTH) * 0.08)
        self.stamp_time = nn.Linear(WIDTH, WIDTH, bias=False)
        nn.init.normal_(self.stamp_time.weight, std=0.01)
        self.place_scale = nn.Parameter(torch.tensor(0.1))
        self.register_buffer("places", torch.from_numpy(sinusoids(TEXT_POSITIONS, WIDTH)))
        self.register_buffer("times", torch.from_numpy(sinusoids(LAST_TIMESTAMP + 1, WIDTH)))

    @property
    def table(self) -> Tensor:
        """The embeddings of all tokens, (tokens, 128)."""
        return torch.cat([self.embedding, self.stamp + self.stamp_time(self.times)])

    def decode(self, given: Tensor, memory: Tensor, bias: Tensor | None) -> tuple[Tensor, list[Tensor]]:
        """Logits of what follows each given token, and each layer's scores (b, heads, tokens, n) of aligned heads."""
        table, count = self.table, given.shape[1]
        x = functional.embedding(given, table) + self.place_scale * self.places[:count]
        causal = torch.full((count, count), -math.inf).triu(1)
        scores = []
        for own, cross, feed in zip(self.selves, self.crosses, self.feeds, strict=True):
            x, _ = own(x, bias=causal)
            x, seen = cross(x, memory, bias)
            scores.append(seen)
            x = feed(x)
        return self.norm(x) @ table.T, scores
