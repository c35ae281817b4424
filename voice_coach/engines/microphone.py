"""The microphone at the table: delivers what is heard for hours, whatever happens to the device.

PortAudio's callback copies and hands over; a thread of its own does everything else: it resamples, gives blocks their
places by the clock, and watches. A device that goes away, falls silent digitally, stalls or ends its stream is told of
at once, counted as lost, and opened again as soon as it is there.
"""

from __future__ import annotations

import sys
import threading
from collections import deque
from collections.abc import Callable

import numpy as np
import soxr

from voice_coach.acoustics import Floats
from voice_coach.engines import clock
from voice_coach.engines.devices import Devices, Stream
from voice_coach.engines.sound_server import SoundServer
from voice_coach.engines.timeline import Timeline
from voice_coach.errors import MissingPart
from voice_coach.events import AudioBlock
from voice_coach.ports import Notice
from voice_coach.segment import SAMPLE_RATE, to_samples

GONE = "the microphone was gone"
PAUSED = "paused"
MUTED = "the microphone was muted"
MOVED = "another microphone was used"
ASLEEP = "the machine slept"
BUSY = "the machine was too busy"

_WAIT_SECONDS = 0.1
_STALLED_SECONDS = 1.5
"""A microphone that delivers nothing for so long is opened again."""
_FIRST_SECONDS = 4.0
"""The first block of a stream may take so long: sound servers wake their devices up (2.5 s measured)."""
_RETRY_SECONDS = 0.5
_REPORT_SECONDS = 0.25
_MUTED_SAMPLES = to_samples(1.0)
_SLEPT_SECONDS = 1.0
_MEANT_SECONDS = 20.0
_SETTLING_SECONDS = 1.0
_MONITOR = ".monitor"
_ROOM_SECONDS = 30.0
"""How much may wait where whoever takes the blocks is slow."""


def cure_for_silence(platform: str = sys.platform) -> str:
    """What to do where a microphone delivers exact silence."""
    return {
        "darwin": "allow the terminal to use the microphone in System Settings, Privacy, and see that it is not muted",
        "win32": "allow desktop apps to use the microphone in Settings, Privacy, and see that it is not muted",
    }.get(platform, "see that the microphone is not muted, for example with pavucontrol or its own switch")


class _Waiting:
    """What the callback hands over. Its lock is held for moments only."""

    def __init__(self) -> None:
        self._blocks: deque[tuple[Floats, float]] = deque()
        self._changed = threading.Condition()
        self._samples = 0
        self.is_paused = False
        self.was_full = False
        self.last_seconds: float | None = None
        """When the callback last came; `None` if it has not come since the stream was opened."""

    def hear(self, heard: Floats) -> None:
        """The callback: copy and hand over, or drop."""
        seconds = clock.now()
        with self._changed:
            self.last_seconds = seconds
            if self.is_paused:
                return
            if self._samples > _ROOM_SECONDS * SAMPLE_RATE:
                self.was_full = True
                return
            self._blocks.append((heard.copy(), seconds))
            self._samples += len(heard)
            self._changed.notify()

    def take(self) -> list[tuple[Floats, float]]:
        """All that has come, with the time at which it came; waits a moment for the first."""
        with self._changed:
            self._changed.wait_for(lambda: self._blocks, _WAIT_SECONDS)
            taken = list(self._blocks)
            self._blocks.clear()
            self._samples = 0
            return taken

    def pause(self, *, paused: bool) -> None:
        """Drop what comes, and what has come and was not taken."""
        with self._changed:
            self.is_paused = paused
            if paused:
                self._blocks.clear()
                self._samples = 0


