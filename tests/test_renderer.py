"""A voice of the system that hangs: left to the next way, given up where nobody can wait, no hindrance to an end."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.conftest import FIXTURES
from tests.sounds import RATE
from voice_coach.engines import renderer
from voice_coach.engines.prepared import PreparedVoice
from voice_coach.engines.renderer import SystemVoice
from voice_coach.errors import EngineFailed
from voice_coach.events import Cue
from voice_coach.voice import VoiceOptions

CUE = Cue(0, "slow_down", "Let's slow down a little. There is time.", None, 0, 0, ())


def hangs(file: Path, options: VoiceOptions, language: str) -> list[str] | None:
    """A way that never comes to an end."""
    del file, options, language
    return ["sleep", "60"]


def says(file: Path, options: VoiceOptions, language: str) -> list[str] | None:
    """A way that copies a fixture's sound."""
    del options, language
    return ["cp", str(FIXTURES / "demo" / "enrol_a.flac"), str(file)]


def test_a_way_that_hangs_leaves_it_to_the_next_and_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renderer, "_WAYS", {"hangs": hangs, "says": says})
    voice = SystemVoice(VoiceOptions(timeout_seconds=1.0), "en")
    assert len(voice.render(CUE)) > RATE
    assert voice.name == "says, default voice"
    began = time.monotonic()
    voice.render(CUE)
    assert time.monotonic() - began < 0.9, "it would be a second, had the other been tried"


def test_what_is_urgent_is_given_up_in_time_and_the_next_one_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renderer, "_WAYS", {"hangs": hangs, "says": says})
    voice = SystemVoice(VoiceOptions(), "en")
    began = time.monotonic()
    with pytest.raises(EngineFailed, match="took over"):
        voice.render(CUE, seconds=0.5)
    assert time.monotonic() - began < 2.0
    assert len(voice.render(CUE, seconds=5.0)) > RATE


def test_a_voice_that_is_closed_waits_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renderer, "_WAYS", {"hangs": hangs})
    voice = PreparedVoice(VoiceOptions(timeout_seconds=60.0), "en")
    voice.prepare(["one", "two"])
    time.sleep(0.3)
    began = time.monotonic()
    voice.close()
    assert time.monotonic() - began < 2.0
