"""Invisible characters: what is refused, what is spelled out, and what belongs to a name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_coach.characters import can_be_shown, spelled_out


@pytest.mark.parametrize("name", ["Maya", "👩🏽‍🚒", "می‌خواهم", "\u200fשרה", "محادثة", "José", "e\u0301"])
def test_names_that_can_be_shown(name: str) -> None:
    assert can_be_shown(name)
    assert spelled_out(name) == name


@pytest.mark.parametrize(
    "name", ["", " ", "a\tb", "a\x7f", "a\x9b", "a\u2028b", "\u202ea", "a\u2066", "\udcff", "\u200d"]
)
def test_names_that_cannot_be_shown(name: str) -> None:
    assert not can_be_shown(name)


def test_what_is_spelled_out_can_be_read() -> None:
    assert spelled_out("a\nb\x1b[31m\u202e\udcff") == r"a\nb\x1b[31m\u202e\udcff"


@given(st.text(st.characters()))
def test_what_is_spelled_out_is_one_line_that_any_output_takes(text: str) -> None:
    shown = spelled_out(text)
    assert len(shown.splitlines()) <= 1
    assert shown.encode("utf-8").decode("utf-8") == shown
