"""What a machine may lack: each is named in one sentence, with its cure."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from voice_coach.engines.devices import Devices
from voice_coach.engines.loudspeaker import play_aloud
from voice_coach.engines.onnx import open_session
from voice_coach.engines.whisper import WhisperTranscriber
from voice_coach.errors import MissingPart


class Silent(ModuleType):
    """A sounddevice that knows of no device."""

    class PortAudioError(Exception):
        """As in sounddevice."""

    def query_devices(self, kind: str | None = None) -> list[object]:
        if kind is not None:
            raise self.PortAudioError(f"no default {kind} device")
        return []


def test_no_sound_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(MissingPart, match=r"the PortAudio library is missing; cure: install \w+"):
        Devices()


def test_no_sound_output(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", Silent("sounddevice"))
    with pytest.raises(MissingPart, match="no sound output; cure: connect a loudspeaker"):
        play_aloud([np.zeros(100, np.float32)], Devices())


def test_a_model_that_is_missing_or_damaged(tmp_path: Path) -> None:
    with pytest.raises(MissingPart, match=r"m\.onnx is not where it should be; install voice_coach again"):
        open_session(tmp_path / "m.onnx")
    (tmp_path / "m.onnx").write_bytes(b"damaged" * 100)
    with pytest.raises(MissingPart, match=r"m\.onnx does not load; install voice_coach again"):
        open_session(tmp_path / "m.onnx")


def test_a_whisper_model_that_is_not_whole_or_damaged(tmp_path: Path) -> None:
    with pytest.raises(MissingPart, match=r"is not a whole Whisper model: .*; cure: copy the whole model there again"):
        WhisperTranscriber(tmp_path)
    for name in ("model.bin", "config.json", "tokenizer.json", "vocabulary.json"):
        (tmp_path / name).touch()
    with pytest.raises(MissingPart, match=r"does not load \(.*\); cure: copy the whole model there again"):
        WhisperTranscriber(tmp_path)
