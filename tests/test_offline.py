"""Nothing opens a connection, nor asks the system for one: the interpreter itself is asked, on every command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import FIXTURES
from tests.sounds import RATE, write_wave
from voice_coach.engines.recording import Recording

pytestmark = pytest.mark.usefixtures("home")

CONNECTING = '{"socket", "urllib", "http", "ftplib", "smtplib"}'
"""Whose audit events tell of connections."""
WATCHED = f"""
import json, os, sys

seen, switches = [], {{}}

def watch(event, given):
    if event.split(".")[0] in {CONNECTING}:
        seen.append(event)
    elif event == "import" and given[0] in {{"huggingface_hub", "faster_whisper"}}:
        switches[given[0]] = os.environ.get("HF_HUB_OFFLINE")

sys.addaudithook(watch)
from voice_coach.cli import main

code = main(sys.argv[2:])
with open(sys.argv[1], "w", encoding="utf-8") as file:
    json.dump({{"code": code, "seen": seen, "switches": switches}}, file)
"""
"""Runs a command with an audit hook: the interpreter tells of every socket, whoever makes it, and of every import."""


def watched(told: Path, *arguments: str | Path) -> dict[str, Any]:
    command = [sys.executable, "-c", WATCHED, str(told), *map(str, arguments)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    answer: dict[str, Any] = json.loads(told.read_text("utf-8"))
    return answer


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """The first 20 s of the demo talk."""
    samples = np.concatenate([block.samples for block in Recording(FIXTURES / "demo" / "talk.flac").blocks()])
    return write_wave(tmp_path / "talk.wav", samples[: 20 * RATE])


@pytest.mark.parametrize("engine", ["whisper", pytest.param("moonshine", marks=pytest.mark.real)])
def test_no_talk_opens_a_socket(clip: Path, tmp_path: Path, engine: str, request: pytest.FixtureRequest) -> None:
    if engine == "moonshine":
        request.getfixturevalue("moonshine_model")
    config, out, told = tmp_path / "own.toml", tmp_path / "out", tmp_path / "told.json"
    config.write_text(f"[words]\nwhisper_model = '{FIXTURES / 'whisper-fixture'}'\n", encoding="utf-8")
    speakers = [f"--speaker=Maya={FIXTURES}/demo/enrol_a.flac", f"--speaker=Daniel={FIXTURES}/demo/enrol_b.flac"]
    answer = watched(told, "analyze", clip, *speakers, "--words", engine, "--config", config, "--out", out, "--quiet")
    assert (answer["code"], answer["seen"]) == (0, [])
    assert json.loads((out / "report.json").read_text("utf-8"))["session"]["words_engine"].startswith(engine)
    assert set(answer["switches"].values()) <= {"1"}, "libraries were told to stay offline before they were imported"
    assert ("faster_whisper" in answer["switches"]) is (engine == "whisper")
    again = ["--words", FIXTURES / "whisper-fixture", "--audio", clip] if engine == "whisper" else []
    reviewed = watched(told, "review", out, "--quiet", *again)
    assert (reviewed["code"], reviewed["seen"]) == (0, [])


@pytest.mark.parametrize("action", ["list", "verify", "path", "bench"])
def test_of_the_models_command_only_get_opens_a_socket(tmp_path: Path, action: str) -> None:
    answer = watched(tmp_path / "told.json", "models", action, "--quiet")
    assert (answer["code"], answer["seen"]) == (0, [])


EVERYWHERE = f"""
import os, sys

def watch(event, given):
    if event.split(".")[0] in {CONNECTING}:
        with open(os.environ["WATCHED"], "a", encoding="utf-8") as file:
            print(event, sys.argv, file=file)

sys.addaudithook(watch)
"""
"""As a site customisation it watches the programs that are started, too."""
ONE_AFTER_THE_OTHER = """
import json, sys
from voice_coach.cli import main

codes = []
for command in json.load(sys.stdin):
    try:
        codes.append(main(command))
    except SystemExit as error:
        codes.append(error.code)
with open(sys.argv[1], "w", encoding="utf-8") as file:
    json.dump(codes, file)
"""


def test_no_other_command_opens_a_socket(tmp_path: Path) -> None:
    """Nor does any program that one starts. A talk's sockets are counted at the virtual table."""
    (tmp_path / "sitecustomize.py").write_text(EVERYWHERE, encoding="utf-8")
    log, out = tmp_path / "watched", tmp_path / "out"
    log.touch()
    voices = [("Maya", FIXTURES / "demo" / "enrol_a.flac"), ("Daniel", FIXTURES / "demo" / "enrol_b.flac")]
    commands: list[list[str]] = [
        ["demo", "--words", "off", "--quiet", "--out", str(out)],
        ["review", str(out), "--quiet"],
        *(["enroll", name, str(file), "--quiet"] for name, file in voices),
        ["enroll"],
        ["plan", "--topic", "Maya=The holidays.", "--quiet"],
        *([name, "--json"] for name in ("voices", "config")),
        ["sessions"],
    ]
    environment = {
        **os.environ, "WATCHED": str(log), "PYTHONPATH": os.pathsep.join((str(tmp_path), str(FIXTURES.parent))),
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", ONE_AFTER_THE_OTHER, str(tmp_path / "codes")], input=json.dumps(commands),
        env=environment, text=True, capture_output=True, check=False,
    )  # fmt: skip
    assert log.read_text("utf-8") == ""
    assert done.returncode == 0, done.stderr
    codes = json.loads((tmp_path / "codes").read_text("utf-8"))
    ended = {" ".join(command[:2]): code for command, code in zip(commands, codes, strict=True)}
    assert set(ended.values()) == {0}, ended


def test_the_hook_would_see_it(tmp_path: Path) -> None:
    answer = watched(tmp_path / "told.json", "models", "get", "tiny.en", "--from-dir", tmp_path, "--quiet")
    assert answer["seen"] == []
    program = WATCHED.replace("code = main(sys.argv[2:])", "import socket; code = 0; socket.socket().close()")
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "told.json")], check=True)
    assert json.loads((tmp_path / "told.json").read_text("utf-8"))["seen"] == ["socket.__new__"]
    (tmp_path / "sitecustomize.py").write_text(EVERYWHERE, encoding="utf-8")
    environment = {**os.environ, "WATCHED": str(tmp_path / "watched"), "PYTHONPATH": str(tmp_path)}
    starts = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import socket; socket.socket().close()'])"
    subprocess.run([sys.executable, "-c", starts], env=environment, check=True)
    assert "socket.__new__" in (tmp_path / "watched").read_text("utf-8")
