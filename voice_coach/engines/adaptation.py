"""Learning both voices further during the talk, from stretches in which it is sure who speaks.

Ten seconds of enrolment are little. What the network itself is sure of is added to the enrolments' statistics, up to a
minute of each voice, the oldest fading. Should the attribution be wrong for a pair, this would make it worse: so both
enrolments are judged by the new models each time, and where they no longer separate as well as they did, all that was
learnt is forgotten.

A third voice is learnt in the same way, from what the network is sure is neither's, so that it is known again; and so
is how loud each of two microphones hears either person.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace

import numpy as np

from voice_coach.acoustics import Floats, Frames, join_frames
from voice_coach.engines.mixtures import SharedLikelihood
from voice_coach.engines.speakers import OTHER, SpeakerNetwork
from voice_coach.engines.voiceprint import (
    RELEVANCE,
    WITHIN_NATS,
    Background,
    Enrolment,
    Mask,
    Spectra,
    VoicePair,
    VoiceStatistics,
    cepstra,
    pair_voices,
)
from voice_coach.microphones import Seats

SURE = 0.9
"""Probability from which a frame may be learnt from (as in the measured recipe)."""
STRANGE = 0.6
"""The same for a third voice, which nobody enrolled."""
_BATCH_FRAMES = 100
_RUN_FRAMES = 10  # shorter runs of sure frames are left out, and so are their edges
_EDGE_FRAMES = 2
_LONGEST_STEPS = 6000.0  # 60 s
_STRANGER_STEPS = 200.0  # 2 s
_RENEWED_STEPS = 800.0  # 8 s of new speech are worth new models
_PIECE_STEPS = 100
_CHANNEL_FRAMES, _ENOUGH_CHANNEL_FRAMES = 1500, 75  # of either person, by which two microphones are known: 30 s, 1.5 s
_LOST_PIECES = 0.05


class VoiceAdaptation:
    """The two voices of a talk as they are known so far.

    Parameters
    ----------
    enrolments : of both people.
    background : the background model.
    """

    def __init__(self, enrolments: tuple[Enrolment, Enrolment], background: Background) -> None:
        self._background = background
        self._enrolled = pair_voices(*enrolments, background)
        self.pair: VoicePair = self._enrolled
        """The voices as they are known now."""
        mean = self._enrolled.channel_mean
        self._enrolled_statistics = [
            VoiceStatistics.of(e.log_mel - mean, e.salience, e.loud, background) for e in enrolments
        ]
        self._pieces = [_pieces(cepstra(e.log_mel - mean)[e.loud]) for e in enrolments]
        self._separation = self._separated(self._enrolled)
        self._frames: Frames | None = None  # those that wait for their answers, or for a whole batch
        self._answers = np.zeros((0, 5), np.float32)
        self._forget()

    def _forget(self) -> None:
        self._learnt: list[VoiceStatistics | None] = [None, None, None]
        self._channels: list[deque[Floats]] = [deque(maxlen=_CHANNEL_FRAMES) for _ in range(3)]
        self._spectra: list[list[Spectra]] = [[], []]
        self._new_steps = 0.0
        self.pair = self._enrolled

    def hear(self, frames: Frames, answers: Floats) -> bool:
        """Take frames, and log-probabilities (n, 5) of those that came first and have none; tells if `pair` is new."""
        self._frames = frames if self._frames is None else join_frames([self._frames, frames])
        self._answers = np.concatenate((self._answers, answers))
        count = len(self._answers)
        if count < _BATCH_FRAMES:
            return False
        answered = self._frames.part(0, count)
        self._frames = self._frames.part(count, len(self._frames))
        chances, self._answers = np.exp(self._answers), self._answers[:0]
        log_mel = answered.log_mel - self._enrolled.channel_mean
        loud = answered.log_energy > self._enrolled.level - WITHIN_NATS
        for person, state in enumerate((1, 2, OTHER)):
            sure = sure_frames(chances[:, state], SURE if state != OTHER else STRANGE)
            self._learn(person, log_mel, answered.salience, np.repeat(sure, 2) & loud)
            if answered.channels is not None and state != OTHER:
                self._channels[person].extend(answered.channels[sure & loud[::2]])
        if answered.channels is not None:
            self._channels[2].extend(answered.channels)
        return (self._new_steps >= _RENEWED_STEPS or self._knows_more()) and self._renew()

    def _knows_more(self) -> bool:
        """Whether a third voice, or how two microphones hear the two, could be known for the first time."""
        heard = self._learnt[2]
        third = self.pair.stranger is None and heard is not None and heard.steps >= _STRANGER_STEPS
        return third or (self.pair.seats is None and self._seats() is not None)

    def _learn(self, person: int, log_mel: Floats, salience: Floats, steps: Mask) -> None:
        if not steps.any():
            return
        new, known = VoiceStatistics.of(log_mel, salience, steps, self._background), self._learnt[person]
        learnt = new if known is None else known + new
        self._learnt[person] = learnt * min(1.0, _LONGEST_STEPS / learnt.steps)
        self._new_steps += new.steps
        if person > 1:
            return
        spectra = self._spectra[person]
        spectra.append(Spectra.of(log_mel, steps))
        while sum(float(part.speech.sum()) for part in spectra) > _LONGEST_STEPS / 2:
            spectra.pop(0)

    def _renew(self) -> bool:
        """New models of all that is known; back to the enrolments where those come off worse by it."""
        self._new_steps = 0.0
        known = [
            enrolled if learnt is None else enrolled + learnt
            for enrolled, learnt in zip(self._enrolled_statistics, self._learnt, strict=False)
        ]
        first, second = (statistics.voice(self._background) for statistics in known)
        spectra = [
            Spectra.joined([enrolled, *new])
            for enrolled, new in zip(self._enrolled.spectra, self._spectra, strict=True)
        ]
        renewed = replace(
            self._enrolled,
            first=first,
            second=second,
            spectra=(spectra[0], spectra[1]),
            stranger=self._stranger(),
            seats=self._seats(),
        )
        if self._separated(renewed) < self._separation - _LOST_PIECES:
            self._forget()
        else:
            self.pair = renewed
        return True

    def _stranger(self) -> Floats | None:
        """Means of the third voice; `None` while too little was heard of it, or where it is one of the two."""
        heard = self._learnt[2]
        if heard is None or heard.steps < _STRANGER_STEPS:
            return None
        means = self._background.full.adapted(heard.full, RELEVANCE)
        for enrolled, pieces in zip((self._enrolled.first, self._enrolled.second), self._pieces, strict=True):
            likelihood = SharedLikelihood(self._background.full, [enrolled.full, means])
            if np.mean([float(np.diff(likelihood(piece).mean(axis=0))[0]) > 0 for piece in pieces]) > _LOST_PIECES:
                self._learnt[2] = None
                return None
        return means

    def _seats(self) -> Seats | None:
        """How two microphones hear either person; `None` while too little was heard of one, or with one alone."""
        if min(map(len, self._channels)) < _ENOUGH_CHANNEL_FRAMES:
            return None
        first, second, every = (np.stack(frames) for frames in self._channels)
        return Seats.of(first, second, every)

    def _separated(self, pair: VoicePair) -> float:
        """Share of the enrolments' pieces that fit their own voice better, the worse of both people."""
        likelihood = SharedLikelihood(self._background.full, [pair.first.full, pair.second.full])
        shares = []
        for person, pieces in enumerate(self._pieces):
            means = np.stack([likelihood(piece).mean(axis=0) for piece in pieces])
            shares.append(float((means[:, person] > means[:, 1 - person]).mean()))
        return min(shares)


