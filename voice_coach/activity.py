"""Who is speaking at this moment, as soon as it can be told: for those who glance at the display.

Turns need what follows: whether a pause was the end of one is known when somebody goes on. What is told here is only
that a voice has begun or fallen silent, from first impressions, and nothing else is decided by it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from voice_coach.acoustics import FRAME, Floats
from voice_coach.attribution import FRAMES_PER_SECOND
from voice_coach.events import PEOPLE, Speaker, SpeakingChanged
from voice_coach.options import Options, number
from voice_coach.segment import to_samples

_STATES = 5
_ACTIVE = 0.5


@dataclass(frozen=True, slots=True)
class ActivityOptions(Options):
    """How soon it is told.

    A voice is named after `named_seconds` at `named_confidence`, a stranger's after `unknown_seconds`; it has stopped
    after `stopped_seconds`, and everybody has where the detector hears nothing for `quiet_seconds`. Chosen on three
    fixture talks, in which nobody was named wrongly with these, and once with a switch penalty of 3.
    """

    switch_penalty: float = number(1.5, 0.0, 20.0, "nats")
    named_seconds: float = number(0.16, 0.02, 2.0, "s")
    named_confidence: float = number(0.8, 0.5, 1.0)
    unknown_seconds: float = number(0.7, 0.1, 5.0, "s")
    stopped_seconds: float = number(0.02, 0.02, 1.0, "s")
    quiet_seconds: float = number(0.25, 0.1, 2.0, "s")


@dataclass(frozen=True, slots=True, eq=False)
class Impression:
    """Log-probabilities, float32 (n, 5), of silence, A, B, both and others in the frames from `first` on."""

    first: int
    log_probabilities: Floats


@dataclass(slots=True)
class _Run:
    """Frames in which somebody seems to speak, from `first` up to `end`, and the sum of their chances."""

    first: int = 0
    end: int = 0
    frames: int = 0
    chance: float = 0.0

    def add(self, frame: int, chance: float) -> None:
        """Take a frame in which they do."""
        if not self.frames:
            self.first = frame
        self.end, self.frames, self.chance = frame + 1, self.frames + 1, self.chance + chance


@dataclass(slots=True)
class Activity:
    """Follows who speaks: voices by first impressions, silence by the detector too, which is faster still."""

    options: ActivityOptions
    _runs: dict[Speaker, _Run] = field(default_factory=lambda: {speaker: _Run() for speaker in Speaker})
    _belief: Floats = field(default_factory=lambda: np.full(_STATES, 1 / _STATES))
    _speaking: tuple[Speaker, ...] = ()
    _quiet_until: int = 0

    def process(self, impression: Impression, detected_sample: int, now: int) -> SpeakingChanged | None:
        """Who speaks at sample `now`, if that has changed; the detector heard speech up to `detected_sample`."""
        at = self._follow(impression)
        if now - detected_sample >= to_samples(self.options.quiet_seconds):
            # What was said before this is over, though impressions of it are still to come.
            self._quiet_until, at = now, detected_sample
            self._runs = {speaker: _Run() for speaker in Speaker}
        speaking = tuple(speaker for speaker in Speaker if self._speaks(speaker))
        if speaking == self._speaking:
            return None
        self._speaking = speaking
        return SpeakingChanged(speaking, at)

    def _follow(self, impression: Impression) -> int:
        """Take frames; returns the sample at which a voice last began or stopped."""
        at, stopped = 0, round(self.options.stopped_seconds * FRAMES_PER_SECOND)
        for place, likelihood in enumerate(np.exp(impression.log_probabilities)):
            frame = impression.first + place
            _, only_a, only_b, both, other = self._filter(likelihood)
            chances = {Speaker.A: only_a + both, Speaker.B: only_b + both, Speaker.UNKNOWN: other}
            for speaker, chance in chances.items():
                run = self._runs[speaker]
                if chance > _ACTIVE and frame * FRAME >= self._quiet_until:
                    run.add(frame, chance)
                    at = max(at, run.first * FRAME)
                elif run.frames and frame + 1 - run.end >= stopped:
                    at = max(at, run.end * FRAME)
                    self._runs[speaker] = _Run()
        return at

    def _filter(self, likelihood: Floats) -> tuple[float, ...]:
        """The belief after one more frame (forward pass of a hidden Markov model, Rabiner 1989)."""
        switch = np.exp(-self.options.switch_penalty)
        stays = (1 - switch) * self._belief + switch * self._belief.sum()
        self._belief = stays * likelihood / (stays @ likelihood)
        return tuple(self._belief.tolist())

    def _speaks(self, speaker: Speaker) -> bool:
        run, options = self._runs[speaker], self.options
        if not run.frames:
            return False
        needed = options.named_seconds if speaker in PEOPLE else options.unknown_seconds
        sure = run.chance >= options.named_confidence * run.frames
        return speaker in self._speaking or (sure and run.frames >= round(needed * FRAMES_PER_SECOND))
