"""Settings: documented, checked, and every mistake named in one sentence."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest

from voice_coach import resources
from voice_coach.config import (
    Layer,
    Settings,
    effective,
    environment_layers,
    file_layer,
    load_settings,
    nearest,
    settings_of,
)
from voice_coach.errors import UsageError
from voice_coach.pipeline import PipelineOptions

DEFAULT = resources.config_folder() / "default.toml"


def write(folder: Path, text: str) -> Path:
    path = folder / "own.toml"
    path.write_text(text, encoding="utf-8")
    return path


def leaves(options: Any, path: str = "") -> dict[str, Any]:
    """Every option with its value, by full name."""
    found: dict[str, Any] = {}
    for option in fields(options):
        value = getattr(options, option.name)
        if is_dataclass(value):
            inner = path if isinstance(value, PipelineOptions) else f"{path}{option.name}."
            found |= leaves(value, inner)
        else:
            found[f"{path}{option.name}"] = (value, option)
    return found


def test_the_shipped_file_says_what_the_code_does() -> None:
    assert load_settings([DEFAULT]) == Settings()


def test_the_shipped_file_documents_every_option() -> None:
    table = tomllib.loads(DEFAULT.read_text(encoding="utf-8"))

    def flat(values: dict[str, Any], path: str = "") -> set[str]:
        return {
            name
            for key, value in values.items()
            for name in (flat(value, f"{path}{key}.") if isinstance(value, dict) else {f"{path}{key}"})
        }

    assert flat(table) == set(leaves(Settings()))


def test_each_documented_range_is_the_one_that_is_checked() -> None:
    lines = {}
    section = ""
    for line in DEFAULT.read_text(encoding="utf-8").splitlines():
        if match := re.match(r"\[([a-z_.]+)\]", line):
            section = match[1]
        elif match := re.match(r"([a-z_]+) += [^#]+# (.*)", line):
            lines[f"{section}.{match[1]}"] = match[2]
    for name, (_, option) in leaves(Settings()).items():
        if "minimum" in option.metadata:
            expected = f"{option.metadata['minimum']:g} to {option.metadata['maximum']:g}"
            assert expected in lines[name], f"{name}: {expected}"


def test_later_files_win_and_leave_the_rest(tmp_path: Path) -> None:
    own = write(tmp_path, "[coaching.restraint]\nbudget = 1\n[voice]\nrate = 120\n")
    settings = load_settings([DEFAULT, own])
    assert settings.pipeline.coaching.restraint.budget == 1
    assert settings.pipeline.coaching.restraint.pause_seconds == 0.8
    assert settings.voice.rate == 120


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[voice]\nrat = 120\n", "there is no setting voice.rat; did you mean voice.rate?"),
        ("[turns.overlaps]\nbackchannel_second = 1\n", "did you mean turns.overlaps.backchannel_seconds?"),
        ("[reclassification]\nbackchannel_second = 1\n", "did you mean reclassification.backchannel_seconds?"),
        ("[words]\nmodel = 'tiny'\n", "did you mean words.whisper_model or words.better_model?"),
        ("[turns]\nbudget = 1\n", "did you mean coaching.restraint.budget?"),
        ("[voice]\njoined_seconds = 1\n", "mean turns.overlaps.joined_seconds or transcription.joined_seconds?"),
        ("[coaching.restrain]\nbudget = 1\n", "did you mean coaching.restraint?"),
        ("[voice]\nrate = 1000\n", "rate is 1000, but must lie between 80 and 400 words per minute"),
        ("[voice]\nvolume = 'loud'\n", "voice.volume is 'loud', but must be a number"),
        ("[voice]\nrate = 120.5\n", "voice.rate is 120.5, but must be a whole number"),
        ("[voice]\nvolume = true\n", "voice.volume is True, but must be a number"),
        ("[words]\nengine = 'cloud'\n", "engine is 'cloud', but must be one of auto, whisper, moonshine, off"),
        ("[words]\nengine = 'Whispr'\n", "off; did you mean whisper?"),
        ("voice = 'Anna'\n", "voice is a table, written [voice]"),
        ("[pipeline.turns]\nlapse_seconds = 1\n", "its tables stand at the top"),
        ("[voice\n", "is not valid TOML"),
        ("[turns]\nlapse_seconds = nan\n", "lapse_seconds is nan, but must be a number"),
    ],
)
def test_a_mistake_is_named_in_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    own = write(tmp_path, text)
    with pytest.raises(UsageError) as error:
        load_settings([DEFAULT, own])
    assert sentence in str(error.value)
    assert str(own) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        load_settings([tmp_path / "missing.toml"])
    (tmp_path / "latin.toml").write_bytes(b"voice = '\xff'")
    with pytest.raises(UsageError, match="is not UTF-8"):
        load_settings([tmp_path / "latin.toml"])


# Environment variables, and where each setting comes from


def test_the_environment_lies_between_files_and_flags(tmp_path: Path) -> None:
    own = file_layer(write(tmp_path, "[voice]\nrate = 120\nvolume = 0.5\n"))
    environment = environment_layers(
        {
            "VOICE_COACH_VOICE__RATE": "130",
            "VOICE_COACH_COACHING__RESTRAINT__PAUSE_SECONDS": "1",
            "VOICE_COACH_VOICE__VOICE": "7",
            "VOICE_COACH_REAL": "required",
            "OTHER__RATE": "1",
        }
    )
    flag = Layer("--words", {"words": {"engine": "off"}})
    layers = [file_layer(DEFAULT), own, *environment, flag]
    settings = settings_of(layers)
    assert (settings.voice.rate, settings.voice.volume, settings.voice.voice) == (130, 0.5, "7")
    assert settings.pipeline.coaching.restraint.pause_seconds == 1.0
    sources = {setting.name: setting.source for setting in effective(layers)}
    assert sources["voice.rate"] == "VOICE_COACH_VOICE__RATE"
    assert sources["voice.volume"] == own.source
    assert sources["words.engine"] == "--words"
    assert sources["coaching.restraint.budget"] == str(DEFAULT)


def test_every_setting_is_told_once_with_its_value() -> None:
    told = effective([file_layer(DEFAULT)])
    assert {setting.name: setting.value for setting in told} == {n: v for n, (v, _) in leaves(Settings()).items()}
    assert len(told) == len({setting.name for setting in told})
    assert {setting.source for setting in effective([])} == {"built in"}


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("VOICE__RAT", "120", "VOICE_COACH_VOICE__RAT: there is no setting voice.rat; did you mean voice.rate?"),
        ("VOICE__RATE", "fast", "voice.rate is 'fast', but must be a whole number"),
        ("VOICE__RATE", "1000", "rate is 1000, but must lie between 80 and 400"),
        ("VOICE__VOLUME", "nan", "volume is nan, but must be a number"),
        ("COACHING__BUDGET", "2", "did you mean coaching.restraint.budget?"),
        ("WORDS__ENGINE", "moonshin", "did you mean moonshine?"),
    ],
)
def test_a_wrong_variable_is_named_in_one_sentence(name: str, text: str, sentence: str) -> None:
    with pytest.raises(UsageError) as error:
        settings_of([file_layer(DEFAULT), *environment_layers({f"VOICE_COACH_{name}": text})])
    assert sentence in str(error.value)
    assert f"VOICE_COACH_{name}" in str(error.value)


def test_a_name_that_is_no_setting_has_a_nearest() -> None:
    assert nearest("coaching.restraints.budget") == "; did you mean coaching.restraint.budget?"
    assert nearest("xyzzy") == ""
