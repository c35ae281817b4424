"""The plan of a talk: a value, a file that people can change, and what may be said of it."""

from __future__ import annotations

import json
import tomllib
from argparse import Namespace
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import report_samples as samples
from tests.sessions import hold_until, leave_session
from tests.test_cli import run
from tests.test_live import ToneVoice
from voice_coach import resources
from voice_coach.commands.preparing import (
    people_of,
    plan_for,
    plan_of_talk,
    put_away,
    sentences_before,
    with_planned_time,
)
from voice_coach.config import Settings
from voice_coach.engines.recording import Recording
from voice_coach.engines.simulated import SimulatedTable
from voice_coach.errors import InputError, UsageError
from voice_coach.events import AudioBlock, Output, Request, RequestHeard, Say, Speaker
from voice_coach.lexicon import Languages, Lexicon
from voice_coach.live.inbox import Inbox
from voice_coach.live.talk import LiveEngines
from voice_coach.live_session import LiveParts, LiveSession, Table
from voice_coach.plan import DEFAULT_RULES, LONGEST_TEXT, Plan, opening_sentences, plan_of
from voice_coach.preparation import forget_plan, load_plan, plan_file, save_plan, to_toml
from voice_coach.review.exports import to_json, to_markdown
from voice_coach.review.html import render_page
from voice_coach.segment import to_samples
from voice_coach.session import enrol_voices, load_report

pytestmark = pytest.mark.usefixtures("home")
PLAN = Plan(
    topics={"Mara": "How we share the evenings", "Jonas": "My mother's calls."},
    hopes={"Jonas": "That we find one thing."},
    minutes=45,
    break_minutes=25,
)
TEXTS = st.text(min_size=1, max_size=LONGEST_TEXT).filter(lambda text: text.strip() and "\r" not in text)


def test_a_plan_is_kept_and_found_again() -> None:
    assert load_plan() is None
    assert save_plan(PLAN) == plan_file()
    assert load_plan() == PLAN
    assert plan_file().stat().st_mode & 0o777 == 0o600
    assert plan_file().parent.stat().st_mode & 0o777 == 0o700
    assert forget_plan()
    assert not forget_plan()
    assert load_plan() is None


@given(
    st.dictionaries(TEXTS, TEXTS, max_size=2),
    st.lists(TEXTS, max_size=5),
    st.none() | st.integers(2, 600),
)
def test_any_plan_survives_its_file_and_the_journal(
    topics: dict[str, str], rules: list[str], minutes: int | None
) -> None:
    plan = Plan(topics=topics, rules=tuple(rules), minutes=minutes, break_minutes=(minutes and minutes - 1) or None)
    assert plan_of(tomllib.loads(to_toml(plan))) == plan
    assert msgspec.json.decode(msgspec.json.encode(plan), type=Plan) == plan


def test_everything_may_be_left_out_and_the_rules_are_then_the_usual_ones() -> None:
    assert plan_of({}) == Plan() == Plan(rules=DEFAULT_RULES)
    assert plan_of({"rules": []}).rules == ()


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ({"topic": {}}, "a plan has no topic; it has topics"),
        ({"topics": ["x"]}, "topics must be a table of texts"),
        ({"hopes": {"Mara": 3}}, "hopes must be a table of texts"),
        ({"rules": "quiet"}, "rules must be a list of texts"),
        ({"minutes": "45"}, "minutes is '45', but must be a whole number"),
        ({"minutes": True}, "minutes is True, but must be a whole number"),
        ({"minutes": 0}, "minutes is 0, but must lie between 1 and 600"),
        ({"minutes": 30, "break_minutes": 30}, "break_minutes is 30, but the talk is to last 30 minutes"),
        ({"topics": {"Mara": " "}}, "must hold between 1 and 200 characters"),
        ({"rules": ["x" * 201]}, "must hold between 1 and 200 characters"),
        ({"rules": ["x"] * 21}, "a plan holds at most 20 sentences"),
    ],
)
def test_what_is_no_plan_is_said_in_one_sentence(table: dict[str, object], sentence: str) -> None:
    with pytest.raises(UsageError) as error:
        plan_of(table)
    assert sentence in str(error.value)


