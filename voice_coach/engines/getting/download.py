"""A model, file by file: fetched or copied aside, checked, and put in its place only when it is whole."""

from __future__ import annotations

import errno
import os
import shutil
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from voice_coach.engines.claim import Claim, Claimed
from voice_coach.engines.getting.connection import Hub, Unreachable
from voice_coach.engines.getting.manifest import PinnedFile, PinnedModel
from voice_coach.engines.model_store import (
    Record,
    as_known,
    models_folder,
    partial_folder,
    write_record,
)
from voice_coach.errors import InputError, MissingPart

Told = Callable[[int], None]
"""Told how many bytes have come, of all."""
_TRIES = 3
_SPARE_BYTES = 50_000_000
_CHUNK = 1 << 20


def get_from_hub(model: PinnedModel, hub: Hub, told: Told) -> Record:
    """Download a model; what came of an earlier try is gone on with.

    Raises
    ------
    MissingPart
        If there is no connection, or no room on the disk.
    InputError
        If what comes is not what the manifest says, or somebody else is getting it.
    """

    def fetch(file: PinnedFile, path: Path, before: int) -> None:
        for attempt in range(_TRIES):
            try:
                _fetch(model.url(file), file, path, hub, lambda done: told(before + done))
            except Unreachable:
                if attempt + 1 == _TRIES:
                    raise
            else:
                return

    return _get(model, f"https://{model.repository}", fetch)


def get_from_folder(model: PinnedModel, folder: Path, told: Told) -> Record:
    """Copy a model from a folder, as another machine got it."""

    def copy(file: PinnedFile, path: Path, before: int) -> None:
        try:
            with (folder / file.name).open("rb") as source:
                _copy(source, path, file, lambda done: told(before + done))
        except OSError as error:
            raise _not_copied(error, folder / file.name) from error

    return _get(model, str(folder), copy)


def get_from_archive(model: PinnedModel, archive: Path, told: Told) -> Record:
    """Take a model out of a zip or tar file; only the files of the manifest, whatever else is in it."""

    def extract(file: PinnedFile, path: Path, before: int) -> None:
        try:
            with _member(archive, file.name) as source:
                _copy(source, path, file, lambda done: told(before + done))
        except (OSError, tarfile.TarError, zipfile.BadZipFile, EOFError) as error:
            raise _not_copied(error, archive) from error

    return _get(model, str(archive), extract)


def _get(model: PinnedModel, source: str, take: Callable[[PinnedFile, Path, int], None]) -> Record:
    target, aside = models_folder() / model.name, partial_folder(model.name)
    with _disk(aside):
        aside.mkdir(mode=0o700, parents=True, exist_ok=True)
        _check_room(model, aside)
        with _alone(model, aside):
            before = 0
            for file in model.files:
                take(file, aside / file.name, before)
                before += file.size
            known = as_known(aside, {file.name: (file.size, file.sha256) for file in model.files})
            record = Record(model.name, model.revision, source, known)
            write_record(aside, record)
        if target.is_dir():
            shutil.rmtree(target)
        aside.replace(target)
    return record


@contextmanager
def _alone(model: PinnedModel, aside: Path) -> Iterator[None]:
    """While one program gets a model, no other does."""
    try:
        with Claim(aside):
            yield
    except Claimed as error:
        raise InputError(f"another voice-coach is getting {model.name} just now") from error


@contextmanager
def _disk(aside: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise MissingPart(f"the disk of {aside.parent} is full; free some space, and try again") from error
        raise InputError(f"{aside.parent} cannot be written: {error.strerror}") from error


def _check_room(model: PinnedModel, aside: Path) -> None:
    there = sum(path.stat().st_size for path in aside.iterdir() if path.is_file())
    needed = model.size - there + _SPARE_BYTES
    free = shutil.disk_usage(aside).free
    if free < needed:
        raise MissingPart(
            f"{aside.parent} has {free / 1e6:.0f} MB left, and {model.name} needs {needed / 1e6:.0f} MB more; "
            "free some space, and try again"
        )


def _fetch(url: str, file: PinnedFile, path: Path, hub: Hub, told: Told) -> None:
    """Fetch a file, or the rest of it."""
    start = _taken(path, file)
    if start == file.size:
        told(start)
        return
    with hub.open(url, start) as (begin, chunks), _writer(path, begin) as written:
        done = begin
        for chunk in chunks:
            done += len(chunk)
            if done > file.size:
                written.close()
                path.unlink()
                raise InputError(f"{file.name} is longer than the {file.size} bytes that the model's has")
            written.write(chunk)
            told(done)
    if done < file.size:
        raise Unreachable(f"{file.name} was cut off after {done} of {file.size} bytes; try again, and it goes on there")
    _drop_if_wrong(path, file)


def _taken(path: Path, file: PinnedFile) -> int:
    """How much of a file there is from an earlier try; what is too long for it is dropped."""
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        return 0
    if size > file.size:
        path.unlink()
        return 0
    return size


def _drop_if_wrong(path: Path, file: PinnedFile) -> None:
    """A file that came whole and is another than it has to be is not gone on with."""
    try:
        as_known(path.parent, {file.name: (file.size, file.sha256)})
    except InputError as error:
        path.unlink()
        raise InputError(
            f"{file.name} did not come as the model has it, and was dropped: its SHA-256 differs"
        ) from error


def _writer(path: Path, begin: int) -> IO[bytes]:
    """A file to go on with at a byte, for its user alone."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
    os.ftruncate(descriptor, begin)
    os.lseek(descriptor, begin, os.SEEK_SET)
    return os.fdopen(descriptor, "wb")


def _copy(source: IO[bytes], path: Path, file: PinnedFile, told: Told) -> None:
    done = 0
    with _writer(path, 0) as written:
        while chunk := source.read(_CHUNK):
            done += len(chunk)
            if done > file.size:
                break
            written.write(chunk)
            told(done)
    if done != file.size:
        path.unlink()
        raise InputError(f"{file.name} is not the model's: it has {file.size} bytes")
    _drop_if_wrong(path, file)


def _not_copied(error: Exception, source: Path) -> Exception:
    """What to say where something cannot be copied; a full disk is told of further up."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return error
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return InputError(f"{source} cannot be read: {reason}")


@contextmanager
def _member(archive: Path, name: str) -> Iterator[IO[bytes]]:
    """A file of an archive, in whatever folder it lies there."""
    if zipfile.is_zipfile(archive):
        with (
            zipfile.ZipFile(archive) as zipped,
            zipped.open(_named(name, zipped.namelist(), archive)) as member,
        ):
            yield member
        return
    if archive.is_file() and not tarfile.is_tarfile(archive):
        raise InputError(f"{archive} is neither a zip nor a tar file")
    with tarfile.open(archive) as tarred:
        regular = [member.name for member in tarred.getmembers() if member.isfile()]
        opened = tarred.extractfile(_named(name, regular, archive))
        assert opened is not None  # noqa: S101 - it is a regular file
        with opened:
            yield opened


def _named(name: str, names: list[str], archive: Path) -> str:
    found = [one for one in names if PurePosixPath(one).name == name]
    if len(found) != 1:
        raise InputError(f"{archive} holds {len(found) or 'no'} files called {name}")
    return found[0]
