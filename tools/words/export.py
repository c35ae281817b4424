"""Writes the network as a CTranslate2 Whisper model, with that library's own specification."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from ctranslate2.specs.whisper_spec import WhisperSpec
from torch import Tensor, nn

from tools.words.network import (
    ALIGNED_HEADS,
    DECODER_LAYERS,
    ENCODER_LAYERS,
    HEADS,
    POSITIONS,
    WIDTH,
    Attention,
    Feed,
    Network,
    sinusoids,
)
from tools.words.tokens import Tokens, write_tokenizer

_FEATURES = {"feature_size": 80, "sampling_rate": 16000, "hop_length": 160, "chunk_length": 30, "n_fft": 400}


def write_model(network: Network, tokens: Tokens, folder: Path) -> None:
    """A model folder as faster-whisper loads it: int8 weights, tokenizer, vocabulary, and how features are made."""
    spec = WhisperSpec(ENCODER_LAYERS, HEADS, DECODER_LAYERS, HEADS)
    _write_encoder(spec.encoder, network)
    _write_decoder(spec.decoder, network)
    spec.register_vocabulary(list(tokens.texts))
    # Nothing is suppressed: a model of a thousand words has none to spare, and may end at once where nobody speaks.
    spec.config.suppress_ids, spec.config.suppress_ids_begin, spec.config.lang_ids = [], [], []
    spec.config.alignment_heads = [[DECODER_LAYERS - 1, head] for head in range(ALIGNED_HEADS)]
    spec.validate()
    spec.optimize(quantization="int8")
    folder.mkdir(parents=True, exist_ok=True)
    spec.save(str(folder))
    vocabulary = folder / "vocabulary.json"
    vocabulary.write_text(json.dumps(json.loads(vocabulary.read_text("utf-8")), separators=(",", ":")), "utf-8")
    (folder / "preprocessor_config.json").write_text(json.dumps(_FEATURES) + "\n", "utf-8")
    write_tokenizer(tokens, folder / "tokenizer.json")


def _write_encoder(spec: Any, network: Network) -> None:
    heard = network.encoder
    _write_linear(spec.conv1, heard.first)
    _write_linear(spec.conv2, heard.second)
    spec.position_encodings.encodings = sinusoids(POSITIONS, WIDTH)
    _write_norm(spec.layer_norm, heard.norm)
    for layer, attention, feed in zip(spec.layer, heard.attentions, heard.feeds, strict=True):
        _write_self(layer.self_attention, attention)
        _write_feed(layer.ffn, feed)


def _write_decoder(spec: Any, network: Network) -> None:
    table = _array(network.table)
    spec.embeddings.weight = table
    spec.projection.weight = table.copy()  # the same values: saved once, as an alias
    spec.position_encodings.encodings = _array(network.place_scale * network.places)
    _write_norm(spec.layer_norm, network.norm)
    parts = zip(spec.layer, network.selves, network.crosses, network.feeds, strict=True)
    for layer, own, cross, feed in parts:
        _write_self(layer.self_attention, own)
        _write_cross(layer.attention, cross)
        _write_feed(layer.ffn, feed)


def _write_self(spec: Any, attention: Attention) -> None:
    _write_norm(spec.layer_norm, attention.norm)
    _write_linear(spec.linear[0], attention.query, attention.key, attention.value)
    _write_linear(spec.linear[1], attention.out)


def _write_cross(spec: Any, attention: Attention) -> None:
    _write_norm(spec.layer_norm, attention.norm)
    _write_linear(spec.linear[0], attention.query)
    _write_linear(spec.linear[1], attention.key, attention.value)
    _write_linear(spec.linear[2], attention.out)


def _write_feed(spec: Any, feed: Feed) -> None:
    _write_norm(spec.layer_norm, feed.norm)
    _write_linear(spec.linear_0, feed.wide)
    _write_linear(spec.linear_1, feed.narrow)


def _write_norm(spec: Any, norm: nn.LayerNorm) -> None:
    spec.gamma, spec.beta = _array(norm.weight), _array(norm.bias)


def _write_linear(spec: Any, *layers: nn.Linear | nn.Conv1d) -> None:
    """One layer, or several side by side."""
    spec.weight = np.concatenate([_array(layer.weight) for layer in layers])
    spec.bias = np.concatenate([_array(layer.bias) for layer in layers if layer.bias is not None])


def _array(tensor: Tensor) -> np.ndarray:
    return tensor.detach().numpy().astype(np.float32).copy()
