"""What `voice-coach check` finds, and how sounds of the table are judged.

A sweep of tones is played three times, and found in what the microphone hears: how late it comes, how loud, and whether
it comes back equally loud each time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from voice_coach.acoustics import Floats
from voice_coach.echo import LONGEST_DELAY_SECONDS, echo_delay
from voice_coach.errors import CoachError
from voice_coach.live.first_sound import FirstSound
from voice_coach.segment import SAMPLE_RATE, to_samples

SWEEPS = 3
SWEEP_DB = -26.0
"""RMS of the sweep, dB of full scale: about that of a sentence of the coach's."""
PEOPLE_DB = -26.0
"""Level that people's speech is brought to; the coach's voice in the microphone is to be no louder."""
SOFTEST_DB = -46.0
"""RMS of a sentence, dB of full scale: below it, what the machine rounds and hisses would be heard as well."""
_SWEEP_SECONDS, _SWEEP_HZ = 0.6, (250.0, 4000.0)
_EDGE_SECONDS = 0.02
_CLIPPED_SHARE = 1e-4
_GAIN_CHANGE_DB = 3.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, what was found, and the cure in one sentence, empty where all is well."""

    what: str
    found: str
    cure: str = ""
    figures: Mapping[str, float] = field(default_factory=dict)

    @property
    def is_well(self) -> bool:
        """Whether nothing needs to be done."""
        return not self.cure


@dataclass(frozen=True, slots=True)
class Echo:
    """How the microphone hears the loudspeaker: later by so many seconds, and at which level of each sweep, dB."""

    delay_seconds: float
    levels_db: tuple[float, ...]


def failed(what: str, error: CoachError) -> Finding:
    """An error as a finding; its message ends with the cure, where it knows one."""
    found, _, cure = str(error).partition("; cure: ")
    return Finding(what, found, cure or "see the message")


def sweep() -> Floats:
    """Tones from low to high, the same time for each octave, float32 (n,), 16 kHz (Farina 2000)."""
    times = np.arange(to_samples(_SWEEP_SECONDS)) / SAMPLE_RATE
    octaves = np.log(_SWEEP_HZ[1] / _SWEEP_HZ[0])
    phase = 2 * np.pi * _SWEEP_HZ[0] * _SWEEP_SECONDS / octaves * np.expm1(times / _SWEEP_SECONDS * octaves)
    edge = to_samples(_EDGE_SECONDS)
    ramp = np.minimum(1.0, np.minimum(np.arange(len(times)), np.arange(len(times))[::-1]) / edge)
    return np.asarray(np.sin(phase) * ramp * np.sqrt(2) * 10 ** (SWEEP_DB / 20), np.float32)


def find_echo(played: Floats, heard: Floats, starts: Sequence[int]) -> Echo | None:
    """How a sound that was played at these samples is heard; `None` if not every one of them can be found."""
    delays, levels = [], []
    longest = to_samples(LONGEST_DELAY_SECONDS)
    for start in starts:
        window = heard[start : start + len(played) + longest]
        delay = echo_delay(np.pad(played, (0, max(0, len(window) - len(played)))), window)
        if delay is None:
            return None
        begin = start + to_samples(delay)
        delays.append(delay)
        levels.append(_level_db(heard[begin : begin + len(played)]))
    return Echo(float(np.median(delays)), tuple(levels))


def judge_microphone(name: str, rate: int, heard: Floats) -> Finding:
    """The microphone itself, by what it heard, float32 (n,)."""
    clipped = float(np.mean(np.abs(heard) >= 0.999)) if len(heard) else 0.0
    peak = float(20 * np.log10(np.max(np.abs(heard), initial=0.0) + 1e-6))
    found = f"{name}, {rate} Hz, loudest {peak:.0f} dB"
    figures = {"rate_hz": float(rate), "peak_db": peak, "clipped_share": clipped}
    if clipped > _CLIPPED_SHARE:
        cure = "lower the microphone's level in the sound settings"
        return Finding("microphone", f"{found}; it is overdriven", cure, figures)
    return Finding("microphone", found, figures=figures)


def judge_room(room: FirstSound) -> Finding:
    """How loud it is while nobody speaks."""
    found, figures = f"{room.words} ({room.level_db:.0f} dB)", {"level_db": room.level_db}
    cure = "find a quieter place, or put the laptop closer to you both" if room.words == "noisy" else ""
    return Finding("room", found, cure, figures)


def judge_echo(name: str, echo: Echo | None) -> Finding:
    """The loudspeaker, as the microphone hears it; figure `loudest_db` is how loud a sentence may be given to it."""
    if echo is None:
        cure = "turn the volume up, or choose another output in the sound settings; with headphones all is well"
        return Finding("loudspeaker", f"{name}; the microphone does not hear it", cure)
    level = float(np.median(echo.levels_db))
    found = f"{name}, heard after {1000 * echo.delay_seconds:.0f} ms, {SWEEP_DB - level:.0f} dB softer"
    loudest = float(np.clip(round(SWEEP_DB + PEOPLE_DB - level), SOFTEST_DB, 0.0))
    figures = {"echo_delay_seconds": echo.delay_seconds, "echo_level_db": level, "loudest_db": loudest}
    if SWEEP_DB + PEOPLE_DB - level < SOFTEST_DB:
        return Finding("loudspeaker", f"{found}: far louder than people", "turn the loudspeaker down", figures)
    return Finding("loudspeaker", found, figures=figures)


def judge_gain(echo: Echo | None) -> Finding | None:
    """Whether the microphone changes its own gain, told by the levels of equal sounds; `None` if nobody can tell."""
    if echo is None:
        return None
    change = max(echo.levels_db) - min(echo.levels_db)
    figures = {"change_db": change}
    if change < _GAIN_CHANGE_DB:
        return Finding("automatic gain", "none", figures=figures)
    cure = "switch off automatic gain control in the sound settings; until then loudness is left out of the review"
    return Finding("automatic gain", f"the microphone changes its own gain ({change:.0f} dB)", cure, figures)


def _level_db(samples: Floats) -> float:
    return float(10 * np.log10(np.mean(samples.astype(np.float64) ** 2) + 1e-12)) if len(samples) else -120.0
