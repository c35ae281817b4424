"""Delivery: only against a person's own baseline, and never by loudness alone."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_coach.delivery import DeliveryOptions, DeliveryTracker
from voice_coach.events import Delivery, GainNoticed, InterPausalUnit, Silence, Speaker, VoiceRaised
from voice_coach.segment import Segment, to_samples

A = Speaker.A


class Person:
    """One person who speaks in units of 2 s."""

    def __init__(self, options: DeliveryOptions | None = None) -> None:
        self.tracker = DeliveryTracker(options or DeliveryOptions())
        self.now = 0

    def speak(
        self,
        seconds: float,
        level_db: float = -30.0,
        pitch_hz: float | None = 120.0,
        rate: float = 6.0,
        *,
        sure: bool = True,
    ) -> list[VoiceRaised]:
        events: list[VoiceRaised] = []
        for _ in range(round(seconds / 2)):
            segment = Segment(self.now, self.now + to_samples(2.0))
            self.now = segment.end + to_samples(0.3)
            delivery = Delivery(level_db, pitch_hz, round(rate * 2))
            heard = InterPausalUnit(A, segment, 1.0 if sure else 0.5, sure, delivery)
            events += [e for e in self.tracker.process(heard) if isinstance(e, VoiceRaised)]
        return events


def test_there_is_no_baseline_before_enough_speech() -> None:
    person = Person()
    person.speak(18)
    assert person.tracker.baseline(A) is None
    person.speak(2)
    baseline = person.tracker.baseline(A)
    assert baseline is not None
    assert (baseline.level_db, baseline.pitch_hz, baseline.rate) == (-30.0, 120.0, 6.0)


def test_louder_and_higher_for_long_enough_is_raised() -> None:
    person = Person()
    person.speak(30)
    assert person.speak(6, level_db=-23.0, pitch_hz=150.0) == []
    (raised,) = person.speak(2, level_db=-23.0, pitch_hz=150.0)
    assert (raised.speaker, raised.level_db, raised.pitch_ratio) == (A, 7.0, 1.25)


def test_louder_and_faster_is_raised_too() -> None:
    person = Person()
    person.speak(30)
    (raised,) = person.speak(8, level_db=-23.0, rate=8.0)
    assert raised.rate_ratio == pytest.approx(1.33, abs=0.01)


@pytest.mark.parametrize(
    "how", [{"level_db": -20.0}, {"pitch_hz": 170.0}, {"rate": 9.0}, {"level_db": -20.0, "pitch_hz": None}]
)
def test_one_sign_alone_decides_nothing(how: dict[str, float]) -> None:
    person = Person()
    person.speak(30)
    assert person.speak(40, **how) == []


def test_short_units_are_not_scored_for_rate() -> None:
    person = Person(DeliveryOptions(minimum_syllables=20))
    person.speak(30)
    assert person.speak(20, level_db=-20.0, rate=9.0) == []


def test_calm_speech_in_between_starts_anew() -> None:
    person = Person()
    person.speak(30)
    assert person.speak(6, level_db=-23.0, pitch_hz=150.0) == []
    assert person.speak(4) == []
    assert person.speak(6, level_db=-23.0, pitch_hz=150.0) == []


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(1, 6)), max_size=12))
def test_unsure_speech_changes_nothing(stretches: list[tuple[bool, bool, int]]) -> None:
    """Neither raised nor calm: it may be another's voice."""

    def heard(*, all_of_it: bool) -> list[tuple[float | None, float | None]]:
        person = Person()
        person.speak(30)
        found: list[VoiceRaised] = []
        for sure, loud, units in stretches:
            if sure or all_of_it:
                level_db, pitch_hz = (-23.0, 150.0) if loud else (-30.0, 120.0)
                found += person.speak(2 * units, level_db, pitch_hz, sure=sure)
        return [(raised.level_db, raised.pitch_ratio) for raised in found]

    assert heard(all_of_it=True) == heard(all_of_it=False)


def test_raised_voices_that_may_be_another_s_are_not_counted() -> None:
    person = Person()
    person.speak(30)
    assert person.speak(40, level_db=-23.0, pitch_hz=150.0, sure=False) == []


def test_an_automatic_gain_is_noticed_and_level_then_counts_no_more() -> None:
    person = Person()
    noticed = []
    for _ in range(5):
        silence = Silence(Segment(person.now, person.now + to_samples(2.0)), -70.0, -64.0)
        noticed += list(person.tracker.hear_silence(silence))
    assert [type(event) for event in noticed] == [GainNoticed]
    person.speak(30)
    assert person.speak(20, level_db=-20.0, pitch_hz=150.0) == []
    assert person.speak(20, level_db=-30.0, pitch_hz=150.0, rate=8.0) != []


def test_a_steady_room_is_no_automatic_gain() -> None:
    tracker = DeliveryTracker(DeliveryOptions())
    silences = [Silence(Segment(0, 1), -60.0, late_db) for late_db in (-61.0, -50.0, -60.5, -61.0, -52.0, -60.0) * 5]
    assert [event for silence in silences for event in tracker.hear_silence(silence)] == []


MOVED = {
    "baseline_seconds": 60.0, "raised_level_db": 8.0, "raised_pitch_ratio": 1.3, "raised_seconds": 20.0,
}  # fmt: skip


@pytest.mark.parametrize("name", MOVED)
def test_every_threshold_decides_something(name: str) -> None:
    def heard(options: DeliveryOptions) -> int:
        person = Person(options)
        person.speak(30)
        return len(person.speak(10, level_db=-23.0, pitch_hz=150.0))

    assert heard(DeliveryOptions()) == 1
    assert heard(dataclasses.replace(DeliveryOptions(), **{name: MOVED[name]})) == 0
