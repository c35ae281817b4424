"""Who is shown to speak: frame by frame, a character is 20 ms, positions are read by eye."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from voice_coach.activity import Activity, ActivityOptions, Impression
from voice_coach.events import Speaker, SpeakingChanged

A, B, UNKNOWN = Speaker.A, Speaker.B, Speaker.UNKNOWN
FRAME, HOP = 320, 2560
STATES = ".ab2?"
"""Silence, A, B, both, somebody else."""


def follow(script: str, sure: float = 0.97, quiet_from: int | None = None, **how: float) -> list[SpeakingChanged]:
    """What is told of a script in hops of eight frames; the detector hears nobody from frame `quiet_from` on."""
    activity = Activity(dataclasses.replace(ActivityOptions(), **how))
    told = []
    for first in range(0, len(script), 8):
        states = [STATES.index(letter) for letter in script[first : first + 8]]
        chances = np.full((len(states), 5), (1 - sure) / 4, np.float32)
        chances[np.arange(len(states)), states] = sure
        now = first * FRAME + HOP
        detected = now if quiet_from is None else min(now, quiet_from * FRAME)
        told.append(activity.process(Impression(first, np.log(chances)), detected, now))
    return [changed for changed in told if changed is not None]


def test_a_voice_is_named_from_where_it_began_and_until_where_it_stopped() -> None:
    told = follow("........" + "a" * 40 + "." * 16)
    assert told == [SpeakingChanged((A,), 8 * FRAME), SpeakingChanged((), 48 * FRAME)]


def test_a_short_sound_is_nobody_s() -> None:
    assert follow("........" + "aaaa" + "." * 20) == []


def test_both_at_once_and_one_of_them_stops() -> None:
    told = follow("a" * 40 + "2" * 24 + "b" * 40)
    assert [changed.speakers for changed in told] == [(A,), (A, B), (B,)]
    assert [changed.at_sample // FRAME for changed in told] == [0, 40, 64]


def test_a_quick_change_is_told_as_one() -> None:
    told = follow("a" * 40 + "b" * 40)
    assert [changed.speakers for changed in told][-1] == (B,)
    assert (A, B) not in [changed.speakers for changed in told]


def test_where_nobody_can_be_told_nobody_is_named() -> None:
    assert follow("a" * 80, sure=0.3) == []


def test_a_strange_voice_is_somebody_s_after_longer() -> None:
    assert follow("?" * 24 + "." * 24) == []
    assert follow("?" * 80)[0].speakers == (UNKNOWN,)


def test_silence_of_the_room_ends_what_impressions_still_tell() -> None:
    told = follow("a" * 64, quiet_from=24)
    assert [changed.speakers for changed in told] == [(A,), ()]
    assert told[1].at_sample == 24 * FRAME


@pytest.mark.parametrize(
    ("how", "script"),
    [
        ({"named_seconds": 1.0}, "a" * 40 + "." * 16),
        ({"named_confidence": 1.0}, "a" * 40 + "." * 16),
        ({"unknown_seconds": 5.0}, "?" * 80),
        ({"stopped_seconds": 0.5}, "a" * 40 + "." * 16),
        ({"switch_penalty": 20.0}, "." * 40 + "a" * 40 + "." * 40),
    ],
)
def test_every_option_decides_something(how: dict[str, float], script: str) -> None:
    assert follow(script, **how) != follow(script)


def test_how_long_a_silence_lasts_decides_when_nobody_speaks() -> None:
    assert len(follow("a" * 64, quiet_from=40, quiet_seconds=0.2)) == 2
    assert len(follow("a" * 64, quiet_from=40, quiet_seconds=1.0)) == 1
