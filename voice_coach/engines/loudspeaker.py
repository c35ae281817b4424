"""The loudspeaker: plays sentences, knows when they are heard, and lets them fade out at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

import numpy as np
import soxr

from voice_coach.acoustics import Floats
from voice_coach.engines import clock
from voice_coach.engines.devices import Devices, Stream
from voice_coach.errors import EngineFailed, MissingPart
from voice_coach.ports import Played
from voice_coach.segment import SAMPLE_RATE

_FADE_SECONDS = 0.03
_OPENED_SECONDS = 3.0
"""An output that has not asked for its first sample by then never will."""
_SLACK_SECONDS = 2.0
"""So much later than it should be, a sentence is given up: the output has stalled."""
_POLL_SECONDS = 0.1
_LOOK_SECONDS = 30.0
"""An output that has gone is looked for so often at most: each time the microphone has to be opened anew as well."""
_STALLED_SECONDS = 0.5
_LAST_SECONDS = 0.15
"""An output says too early when it will be heard by at most as much as it holds."""


class _Playing:
    """A sentence on its way out, as float32 (n,) at the rate of the output."""

    def __init__(self, samples: Floats, rate: int, begun: Callable[[float], None]) -> None:
        self._samples, self._begun = samples, begun
        self._place = 0
        self._fade = round(_FADE_SECONDS * rate)
        self._rate = rate
        self.fading = threading.Event()
        self.heard_at: float | None = None
        """When its first sample is heard."""
        self.over = threading.Event()
        """Its last sample has been handed over."""
        self.whole = True

    def fill(self, out: Floats, delay_seconds: float) -> None:
        """Hand over the next samples, the first of which is heard so much later."""
        if self.over.is_set():
            out[:] = 0.0
            return
        if self.heard_at is None:
            self.heard_at = clock.now() + max(0.0, delay_seconds)
            self._begun(self.heard_at)
        if self.fading.is_set() and self.whole:
            self.whole = False
            self._samples = self._faded()
        part = self._samples[self._place : self._place + len(out)]
        out[: len(part)] = part
        out[len(part) :] = 0.0
        self._place += len(part)
        if self._place >= len(self._samples):
            self.over.set()

    def _faded(self) -> Floats:
        """What was handed over, and a short fade."""
        kept = self._samples[: self._place + self._fade].copy()
        ramp = min(self._fade, len(kept) - self._place)
        kept[len(kept) - ramp :] *= np.linspace(1.0, 0.0, ramp, dtype=np.float32)
        return kept

    @property
    def ended_at(self) -> float:
        """When its last sample is heard."""
        return (self.heard_at or clock.now()) + self._place / self._rate

    @property
    def late_at(self) -> float:
        """When it should long have been handed over."""
        return (self.heard_at or clock.now()) + len(self._samples) / self._rate + _SLACK_SECONDS


class SystemLoudspeaker:
    """Plays through an output of this machine; fulfils the port `Loudspeaker`.

    The output stays open and plays silence between sentences, so that a sentence begins at once and each as late as the
    one before, and no Bluetooth output falls asleep.

    Parameters
    ----------
    wanted : a part of the device's name; empty for the usual one.

    Raises
    ------
    MissingPart
        If there is no output.
    """

    def __init__(self, devices: Devices, wanted: str = "") -> None:
        self._devices, self._wanted = devices, wanted
        self._playing: _Playing | None = None
        self._asked = 0.0
        self._looked = -_LOOK_SECONDS
        self._stream: Stream | None = self._open()
        self.name = self._stream.name

    def play(self, samples: Floats, begun: Callable[[float], None]) -> Played:
        """Play float32 (n,), mono, 16 kHz; see the port."""
        stream = self._ready()
        heard = samples if stream.rate == SAMPLE_RATE else soxr.resample(samples, SAMPLE_RATE, stream.rate)
        playing = self._playing = _Playing(np.asarray(heard, np.float32), stream.rate, begun)
        try:
            self._wait(playing, stream)
        except EngineFailed:
            self.close()
            raise
        finally:
            self._playing = None
        return Played(playing.ended_at, playing.whole)

    def _open(self) -> Stream:
        self._asked = clock.now()
        return self._devices.open_output(self._wanted, self._fill)

    def _fill(self, out: Floats, delay_seconds: float) -> None:
        self._asked = clock.now()
        playing = self._playing
        if playing is None:
            out[:] = 0.0
        else:
            playing.fill(out, delay_seconds)

    def _ready(self) -> Stream:
        """The output, opened anew where it has gone or stalled."""
        stream = self._stream
        if stream is not None and stream.is_active and clock.now() - self._asked < _STALLED_SECONDS:
            return stream
        self.close()
        try:
            self._stream = self._open()
        except MissingPart as error:
            self._stream = self._look_for_it(error)
        return self._stream

    def _look_for_it(self, error: MissingPart) -> Stream:
        """One that was plugged in again is only seen where the devices are found anew."""
        if clock.now() - self._looked < _LOOK_SECONDS:
            raise EngineFailed(str(error)) from error
        self._looked = clock.now()
        self._devices.find_anew()
        try:
            return self._open()
        except MissingPart as still:
            raise EngineFailed(str(still)) from still

    def _wait(self, playing: _Playing, stream: Stream) -> None:
        """Wait until all has been handed over and heard."""
        began = clock.now()
        while not playing.over.wait(_POLL_SECONDS):
            silent = playing.heard_at is None and clock.now() - began > _OPENED_SECONDS
            if silent or not stream.is_active or clock.now() > playing.late_at:
                raise EngineFailed("the sound output has gone")
        threading.Event().wait(max(0.0, playing.ended_at + _LAST_SECONDS - clock.now()))

    def fade(self) -> None:
        """Let what is being played fade out within 0.03 s of what the output has taken already."""
        playing = self._playing
        if playing is not None:
            playing.fading.set()

    def close(self) -> None:
        """Let go of the output; the next sentence opens it again."""
        self.fade()
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()


def play_aloud(sounds: Iterable[Floats], devices: Devices, wanted: str = "") -> None:
    """Play sounds, float32 (n,), 16 kHz, one after the other through an output, as `SystemLoudspeaker` finds it.

    Raises
    ------
    MissingPart
        With the cure, if there is no output, or it goes.
    """
    loudspeaker = SystemLoudspeaker(devices, wanted)
    try:
        for sound in sounds:
            loudspeaker.play(sound, lambda _: None)
    except EngineFailed as error:
        raise MissingPart(f"{error}; cure: check the sound settings") from error
    finally:
        loudspeaker.close()
