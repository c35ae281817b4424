"""Restraint: the coach may speak rarely, at a pause, and fairly; everything else keeps it silent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_coach.events import Phrase, PhraseFound, PhraseKind, RhythmLearnt, Speaker
from voice_coach.restraint import Restraint, RestraintOptions
from voice_coach.segment import to_samples

A, B = Speaker.A, Speaker.B
LATER = 600.0


def objection(restraint: Restraint, seconds: float, named: Speaker | None = None) -> str | None:
    return restraint.objection(named, to_samples(seconds))


def test_the_first_three_minutes_are_quiet() -> None:
    restraint = Restraint(RestraintOptions())
    assert objection(restraint, 179.9) == "the first minutes belong to the two of you"
    assert objection(restraint, 180.0) is None


def test_two_minutes_lie_between_two() -> None:
    restraint = Restraint(RestraintOptions())
    restraint.note_said(None, to_samples(LATER))
    assert objection(restraint, LATER + 119.9) == "something was said a short while ago"
    assert objection(restraint, LATER + 120.0) is None


def test_three_in_half_an_hour_are_enough() -> None:
    restraint = Restraint(RestraintOptions())
    for minute in (10, 15, 20):
        restraint.note_said(None, to_samples(60 * minute))
    assert objection(restraint, 60 * 39.9) == "enough was said in this half hour"
    assert objection(restraint, 60 * 40.0) is None


def test_tender_moments_are_not_disturbed() -> None:
    for kind in (PhraseKind.DISCLOSURE, PhraseKind.REPAIR):
        restraint = Restraint(RestraintOptions())
        restraint.observe(PhraseFound(Phrase(kind, A, to_samples(LATER), "I am scared.", "I am scared")))
        assert objection(restraint, LATER + 29) == "someone was opening up or making peace"
        assert objection(restraint, LATER + 30) is None


@pytest.mark.parametrize(("gap", "shortest"), [(None, 0.8), (0.3, 0.8), (0.5, 1.0), (0.7, 1.4), (2.0, 1.6)])
def test_a_pair_that_takes_its_time_is_given_it(gap: float | None, shortest: float) -> None:
    restraint = Restraint(RestraintOptions())
    restraint.observe(RhythmLearnt(None if gap is None else to_samples(gap), None))
    tenths = range(to_samples(100), to_samples(104), to_samples(0.1))
    quiet = [now - to_samples(100) for now in tenths if restraint.is_pause(now, to_samples(100), now)]
    assert quiet[0] == to_samples(shortest)


def test_names_are_shared_fairly() -> None:
    restraint = Restraint(RestraintOptions(spacing_seconds=10.0, budget=20))
    restraint.note_said(A, to_samples(LATER))
    assert objection(restraint, LATER + 60, A) is not None
    assert objection(restraint, LATER + 60, B) is None
    assert objection(restraint, LATER + 60, None) is None
    restraint.note_said(B, to_samples(LATER + 60))
    assert objection(restraint, LATER + 120, A) is None


@given(st.lists(st.sampled_from([A, B]), max_size=40))
def test_names_stay_within_sixty_forty(wishes: list[Speaker]) -> None:
    restraint, said = Restraint(RestraintOptions(spacing_seconds=10.0, budget=20, budget_window_seconds=60.0)), []
    for place, named in enumerate(wishes):
        now = LATER + 60.0 * place
        if objection(restraint, now, named) is None:
            restraint.note_said(named, to_samples(now))
            said.append(named)
    most = max(said.count(A), said.count(B))
    assert most - (len(said) - most) <= 1 or most <= 0.6 * len(said)


def test_a_pause_is_long_enough_but_not_theirs() -> None:
    restraint = Restraint(RestraintOptions())
    pauses = {
        quiet: restraint.is_pause(to_samples(100 + quiet), to_samples(100), to_samples(100))
        for quiet in (0.1, 0.79, 0.8, 4.0, 4.1)
    }
    assert pauses == {0.1: False, 0.79: False, 0.8: True, 4.0: True, 4.1: False}


@pytest.mark.parametrize(("words_seconds", "first"), [(2.5, 2.5), (1.0, 1.0), (0.0, 0.8), (6.0, None)])
def test_unwritten_words_may_be_tender_and_are_waited_for(words_seconds: float, first: float | None) -> None:
    restraint = Restraint(RestraintOptions(words_seconds=words_seconds))
    pauses = [
        tenth / 10
        for tenth in range(60)
        if restraint.is_pause(to_samples(100 + tenth / 10), to_samples(100), to_samples(99.9))
    ]
    assert pauses[:1] == ([] if first is None else [first])
    assert all(quiet <= 4.0 for quiet in pauses)
