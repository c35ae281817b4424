"""Files of a session: whole or not at all, and for nobody else's eyes."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from voice_coach.errors import InputError

_FOLDER_MODE = 0o700


def write_text(folder: Path, name: str, text: str) -> Path:
    r"""Write a file of UTF-8 text with `\n` line ends, readable by its owner only, and return its path.

    It is written beside its place and then moved there, so that whoever reads it meets the old file or the new one.

    Raises
    ------
    InputError
        If the folder cannot be written to.
    """
    try:
        folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        with replacing(folder / name) as file:
            file.write(text.encode())
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(f"cannot write {name} into the folder {folder}: {reason}") from error
    return folder / name


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write that moves to `path` once it is whole, and is gone if it never is.

    It lies beside its place until then. `OSError` if it cannot be written.
    """
    handle, temporary = tempfile.mkstemp(prefix=".voice-coach-", dir=path.parent)  # made with mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