def test_files_that_are_no_plan_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not there"):
        load_plan(tmp_path / "missing.toml")
    (tmp_path / "broken.toml").write_text("minutes = ", encoding="utf-8")
    with pytest.raises(UsageError, match=r"broken\.toml is not a plan"):
        load_plan(tmp_path / "broken.toml")
    (tmp_path / "latin.toml").write_bytes(b"rules = ['\xff']")
    with pytest.raises(UsageError, match=r"latin\.toml is not a plan"):
        load_plan(tmp_path / "latin.toml")
    (tmp_path / "wrong.toml").write_text("minute = 4", encoding="utf-8")
    with pytest.raises(UsageError, match=r"wrong\.toml: a plan has no minute"):
        load_plan(tmp_path / "wrong.toml")


def test_what_may_be_said_at_the_start_is_short() -> None:
    said = opening_sentences(PLAN)
    assert said[0] == "You have 45 minutes."
    assert "Jonas wants to talk about this: My mother's calls." in said
    assert "Mara wants to talk about this: How we share the evenings." in said
    assert said[-len(DEFAULT_RULES) :] == DEFAULT_RULES
    own = {*PLAN.topics.values(), *PLAN.hopes.values()}
    assert all(len(line.split()) <= 12 for line in said if not any(text.rstrip(".") in line for text in own))
    assert opening_sentences(Plan(rules=())) == ()


def test_the_review_shows_the_plan_beside_what_happened(tmp_path: Path) -> None:
    asked = RequestHeard(Request.TIME_OUT, Speaker.A, to_samples(95.0))
    folder = leave_session(tmp_path / "evening", (*samples.events(), asked), plan=PLAN)
    report = load_report(folder)
    assert report.plan == PLAN
    page, markdown = render_page(report), to_markdown(report)
    for text in (
        "How we share the evenings",
        "That we find one thing.",
        "You had planned 45 min, and talked for",
    ):
        assert text in page
        assert text in markdown
    assert "You took a break at 1:35." in page
    assert "asked for a break" in page
    assert '"break_minutes": 25' in to_json(report)
    assert "What you had planned" not in render_page(samples.talk())
    calm = load_report(leave_session(tmp_path / "calm", plan=PLAN))
    assert "No break was asked for." in render_page(calm)


# The command


def answers(monkeypatch: pytest.MonkeyPatch, *lines: str) -> list[str]:
    """Somebody at the keyboard who gives these answers; returns the questions, once they are asked."""
    questions: list[str] = []
    left = iter(lines)

    def answer(question: str) -> str:
        questions.append(question)
        try:
            return next(left)
        except StopIteration:
            raise EOFError from None

    monkeypatch.setattr("builtins.input", answer)
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: True))
    return questions


