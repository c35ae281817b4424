"""The package as others get it: the wheel installed elsewhere, and every command of the README."""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import FIXTURES
from tests.sounds import RATE, write_encoded
from voice_coach.engines.model_store import own_folder
from voice_coach.engines.recording import Recording
from voice_coach.lexicon import Lexicon
from voice_coach.rules import RULES

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "-q", "-w", str(folder), str(ROOT)]
    subprocess.run(command, check=True)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_carries_what_the_program_needs(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert names >= {
        "voice_coach/data/config/default.toml",
        "voice_coach/data/config/language/en.toml",
        "voice_coach/data/demo/talk.flac",
        "voice_coach/data/demo/enrol_a.flac",
        "voice_coach/data/demo/enrol_b.flac",
        "voice_coach/data/demo/truth.json",
        "voice_coach/data/whisper-fixture/model.bin",
        "voice_coach/models/background.npz",
        "voice_coach/models/speakers.onnx",
        "voice_coach/models/voices.onnx",
        "voice_coach/models/reviser.onnx",
        "voice_coach/models/reviser_again.onnx",
        "voice_coach/models/README.md",
        "voice_coach/review/templates/report.html.j2",
        "voice_coach/py.typed",
    }
    assert not any(name.startswith(("tests/", "tools/", "audio_fixtures/")) for name in names)
    assert wheel.stat().st_size < 8_000_000
    sizes = [info.file_size for info in zipfile.ZipFile(wheel).infolist() if "/models/" in info.filename]
    assert sum(sizes) < 1_000_000


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment elsewhere with the wheel in it; its dependencies are lent by this one."""
    folder = tmp_path_factory.mktemp("elsewhere")
    venv.create(folder / "env")
    binary = folder / "env" / ("Scripts" if os.name == "nt" else "bin")
    pip = [sys.executable, "-m", "pip", "--python", str(binary / "python")]
    subprocess.run([*pip, "install", "-q", "--no-deps", "--no-index", str(wheel)], check=True)
    return binary


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A new home, and this environment's packages without its editable voice_coach."""
    dropped = ("PYTHON", "VIRTUAL_ENV", "XDG_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    home = str(tmp_path_factory.mktemp("home"))
    return kept | {"PYTHONPATH": sysconfig.get_path("purelib"), "HOME": home, "USERPROFILE": home}


@pytest.fixture(scope="module")
def demo(
    installed: Path, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> subprocess.CompletedProcess[str]:
    """The demo, run by the installed wheel."""
    command, elsewhere = [str(installed / "voice-coach"), "demo"], tmp_path_factory.mktemp("demo")
    return subprocess.run(command, env=environment, cwd=elsewhere, text=True, capture_output=True, check=False)


@pytest.mark.real
@pytest.mark.usefixtures("moonshine_model", "system_voice")
def test_an_installed_wheel_runs_the_demo(
    installed: Path, environment: dict[str, str], tmp_path: Path, demo: subprocess.CompletedProcess[str]
) -> None:
    where = [str(installed / "python"), "-c", "import voice_coach; print(voice_coach.__file__)"]
    found = subprocess.run(where, env=environment, cwd=tmp_path, text=True, capture_output=True, check=True)
    assert str(installed.parent) in found.stdout
    assert (demo.returncode, demo.stderr) == (0, "")
    page = Path(demo.stdout.rstrip().rpartition("The review: ")[2].replace("\n", ""))
    assert page.is_relative_to(environment["HOME"])
    assert page.name == "report.html"
    assert str(page.with_name("talk_with_prompts.wav")) in demo.stdout.replace("\n", "")
    report = json.loads(page.with_name("report.json").read_text(encoding="utf-8"))
    assert [cue["outcome"] for cue in report["cues"]] == ["spoken"]
    assert report["session"]["words_engine"] == "moonshine tiny-en"


# What it declares

DISTRIBUTIONS = {
    "faster_whisper": "faster-whisper", "moonshine_voice": "moonshine-voice", "sklearn": "scikit-learn",
    "pyannote": "pyannote.metrics", "webvtt": "webvtt-py", "playwright": "axe-playwright-python",
}  # fmt: skip
OWN = {"voice_coach", "tests", "tools"}


def imports(*folders: str, without: tuple[str, ...] = ()) -> set[str]:
    """Distributions that the code of these folders imports, but for what lies in some below them."""
    trees = [
        ast.parse(path.read_text(encoding="utf-8"))
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        if not any(path.is_relative_to(ROOT / other) for other in without)
    ]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    top = {name.partition(".")[0] for name in names} - OWN - sys.stdlib_module_names
    return {DISTRIBUTIONS.get(name, name) for name in top}


def test_what_is_imported_is_declared_and_nothing_else() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = project["optional-dependencies"] | {"needed": project["dependencies"]}
    names = {name: {re.split(r"[<>=;\s]", line)[0] for line in lines} for name, lines in declared.items()}
    always, programs = names["needed"] | names["embedded"] | names["aec"], {"ruff", "mypy", "pytest-xdist"}
    assert imports("voice_coach") == always
    trained = ("tools/hearing", "tools/words")
    assert imports("tests", "tools", without=trained) - always == names["dev"] - programs
    assert imports(*trained) - always - {"jiwer"} == names["train"]


# The README


AT_THE_TABLE = ("voice-coach check", "voice-coach talk")
"""Commands that need a microphone: the tests of whole talks and of the check run them."""


def commands() -> Iterator[str]:
    """Every line of the README's shell blocks."""
    for block in re.findall(r"```sh\n(.*?)```", README, re.S):
        yield from (line for line in block.splitlines() if line.strip())


def test_the_readme_names_its_commands() -> None:
    assert list(commands())[:2] == ["make demo", "make test"]
    assert (ROOT / "audio_fixtures" / "review.png").is_file()
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("http") or (ROOT / target).exists(), target


def test_the_readme_quotes_what_the_coach_says(lexicon: Lexicon) -> None:
    quoted = re.findall(r'^\| `(\w+)` \|.*\| "(.+)" \|$', README, re.M)
    assert {rule for rule, _ in quoted} == set(RULES)
    for rule, sentence in quoted:
        wordings = lexicon.wordings[rule]
        assert sentence in {wording.replace("{name}", name) for wording in wordings for name in ("Maya", "Daniel")}


@pytest.mark.real
@pytest.mark.usefixtures("moonshine_model", "system_voice")
def test_every_command_of_the_readme_is_run(
    installed: Path,
    environment: dict[str, str],
    demo: subprocess.CompletedProcess[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In order, by the installed wheel, in a folder that has the files they name.

    `make test` is what runs this, pip what `wheel` tests, and the talk of one's own the first 90 s of the demo's.
    """
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, environment[name])  # where `own_folder` is looked for, too
    samples = np.concatenate([block.samples for block in Recording(FIXTURES / "demo" / "talk.flac").blocks()])
    write_encoded(tmp_path / "talk.flac", samples[: 90 * RATE], "flac")
    for source, name in (("enrol_a.flac", "maya.flac"), ("enrol_b.flac", "daniel.flac")):
        shutil.copy(FIXTURES / "demo" / source, tmp_path / name)
    (tmp_path / "own.toml").write_text("[coaching.restraint]\nbudget = 1\n", encoding="utf-8")
    ran = []
    for command in commands():
        if command.startswith(AT_THE_TABLE):
            continue
        if command == "voice-coach demo":
            assert demo.returncode == 0
        elif command.startswith("voice-coach models get"):  # it alone needs a network
            shutil.copytree(FIXTURES / "whisper-fixture", own_folder() / "small.en")
        elif command.startswith("voice-coach"):
            line = [str(installed / "voice-coach"), *shlex.split(command)[1:]]
            how = {"env": environment, "cwd": tmp_path, "text": True, "capture_output": True, "timeout": 300}
            done = subprocess.run(line, **how, check=False)
            assert (done.returncode, done.stderr) == (0, ""), command
            ran.append(command)
        else:
            assert command in {"make demo", "make test", 'python -m pip install ".[embedded]"'}
    assert len(ran) >= 5


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_make_demo_is_what_the_readme_says() -> None:
    """Without setting anything up: what `make demo` would run once it has."""
    plan = subprocess.run(["make", "-n", "demo"], cwd=ROOT, text=True, capture_output=True, check=True)
    assert plan.stdout.rstrip().endswith("voice-coach demo")


def test_the_changelog_knows_this_version() -> None:
    from voice_coach import __version__  # noqa: PLC0415

    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
