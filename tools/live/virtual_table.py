"""A virtual table: a sound server of its own, two sinks for microphone and loudspeaker, and a room between them.

The room is this process: what is played at the loudspeaker comes back at the microphone, as late and as loud as the
echo path says, beside whatever the people are let say, and a little noise, because no room is digitally silent.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import termios
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self, cast

import numpy as np
import soundfile

from voice_coach.acoustics import Floats
from voice_coach.engines.simulated import EchoPath
from voice_coach.segment import SAMPLE_RATE

PROGRAMS = ("pulseaudio", "pactl", "pacat", "parec")
MICROPHONE, LOUDSPEAKER = "table", "loudspeaker"
SOURCE = "microphone"
"""The microphone, as programs see it: what is played to the sink `MICROPHONE`."""
BLOCK = 320
_NOISE = 10 ** (-62 / 20)
_LATENCY = "--latency-msec=20"
_PIPE = 1 << 15
_WATCHED = 50
"""Blocks for which something must have waited."""
_FORMAT = ("--raw", "--format=float32le", "--rate=16000", "--channels=1")


def _waiting(pipe: IO[bytes]) -> int:
    """Bytes that lie in a pipe."""
    count = bytearray(4)
    fcntl.ioctl(pipe.fileno(), termios.FIONREAD, count)
    return int.from_bytes(count, sys.byteorder)


def _server_config(folder: Path) -> str:
    return f"""
