"""Rules: evidence adds up, one event never speaks, and every threshold decides something."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_coach.events import (
    Event,
    FloorTaken,
    InterPausalUnit,
    Overlap,
    OverlapHeard,
    OverlapKind,
    OverlapReclassified,
    Phrase,
    PhraseFound,
    PhraseKind,
    Speaker,
    Turn,
    TurnEnded,
    UnitEnded,
    VoiceRaised,
)
from voice_coach.rules import RULES, Proposal, RuleOptions, all_rules
from voice_coach.segment import Segment, to_samples

A, B = Speaker.A, Speaker.B
_ids = count()


def at(seconds: float) -> int:
    return to_samples(seconds)


def interruption(by: Speaker, seconds: float, confidence: float = 0.95) -> OverlapHeard:
    segment = Segment(at(seconds), at(seconds + 0.8))
    return OverlapHeard(Overlap(next(_ids), OverlapKind.INTERRUPTION, by, by.other, segment, confidence))


def sharp(speaker: Speaker, seconds: float, kind: PhraseKind = PhraseKind.ABSOLUTE) -> PhraseFound:
    return PhraseFound(Phrase(kind, speaker, at(seconds), "You never listen.", "you never listen"))


def raised(speaker: Speaker, seconds: float) -> VoiceRaised:
    return VoiceRaised(speaker, Segment(at(seconds), at(seconds + 10)), 8.0, 1.3, None)


def said(speaker: Speaker, seconds: float, length: float, *, sure: bool = True) -> UnitEnded:
    return UnitEnded(InterPausalUnit(speaker, Segment(at(seconds), at(seconds + length)), 0.99 if sure else 0.5, sure))


def proposed(
    events: Iterable[tuple[float, Event]], until: float = 0.0, options: RuleOptions | None = None
) -> list[Proposal]:
    """What is proposed while events come and time passes second by second."""
    rules, made = all_rules(options or RuleOptions()), []
    waiting = sorted(events, key=lambda pair: pair[0])
    for second in range(int(max([until, *(time for time, _ in waiting)])) + 2):
        while waiting and waiting[0][0] <= second:
            event = waiting.pop(0)[1]
            made += [p for rule in rules for p in rule.observe(event, at(second))]
        made += [p for rule in rules for p in rule.tick(at(second))]
    return made


def propose(
    events: Iterable[tuple[float, Event]], until: float = 0.0, options: RuleOptions | None = None
) -> list[tuple[str, float]]:
    """Rules and due times, in seconds, of what is proposed."""
    return [(p.rule, p.due_sample / 16_000) for p in proposed(events, until, options)]


def proposals(events: Iterable[Event], now: float) -> list[Proposal]:
    rules = all_rules(RuleOptions())
    return [p for event in events for rule in rules for p in rule.observe(event, at(now))]


def test_three_interruptions_by_one_person_give_the_floor_back() -> None:
    events = [(time, interruption(B, time)) for time in (10.0, 40.0, 70.0)]
    assert propose(events) == [("floor_back", 70.0), ("interruptions", 70.0)]


def test_the_floor_goes_to_whom_was_cut_off_unless_they_take_it() -> None:
    floor_back, both = proposals([interruption(B, t) for t in (10, 40, 70)], 71)
    assert (floor_back.named, floor_back.moot_if_floor) == (A, A)
    assert (both.named, both.moot_if_floor) == (None, None)
    assert [e.speaker for e in floor_back.evidence] == [B, B, B]


def test_interruptions_by_both_do_not_add_up() -> None:
    assert propose([(t, interruption(who, t)) for t, who in ((10, A), (20, B), (30, A), (40, B))]) == []


def test_old_or_doubtful_interruptions_do_not_count() -> None:
    assert propose([(t, interruption(B, t)) for t in (10.0, 40.0, 140.0)]) == []
    assert propose([(t, interruption(B, t, 0.6)) for t in (10.0, 40.0, 70.0)]) == []


def test_an_interruption_that_words_show_to_be_listening_does_not_count() -> None:
    first = interruption(B, 10)
    correction = OverlapReclassified(first.overlap.overlap_id, OverlapKind.BACKCHANNEL, "they said “right”")
    events = [(10.0, first), (11.0, correction), (40.0, interruption(B, 40)), (70.0, interruption(B, 70))]
    assert propose(events) == []


def test_a_proposal_stands_on_what_is_left_of_its_evidence() -> None:
    heard = [interruption(B, t) for t in (10, 30, 50, 70)]
    ids = tuple(event.overlap.overlap_id for event in heard)
    for proposal in proposals(heard, 71)[-2:]:
        assert proposal.overlap_ids == ids
        assert proposal.without(-1) is proposal
        left = proposal.without(ids[1])
        assert left is not None
        assert [e.segment.start for e in left.evidence] == [at(10), at(50), at(70)]
        assert left.without(ids[0]) is None


@pytest.mark.parametrize("kind", [k for k in OverlapKind if k is not OverlapKind.INTERRUPTION])
def test_no_other_overlap_ever_counts(kind: OverlapKind) -> None:
    events = [(t, OverlapHeard(replace(interruption(B, t).overlap, kind=kind))) for t in map(float, range(1, 60))]
    assert propose(events) == []


def test_a_long_hold_invites_the_listener() -> None:
    assert propose([(5.0, FloorTaken(A, at(5), None))], until=160) == [("reflect_back", 155.0)]
    (proposal,) = _ticks([FloorTaken(A, at(5), None)], 155)
    assert (proposal.named, proposal.moot_if_floor) == (B, B)
    assert proposal.evidence[0].what == "held the floor for 2 min 30 s"


def _ticks(events: Iterable[Event], second: float) -> list[Proposal]:
    rules = all_rules(RuleOptions())
    for event in events:
        for rule in rules:
            list(rule.observe(event, 0))
    return [p for rule in rules for p in rule.tick(at(second))]


def test_a_hold_that_ends_is_over() -> None:
    turn = Turn(0, A, Segment(at(5), at(100)), at(90), 1.0, None)
    events = [(5.0, FloorTaken(A, at(5), None)), (100.0, TurnEnded(turn)), (101.0, FloorTaken(B, at(101), at(1)))]
    assert propose(events, until=240) == []


def answered_hold(answer_seconds: float) -> list[tuple[float, Event]]:
    """A holds the floor from the beginning to the end, but for an answer of B."""
    own = Turn(0, A, Segment(at(0), at(90)), at(80), 1.0, None)
    answer = Turn(1, B, Segment(at(91), at(91 + answer_seconds)), at(answer_seconds), 1.0, at(1))
    return [
        (0.0, FloorTaken(A, 0, None)), (91.0, TurnEnded(own)), (91.0, FloorTaken(B, at(91), at(1))),
        (95.0, TurnEnded(answer)), (95.0, FloorTaken(A, at(95), at(1))),
    ]  # fmt: skip


def test_a_word_or_two_of_the_other_do_not_break_a_hold() -> None:
    assert propose(answered_hold(0.9), until=200) == [("reflect_back", 150.0)]
    assert propose(answered_hold(2.0), until=200) == []


def test_a_silence_that_both_keep_breaks_a_hold() -> None:
    turn = Turn(0, A, Segment(at(0), at(90)), at(80), 1.0, None)
    events: list[tuple[float, Event]] = [
        (0.0, FloorTaken(A, 0, None)), (94.0, TurnEnded(turn)), (100.0, FloorTaken(A, at(100), None)),
    ]  # fmt: skip
    assert propose(events, until=200) == []


@pytest.mark.parametrize("again", [A, B])
def test_a_silence_after_a_word_of_the_other_breaks_a_hold(again: Speaker) -> None:
    """Whoever speaks first after it: nobody goes on where they were five minutes ago."""
    word = Turn(1, B, Segment(at(91), at(91.9)), at(0.9), 1.0, at(1))
    short = Turn(2, again, Segment(at(392), at(393)), at(0.9), 1.0, None)
    events: list[tuple[float, Event]] = [
        (0.0, FloorTaken(A, 0, None)), (91.0, TurnEnded(Turn(0, A, Segment(0, at(90)), at(80), 1.0, None))),
        (91.0, FloorTaken(B, at(91), at(1))), (95.0, TurnEnded(word)),
        (392.0, FloorTaken(again, at(392), None)), (394.0, TurnEnded(short)),
        (394.0, FloorTaken(again.other, at(394), at(1))),
    ]  # fmt: skip
    assert propose(events[:5], until=500) == []
    assert propose(events, until=500) == []


def test_a_hold_without_a_pause_is_offered_again_later() -> None:
    assert [due for _, due in propose([(0.0, FloorTaken(A, 0, None))], until=300)] == [150.0, 210.0, 270.0]


def uneven_talk(seconds: int) -> list[tuple[float, Event]]:
    """A speaks for 80 % of it."""
    return [(float(t), said(A if t % 50 else B, t - 8, 8)) for t in range(10, seconds, 10)]


def test_balance_over_a_window() -> None:
    assert propose(uneven_talk(400), until=310)[0] == ("balance", 300.0)
    even = [(float(t), said(A if t % 20 else B, t - 8, 8)) for t in range(10, 400, 10)]
    assert propose(even, until=400) == []


def balance(events: Iterable[Event], second: float = 310.0) -> list[str]:
    """What balance says of a person, if it does."""
    made = _ticks(events, second)
    return [p.evidence[0].what for p in made if p.rule == "balance"]


def test_balance_says_what_it_knows() -> None:
    """A share of the talk, not of the minutes; and no more than is sure."""
    mine, yours = [said(A, t, 8) for t in range(10, 170, 10)], [said(B, t, 8) for t in range(170, 210, 10)]
    assert balance([*mine, *yours]) == ["had 80 % of what was said in the last 5 minutes"]
    unsure = [said(A, 210, 6, sure=False)]
    assert balance([*mine, *yours, *unsure]) == ["had at least 77 % of what was said in the last 5 minutes"]


@pytest.mark.parametrize("whose", [A, B])
def test_balance_never_overstates_a_share(whose: Speaker) -> None:
    """Talk that is not surely somebody's may be the other's."""
    mine, unsure = (
        [said(A, t, 8) for t in range(10, 170, 10)],
        [said(whose, t, 8, sure=False) for t in range(170, 230, 10)],
    )
    assert balance(mine) != []
    assert balance([*mine, *unsure]) == []


def test_a_hold_is_only_as_long_as_it_is_sure() -> None:
    taken: list[tuple[float, Event]] = [(0.0, FloorTaken(A, 0, None))]
    unsure = [(float(t), said(A, t - 8, 8, sure=False)) for t in (10, 50)]
    assert propose([*taken, *unsure], until=180) == [("reflect_back", 166.0)]
    # The verdict on who took the floor may come after the units that it rests on.
    late: list[tuple[float, Event]] = [(9.0, said(A, 1, 8, sure=False)), (12.0, FloorTaken(A, at(1), None))]
    assert propose(late, until=180) == [("reflect_back", 159.0)]
    beside: list[tuple[float, Event]] = [(0.0, FloorTaken(B, 0, None)), (9.0, said(A, 5, 3, sure=False))]
    assert propose([*beside, (10.0, FloorTaken(A, at(10), 0))], until=180) == [("reflect_back", 160.0)]
    (proposal,) = _ticks([event for _, event in [*taken, *unsure]], 170)
    assert proposal.evidence[0].what == "held the floor for 2 min 34 s"


@given(st.lists(st.tuples(st.sampled_from([A, B]), st.integers(1, 200)), max_size=20))
def test_nothing_is_proposed_on_unsure_speech(holds: list[tuple[Speaker, int]]) -> None:
    """Who speaks is never sure in this talk, however it goes."""
    events: list[tuple[float, Event]] = []
    now = 0
    for speaker, seconds in holds:
        turn = Turn(0, speaker, Segment(at(now), at(now + seconds)), at(seconds), 0.5, None)
        events.append((float(now), FloorTaken(speaker, at(now), at(1))))
        events += [(float(t + 1), said(speaker, t, 1, sure=False)) for t in range(now, now + seconds)]
        now += seconds
        events.append((float(now), TurnEnded(turn)))
    assert propose(events) == []


def test_balance_says_nothing_of_a_silent_evening() -> None:
    assert propose([(float(t), said(A, t - 2, 2)) for t in range(10, 600, 20)], until=600) == []


def test_raised_voices_add_up() -> None:
    assert propose([(20.0, raised(A, 10))]) == []
    assert propose([(20.0, raised(A, 10)), (40.0, raised(B, 30))]) == [("slow_down", 40.0)]
    assert propose([(20.0, raised(A, 10)), (100.0, raised(A, 90))]) == []


def test_sharp_words_add_up_over_both() -> None:
    assert propose([(t, sharp(A, t)) for t in (10.0, 30.0)]) == []
    assert propose([(10.0, sharp(A, 10)), (30.0, sharp(B, 30)), (50.0, sharp(A, 50))]) == [("sharp_words", 50.0)]
    assert propose([(10.0, sharp(A, 10)), (80.0, sharp(B, 80)), (160.0, sharp(A, 160))]) == []


def test_words_that_help_never_count_as_sharp() -> None:
    kinds = [kind for kind in PhraseKind if kind.value in {"repair", "appreciation", "question", "i_statement"}]
    assert propose([(float(t), sharp(A, t, kinds[t % len(kinds)])) for t in range(60)]) == []


EDGES = {
    "interruptions": ([(t, interruption(B, t)) for t in (10.0, 40.0, 70.0)], 4),
    "interruptions_within_seconds": ([(t, interruption(B, t)) for t in (10.0, 40.0, 70.0)], 50.0),
    "interruption_confidence": ([(t, interruption(B, t, 0.8)) for t in (10.0, 40.0, 70.0)], 0.9),
    "raised_stretches": ([(20.0, raised(A, 10)), (40.0, raised(B, 30))], 3),
    "raised_within_seconds": ([(20.0, raised(A, 10)), (60.0, raised(B, 50))], 30.0),
    "sharp_phrases": ([(t, sharp(A, t)) for t in (10.0, 30.0, 50.0)], 4),
    "sharp_within_seconds": ([(t, sharp(A, t)) for t in (10.0, 30.0, 50.0)], 30.0),
    "hold_seconds": ([(0.0, FloorTaken(A, 0, None)), (170.0, raised(A, 160))], 200.0),
    "balance_share": (uneven_talk(330), 0.9),
    "balance_window_seconds": (uneven_talk(330), 600.0),
    "balance_talk_seconds": (uneven_talk(330), 300.0),
}


@pytest.mark.parametrize("name", EDGES)
def test_every_threshold_decides_something(name: str) -> None:
    events, moved = EDGES[name]
    assert propose(events) != []
    assert propose(events, options=replace(RuleOptions(), **{name: moved})) == []


@pytest.mark.parametrize(
    ("name", "moved", "events", "before", "after"),
    [
        ("hold_break_seconds", 0.5, answered_hold(0.9), [150.0], []),
        ("hold_break_seconds", 3.0, answered_hold(2.0), [], [150.0]),
        ("hold_again_seconds", 30.0, [(0.0, FloorTaken(A, 0, None))], [150.0], [150.0, 180.0]),
        ("balance_again_seconds", 40.0, uneven_talk(360), [300.0], [300.0, 340.0]),
    ],
)
def test_thresholds_of_what_time_alone_completes(
    name: str, moved: float, events: list[tuple[float, Event]], before: list[float], after: list[float]
) -> None:
    assert [due for _, due in propose(events, until=200)] == before
    assert [due for _, due in propose(events, until=200, options=replace(RuleOptions(), **{name: moved}))] == after


@pytest.mark.parametrize("patience", [5.0, 40.0])
def test_every_rule_waits_for_a_pause_as_long_as_patience_says(patience: float) -> None:
    events = [
        *((t, interruption(B, t)) for t in (10.0, 20.0, 30.0)), *((t, sharp(A, t)) for t in (10.0, 20.0, 30.0)),
        (20.0, raised(A, 10)), (40.0, raised(B, 30)), (0.0, FloorTaken(A, 0, None)), *uneven_talk(320),
    ]  # fmt: skip
    made = proposed(events, options=RuleOptions(patience_seconds=patience))
    assert {p.rule for p in made} == set(RULES)
    assert {p.expires_sample - p.due_sample for p in made} == {at(patience)}


def test_every_threshold_is_moved_by_a_test() -> None:
    beside = {"hold_break_seconds", "hold_again_seconds", "balance_again_seconds", "patience_seconds"}
    assert set(EDGES) | beside == {option.name for option in fields(RuleOptions)}
