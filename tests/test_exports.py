"""Exports: each format is read back by an independent reader and must say what the report says."""

from __future__ import annotations

import csv
import errno
import html
import io
import json
import os
import re
import stat
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import jsonschema
import msgspec
import pytest
import webvtt
from hypothesis import given
from hypothesis import strategies as st
from pyannote.core import Annotation, Segment, Timeline
from pyannote.database.util import load_rttm
from pyannote.metrics.diarization import DiarizationErrorRate

from tests import report_samples as samples
from tools.schema import schema
from voice_coach import resources
from voice_coach.errors import InputError
from voice_coach.events import GainNoticed
from voice_coach.figures import Report
from voice_coach.plan import Plan
from voice_coach.report import build_report
from voice_coach.review.exports import FORMATS, to_csv, to_json, to_markdown, to_rttm, to_vtt, write_exports
from voice_coach.review.files import write_text
from voice_coach.review.html import render_page
from voice_coach.segment import to_samples

HOSTILE = (
    "=HYPERLINK(1)",
    "+1",
    "-1",
    "@a",
    "\tx",
    "\rx",
    'a "quoted", name',
    "two\nlines",
    "Jo --> <b>&amp;",
    "שרה",
    "👩🏽‍🚒",
    "N" * 200,
)


def with_texts(report: Report, text: str) -> Report:
    return replace(report, turns=tuple(replace(turn, text=text) for turn in report.turns))


# JSON


@pytest.mark.parametrize("sample", [samples.every_outcome, samples.wordless, samples.noise, samples.silent_start])
def test_json_decodes_into_an_equal_report(sample: Callable[[], Report]) -> None:
    assert msgspec.json.decode(to_json(sample()), type=Report) == sample()


def test_json_has_the_reports_keys_in_its_order_and_null_for_what_is_not_known() -> None:
    text = to_json(samples.wordless())
    tree = msgspec.json.decode(text)
    assert list(tree) == [field.name for field in fields(Report)]
    assert tree["speakers"][0]["words"] is None
    assert tree["turns"][0]["text"] is None
    assert tree["schema_version"] == 1
    assert text.startswith('{\n  "schema_version": 1,\n  "session": {\n')
    assert text.endswith("}\n")


SCHEMA = json.loads((resources.config_folder() / "report.schema.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("sample", samples.EVERY)
def test_json_keeps_the_published_schema(sample: Callable[[], Report]) -> None:
    report = replace(
        sample(),
        plan=Plan({"Mara": "The evenings."}, minutes=45, break_minutes=25),
        agreements=("Tuesdays, Jonas cooks.",),
        next_talk="Sunday",
    )
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    for one in (report, sample()):
        jsonschema.validate(json.loads(to_json(one)), SCHEMA, jsonschema.Draft202012Validator)


def test_the_schema_notices_a_key_that_is_missing_or_of_another_kind() -> None:
    for damage in ({"schema_version": "1"}, {"session": None}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(json.loads(to_json(samples.talk())) | damage, SCHEMA)
    report = json.loads(to_json(samples.talk()))
    del report["speakers"][0]["talk_share"]
    with pytest.raises(jsonschema.ValidationError, match="talk_share"):
        jsonschema.validate(report, SCHEMA)


def test_the_published_schema_is_of_this_report() -> None:
    """`python -m tools.schema` writes it anew."""
    assert schema() == SCHEMA


# CSV


@pytest.mark.parametrize("text", HOSTILE)
def test_csv_is_read_back_and_holds_no_formula(text: str) -> None:
    report = with_texts(samples.talk(names=(text, "Jonas")), text)
    rows = list(csv.reader(io.StringIO(to_csv(report), newline=""), strict=True))
    assert rows[0] == ["speaker", "start_seconds", "end_seconds", "confidence", "text"]
    expected = f"'{text}" if text[0] in "=+-@\t\r" else text
    for row, turn in zip(rows[1:], report.turns, strict=True):
        assert row[0] == (expected if turn.speaker == text else "Jonas")
        assert [float(cell) for cell in row[1:4]] == [turn.start_seconds, turn.end_seconds, turn.confidence]
        assert row[4] == expected
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row)


def test_csv_leaves_the_words_empty_where_there_are_none() -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(samples.wordless()))))
    assert {row["text"] for row in rows} == {""}
    assert len(rows) == len(samples.wordless().turns)


# RTTM


