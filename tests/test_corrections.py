"""What people put right: journalled, counted anew, and learnt from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import report_samples as samples
from tests.sessions import leave_session
from tests.talks import track
from tests.test_cli import run
from voice_coach import afterwards, learnt
from voice_coach.corrections import (
    Correction,
    InterruptionDenied,
    LastUndone,
    SpeakerRenamed,
    SpeakersSwapped,
    TurnMerged,
    TurnSplit,
    corrected,
    corrected_names,
    in_force,
    interruptions_of,
    turns_of,
)
from voice_coach.errors import UsageError
from voice_coach.events import Event, OverlapHeard, OverlapKind, Speaker
from voice_coach.figures import Report, SpeakerFigures
from voice_coach.fixing import correction_of
from voice_coach.journal import CORRECTIONS_NAME, JOURNAL_NAME, read_corrections, write_beside
from voice_coach.learnt import Example, learnt_margin
from voice_coach.overlaps import OverlapOptions
from voice_coach.report import build_report
from voice_coach.review.wording import clock
from voice_coach.session import load_report, sessions_folder
from voice_coach.turns import TurnOptions

pytestmark = pytest.mark.usefixtures("home")
EVENTS = samples.events()
NAMES = samples.facts().names


def report_after(*corrections: Correction, events: Sequence[Event] = EVENTS) -> Report:
    facts = samples.facts(
        (corrected_names(NAMES, corrections)[Speaker.A], corrected_names(NAMES, corrections)[Speaker.B])
    )
    return build_report(corrected(events, corrections), facts)


def person(report: Report, name: str) -> SpeakerFigures:
    return next(speaker for speaker in report.speakers if speaker.name == name)


def talk_seconds(report: Report) -> float:
    return sum(speaker.talk_seconds for speaker in report.speakers)


def interruption() -> InterruptionDenied:
    (event,) = interruptions_of(EVENTS)
    return InterruptionDenied(event.overlap.segment.start)


# What the talk is then


def test_people_who_were_taken_for_each_other_change_names_and_nothing_else() -> None:
    before, after = report_after(), report_after(SpeakersSwapped())
    for old, new in (("Mara", "Jonas"), ("Jonas", "Mara")):
        assert person(after, new).talk_seconds == person(before, old).talk_seconds
        assert person(after, new).interruptions_made == person(before, old).interruptions_made
    assert report_after(SpeakersSwapped(), SpeakersSwapped()) == before


def test_a_person_is_called_otherwise_everywhere() -> None:
    report = report_after(SpeakerRenamed(Speaker.A, "Maria"), SpeakersSwapped())
    assert [speaker.name for speaker in report.speakers] == ["Jonas", "Maria"]
    assert {turn.speaker for turn in report.turns} == {"Jonas", "Maria"}


def test_what_was_no_interruption_counts_for_nobody() -> None:
    before, after = report_after(), report_after(interruption())
    assert person(before, "Mara").interruptions_made == 1
    assert person(after, "Mara").interruptions_made == person(after, "Jonas").interruptions_received == 0
    kinds = [Counter(overlap.kind for overlap in report.overlaps) for report in (before, after)]
    assert kinds[1] - kinds[0] == Counter({OverlapKind.COOPERATIVE: 1})
    assert after.turns == before.turns


def test_a_merged_turn_belongs_to_whoever_had_the_floor() -> None:
    before = report_after()
    turns = turns_of(EVENTS)
    place = next(
        i for i in range(1, len(turns) - 1) if turns[i - 1].speaker is turns[i + 1].speaker is not turns[i].speaker
    )
    after = report_after(TurnMerged(turns[place].segment.start))
    assert len(after.turns) == len(before.turns) - 2
    joined = after.turns[place - 1]
    assert joined.speaker == before.turns[place - 1].speaker
    assert (joined.start_seconds, joined.end_seconds) == (
        before.turns[place - 1].start_seconds,
        before.turns[place + 1].end_seconds,
    )
    assert before.turns[place].text
    assert before.turns[place].text in (joined.text or "")
    assert talk_seconds(after) == pytest.approx(talk_seconds(before), abs=0.01)
    assert person(after, joined.speaker).talk_seconds > person(before, joined.speaker).talk_seconds


def test_the_rest_of_a_split_turn_is_the_others() -> None:
    before = report_after()
    turns = turns_of(EVENTS)
    place = next(i for i, turn in enumerate(turns) if turn.segment.seconds > 8)
    middle = (turns[place].segment.start + turns[place].segment.end) // 2
    after = report_after(TurnSplit(middle))
    first, second = after.turns[place], after.turns[place + 1]
    assert first.end_seconds == second.start_seconds == pytest.approx(middle / 16_000, abs=0.001)
    assert first.speaker == before.turns[place].speaker != second.speaker
    assert talk_seconds(after) == pytest.approx(talk_seconds(before), abs=0.01)
    assert all(s.sure for s in after.speech if middle / 16_000 <= s.start_seconds < before.turns[place].end_seconds)


def test_a_correction_that_fits_nothing_changes_nothing() -> None:
    assert report_after(InterruptionDenied(7), TurnMerged(7), TurnSplit(7)) == report_after()
    assert corrected((), (TurnMerged(0), TurnSplit(0), InterruptionDenied(0))) == ()


WISHES = st.tuples(st.sampled_from(("merge", "split", "deny")), st.integers(0, 60), st.floats(0.1, 0.9))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(("merge", "split", "deny")), st.integers(0, 60), st.floats(0.1, 0.9)), max_size=8
    )
)
def test_whatever_is_put_right_no_speech_is_lost_and_turns_stay_in_order(
    wishes: list[tuple[str, int, float]],
) -> None:
    events: tuple[Event, ...] = EVENTS
    for what, index, share in wishes:
        turns = turns_of(events)
        turn = turns[index % len(turns)]
        at = turn.segment.start + int(share * turn.segment.samples)
        correction = {
            "merge": TurnMerged(turn.segment.start),
            "split": TurnSplit(at),
            "deny": InterruptionDenied(turn.segment.start),
        }[what]
        events = corrected(events, (correction,))
    report = build_report(events, samples.facts())
    assert talk_seconds(report) == pytest.approx(talk_seconds(report_after()), abs=0.02)
    assert all(one.start_seconds <= other.start_seconds for one, other in pairwise(report.turns))
    assert all(overlap.by != overlap.of for overlap in report.overlaps)


def test_the_last_correction_can_be_taken_back_and_the_one_before_it_too() -> None:
    swap, merge = SpeakersSwapped(), TurnMerged(1)
    assert in_force((swap, merge, LastUndone())) == (swap,)
    assert in_force((swap, merge, LastUndone(), LastUndone(), LastUndone())) == ()


# As people write it


@pytest.mark.parametrize(
    ("text", "correction"),
    [
        ("swap", SpeakersSwapped()),
        (" undo ", LastUndone()),
        ("rename mara = Mara Lena", SpeakerRenamed(Speaker.A, "Mara Lena")),
        ("rename Jonas=J.", SpeakerRenamed(Speaker.B, "J.")),
    ],
)
def test_corrections_are_read_as_people_write_them(text: str, correction: Correction) -> None:
    assert correction_of(text, EVENTS, NAMES) == correction


def test_a_time_of_the_page_finds_what_is_meant() -> None:
    report = report_after()
    (overlap,) = (o for o in report.overlaps if o.kind == OverlapKind.INTERRUPTION)
    assert correction_of(f"not-interruption {clock(overlap.start_seconds)}", EVENTS, NAMES) == interruption()
    for turn in turns_of(EVENTS)[1:]:
        text = f"split {clock(turn.segment.start_seconds)} {clock(turn.segment.end_seconds - 0.4)}"
        if turn.segment.seconds > 2:
            found = correction_of(text, EVENTS, NAMES)
            assert isinstance(found, TurnSplit)
            assert turn.segment.start < found.at_sample < turn.segment.end


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "there is no correction ''; there are: swap"),
        ("mend 3:08", "there is no correction 'mend 3:08'"),
        ("swap them", "there is no correction"),
        ("rename Mara", "a name is put right as: rename OLD = NEW"),
        ("rename Mara = \u202e", "a name is put right as"),
        ("rename Anna = Mara", "nobody is called 'Anna' here, but Mara and Jonas"),
        ("rename Mara = Jonas", "swap exchanges them"),
        ("not-interruption soon", "'soon' is not a time, such as 3:08"),
        ("not-interruption 3:59", "no interruption was heard at 3:59"),
        ("merge 0:02", "no turn of the other comes before"),
        ("merge 1:00:00", "no turn begins at 60:00"),
        ("split 0:02", "a turn is split as: split TIME TIME"),
        ("split 0:02 4:00", "its beginning and a moment within it"),
        ("agreed  ", "a note holds between 1 and 300 characters"),
        (f"next {'x' * 301}", "a note holds between 1 and 300 characters"),
    ],
)
def test_what_cannot_be_put_right_is_said_in_one_sentence(text: str, sentence: str) -> None:
    with pytest.raises(UsageError) as error:
        correction_of(text, EVENTS, NAMES)
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)


# In the session


def test_what_was_heard_stays_and_what_was_put_right_is_added(tmp_path: Path) -> None:
    folder = leave_session(tmp_path / "evening")
    heard = (folder / JOURNAL_NAME).read_bytes()
    afterwards.put_right(folder, "swap")
    first = (folder / CORRECTIONS_NAME).read_bytes()
    afterwards.put_right(folder, "rename Jonas = Jo")
    assert (folder / JOURNAL_NAME).read_bytes() == heard
    assert (folder / CORRECTIONS_NAME).read_bytes().startswith(first)
    assert (folder / CORRECTIONS_NAME).stat().st_mode & 0o777 == 0o600
    report = load_report(folder)
    assert [speaker.name for speaker in report.speakers] == ["Jo", "Mara"]
    assert report.corrections == ("Mara and Jonas were taken for each other", "Jonas is called Jo")
    afterwards.put_right(folder, "undo")
    assert len(read_corrections(folder)) == 3
    assert load_report(folder).corrections == ("Mara and Jonas were taken for each other",)


def test_a_torn_line_loses_nothing_before_or_after_it(tmp_path: Path) -> None:
    folder = leave_session(tmp_path / "evening")
    afterwards.put_right(folder, "swap")
    with (folder / CORRECTIONS_NAME).open("ab") as file:
        file.write(b'{"correction": "Speaker')
    afterwards.put_right(folder, "agreed Tuesdays, Jonas cooks")
    assert load_report(folder).agreements == ("Tuesdays, Jonas cooks",)
    assert len(read_corrections(folder)) == 2


def test_a_second_hearing_is_put_right_like_a_first(tmp_path: Path) -> None:
    folder = leave_session(tmp_path / "evening", samples.events()[:-4])
    write_beside(folder, samples.facts(), EVENTS)
    afterwards.put_right(folder, f"not-interruption {clock(interruption().at_sample / 16_000)}")
    report = load_report(folder)
    assert report.session.hearing == "second"
    assert person(report, "Mara").interruptions_made == 0


def test_notes_are_no_corrections_and_the_last_appointment_holds(tmp_path: Path) -> None:
    folder = leave_session(tmp_path / "evening")
    for text in ("agreed One thing.", "agreed Another.", "next Sunday", "next Monday at eight"):
        afterwards.put_right(folder, text)
    report = load_report(folder)
    assert report.agreements == ("One thing.", "Another.")
    assert report.next_talk == "Monday at eight"
    assert report.corrections == ()


def test_nothing_to_take_back_is_said(tmp_path: Path) -> None:
    folder = leave_session(tmp_path / "evening")
    with pytest.raises(UsageError, match="nothing to take back"):
        afterwards.put_right(folder, "undo")
    assert not (folder / CORRECTIONS_NAME).exists()


# What is learnt

DEFAULT = OverlapOptions()


def interrupts(overlap_tenths: int, margin_seconds: float | None) -> bool:
    """Whether coming in so long before the holder stops is an interruption, with a learnt margin."""
    options = OverlapOptions() if margin_seconds is None else OverlapOptions(margin_seconds=margin_seconds)
    a = "a" * 30 + "." * 40
    b = "." * (30 - overlap_tenths) + "b" * (30 + overlap_tenths) + "." * 10
    events = track(a, b, options=TurnOptions(overlaps=options))
    return OverlapKind.INTERRUPTION in {e.overlap.kind for e in events if isinstance(e, OverlapHeard)}


def test_the_same_pattern_counts_differently_next_time() -> None:
    margin = learnt_margin([Example("evening", 60.0, 0.5)])
    assert margin == pytest.approx(0.22)
    assert interrupts(5, None)
    assert not interrupts(5, margin)
    assert interrupts(8, margin)


def test_however_much_is_learnt_a_clear_interruption_stays_one() -> None:
    margin = learnt_margin([Example("evening", 60.0 + i, 1.4) for i in range(30)])
    assert margin == learnt.LARGEST_MARGIN_SECONDS
    assert interrupts(8, margin)


def test_the_median_decides_and_never_below_the_default() -> None:
    assert learnt_margin([]) is None
    assert learnt_margin([Example("a", 1.0, DEFAULT.edge_seconds + DEFAULT.margin_seconds - 0.03)]) is None
    several = [Example("a", float(i), overlap) for i, overlap in enumerate((0.45, 0.5, 1.4))]
    assert learnt_margin(several) == pytest.approx(0.22)


def test_a_correction_is_an_example_until_it_is_taken_back(tmp_path: Path) -> None:
    folder = leave_session(tmp_path / "evening")
    afterwards.put_right(folder, f"not-interruption {clock(interruption().at_sample / 16_000)}")
    (event,) = interruptions_of(EVENTS)
    segment = event.overlap.segment
    assert learnt.load_examples() == (Example("evening", segment.start_seconds, segment.seconds),)
    (layer,) = learnt.learnt_layers()
    assert layer.table == {"turns": {"overlaps": {"margin_seconds": learnt.LARGEST_MARGIN_SECONDS}}}
    assert learnt.learnt_file().stat().st_mode & 0o777 == 0o600
    afterwards.put_right(folder, "undo")
    assert learnt.load_examples() == ()
    assert learnt.learnt_layers() == ()


def test_a_damaged_file_is_named_with_its_cure() -> None:
    learnt.learn(Example("evening", 1.0, 0.5))
    learnt.learnt_file().write_text("[[not_interruption]]\nsession = 1\n", encoding="utf-8")
    with pytest.raises(UsageError, match="is damaged; delete it"):
        learnt.learnt_layers()


def test_learning_the_same_moment_again_keeps_one_example() -> None:
    for overlap in (0.5, 0.6):
        learnt.learn(Example("evening", 1.0, overlap))
    assert learnt.load_examples() == (Example("evening", 1.0, 0.6),)


# The command


def test_the_command_puts_right_and_shows_what_is_then(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = leave_session(tmp_path / "evening")
    at = clock(interruption().at_sample / 16_000)
    fixes = ["--fix", f"not-interruption {at}", "--fix", "rename Mara = Maria"]
    code, out, _ = run(capsys, "review", folder, *fixes, "--agreed", "One thing.", "--next", "Sunday")
    assert code == 0
    assert "A talk of Maria and Jonas" in out or "A talk of Jonas and Maria" in out
    assert "things were put right" in " ".join(out.split())
    page = (folder / "report.html").read_text(encoding="utf-8")
    for text in ("Maria", "One thing.", "Sunday", f"at {at} nobody interrupted"):
        assert text in page
    margin = run(capsys, "config", "turns.overlaps.margin_seconds")[1]
    assert f"margin_seconds = 0.4       # {learnt.learnt_file()}" in margin
    own = tmp_path / "own.toml"
    own.write_text("[turns.overlaps]\nmargin_seconds = 0.15\n", encoding="utf-8")
    told = run(capsys, "config", "turns.overlaps.margin_seconds", "--config", own, "--json")[1]
    assert '"value": 0.15' in told


def test_a_session_is_called_by_its_name_alone(capsys: pytest.CaptureFixture[str]) -> None:
    folder = leave_session(sessions_folder() / "2025-11-23-194210")
    assert run(capsys, "review", folder.name, "--quiet") == (0, "", "")
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "voice-coach review 2025-11-23-194210 --fix swap" in page
    assert run(capsys, "review", "2025-01-01-000000")[0] == 3


def test_a_wrong_correction_changes_nothing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = leave_session(tmp_path / "evening")
    code, _, err = run(capsys, "review", folder, "--fix", "mend 3:08")
    assert code == 2
    assert err.startswith("voice-coach: there is no correction 'mend 3:08'")
    assert not (folder / CORRECTIONS_NAME).exists()


def test_the_agreement_is_exported(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = leave_session(tmp_path / "evening")
    code, out, _ = run(capsys, "review", folder, "--agreed", "One thing.", "--export", "agreement", tmp_path / "out")
    assert code == 0
    assert "One thing." in Path(out.strip()).read_text(encoding="utf-8")
    assert "One thing." in (folder / "report.md").read_text("utf-8"), "what lies in the session is made anew, too"
    both = ("--export", "csv", tmp_path / "out", "--export", "md", tmp_path / "out")
    assert run(capsys, "review", folder, *both)[1].split() == [
        str(tmp_path / "out" / "turns.csv"),
        str(tmp_path / "out" / "report.md"),
    ]
    code, _, err = run(capsys, "review", folder, "--export", "pdf", tmp_path / "out")
    assert (code, "there are json, md, rttm, csv, vtt, agreement" in err) == (2, True)
