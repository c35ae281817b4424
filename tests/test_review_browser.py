"""The page in a real browser: seen, walked, pointed at, tapped and printed."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests import report_samples as samples
from tests.browser import DESKTOP, PHONE, QUIET, WIDTHS, chromium_program, opened
from tests.test_review_html import HOSTILE, wordy
from voice_coach.events import Request, RequestHeard, Speaker
from voice_coach.figures import Report
from voice_coach.plan import Plan
from voice_coach.report import build_report
from voice_coach.review.across import across, render_across
from voice_coach.review.agreement import render_agreement
from voice_coach.review.html import render_page
from voice_coach.segment import to_samples

pytestmark = pytest.mark.real
EVERY_WIDTH = pytest.mark.parametrize("width", WIDTHS)
EVERY_SCHEME = pytest.mark.parametrize("scheme", ["light", "dark"])


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    program = chromium_program()
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only where there is a browser

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=list(QUIET), chromium_sandbox=False)
        yield started
        started.close()


@pytest.fixture
def page_of(tmp_path: Path) -> Callable[[Report], Path]:
    def write(report: Report) -> Path:
        file = tmp_path / "report.html"
        file.write_text(render_page(report, "2025-11-23-1942"), "utf-8")
        return file

    return write


def two_hours() -> Report:
    """A dense talk of two hours with as many sentences of the coach as it may say."""
    report = wordy(samples.talk(repeat=24), 18_000)
    return replace(report, cues=report.cues[::4])


def everything() -> Report:
    """A talk that was planned, closed, agreed on and put right."""
    asked = (
        RequestHeard(Request.TIME_OUT, Speaker.A, to_samples(95.0)),
        RequestHeard(Request.CLOSE, None, to_samples(262.0)),
    )
    plan = Plan({"Mara": "The evenings.", "Jonas": "My mother's calls."}, {"Mara": "One thing."}, 45, break_minutes=20)
    report = build_report((*samples.events(), *asked), replace(samples.facts(), plan=plan))
    return replace(
        report, agreements=("Tuesdays, Jonas eats with the children.",), next_talk="Sunday at eight",
        corrections=("at 1:07 nobody interrupted",),
    )  # fmt: skip


def test_what_was_agreed_and_planned_stands_beside_what_happened(
    browser: Any, page_of: Callable[[Report], Path]
) -> None:
    with opened(browser, page_of(everything())) as shown:
        headings = shown.page.locator("h2").all_inner_texts()
        assert headings[:3] == ["What went well", "What you take along", "What you had planned, and what happened"]
        text = shown.page.locator("main").inner_text()
        for told in ("Tuesdays, Jonas eats", "You talk again: Sunday at eight", "From 4:22 on you were closing"):
            assert told in text
        commands = shown.page.locator("footer code").all_text_contents()
        assert "voice-coach review 2025-11-23-1942 --fix 'not-interruption 1:07'" in commands
        summary = shown.page.locator("summary", has_text="If something was heard wrongly")
        summary.click()
        shown.page.locator("footer li code").first.click()
        assert shown.page.evaluate("getSelection().toString()") == commands[1]


@EVERY_SCHEME
@EVERY_WIDTH
@pytest.mark.parametrize("sample", [everything, samples.every_outcome, samples.wordless, samples.noise])
def test_axe_finds_nothing_wrong(
    browser: Any, page_of: Callable[[Report], Path], sample: Callable[[], Report], width: str, scheme: str
) -> None:
    with opened(browser, page_of(sample()), color_scheme=scheme, **WIDTHS[width]) as shown:
        assert shown.violations() == []
        assert shown.asked == []


@EVERY_WIDTH
def test_a_page_asks_for_nothing_and_complains_of_nothing(
    browser: Any, page_of: Callable[[Report], Path], width: str
) -> None:
    with opened(browser, page_of(samples.every_outcome()), **WIDTHS[width]) as shown:
        shown.page.wait_for_load_state("networkidle")
        assert (shown.asked, shown.complaints) == ([], [])
        assert shown.page.evaluate("typeof window.injected") == "undefined"


@pytest.mark.parametrize("size", ["desktop", "phone", "zoomed"])
@pytest.mark.parametrize("name", ["Mara", "N" * 200, "麻" * 60])
def test_nothing_is_wider_than_the_screen(
    browser: Any, page_of: Callable[[Report], Path], size: str, name: str
) -> None:
    options = WIDTHS.get(size, {"viewport": {"width": 320, "height": 256}})  # 1280 px at 400 %, as WCAG 1.4.10 asks
    report = replace(samples.talk((name, "Jonas")))
    with opened(browser, page_of(report), **options) as shown:
        shown.page.evaluate("document.querySelectorAll('details:not(.slot)').forEach(d => d.open = true)")
        wide = shown.page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        assert wide[0] <= wide[1]


def test_what_happened_is_told_on_hover(browser: Any, page_of: Callable[[Report], Path]) -> None:
    with opened(browser, page_of(samples.every_outcome()), **DESKTOP) as shown:
        slot = shown.page.locator(".slot", has_text="the coach: “Would you say back what you heard?”")
        told = slot.locator("p")
        assert not told.is_visible()
        slot.locator("summary").hover()
        assert told.is_visible()
        box, row = told.bounding_box(), slot.locator("xpath=..").bounding_box()
        assert box
        assert row
        assert box["y"] + box["height"] <= row["y"] + row["height"] + 1  # in the space that is kept for it
        shown.page.mouse.move(1, 1)
        assert not told.is_visible()


def test_what_happened_is_told_on_a_tap(browser: Any, page_of: Callable[[Report], Path]) -> None:
    with opened(browser, page_of(samples.every_outcome()), **PHONE) as shown:
        first, second = (shown.page.locator(".slot").nth(place) for place in (2, 4))
        first.locator("summary").tap()
        assert first.locator("p").is_visible()
        second.locator("summary").tap()
        assert second.locator("p").is_visible()
        assert not first.locator("p").is_visible()
        second.locator("summary").tap()
        assert second.get_attribute("open") is None
        size = second.locator("summary").bounding_box()
        assert size
        assert size["width"] >= 24
        assert size["height"] >= 24


def test_the_whole_page_can_be_walked_with_the_keyboard(browser: Any, page_of: Callable[[Report], Path]) -> None:
    with opened(browser, page_of(samples.every_outcome()), **DESKTOP) as shown:
        page = shown.page
        page.evaluate("document.querySelectorAll('details:not(.slot)').forEach(d => d.open = true)")
        stops = page.locator("a, summary, [tabindex]").count()
        walked = []
        for _ in range(stops):
            page.keyboard.press("Tab")
            walked.append(
                page.evaluate(
                    """() => {
                        const e = document.activeElement, style = getComputedStyle(e), box = e.getBoundingClientRect();
                        const told = e.closest('.slot')?.querySelector('p');
                        return [e.tagName, style.outlineStyle, box.width > 0 && box.left >= 0,
                                told ? told.checkVisibility({contentVisibilityAuto: true}) : true];
                    }"""
                )
            )
        assert [stop for stop in walked if stop[0] == "BODY"] == []
        assert {stop[1] for stop in walked} <= {"solid", "auto"}
        assert all(stop[2] and stop[3] for stop in walked)


def test_the_map_can_be_passed_over(browser: Any, page_of: Callable[[Report], Path]) -> None:
    with opened(browser, page_of(samples.talk()), **DESKTOP) as shown:
        shown.page.locator("a.skip").focus()
        shown.page.keyboard.press("Enter")
        shown.page.keyboard.press("Tab")
        assert not shown.page.evaluate("document.activeElement.closest('.slot') !== null")


def test_a_closed_part_opens_with_the_keyboard(browser: Any, page_of: Callable[[Report], Path]) -> None:
    with opened(browser, page_of(samples.talk()), **DESKTOP) as shown:
        summary = shown.page.locator("summary", has_text="The talk, turn by turn")
        assert not shown.page.locator(".turns").is_visible()
        summary.focus()
        shown.page.keyboard.press("Enter")
        assert shown.page.locator(".turns").is_visible()


def test_light_and_dark_follow_the_system(browser: Any, page_of: Callable[[Report], Path]) -> None:
    file = page_of(samples.talk())
    papers = {}
    for scheme in ("light", "dark"):
        with opened(browser, file, color_scheme=scheme) as shown:
            papers[scheme] = shown.page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert papers == {"light": "rgb(252, 250, 246)", "dark": "rgb(26, 24, 20)"}


def test_nothing_moves_where_that_is_not_wished(browser: Any, page_of: Callable[[Report], Path]) -> None:
    asked = "[getComputedStyle(document.documentElement).scrollBehavior, document.getAnimations().length]"
    with opened(browser, page_of(samples.talk()), reduced_motion="reduce") as shown:
        shown.page.locator(".slot summary").first.hover()
        assert shown.page.evaluate(asked) == ["auto", 0]
    with opened(browser, page_of(samples.talk()), reduced_motion="no-preference") as shown:
        assert shown.page.evaluate(asked)[0] == "smooth"


def everything_of_two_hours() -> Report:
    """A long talk that was planned and agreed on, too."""
    plan = everything().plan
    return replace(two_hours(), plan=plan, agreements=("Tuesdays, Jonas eats with us.",) * 3, next_talk="Sunday")


def with_long_quotes() -> Report:
    """A talk whose map would begin just where the first page ends."""
    report = samples.talk()
    return replace(report, phrases=tuple(replace(phrase, text=f"{phrase.text} " * 3) for phrase in report.phrases))


@pytest.mark.parametrize(
    "sample", [samples.talk, with_long_quotes, everything, samples.wordless, two_hours, everything_of_two_hours]
)
def test_it_prints_on_two_pages(browser: Any, page_of: Callable[[Report], Path], sample: Callable[[], Report]) -> None:
    from pypdf import PdfReader  # noqa: PLC0415 - of the dev extra, as the browser's driver

    for scheme in ("light", "dark"):
        with opened(browser, page_of(sample()), color_scheme=scheme) as shown:
            printed = PdfReader(io.BytesIO(shown.page.pdf(prefer_css_page_size=True)))
        assert len(printed.pages) == 2
        texts = [page.extract_text() for page in printed.pages]
        heading = next(place for place, text in enumerate(texts) if "The talk at a glance" in text)
        assert "0:00" in texts[heading]  # no heading stands without the beginning of its map
        assert "What went well" in printed.pages[0].extract_text()
        assert "What this page knows" in printed.pages[1].extract_text()


@pytest.mark.parametrize("text", HOSTILE)
def test_no_name_or_word_can_do_anything(browser: Any, page_of: Callable[[Report], Path], text: str) -> None:
    report = samples.talk((text, "Jonas"))
    turns = tuple(replace(turn, text=text) for turn in report.turns)
    phrases = tuple(replace(phrase, text=text, match=text[:2]) for phrase in report.phrases)
    with opened(browser, page_of(replace(report, turns=turns, phrases=phrases))) as shown:
        assert (shown.asked, shown.complaints) == ([], [])
        assert shown.page.evaluate("document.querySelectorAll('script, img, iframe').length") == 0
        assert shown.violations() == []


def test_even_a_script_in_the_page_would_not_run(browser: Any, page_of: Callable[[Report], Path]) -> None:
    file = page_of(samples.talk())
    tampered = file.with_name("tampered.html")
    hostile = "<script>window.injected = 1</script><img src='https://example.org/x.png' onerror='window.injected = 1'>"
    tampered.write_text(file.read_text("utf-8").replace("<header>", f"<header>{hostile}"), "utf-8")
    with opened(browser, tampered) as shown:
        assert shown.page.evaluate("typeof window.injected") == "undefined"
        assert len(shown.complaints) >= 2
        assert all("Content Security Policy" in complaint for complaint in shown.complaints)


@EVERY_SCHEME
@EVERY_WIDTH
def test_the_other_pages_are_as_sound(browser: Any, tmp_path: Path, width: str, scheme: str) -> None:
    plan = Plan({"Mara": "The evenings.", "Jonas": "My mother's calls."}, {"Mara": "One thing."}, 45)
    report = replace(samples.talk(), plan=plan, agreements=("Tuesdays, Jonas eats with the children.",))
    talks = across([samples.talk(repeat=repeat) for repeat in (1, 2, 3)])
    assert talks is not None
    for name, html in (("agreement", render_agreement(report)), ("talks", render_across(talks))):
        file = tmp_path / f"{name}.html"
        file.write_text(html, "utf-8")
        with opened(browser, file, color_scheme=scheme, **WIDTHS[width]) as shown:
            assert shown.violations() == []
            assert (shown.asked, shown.complaints) == ([], [])
            wide = shown.page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
            assert wide[0] <= wide[1]


@pytest.mark.parametrize("notes", [0, 1, 30])
def test_an_agreement_is_one_sheet(browser: Any, tmp_path: Path, notes: int) -> None:
    from pypdf import PdfReader  # noqa: PLC0415

    topic = "What we do with the evenings, and who is at home when, and how we tell each other. " * 2
    plan = Plan({"Mara": topic, "Jonas": topic}, {"Mara": topic, "Jonas": topic})
    report = replace(samples.talk(), plan=plan, agreements=("We eat first, and then we talk. " * 4,) * notes)
    file = tmp_path / "agreement.html"
    file.write_text(render_agreement(report), "utf-8")
    with opened(browser, file) as shown:
        printed = PdfReader(io.BytesIO(shown.page.pdf(prefer_css_page_size=True)))
    assert len(printed.pages) == 1
