"""What only the sound server knows: which microphone a stream really hears.

PulseAudio, and PipeWire in its place, move a stream to another microphone when its own goes away or another becomes the
usual one, and PortAudio never learns of it (measured: not one sample is missing). So the server is asked, with its own
program `pactl`, whenever it says that something has changed. Where there is no such program there is no such server.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading

_ANSWER_SECONDS = 2.0
_RETRY_SECONDS = 1.0
_TOLD = re.compile(r"on (?:source-output|source|server)\b")
_STREAM = re.compile(r"Source Output #(\d+)")
_SOURCE = re.compile(r"^\s*Source: (\d+)$", re.MULTILINE)
_PROCESS = re.compile(r'application\.process\.id = "(\d+)"')


class SoundServer:
    """Follows the server's changes from a thread of its own, until it is closed."""

    def __init__(self) -> None:
        self.changed = threading.Event()
        """Set whenever which microphone is heard may have changed."""
        self._program = shutil.which("pactl")
        self._environment = {**os.environ, "LC_ALL": "C"}
        self._closing = threading.Event()
        self._follower: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._follow, name="sound server", daemon=True)
        if self._program is not None:
            self.changed.set()
            self._thread.start()

    def source(self) -> str | None:
        """The name of the microphone that this process hears; `None` where that cannot be known."""
        for stream in self._ask("list", "source-outputs").split("\n\n"):
            process, source = _PROCESS.search(stream), _SOURCE.search(stream)
            if process is not None and source is not None and int(process[1]) == os.getpid():
                return self._sources().get(int(source[1]))
        return None

    def has(self, name: str) -> bool:
        """Whether there is a microphone of this name."""
        return name in self._sources().values()

    def move_to(self, name: str) -> None:
        """Let this process hear another microphone."""
        for stream in self._ask("list", "source-outputs").split("\n\n"):
            number, process = _STREAM.search(stream), _PROCESS.search(stream)
            if number is not None and process is not None and int(process[1]) == os.getpid():
                self._ask("move-source-output", number[1], name)

    def close(self) -> None:
        """Follow no longer; returns when the thread has ended."""
        self._closing.set()
        with self._lock:
            if self._follower is not None:
                self._follower.kill()
        if self._thread.ident is not None:
            self._thread.join()

    def _sources(self) -> dict[int, str]:
        lines = (line.split("\t") for line in self._ask("list", "short", "sources").splitlines())
        return {int(fields[0]): fields[1] for fields in lines if len(fields) > 1}

    def _ask(self, *command: str) -> str:
        """What the server answers; nothing where it does not."""
        if self._program is None:
            return ""
        try:
            # A fixed program, with names that it gave itself.
            done = subprocess.run(  # noqa: S603
                [self._program, *command], env=self._environment, capture_output=True, text=True,
                timeout=_ANSWER_SECONDS, check=False,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired):
            return ""
        return done.stdout

    def _follow(self) -> None:
        while not self._closing.is_set():
            with self._lock:
                if self._closing.is_set() or self._program is None:
                    return
                self._follower = subprocess.Popen(  # noqa: S603
                    [self._program, "subscribe"], env=self._environment, stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, text=True,
                )  # fmt: skip
            with self._follower as follower:
                for line in follower.stdout or ():
                    if _TOLD.search(line):
                        self.changed.set()
            self.changed.set()
            self._closing.wait(_RETRY_SECONDS)
