"""The summary in a terminal: in 80 columns, in a pipe, in poor encodings, and with any name."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from math import ceil
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from tests import report_samples as samples
from voice_coach.figures import Report
from voice_coach.review.terminal import print_summary

PAGE = Path("/home/mara/.local/share/voice_coach/sessions/2025-11-23-1942-after-dinner/report.html")
SAMPLES = (*samples.EVERY, samples.long_talk)


def printed(report: Report, *, encoding: str = "utf-8", colour: bool = False, page: Path | None = PAGE) -> str:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding, newline="\n")
    console = Console(file=file, width=80, force_terminal=colour, color_system="truecolor" if colour else None)
    print_summary(report, console, page)
    file.flush()
    return raw.getvalue().decode(encoding)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.__name__)
def test_a_summary_is_a_screenful_of_80_columns(sample: Callable[[], Report]) -> None:
    text = printed(sample())
    *lines, last = text.splitlines()
    assert all(cell_len(line) <= 80 for line in lines)
    assert "\x1b" not in text
    assert "None" not in text
    assert last == f"The whole review: {PAGE}"
    assert len(lines) + ceil(cell_len(last) / 80) <= 23  # and the prompt below


def test_a_summary_tells_both_peoples_figures() -> None:
    lines = printed(samples.talk()).splitlines()
    assert lines[0] == "A talk of Mara and Jonas, 23 November 2025, 19:42, 5 min"
    assert lines[2].startswith("What went well: 12 sounds of listening, 4 words of thanks")
    bars = [line for line in lines if "█" in line]
    assert [bar.split()[0] for bar in bars] == ["Mara", "Jonas"]
    assert [bar.count("█") for bar in bars] == [19, 15]
    assert ["56%" in bars[0], "44%" in bars[1]] == [True, True]
    assert "interrupted the other                    1                 0" in lines
    assert "The coach at 4:46: “Maybe each of you says one thing that was good just now.”" in lines
    assert any(line.startswith("Not sure whose voice 4.7 s, an unknown voice 1.2 s") for line in lines)


def test_what_the_coach_said_is_two_lines_however_often_it_spoke() -> None:
    lines = printed(samples.every_outcome()).splitlines()
    first = next(place for place, line in enumerate(lines) if line.startswith("The coach at 3:03"))
    assert lines[first].endswith("“Would you say back what you heard?” (shown on the screen)")
    assert lines[first + 1] == "  and 2 more, at 3:56, 4:46"
    assert "  and 33 more, at 10:06, 15:27, 20:47, 26:07, 31:27, 36:48 and later" in printed(samples.long_talk())
    assert "The coach kept quiet." in printed(samples.one_person())


def test_figures_without_words_are_not_measured() -> None:
    text = printed(samples.wordless())
    assert "words a minute" not in text
    assert "not measured" not in text
    assert "no words were written down" in " ".join(text.split())


def test_a_talk_without_voices_has_no_figures() -> None:
    text = printed(samples.noise())
    assert "No voice of either of the two was heard." in text
    assert "turns" not in text
    assert "%" not in text


def test_an_interrupted_session_says_so() -> None:
    assert "ended before its time" in " ".join(printed(samples.interrupted()).split())


@pytest.mark.parametrize(
    "name", ["[bold red]Mara[/]", "N" * 200, "שרה בת אברהם", "麻" * 40, "👩🏽‍🚒" * 9, "a\nb\x1b[31m\x07", "\u202eevil"]
)
def test_any_name_stays_in_its_place(name: str) -> None:
    text = printed(samples.talk(names=(name, "Jonas")))
    assert all(cell_len(line) <= 80 for line in text.splitlines()[:-1])
    assert not any(c in text for c in "\x1b\x07\u202e")
    if name.startswith("["):
        assert "A talk of [bold red]Mara[/] and Jonas" in text
    bars = [line for line in text.splitlines() if "█" in line]
    assert len({cell_len(bar[: bar.index("█")]) for bar in bars}) == 1


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_an_output_that_knows_few_characters_still_shows_bars(encoding: str) -> None:
    text = printed(samples.talk(names=("שרה", "Jonas")), encoding=encoding)
    assert text.count("#") == 34
    assert "interrupted the other" in text


def test_colour_changes_nothing_but_colour() -> None:
    coloured = printed(samples.talk(), colour=True)
    assert "\x1b[38;2;" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == printed(samples.talk())


def test_without_a_page_none_is_named() -> None:
    assert "whole review" not in printed(samples.talk(), page=None)
