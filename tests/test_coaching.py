"""The coach on whole talks of marked samples: what it says, when, and what it keeps to itself."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import pytest

from tests.marked import MarkedTalk, eager, marked_pipeline, run_marked
from tests.talks import NAMES, TENTH, speech
from voice_coach.engines.fakes import ScriptedTranscriber
from voice_coach.events import (
    CueHeldBack,
    CueOutcome,
    CueSettled,
    Event,
    PhraseFound,
    Speaker,
    TalkEnded,
)
from voice_coach.lexicon import Lexicon
from voice_coach.pipeline import PipelineOptions
from voice_coach.runner import RecordedAnswers, run_recorded
from voice_coach.segment import Segment

A, B = Speaker.A, Speaker.B

# B cuts A off after an overlap of 0.8 s and holds the floor for 4.5 s: 9 s in all.
ROUND = ("a" * 40 + "." * 50, "." * 32 + "b" * 53 + "." * 5)
# A pause of 4 s, in which the floor is still B's, and then A.
PAUSE = ("." * 40 + "a" * 30, "." * 70)


def talk(*parts: tuple[str, str], script: dict[tuple[Speaker, Segment], str] | None = None) -> MarkedTalk:
    a, b = ("".join(lines) for lines in zip(*parts, strict=True))
    return MarkedTalk(speech(a, b), TENTH * max(len(a), len(b)), script or {})


def settled(events: list[Event]) -> list[CueSettled]:
    return [event for event in events if isinstance(event, CueSettled)]


def held_back(events: list[Event]) -> list[tuple[str, str]]:
    return [(event.rule, event.reason) for event in events if isinstance(event, CueHeldBack)]


def test_the_floor_goes_back_by_name_at_the_pause(lexicon: Lexicon) -> None:
    (cue,) = settled(run_marked(talk(ROUND, ROUND, ROUND, PAUSE), lexicon, eager()))
    assert (cue.cue.rule, cue.cue.named, cue.outcome) == ("floor_back", A, CueOutcome.SPOKEN)
    assert NAMES[A] in cue.cue.text
    pause_start = (3 * 90 - 5) * TENTH
    assert cue.started_sample is not None
    assert 0.8 <= (cue.started_sample - pause_start) / 16_000 <= 1.5


def test_their_own_words_are_read_back(lexicon: Lexicon) -> None:
    last = Segment(180 * TENTH, 220 * TENTH)
    heard = talk(ROUND, ROUND, ROUND, PAUSE, script={(A, last): "I wanted to talk about the summer and then you know"})
    (cue,) = settled(run_marked(heard, lexicon, eager()))
    assert "the summer" in cue.cue.text


def test_if_they_took_the_floor_themselves_both_are_reminded_instead(lexicon: Lexicon) -> None:
    taken = ("a" * 30 + "." * 40, "." * 70)
    (cue,) = settled(run_marked(talk(ROUND, ROUND, ROUND, taken), lexicon, eager()))
    assert (cue.cue.rule, cue.cue.named) == ("interruptions", None)


def test_the_first_minutes_are_quiet_and_the_review_learns_why(lexicon: Lexicon) -> None:
    events = run_marked(talk(ROUND, ROUND, ROUND, PAUSE, ("." * 200, "." * 200)), lexicon)
    assert settled(events) == []
    # The floor came back by itself, so only the other sentence was ever held back.
    assert held_back(events) == [("interruptions", "the first minutes belong to the two of you")]


def test_without_a_pause_in_time_it_expires_unsaid(lexicon: Lexicon) -> None:
    busy = ("." * 260, "b" * 250 + "." * 10)
    run = ("a" * 40 + "." * 40, "." * 32 + "b" * 48)  # no pause after the interruption
    events = run_marked(talk(ROUND, ROUND, run, busy), lexicon, eager())
    assert [cue.outcome for cue in settled(events)] == [CueOutcome.EXPIRED] * 2
    assert all(cue.started_sample is None for cue in settled(events))


def test_with_more_patience_it_is_said_at_the_late_pause(lexicon: Lexicon) -> None:
    options = eager()
    rules = replace(options.coaching.rules, patience_seconds=40.0)
    patient = replace(options, coaching=replace(options.coaching, rules=rules))
    run = ("a" * 40 + "." * 40, "." * 32 + "b" * 48)  # no pause after the interruption
    late = talk(ROUND, ROUND, run, ("." * 300, "b" * 250 + "." * 50))
    assert [cue.outcome for cue in settled(run_marked(late, lexicon, options))] == [CueOutcome.EXPIRED] * 2
    assert [cue.outcome for cue in settled(run_marked(late, lexicon, patient))] == [CueOutcome.SPOKEN]


def test_a_long_mutual_silence_is_not_broken(lexicon: Lexicon) -> None:
    """A cue that becomes due deep in a silence that both keep stays unsaid."""
    options = eager(PipelineOptions())
    rules = replace(options.coaching.rules, hold_seconds=60.0)
    restraint = replace(options.coaching.restraint, pause_seconds=0.8, shared_silence_seconds=1.5)
    options = replace(options, coaching=replace(options.coaching, rules=rules, restraint=restraint))
    line = "a" * 580 + "." * 25 + "a" * 10  # due at 60 s, two seconds into the silence
    events = run_marked(talk((line, "." * len(line))), lexicon, options)
    assert [cue for cue in settled(events) if cue.started_sample is not None] == []


def test_it_yields_to_whom_it_would_talk_over(lexicon: Lexicon) -> None:
    short_pause = ("." * 4 + "a" * 40, "." * 44)
    (cue,) = settled(run_marked(talk(ROUND, ROUND, ROUND, short_pause), lexicon, eager()))
    assert cue.outcome is CueOutcome.YIELDED
    assert cue.started_sample is not None
    assert cue.finished_sample is not None
    speech_starts = (3 * 90 + 4) * TENTH
    assert cue.started_sample < speech_starts
    assert cue.finished_sample - speech_starts <= 0.6 * 16_000


def test_without_a_voice_it_is_shown(lexicon: Lexicon) -> None:
    heard = talk(ROUND, ROUND, ROUND, PAUSE)
    pipeline = marked_pipeline(lexicon, eager())
    events = list(run_recorded(heard.blocks([4000]), pipeline, RecordedAnswers(None, None)))
    (cue,) = settled(events)
    assert (cue.outcome, cue.started_sample, cue.finished_sample) == (CueOutcome.SHOWN, None, None)


def test_disclosure_keeps_it_silent(lexicon: Lexicon) -> None:
    script = {(A, Segment(180 * TENTH, 220 * TENTH)): "I have never told anyone this. I am scared"}
    events = run_marked(talk(ROUND, ROUND, ROUND, PAUSE, ("." * 200, "." * 200), script=script), lexicon, eager())
    assert any(isinstance(event, PhraseFound) for event in events)
    assert settled(events) == []
    assert held_back(events) == [("interruptions", "someone was opening up or making peace")]


def test_what_is_pending_at_the_end_is_held_back(lexicon: Lexicon) -> None:
    events = run_marked(talk(ROUND, ROUND, ROUND), lexicon)
    assert isinstance(events[-1], TalkEnded)
    assert {reason for _, reason in held_back(events)} == {"the talk was over"}


def test_wordings_take_turns(lexicon: Lexicon) -> None:
    options = eager()
    restraint = replace(options.coaching.restraint, spacing_seconds=10.0, budget=20, named_share=1.0)
    options = replace(options, coaching=replace(options.coaching, restraint=restraint))
    texts = [cue.cue.text for cue in settled(run_marked(talk(*[ROUND, ROUND, ROUND, PAUSE] * 5), lexicon, options))]
    assert len(texts) >= 3
    assert all(one != two for one, two in pairwise(texts))


@pytest.mark.parametrize("word", ["should", "must", "always", "never", "stop", "calm down", "fault", "wrong", "angry"])
def test_reasons_and_evidence_are_gentle(lexicon: Lexicon, word: str) -> None:
    """The review shows them word for word."""
    uneven = ("a" * 1600 + "." * 40, "." * 1640)
    said = [*run_marked(talk(ROUND, ROUND, ROUND, PAUSE), lexicon), *run_marked(talk(uneven), lexicon, eager())]
    texts = [e.reason for e in said if isinstance(e, CueHeldBack)]
    texts += [item.what for e in said if isinstance(e, CueHeldBack) for item in e.evidence]
    texts += [item.what for e in said if isinstance(e, CueSettled) for item in e.cue.evidence]
    assert texts
    assert not any(re.search(rf"\b{word}\b", text) for text in texts)


def test_a_failing_words_engine_changes_nothing_but_words(lexicon: Lexicon) -> None:
    heard = talk(ROUND, ROUND, ROUND, PAUSE)
    with_words = marked_pipeline(lexicon, eager(), with_words=True)
    answers = RecordedAnswers(ScriptedTranscriber({}), None)
    answers.transcriber = None  # every request fails
    failing = list(run_recorded(heard.blocks([4000]), with_words, answers))
    silent = list(run_recorded(heard.blocks([4000]), marked_pipeline(lexicon, eager()), RecordedAnswers(None, None)))
    assert [e for e in failing if type(e).__name__ != "WordsMissing"] == silent
