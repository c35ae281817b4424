"""Whose speech it is: from the network's frames to inter-pausal units of A, B, or neither.

The network's answers are smoothed by a hidden Markov model over {silence, A, B, both, other} with a short fixed
lag (forward and backward passes, Rabiner 1989), which gives each frame a posterior; runs of speech become units.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from voice_coach.acoustics import FRAME, Floats, Frames, pitches_hz, syllable_nuclei
from voice_coach.events import Delivery, InterPausalUnit, Silence, Speaker
from voice_coach.options import Options, number
from voice_coach.segment import SAMPLE_RATE, Segment

FRAMES_PER_SECOND = SAMPLE_RATE // FRAME
_STATES = 5
_ACTIVE = 0.5  # posterior above which someone is taken to speak
_GATED_NATS = 6.0  # how much less likely speech is where the detector hears none
_SHORTEST_SILENCE, _LONGEST_SILENCE = 75, 1500  # 1.5 s to 30 s
_ENOUGH_FRAMES = 10  # 0.2 s: less says nothing about level or pitch


@dataclass(frozen=True, slots=True)
class AttributionOptions(Options):
    """How frames become units.

    Penalty and biases were chosen on development readers; a lower bias on both voices trades missed overlaps for fewer
    false ones, because a false interruption costs more than a missed one. Those of silence and of others trade missed
    and falsely charged speech. Music and knocks that the network takes for
    voices never reach `unit_probability` with the detector. A pause of 0.2 s ends a unit, the usual
    definition. Below 0.7 s of speech a voice is not surely known.
    """

    switch_penalty: float = number(3.0, 0.0, 20.0, "nats")
    silence_bias: float = number(-1.0, -6.0, 6.0, "nats")
    both_bias: float = number(-0.5, -6.0, 6.0, "nats")
    other_bias: float = number(0.5, -6.0, 6.0, "nats")
    lag_frames: int = number(7, 0, 100, "frames of 20 ms")
    gate_probability: float = number(0.05, 0.0, 1.0)
    unit_probability: float = number(0.4, 0.0, 1.0)
    pause_seconds: float = number(0.2, 0.02, 2.0, "s")
    minimum_seconds: float = number(0.1, 0.0, 1.0, "s")
    sure_seconds: float = number(0.7, 0.0, 5.0, "s")
    sure_confidence: float = number(0.75, 0.0, 1.0)
    sure_confidence_short: float = number(0.85, 0.0, 1.0)
    unknown_seconds: float = number(0.7, 0.1, 5.0, "s")


class Smoother:
    """Posterior probabilities of the five states, a fixed number of frames late."""

    def __init__(self, options: AttributionOptions) -> None:
        stay, switch = 1.0, float(np.exp(-options.switch_penalty))
        matrix = np.full((_STATES, _STATES), switch) + np.eye(_STATES) * (stay - switch)
        self._transition = matrix / matrix.sum(axis=1, keepdims=True)
        self._bias = np.array([options.silence_bias, 0.0, 0.0, options.both_bias, options.other_bias])
        self._lag = options.lag_frames
        self._forward = np.zeros((0, _STATES))
        self._likelihood = np.zeros((0, _STATES))
        self._last = np.full(_STATES, 1 / _STATES)

    def process(self, log_probabilities: Floats) -> Floats:
        """Posteriors, float32 (m, 5), of the frames that are now old enough."""
        biased = log_probabilities.astype(np.float64) + self._bias
        likelihood = np.exp(biased - biased.max(axis=1, keepdims=True))
        forward = np.empty_like(likelihood)
        state = self._last
        for place, frame in enumerate(likelihood):
            state = (state @ self._transition) * frame
            state /= state.sum()
            forward[place] = state
        self._last = state
        self._forward = np.concatenate((self._forward, forward))
        self._likelihood = np.concatenate((self._likelihood, likelihood))
        return self._take(max(0, len(self._forward) - self._lag))

    def finish(self) -> Floats:
        """Posteriors of the frames that are left."""
        return self._take(len(self._forward))

    def _take(self, count: int) -> Floats:
        backward = np.ones(_STATES)
        posterior = np.empty((count, _STATES))
        for place in range(len(self._forward) - 1, -1, -1):
            if place < count:
                joint = self._forward[place] * backward
                posterior[place] = joint / joint.sum()
            backward = self._transition @ (self._likelihood[place] * backward)
            backward /= backward.sum()
        self._forward = self._forward[count:]
        self._likelihood = self._likelihood[count:]
        return posterior.astype(np.float32)


@dataclass(frozen=True, slots=True)
class _Sound:
    """One frame's sound: power, pitch if voiced, energies of its two 10 ms steps, speech probability."""

    power: float
    pitch_hz: float | None
    energies: Floats
    speech: float


