"""The benchmark's own doings; its figures take many minutes, and are not measured here."""

from __future__ import annotations

import json
import os
from pathlib import Path

import platformdirs
import pytest

from tools import bench
from tools.bench import Figure
from tools.live.holding import Happened
from tools.live.promptness import told_of_turns
from voice_coach.events import Speaker, SpeakingChanged
from voice_coach.segment import SAMPLE_RATE


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A benchmark of two figures, run in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(bench, "_speed", lambda _: [Figure("speed", 0.01, "CPU s per s", at_most=0.02)])
    monkeypatch.setattr(bench, "_memory", lambda _, quick: [Figure("memory", 180.0, "MB")])
    monkeypatch.setattr(bench, "_accuracy", lambda _: iter(()))
    monkeypatch.setattr(bench, "_lens", lambda: iter(()))


@pytest.mark.usefixtures("measured")
@pytest.mark.parametrize("given", [[], ["--json", "own.json"]])
def test_figures_come_as_a_table_and_as_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], given: list[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["bench", *given])
    assert bench.main() == 0
    file = given[-1] if given else "bench.json"
    out = capsys.readouterr().out
    assert "CPU s per s" in out
    assert out.endswith(f"The same as JSON: {file}\n")
    rows = json.loads(Path(file).read_text(encoding="utf-8"))
    assert [(row["what"], row["value"], row["passed"]) for row in rows] == [
        ("speed", 0.01, True),
        ("memory", 180.0, None),
    ]


@pytest.mark.usefixtures("measured")
def test_a_missed_limit_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["bench"])
    monkeypatch.setattr(bench, "_accuracy", lambda _: [Figure("cues", 1.0, "", at_most=0)])
    assert bench.main() == 1
    assert "MISSED" in capsys.readouterr().out


@pytest.mark.usefixtures("home")
def test_nobodys_settings_or_models_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME")
    for name in names[1:]:
        monkeypatch.setenv(name, str(tmp_path / "elsewhere"))
    before = [os.environ[name] for name in names]
    own = tmp_path / "own"
    with bench._own_home(own):
        assert Path(platformdirs.user_data_dir("voice-coach")).is_relative_to(own)
        assert Path(platformdirs.user_config_dir("voice-coach")).is_relative_to(own)
    assert [os.environ[name] for name in names] == before


def test_how_soon_turns_were_told_is_measured_from_where_they_truly_began_and_ended() -> None:
    turns = [
        {"speaker": "A", "start_seconds": 1.0, "end_seconds": 4.0},
        {"speaker": "B", "start_seconds": 4.0, "end_seconds": 6.0},
        {"speaker": "A", "start_seconds": 7.0, "end_seconds": 8.0},
    ]
    told = [
        Happened(round(at * SAMPLE_RATE), SpeakingChanged(speakers, 0))
        for at, speakers in ((1.75, (Speaker.A,)), (4.5, (Speaker.A, Speaker.B)), (5.0, (Speaker.B,)), (5.5, ()))
    ]
    ends, named = told_of_turns(told, turns)
    assert ends == [1.0, 0.0, 0.0]
    assert named == [0.75, 0.5, float("inf")]
