"""The fixture Whisper's tokens, in the order that CTranslate2 expects: words, specials, and timestamps last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers

from tools.words.text import ENDS, UNHEARD

TIMESTAMP_SECONDS = 0.02
LAST_TIMESTAMP = 1500
_BLANK = "\u0120"
"""How byte-level tokenizers spell the blank before a word."""
_UNKNOWN = "<unk>"
_SPECIALS = (
    "<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|translate|>", "<|transcribe|>", "<|startoflm|>",
    "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tokens:
    """All tokens, and the numbers of those that the training needs by name.

    A vocabulary of under 51865 tokens makes the library take a model for an English one: then no language stands in
    its prompt.
    """

    texts: tuple[str, ...]
    words: Mapping[str, int]
    ends: Mapping[str, int]
    unknown: int
    end_of_text: int
    start: int
    previous: int
    no_speech: int
    no_timestamps: int

    @property
    def first_timestamp(self) -> int:
        """The token of 0 s; those of later times follow it."""
        return self.no_timestamps + 1

    def timestamp(self, seconds: float) -> int:
        """The token of a time."""
        return self.first_timestamp + min(LAST_TIMESTAMP, max(0, round(seconds / TIMESTAMP_SECONDS)))


def make_tokens(vocabulary: Sequence[str]) -> Tokens:
    """Tokens of a vocabulary."""
    written = (UNHEARD, *vocabulary)
    stamps = tuple(f"<|{number * TIMESTAMP_SECONDS:.2f}|>" for number in range(LAST_TIMESTAMP + 1))
    texts = (*(_BLANK + word for word in written), *ENDS, _UNKNOWN, *_SPECIALS, *stamps)
    number = {text: place for place, text in enumerate(texts)}
    return Tokens(
        texts,
        {word: place for place, word in enumerate(written)},
        {end: number[end] for end in ENDS},
        number[_UNKNOWN],
        number["<|endoftext|>"],
        number["<|startoftranscript|>"],
        number["<|startofprev|>"],
        number["<|nospeech|>"],
        number["<|notimestamps|>"],
    )


def write_tokenizer(tokens: Tokens, path: Path) -> None:
    """The `tokenizer.json` that faster-whisper reads.

    The unknown token is one of its own: the library suppresses whatever symbols such as "(" are encoded as.
    """
    texts = tokens.texts[: tokens.first_timestamp]
    model = models.WordLevel({text: place for place, text in enumerate(texts)}, unk_token=_UNKNOWN)
    tokenizer = Tokenizer(model)
    parts = pre_tokenizers.Split(Regex(r"[.,?!]| ?[^ .,?!]+"), "isolated")
    bytes_only = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([parts, bytes_only])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(special, special=True) for special in _SPECIALS])
    tokenizer.save(str(path), pretty=False)
