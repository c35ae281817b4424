"""Finding the two voices of a recording by themselves, where nobody was enrolled.

Speech of up to a quarter of an hour is cut into short pieces. Their statistics under the background model, and their
pitch, are split in two by the second eigenvector of their affinity (normalised cut, Shi and Malik 2000); then each half
gets a voice model, and each piece goes to the model that fits it better, several times over. The clearest pieces
of either voice become its enrolment.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from voice_coach.acoustics import Floats, FrameAnalyser, Frames, join_frames
from voice_coach.engines.mixtures import SharedLikelihood
from voice_coach.engines.silero import BLOCK, SileroDetector
from voice_coach.engines.voiceprint import Background, Enrolment, Mask, cepstra
from voice_coach.errors import InputError
from voice_coach.events import AudioBlock
from voice_coach.framing import HOP, Framer

LONGEST_SECONDS = 900.0
"""Most audio that is looked at: the memory it takes is bounded, and a quarter of an hour shows both voices."""
ENROLMENT_SECONDS = 20.0
SHORTEST_SECONDS = 3.0
SEPARATION = 0.75
"""Least difference between two voices, nats per frame.

Measured by `_clearness`: halves of one voice come to 0.7 at most on a minute of speech or more (14 synthetic and human
voices), two voices to 2.7 or more on a minute of talk, and to about 1 for two of the same sex on 30 s."""
_ONE_VOICE = "only one voice was found in it; if two people speak, give a recording of each with --speaker"
_PIECE_STEPS = 150
_SHORTEST_PIECE_STEPS = 40
_RELEVANCE = 8.0
_PITCH_WEIGHT = 0.5
_ROUNDS = 6


@dataclass(frozen=True, slots=True, eq=False)
class _Pieces:
    """Speech cut into k pieces: of each step its piece, its cepstra (n, 40), and of each piece its pitch votes."""

    piece_of_step: npt.NDArray[np.intp]
    values: Floats
    pitch: Floats
    steps: npt.NDArray[np.intp]

    @property
    def count(self) -> int:
        return len(self.pitch)

    def mean_of(self, per_step: Floats) -> Floats:
        """Mean over each piece of a value per step."""
        sums = np.bincount(self.piece_of_step, per_step, self.count)
        return np.asarray(sums / np.bincount(self.piece_of_step, minlength=self.count), np.float32)


def find_voices(blocks: Iterable[AudioBlock], background: Background) -> tuple[Enrolment, Enrolment]:
    """Enrolments of the two voices of a recording, in order of appearance.

    Raises
    ------
    InputError
        If there is too little speech for two voices, or only one voice.
    """
    heard = _collect(blocks)
    if heard is None or heard.speech_seconds < 2 * SHORTEST_SECONDS:
        raise InputError("there is too little speech in it to tell two voices apart")
    pieces = _cut(heard)
    if pieces.count < 4:
        raise InputError("there is too little speech in it to tell two voices apart")
    group = _settle(pieces, _first_split(pieces, background), background)
    if min(group.sum(), (~group).sum()) < 2:
        raise InputError(_ONE_VOICE)
    clearness = _clearness(pieces, group, background)
    voices = [_enrolment(heard, pieces, mask, clearness) for mask in (group, ~group)]
    separation = min(float(clearness[mask].mean()) for mask in (group, ~group))
    if separation < SEPARATION or min(voice.speech_seconds for voice in voices) < SHORTEST_SECONDS:
        raise InputError(_ONE_VOICE)
    first = 0 if group[0] else 1
    return voices[first], voices[1 - first]


def _collect(blocks: Iterable[AudioBlock]) -> Enrolment | None:
    """Measurements of all that has speech near it, up to the longest time, as if it were one enrolment."""
    framer, detector, analyser = Framer(), SileroDetector(), FrameAnalyser()
    kept: list[Frames] = []
    speech: list[Mask] = []
    quiet_hops, frames = HOP, 0
    for block in blocks:
        for hop in framer.process(block):
            probability = detector.process(hop)
            part = analyser.process(hop)
            quiet_hops = 0 if probability.max() > 0.5 else quiet_hops + 1
            if quiet_hops <= 2 and len(part):
                kept.append(part)
                steps = np.arange(2 * len(part)) * 160 + 80
                speech.append((probability > 0.5)[np.minimum(steps // BLOCK, len(probability) - 1)])
                frames += len(part)
        if frames * 0.02 >= LONGEST_SECONDS:
            break
    if not kept:
        return None
    joined = join_frames(kept)
    return Enrolment(joined.log_mel, joined.log_energy, joined.salience, np.concatenate(speech))


def _cut(heard: Enrolment) -> _Pieces:
    """Cut speech into pieces of half a second to one and a half; only its loud steps count."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], heard.speech.astype(np.int8), [0]))))
    loud = heard.loud
    bounds = []
    for begin, end in edges.reshape(-1, 2):
        cuts = np.linspace(begin, end, max(1, round((end - begin) / _PIECE_STEPS)) + 1).astype(int)
        bounds += [(a, b) for a, b in pairwise(cuts) if loud[a:b].sum() >= _SHORTEST_PIECE_STEPS]
    steps = [begin + np.flatnonzero(loud[begin:end]) for begin, end in bounds]
    owner = np.repeat(np.arange(len(bounds)), [len(own) for own in steps])
    mean = heard.log_mel[2:-2][loud].mean(axis=0)
    every = np.concatenate(steps) if steps else np.zeros(0, np.intp)
    values = cepstra(heard.log_mel - mean)[every]
    pitch = [_votes(heard.salience[begin // 2 : end // 2]) for begin, end in bounds]
    return _Pieces(owner, values, np.asarray(pitch, np.float32).reshape(len(bounds), -1), every)


def _votes(salience: Floats) -> Floats:
    """Pitch of a piece as shares of the candidates, (48,)."""
    peak = salience.max(axis=1, keepdims=True)
    votes = (np.exp(3.0 * (salience - peak)) * (peak > 0.5)).sum(axis=0)
    return np.asarray(votes / (votes.sum() + 1e-9), np.float32)


def _first_split(pieces: _Pieces, background: Background) -> Mask:
    """Two groups of pieces by the second eigenvector of their affinity."""
    mixture = background.full
    offsets = np.zeros((pieces.count, mixture.means.size), np.float32)
    for piece in range(pieces.count):
        own = pieces.values[pieces.piece_of_step == piece]
        shift = mixture.adapted(mixture.statistics(own), _RELEVANCE) - mixture.means
        offsets[piece] = (shift * np.sqrt(mixture.weights[:, None] / mixture.variances)).ravel()
    offsets -= offsets.mean(axis=0)
    offsets /= np.linalg.norm(offsets, axis=1, keepdims=True) + 1e-9
    pitch = np.sqrt(pieces.pitch)
    affinity = np.exp(2.0 * (offsets @ offsets.T) + 2.0 * (pitch @ pitch.T))
    scale = 1 / np.sqrt(affinity.sum(axis=1))
    _, vectors = np.linalg.eigh(affinity * scale[:, None] * scale[None, :])
    return np.asarray(vectors[:, -2] * scale > 0)


def _settle(pieces: _Pieces, group: Mask, background: Background) -> Mask:
    """Move each piece to the voice that it fits better, until none moves."""
    every = np.ones(pieces.count, bool)
    for _ in range(_ROUNDS):
        if group.all() or not group.any():
            break
        moved = _margins(pieces, group, every, background) > 0
        if np.array_equal(moved, group):
            break
        group = moved
    return group


def _margins(pieces: _Pieces, group: Mask, known: Mask, background: Background) -> Floats:
    """How much better each piece fits the first voice than the second, nats per frame, learnt from `known` pieces."""
    groups = (group & known, ~group & known)
    full = background.full
    means = [full.adapted(full.statistics(pieces.values[mask[pieces.piece_of_step]]), _RELEVANCE) for mask in groups]
    likelihood = SharedLikelihood(full, means)(pieces.values)
    fit = pieces.mean_of(likelihood[:, 0] - likelihood[:, 1])
    histograms = [np.log(pieces.pitch[mask].mean(axis=0) + 0.005) for mask in groups]
    return np.asarray(fit + _PITCH_WEIGHT * (pieces.pitch @ (histograms[0] - histograms[1])), np.float32)


def _clearness(pieces: _Pieces, group: Mask, background: Background) -> Floats:
    """How much better each piece fits its own voice, nats per frame, by models that never heard it.

    Each half of a voice's pieces is judged by the models of the other half: models that know a piece always find that
    it fits, even where there is but one voice.
    """
    half = np.zeros(pieces.count, bool)
    for mask in (group, ~group):
        half[np.flatnonzero(mask)[::2]] = True
    clearness = np.zeros(pieces.count, np.float32)
    for known in (half, ~half):
        margins = _margins(pieces, group, known, background)
        clearness[~known] = np.where(group, margins, -margins)[~known]
    return clearness


def _enrolment(heard: Enrolment, pieces: _Pieces, own: Mask, clearness: Floats) -> Enrolment:
    """The clearest pieces of a voice, up to the usual length, as an enrolment."""
    speech = np.zeros_like(heard.speech)
    for piece in np.argsort(np.where(own, -clearness, np.inf)):
        if clearness[piece] <= 0 or not own[piece] or speech.sum() >= ENROLMENT_SECONDS * 100:
            break
        speech[pieces.steps[pieces.piece_of_step == piece]] = True
    return replace(heard, speech=speech)
