"""Models for words: listed, got, checked, removed. Only `get` may open a connection, as it was asked to."""

from __future__ import annotations

import sys
from argparse import Namespace
from dataclasses import asdict
from pathlib import Path

import msgspec
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.table import Column, Table

from voice_coach import resources
from voice_coach.characters import spelled_out
from voice_coach.commands.common import Output, effective_settings, note, tell
from voice_coach.engines.choosing import engine_makers
from voice_coach.engines.getting.connection import Hub
from voice_coach.engines.getting.download import get_from_archive, get_from_folder, get_from_hub
from voice_coach.engines.getting.manifest import HOST, PINNED, PinnedModel
from voice_coach.engines.model_store import (
    Record,
    check_model,
    find_model,
    got_models,
    installed_models,
    models_folder,
    read_record,
    remove_model,
)
from voice_coach.engines.speed import load_clip, measure, remember
from voice_coach.errors import InputError, MissingPart, UsageError

HUB = Hub()
"""Where models come from."""


def models(chosen: Namespace) -> int:
    """Do what is asked for."""
    match chosen.action:
        case "get":
            return _get(chosen)
        case "verify":
            return _verify(chosen)
        case "path":
            return _path(chosen)
        case "remove":
            return _remove(chosen)
        case "bench":
            return _bench(chosen)
        case _:
            return _list(chosen)


def _list(chosen: Namespace) -> int:
    """What can be got, and what is there."""
    rows = [_row(model.name, model) for model in PINNED.values()]
    rows += [_row(path.name, None) for path in installed_models() if path.name not in PINNED]
    if chosen.json:
        sys.stdout.write(msgspec.json.encode(rows).decode() + "\n")
        return 0
    table = Table("model", "knows", "size", Column("here", overflow="fold"), box=None)
    for row in rows:
        size = f"{row['megabytes']} MB" if row["megabytes"] else ""
        table.add_row(str(row["name"]), str(row["languages"] or "?"), size, str(row["folder"] or "no"))
    if not chosen.quiet:
        console = Output()
        console.print(table)
        tell(console, "voice-coach models get NAME downloads one, and says first how much that is.")
    return 0


def _row(name: str, pinned: PinnedModel | None) -> dict[str, str | int | None]:
    folder = find_model(name)
    return {
        "name": name,
        "languages": pinned.languages if pinned else None,
        "megabytes": round(pinned.size / 1e6) if pinned else None,
        "folder": spelled_out(str(folder)) if folder else None,
    }


def _get(chosen: Namespace) -> int:
    if chosen.from_dir is not None and chosen.from_file is not None:
        raise UsageError("give --from-dir or --from-file, not both")
    model = _pinned(chosen.name)
    folder = models_folder() / model.name
    if _is_whole(folder, model):
        _say(chosen, f"{model.name} is there already, and whole: {folder}")
        return 0
    source = chosen.from_dir or chosen.from_file
    where = str(source) if source else f"{HOST}/{model.repository}"
    _say(chosen, f"{model.name}: {model.size / 1e6:.0f} MB from {where} to {folder}")
    with _Bar(model, quiet=chosen.quiet) as bar:
        if chosen.from_dir is not None:
            record = get_from_folder(model, chosen.from_dir, bar.told)
        elif chosen.from_file is not None:
            record = get_from_archive(model, chosen.from_file, bar.told)
        else:
            record = get_from_hub(model, HUB, bar.told)
    _say(chosen, _arrived(model, record))
    return 0


def _arrived(model: PinnedModel, record: Record) -> str:
    """What is known of a model that came."""
    new = [file.name for file in model.files if file.sha256 is None]
    if not new:
        return f"{model.name} is there, and every file is the one that is known."
    return (
        f"{model.name} is there. Of {', '.join(new)} only the size was known before: they are pinned as they came now "
        f"from {record.source}, and checked against that from here on."
    )


def _is_whole(folder: Path, model: PinnedModel) -> bool:
    """Whether a model is there as the manifest has it."""
    try:
        check_model(folder)
        record = read_record(folder)
    except (InputError, MissingPart):
        return False
    return record is not None and record.revision == model.revision


def _verify(chosen: Namespace) -> int:
    """Check one model, or all that are there; the first that is damaged ends it."""
    there = dict.fromkeys((*installed_models(), *got_models()))
    folders = [path for path in there if path.name == chosen.name] if chosen.name else list(there)
    if chosen.name and not folders:
        raise _not_here(chosen.name)
    if not folders:
        _say(chosen, f"no model is in {models_folder()}")
    for folder in folders:
        try:
            check_model(folder)
        except MissingPart as error:
            raise InputError(str(error)) from error
        _say(chosen, f"{folder.name} {_known(read_record(folder))}")
    return 0


def _known(record: Record | None) -> str:
    """What is known of a model that is not damaged."""
    if record is None:
        return "was put there by hand: nothing is known to check it against"
    pinned = PINNED.get(record.model)
    if pinned is not None and pinned.revision != record.revision:
        return f"is as it came, in another revision than the present one; voice-coach models get {record.model} gets it"
    return "is as it came"


def _path(chosen: Namespace) -> int:
    folder = _installed(chosen.name) if chosen.name else models_folder()
    sys.stdout.write(f"{spelled_out(str(folder))}\n")
    return 0


def _remove(chosen: Namespace) -> int:
    _say(chosen, f"removed {remove_model(chosen.name)}")
    return 0


def _bench(chosen: Namespace) -> int:
    """Have every engine that is here write the bundled clip down, and say which of them keep up on this machine."""
    clip, speeds = load_clip(resources.demo_folder() / "talk.flac"), {}
    console = Output(quiet=chosen.quiet or chosen.json)
    for name, make in engine_makers(effective_settings(chosen).words):
        try:
            engine = make()
        except MissingPart as reason:
            note(chosen, f"{name}: {reason}")
            continue
        speed = speeds[engine.name] = measure(engine, clip)
        share = f"{speed.seconds:.2f} s of work for each second of speech, {speed.machine_share:.0%} of this machine"
        tell(console, f"{engine.name}: {share}; {'keeps up' if speed.keeps_up else 'does not keep up'} with a talk")
    if not speeds:
        tell(console, "no words engine is here; voice-coach models get fetches a model for one")
    remember(speeds)
    if chosen.json:
        figures = {name: {**asdict(speed), "keeps_up": speed.keeps_up} for name, speed in speeds.items()}
        sys.stdout.write(msgspec.json.encode(figures).decode() + "\n")
    return 0


def _pinned(name: str) -> PinnedModel:
    if name not in PINNED:
        raise UsageError(f"there is no model {name} to get; there are {', '.join(PINNED)}")
    return PINNED[name]


def _installed(name: str) -> Path:
    folder = find_model(name)
    if folder is None:
        raise _not_here(name)
    return folder


def _not_here(name: str) -> InputError:
    return InputError(f"no model {name} is here; there are {', '.join(p.name for p in installed_models()) or 'none'}")


def _say(chosen: Namespace, line: str) -> None:
    if not chosen.quiet:
        tell(Output(), line)


class _Bar:
    """Shows how much of a model has come, on a terminal; use it in a `with` statement."""

    def __init__(self, model: PinnedModel, *, quiet: bool) -> None:
        console = Console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(),
            TimeRemainingColumn(), console=console, transient=True, disable=quiet or not console.is_interactive,
        )  # fmt: skip
        self._task = self._progress.add_task(model.name, total=model.size)

    def __enter__(self) -> _Bar:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def told(self, done: int) -> None:
        """So many bytes have come."""
        self._progress.update(self._task, completed=done)
