"""How each person sounded over a talk, against what was usual for them in all of it: a description, never a verdict.

While a talk goes on, `delivery` compares with what was calm until then. Afterwards the whole talk is known, and the
plain median of each person's own speech is what is usual for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from statistics import median

from voice_coach.events import InterPausalUnit
from voice_coach.figures import DeliveryFigures
from voice_coach.segment import to_samples, to_seconds

_LEAST_WINDOW_SECONDS = 30.0
_MOST_WINDOWS = 24
_USUAL_SECONDS = 20.0
"""So much speech tells what is usual; the same as a live baseline (`delivery.DeliveryOptions`)."""
_LEAST_SECONDS = 3.0
"""With less speech in a part of the talk, nothing is said about it."""
_LEAST_SYLLABLES = 11
"""Shorter units are spoken slowly or fast by themselves (Yuan et al. 2006)."""


def delivery_over_time(
    name: str, units: Iterable[InterPausalUnit], end_sample: int, level_until: int | None
) -> Iterator[DeliveryFigures]:
    """One person's figures for each part of the talk in which they spoke long enough.

    Parameters
    ----------
    name : what the person is called.
    units : their speech; what is not surely theirs, or was not measured, tells nothing.
    end_sample : where the talk ends; it is cut into at most 24 parts, of 30 s at least.
    level_until : where the device changed its gain, so that levels cannot be compared from there on.
    """
    own = [unit for unit in units if unit.sure and unit.delivery is not None]
    if sum(unit.segment.seconds for unit in own) < _USUAL_SECONDS:
        return
    usual = _figures(own, level_until)
    window = max(to_samples(_LEAST_WINDOW_SECONDS), -(-end_sample // _MOST_WINDOWS))
    for start in range(0, end_sample, window):
        part = [unit for unit in own if start <= _middle(unit) < start + window]
        if sum(unit.segment.seconds for unit in part) < _LEAST_SECONDS:
            continue
        level, pitch, rate = (
            (here, overall) if here is not None and overall is not None else None
            for here, overall in zip(_figures(part, level_until), usual, strict=True)
        )
        yield DeliveryFigures(
            name,
            round(to_seconds(start), 3),
            round(to_seconds(min(start + window, end_sample)), 3),
            None if level is None else round(level[0] - level[1], 1),
            None if pitch is None else round(pitch[0] / pitch[1], 3),
            None if rate is None else round(rate[0] / rate[1], 3),
        )


def _middle(unit: InterPausalUnit) -> int:
    return (unit.segment.start + unit.segment.end) // 2


def _figures(
    units: Sequence[InterPausalUnit], level_until: int | None
) -> tuple[float | None, float | None, float | None]:
    """Medians of level in dB, pitch in Hz and articulation rate in syllables per second."""
    sounds = [(unit, unit.delivery) for unit in units if unit.delivery is not None]
    levels = [sound.level_db for unit, sound in sounds if level_until is None or unit.segment.end <= level_until]
    pitches = [sound.pitch_hz for _, sound in sounds if sound.pitch_hz]
    rates = [sound.syllables / unit.segment.seconds for unit, sound in sounds if sound.syllables >= _LEAST_SYLLABLES]
    return (
        median(levels) if levels else None,
        median(pitches) if pitches else None,
        median(rates) if rates else None,
    )
