"""The session on disk: an append-only journal of what happened, the source of everything that is shown later.

Line 1 names the schema and the session. Every other line holds one event, or one answer to a command, with the
sample position at which it was taken: `{"at": 48000, "event": "TurnEnded", "value": {...}}`. Each line is handed to the
system at once, so that a killed program loses nothing that was heard; what a crash leaves half-written is left out when
the journal is read.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, get_args

import msgspec

from voice_coach.corrections import Correction
from voice_coach.errors import InputError
from voice_coach.events import Answer, Event
from voice_coach.report import SessionFacts

SCHEMA = "voice_coach.journal/1"
JOURNAL_NAME = "journal.jsonl"
SECOND_NAME = "second_hearing.jsonl"
"""What a second hearing of the whole talk found; the journal stays as the talk was heard when it was held."""
CORRECTIONS_NAME = "corrections.jsonl"
"""What people put right afterwards, in the order in which they did; nothing in it is ever changed."""
REWRITTEN_NAME = "words_again.jsonl"
"""What was heard, with the words of another engine, and that engine's name."""
_EVENTS = {kind.__name__: kind for kind in get_args(Event)}
_CORRECTIONS = {kind.__name__: kind for kind in get_args(Correction)}
_ANSWERS = {kind.__name__: kind for kind in get_args(Answer)}


@dataclass(frozen=True, slots=True)
class Header:
    """The first line of a journal."""

    schema: str
    session: SessionFacts


@dataclass(frozen=True, slots=True)
class TakenAnswer:
    """An answer, and the sample position at which the pipeline took it."""

    at_sample: int
    answer: Answer


@dataclass(frozen=True, slots=True)
class Journal:
    """A journal that was read."""

    session: SessionFacts
    events: tuple[Event, ...]
    answers: tuple[TakenAnswer, ...]
    corrections: tuple[Correction, ...] = ()


class JournalWriter:
    """Appends to a new journal, the session's own or one of another name; use it in a `with` statement.

    Raises
    ------
    InputError
        If the folder cannot be written, or its disk is full.
    """

    def __init__(self, folder: Path, session: SessionFacts, name: str = JOURNAL_NAME) -> None:
        self._path = folder / name
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        except OSError as error:
            raise InputError(f"{folder} cannot be written: {error.strerror}") from error
        self._file = os.fdopen(descriptor, "wb", buffering=0)
        self._write(Header(SCHEMA, session))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def append(self, at_sample: int, value: Event | Answer) -> None:
        """Write down an event, or an answer."""
        name = type(value).__name__
        self._write({"at": at_sample, "event" if name in _EVENTS else "answer": name, "value": value})

    def correct(self, correction: Correction) -> None:
        """Write down a correction."""
        self._write({"correction": type(correction).__name__, "value": correction})

    def _write(self, line: Any) -> None:
        try:
            self._file.write(msgspec.json.encode(line) + b"\n")
        except OSError as error:
            raise InputError(f"{self._path.parent} cannot be written: {error.strerror}") from error


def write_beside(folder: Path, session: SessionFacts, events: Iterable[Event], name: str = SECOND_NAME) -> None:
    """Write down what was found of the talk afterwards; a file of its name is always whole.

    Raises
    ------
    InputError
        If the folder cannot be written, or its disk is full.
    """
    unfinished = folder / f"{name}.part"
    try:
        with JournalWriter(folder, session, unfinished.name) as journal:
            for event in events:
                journal.append(0, event)
        unfinished.replace(folder / name)
    except OSError as error:
        raise InputError(f"{folder} cannot be written: {error.strerror}") from error
    finally:
        with suppress(OSError):
            unfinished.unlink()


def remove_beside(folder: Path) -> None:
    """Forget what was found and put right afterwards of a talk that is held anew.

    Raises
    ------
    InputError
        If the folder cannot be written.
    """
    try:
        for name in (SECOND_NAME, REWRITTEN_NAME, CORRECTIONS_NAME):
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"{folder} cannot be written: {error.strerror}") from error


def read_second(folder: Path) -> tuple[Event, ...] | None:
    """What a second hearing found, `None` if there was none."""
    return read_journal(folder, SECOND_NAME).events if (folder / SECOND_NAME).exists() else None


def read_rewritten(folder: Path) -> Journal | None:
    """The talk with the words of another engine, `None` if it has none."""
    return read_journal(folder, REWRITTEN_NAME) if (folder / REWRITTEN_NAME).exists() else None


def append_correction(folder: Path, session: SessionFacts, correction: Correction) -> None:
    """Add a correction to those of a session; the file is whole before and after.

    Raises
    ------
    InputError
        If the folder cannot be written, or its disk is full.
    """
    corrections = (*read_corrections(folder), correction)
    unfinished = folder / f"{CORRECTIONS_NAME}.part"
    try:
        with JournalWriter(folder, session, unfinished.name) as journal:
            for each in corrections:
                journal.correct(each)
        unfinished.replace(folder / CORRECTIONS_NAME)
    except OSError as error:
        raise InputError(f"{folder} cannot be written: {error.strerror}") from error
    finally:
        with suppress(OSError):
            unfinished.unlink()


def read_corrections(folder: Path) -> tuple[Correction, ...]:
    """What was put right about a session so far, in order.

    Raises
    ------
    InputError
        If there are corrections, and they are not ours.
    """
    return read_journal(folder, CORRECTIONS_NAME).corrections if (folder / CORRECTIONS_NAME).exists() else ()


def read_journal(folder: Path, name: str = JOURNAL_NAME) -> Journal:
    """Read a session's journal as far as it is whole.

    Raises
    ------
    InputError
        If there is none, or its first line is not one of ours.
    """
    path = folder / name
    try:
        with path.open("rb") as file:
            first = file.readline()
            header = msgspec.json.decode(first, type=Header)
            if header.schema != SCHEMA:
                raise InputError(f"{path} was written by another version ({header.schema})")
            return _journal(header.session, file)
    except FileNotFoundError:
        raise InputError(f"{folder} holds no session") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    except msgspec.MsgspecError as error:
        raise InputError(f"{path} is not a journal of voice_coach") from error


def _journal(session: SessionFacts, lines: Iterable[bytes]) -> Journal:
    events: list[Event] = []
    answers: list[TakenAnswer] = []
    corrections: list[Correction] = []
    for line in lines:
        try:
            raw = msgspec.json.decode(line)
            if "event" in raw:
                events.append(msgspec.convert(raw["value"], _EVENTS[raw["event"]]))
            elif "correction" in raw:
                corrections.append(msgspec.convert(raw["value"], _CORRECTIONS[raw["correction"]]))
            else:
                answers.append(TakenAnswer(raw["at"], msgspec.convert(raw["value"], _ANSWERS[raw["answer"]])))
        except (msgspec.MsgspecError, KeyError, TypeError):
            break  # the last line of a program that was killed
    return Journal(session, tuple(events), tuple(answers), tuple(corrections))
