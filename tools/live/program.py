"""voice-coach as a process at the virtual table: its lines as they come, and its keys."""

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
from typing import IO, Self, cast

from tools.live.virtual_table import VirtualTable

_ROOT = Path(__file__).parents[2]


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
            cwd=_ROOT, preexec_fn=heed_ctrl_c,  # noqa: PLW1509
        )  # fmt: skip
        os.close(terminal)
        self._lines = cast("IO[str]", self.process.stdout)
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
        self._lines.close()
        os.close(self._keyboard)

    def _read(self) -> None:
        for line in self._lines:
            self.lines.append((time.monotonic(), line.rstrip()))

    @property
    def output(self) -> str:
        """All lines so far."""
        return "\n".join(line for _, line in self.lines)

    def wait_for(self, text: str, seconds: float = 30.0, since: int = 0) -> int:
        """Wait for a line that holds a text, from the `since`th on; returns how many lines came up to it."""
        deadline = time.monotonic() + seconds
        while True:
            for place, (_, line) in enumerate(self.lines[since:], start=since):
                if text in line:
                    return place + 1
            if self.process.poll() is not None and not self._reader.is_alive():
                raise AssertionError(f"it ended:\n{self.output}")
            if time.monotonic() > deadline:
                raise AssertionError(f"no {text!r} within {seconds} s:\n{self.output}")
            time.sleep(0.02)

    def time_of(self, text: str) -> float:
        """When the first line with a text came."""
        return next(at for at, line in self.lines if text in line)

    def press(self, key: str) -> None:
        """Press a key."""
        os.write(self._keyboard, key.encode())

    def interrupt(self) -> None:
        """Ctrl-C."""
        self.process.send_signal(signal.SIGINT)

    def end(self, seconds: float = 60.0) -> int:
        """Wait until it ends; returns its exit code."""
        code = self.process.wait(seconds)
        self._reader.join()
        return code


def heed_ctrl_c() -> None:
    """Whatever started this may ignore it, as shells have what runs in the background do."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@cache
def can_be_offline() -> bool:
    """Whether a process may be started without any network."""
    if shutil.which("unshare") is None:
        return False
    return subprocess.run(["unshare", "-rn", "true"], capture_output=True, check=False).returncode == 0
