"""Settings: every option of every stage, from layers that override each other: files, environment variables, flags.

The stages declare their options; this module only composes, loads and checks them. `config/default.toml` documents each
one with unit, range and reason, and a test holds it against the code.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from voice_coach.errors import UsageError
from voice_coach.opening import OpeningOptions
from voice_coach.options import Options, choice, number
from voice_coach.pipeline import PipelineOptions
from voice_coach.voice import VoiceOptions

Value = TypeVar("Value")
ENVIRONMENT = "VOICE_COACH_"
"""How the names of environment variables begin that may be settings."""


@dataclass(frozen=True, slots=True)
class WordsOptions(Options):
    """Which engine writes words down, and in which language.

    `whisper_model` is a folder; empty looks in the folders of models. `better_model`, by its name or folder, writes a
    live talk down once more in the time that the other leaves. The language `auto` is what the engine hears, of
    those that there is language data for; with an engine that knows one, it is that one.
    """

    engine: str = choice("auto", "auto", "whisper", "moonshine", "off")
    whisper_model: str = ""
    better_model: str = ""
    language: str = choice("auto", "auto", "en", "de", "es", "fr")
    threads: int = number(1, 1, 16, "processor threads")

    @property
    def language_set(self) -> str | None:
        """The code of the language, `None` where it is to be heard."""
        return None if self.language == "auto" else self.language


@dataclass(frozen=True, slots=True)
class DeviceOptions(Options):
    """Which devices a live talk uses: a part of their name, empty for the usual one.

    With `cancel_echo`, and the extra `aec` installed, the coach can be spoken over.
    """

    microphone: str = ""
    loudspeaker: str = ""
    cancel_echo: bool = True


@dataclass(frozen=True, slots=True)
class ReviewOptions(Options):
    """Whether the page opens by itself after a talk and with `review`, where there is a desktop."""

    opens_page: bool = True


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of a talk.

    In a file, the tables of the pipeline's stages stand beside the others, at the top: `[coaching.restraint]`.
    """

    pipeline: PipelineOptions = field(default_factory=PipelineOptions)
    voice: VoiceOptions = field(default_factory=VoiceOptions)
    words: WordsOptions = field(default_factory=WordsOptions)
    devices: DeviceOptions = field(default_factory=DeviceOptions)
    opening: OpeningOptions = field(default_factory=OpeningOptions)
    review: ReviewOptions = field(default_factory=ReviewOptions)


