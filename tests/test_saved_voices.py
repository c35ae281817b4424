"""Voices that were kept are offered at the table, and used only if that is wished."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable

import pytest

from tests.test_voice_store import voice
from voice_coach import session
from voice_coach.commands import talk as command
from voice_coach.config import Settings
from voice_coach.engines.voice_store import VoiceStore
from voice_coach.errors import InputError
from voice_coach.live_session import Table

QUESTION = "Use the kept voices of Maya and Daniel? [y/N] "


class Reached(Exception):
    """The talk would begin now."""


class Asking:
    """Somebody at a terminal, who answers."""

    def __init__(self, answer: str | None) -> None:
        self._answer, self.asked = answer, list[str]()

    def __call__(self, question: str) -> str:
        self.asked.append(question)
        if self._answer is None:
            raise EOFError
        return self._answer


@pytest.fixture
def at_the_table(home: None, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Table]:
    """Begins a talk of Maya and Daniel up to its first sound; returns who sits at the table."""
    tables: list[Table] = []

    def reach(_: object, table: Table, *__: object) -> None:
        tables.append(table)
        raise Reached

    monkeypatch.setattr(command, "effective_settings", lambda _: settings)
    monkeypatch.setattr(command, "open_equipment", lambda *_: None)
    monkeypatch.setattr(command, "LiveSession", reach)

    def begin(
        asking: Asking, *, kept: tuple[str, ...] = ("Maya", "Daniel"), terminal: bool = True, **flags: bool
    ) -> Table:
        store = VoiceStore(session.voices_folder())
        for gain, name in enumerate(kept, 1):
            store.save(name, voice(gain), float(4**gain))
        monkeypatch.setattr("builtins.input", asking)
        monkeypatch.setattr(sys.stdin, "isatty", lambda: terminal)
        given = {"saved_voices": False, "keep_voices": False, "quiet": False, "json": False, "debug": True, **flags}
        chosen = Namespace(names=["Maya", "Daniel"], out=None, plan="off", minutes=None, **given)
        with pytest.raises(Reached):
            command.talk(chosen)
        return tables[-1]

    return begin


def test_they_are_offered_and_used_if_both_wish_so(at_the_table: Callable[..., Table]) -> None:
    asking = Asking(" Yes ")
    table = at_the_table(asking)
    assert asking.asked == [QUESTION]
    assert table.voices is not None
    voices, gain = table.voices
    assert voices.names == table.names
    assert gain == 8.0  # between what the microphone needed for either


@pytest.mark.parametrize("answer", ["", "n", "what?", None])
def test_they_are_not_assumed(at_the_table: Callable[..., Table], answer: str | None) -> None:
    asking = Asking(answer)
    assert at_the_table(asking).voices is None
    assert asking.asked == [QUESTION]


@pytest.mark.parametrize(
    "given",
    [{"kept": ("Maya",)}, {"kept": ()}, {"terminal": False}, {"quiet": True}],
    ids=["one", "none", "pipe", "quiet"],
)
def test_where_there_is_nothing_to_offer_or_nobody_to_ask_they_are_learnt(
    at_the_table: Callable[..., Table], given: dict[str, object]
) -> None:
    asking = Asking("y")
    assert at_the_table(asking, **given).voices is None
    assert asking.asked == []


def test_by_flag_they_are_used_without_asking(at_the_table: Callable[..., Table]) -> None:
    asking = Asking("n")
    assert at_the_table(asking, saved_voices=True).voices is not None
    assert asking.asked == []


def test_by_flag_they_must_be_there(at_the_table: Callable[..., Table]) -> None:
    with pytest.raises(InputError, match="no voice is kept of Daniel"):
        at_the_table(Asking("y"), kept=("Maya",), saved_voices=True)
