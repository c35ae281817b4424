"""What the terminal shows during a live talk, for those who glance at it: calm, and never in the way.

On a terminal it is a few lines that change in place. In a pipe, and on a terminal where nothing can change in place, it
is a line whenever something begins or ends. That it listens is always shown: with --quiet by one line. Where nobody
looks any more, because the terminal is gone, the talk goes on all the same.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import numpy as np
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table as Grid
from rich.text import Text

from voice_coach.acoustics import mono
from voice_coach.characters import spelled_out
from voice_coach.events import (
    PEOPLE,
    AudioBlock,
    ChangeLanguage,
    ChangeVoice,
    CueOutcome,
    CueSettled,
    EndTalk,
    InterPausalUnit,
    Output,
    Pause,
    Resume,
    Say,
    Speaker,
    SpeakingChanged,
    TalkReached,
    UnitEnded,
    WordsHeard,
)
from voice_coach.opening import Asked
from voice_coach.segment import to_samples, to_seconds

_WINDOW = to_samples(300.0)
_FRESH_SECONDS = 0.25
_LOWEST_DB, _STEPS = -60.0, 24
_SHARE_WIDTH = 30
_FREE = to_samples(0.8)
"""After this much silence the floor is shown as free: as long as the coach waits before it says anything."""
_LEAST_TALK_SECONDS = 20.0
"""Of less talk than this no shares are shown: they would mean nothing."""
LISTENING, PAUSED, SPEAKING = "listening", "paused", "speaking"


@dataclass(slots=True)
class Glance:
    """What there is to see, as the events of the talk tell it.

    `names` of the two people; `minutes` that they agreed on, 0 for none.
    """

    names: Mapping[Speaker, str]
    minutes: float = 0.0
    state: str = LISTENING
    level_db: float = _LOWEST_DB
    line: str = ""
    notice: str = ""
    now: int = 0
    is_talk: bool = False
    _speaking: tuple[Speaker, ...] = ()
    _silent_since: int | None = 0
    _units: deque[InterPausalUnit] = field(default_factory=deque)
    _saying: bool = False

    def take(self, output: Output | AudioBlock, now: int) -> None:
        """Notice what happened at sample `now` of the stage."""
        self.now = now
        match output:
            case AudioBlock(samples=samples):
                self._hear(mono(samples))
            case Say(cue):
                self._say(cue.text, aloud=True)
            case CueSettled(cue, outcome):
                self._settle(cue.text, outcome)
            case TalkReached():
                self.is_talk = True
            case Pause():
                self.state = PAUSED
            case Resume():
                self.state = LISTENING
            case SpeakingChanged(speakers, at_sample):
                self._silent_since = None if speakers else at_sample
                self._speaking = speakers or self._speaking
            case UnitEnded(unit) if unit.speaker in PEOPLE:
                self._units.append(unit)
            case WordsHeard(utterance, _, words, None) if words and utterance.speaker in PEOPLE:
                self.line = f"{self.names[utterance.speaker]}: {output.text}"
            case ChangeVoice() | ChangeLanguage() | EndTalk():
                pass

    def _hear(self, samples: np.ndarray) -> None:
        level = -120.0 if not len(samples) else 10 * np.log10(float(np.mean(samples.astype(np.float64) ** 2)) + 1e-12)
        self.level_db = max(level, self.level_db - 1.5)  # falls slowly, so that one can see it

    def _say(self, text: str, *, aloud: bool) -> None:
        self.line = f"The coach: {text}"
        if aloud and self.state == LISTENING:
            self.state = SPEAKING

    def _settle(self, text: str, outcome: CueOutcome) -> None:
        if self.state == SPEAKING:
            self.state = LISTENING
        if outcome is CueOutcome.SHOWN:
            self._say(text, aloud=False)

    @property
    def floor(self) -> tuple[Speaker, ...]:
        """Who speaks; who spoke last keeps the floor through a short silence, or it would flicker."""
        silent = self._silent_since is not None and self.now - self._silent_since >= _FREE
        return () if silent else self._speaking

    @property
    def shares(self) -> tuple[int, int] | None:
        """Hundredths of the talk of the last five minutes; `None` while there was too little of it."""
        while self._units and self._units[0].segment.end < self.now - _WINDOW:
            self._units.popleft()
        talk = [to_seconds(sum(u.segment.samples for u in self._units if u.speaker is person)) for person in PEOPLE]
        if sum(talk) < _LEAST_TALK_SECONDS:
            return None
        first = round(100 * talk[0] / sum(talk))
        return first, 100 - first

    @property
    def time_left(self) -> str:
        """Of the time that was agreed on; empty if there is none."""
        if not self.minutes or not self.is_talk:
            return ""
        left = round(self.minutes * 60 - to_seconds(self.now))
        return f"{left // 60}:{left % 60:02} left" if left > 0 else "time is up"


def picture(glance: Glance, asked: Asked | None, keys: str) -> Group:
    """A few lines, at most 80 columns wide and 12 high."""
    mark = {LISTENING: "● listening", PAUSED: "‖ paused, nothing is heard", SPEAKING: "◌ speaking"}[glance.state]
    head = Grid.grid(expand=True)
    head.add_column()
    head.add_column(justify="right")
    head.add_row(Text(mark, style="bold" if glance.state != PAUSED else "bold dim"), Text(glance.time_left))
    full = round(_STEPS * min(1.0, max(0.0, 1 - glance.level_db / _LOWEST_DB)))
    lines: list[RenderableType] = [head, Text(f"  level   {'▪' * full}{'·' * (_STEPS - full)}", style="dim")]
    if asked is not None:
        said = min(asked.speech_seconds, asked.enough_seconds)
        lines.append(
            Text(f"  hearing {_shown(glance.names[asked.person])}: {said:.0f} of {asked.enough_seconds:.0f} seconds")
        )
    elif glance.is_talk:
        speaking = [_shown(glance.names.get(speaker, "somebody")) for speaker in glance.floor]
        lines += [Text(f"  floor   {' and '.join(speaking) or 'free'}"), _shared(glance)]
    lines += [Text(""), Text(f"  {_shown(glance.line)}", no_wrap=True, overflow="ellipsis")]
    lines.append(Text(f"  {_shown(glance.notice)}", style="bold") if glance.notice else Text(""))
    lines.append(Text(f"  {keys}", style="dim"))
    return Group(*lines)


def _shown(text: str) -> str:
    return spelled_out(text)


def _shared(glance: Glance) -> Text:
    shares = glance.shares
    if shares is None:
        return Text("  shared  too early to say", style="dim")
    first = round(_SHARE_WIDTH * shares[0] / 100)
    names = [_shown(glance.names[person])[:16] for person in PEOPLE]
    bar = f"{'█' * first}{'░' * (_SHARE_WIDTH - first)}"
    return Text(f"  shared  {names[0]} {shares[0]} {bar} {shares[1]} {names[1]}", no_wrap=True, overflow="ellipsis")


class Display:
    """Shows a glance while it is open; use it in a `with` statement.

    Parameters
    ----------
    asked : who is to speak in the opening, if anybody.
    keys : what keys do, empty if none are read.
    quiet : one line, and no more.
    """

    def __init__(
        self, glance: Glance, console: Console, asked: Callable[[], Asked | None], keys: str, *, quiet: bool
    ) -> None:
        self._glance, self._console, self._asked, self._keys = glance, console, asked, keys
        self._quiet = quiet
        self._lock = threading.Lock()
        self._closing = threading.Event()
        is_painted = console.is_terminal and not console.is_dumb_terminal and not quiet
        self._live = Live(console=console, auto_refresh=False) if is_painted else None
        self._thread = threading.Thread(target=self._run, name="display", daemon=True)
        self._told = ""

    def __enter__(self) -> Self:
        if self._live is not None:
            with suppress(OSError):
                self._live.__enter__()
            self._thread.start()
        elif self._quiet:
            self._print("Listening. Ctrl-C ends.")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        if self._live is not None:
            self._thread.join()
            with suppress(OSError):
                self._live.__exit__(kind, error, trace)

    def take(self, output: Output | AudioBlock, now: int) -> None:
        """Take what happened; from any thread."""
        with self._lock:
            line = self._glance.line
            self._glance.take(output, now)
            changed = self._glance.line != line and self._glance.line.startswith("The coach: ")
        if changed and self._live is None and not self._quiet:
            self._print(self._glance.line)
        self._tell_state()

    def notice(self, text: str) -> None:
        """Show what is amiss with a device, or nothing any more."""
        with self._lock:
            was_amiss, self._glance.notice = bool(self._glance.notice), text
        if text and self._live is None:
            self._print(text)
        elif was_amiss:
            self._told = ""  # all is well again, which is worth a line too
            self._tell_state()

    def _tell_state(self) -> None:
        """Where nothing is painted, a line for each change of state."""
        state = self._glance.state
        if self._live is not None or self._quiet or state in {self._told, SPEAKING}:
            return
        self._told = state
        self._print({LISTENING: "Listening.", PAUSED: "Paused: nothing is heard."}[state])

    def _print(self, line: str) -> None:
        with suppress(OSError):
            self._console.print(Text(spelled_out(line)), soft_wrap=True)

    def _run(self) -> None:
        while not self._closing.wait(_FRESH_SECONDS):
            self._paint()

    def _paint(self) -> None:
        if self._live is not None:
            with self._lock:
                drawn = picture(self._glance, self._asked(), self._keys)
            with suppress(OSError):
                self._live.update(drawn, refresh=True)
