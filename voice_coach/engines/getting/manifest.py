"""The Whisper models that can be got by name: where from, which revision, and what every file has to be.

Sizes and SHA-256 of the files of tiny.en, base.en, small.en, base and small are those that several projects publish
which pin the same revisions; those of tiny.en were also checked against a copy of the model. Of distil-small.en only
the weights' are known: its small files are pinned by the first download, which says so.
"""

from __future__ import annotations

from dataclasses import dataclass

HOST = "huggingface.co"


@dataclass(frozen=True, slots=True)
class PinnedFile:
    """A file of a model: its size in bytes, and its SHA-256, `None` where that is not known."""

    name: str
    size: int
    sha256: str | None


@dataclass(frozen=True, slots=True)
class PinnedModel:
    """A model: its repository on the hub, the revision of it, its languages in words, and its files."""

    name: str
    repository: str
    revision: str
    languages: str
    files: tuple[PinnedFile, ...]

    @property
    def size(self) -> int:
        """All files together, bytes."""
        return sum(file.size for file in self.files)

    def url(self, file: PinnedFile) -> str:
        """Where a file lies."""
        return f"https://{HOST}/{self.repository}/resolve/{self.revision}/{file.name}"


_ENGLISH = (
    PinnedFile("tokenizer.json", 2_128_466, "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df"),
    PinnedFile("vocabulary.txt", 422_309, "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf"),
)
_MULTILINGUAL = (
    PinnedFile("tokenizer.json", 2_203_239, "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab"),
    PinnedFile("vocabulary.txt", 459_861, "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913"),
)
_MODELS = (
    PinnedModel(
        "tiny.en",
        "Systran/faster-whisper-tiny.en",
        "0d3d19a32d3338f10357c0889762bd8d64bbdeba",
        "English",
        (
            PinnedFile("config.json", 2_317, "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5"),
            PinnedFile("model.bin", 75_537_502, "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a"),
            *_ENGLISH,
        ),
    ),
    PinnedModel(
        "base.en",
        "Systran/faster-whisper-base.en",
        "3d3d5dee26484f91867d81cb899cfcf72b96be6c",
        "English",
        (
            PinnedFile("config.json", 2_227, "f3bc3821e9fc76a27bae538e11ae5b677dcdd352b4600429ce7951d398569aeb"),
            PinnedFile("model.bin", 145_216_508, "2a166925539a16005f14ff328359f9b9adb9dc4fb631bb3b227526862e93e2ef"),
            *_ENGLISH,
        ),
    ),
    PinnedModel(
        "small.en",
        "Systran/faster-whisper-small.en",
        "d1d751a5f8271d482d14ca55d9e2deeebbae577f",
        "English",
        (
            PinnedFile("config.json", 2_657, "666a9605530ac1f61fa8177f3702b4dacec9966749e42610839fcc32661d5fae"),
            PinnedFile("model.bin", 483_545_366, "62b2a45b05ee59acb4a5341b33ee35e041395d378d418a18acfe4c9e768ee37a"),
            *_ENGLISH,
        ),
    ),
    PinnedModel(
        "distil-small.en",
        "Systran/faster-distil-whisper-small.en",
        "ef77d90526ccd62cde3808ee70626a01e5cf83e4",
        "English",
        (
            PinnedFile("config.json", 2_812, None),
            PinnedFile("model.bin", 332_308_257, "1187de3982cdcf962a2fb8f797e429fb4651b875b18fe9ce50b58b52fc9072b7"),
            PinnedFile("preprocessor_config.json", 339, None),
            PinnedFile("tokenizer.json", 2_405_466, None),
            PinnedFile("vocabulary.json", 825_480, None),
        ),
    ),
    PinnedModel(
        "base",
        "Systran/faster-whisper-base",
        "ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66",
        "99 languages",
        (
            PinnedFile("config.json", 2_309, "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a"),
            PinnedFile("model.bin", 145_217_532, "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"),
            *_MULTILINGUAL,
        ),
    ),
    PinnedModel(
        "small",
        "Systran/faster-whisper-small",
        "536b0662742c02347bc0e980a01041f333bce120",
        "99 languages",
        (
            PinnedFile("config.json", 2_370, "b55496ac7940a7ae47d2c01eab40edfd8701feec1229d9cce3b40014383fb828"),
            PinnedFile("model.bin", 483_546_902, "3e305921506d8872816023e4c273e75d2419fb89b24da97b4fe7bce14170d671"),
            *_MULTILINGUAL,
        ),
    ),
)
PINNED = {model.name: model for model in _MODELS}
"""By name, smallest first of each kind."""
