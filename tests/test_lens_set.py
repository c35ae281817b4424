"""The lens on sentences that were labelled before it was tuned, and the set itself."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest

from tools import lens
from voice_coach.events import PhraseKind, Speaker
from voice_coach.lexicon import Lexicon

OPEN, HELD_OUT, FRESH = (lens.cases_of("en", part) for part in (lens.OPEN, *lens.APART))


def test_the_set_is_large_and_its_parts_share_no_sentence() -> None:
    assert len(OPEN) + len(HELD_OUT) >= 400
    assert min(len(OPEN), len(HELD_OUT)) >= 200
    assert len(FRESH) >= 100
    parts = [{case.text for case in cases if not case.before} for cases in (OPEN, HELD_OUT, FRESH)]
    assert not any(one & other for one, other in combinations(parts, 2))


@pytest.mark.parametrize("cases", [OPEN, HELD_OUT])
def test_each_half_has_every_kind_and_many_look_alikes(cases: list[lens.Case]) -> None:
    for kind in PhraseKind:
        assert sum(kind in case.kinds for case in cases) >= 8
    assert sum(not case.kinds for case in cases) >= 60


@pytest.mark.parametrize("kind", PhraseKind)
def test_the_lens_keeps_its_limits(kind: PhraseKind, lexicon: Lexicon) -> None:
    got = lens.score(lexicon, [*HELD_OUT, *FRESH])[kind]
    precision, recall = lens.LIMITS.get(kind, lens.OTHER_LIMITS)
    assert got.precision >= precision
    assert recall is None or got.recall >= recall


def test_a_case_may_have_a_talk_before_it(tmp_path: Path, lexicon: Lexicon) -> None:
    path = tmp_path / "set.txt"
    path.write_text("# a remark\ndemand | A: Answer me. // B: Not now. // A: Answer me.\n- | Answer me.\n", "utf-8")
    [pressed, asked] = lens.load_cases(path)
    assert pressed.before == ((Speaker.A, "Answer me."), (Speaker.B, "Not now."))
    assert lens.found_in(lexicon, pressed) == pressed.kinds == {PhraseKind.DEMAND}
    assert lens.found_in(lexicon, asked) == asked.kinds == frozenset()


def test_what_is_wrong_and_what_is_missed_both_cost() -> None:
    assert lens.Score(right=3, wrong=1, missed=2).precision == 0.75
    assert lens.Score(right=3, wrong=1, missed=2).recall == 0.6
