"""The last talks side by side: told, and not judged."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests import report_samples as samples
from tests.sessions import leave_session
from tests.test_cli import run
from tests.test_review_html import BANNED, HOSTILE, Page
from voice_coach.figures import Report
from voice_coach.review.across import MOST_TALKS, Across, across, render_across
from voice_coach.session import sessions_folder

pytestmark = pytest.mark.usefixtures("home")
NAGGING = ("streak", "in a row", "goal", "well done", "keep it up", "improved", "declined", "better than")


def talk(day: int, repeat: int = 2, *, names: tuple[str, str] = samples.NAMES) -> Report:
    report = samples.talk(names, repeat)
    session = replace(
        report.session, id=f"2025-11-{day:02}", started_at=f"2025-11-{day:02}T19:42:10", usual_gap_seconds=0.1 * day
    )
    return replace(report, session=session)


def found(reports: Sequence[Report]) -> Across:
    told = across(reports)
    assert told is not None
    return told


def test_every_talk_is_a_line_and_a_dot() -> None:
    told = found([talk(day) for day in (1, 2, 3)])
    assert [line.when for line in told.lines] == [f"{day} November 2025, 19:42" for day in (1, 2, 3)]
    assert [chart.title for chart in told.charts] == [
        "Share of the talk",
        "Came in, and the other stopped, in half an hour",
        "Heard moments in half an hour",
        "Usual silence between your turns",
    ]
    for chart in told.charts:
        for course in chart.courses:
            assert [dot.x for dot in course.dots] == [16.67, 50.0, 83.33]
            assert len(course.joins) == 2
    shares = {course.whose: course.dots[0] for course in told.charts[0].courses}
    assert shares["second"].y < shares["first"].y  # Mara spoke more
    assert shares["second"].words == "1 November 2025, 19:42: 56%"


def test_a_silence_that_no_talk_has_is_absent() -> None:
    report = samples.talk(repeat=2)
    assert report.session.usual_gap_seconds is None
    page = render_across(found([report]))
    assert "Silence" not in page
    assert "not measured" not in page
    assert "Silence" in render_across(found([report, talk(2)]))


def test_rates_are_for_half_an_hour_and_short_talks_have_none() -> None:
    told = found([talk(1), talk(2, 4)])
    made = next(course for course in told.charts[1].courses if course.whose == "second")
    assert [dot.words.rpartition(" ")[2] for dot in made.dots] == ["6.1", "6.1"]
    assert [sorted(line.interruptions) for line in told.lines] == [[0, 2], [0, 4]]
    short = replace(talk(3), session=replace(talk(3).session, heard_seconds=200.0))
    told = found([talk(1), short, talk(4)])
    assert [dot.x for dot in told.charts[1].courses[0].dots] == [16.67, 83.33]
    assert told.charts[1].courses[0].joins == ()


def test_only_talks_of_the_same_two_and_only_the_last_of_them() -> None:
    told = found([talk(1, names=("Mara", "Ida")), *(talk(day) for day in range(2, 20))])
    assert len(told.lines) == MOST_TALKS
    assert told.lines[-1].when.startswith("19 November")
    assert {name for _, name in told.names} == {"Mara", "Jonas"}
    assert len(found([*(talk(day) for day in range(2, 5)), talk(6, names=("Mara", "Ida"))]).lines) == 1


def test_what_is_no_talk_is_left_out() -> None:
    assert across([]) is None
    assert across([samples.noise(), samples.silent_start(), samples.one_person()]) is None
    assert len(found([samples.noise(), talk(1)]).lines) == 1


def test_talks_without_words_or_rhythm_have_fewer_charts() -> None:
    told = found([samples.wordless()])
    assert "Usual silence between your turns" not in [chart.title for chart in told.charts]
    assert told.lines[0].gap == "not measured"


def test_the_page_tells_and_does_not_judge() -> None:
    html = render_across(found([talk(day) for day in range(1, 13)]))
    page = Page(html).root
    words = page.words.lower()
    assert not [word for word in (*BANNED, *NAGGING) if f" {word} " in f" {words} "]
    assert len(page.all("svg")) == 4
    assert len(page.all("tbody")[0].all("tr")) == 12
    assert "script" not in {element.tag for element in page.all()}
    assert "default-src 'none'" in html
    assert len(html) < 60_000


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_only_ever_text(name: str) -> None:
    page = Page(render_across(found([talk(1, names=(name, "Jonas"))]))).root
    assert not {element.tag for element in page.all()} & {"script", "img", "b"}


def test_the_command_reads_the_sessions_and_writes_a_page(capsys: pytest.CaptureFixture[str]) -> None:
    for day in (1, 3, 2):
        facts = replace(samples.facts(), started_at=f"2025-11-{day:02}T19:42:10")
        leave_session(sessions_folder() / f"2025-11-0{day}-194210", facts=facts)
    (sessions_folder() / "broken").mkdir()
    (sessions_folder() / "broken" / "journal.jsonl").write_text("{}")
    code, out, err = run(capsys, "review", "--all")
    assert code == 0
    assert "is not a journal" in err
    assert out.index("1 November") < out.index("2 November") < out.index("3 November")
    assert "heard moments" in out
    page = Path(out.splitlines()[-1].partition(": ")[2])
    assert page.is_file()
    assert page.stat().st_mode & 0o777 == 0o600
    assert len(json.loads(run(capsys, "review", "--all", "--json")[1])) == 3


def test_a_session_that_is_forgotten_is_on_no_page_any_more(capsys: pytest.CaptureFixture[str]) -> None:
    for day in (1, 2):
        leave_session(sessions_folder() / f"2025-11-0{day}-194210")
    run(capsys, "review", "--all")
    assert (sessions_folder() / "talks.html").exists()
    assert run(capsys, "sessions", "--forget", "2025-11-01-194210")[0] == 0
    assert not (sessions_folder() / "talks.html").exists()
    run(capsys, "sessions", "--forget", "2025-11-02-194210")


def test_no_talk_yet_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "review", "--all")
    assert code == 3
    assert "there is no talk of a minute or more" in err
