"""The pair's own rhythm, and what it does to what counts as an interruption."""

from __future__ import annotations

import pytest

from tests.talks import TENTH, track
from voice_coach.events import FloorTaken, OverlapHeard, OverlapKind, RhythmLearnt
from voice_coach.overlaps import OverlapOptions
from voice_coach.rhythm import Rhythm, RhythmOptions
from voice_coach.turns import TurnOptions


def rhythm(offsets: list[int | None], changes: int = 6) -> Rhythm:
    heard = Rhythm(RhythmOptions(changes=changes))
    for offset in offsets:
        heard.hear(None if offset is None else offset * TENTH)
    return heard


def test_nothing_is_known_of_a_pair_before_enough_changes() -> None:
    heard = rhythm([None, 2, -4, 3, -4, None, 2])
    assert (heard.known, heard.gap_samples, heard.overlap_samples) == (False, None, None)


def test_gaps_and_overlaps_are_medians() -> None:
    heard = rhythm([None, 2, -4, 3, -5, 8, -3])
    assert (heard.gap_samples, heard.overlap_samples) == (3 * TENTH, 4 * TENTH)


def test_a_pair_that_rarely_overlaps_has_no_habit_of_it() -> None:
    assert rhythm([2, 2, 3, 3, 2, -4]).overlap_samples is None
    assert rhythm([0, 0, 0, 0, 0, 0]).gap_samples is None


def test_long_overlaps_are_no_habit_and_what_is_learnt_stays() -> None:
    heard = rhythm([-9, -9, 2, 2, 2, 2, -4, -4, -2, -2, -2, -2, -2, -2])
    assert (heard.gap_samples, heard.overlap_samples) == (2 * TENTH, 4 * TENTH)


def changes(count: int, overlap: int) -> tuple[str, str]:
    """Turns of 5 s, each begun some tenths before the other's end."""
    lines = ["", ""]
    for turn in range(count + 1):
        start = turn * (50 - overlap)
        lines[turn % 2] = lines[turn % 2].ljust(start, ".") + "x" * 50
    return lines[0].ljust(start + 80, "."), lines[1].ljust(start + 80, ".")


def kinds(a: str, b: str, **options: float) -> list[OverlapKind]:
    made = TurnOptions(overlaps=OverlapOptions(**options), rhythm=RhythmOptions(changes=6))  # type: ignore[arg-type]
    return [event.overlap.kind for event in track(a, b, options=made) if isinstance(event, OverlapHeard)]


def test_what_is_usual_for_a_pair_is_no_interruption() -> None:
    found = kinds(*changes(10, 5))
    assert found[:6] == [OverlapKind.INTERRUPTION] * 6
    assert found[6:] == [OverlapKind.TURN_EDGE] * 4
    assert kinds(*changes(10, 5), habit_seconds=0.4)[6:] == [OverlapKind.UNCLEAR] * 4


def test_a_habit_has_bounds() -> None:
    assert set(kinds(*changes(10, 6), habit_seconds=0.4)) == {OverlapKind.INTERRUPTION}
    assert set(kinds(*changes(10, 9))) == {OverlapKind.INTERRUPTION}


def test_a_rhythm_is_told_once_when_it_is_known() -> None:
    a, b = changes(10, 5)
    events = track(a, b, options=TurnOptions(rhythm=RhythmOptions(changes=6)))
    learnt = [place for place, event in enumerate(events) if isinstance(event, RhythmLearnt)]
    assert [events[place] for place in learnt] == [RhythmLearnt(None, 5 * TENTH)]
    assert sum(isinstance(event, FloorTaken) for event in events[: learnt[0]]) == 7  # the first follows nobody
    assert not any(isinstance(event, RhythmLearnt) for event in track(a, b))


@pytest.mark.parametrize(
    ("overlap", "kind"), [(3, OverlapKind.TURN_EDGE), (4, OverlapKind.UNCLEAR), (5, OverlapKind.INTERRUPTION)]
)
def test_an_overlap_hardly_longer_than_an_edge_accuses_nobody(overlap: int, kind: OverlapKind) -> None:
    assert kinds(*changes(1, overlap)) == [kind]
    if kind is OverlapKind.UNCLEAR:
        assert kinds(*changes(1, overlap), margin_seconds=0.0) == [OverlapKind.INTERRUPTION]
