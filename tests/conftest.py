"""What tests share: language data, and real parts, which skip with their reason where they are missing.

In CI all real parts are there: `VOICE_COACH_REAL=required` turns every such skip into a failure.
"""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import settings as hypothesis_settings

from tests import stubs
from voice_coach import resources
from voice_coach.config import Settings, load_settings
from voice_coach.engines import moonshine
from voice_coach.lexicon import Lexicon, load_lexicon

# How long an example takes is the machine's affair, and measured elsewhere.
hypothesis_settings.register_profile("project", deadline=None)
hypothesis_settings.load_profile("project")

FIXTURES = Path(__file__).parent.parent / "audio_fixtures"


def missing(reason: str) -> NoReturn:
    """Skip, or fail where every real part is required."""
    if os.environ.get("VOICE_COACH_REAL") == "required":
        pytest.fail(f"required here, but {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def lexicon() -> Lexicon:
    """English."""
    return load_lexicon(resources.config_folder() / "language" / "en.toml")


@pytest.fixture(scope="session")
def settings() -> Settings:
    """The defaults as they are shipped."""
    return load_settings([resources.config_folder() / "default.toml"])


@pytest.fixture
def system_voice() -> None:
    """A machine with espeak-ng, which pyttsx3 speaks with on Linux."""
    if shutil.which("espeak-ng") is None:
        missing("espeak-ng is not installed")


@pytest.fixture(scope="session")
def moonshine_model() -> None:
    """A machine with moonshine and its model."""
    if moonshine.model_path() is None:
        missing("moonshine-voice 0.0 is not installed")


@pytest.fixture(scope="session")
def aec() -> None:
    """A machine with the extra that cancels echoes."""
    if find_spec("livekit") is None:
        missing("the extra aec is not installed")


@pytest.fixture
def stubbed_whisper(monkeypatch: pytest.MonkeyPatch) -> None:
    """A faster-whisper whose models lie in folders of `stubs.whisper_folder`."""
    monkeypatch.setattr("faster_whisper.WhisperModel", stubs.StubbedWhisper)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new home folder, so that no test sees or leaves a user's files."""
    folder = tmp_path / "home"
    folder.mkdir()
    for name in ("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(folder))
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    return folder