load-module module-native-protocol-unix socket={folder}/native auth-anonymous=1
load-module module-null-sink sink_name={MICROPHONE} rate=16000 channels=1
load-module module-null-sink sink_name={LOUDSPEAKER} rate=16000 channels=1
load-module module-remap-source source_name={SOURCE} master={MICROPHONE}.monitor
set-default-source {SOURCE}
set-default-sink {LOUDSPEAKER}
"""


class Lacking(Exception):
    """A program that the table is made of is missing on this machine."""


class VirtualTable:
    """The table; use it in a `with` statement. Its programs run at a raised priority where that is allowed.

    Parameters
    ----------
    folder : a short path, for the server's socket.
    echo : how the loudspeaker is heard by the microphone; not at all if `None`.

    Raises
    ------
    Lacking
        If a program is missing.
    """

    def __init__(self, folder: Path, echo: EchoPath | None = None) -> None:
        for program in PROGRAMS:
            if shutil.which(program) is None:
                raise Lacking(f"{program} is not installed")
        if not any(Path("/usr/lib").rglob("libasound_module_pcm_pulse.so")):
            raise Lacking("libasound2-plugins is not installed")
        self._folder, self._echo = folder, echo
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "default.pa").write_text(_server_config(folder))
        (folder / "asoundrc").write_text("pcm.!default { type pulse }\nctl.!default { type pulse }\n")
        self.environment = {
            **os.environ,
            "PULSE_SERVER": f"unix:{folder}/native",
            "PULSE_RUNTIME_PATH": str(folder),
            "ALSA_CONFIG_PATH": f"/usr/share/alsa/alsa.conf:{folder}/asoundrc",
            "HOME": str(folder),
        }
        self._programs: list[subprocess.Popen[bytes]] = []
        self._server: subprocess.Popen[bytes] | None = None
        self._talk = np.zeros(0, np.float32)
        self._place = 0
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self.heard: list[Floats] = []
        """All that was played at the loudspeaker, in blocks, from the beginning."""
        self.blocks = 0
        """Blocks of 20 ms that the room has lasted."""

    def __enter__(self) -> Self:
        self.start_server()
        self._thread = threading.Thread(target=self._run, name="room", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._end_programs()
        self._thread.join()
        self.stop_server()

    def start_server(self) -> None:
        """Start the sound server, and wait until it answers."""
        command = ["pulseaudio", "-n", "-F", str(self._folder / "default.pa"), "--daemonize=no", "--exit-idle-time=-1",
                   "--use-pid-file=no", f"--log-target=file:{self._folder}/log"]  # fmt: skip
        self._server = subprocess.Popen(command, env=self.environment)
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, self._server.pid, -11)
        deadline = time.monotonic() + 10
        while subprocess.run(["pactl", "info"], env=self.environment, capture_output=True, check=False).returncode:
            if time.monotonic() > deadline:
                raise Lacking("the sound server does not start")
            time.sleep(0.1)

    def stop_server(self) -> None:
        """Kill the sound server."""
        if self._server is not None:
            self._server.kill()
            self._server.wait()

    def control(self, *command: str) -> str:
        """Ask the sound server for something; returns what it says."""
        done = subprocess.run(["pactl", *command], env=self.environment, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def say(self, samples: Floats) -> int:
        """Let people say something after what they are saying already; returns the block at which it begins."""
        with self._lock:
            if self._place >= len(self._talk):
                self._talk, self._place = np.zeros(0, np.float32), 0
            waiting = len(self._talk) - self._place
            self._talk = np.concatenate((self._talk, samples.astype(np.float32)))
            return self.blocks + waiting // BLOCK

    @contextmanager
    def recording(self, path: Path) -> Iterator[None]:
        """Record what the microphone hears, as every other program hears it, to a sound file."""
        program = self._program("parec", "-d", SOURCE, *_FORMAT, _LATENCY, stdout=subprocess.PIPE)
        output, parts = cast("IO[bytes]", program.stdout), list[bytes]()

        def read() -> None:
            with suppress(ValueError):
                while part := output.read(4096):
                    parts.append(part)

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        try:
            yield
        finally:
            program.kill()
            reader.join()
            data = b"".join(parts)
            samples = np.frombuffer(data[: len(data) // 4 * 4], "<f4")
            soundfile.write(path, samples, SAMPLE_RATE, subtype="PCM_24")

    @property
    def is_quiet(self) -> bool:
        """Whether nobody has anything more to say."""
        with self._lock:
            return self._place >= len(self._talk)

    @property
    def played(self) -> Floats:
        """All that was played at the loudspeaker, float32 (n,), 16 kHz."""
        return np.concatenate(self.heard) if self.heard else np.zeros(0, np.float32)

    def _program(self, *command: str, **pipe: int) -> subprocess.Popen[bytes]:
        program = subprocess.Popen(command, env=self.environment, bufsize=0, stderr=subprocess.DEVNULL, **pipe)
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, program.pid, -11)
        for stream in (program.stdin, program.stdout):
            if stream is not None:
                fcntl.fcntl(stream.fileno(), fcntl.F_SETPIPE_SZ, _PIPE)  # what waits in a pipe is heard late
        self._programs.append(program)
        return program

    def _end_programs(self) -> None:
        for program in self._programs:
            program.kill()
            program.wait()
            for pipe in (program.stdin, program.stdout):
                if pipe is not None:
                    with suppress(OSError):
                        pipe.close()
        self._programs = []

    def _run(self) -> None:
        while not self._closing.is_set():
            with suppress(OSError, ValueError):
                self._hold()
            self._end_programs()
            self._closing.wait(0.2)

    def _hold(self) -> None:
        """The room, until the server goes away."""
        ear = self._program("parec", "-d", f"{LOUDSPEAKER}.monitor", *_FORMAT, _LATENCY, stdout=subprocess.PIPE)
        mouth = self._program("pacat", "-d", MICROPHONE, *_FORMAT, _LATENCY, stdin=subprocess.PIPE)
        played_back, spoken = cast("IO[bytes]", ear.stdout), cast("IO[bytes]", mouth.stdin)
        rng = np.random.default_rng(1)
        delay = 0 if self._echo is None else round(self._echo.delay_seconds * SAMPLE_RATE)
        response = np.ones(1, np.float32) if self._echo is None else self._echo.response
        past = np.zeros(delay + len(response) - 1 + BLOCK, np.float32)
        waiting: deque[int] = deque(maxlen=_WATCHED)
        while not self._closing.is_set():
            waiting.append((_waiting(played_back) + _waiting(spoken)) // (4 * BLOCK))
            # Sound crosses a room at once. What has waited for long, because this process was late, is left out.
            late = min(waiting) - 1 if len(waiting) == _WATCHED else 0
            if late > 0:
                waiting.clear()
            for _ in range(1 + max(0, late)):
                data = b""
                while len(data) < 4 * BLOCK:
                    part = played_back.read(4 * BLOCK - len(data))
                    if not part:
                        return
                    data += part
                played = np.frombuffer(data, "<f4").astype(np.float32)
                self.heard.append(played)
                past = np.concatenate((past[BLOCK:], played))
            mix = (rng.standard_normal(BLOCK) * _NOISE).astype(np.float32)
            if self._echo is not None:
                mix += np.convolve(past[: len(response) - 1 + BLOCK], response, "valid").astype(np.float32)
            with self._lock:
                said = self._talk[self._place : self._place + BLOCK]
                mix[: len(said)] += said
                self._place += BLOCK
                self.blocks += 1
            spoken.write(np.clip(mix, -1, 1).astype("<f4").tobytes())
