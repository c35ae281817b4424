"""What is told of microphone, room, loudspeaker, voice and words before a talk, and how long that takes."""

from __future__ import annotations

import threading
import time
from argparse import Namespace
from collections.abc import Callable
from contextlib import ExitStack

import numpy as np
import pytest

from tests.test_loudspeaker import FakeOutputs
from voice_coach.acoustics import Floats
from voice_coach.commands import equipment
from voice_coach.commands.common import Writing
from voice_coach.commands.equipment import Notices, open_equipment
from voice_coach.config import Settings
from voice_coach.engines import loudspeaker
from voice_coach.engines.renderer import SystemVoice
from voice_coach.errors import EngineFailed, MissingPart
from voice_coach.events import AudioBlock, Cue
from voice_coach.lexicon import Languages, Lexicon
from voice_coach.segment import SAMPLE_RATE
from voice_coach.voice import VoiceOptions

ROOM_DB = -62.0


class RoomMicrophone:
    """Delivers a quiet room, faster than it is heard; the first sound alone is awaited in real time."""

    name = "table"

    def __init__(self, *_: object) -> None:
        self._thread: threading.Thread | None = None

    def start(self, deliver: Callable[[AudioBlock], None], tell: object) -> None:
        del tell
        noise = np.random.default_rng(0).standard_normal(SAMPLE_RATE) * 10 ** (ROOM_DB / 20)

        def run() -> None:
            time.sleep(1.0)
            deliver(AudioBlock(0, noise.astype(np.float32)))

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        assert self._thread is not None
        self._thread.join()


def speak(seconds: float = 0.9, error: str = "") -> Callable[..., Floats]:
    """How the system's voice renders: in so many seconds, unless it is closed meanwhile; or it fails."""

    def render(voice: SystemVoice, cue: Cue, within: float = 0.0) -> Floats:
        del cue, within
        until = time.monotonic() + seconds
        while time.monotonic() < until and not voice._is_closed:
            time.sleep(0.01)
        if error or voice._is_closed:
            raise EngineFailed(error or "it was stopped")
        return np.ones(100, np.float32)

    return render


Open = Callable[..., tuple[list[str], float]]


@pytest.fixture
def opened(
    settings: Settings, lexicon: Lexicon, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Open:
    """Opens everything; returns the lines, and how long that took, s."""

    def opened(
        outputs: FakeOutputs, render: Callable[..., Floats] | None = None, **flags: bool
    ) -> tuple[list[str], float]:
        monkeypatch.setattr(equipment, "Devices", lambda: outputs)
        monkeypatch.setattr(equipment, "SystemMicrophone", RoomMicrophone)
        monkeypatch.setattr(equipment, "SoundServer", lambda: Namespace(close=lambda: None))
        monkeypatch.setattr(SystemVoice, "render", render or speak())
        monkeypatch.setattr(equipment, "writing_for", lambda *_, **__: Writing(None, Languages(lexicon), "off"))
        monkeypatch.setattr(equipment, "_canceller", lambda _: None)
        monkeypatch.setattr(equipment, "voice_for", lambda *_: VoiceOptions(rate=130))
        chosen = Namespace(**({"quiet": False, "json": False, "mute": False, "config": []} | flags))
        began = time.monotonic()
        with ExitStack() as stack:
            open_equipment(chosen, settings, Notices(chosen), stack)
            took = time.monotonic() - began
        return capsys.readouterr().out.splitlines(), took

    return opened


def test_each_has_its_line_and_the_trial_costs_no_time(opened: Open) -> None:
    outputs = FakeOutputs()
    lines, took = opened(outputs)
    assert lines == [
        "Microphone: table",
        "Room: quiet (-62 dB)",
        "Loudspeaker: fake",
        "Voice: pyttsx3, default voice, 130 words per minute",
        "Words: off",
    ]
    assert took < 1.8  # a second of the room, and both trials within it
    assert not np.any(outputs.heard)


def test_a_loudspeaker_that_takes_no_sound_is_told_of(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loudspeaker, "_OPENED_SECONDS", 0.3)
    outputs = FakeOutputs()
    outputs.is_held = True
    lines, took = opened(outputs)
    assert lines[2] == "Loudspeaker: fake, but the sound output has gone; until it plays, sentences are shown"
    assert lines[3].startswith("Voice: pyttsx3")
    assert took < 10


def test_a_voice_that_cannot_speak_is_told_of_with_its_cure(opened: Open) -> None:
    lines, _ = opened(FakeOutputs(), speak(error="no voice of this machine could say it"))
    assert lines[3] == (
        "Voice: none, sentences are shown; no voice of this machine could say it; cure: voice-coach voices"
    )


def test_a_slow_voice_is_not_waited_for_for_long(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    trial = equipment.Trial
    monkeypatch.setattr(equipment, "Trial", lambda *given: trial(*given, patience_seconds=1.2))
    lines, took = opened(FakeOutputs(), speak(seconds=30))
    assert "but it is slow; what is not ready in time is shown" in lines[3]
    assert took < 10


def test_without_a_loudspeaker_or_with_mute_sentences_are_shown(opened: Open) -> None:
    outputs = FakeOutputs()
    outputs.is_there = False
    lines, _ = opened(outputs)
    assert lines[2] == "Loudspeaker: none, sentences are shown"
    lines, _ = opened(FakeOutputs(), mute=True)
    assert lines[2:4] == ["Loudspeaker: off, sentences are shown", "Voice: off, sentences are shown"]


def test_quietly_nothing_is_told_nor_tried(opened: Open) -> None:
    lines, took = opened(FakeOutputs(), speak(seconds=30), quiet=True)
    assert lines == []
    assert took < 10


def test_a_microphone_that_fails_ends_the_trial_too(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise MissingPart("this machine has no microphone")

    before = set(threading.enumerate())
    monkeypatch.setattr(RoomMicrophone, "start", fail)
    with pytest.raises(MissingPart, match="no microphone"):
        opened(FakeOutputs(), speak(seconds=30))
    assert set(threading.enumerate()) == before
