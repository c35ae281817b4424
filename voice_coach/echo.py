"""The coach's own voice in the microphone: when the stream is its own, and how late it comes.

While a sentence is played, and for the room's tail after it, what is heard is the coach's. How late a sentence reaches
the microphone differs by a factor of twenty between a laptop's own loudspeaker and one over Bluetooth; so it is looked
for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from voice_coach.acoustics import Floats
from voice_coach.events import CueFinished, CueStarted
from voice_coach.options import Options, number
from voice_coach.segment import SAMPLE_RATE, Segment, to_samples

LONGEST_DELAY_SECONDS = 0.6
_LEAST_SECONDS = 0.5
_REMEMBERED = 16
PEAK = 11.0
"""A delay is believed if its correlation stands this many times above the usual one."""
_BAND_HZ = (200.0, 6000.0)
_TAPS, _LEAD, _RIDGE = 32, 8, 1e-3
"""Samples that a sentence may be spread over, how many of them before its delay, and how little is not fitted."""


@dataclass(frozen=True, slots=True)
class EchoOptions(Options):
    """What the microphone hears while a sentence is said belongs to the coach, and so does the room's tail after it.

    The deafness is a lease: it ends `longest_seconds` after the sentence began even if its end is never reported.
    """

    tail_seconds: float = number(0.4, 0.0, 2.0, "s")
    longest_seconds: float = number(20.0, 1.0, 60.0, "s")


class EchoGate:
    """When the stream is the coach's own voice."""

    def __init__(self, options: EchoOptions) -> None:
        self._options = options
        self._muted: deque[Segment] = deque(maxlen=_REMEMBERED)
        self.until = 0
        """Up to here the stream is, or may be, the coach's."""

    def take(self, result: CueStarted | CueFinished) -> None:
        """Begin or shorten the lease."""
        if isinstance(result, CueFinished):
            self.until = min(self.until, result.at_sample + to_samples(self._options.tail_seconds))
        elif result.in_microphone:
            self.until = result.at_sample + to_samples(self._options.longest_seconds)

    def muted(self, hop: Floats, start: int) -> Floats:
        """A hop without what is the coach's."""
        if start >= self.until:
            return hop
        heard = hop.copy()
        heard[: self.until - start] = 0.0
        self._note(Segment(start, min(self.until, start + len(hop))))
        return heard

    def audible(self, stretches: Iterable[Segment]) -> list[Segment]:
        """What is left of recent stretches without what is the coach's."""
        left = list(stretches)
        for muted in self._muted:
            parts = ((Segment(s.start, max(s.start, min(s.end, muted.start))),
                      Segment(min(s.end, max(s.start, muted.end)), s.end)) for s in left)  # fmt: skip
            left = [part for pair in parts for part in pair if part.samples]
        return left

    def _note(self, muted: Segment) -> None:
        if self._muted and self._muted[-1].end == muted.start:
            muted = Segment(self._muted.pop().start, muted.end)
        self._muted.append(muted)


def echo_delay(played: Floats, heard: Floats) -> float | None:
    """How many seconds after it was played a sentence was first heard; `None` if it cannot be found.

    Both float32 (n,), 16 kHz, from the same moment on; `heard` may be shorter. The first peak of their correlation,
    as later ones are the room's.
    """
    if min(len(played), len(heard)) < to_samples(_LEAST_SECONDS):
        return None
    strengths = _strengths(played[: len(heard)], heard, 0)
    peak = int(np.argmax(strengths))
    if strengths[peak] < PEAK:
        return None
    early = np.flatnonzero(strengths[: peak + 1] >= max(PEAK, 0.6 * strengths[peak]))
    return float(early[0]) / SAMPLE_RATE


def latest_echoes(played: Floats, heard: Floats, window: int) -> Floats:
    """How clearly what is heard now was played so many samples ago, float32 (9600,); 0 where nothing can be told.

    Both float32 (n,), 16 kHz, up to the same moment; of `heard` the last `window` samples are looked at. The unit is
    the usual size of their correlation: by chance it reaches 4 somewhere, and `PEAK` nowhere.
    """
    lead = to_samples(LONGEST_DELAY_SECONDS)
    before = played[-(window + lead) :]
    return _strengths(np.pad(before, (window + lead - len(before), 0)), heard[-window:], lead)


def explained_share(played: Floats, heard: Floats, window: int, delay: int) -> float:
    """Which share of the power heard now is the sentence of so many samples ago, 0 to 1.

    Both float32 (n,), 16 kHz, up to the same moment; of `heard` the last `window` samples are looked at. The sentence
    may pass the best filter of 2 ms by least squares: what comes straight from the loudspeaker, and its first echoes.
    By chance a voice is explained up to about a tenth.
    """
    window = min(window, len(heard))
    before = window + delay + _TAPS
    sentence = np.pad(played[-before:], (before, _LEAD)).astype(float)
    end = len(sentence) - delay
    reach = np.lib.stride_tricks.sliding_window_view(sentence[end - window - _TAPS + 1 : end], _TAPS)
    now = heard[-window:].astype(float)
    energy = float((now**2).sum())
    matrix = reach.T @ reach
    size = float(np.trace(matrix))
    if not energy or not size:
        return 0.0
    matrix += np.eye(_TAPS) * _RIDGE * size / _TAPS
    left = now - reach @ np.linalg.solve(matrix, reach.T @ now)
    return max(0.0, 1.0 - float((left**2).sum()) / energy)


def _strengths(played: Floats, heard: Floats, lead: int) -> Floats:
    """Correlation at each delay up to the longest, by its usual size; `played` begins `lead` samples before `heard`.

    Generalised cross-correlation with phase transform (Knapp & Carter 1976) in the band of speech.
    """
    longest = to_samples(LONGEST_DELAY_SECONDS)
    size = 1 << int(np.ceil(np.log2(len(heard) + longest)))
    own, all_heard = np.fft.rfft(played, size), np.fft.rfft(heard, size)
    cross = all_heard * np.conj(own)
    frequency = np.fft.rfftfreq(size, 1 / SAMPLE_RATE)
    band = (frequency >= _BAND_HZ[0]) & (frequency <= _BAND_HZ[1])
    # Bins in which nothing was played hold noise alone, and would drown the rest if their phase counted as much.
    weight = np.abs(own) / (np.abs(cross) + 1e-12) * band
    correlation = np.abs(np.fft.irfft(cross * weight, size))
    usual = float(np.sqrt(np.mean(correlation**2)))
    return (correlation[np.arange(longest) - lead] / (usual or 1.0)).astype(np.float32)
