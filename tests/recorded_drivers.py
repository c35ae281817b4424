"""What pyttsx3's drivers for Windows and macOS talk to, as far as they do, so that the real drivers run anywhere.

Each stand-in does what the real one was recorded or documented to do: SAPI renders before it returns, takes its rate in
steps and refuses an unknown voice; macOS renders after it has returned, writes AIFF whatever the name of the file, and
ignores a voice that it does not have.
"""

from __future__ import annotations

import sys
import wave
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest

RATE = 22_050


def _tone(words_a_minute: float, text: str, volume: float) -> np.ndarray:
    """A tone as long as the text takes to say."""
    seconds = 60 * len(text.split()) / words_a_minute
    times = np.arange(round(RATE * seconds)) / RATE
    return np.asarray(np.sin(2 * np.pi * 220 * times) * 0.5 * volume * 32767, np.int16)


def module(name: str, **attributes: Any) -> ModuleType:
    made = ModuleType(name)
    for key, value in attributes.items():
        setattr(made, key, value)
    return made


# Windows

_TOKENS = "HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Speech\\Voices\\Tokens\\"


class Token:
    """A voice of SAPI: its language is a hexadecimal number of the system."""

    def __init__(self, name: str, description: str, language: str, gender: str) -> None:
        self.Id = _TOKENS + name
        self._description = description
        self._attributes = {"Language": language, "Gender": gender, "Age": "Adult"}

    def GetDescription(self) -> str:  # noqa: N802
        return self._description

    def GetAttribute(self, name: str) -> str:  # noqa: N802
        return self._attributes[name]


class SpVoice:
    """The synthesiser of SAPI."""

    VOICES: ClassVar = [
        Token("TTS_MS_DE-DE_HEDDA_11.0", "Microsoft Hedda Desktop - German", "407", "Female"),
        Token("TTS_MS_EN-US_ZIRA_11.0", "Microsoft Zira Desktop - English (United States)", "409", "Female"),
        Token("TTS_MS_EN-GB_GEORGE_11.0", "Microsoft George - English (United Kingdom)", "809", "Male"),
    ]
    said: ClassVar[list[tuple[str, str, int, int]]] = []

    def __init__(self) -> None:
        self.Voice, self.Rate, self.Volume, self.AudioOutputStream = self.VOICES[0], 0, 100, None

    def GetVoices(self) -> list[Token]:  # noqa: N802
        return self.VOICES

    def Speak(self, text: str, flags: int = 0) -> int:  # noqa: N802
        assert not flags, "only the file is wanted"
        self.said.append((text, self.Voice.Id, self.Rate, self.Volume))
        # Its rate goes from -10 to 10, a third to three times the usual 157 words a minute.
        self.AudioOutputStream.take(_tone(157 * 3 ** (self.Rate / 10), text, self.Volume / 100))
        return 1


