"""How people speak, each against their own calm baseline: level, pitch and articulation rate.

Nothing here claims to hear a feeling. Loudness alone decides nothing: it doubles with half the distance, and a device
may change its gain by itself, which is noticed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from statistics import median

from voice_coach.events import PEOPLE, GainNoticed, InterPausalUnit, Silence, Speaker, VoiceRaised
from voice_coach.options import Options, number
from voice_coach.segment import Segment

DeliveryEvent = VoiceRaised | GainNoticed


@dataclass(frozen=True, slots=True)
class DeliveryOptions(Options):
    """When a voice stands out.

    A step of vocal effort (normal, raised, very loud) is about 6 dB; a raised voice is also higher or faster. Rate is
    not scored on fewer than 11 syllables (8 words), below which it climbs steeply by itself (Yuan et al. 2006).
    """

    baseline_seconds: float = number(20.0, 5.0, 120.0, "s of speech")
    memory_seconds: float = number(180.0, 30.0, 3600.0, "s of speech")
    raised_level_db: float = number(6.0, 1.0, 20.0, "dB")
    raised_pitch_ratio: float = number(1.2, 1.0, 2.0)
    raised_rate_ratio: float = number(1.25, 1.0, 3.0)
    raised_seconds: float = number(8.0, 1.0, 60.0, "s of speech")
    minimum_syllables: int = number(11, 3, 50, "syllables")
    calm_seconds: float = number(4.0, 0.5, 60.0, "s of speech")
    gain_rise_db: float = number(4.0, 1.0, 20.0, "dB")
    gain_silences: int = number(5, 1, 50, "silences")


def _rate(unit: InterPausalUnit) -> float | None:
    """Articulation rate of a unit, syllables per second; `None` where it was not measured."""
    if unit.delivery is None or unit.segment.samples == 0:
        return None
    return unit.delivery.syllables / unit.segment.seconds


@dataclass(frozen=True, slots=True)
class Baseline:
    """What is usual for one person; a ratio can only be had where there is a figure."""

    level_db: float
    pitch_hz: float | None
    rate: float | None


class _Person:
    """One person's calm speech so far, and the raised stretch in progress."""

    def __init__(self, options: DeliveryOptions) -> None:
        self._options = options
        self._calm: deque[InterPausalUnit] = deque()
        self._calm_seconds = 0.0
        self._raised: list[VoiceRaised] = []
        self._raised_seconds = 0.0
        self._calm_since = 0.0

    @property
    def baseline(self) -> Baseline | None:
        """The median of calm speech, once there is enough of it."""
        if self._calm_seconds < self._options.baseline_seconds:
            return None
        sounds = [unit.delivery for unit in self._calm if unit.delivery is not None]
        pitches = [sound.pitch_hz for sound in sounds if sound.pitch_hz is not None]
        rates = [rate for unit in self._calm if self._long(unit) and (rate := _rate(unit)) is not None]
        return Baseline(
            median(sound.level_db for sound in sounds),
            median(pitches) if pitches else None,
            median(rates) if rates else None,
        )

    def _long(self, unit: InterPausalUnit) -> bool:
        return unit.delivery is not None and unit.delivery.syllables >= self._options.minimum_syllables

    def process(self, unit: InterPausalUnit, *, level_counts: bool) -> VoiceRaised | None:
        """Take a unit; returns the raised stretch that it completes."""
        baseline = self.baseline
        raised = None if baseline is None else self._compare(unit, baseline)
        if raised is None or not self._stands_out(raised, level_counts=level_counts):
            self._take_calm(unit)
            return None
        self._calm_since = 0.0
        self._raised.append(raised)
        self._raised_seconds += unit.segment.seconds
        return self._complete() if self._raised_seconds >= self._options.raised_seconds else None

    def _compare(self, unit: InterPausalUnit, baseline: Baseline) -> VoiceRaised | None:
        sound = unit.delivery
        if sound is None:
            return None
        pitch = sound.pitch_hz / baseline.pitch_hz if sound.pitch_hz and baseline.pitch_hz else None
        rate = _rate(unit) if self._long(unit) else None
        rate = rate / baseline.rate if rate and baseline.rate else None
        return VoiceRaised(unit.speaker, unit.segment, sound.level_db - baseline.level_db, pitch, rate)

    def _stands_out(self, heard: VoiceRaised, *, level_counts: bool) -> bool:
        higher = heard.pitch_ratio is not None and heard.pitch_ratio >= self._options.raised_pitch_ratio
        faster = heard.rate_ratio is not None and heard.rate_ratio >= self._options.raised_rate_ratio
        if not level_counts:
            return higher and faster
        louder = heard.level_db is not None and heard.level_db >= self._options.raised_level_db
        return louder and (higher or faster)

    def _take_calm(self, unit: InterPausalUnit) -> None:
        self._calm_since += unit.segment.seconds
        if self._calm_since >= self._options.calm_seconds:
            self._raised, self._raised_seconds = [], 0.0
        if unit.delivery is None:
            return
        self._calm.append(unit)
        self._calm_seconds += unit.segment.seconds
        while self._calm_seconds - self._calm[0].segment.seconds > self._options.memory_seconds:
            self._calm_seconds -= self._calm.popleft().segment.seconds

    def _complete(self) -> VoiceRaised:
        parts, self._raised, self._raised_seconds = self._raised, [], 0.0
        whole = Segment(parts[0].segment.start, parts[-1].segment.end)

        def middle(values: Iterable[float | None]) -> float | None:
            known = [value for value in values if value is not None]
            return round(median(known), 2) if known else None

        return VoiceRaised(
            parts[0].speaker,
            whole,
            middle(part.level_db for part in parts),
            middle(part.pitch_ratio for part in parts),
            middle(part.rate_ratio for part in parts),
        )


class DeliveryTracker:
    """Follows how both people speak."""

    def __init__(self, options: DeliveryOptions) -> None:
        self._options = options
        self._people = {person: _Person(options) for person in PEOPLE}
        self._rises_db: deque[float] = deque(maxlen=options.gain_silences)
        self._gain_noticed = False

    def baseline(self, person: Speaker) -> Baseline | None:
        """What is usual for a person, once that is known."""
        return self._people[person].baseline

    def process(self, unit: InterPausalUnit) -> Iterator[DeliveryEvent]:
        """Take a unit that has ended; one that is not surely of this person tells nothing of their voice."""
        if unit.speaker in PEOPLE and unit.sure:
            raised = self._people[unit.speaker].process(unit, level_counts=not self._gain_noticed)
            if raised is not None:
                yield raised

    def hear_silence(self, silence: Silence) -> Iterator[DeliveryEvent]:
        """Take a silence: a room keeps its level or falls to it; only an automatic gain makes silence rise."""
        self._rises_db.append(silence.late_db - silence.early_db)
        rise = median(self._rises_db)
        enough = len(self._rises_db) == self._options.gain_silences
        if enough and rise >= self._options.gain_rise_db and not self._gain_noticed:
            self._gain_noticed = True
            yield GainNoticed(silence.segment.end, round(rise, 1))