@pytest.mark.parametrize("name", ["Mara", *HOSTILE, "NA", "nan", "None", "unknown", ""])
def test_rttm_read_by_pyannote_equals_the_speech(name: str, tmp_path: Path) -> None:
    report = samples.talk(names=(name, "Jonas"))
    report = replace(report, session=replace(report.session, id="an evening, late"))
    (tmp_path / "turns.rttm").write_text(to_rttm(report), "utf-8")
    [(uri, annotation)] = load_rttm(tmp_path / "turns.rttm").items()  # type: ignore[no-untyped-call]
    assert uri == "an_evening,_late"
    assert len(annotation.labels()) == 3
    tracks = sorted((s.start, s.end, str(label)) for s, _, label in annotation.itertracks(yield_label=True))
    label_of = {None: "unknown", "Jonas": "Jonas"}
    [label_of[name]] = set(annotation.labels()) - set(label_of.values())
    speech = sorted((s.start_seconds, s.end_seconds, label_of[s.speaker]) for s in report.speech)
    assert [track[2] for track in tracks] == [stretch[2] for stretch in speech]
    assert [track[:2] for track in tracks] == [pytest.approx(stretch[:2], abs=0.0006) for stretch in speech]


@given(st.tuples(st.text(), st.text()).filter(lambda names: names[0] != names[1]))
def test_rttm_has_ten_fields_and_a_label_of_its_own_for_everybody(names: tuple[str, str]) -> None:
    lines = to_rttm(samples.talk(names=names)).splitlines()
    assert {len(line.split(" ")) for line in lines} == {10}
    assert {len(line.split()) for line in lines} == {10}
    assert len({line.split()[7] for line in lines}) == 3


def test_rttm_keeps_names_apart_that_differ_by_a_space() -> None:
    lines = to_rttm(samples.talk(names=("Jo Ann", "Jo_Ann"))).splitlines()
    assert {line.split()[7] for line in lines} == {"Jo_Ann", "Jo_Ann_", "unknown"}


def test_rttm_measured_by_pyannote_has_no_error_against_the_speech(tmp_path: Path) -> None:
    report = samples.talk()
    (tmp_path / "turns.rttm").write_text(to_rttm(report), "utf-8")
    [written] = load_rttm(tmp_path / "turns.rttm").values()  # type: ignore[no-untyped-call]
    reference = Annotation()
    for track, stretch in enumerate(report.speech):
        reference[Segment(stretch.start_seconds, stretch.end_seconds), track] = stretch.speaker or "unknown"
    whole = Timeline([Segment(0, report.session.duration_seconds)])
    assert DiarizationErrorRate()(reference, written, uem=whole) == pytest.approx(0, abs=1e-4)
    shared = {label: written.label_duration(label) for label in ("Mara", "Jonas")}
    for speaker in report.speakers:
        assert shared[speaker.name] == pytest.approx(speaker.talk_seconds, abs=0.1)


def test_rttm_of_a_silent_talk_is_empty() -> None:
    assert to_rttm(samples.noise()) == ""


# WebVTT


def read_vtt(text: str) -> list[tuple[float, float, str, str]]:
    """Start, end, voice and words of every cue, as webvtt-py reads them."""
    captions = webvtt.from_string(text)
    assert not captions.styles
    for caption in captions:
        assert len(caption.raw_text.splitlines()) == 1
        assert re.fullmatch(r"<v [^<>]*>[^<>]*", caption.raw_text)
    return [
        (
            caption.start_in_seconds + caption.start_time.milliseconds / 1000,
            caption.end_in_seconds + caption.end_time.milliseconds / 1000,
            html.unescape(caption.voice or ""),
            html.unescape(caption.text),
        )
        for caption in captions
    ]


def test_vtt_holds_every_turn_in_order() -> None:
    report = samples.talk(repeat=15)
    shuffled = replace(report, turns=tuple(reversed(report.turns)))
    cues = read_vtt(to_vtt(shuffled))
    assert [cue[2:] for cue in cues] == [(turn.speaker, turn.text) for turn in report.turns]
    for cue, turn in zip(cues, report.turns, strict=True):
        assert cue[:2] == pytest.approx((turn.start_seconds, turn.end_seconds), abs=1e-6)
    assert cues[-1][0] > 3600
    assert "NOTE The words were written down by a machine (whisper base.en) and may be wrong." in to_vtt(report)


@pytest.mark.parametrize("text", HOSTILE)
def test_vtt_escapes_names_and_words(text: str) -> None:
    cues = read_vtt(to_vtt(with_texts(samples.talk(names=(text, "Jonas")), text)))
    assert {words for *_, words in cues} == {" ".join(text.split())}
    voices = {voice for _, _, voice, _ in cues} - {"Jonas"}
    assert voices == {" ".join(text.split()) if len(text) < 80 else "N" * 79 + "…"}


