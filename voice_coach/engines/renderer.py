"""The coach's voice: a system voice rendered to a file, in order of preference, and read back as samples."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from voice_coach.acoustics import Floats
from voice_coach.engines.recording import Recording
from voice_coach.engines.speak import NO_SUCH_VOICE
from voice_coach.errors import EngineFailed, InputError
from voice_coach.events import Cue
from voice_coach.segment import SAMPLE_RATE, to_samples
from voice_coach.voice import VoiceOptions

_QUIET = 10 ** (-50.0 / 20)
"""What is below -50 dB of full scale at either end of a rendered file is trimmed."""

Way = Callable[[Path, VoiceOptions, str], list[str] | None]


def _pyttsx3(file: Path, options: VoiceOptions, language: str) -> list[str] | None:
    del options, language  # they go with the text
    return [sys.executable, "-m", "voice_coach.engines.speak", str(file)]


def _espeak(file: Path, options: VoiceOptions, language: str) -> list[str] | None:
    program = shutil.which("espeak-ng") or shutil.which("espeak")
    if program is None:
        return None
    voice, loudness = options.voice or language, str(round(options.volume * 100))
    return [program, "-v", voice, "-s", str(options.rate), "-a", loudness, "-w", str(file), "--stdin"]


def _say(file: Path, options: VoiceOptions, language: str) -> list[str] | None:
    del language  # it speaks its own
    program = shutil.which("say") if sys.platform == "darwin" else None
    if program is None:
        return None
    voice = ["-v", options.voice] if options.voice else []
    return [program, *voice, "-r", str(options.rate), "-o", str(file), "-f", "-"]


_WAYS: dict[str, Way] = {"pyttsx3": _pyttsx3, "espeak-ng": _espeak, "say": _say}
"""In order of preference: how to render the text on standard input to a file; `None` where a way is not there."""


class SystemVoice:
    """Fulfils the port `Renderer`: pyttsx3 in a child process, then espeak-ng or `say` themselves.

    Parameters
    ----------
    options : how the coach sounds.
    language : what the wordings are written in, as a code such as `en`.
    """

    def __init__(self, options: VoiceOptions, language: str) -> None:
        self._options, self._language = options, language
        self._way = next(iter(_WAYS))
        self._rendering: set[subprocess.Popen[str]] = set()
        self._lock = threading.Lock()
        self._is_closed = False

    @property
    def options(self) -> VoiceOptions:
        """How it sounds now: a voice that failed was given up for the system's own."""
        return self._options

    @property
    def name(self) -> str:
        """The way that worked last, and the voice."""
        return f"{self._way}, {self._options.voice or 'default voice'}"

    def speak_in(self, language: str) -> None:
        """From now on, speak this language."""
        self._language = language

    def render(self, cue: Cue, seconds: float = math.inf) -> Floats:
        """Say a cue, within so many seconds; see the port.

        The way that worked last is tried first, each with the chosen voice and then its own. One that hangs is left to
        the next, with what is left of the time: that will be tried first from then on.
        """
        reasons = []
        until = time.monotonic() + seconds
        for way in self._ways():
            if time.monotonic() > until:
                break
            for options in dict.fromkeys((self._options, replace(self._options, voice=""))):
                try:
                    samples = self._render(_WAYS[way], cue.text, options, until)
                except _Hung as error:
                    self._way = next(name for name in self._ways() if name != way)
                    reasons.append(f"{way}: {error}")
                    break
                except EngineFailed as error:
                    reasons.append(f"{way}: {error}")
                    continue
                self._way, self._options = way, options
                return samples
        raise EngineFailed(f"no voice of this machine could say it ({'; '.join(reasons)})")

    def close(self) -> None:
        """Stop what is being rendered; whoever waits for it, or wants more, gets `EngineFailed`."""
        with self._lock:
            self._is_closed = True
            for child in self._rendering:
                child.kill()

    def _ways(self) -> list[str]:
        return sorted(_WAYS, key=lambda name: name != self._way)

    def _render(self, way: Way, text: str, options: VoiceOptions, until: float) -> Floats:
        with tempfile.TemporaryDirectory(prefix="voice-coach-") as folder:
            file = Path(folder) / ("prompt.aiff" if way is _say else "prompt.wav")
            command = way(file, options, self._language)
            if command is None:
                raise EngineFailed("not on this machine")
            wanted = {
                "text": text,
                "voice": options.voice or None,
                "language": self._language,
                "rate": options.rate,
                "volume": options.volume,
                "unwanted": options.unwanted,
            }
            seconds = min(options.timeout_seconds, until - time.monotonic())
            self._run(command, json.dumps(wanted) if way is _pyttsx3 else text, seconds)
            return self._read(file)

    def _read(self, file: Path) -> Floats:
        """Samples of a rendered file, without silence at its ends but with the usual lead."""
        try:
            samples = np.concatenate([chunk for chunk, _ in Recording(file).chunks()])
        except (InputError, ValueError) as error:
            raise EngineFailed("it left no sound") from error
        loud = np.flatnonzero(np.abs(samples) > _QUIET)
        if len(loud) < SAMPLE_RATE // 10:
            raise EngineFailed("it left silence")
        lead = np.zeros(to_samples(self._options.lead_seconds), np.float32)
        return np.concatenate((lead, samples[loud[0] : loud[-1] + 1]))

    def _run(self, command: list[str], text: str, seconds: float) -> None:
        """Run a renderer, its text on standard input; it is killed when its time is up."""
        pipe = subprocess.PIPE
        try:
            # A fixed program; the text goes by standard input, where it cannot be taken for an option.
            with self._lock:
                if self._is_closed:
                    raise EngineFailed("it is closed")
                child = subprocess.Popen(  # noqa: S603
                    command, stdin=pipe, stdout=subprocess.DEVNULL, stderr=pipe, text=True, encoding="utf-8"
                )
                self._rendering.add(child)
        except OSError as error:
            raise EngineFailed(f"it does not start: {error.strerror}") from error
        try:
            _, complaints = child.communicate(text, max(0.0, seconds))
        except subprocess.TimeoutExpired as error:
            child.kill()
            child.communicate()
            raise _Hung(f"it took over {seconds:.0f} s and was stopped") from error
        finally:
            with self._lock:
                self._rendering.discard(child)
        if child.returncode == NO_SUCH_VOICE:
            raise EngineFailed("it has no such voice")
        if child.returncode != 0:
            lines = complaints.strip().splitlines()
            raise EngineFailed(lines[-1] if lines else f"it ended with code {child.returncode}")


class _Hung(EngineFailed):
    """A way did not come to an end."""
