"""Learning both voices at the table itself, from what each person says in the opening round."""

from __future__ import annotations

import numpy as np

from voice_coach.acoustics import Floats
from voice_coach.engines.enrolment import (
    DROWNED_DB,
    NOISY_DB,
    ONE_VOICE,
    SHORTEST_SPEECH_SECONDS,
    clearance_db,
    separation,
)
from voice_coach.engines.recording import CLIPPED_SHARE, LevelMeter
from voice_coach.engines.silero import BLOCK, SileroDetector
from voice_coach.engines.voiceprint import Background, Enrolment, enrol
from voice_coach.events import PEOPLE, Shortcoming, Speaker
from voice_coach.ports import Judgement
from voice_coach.segment import SAMPLE_RATE

_SPEECH = 0.5
_PAUSE_BLOCKS = 15
"""Half a second without speech ends a stretch."""


class TableLearner:
    """Fulfils the port `VoiceLearner`.

    Parameters
    ----------
    background : the background model.
    least_seconds : net speech below which more is asked for.
    """

    def __init__(self, background: Background, least_seconds: float) -> None:
        self._background, self._least = background, least_seconds
        self._meter = LevelMeter()
        self._detector = SileroDetector()
        self._parts: dict[Speaker, list[Floats]] = {person: [] for person in PEOPLE}
        self._person = PEOPLE[0]
        self._rest = np.zeros(0, np.float32)
        self._speech = self._quiet = self._stretch = 0  # blocks
        self._clipped = self._samples = 0
        self._is_stale = False

    @property
    def gain(self) -> float:
        """Brings the microphone's level to that of the models."""
        return self._meter.gain

    @property
    def speech_seconds(self) -> float:
        """Net speech of the one who is to speak, s."""
        return self._speech * BLOCK / SAMPLE_RATE

    @property
    def quiet_seconds(self) -> float:
        """For how long nobody has spoken, s."""
        return self._quiet * BLOCK / SAMPLE_RATE

    @property
    def last_stretch_seconds(self) -> float:
        """Length of the last stretch of speech, s."""
        return self._stretch * BLOCK / SAMPLE_RATE

    def begin(self, person: Speaker) -> None:
        """Listen to this person from now on."""
        self._quiet = self._stretch = 0
        self._rest = np.zeros(0, np.float32)
        if person is not self._person or self._is_stale:
            self._person, self._is_stale = person, False
            self._parts[person] = []
            self._speech = self._clipped = self._samples = 0

    def hear(self, samples: Floats) -> None:
        """Take what is heard."""
        self._meter.process(samples, 0)
        self._clipped += int(np.count_nonzero(np.abs(samples) >= 0.999))
        self._samples += len(samples)
        joined = np.concatenate((self._rest, samples))
        whole = len(joined) // BLOCK * BLOCK
        self._rest = joined[whole:]
        if not whole:
            return
        self._parts[self._person].append(joined[:whole])
        levelled = np.clip(joined[:whole] * np.float32(self._meter.gain), -1.0, 1.0)
        for is_speech in self._detector.process(levelled) >= _SPEECH:
            if is_speech:
                self._stretch = 1 if self._quiet > _PAUSE_BLOCKS else self._stretch + 1 + self._quiet
                self._speech, self._quiet = self._speech + 1, 0
            else:
                self._quiet += 1

    def judge(self) -> Judgement | None:
        """What is wrong with what was heard of this person; only what was too short is added to later."""
        found = self._judge()
        self._is_stale = found is not None and found.shortcoming is not Shortcoming.MORE
        return found

    def enrolment(self, person: Speaker) -> Enrolment:
        """What was learnt of a person, at the level of all that was heard."""
        samples = np.concatenate(self._parts[person]) * np.float32(self._meter.gain)
        samples = np.clip(samples, -1.0, 1.0).astype(np.float32)
        return enrol(samples, SileroDetector().process(samples))

    def _judge(self) -> Judgement | None:
        if not self._speech:
            return Judgement(Shortcoming.NOBODY_HEARD, is_usable=False)
        enrolment = self.enrolment(self._person)
        seconds = enrolment.speech_seconds
        if seconds < SHORTEST_SPEECH_SECONDS:
            return Judgement(Shortcoming.MORE, is_usable=False)
        clearance = clearance_db(enrolment)
        if clearance < DROWNED_DB:
            return Judgement(Shortcoming.NOISY, is_usable=False)
        if self._is_one_voice(enrolment):
            return Judgement(Shortcoming.ONE_VOICE, is_usable=False)
        if clearance < NOISY_DB:
            return Judgement(Shortcoming.NOISY, is_usable=True)
        if self._clipped >= CLIPPED_SHARE * self._samples:
            return Judgement(Shortcoming.CLIPPED, is_usable=True)
        return Judgement(Shortcoming.MORE, is_usable=True) if seconds < self._least else None

    def _is_one_voice(self, enrolment: Enrolment) -> bool:
        """Whether the second enrolment is of the same person as the first."""
        if self._person is PEOPLE[0]:
            return False
        return separation(self.enrolment(PEOPLE[0]), enrolment, self._background) < ONE_VOICE
