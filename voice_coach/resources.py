"""Where the files that belong to the package lie: inside it when installed, beside it in a checkout."""

from __future__ import annotations

from pathlib import Path

from voice_coach.errors import MissingPart

_PACKAGE = Path(__file__).parent


def config_folder() -> Path:
    """Settings and language data."""
    return _find(_PACKAGE / "data" / "config", _PACKAGE.parent / "config")


def language_folder() -> Path:
    """Language data, one file for each."""
    return config_folder() / "language"


def demo_folder() -> Path:
    """The bundled talk."""
    return _find(_PACKAGE / "data" / "demo", _PACKAGE.parent / "audio_fixtures" / "demo")


def demo_model() -> Path:
    """The Whisper model for the bundled talk's synthetic voices, and for no others."""
    return _find(_PACKAGE / "data" / "whisper-fixture", _PACKAGE.parent / "audio_fixtures" / "whisper-fixture")


def _find(installed: Path, checkout: Path) -> Path:
    for folder in (installed, checkout):
        if folder.is_dir():
            return folder
    raise MissingPart(f"{installed.name} is missing from the package; install voice_coach again with pip")
