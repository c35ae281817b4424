"""The Whisper models on this machine: where they lie, and whether they are still as they came."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
import platformdirs

from voice_coach.engines.getting.manifest import PINNED
from voice_coach.engines.whisper import is_model
from voice_coach.errors import InputError, MissingPart, UsageError

RECORD_NAME = "voice-coach.json"
"""What a model that was got with `models get` is known by; a folder without it was put there by hand."""
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A file as it came: its size in bytes, and its SHA-256."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Record:
    """What a model came as, and from where."""

    model: str
    revision: str
    source: str
    files: tuple[KnownFile, ...]


def models_folder() -> Path:
    """Where models go that are got by name."""
    return Path(platformdirs.user_cache_dir("voice-coach", appauthor=False)) / "models"


def own_folder() -> Path:
    """Where people put models of their own, one folder each."""
    return Path(platformdirs.user_data_dir("voice-coach", appauthor=False)) / "models"


def installed_models() -> tuple[Path, ...]:
    """The whole models of both folders, people's own first, in order of name."""
    return tuple(_models_in(own_folder())) + tuple(_models_in(models_folder()))


def _models_in(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        for model in sorted(folder.iterdir()):
            if model.is_dir() and not model.name.startswith(".") and is_model(model):
                yield model


def got_models() -> tuple[Path, ...]:
    """The models that were got by name, whether they are whole or not, in order of name."""
    return tuple(sorted(record.parent for record in models_folder().glob(f"[!.]*/{RECORD_NAME}")))


def find_model(name: str) -> Path | None:
    """The folder of an installed model."""
    return next((model for model in installed_models() if model.name == name), None)


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def write_record(folder: Path, record: Record) -> None:
    """Write down what a model came as."""
    path = folder / RECORD_NAME
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(record), indent=2))


def read_record(folder: Path) -> Record | None:
    """What a model came as; `None` for one that was put there by hand.

    Raises
    ------
    InputError
        If it is damaged.
    """
    path = folder / RECORD_NAME
    try:
        return msgspec.json.decode(path.read_bytes(), type=Record)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        raise InputError(f"{path} is damaged; remove the model, and get it again") from error


def damage_of(folder: Path, record: Record) -> str | None:
    """What is wrong with a model, as a clause; `None` if it is as it came."""
    for known in record.files:
        path = folder / known.name
        try:
            size = path.stat().st_size
            if size != known.size:
                return f"{known.name} has {size} bytes instead of {known.size}"
            if sha256_of(path) != known.sha256:
                return f"{known.name} is not the file that it was"
        except OSError as error:
            return f"{known.name} cannot be read: {error.strerror}"
    return None


def _difference_of(record: Record) -> str | None:
    """Which file did not come as the manifest pins this revision; its record alone could have been changed with it."""
    pinned = PINNED.get(record.model)
    if pinned is None or pinned.revision != record.revision:
        return None
    came = {file.name: (file.size, file.sha256) for file in record.files}
    for file in pinned.files:
        size, sha256 = came.get(file.name, (0, ""))
        if size != file.size or file.sha256 not in {None, sha256}:
            return f"{file.name} is not the file that the model has"
    return None


def check_model(folder: Path) -> None:
    """See that a model is as it came and as it is pinned, where that is known.

    Raises
    ------
    MissingPart
        If it is not, with the cure.
    """
    try:
        record = read_record(folder)
    except InputError as error:
        raise MissingPart(str(error)) from error
    damage = None if record is None else damage_of(folder, record) or _difference_of(record)
    if record is not None and damage is not None:
        cure = f"voice-coach models remove {record.model}, then voice-coach models get {record.model}"
        raise MissingPart(f"the Whisper model in {folder} is damaged ({damage}); cure: {cure}")


def remove_model(name: str) -> Path:
    """Remove a model that was got by name, and what is left of a download of it; returns its folder.

    Raises
    ------
    UsageError
        If it is no name, but a path.
    InputError
        If there is none, or it cannot be removed. What people put into their own folder is theirs to remove.
    """
    if not name or Path(name).name != name or name.startswith("."):
        raise UsageError(f"{name} is not the name of a model; voice-coach models list tells which are here")
    folder = models_folder() / name
    partial = partial_folder(name)
    if not folder.is_dir() and not partial.is_dir():
        own = own_folder() / name
        place = f"; the one in {own} was put there by hand" if own.is_dir() else ""
        raise InputError(f"no model {name} was got{place}")
    try:
        for there in (folder, partial):
            if there.is_dir():
                shutil.rmtree(there)
    except OSError as error:
        raise InputError(f"{folder} cannot be removed: {error.strerror}") from error
    return folder


def partial_folder(name: str) -> Path:
    """Where the files of a download lie until it is whole."""
    return models_folder() / f".{name}.part"


def as_known(folder: Path, expected: Mapping[str, tuple[int, str | None]]) -> tuple[KnownFile, ...]:
    """The files of a folder as they are, checked against what they have to be.

    Parameters
    ----------
    expected : size, and SHA-256 if it is known, of each file by name.

    Raises
    ------
    InputError
        If one is missing, or another than it has to be.
    """
    known = []
    for name, (size, sha256) in expected.items():
        path = folder / name
        try:
            found = path.stat().st_size
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error.strerror}") from error
        if found != size:
            raise InputError(f"{path} has {found} bytes, but the model's has {size}")
        digest = sha256_of(path)
        if sha256 is not None and digest != sha256:
            raise InputError(f"{path} is not the file that the model has: its SHA-256 differs")
        known.append(KnownFile(name, size, digest))
    return tuple(known)
