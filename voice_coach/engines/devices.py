"""Microphones and loudspeakers by PortAudio, found anew when they come and go.

PortAudio takes stock of the devices once. To see what was plugged in since, it has to be started anew, which ends
every stream: so `find_anew` is for whoever has lost a device; whoever else has a stream open opens it again.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from voice_coach.acoustics import Floats
from voice_coach.errors import MissingPart
from voice_coach.segment import SAMPLE_RATE

# Elsewhere than on Linux the library comes inside the wheel of sounddevice.
_LIBRARY = "PortAudio, as apt install libportaudio2 does" if sys.platform == "linux" else "sounddevice again with pip"
_INPUT_LATENCY = 0.05
_OUTPUT_LATENCY = 0.08
"""Seconds; a sentence is heard 0.11 s after it is handed over, with 0.1 it would be 0.15 s.

With 0.05, a sound server on a busy machine ran dry hundreds of times; with 0.08 in none of 12 sentences (measured).
"""
_BLOCK_SECONDS = 0.02

Hear = Callable[[Floats], None]
"""Takes what was heard, float32 (n, channels); it has to copy it, and must not wait."""
Fill = Callable[[Floats, float], None]
"""Fills what is to be played, float32 (n,); the seconds until its first sample is heard."""


@dataclass(slots=True, eq=False)
class Stream:
    """An open stream; `rate` in Hz. It `is_gone` once PortAudio was started anew."""

    stream: Any
    name: str
    rate: int
    channels: int
    is_gone: bool = False

    @property
    def is_active(self) -> bool:
        """Whether it still runs: an error in its callback, or a device that goes away, ends it without a word."""
        try:
            return not self.is_gone and bool(self.stream.active)
        except Exception:  # whatever is wrong with it, it does not run
            return False

    def close(self) -> None:
        """End it; one that has gone by itself is let go of."""
        if not self.is_gone:
            self.is_gone = True
            with suppress(Exception):  # whatever is wrong with it, it is not needed any more
                self.stream.close(ignore_errors=True)


class Devices:
    """All devices of this machine.

    Raises
    ------
    MissingPart
        If the PortAudio library is missing.
    """

    def __init__(self) -> None:
        try:
            import sounddevice
        except (ImportError, OSError) as error:
            raise MissingPart(f"the PortAudio library is missing; cure: install {_LIBRARY}") from error
        self._library: Any = sounddevice
        self._lock = threading.Lock()
        self._streams: list[Stream] = []

    def find_anew(self) -> None:
        """Take stock of the devices; every open stream ends."""
        with self._lock:
            for stream in self._streams:
                stream.is_gone = True  # PortAudio closes them; what is left of them must not be touched
            self._streams = []
            for step in (self._library._terminate, self._library._initialize):  # noqa: SLF001
                with suppress(self._library.PortAudioError):  # each on its own: what did not begin cannot be ended
                    step()

    def open_input(self, wanted: str, hear: Hear) -> Stream:
        """Open a microphone by a part of its name, or else the usual one; two channels where it has them.

        At 16 kHz where it can do that, or else at its own rate.

        Raises
        ------
        MissingPart
            With the cure, if there is none, or it cannot be opened.
        """

        def called(heard: Floats, frames: int, time: Any, status: Any) -> None:
            del frames, time, status  # PortAudio never reports what it loses (measured)
            hear(heard)

        with self._lock:
            about = self._about(wanted, "input")
            channels = min(2, int(about["max_input_channels"]))
            return self._open(self._library.InputStream, about, channels, _INPUT_LATENCY, called)

    def open_output(self, wanted: str, fill: Fill) -> Stream:
        """Open a loudspeaker by a part of its name, or else the usual one.

        Raises
        ------
        MissingPart
            With the cure, if there is none, or it cannot be opened.
        """

        def called(played: Floats, frames: int, time: Any, status: Any) -> None:
            del frames, status
            fill(played[:, 0], time.outputBufferDacTime - time.currentTime)

        with self._lock:
            about = self._about(wanted, "output")
            return self._open(self._library.OutputStream, about, 1, _OUTPUT_LATENCY, called)

    def _about(self, wanted: str, kind: str) -> dict[str, Any]:
        """What is known of a device."""
        usual, other = ("microphone", "connect one") if kind == "input" else ("sound output", "connect a loudspeaker")
        try:
            devices = list(self._library.query_devices())
            fitting = [device for device in devices if device[f"max_{kind}_channels"] > 0]
            named = [device for device in fitting if wanted and wanted.lower() in device["name"].lower()]
            if named:
                return dict(named[0])
            return dict(self._library.query_devices(kind=kind))
        except (self._library.PortAudioError, ValueError) as error:
            raise MissingPart(f"this machine has no {usual}; cure: {other}, and check the sound settings") from error

    def _open(
        self, kind: Any, about: dict[str, Any], channels: int, latency: float, callback: Callable[..., None]
    ) -> Stream:
        """Open and start a stream at the first rate that the device takes."""
        reason: Exception | None = None
        for rate in dict.fromkeys((SAMPLE_RATE, int(about["default_samplerate"]))):
            stream = None
            try:
                stream = kind(
                    device=about["index"], channels=channels, samplerate=rate, dtype="float32", latency=latency,
                    blocksize=round(_BLOCK_SECONDS * rate), callback=callback,
                )  # fmt: skip
                stream.start()
            except (self._library.PortAudioError, ValueError) as error:
                reason = error
                if stream is not None:
                    stream.close(ignore_errors=True)
                continue
            opened = Stream(stream, str(about["name"]), rate, channels)
            self._streams = [*(other for other in self._streams if not other.is_gone), opened]
            return opened
        raise MissingPart(f"{about['name']} cannot be opened ({reason}); cure: check the sound settings") from reason