class SystemMicrophone:
    """A microphone of this machine; fulfils the port `Microphone`.

    Parameters
    ----------
    wanted : a part of the device's name; empty for the usual one.
    server : knows which microphone is really heard, where there is such a server.
    """

    def __init__(self, devices: Devices, wanted: str = "", server: SoundServer | None = None) -> None:
        self._devices, self._wanted, self._server = devices, wanted, server
        self._home: str | None = None  # the microphone that voices were learnt with, as the server calls it
        self._brought_home = -_MEANT_SECONDS
        self._refused: str | None = None  # why what comes is not taken, though it comes
        self._accept_at = 0.0
        self._waiting = _Waiting()
        self._stream: Stream | None = None
        self._resampler: soxr.ResampleStream | None = None
        self._channels = 1
        self._timeline: Timeline | None = None
        self._zeros = 0
        self._reason = ""
        """Why nothing is heard at present; empty while all is well."""
        self._deliver: Callable[[AudioBlock], None]
        self._tell: Callable[[Notice], None]
        self._closing = threading.Event()
        self._state = threading.Lock()  # held while blocks are made, so that a pause is one
        self._thread: threading.Thread | None = None
        self._opened = self._reported = 0.0
        self._error: BaseException | None = None

    @property
    def name(self) -> str:
        """The device that is open, for people."""
        return self._home or ("" if self._stream is None else self._stream.name)

    @property
    def rate(self) -> int:
        """The rate that the device is open at, Hz."""
        return SAMPLE_RATE if self._stream is None else self._stream.rate

    def start(self, deliver: Callable[[AudioBlock], None], tell: Callable[[Notice], None]) -> None:
        """Open the device, and deliver from now on; see the port."""
        self._deliver, self._tell = deliver, tell
        self._open()
        self._channels = 1 if self._stream is None else self._stream.channels
        self._thread = threading.Thread(target=self._run, name="microphone", daemon=True)
        self._thread.start()

    def pause(self) -> None:
        """Drop what comes from now on, and what has come and was not yet delivered."""
        self._waiting.pause(paused=True)
        with self._state:
            if self._timeline is not None:
                self._timeline.forget()

    def resume(self) -> None:
        """Keep what comes again."""
        self._waiting.pause(paused=False)

    def sample_at(self, seconds: float) -> int:
        """The sample that is delivered at a time."""
        return 0 if self._timeline is None else self._timeline.sample_at(seconds)

    def close(self) -> None:
        """Deliver nothing more, and let go of the device."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join()
        if self._stream is not None:
            self._stream.close()

    def _open(self) -> None:
        self._waiting.last_seconds = None
        self._opened = clock.now()
        stream = self._devices.open_input(self._wanted, self._waiting.hear)
        self._resampler = None
        if stream.rate != SAMPLE_RATE:
            self._resampler = soxr.ResampleStream(stream.rate, SAMPLE_RATE, stream.channels, dtype="float32")
        self._stream = stream

    def check(self) -> None:
        """Raise what went wrong in the thread, if anything did."""
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            self._follow()
        except BaseException as error:
            self._error = error

    def _follow(self) -> None:
        asleep = clock.asleep()
        while not self._closing.is_set():
            taken = self._waiting.take()
            slept, asleep = clock.asleep() - asleep, clock.asleep()
            if slept > _SLEPT_SECONDS:
                self._say(ASLEEP, "The machine slept; that time is not counted.")
                self._pass_over(ASLEEP)
            with self._state:
                blocks = [block for heard, seconds in taken for block in self._hear(heard, seconds)]
            for block in blocks:
                self._deliver(block)
            self._watch()

    def _hear(self, heard: Floats, seconds: float) -> list[AudioBlock]:
        """What the callback handed over, as blocks of the talk."""
        if self._waiting.is_paused:
            return []
        samples = self._converted(heard)
        if not len(samples):
            return []
        if self._timeline is None:
            self._timeline = Timeline(seconds - len(samples) / SAMPLE_RATE, self._channels)
        if self._refused is not None:
            if seconds < self._accept_at:
                return self._timeline.pass_over(seconds, self._refused)
            self._refused = None
        self._zeros = 0 if np.any(samples) else self._zeros + len(samples)
        if self._zeros >= _MUTED_SAMPLES:
            if self._reason != MUTED:
                self._say(MUTED, f"The microphone delivers exact silence; cure: {cure_for_silence()}.")
            return self._timeline.pass_over(seconds, MUTED)
        blocks = self._timeline.hear(samples, seconds, self._reason or (BUSY if self._waiting.was_full else GONE))
        if blocks:
            self._waiting.was_full = False
            if self._reason:
                self._say("", "")
        return blocks

    def _converted(self, heard: Floats) -> Floats:
        """At 16 kHz, with as many channels as the talk began with: (n,) or (n, 2)."""
        samples = heard if self._resampler is None else self._resampler.resample_chunk(heard)
        if self._channels == 1:
            return samples.mean(axis=1, dtype=np.float32) if samples.ndim > 1 else samples
        return samples if samples.shape[1] == self._channels else np.repeat(samples[:, :1], self._channels, axis=1)

    def _watch(self) -> None:
        """See that blocks still come, and that the time without any is accounted for."""
        now = clock.now()
        stream, last = self._stream, self._waiting.last_seconds
        if stream is None:
            if now - self._opened >= _RETRY_SECONDS:
                self._reopen()
        else:
            quiet = now - (self._opened if last is None else last)
            if not stream.is_active or quiet > (_FIRST_SECONDS if last is None else _STALLED_SECONDS):
                self._lose()
        if self._server is not None and self._stream is not None and self._server.changed.is_set():
            self._server.changed.clear()
            self._see_where(self._server)
        if self._waiting.is_paused and self._stream is not None:
            self._reason = PAUSED
        nothing_comes = self._waiting.is_paused or last is None or now - last > _REPORT_SECONDS
        if self._reason and nothing_comes and now - self._reported >= _REPORT_SECONDS:
            self._pass_over(self._reason)

    def _see_where(self, server: SoundServer) -> None:
        """See which microphone is heard; if it is not the one that voices were learnt with, go back to that.

        Whoever moves it away again at once means it. Where its own is gone, any other microphone is better than none;
        what a loudspeaker plays (a monitor, as the server calls it) is none.
        """
        source, now = server.source(), clock.now()
        self._home = self._home or source
        if source is None or self._home is None:
            return
        is_there = server.has(self._home)
        is_meant = is_there and self._refused is None and now - self._brought_home < _MEANT_SECONDS
        if source == self._home:
            if self._refused is not None:
                self._refused = None
                self._say("", "")
        elif is_there and not is_meant:
            self._refuse(MOVED, f"The microphone was changed to {source}; it goes back to {self._home}.")
            self._brought_home = now
            server.move_to(self._home)
        elif source.endswith(_MONITOR) and not self._home.endswith(_MONITOR):
            self._refuse(GONE, "The microphone has gone; it is looked for.")
        else:
            self._home = source if is_meant else self._home
            self._refuse(MOVED, f"The microphone has changed; it listens with {source} now.")
            self._accept_at = now + _SETTLING_SECONDS

    def _refuse(self, reason: str, text: str) -> None:
        """Take nothing from the microphone that is heard, for now."""
        self._refused, self._accept_at = reason, float("inf")
        self._say(reason, text)

    def _lose(self) -> None:
        """The device has gone."""
        if self._stream is not None:
            self._stream.close()
        self._stream = None
        self._say(GONE, "The microphone has gone; it is looked for.")
        self._reopen()

    def _reopen(self) -> None:
        self._devices.find_anew()
        try:
            self._open()
        except MissingPart:
            self._stream = None

    def _pass_over(self, reason: str) -> None:
        """Account for the time without blocks."""
        self._reported = clock.now()
        with self._state:
            if self._timeline is None:
                self._timeline = Timeline(self._reported, self._channels)
            blocks = self._timeline.pass_over(self._reported, reason)
        for block in blocks:
            self._deliver(block)

    def _say(self, reason: str, text: str) -> None:
        """Tell what is amiss, or that all is well again."""
        self._reason = reason
        self._tell(Notice(text))
