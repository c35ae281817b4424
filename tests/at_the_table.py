"""A program at the virtual table: its lines as they come, its keys, and what people say to it."""

from __future__ import annotations

import os
import pty
import shutil
import signal
import subprocess
import sys
import threading
import time
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import soundfile

from tests.conftest import FIXTURES
from tests.table import BLOCK, VirtualTable
from tools.fixtures.flite import Flite, Manner
from voice_coach.acoustics import Floats

DEMO = FIXTURES / "demo"
VOICES = {"Maya": ("slt", 0.86), "Daniel": ("rms", 0.98)}
LEVEL = 0.03
"""RMS of speech, about that of the fixture talks."""


def fixture(name: str) -> Floats:
    """A recording of the demo talk."""
    return np.asarray(soundfile.read(DEMO / name, dtype="float32")[0])


@cache
def _flite() -> Flite:
    return Flite()


def said(name: str, text: str) -> Floats:
    """A sentence in the voice of one of the two, with a little silence after it."""
    voice, rate = VOICES[name]
    samples = _flite().say(voice, text, Manner(rate=rate)).samples
    samples = samples * np.float32(LEVEL / np.sqrt(np.mean(samples**2)))
    return np.concatenate((samples, np.zeros(BLOCK, np.float32)))


class Program:
    """voice-coach as a process, its standard input a terminal; use it in a `with` statement.

    Parameters
    ----------
    arguments : of the command line.
    offline : without any network interface, where that is allowed.
    """

    def __init__(self, table: VirtualTable, *arguments: str, offline: bool = False, home: Path | None = None) -> None:
        environment = {**table.environment, "PYTHONUNBUFFERED": "1"}
        for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME"):
            environment.pop(name, None)
        if home is not None:
            environment |= {"HOME": str(home), "TMPDIR": str(home)}
        without = ["unshare", "-rn"] if offline and can_be_offline() else []
        self.is_offline = bool(without)
        self._keyboard, terminal = pty.openpty()
        command = [*without, sys.executable, "-m", "voice_coach", *arguments]
        self.process = subprocess.Popen(
            command, env=environment, stdin=terminal, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            cwd=FIXTURES.parent,
        )  # fmt: skip
        os.close(terminal)
        self.lines: list[tuple[float, str]] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join()
        assert self.process.stdout is not None
        self.process.stdout.close()
        os.close(self._keyboard)

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append((time.monotonic(), line.rstrip()))

    @property
    def output(self) -> str:
        return "\n".join(line for _, line in self.lines)

    def wait_for(self, text: str, seconds: float = 30.0, since: int = 0) -> int:
        """Wait for a line that holds a text, from the `since`th on; returns how many lines came up to it."""
        deadline = time.monotonic() + seconds
        while True:
            for place, (_, line) in enumerate(self.lines[since:], start=since):
                if text in line:
                    return place + 1
            assert self.process.poll() is None or self._reader.is_alive(), f"it ended:\n{self.output}"
            assert time.monotonic() < deadline, f"no {text!r} within {seconds} s:\n{self.output}"
            time.sleep(0.02)

    def time_of(self, text: str) -> float:
        """When the first line with a text came."""
        return next(at for at, line in self.lines if text in line)

    def press(self, key: str) -> None:
        os.write(self._keyboard, key.encode())

    def interrupt(self) -> None:
        self.process.send_signal(signal.SIGINT)

    def end(self, seconds: float = 60.0) -> int:
        """Wait until it ends; returns its exit code."""
        code = self.process.wait(seconds)
        self._reader.join()
        return code


@cache
def can_be_offline() -> bool:
    """Whether a process may be started without any network."""
    if shutil.which("unshare") is None:
        return False
    return subprocess.run(["unshare", "-rn", "true"], capture_output=True, check=False).returncode == 0