@dataclass(frozen=True, slots=True)
class Layer:
    """Some settings, and where they were made: `source` is a file, an environment variable or a flag."""

    source: str
    table: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting by its full name: what it is, and the source of the layer that made it so."""

    name: str
    value: Any
    source: str


def load_settings(files: Sequence[Path]) -> Settings:
    """Settings of several TOML files, later ones first in importance.

    Raises
    ------
    UsageError
        In one sentence, with the file, if one cannot be read, or has an unknown key or a value out of range.
    """
    return settings_of([file_layer(file) for file in files])


def settings_of(layers: Sequence[Layer]) -> Settings:
    """Settings of several layers, later ones first in importance.

    Raises
    ------
    UsageError
        In one sentence, with its source, if a layer has an unknown key or a value out of range.
    """
    merged: dict[str, Any] = {}
    for layer in layers:
        try:
            _settings(layer.table)  # each by itself, so that the sentence names the right one
        except UsageError as error:
            raise UsageError(f"{layer.source}: {error}") from error
        merged = _merge(merged, layer.table)
    return _settings(merged)


def file_layer(file: Path) -> Layer:
    """The settings of a TOML file.

    Raises
    ------
    UsageError
        If it cannot be read, or is no TOML.
    """
    return Layer(str(file), _read(file))


def environment_layers(environment: Mapping[str, str]) -> tuple[Layer, ...]:
    """Settings of environment variables, such as `VOICE_COACH_COACHING__RESTRAINT__BUDGET=2`: a layer for each.

    Two underscores stand for the dot; what has none is no setting, and is left to others.
    """
    return tuple(
        Layer(name, _nested(path, _parsed(path, text)))
        for name, text in sorted(environment.items())
        if name.startswith(ENVIRONMENT) and "__" in (path := name.removeprefix(ENVIRONMENT).lower())
    )


def effective(layers: Sequence[Layer]) -> tuple[Setting, ...]:
    """Every setting with its value and source, in the order of the shipped file."""
    settings = settings_of(layers)
    sources = {name: layer.source for layer in layers for name in _leaves(layer.table)}
    return tuple(
        Setting(name, value, sources.get(name, "built in")) for name, value in _values(settings.pipeline, settings)
    )


def _values(pipeline: PipelineOptions, settings: Settings) -> Iterator[tuple[str, Any]]:
    for option in fields(Settings):
        if option.name != "pipeline":
            yield from _flat(getattr(settings, option.name), f"{option.name}.")
    yield from _flat(pipeline, "")


def _flat(options: Any, path: str) -> Iterator[tuple[str, Any]]:
    for option in fields(options):
        value = getattr(options, option.name)
        if is_dataclass(value):
            yield from _flat(value, f"{path}{option.name}.")
        else:
            yield f"{path}{option.name}", value


def _leaves(table: Mapping[str, Any], path: str = "") -> Iterator[str]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{path}{key}.")
        else:
            yield f"{path}{key}"


def _nested(path: str, value: Any) -> dict[str, Any]:
    """A value in its tables; the path has two underscores for each dot."""
    *tables, key = path.split("__")
    nested: dict[str, Any] = {key: value}
    for table in reversed(tables):
        nested = {table: nested}
    return nested


def _parsed(path: str, text: str) -> Any:
    """A text as the kind of value that the setting takes; left as it is where it is none, to be named as wrong."""
    default = dict(_values(PipelineOptions(), Settings())).get(path.replace("__", "."))
    if isinstance(default, str) or default is None:
        return text
    if isinstance(default, tuple):
        return [part.strip() for part in text.split(",") if part.strip()]
    if isinstance(default, bool):
        return {"true": True, "false": False}.get(text.strip().lower(), text)
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _settings(table: Mapping[str, Any]) -> Settings:
    stages = {option.name for option in fields(PipelineOptions)}
    rest = {key: value for key, value in table.items() if key not in stages}
    if "pipeline" in rest:
        raise UsageError("there is no setting pipeline; its tables stand at the top")
    settings = _build(Settings, rest, "")
    pipeline = _build(PipelineOptions, {key: value for key, value in table.items() if key in stages}, "")
    return replace(settings, pipeline=pipeline)


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is not UTF-8 text") from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{file} is not valid TOML: {error}") from error


def _merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = _merge(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def _build(kind: type[Value], table: Mapping[str, Any], path: str) -> Value:
    """An options object of a table; keys that are missing keep their defaults."""
    known = {option.name: option for option in fields(kind)}  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in known:
            raise UsageError(f"there is no setting {path}{key}{_hint(key, path)}")
        values[key] = _value(known[key], value, f"{path}{key}")
    try:
        return kind(**values)
    except ValueError as error:
        raise UsageError(f"{path}{error}") from error


def _value(option: Any, value: Any, path: str) -> Any:
    """One value, checked against the type of its default."""
    default = option.default_factory() if callable(option.default_factory) else option.default
    if is_dataclass(default):
        if not isinstance(value, dict):
            raise UsageError(f"{path} is a table, written [{path}]")
        return _build(type(default), value, f"{path}.")
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(default, tuple):
        if not isinstance(value, (list, tuple)) or not all(isinstance(one, str) for one in value):
            raise UsageError(f"{path} is {value!r}, but must be a list of texts")
        return tuple(value)
    if type(value) is not type(default):
        names = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}
        raise UsageError(f"{path} is {value!r}, but must be {names[type(default)]}")
    return value


def nearest(name: str) -> str:
    """Which setting was probably meant by a full name, as the end of a sentence."""
    path, _, key = name.rpartition(".")
    return _hint(key, f"{path}." if path else "")


def _hint(key: str, path: str) -> str:
    """Which setting was probably meant: the same name elsewhere, else a like one in the same table, else anywhere.

    Else those of the table of whose names it is a part.
    """
    anywhere: dict[str, list[str]] = {}
    for setting in _all_paths():
        anywhere.setdefault(setting.rpartition(".")[2], []).append(setting)
    here = {name: [f"{path}{name}"] for name, settings in anywhere.items() if f"{path}{name}" in settings}
    for places, cutoff in ((anywhere, 1.0), (here, 0.6), (anywhere, 0.6)):
        near = difflib.get_close_matches(key, places, n=1, cutoff=cutoff)
        if near:
            return f"; did you mean {' or '.join(places[near[0]])}?"
    holding = [setting for name, (setting,) in here.items() if key in name.split("_")]
    return f"; did you mean {' or '.join(holding)}?" if holding else ""


def _all_paths(kind: Any = Settings, path: str = "") -> Iterator[str]:
    """Every setting and table by its full path."""
    for option in fields(kind):
        default = option.default_factory() if callable(option.default_factory) else option.default
        if isinstance(default, PipelineOptions):
            yield from _all_paths(PipelineOptions, path)
            continue
        yield f"{path}{option.name}"
        if is_dataclass(default):
            yield from _all_paths(type(default), f"{path}{option.name}.")
