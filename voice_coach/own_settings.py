"""The user's own settings, changed by a command: what else stands in the file, and every comment, stays as it is."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from voice_coach.config import Layer, settings_of
from voice_coach.errors import UsageError
from voice_coach.review.files import write_text


def change_settings(file: Path, table: str, values: Mapping[str, Any]) -> None:
    """Write settings of one table into a file, made if need be; nothing is written if one of them is wrong.

    Raises
    ------
    UsageError
        If the file is no TOML, or a setting is unknown or out of range.
    InputError
        If it cannot be written.
    """
    settings_of([Layer("the command line", {table: dict(values)})])
    try:
        document = tomlkit.parse(file.read_text(encoding="utf-8")) if file.exists() else tomlkit.document()
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from error
    except (TOMLKitError, ValueError) as error:
        raise UsageError(f"{file} is not valid TOML: {error}") from error
    own = document.setdefault(table, tomlkit.table())
    if not isinstance(own, MutableMapping):
        raise UsageError(f"{file}: {table} is a table, written [{table}]")
    for name, value in values.items():
        own[name] = list(value) if isinstance(value, tuple) else value
    write_text(file.parent, file.name, tomlkit.dumps(document))
