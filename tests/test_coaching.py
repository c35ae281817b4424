"""The coach on whole talks of marked samples: what it says, when, and what it keeps to itself."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.marked import MarkedTalk, eager, marked_pipeline, run_marked
from tests.talks import NAMES, TENTH, speech
from voice_coach import resources
from voice_coach.coaching import Coach, CoachingOptions
from voice_coach.engines.fakes import ScriptedTranscriber
from voice_coach.events import (
    Command,
    CueHeldBack,
    CueOutcome,
    CueSettled,
    CueStarted,
    Event,
    Overlap,
    OverlapHeard,
    OverlapKind,
    OverlapReclassified,
    Phrase,
    PhraseFound,
    PhraseKind,
    Say,
    Speaker,
    StopSaying,
    TalkEnded,
    Utterance,
    Word,
    WordsHeard,
    WordsMissing,
)
from voice_coach.framing import HOP
from voice_coach.lexicon import Lexicon, load_lexicon
from voice_coach.pipeline import PipelineOptions
from voice_coach.runner import RecordedAnswers, run_recorded
from voice_coach.segment import Segment, to_samples

A, B = Speaker.A, Speaker.B
ENGLISH = load_lexicon(resources.config_folder() / "language" / "en.toml")  # not a fixture: hypothesis prints those

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
    assert held_back(events) == [
        ("floor_back", "it came about by itself"),
        ("interruptions", "the first minutes belong to the two of you"),
    ]


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
    assert ("interruptions", "someone was opening up or making peace") in held_back(events)


TENDER = "I have never told anyone this. I am scared"


@pytest.mark.parametrize("words_seconds", [0.0, 0.5, 1.0])
def test_it_does_not_speak_right_after_a_disclosure(lexicon: Lexicon, words_seconds: float) -> None:
    """The words of what was said last come after the pause is long enough: they are waited for."""
    check_that_it_keeps_quiet(lexicon, eager(), words_seconds)


@pytest.mark.parametrize("lead_tenths", range(8))
def test_nor_at_a_pause_that_is_too_short_for_a_whole_utterance(lexicon: Lexicon, lead_tenths: int) -> None:
    """Wherever in a hop it begins."""
    options = eager()
    restraint = replace(options.coaching.restraint, pause_seconds=0.4)
    options = replace(options, coaching=replace(options.coaching, restraint=restraint))
    check_that_it_keeps_quiet(lexicon, options, lead_tenths=lead_tenths)


def check_that_it_keeps_quiet(
    lexicon: Lexicon, options: PipelineOptions, words_seconds: float = 0.0, lead_tenths: int = 0
) -> None:
    lead, last = "." * lead_tenths, Segment((212 + lead_tenths) * TENTH, (265 + lead_tenths) * TENTH)
    heard = talk((lead, lead), ROUND, ROUND, ROUND, PAUSE, ("." * 200, "." * 200), script={(B, last): TENDER})
    events = run_marked(heard, lexicon, options, words_seconds=words_seconds)
    assert any(isinstance(event, PhraseFound) for event in events)
    assert settled(events) == []
    assert ("interruptions", "someone was opening up or making peace") in held_back(events)


def started_after(lexicon: Lexicon, words_seconds: float, options: PipelineOptions, said: str = "And then") -> float:
    """How long after the speech the sentence begins, in seconds, where words come so late."""
    heard = talk(ROUND, ROUND, ROUND, PAUSE, script={(B, Segment(212 * TENTH, 265 * TENTH)): said})
    (cue,) = settled(run_marked(heard, lexicon, options, words_seconds=words_seconds))
    assert cue.started_sample is not None
    return (cue.started_sample - 265 * TENTH) / 16_000


def test_quick_words_hardly_delay_a_sentence(lexicon: Lexicon) -> None:
    """They are asked for as soon as the detector has been quiet for long enough, ahead of attribution."""
    assert 0.8 <= started_after(lexicon, 0.0, eager()) <= 1.3


@pytest.mark.parametrize("words_seconds", [2.5, 3.0])
def test_slow_words_are_waited_for_only_so_long(lexicon: Lexicon, words_seconds: float) -> None:
    options = eager()
    restraint = replace(options.coaching.restraint, words_seconds=words_seconds)
    options = replace(options, coaching=replace(options.coaching, restraint=restraint))
    assert words_seconds <= started_after(lexicon, 30.0, options, TENDER) <= words_seconds + 0.2


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
    of_the_coach = WordsMissing | CueSettled | CueHeldBack
    assert [e for e in failing if not isinstance(e, of_the_coach)] == [
        e for e in silent if not isinstance(e, of_the_coach)
    ]
    # It waits until the last words are known to be missing, and then says the same.
    assert [(e.cue.text, e.cue.evidence) for e in settled(failing)] == [
        (e.cue.text, e.cue.evidence) for e in settled(silent)
    ]
    assert held_back(failing) == held_back(silent)


# What words take back

QUESTION = "Did you call your sister?"
LISTENING = "Oh. I see."


def in_round(number: int, who: Speaker, text: str) -> dict[tuple[Speaker, Segment], str]:
    """What one person says in a round of interruption."""
    first, last = (0, 40) if who is A else (32, 85)
    return {(who, Segment((90 * number + first) * TENTH, (90 * number + last) * TENTH)): text}


@pytest.mark.parametrize(("who", "text"), [(A, QUESTION), (B, LISTENING)])
@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("words_seconds", [0.0, 3.0])
def test_what_words_show_to_be_no_interruption_does_not_count(
    lexicon: Lexicon, who: Speaker, text: str, number: int, words_seconds: float
) -> None:
    heard = talk(ROUND, ROUND, ROUND, ("." * 100, "." * 100), script=in_round(number, who, text))
    options = eager()
    restraint = replace(options.coaching.restraint, pause_seconds=3.9)  # so that also slow words come in time
    options = replace(options, coaching=replace(options.coaching, restraint=restraint))
    events = run_marked(heard, lexicon, options, words_seconds=words_seconds)
    assert sum(isinstance(event, OverlapReclassified) for event in events) == 1
    assert settled(events) == []
    assert set(held_back(events)) <= {
        (rule, "words showed it in another light") for rule in ("floor_back", "interruptions")
    }


def test_enough_others_still_count(lexicon: Lexicon) -> None:
    heard = talk(*[ROUND] * 4, PAUSE, script=in_round(1, A, QUESTION))
    (cue,) = settled(run_marked(heard, lexicon, eager()))
    assert [evidence.segment.start // (90 * TENTH) for evidence in cue.cue.evidence] == [0, 2, 3]


def test_a_finished_sentence_takes_nothing_back(lexicon: Lexicon) -> None:
    """Recognisers end every utterance with a full stop."""
    heard = talk(ROUND, ROUND, ROUND, PAUSE, script=in_round(2, A, "I wanted to tell you about the summer."))
    (cue,) = settled(run_marked(heard, lexicon, eager()))
    assert cue.cue.rule == "floor_back"


# The coach by itself

NOW = to_samples(600)


def ready_coach(
    lexicon: Lexicon, *said: WordsHeard, options: CoachingOptions | None = None, names: dict[Speaker, str] = NAMES
) -> tuple[Coach, list[Event]]:
    """A coach that heard B cut A off three times, the last time at `NOW`, and what it told so far."""
    coach = Coach(lexicon, names, options or CoachingOptions())
    events: list[Event] = []
    for number in range(3):
        start = NOW - to_samples(30 * (2 - number))
        events += coach.observe(interruption(number, start), NOW)
    for words in said:
        events += coach.observe(words, NOW)
    return coach, events


def interruption(number: int, start: int) -> OverlapHeard:
    segment = Segment(start, start + to_samples(0.8))
    return OverlapHeard(Overlap(number, OverlapKind.INTERRUPTION, B, A, segment, 0.95))


def speak(coach: Coach) -> tuple[list[Event | Command], Say]:
    """What it tells when it begins to speak at a pause."""
    now = NOW + to_samples(5)
    *told, say = coach.process(now, now - to_samples(1), now)
    assert isinstance(say, Say)
    return told, say


@pytest.mark.parametrize(("sure", "read_back"), [(True, True), (False, False)])
def test_words_that_may_be_another_s_are_not_read_back(lexicon: Lexicon, sure: bool, read_back: bool) -> None:
    segment = Segment(NOW - to_samples(4), NOW + to_samples(0.8))
    words = WordsHeard(
        Utterance(0, A, segment, sure), "test", (Word("I wanted to talk about the summer"), Word("and then I"))
    )
    coach, _ = ready_coach(lexicon, words)
    assert ("the summer" in speak(coach)[1].cue.text) is read_back


def test_what_is_not_said_because_something_else_is_is_told(lexicon: Lexicon) -> None:
    coach, told = ready_coach(lexicon)
    assert told == []
    told_now, say = speak(coach)
    assert say.cue.rule == "floor_back"
    assert [(e.rule, e.reason) for e in told_now if isinstance(e, CueHeldBack)] == [
        ("interruptions", "something else was said at this pause")
    ]


def test_a_repetition_is_told(lexicon: Lexicon) -> None:
    coach, _ = ready_coach(lexicon)
    told = coach.observe(interruption(3, NOW + to_samples(3)), NOW + to_samples(4))
    assert held_back(list(told)) == [
        (rule, "the same was waiting to be said") for rule in ("floor_back", "interruptions")
    ]


def test_what_words_call_for_after_the_end_is_told(lexicon: Lexicon) -> None:
    coach = Coach(lexicon, NAMES, CoachingOptions())
    assert list(coach.finish(NOW)) == []
    sharp = [PhraseFound(Phrase(PhraseKind.ABSOLUTE, A, NOW - n, "You never listen.", "never")) for n in (3, 2, 1)]
    told = [event for phrase in sharp for event in coach.observe(phrase, NOW)]
    assert held_back(told) == [("sharp_words", "the talk was over")]


def stopped(lexicon: Lexicon, speech: Segment, grace_seconds: float = 0.2) -> int | None:
    """When a sentence stops that begins at 0 and that speech is heard over, in samples after the speech began."""
    coach, _ = ready_coach(lexicon, options=CoachingOptions(grace_seconds=grace_seconds))
    _, say = speak(coach)
    began = say.cue.decided_sample
    assert list(coach.take(CueStarted(say.cue.cue_id, began, in_microphone=False))) == []
    for heard in range(HOP, to_samples(3), HOP):
        last = began + min(heard, speech.end) if heard > speech.start else began - to_samples(1)
        if StopSaying(say.cue.cue_id) in coach.process(began + heard, last, began + heard):
            return heard - speech.start
    return None


def test_a_noise_as_it_begins_does_not_stop_a_sentence(lexicon: Lexicon) -> None:
    noise = Segment(0, to_samples(0.19))
    assert stopped(lexicon, noise) is None
    assert stopped(lexicon, noise, grace_seconds=0.1) is not None
    assert stopped(lexicon, Segment(0, to_samples(2))) is not None


@given(start=st.integers(to_samples(0.2), to_samples(2)), length=st.integers(512, to_samples(1)))
def test_any_later_speech_stops_it_within_a_hop(start: int, length: int) -> None:
    """A hop, and a fade of 0.1 s, are less than the 0.3 s in which it has to fall silent."""
    after = stopped(ENGLISH, Segment(start, start + length))
    assert after is not None
    assert after <= HOP


LONG = {A: "Anna Maria Theresia Josepha von der Vogelweide", B: "Jean Baptiste Emanuel de la Tour"}


def test_only_the_first_words_of_a_long_name_are_said(lexicon: Lexicon) -> None:
    coach, _ = ready_coach(lexicon, names=LONG)
    text = speak(coach)[1].cue.text
    assert "Anna Maria" in text
    assert "Theresia" not in text
