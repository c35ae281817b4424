"""Turns and overlaps, string by string: a character is a tenth of a second, positions are read by eye."""

from __future__ import annotations

import dataclasses

import pytest

from tests.talks import TENTH, track
from voice_coach.events import FloorTaken, OverlapHeard, OverlapKind, Speaker, TurnEnded
from voice_coach.overlaps import OverlapOptions
from voice_coach.turns import TurnOptions

A, B = Speaker.A, Speaker.B


def kinds(a: str, b: str, **how: object) -> list[tuple[OverlapKind, Speaker]]:
    return [(e.overlap.kind, e.overlap.by) for e in track(a, b, **how) if isinstance(e, OverlapHeard)]  # type: ignore[arg-type]


def turns(a: str, b: str) -> list[tuple[Speaker, int, int]]:
    ended = [e.turn for e in track(a, b) if isinstance(e, TurnEnded)]
    return [(t.speaker, t.segment.start // TENTH, t.segment.end // TENTH) for t in ended]


def offsets(a: str, b: str, options: TurnOptions | None = None) -> list[int | None]:
    taken = [e for e in track(a, b, options=options) if isinstance(e, FloorTaken)]
    return [None if e.offset is None else e.offset // TENTH for e in taken]


def test_a_gap_hands_over_the_floor() -> None:
    a = "aaaaaaaaaa...................."
    b = "............bbbbbbbbbbbbbb...."
    assert kinds(a, b) == []
    assert turns(a, b) == [(A, 0, 10), (B, 12, 26)]
    assert offsets(a, b) == [None, 2]


def test_units_over_short_pauses_are_one_turn() -> None:
    a = "aaaaa...aaaa.......aaaa......."
    assert turns(a, "") == [(A, 0, 23)]


def test_a_lapse_ends_the_turn_and_the_next_follows_nobody() -> None:
    a = "aaaaaaaaaa" + "." * 40
    b = "." * 42 + "bbbbbbbb"
    assert turns(a, b) == [(A, 0, 10), (B, 42, 50)]
    assert offsets(a, b) == [None, None]


def test_how_long_a_lapse_is_decides_what_follows_whom() -> None:
    a = "aaaaaaaaaa" + "." * 40
    b = "." * 42 + "bbbbbbbb"
    assert offsets(a, b, options=TurnOptions(lapse_seconds=3.1)) == [None, None]
    assert offsets(a, b, options=TurnOptions(lapse_seconds=3.3)) == [None, 32]


def test_turn_edge_overlap() -> None:
    a = "aaaaaaaaaaaaaaa..................."
    b = "............bbbbbbbbbbbbbbbbbbbbbb"
    assert kinds(a, b) == [(OverlapKind.TURN_EDGE, B)]
    assert offsets(a, b) == [None, -3]


def test_backchannel_inside_speech() -> None:
    a = "aaaaaaaaaaaaaaaaaaaaaaaaaa"
    b = "..........bbbbbb.........."
    assert kinds(a, b) == [(OverlapKind.BACKCHANNEL, B)]
    assert turns(a, b) == [(A, 0, 26)]


def test_backchannel_in_a_pause() -> None:
    a = "aaaaaaaaaaaa........aaaaaaaaaaaa"
    b = "..............bbb..............."
    assert kinds(a, b) == [(OverlapKind.BACKCHANNEL, B)]
    assert turns(a, b) == [(A, 0, 32)]


def test_backchannel_over_the_end_of_a_phrase() -> None:
    a = "aaaaaaaaaaaaaaa....aaaaaaaaaaaa"
    b = ".............bbbb.............."
    assert kinds(a, b) == [(OverlapKind.BACKCHANNEL, B)]


def test_a_short_answer_nobody_resumes_after_is_a_turn() -> None:
    a = "aaaaaaaaaaaa......................aaaaaaaa"
    b = "..............bbb........................."
    assert kinds(a, b) == []
    assert turns(a, b) == [(A, 0, 12), (B, 14, 17), (A, 34, 42)]


def test_between_a_backchannel_and_a_bid_it_is_unclear() -> None:
    options = TurnOptions(overlaps=OverlapOptions(backchannel_seconds=0.5, bid_seconds=0.8))
    a = "aaaaaaaaaaaaaaaaaaaaaaaaaaa"
    b = "..........bbbbbb..........."
    assert kinds(a, b, options=options) == [(OverlapKind.UNCLEAR, B)]


def test_failed_bid() -> None:
    a = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    b = "..........bbbbbbbbb.............."
    assert kinds(a, b) == [(OverlapKind.FAILED_BID, B)]
    assert turns(a, b) == [(A, 0, 33)]


def test_cooperative_overlap() -> None:
    a = "aaaaaaaaaaaaaaa..........aaaaaaaaaaaaaa"
    b = "..........bbbbbbbbbbbb................."
    assert kinds(a, b) == [(OverlapKind.COOPERATIVE, B)]
    assert turns(a, b) == [(A, 0, 39)]


def test_interruption() -> None:
    a = "aaaaaaaaaaaaaaa.............................."
    b = "..........bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
    assert kinds(a, b) == [(OverlapKind.INTERRUPTION, B)]
    assert turns(a, b) == [(A, 0, 15), (B, 10, 45)]
    assert offsets(a, b) == [None, -5]


def test_interruption_with_a_pause_while_holding() -> None:
    a = "aaaaaaaaaaaaaaa............................."
    b = "..........bbbbbbbbbb......bbbbbbbbbbbbbbbbbb"
    assert kinds(a, b) == [(OverlapKind.INTERRUPTION, B)]


def test_listening_by_the_interrupted_does_not_undo_an_interruption() -> None:
    a = "aaaaaaaaaaaaaaa..........mmm....................."
    b = "..........bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
    assert kinds(a, b) == [(OverlapKind.INTERRUPTION, B), (OverlapKind.BACKCHANNEL, A)]


def test_it_is_no_interruption_if_the_holder_comes_back_too_soon() -> None:
    a = "aaaaaaaaaaaaaaa...........aaaaaaaaaaaaaaaaaaaaaa"
    b = "..........bbbbbbbbbbbbbbbbbbb..................."
    assert (OverlapKind.INTERRUPTION, B) not in kinds(a, b)


def test_it_is_no_interruption_if_the_holder_takes_too_long_to_stop() -> None:
    a = "aaaaaaaaaaaaaaaaaaaaaaaaaaaa..............................."
    b = "..........bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
    assert kinds(a, b) == [(OverlapKind.UNCLEAR, B)]
    assert [who for who, _, _ in turns(a, b)] == [A, B]


def test_who_begin_at_once_do_not_interrupt() -> None:
    a = "aaaaaaaaaa......aaaaaaaaaaaa............................"
    b = "..............bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
    assert kinds(a, b) == [(OverlapKind.UNCLEAR, B)]
    assert [who for who, _, _ in turns(a, b)] == [A, B]


def test_a_word_of_listening_beside_a_beginning_turn_is_listening() -> None:
    a = "aaaaaaaaaa......aaa.........................."
    b = "..............bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
    assert kinds(a, b) == [(OverlapKind.BACKCHANNEL, A)]
    assert turns(a, b) == [(A, 0, 10), (B, 14, 45)]


@pytest.mark.parametrize("unsure", [[A], [B], [A, B]])
def test_an_unsure_voice_is_never_accused(unsure: list[Speaker]) -> None:
    a = "aaaaaaaaaaaaaaa.............................."
    b = "..........bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
    assert kinds(a, b, unsure=unsure) == [(OverlapKind.UNCLEAR, B)]


# Both have been heard alone, at -30 dB each; together they add up to -27 dB.
CONTESTS = {
    "taken over": (
        "aaaaaaa..........aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa................................",
        "........bbbbbbb.............bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
    ),
    "kept": (
        "aaaaaaa..........aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.....",
        "........bbbbbbb.............bbbbbbbbbbbbbbbbbbbb................",
    ),
    "begun at once": (
        "aaaaaaa..........aaaaaaa.......aaaaaaaaaaaaaaaaaaaaa..........",
        "........bbbbbbb...............bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
    ),
}


@pytest.mark.parametrize("how", CONTESTS)
def test_both_at_once_for_long_and_louder_than_the_two_add_up_to_is_contested(how: str) -> None:
    a, b = CONTESTS[how]
    calm = OverlapKind.FAILED_BID if how == "kept" else OverlapKind.UNCLEAR
    assert kinds(a, b, both_db=-22.9) == [(OverlapKind.CONTESTED, B)]
    assert kinds(a, b, both_db=-23.1) == [(calm, B)]
    assert kinds(a, b) == [(calm, B)]
    assert kinds(a, b, both_db=-20.0, unsure=[A]) == [(OverlapKind.UNCLEAR, B)]


@pytest.mark.parametrize("how", CONTESTS)
def test_what_is_short_is_not_contested_however_loud(how: str) -> None:
    a, b = CONTESTS[how]
    longer = TurnOptions(overlaps=OverlapOptions(contest_seconds=2.2))
    assert kinds(a, b, both_db=-10.0, options=longer) != [(OverlapKind.CONTESTED, B)]


def test_without_a_usual_level_of_both_nothing_is_contested() -> None:
    a = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa................................"
    b = "............bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
    assert kinds(a, b, both_db=-10.0) == [(OverlapKind.UNCLEAR, B)]


CASES = {
    "edge_seconds": ("aaaaaaaaaaaaaaa...................", "...........bbbbbbbbbbbbbbbbbbbbbbbb", 0.4),
    "backchannel_seconds": ("aaaaaaaaaaaaaaaaaaaaaaaaaa", "..........bbbbbb..........", 0.5),
    "bid_seconds": ("aaaaaaaaaaaaaaaaaaaaaaaaaaa", "..........bbbbbbb..........", 0.8),
    "cooperative_seconds": ("aaaaaaaaaaaaaaa..........aaaaaaaaaaaaaa", "..........bbbbbbbbbbbb.................", 1.1),
    "resume_seconds": ("aaaaaaaaaaaaaaa..............aaaaaaaaaa", "..........bbbbbbbbbbbb.................", 0.5),
    "yield_seconds": (
        "aaaaaaaaaaaaaaaaaaaaaa................................",
        "..........bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
        1.1,
    ),
    "hold_seconds": (
        "aaaaaaaaaaaaaaa................................",
        "..........bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb......",
        3.0,
    ),
    "contest_seconds": (*CONTESTS["taken over"], 2.2),
    "contest_rise_db": (*CONTESTS["taken over"], 8.0),
    "joined_seconds": ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "..........bbbbb....bbbbb..........", 0.3),
}


@pytest.mark.parametrize("name", CASES)
def test_every_threshold_decides_something(name: str) -> None:
    """A threshold that moves changes what a talk at its edge is."""
    a, b, moved = CASES[name]
    before = kinds(a, b, both_db=-20.0)
    options = TurnOptions(overlaps=dataclasses.replace(OverlapOptions(), **{name: moved}))
    assert kinds(a, b, both_db=-20.0, options=options) != before


def test_every_threshold_has_a_talk_at_its_edge() -> None:
    elsewhere = {"margin_seconds", "habit_seconds"}  # see test_rhythm
    assert set(CASES) | elsewhere == {option.name for option in dataclasses.fields(OverlapOptions)}