def test_a_plan_is_asked_for_in_two_minutes(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    questions = answers(monkeypatch, "Mara", "Jonas", "The evenings.", "", "", "One thing.", "", "soon", "25", "")
    code, out, _ = run(capsys, "plan")
    assert code == 0
    assert len(questions) == 10
    plan = load_plan()
    assert plan == Plan({"Mara": "The evenings."}, {"Jonas": "One thing."}, 45, DEFAULT_RULES, 25)
    assert "Mara would like to talk about: The evenings." in out
    assert "45 minutes, with a break after 25" in out
    assert "A whole number of minutes" in out


def test_what_is_there_is_kept_by_enter_and_rules_can_be_ones_own(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    save_plan(PLAN)
    questions = answers(monkeypatch, "", "", "", "", "60", "", "n", "We eat first.", "")
    assert run(capsys, "plan")[0] == 0
    assert any("[How we share the evenings]" in question for question in questions)
    assert load_plan() == replace(PLAN, minutes=60, rules=("We eat first.",))


def test_only_a_name_that_is_not_known_is_asked_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    save_plan(Plan({"Mara": "The evenings."}))
    questions = answers(monkeypatch, "Jonas", "", "Her mother.", "", "", "", "", "")
    assert run(capsys, "plan")[0] == 0
    assert questions[0] == "And the other: "
    plan = load_plan()
    assert plan is not None
    assert plan.topics == {"Mara": "The evenings.", "Jonas": "Her mother."}


def test_a_break_after_the_end_is_asked_again_and_no_answer_is_lost(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers(monkeypatch, "Mara", "Jonas", "The evenings.", "", "", "", "30", "40", "15", "")
    code, out, _ = run(capsys, "plan")
    assert code == 0
    assert "A whole number of minutes, 1 to 29, or Enter." in out
    plan = load_plan()
    assert plan is not None
    assert (plan.topics, plan.minutes, plan.break_minutes) == ({"Mara": "The evenings."}, 30, 15)


def test_nobody_at_the_keyboard_is_one_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers(monkeypatch, "Mara")
    code, _, err = run(capsys, "plan")
    assert code == 2
    assert err == "voice-coach: nobody answered; voice-coach plan --help shows how to plan by flags\n"
    assert load_plan() is None


def test_a_plan_by_flags_changes_what_is_said_and_leaves_the_rest(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "plan", "--topic", "Mara = The evenings.", "--minutes", "40", "--break", "20")
    assert (code, "Mara would like to talk about: The evenings." in out) == (0, True)
    assert run(capsys, "plan", "--hope", "Jonas=One thing.", "--rule", "We eat first.", "--quiet") == (0, "", "")
    assert load_plan() == Plan({"Mara": "The evenings."}, {"Jonas": "One thing."}, 40, ("We eat first.",), 20)
    assert run(capsys, "plan", "--no-rules")[0] == 0
    assert json.loads(run(capsys, "plan", "--json")[1])["rules"] == []
    assert "40 minutes" in run(capsys, "plan", "--show")[1]
    assert "is forgotten" in run(capsys, "plan", "--forget")[1]
    assert "was no plan" in run(capsys, "plan", "--forget")[1]
    assert "no plan yet" in run(capsys, "plan")[1]
    assert run(capsys, "plan", "--json")[1] == "null\n"


def test_a_plan_of_a_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "ours.toml"
    file.write_text(to_toml(PLAN), encoding="utf-8")
    assert run(capsys, "plan", "--file", file)[0] == 0
    assert load_plan() == PLAN


@pytest.mark.parametrize(
    ("flags", "code", "sentence"),
    [
        (["--minutes", "0"], 2, "minutes is 0, but must lie between 1 and 600"),
        (["--minutes", "20", "--break", "30"], 2, "break_minutes is 30"),
        (["--rule", " "], 2, "must hold between 1 and 200 characters"),
        (["--topic", "The evenings"], 2, "is not NAME=SENTENCE"),
        (["--file", "missing.toml"], 3, "missing.toml is not there"),
    ],
)
def test_wrong_wishes_are_one_sentence_and_keep_the_plan(
    capsys: pytest.CaptureFixture[str], flags: list[str], code: int, sentence: str
) -> None:
    save_plan(PLAN)
    found, _, err = run(capsys, "plan", *flags)
    assert found == code
    assert sentence in err.splitlines()[-1]
    assert load_plan() == PLAN


# At the table


def at_the_table(**flags: object) -> Namespace:
    return Namespace(**{"plan": None, "minutes": None, "quiet": False, **flags})


def test_a_plan_is_said_only_if_both_wish_so(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sentences_before(at_the_table(plan="say"), PLAN) == opening_sentences(PLAN)
    assert sentences_before(at_the_table(plan="show"), PLAN) == ()
    assert sentences_before(at_the_table(plan="say"), None) == ()
    questions = answers(monkeypatch, "y", "", "no")
    assert sentences_before(at_the_table(), PLAN) == opening_sentences(PLAN)
    assert [sentences_before(at_the_table(), PLAN) for _ in range(3)] == [()] * 3  # Enter, no, and nobody there
    assert all("Only if both of you wish so" in question for question in questions)
    assert sentences_before(at_the_table(quiet=True), PLAN) == ()
    assert len(questions) == 4
    assert sentences_before(at_the_table(), Plan(rules=())) == ()


def test_the_time_of_the_plan_holds_unless_another_is_named(settings: Settings) -> None:
    def minutes(chosen: Namespace, plan: Plan | None) -> float:
        return with_planned_time(chosen, settings, plan).pipeline.host.minutes

    assert minutes(at_the_table(), PLAN) == 45.0
    assert minutes(at_the_table(minutes=20.0), PLAN) == 20.0
    assert minutes(at_the_table(), None) == settings.pipeline.host.minutes
    with pytest.raises(UsageError, match="minutes"):
        minutes(at_the_table(minutes=-1.0), PLAN)


def test_a_plan_is_of_its_two_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert people_of(PLAN) == ["Mara", "Jonas"]
    assert people_of(Plan({"Mara": "The evenings."})) == []
    assert people_of(None) == []
    assert plan_for(at_the_table(), PLAN, ["Jonas", "Mara"]) == PLAN
    assert capsys.readouterr().err == ""
    assert plan_for(at_the_table(), PLAN, ["Jonas", "Ida"]) is None
    assert "the plan is of Mara and Jonas" in capsys.readouterr().err
    only_rules = Plan(rules=("We eat first.",))
    assert plan_for(at_the_table(), only_rules, ["Jonas", "Ida"]) == only_rules


def test_a_plan_is_for_one_talk_and_own_rules_stay() -> None:
    save_plan(PLAN)
    assert plan_of_talk(at_the_table(plan="off")) is None
    plan = plan_of_talk(at_the_table())
    assert plan == PLAN
    put_away(plan, 299.0)
    assert load_plan() == PLAN
    put_away(plan, 300.0)
    assert load_plan() is None
    own = replace(PLAN, rules=("We eat first.",))
    save_plan(own)
    put_away(own, 3000.0)
    assert load_plan() == Plan(rules=("We eat first.",))
    put_away(None, 3000.0)


def test_a_talk_that_was_planned_begins_with_the_plan_and_keeps_it(
    lexicon: Lexicon, settings: Settings, tmp_path: Path
) -> None:
    demo = resources.demo_folder()
    voices = enrol_voices([("Mara", demo / "enrol_a.flac"), ("Jonas", demo / "enrol_b.flac")])
    blocks = [block.samples for block in Recording(demo / "talk.flac").blocks()]
    quiet = np.zeros(to_samples(45.0), np.float32)  # while the plan is said
    table = SimulatedTable(np.concatenate((quiet, *blocks))[: to_samples(75.0)])
    engines = LiveEngines(None, ToneVoice(), table)
    parts = LiveParts(Languages(lexicon), settings, table, engines, Inbox(64), seconds=table.now)
    shown: list[str] = []

    def watch(output: Output | AudioBlock, now: int) -> None:
        del now
        if isinstance(output, Say):
            shown.append(output.cue.text)

    at = Table(voices.names, (voices, 1.0), opening_sentences(PLAN), PLAN)
    with LiveSession(tmp_path / "evening", at, parts, watch) as held:
        hold_until(held, table, parts.inbox, lambda: table.position >= to_samples(75.0))
        assert held.learnt is None
    assert shown[: len(opening_sentences(PLAN))] == list(opening_sentences(PLAN))
    report = load_report(tmp_path / "evening")
    assert report.plan == PLAN
    assert report.session.duration_seconds < 40.0  # the plan's sentences came before the talk
    assert not report.cues