def _pieces(values: Floats) -> list[Floats]:
    return np.array_split(values, max(1, len(values) // _PIECE_STEPS))


def sure_frames(chance: Floats, least: float) -> Mask:
    """Frames (n,) well inside runs of sure ones."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], (chance > least).astype(np.int8), [0]))))
    inside = np.zeros(len(chance), bool)
    for begin, end in edges.reshape(-1, 2):
        if end - begin >= _RUN_FRAMES:
            inside[begin + _EDGE_FRAMES : end - _EDGE_FRAMES] = True
    return inside


class AdaptingNetwork:
    """The speaker network with voices that are learnt further as it goes; fulfils the port `StreamingComparer`."""

    def __init__(self, enrolments: tuple[Enrolment, Enrolment], background: Background) -> None:
        self._voices = VoiceAdaptation(enrolments, background)
        self._network = SpeakerNetwork(self._voices.pair, background)
        self._to_drop = self.delay_frames = self._network.delay_frames
        self.impression_delay_frames = self._network.impression_delay_frames

    @property
    def pair(self) -> VoicePair:
        """The voices as they are known so far."""
        return self._voices.pair

    @property
    def impression(self) -> Floats:
        """What the committee made of the last frames, (n, 5)."""
        return self._network.impression

    def process(self, frames: Frames, speech: Floats) -> Floats:
        """Log-probabilities (n, 5) of the frames `delay_frames` before these."""
        answers = self._network.process(frames, speech)
        dropped = min(self._to_drop, len(answers))
        self._to_drop -= dropped
        if self._voices.hear(frames, answers[dropped:]):
            self._network.compare_with(self._voices.pair)
        return answers