def test_a_cue_never_ends_before_it_starts() -> None:
    report = samples.talk()
    turn = replace(report.turns[0], start_seconds=1.0, end_seconds=1.0)
    [(start, end, *_)] = read_vtt(to_vtt(replace(report, turns=(turn,))))
    assert start < end


def test_vtt_without_words_says_so() -> None:
    assert to_vtt(samples.wordless()) == "WEBVTT\n\nNOTE No words were written down in this talk.\n"


# Markdown


def test_markdown_tells_what_went_well_before_all_else() -> None:
    text = to_markdown(samples.every_outcome())
    assert re.findall("^#+ .*", text, re.MULTILINE) == [
        "# A talk of Mara and Jonas",
        "## What went well",
        "## In figures",
        "## What the coach said, and why",
        "## What is not known",
    ]
    assert "| sounds of listening | 6 | 6 |" in text
    assert "| share of the talk | 56% | 44% |" in text
    assert "- 3:03 “Would you say back what you heard?” (shown on the screen). Why: came in before" in text
    assert "not sure whose voice" in text


def test_markdown_invents_nothing_that_was_not_measured() -> None:
    assert "words a minute" not in to_markdown(samples.wordless())
    assert "None" not in to_markdown(samples.wordless()) + to_markdown(samples.noise())
    assert "ended before its time" in to_markdown(samples.interrupted())
    assert "| share of the talk | not measured | not measured |" in to_markdown(samples.noise())


def test_from_where_on_loudness_was_ignored_is_told() -> None:
    report = build_report((*samples.events(), GainNoticed(to_samples(75.5), 7.2)), samples.facts())
    assert report.session.level_ignored_from_seconds == 75.5
    sentence = "From 1:15 on loudness was left out, because the microphone changed its own gain."
    assert f"- {sentence}" in to_markdown(report)
    assert sentence in render_page(report)
    assert samples.talk().session.level_ignored_from_seconds is None
    assert "loudness" not in to_markdown(samples.talk())


@pytest.mark.parametrize("name", [*HOSTILE, "<img src=x>", "[a](b)", "a | b", "`code`", "*star*"])
def test_markdown_shows_names_as_they_are(name: str) -> None:
    text = to_markdown(samples.talk(names=(name, "Jonas")))
    assert not re.search(r"(?<!\\)[<`*\[]", text)
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {4}


# Files


def test_every_file_is_private_and_plain(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "session"
    written = write_exports(samples.talk(), folder)
    assert written == [folder / name for name, _ in FORMATS.values()]
    assert sorted(path.name for path in folder.iterdir()) == sorted(path.name for path in written)
    for path in written:
        content = path.read_bytes()
        assert b"\r" not in content
        assert content.decode()
        if os.name == "posix":
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
    if os.name == "posix":
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_transcript_is_written_only_where_there_are_words(tmp_path: Path) -> None:
    write_exports(samples.talk(), tmp_path)  # an earlier run's must not stay
    names = [path.name for path in write_exports(samples.wordless(), tmp_path)]
    assert names == ["report.json", "report.md", "turns.rttm", "turns.csv"]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)


def test_a_transcript_that_cannot_be_removed_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "transcript.vtt").mkdir()
    with pytest.raises(InputError, match=r"cannot remove .*transcript\.vtt: is a directory"):
        write_exports(samples.wordless(), tmp_path)


def test_writing_again_replaces_and_follows_no_link(tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    target.write_text("untouched")
    (tmp_path / "report.json").symlink_to(target)
    write_text(tmp_path, "report.json", "new")
    assert (tmp_path / "report.json").read_text() == "new"
    assert not (tmp_path / "report.json").is_symlink()
    assert target.read_text() == "untouched"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_failure_is_one_sentence_and_leaves_the_old_file(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_text(tmp_path, "report.json", "old")

    def fail(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(InputError) as caught:
        write_exports(samples.talk(), tmp_path)
    message = str(caught.value)
    assert str(tmp_path) in message
    assert os.strerror(number).lower() in message
    assert "\n" not in message
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]
    assert (tmp_path / "report.json").read_text() == "old"


def test_a_file_in_the_place_of_the_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "session").write_text("a file")
    with pytest.raises(InputError, match="session"):
        write_exports(samples.talk(), tmp_path / "session")
    with pytest.raises(InputError, match="session"):
        write_exports(samples.talk(), tmp_path / "session" / "deeper")
