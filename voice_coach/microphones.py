"""Two microphones, one nearer to each person: what their levels tell of who speaks.

How much louder one microphone hears a person than the other is a constant of the table, crosstalk included. It is
learnt from frames in which the voices themselves leave no doubt; from then on, each frame's difference of levels is
evidence beside the voices. Where both microphones hear both people alike, as in an ordinary stereo recording, there is
nothing to learn, and nothing changes.
"""

from __future__ import annotations

from collections import deque
from typing import cast

import numpy as np

from voice_coach.acoustics import Floats, Frames
from voice_coach.ports import VoiceComparer

_SURE = np.log(0.9)
_ENOUGH, _REMEMBERED = 75, 1500  # frames: 1.5 s to learn from, 30 s remembered
_FLOOR_PERCENT, _ABOVE_FLOOR_DB = 3, 6.0  # quieter frames are mostly noise, whose difference is its own
_AROUND = 2  # frames to either side over which power is averaged
_APART_DB = 3.0  # less of a difference between the two people says nothing
_SPREAD_DB = (1.0, 5.0)
_RANGE_DB = 60.0
_STRAY = 0.05  # share of frames whose difference is anything
_WEIGHT = 0.6  # neighbouring frames are no independent witnesses


class TwoMicrophones:
    """Adds the evidence of levels to that of voices; fulfils `VoiceComparer`, and passes one microphone through."""

    def __init__(self, comparer: VoiceComparer) -> None:
        self._comparer = comparer
        self.delay_frames = comparer.delay_frames
        if comparer.delay_frames < _AROUND:
            raise ValueError(f"the comparer answers {comparer.delay_frames} frames late, too early to average levels")
        self._powers = np.zeros((_AROUND + comparer.delay_frames, 2), np.float32)
        """From `_AROUND` frames before the next answer on."""
        self._levels: deque[float] = deque(maxlen=_REMEMBERED)
        self._heard: tuple[deque[float], deque[float]] = (deque(maxlen=_REMEMBERED), deque(maxlen=_REMEMBERED))

    def process(self, frames: Frames, speech: Floats) -> Floats:
        """Log-probabilities (n, 5) of the frames `delay_frames` before these."""
        answers = self._comparer.process(frames, speech)
        if frames.channels is None:
            return answers
        levels = self._levels_db(frames.channels)
        loudest = levels.max(axis=1)
        self._levels.extend(loudest.tolist())
        counts = loudest > np.percentile(self._levels, _FLOOR_PERCENT) + _ABOVE_FLOOR_DB
        difference = levels[:, 0] - levels[:, 1]
        for person, heard in enumerate(self._heard):
            heard.extend(difference[counts & (answers[:, 1 + person] > _SURE)].tolist())
        evidence = self._evidence(difference)
        if evidence is None:
            return answers
        told = answers + _WEIGHT * np.where(counts[:, None], evidence, 0.0)
        peak = told.max(axis=1, keepdims=True)
        return cast("Floats", (told - peak - np.log(np.exp(told - peak).sum(axis=1, keepdims=True))).astype(np.float32))

    def _levels_db(self, channels: Floats) -> Floats:
        """Levels (n, 2) around the n frames that are answered, dB, as the powers (n, 2) of new frames come in."""
        waiting, count = np.concatenate((self._powers, channels)), len(channels)
        self._powers = waiting[count:]
        windows = np.lib.stride_tricks.sliding_window_view(waiting, 2 * _AROUND + 1, axis=0)[:count]
        return cast("Floats", 10 * np.log10(windows.mean(axis=2) + 1e-12))

    def _evidence(self, difference: Floats) -> Floats | None:
        """Log-likelihoods (n, 5) of differences (n,) in each state; `None` while or where they tell nothing.

        They tell the two people and both at once apart; between speech, silence and others they take no side.
        """
        if min(map(len, self._heard)) < _ENOUGH:
            return None
        values = [np.array(heard) for heard in self._heard]
        centres = [float(np.median(v)) for v in values]
        spreads = [
            float(np.clip(1.4826 * np.median(np.abs(v - centre)), *_SPREAD_DB))
            for v, centre in zip(values, centres, strict=True)
        ]
        apart = abs(centres[0] - centres[1])
        if apart < _APART_DB:
            return None
        stray = np.log(_STRAY / _RANGE_DB)
        alone = [
            np.logaddexp(
                np.log(1 - _STRAY) - 0.5 * ((difference - centre) / spread) ** 2 - np.log(spread * np.sqrt(2 * np.pi)),
                stray,
            )
            for centre, spread in zip(centres, spreads, strict=True)
        ]
        inside = (difference > min(centres)) & (difference < max(centres))
        both = np.where(inside, np.log((1 - _STRAY) / apart), stray)
        neutral = np.maximum(np.maximum(alone[0], alone[1]), both)
        return np.stack((neutral, alone[0], alone[1], both, neutral), axis=1)