@dataclass(slots=True)
class _Run:
    """A unit in the making: speech frames from `first` to `end`, and what is known of them."""

    first: int
    end: int
    frames: int = 0
    confidence: float = 0.0
    speech: float = 0.0
    alone: list[_Sound] = field(default_factory=list)
    both_power: float = 0.0
    both_frames: int = 0

    def add(self, frame: int, confidence: float, sound: _Sound, *, alone: bool) -> None:
        self.end = frame + 1
        self.frames += 1
        self.confidence += confidence
        self.speech = max(self.speech, sound.speech)
        if alone:
            self.alone.append(sound)
        else:
            self.both_power += sound.power
            self.both_frames += 1


class UnitBuilder:
    """Runs of one speaker's frames, closed by a pause."""

    def __init__(self, speaker: Speaker, options: AttributionOptions) -> None:
        self._speaker, self._options = speaker, options
        self._pause = round(options.pause_seconds * FRAMES_PER_SECOND)
        minimum = options.unknown_seconds if speaker is Speaker.UNKNOWN else options.minimum_seconds
        self._minimum = round(minimum * FRAMES_PER_SECOND)
        self._run: _Run | None = None

    def speech(self, frame: int, confidence: float, sound: _Sound, *, alone: bool) -> None:
        """Take a frame in which this speaker speaks, alone or with the other."""
        if self._run is None:
            self._run = _Run(frame, frame)
        self._run.add(frame, confidence, sound, alone=alone)

    def silence(self, frame: int) -> InterPausalUnit | None:
        """Take a frame in which this speaker is silent; returns the unit that it ends."""
        if self._run is None or frame - self._run.end < self._pause:
            return None
        return self.finish()

    def finish(self) -> InterPausalUnit | None:
        """End the open unit; `None` if it is too short to count."""
        unit, self._run = self._unit(measured=True), None
        return unit

    @property
    def open_unit(self) -> InterPausalUnit | None:
        """The unit that is not yet over, as far as it goes, without its delivery."""
        return self._unit(measured=False)

    def _unit(self, *, measured: bool) -> InterPausalUnit | None:
        run = self._run
        if run is None or run.end - run.first < self._minimum or run.speech < self._options.unit_probability:
            return None
        segment = Segment(run.first * FRAME, run.end * FRAME)
        confidence = run.confidence / run.frames
        long = segment.seconds >= self._options.sure_seconds
        needed = self._options.sure_confidence if long else self._options.sure_confidence_short
        sure = confidence >= needed and self._speaker is not Speaker.UNKNOWN
        if not measured:
            return InterPausalUnit(self._speaker, segment, confidence, sure)
        level = _decibels(run.both_power / run.both_frames) if run.both_frames >= _ENOUGH_FRAMES else None
        return InterPausalUnit(self._speaker, segment, confidence, sure, _delivery(run.alone), level)


def _decibels(power: float) -> float:
    return float(10 * np.log10(power + 1e-12))


def _delivery(alone: list[_Sound]) -> Delivery | None:
    """How a unit sounded where the speaker was alone; `None` where that is hardly anywhere."""
    if len(alone) < _ENOUGH_FRAMES:
        return None
    power = np.array([sound.power for sound in alone])
    loud = power[power >= power.max() / 100]  # within 20 dB of the loudest frame: breath and room left out
    pitches = [sound.pitch_hz for sound in alone if sound.pitch_hz is not None]
    pitch = float(np.median(pitches)) if len(pitches) >= _ENOUGH_FRAMES else None
    nuclei = syllable_nuclei(np.concatenate([sound.energies for sound in alone]))
    return Delivery(_decibels(float(loud.mean())), pitch, nuclei)


