"""The whole loop on talks whose truth is known, with real models, a real words engine and a real voice."""

from __future__ import annotations

import pytest
from pyannote.core import Segment

from tests.heard import TALKS, hear, silent_around
from tools.scoring import diarization_error, event_score, share_error_points, word_error
from voice_coach.events import OverlapKind

SPOKEN = [name for name in TALKS if name != "noise"]

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("moonshine_model", "system_voice")]


def test_all_talks_are_there() -> None:
    assert set(TALKS) >= {"demo", "calm", "heated", "monologue", "backchannels", "noise"}


@pytest.mark.parametrize("name", SPOKEN)
def test_it_is_known_who_speaks_when(name: str) -> None:
    heard = hear(name)
    assert diarization_error(heard.truth, heard.report)["error"] <= 0.08
    assert share_error_points(heard.truth, heard.report) <= 3.0


@pytest.mark.parametrize("name", TALKS)
def test_the_coach_says_what_it_should_and_nothing_else(name: str) -> None:
    heard = hear(name)
    spoken = [cue for cue in heard.report.cues if cue.started_at_seconds is not None]
    expected = heard.truth.table["expected_cues"]
    assert [cue.rule for cue in spoken] == [cue["rule"] for cue in expected]
    for cue, due in zip(spoken, expected, strict=True):
        assert cue.started_at_seconds is not None
        assert due["due_seconds"] - 1.0 <= cue.started_at_seconds <= due["latest_seconds"]
        assert silent_around(heard.truth, cue.started_at_seconds, before=0.7, after=0.05)
        assert cue.outcome == "spoken"
        assert cue.evidence
    if not heard.truth.table["may_cue"]:
        assert heard.report.cues == ()


@pytest.mark.parametrize("name", TALKS)
def test_no_listening_or_quick_answer_is_taken_for_an_interruption(name: str) -> None:
    heard = hear(name)
    score = event_score(heard.truth, heard.report, OverlapKind.INTERRUPTION)
    assert score.right == score.heard


@pytest.mark.parametrize("name", ["demo", "heated"])
def test_interruptions_are_found(name: str) -> None:
    heard = hear(name)
    score = event_score(heard.truth, heard.report, OverlapKind.INTERRUPTION)
    assert score.right >= 0.8 * score.true


def test_listening_is_counted() -> None:
    heard = hear("backchannels")
    score = event_score(heard.truth, heard.report, OverlapKind.BACKCHANNEL)
    assert score.right >= 0.6 * score.true


@pytest.mark.parametrize("person", ["A", "B"])
def test_the_words_of_the_demo_are_written_down(person: str) -> None:
    heard = hear("demo")
    assert word_error(heard.truth, heard.report, person) <= 0.10


def test_words_follow_their_speech() -> None:
    """No word stands outside the talk, and utterances are in the order in which they were spoken."""
    heard = hear("demo")
    for turn in heard.report.turns:
        assert 0 <= turn.start_seconds < turn.end_seconds <= heard.report.session.duration_seconds
    assert sum(turn.text is not None for turn in heard.report.turns) > 0.9 * len(heard.report.turns)


def test_the_demo_shows_phrases_of_every_kind() -> None:
    kinds = {phrase.kind for phrase in hear("demo").report.phrases}
    assert kinds >= {
        "absolute", "label", "blame", "demand", "i_statement", "softened", "repair", "appreciation", "validation",
        "question", "paraphrase",
    }  # fmt: skip


def test_the_demo_shows_overlaps_of_every_kind() -> None:
    kinds = {overlap.kind for overlap in hear("demo").report.overlaps}
    assert kinds >= {kind.value for kind in OverlapKind} - {"unclear"}


def test_nothing_is_heard_in_noise() -> None:
    report = hear("noise").report
    assert report.turns == ()
    assert [speaker.talk_seconds for speaker in report.speakers] == [0.0, 0.0]
    assert [speaker.talk_share for speaker in report.speakers] == [None, None]


@pytest.mark.parametrize("name", SPOKEN)
def test_nobody_is_unknown_where_only_two_speak(name: str) -> None:
    """Laughter, which is nobody's speech, may be anybody's."""
    heard = hear(name)
    laughter = [Segment(s["start_seconds"], s["end_seconds"]) for s in heard.truth.table["laughter"]]
    unknown = [Segment(s.start_seconds, s.end_seconds) for s in heard.report.speech if s.speaker is None]
    outside = sum(u.duration - sum((u & joke).duration for joke in laughter) for u in unknown)
    assert outside <= 0.02 * sum(speaker.talk_seconds for speaker in heard.report.speakers)


def test_what_was_said_can_be_understood() -> None:
    """The prompt of the demo, as it was rendered, transcribed by a real engine."""
    from voice_coach.engines.moonshine import MoonshineTranscriber  # noqa: PLC0415
    from voice_coach.events import Speaker, Utterance  # noqa: PLC0415
    from voice_coach.segment import Segment  # noqa: PLC0415

    (said,) = hear("demo").said
    utterance = Utterance(0, Speaker.A, Segment(0, len(said.samples)))
    words = MoonshineTranscriber().transcribe(utterance, 0, said.samples).words
    text = hear("demo").report.cues[0].text
    common = {w.text.lower().strip(".,?!:") for w in words} & {w.lower().strip(".,?!:") for w in text.split()}
    assert len(common) >= 0.5 * len(set(text.split()))