class SpFileStream:
    """A WAV file of SAPI."""

    def Open(self, name: str, mode: int) -> None:  # noqa: N802
        assert mode == 3
        self._name, self._samples = name, np.zeros(0, np.int16)

    def take(self, samples: np.ndarray) -> None:
        self._samples = np.concatenate((self._samples, samples))

    def close(self) -> None:
        with wave.open(self._name, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(self._samples.tobytes())


def sapi(monkeypatch: pytest.MonkeyPatch) -> type[SpVoice]:
    """A Windows machine with three voices, the first of them German."""
    objects = {"SAPI.SPVoice": SpVoice, "SAPI.SPFileStream": SpFileStream}
    client = module(
        "comtypes.client",
        CreateObject=lambda name: objects[name](),
        GetEvents=lambda source, sink: (source, sink),
    )
    library = SimpleNamespace(SSFMCreateForWrite=3)
    monkeypatch.setattr(SpVoice, "said", [])
    _use(
        monkeypatch,
        "sapi5",
        {
            "comtypes": module("comtypes", client=client),
            "comtypes.client": client,
            "comtypes.gen": module("comtypes.gen", SpeechLib=library),
            "pythoncom": module("pythoncom", PumpWaitingMessages=lambda: 0),
        },
    )
    return SpVoice


# macOS

_VOICES = {
    "com.apple.voice.compact.de-DE.Anna": ("Anna", "de_DE", "VoiceGenderFemale"),
    "com.apple.voice.compact.en-GB.Daniel": ("Daniel", "en_GB", "VoiceGenderMale"),
    "com.apple.speech.synthesis.voice.Zarvox": ("Zarvox", "en_US", "VoiceGenderNeuter"),
}


class NSObject:
    """As far as the driver goes: made without its constructor."""

    @classmethod
    def alloc(cls) -> NSObject:
        return cls.__new__(cls)

    def init(self) -> NSObject:
        return self


class RunLoop:
    """One loop: what was asked of it is done in its next round."""

    def __init__(self) -> None:
        self.waiting: list[Any] = []

    def limitDateForMode_(self, mode: str) -> None:  # noqa: N802
        return None

    def runMode_beforeDate_(self, mode: str, date: object) -> bool:  # noqa: N802
        for action in self.waiting[:]:
            self.waiting.remove(action)
            action()
        return True


LOOP = RunLoop()


class NSSpeechSynthesizer:
    """The synthesiser of macOS."""

    said: ClassVar[list[tuple[str, str, float, float]]] = []

    @classmethod
    def alloc(cls) -> NSSpeechSynthesizer:
        return cls()

    def initWithVoice_(self, voice: str | None) -> NSSpeechSynthesizer:  # noqa: N802
        self._voice, self._rate, self._volume = voice or next(iter(_VOICES)), 175.0, 1.0
        return self

    def setDelegate_(self, delegate: Any) -> None:  # noqa: N802
        self._delegate = delegate

    def voice(self) -> str:
        return self._voice

    def rate(self) -> float:
        return self._rate

    def volume(self) -> float:
        return self._volume

    def setVoice_(self, voice: str) -> bool:  # noqa: N802
        if voice in _VOICES:
            self._voice, self._rate, self._volume = voice, 175.0, 1.0
        return voice in _VOICES

    def setRate_(self, rate: float) -> None:  # noqa: N802
        self._rate = float(rate)

    def setVolume_(self, volume: float) -> None:  # noqa: N802
        self._volume = float(volume)

    def stopSpeaking(self) -> None: ...  # noqa: N802

    @staticmethod
    def availableVoices() -> list[str]:  # noqa: N802
        return list(_VOICES)

    @staticmethod
    def attributesForVoice_(voice: str) -> dict[str, Any]:  # noqa: N802
        name, locale, gender = _VOICES[voice]
        return {"VoiceIdentifier": voice, "VoiceName": name, "VoiceLocaleIdentifier": locale, "VoiceGender": gender}

    def startSpeakingString_toURL_(self, text: str, url: str) -> bool:  # noqa: N802
        self.said.append((text, self._voice, self._rate, self._volume))

        def render() -> None:
            write_aiff(Path(url), _tone(self._rate, text, self._volume))
            self._delegate.speechSynthesizer_didFinishSpeaking_(self, True)

        LOOP.waiting.append(render)
        return True


def write_aiff(path: Path, samples: np.ndarray) -> None:
    """AIFF: big-endian chunks, the rate as an 80-bit float."""
    exponent, mantissa = 16383 + 14, RATE << (63 - 14)
    rate = exponent.to_bytes(2, "big") + mantissa.to_bytes(8, "big")
    common = b"\x00\x01" + len(samples).to_bytes(4, "big") + b"\x00\x10" + rate
    sound = bytes(8) + samples.astype(">i2").tobytes()
    chunks = b"COMM" + len(common).to_bytes(4, "big") + common + b"SSND" + len(sound).to_bytes(4, "big") + sound
    path.write_bytes(b"FORM" + (4 + len(chunks)).to_bytes(4, "big") + b"AIFF" + chunks)


class Stopper:
    """What ends the loop."""

    current: ClassVar[Stopper | None] = None

    @classmethod
    def alloc(cls) -> Stopper:
        return cls()

    def init(self) -> Stopper:
        return self

    def shouldRun(self) -> bool:  # noqa: N802
        return not self.shouldStop

    @classmethod
    def addRunLoopStopper_toRunLoop_(cls, stopper: Stopper, loop: RunLoop) -> None:  # noqa: N802
        Stopper.current = stopper

    @classmethod
    def removeRunLoopStopperFromRunLoop_(cls, loop: RunLoop) -> None:  # noqa: N802
        Stopper.current = None

    def stop(self) -> None: ...


def nsss(monkeypatch: pytest.MonkeyPatch) -> type[NSSpeechSynthesizer]:
    """A Mac with three voices, the first of them German."""
    monkeypatch.setattr(NSSpeechSynthesizer, "said", [])
    LOOP.waiting.clear()
    helper = module(
        "PyObjCTools.AppHelper",
        PyObjCAppHelperRunLoopStopper=Stopper,
        stopEventLoop=lambda: Stopper.current.stop() if Stopper.current else None,
    )
    later = SimpleNamespace(
        scheduledTimerWithTimeInterval_target_selector_userInfo_repeats_=lambda _s, target, *_: LOOP.waiting.append(
            lambda: target.onPumpFirst_(None)
        )
    )
    date = SimpleNamespace(dateWithTimeIntervalSinceNow_=lambda _: SimpleNamespace(earlierDate_=lambda other: other))
    foundation = module(
        "Foundation",
        NSURL=SimpleNamespace(fileURLWithPath_=lambda path: path),
        NSDate=date,
        NSDefaultRunLoopMode="default",
        NSObject=NSObject,
        NSRunLoop=SimpleNamespace(currentRunLoop=lambda: LOOP),
        NSTimer=later,
    )
    _use(
        monkeypatch,
        "nsss",
        {
            "objc": module("objc", super=super, python_method=lambda method: method),
            "AppKit": module("AppKit", NSSpeechSynthesizer=NSSpeechSynthesizer),
            "Foundation": foundation,
            "PyObjCTools": module("PyObjCTools", AppHelper=helper),
            "PyObjCTools.AppHelper": helper,
        },
    )
    return NSSpeechSynthesizer


def _use(monkeypatch: pytest.MonkeyPatch, driver: str, modules: dict[str, ModuleType]) -> None:
    """Let pyttsx3 use its real driver of a system on these stand-ins for the system's own modules."""
    import pyttsx3  # noqa: PLC0415 - only where its drivers are tried

    for name, stand_in in modules.items():
        monkeypatch.setitem(sys.modules, name, stand_in)
    monkeypatch.delitem(sys.modules, f"pyttsx3.drivers.{driver}", raising=False)
    real = pyttsx3.init
    monkeypatch.setattr(pyttsx3, "init", lambda: real(driverName=driver))