class _SilenceBuilder:
    """Runs of frames in which nobody speaks, those long enough to show what the microphone does by itself."""

    def __init__(self) -> None:
        self._first = 0
        self._power: list[float] = []

    def process(self, frame: int, power: float, *, quiet: bool) -> Silence | None:
        """Take a frame; returns the silence that it ends."""
        if quiet:
            if not self._power:
                self._first = frame
            if len(self._power) < _LONGEST_SILENCE:
                self._power.append(power)
            return None
        heard, self._power = self._power, []
        if not _SHORTEST_SILENCE <= len(heard) < _LONGEST_SILENCE:
            return None
        # The first 0.4 s belong to the room's tail, the last 0.3 s to the breath before speaking.
        early, late = (float(np.median(part)) for part in (heard[20:40], heard[-35:-15]))
        segment = Segment(self._first * FRAME, (self._first + len(heard)) * FRAME)
        return Silence(segment, _decibels(early), _decibels(late))


class Attribution:
    """From log-probabilities and sound of frames to units."""

    def __init__(self, options: AttributionOptions) -> None:
        self._options = options
        self._smoother = Smoother(options)
        self._builders = {speaker: UnitBuilder(speaker, options) for speaker in Speaker}
        self._frame = 0
        self._silence = _SilenceBuilder()
        self._sounds: deque[_Sound] = deque()

    @property
    def decided_sample(self) -> int:
        """Up to here it is decided who speaks."""
        return self._frame * FRAME

    @property
    def open_units(self) -> tuple[InterPausalUnit, ...]:
        """Units that are not yet over, as far as they go."""
        units = (builder.open_unit for builder in self._builders.values())
        return tuple(unit for unit in units if unit is not None)

    def hear(self, frames: Frames, speech: Floats) -> None:
        """Take the sound of frames, whose answers come later, and their speech probability (n,)."""
        energies = frames.log_energy.reshape(-1, 2)
        pitches = pitches_hz(frames.salience)
        for values in zip(frames.power.tolist(), pitches, energies, speech.tolist(), strict=True):
            self._sounds.append(_Sound(*values))

    def process(self, log_probabilities: Floats, gate: Floats) -> Iterator[InterPausalUnit | Silence]:
        """Units, and silences, that end with these answers, (n, 5), for the next n frames.

        `gate` (n,) is the highest speech probability around each frame: where the detector hears nothing at all,
        neither do we (in real rooms this removes most false alarms).
        """
        gated = log_probabilities.copy()
        gated[gate < self._options.gate_probability, 1:] -= _GATED_NATS
        return self._units(self._smoother.process(gated))

    def finish(self) -> Iterator[InterPausalUnit | Silence]:
        """What is left at the end."""
        yield from self._units(self._smoother.finish())
        for builder in self._builders.values():
            unit = builder.finish()
            if unit is not None:
                yield unit

    def _units(self, posteriors: Floats) -> Iterator[InterPausalUnit | Silence]:
        for posterior in posteriors.tolist():
            yield from self._take(posterior)

    def _take(self, posterior: list[float]) -> Iterator[InterPausalUnit | Silence]:
        nobody, only_a, only_b, both, other = posterior
        sound = self._sounds.popleft()
        chances = {Speaker.A: only_a + both, Speaker.B: only_b + both, Speaker.UNKNOWN: other}
        active = {speaker for speaker, chance in chances.items() if chance > _ACTIVE}
        if not active and nobody < _ACTIVE:  # surely speech, unsurely whose
            active = {max(chances, key=lambda speaker: chances[speaker])}
        for speaker, builder in self._builders.items():
            if speaker in active:
                builder.speech(self._frame, chances[speaker], sound, alone=len(active) == 1)
            else:
                unit = builder.silence(self._frame)
                if unit is not None:
                    yield unit
        silence = self._silence.process(self._frame, sound.power, quiet=not active)
        if silence is not None:
            yield silence
        self._frame += 1
