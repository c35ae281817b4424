"""What holds for every talk: thousands of random ones through turns, rules, restraint and report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.marked import MarkedTalk, eager, run_marked, run_told
from tests.talks import NAMES, TENTH, coach, lines, speech, track, unit
from voice_coach import coaching, resources
from voice_coach.coaching import CoachingOptions
from voice_coach.events import (
    PEOPLE,
    CueHeldBack,
    CueOutcome,
    CueSettled,
    Event,
    FloorTaken,
    InterPausalUnit,
    OverlapHeard,
    Speaker,
    TalkEnded,
    TurnEnded,
    WordsHeard,
)
from voice_coach.lexicon import load_lexicon
from voice_coach.report import SessionFacts, build_report
from voice_coach.restraint import RestraintOptions
from voice_coach.rules import Proposal, Rule, RuleOptions, all_rules
from voice_coach.segment import Segment

A, B = Speaker.A, Speaker.B
LEXICON = load_lexicon(resources.config_folder() / "language" / "en.toml")  # not a fixture: those are printed whole

LONG_NAMES = {A: "Anna Maria Theresia von der Vogelweide", B: "Jean Baptiste Emanuel de la Tour"}


@settings(max_examples=1500)
@given(lines(), lines())
def test_turns_are_ordered_whole_and_apart(a: str, b: str) -> None:
    events = track(a, b)
    turns = [event.turn for event in events if isinstance(event, TurnEnded)]
    overlaps = [event.overlap for event in events if isinstance(event, OverlapHeard)]
    taken = [event for event in events if isinstance(event, FloorTaken)]
    assert len(turns) == len(taken)
    assert [(t.speaker, t.segment.start) for t in turns] == [(e.speaker, e.at_sample) for e in taken]
    assert all(one.segment.start <= two.segment.start for one, two in pairwise(turns))
    assert all(0 < turn.speech_samples <= turn.segment.samples for turn in turns)
    assert all(0.0 <= turn.confidence <= 1.0 for turn in turns)
    said = speech(a, b)
    assert sum(t.speech_samples for t in turns) <= sum(segment.samples for _, segment in said)
    # Whoever speaks is in a turn of their own or beside another's: nobody's speech is lost.
    if said:
        assert turns
        assert turns[0].segment.start == min(segment.start for _, segment in said)
    for overlap in overlaps:
        assert overlap.by is not overlap.of
        assert any(segment.overlap(overlap.segment) for who, segment in said if who is overlap.by)


@settings(max_examples=300)
@given(lines(), lines(), st.floats(0.0, 0.74))
def test_nobody_unsure_is_ever_said_to_interrupt(a: str, b: str, confidence: float) -> None:
    kinds = {e.overlap.kind.value for e in track(a, b, confidence=confidence) if isinstance(e, OverlapHeard)}
    assert kinds <= {"unclear", "turn_edge"}


@st.composite
def heated_talks(draw: st.DrawFn) -> tuple[str, str]:
    """Talks with many interruptions, long holds and pauses: the coach has reasons to speak."""
    a, b = "", ""
    for _ in range(draw(st.integers(3, 10))):
        hold, overlap, rest, pause = (draw(st.integers(*bounds)) for bounds in ((20, 300), (4, 14), (25, 120), (2, 45)))
        own, other = "x" * hold + "." * (rest + pause), "." * (hold - overlap) + "x" * (overlap + rest) + "." * pause
        swap = draw(st.booleans()) and draw(st.booleans())
        a, b = (a + other, b + own) if swap else (a + own, b + other)
    return a, b


@settings(max_examples=1500)
@given(heated_talks(), st.booleans(), st.sampled_from([NAMES, LONG_NAMES]))
def test_the_coach_keeps_its_promises(talk: tuple[str, str], quick: bool, names: dict[Speaker, str]) -> None:
    restraint = RestraintOptions(spacing_seconds=30.0, budget=2, budget_window_seconds=60.0)
    restraint = replace(restraint, quiet_opening_seconds=0.0) if quick else restraint
    options = CoachingOptions(rules=RuleOptions(hold_seconds=60.0), restraint=restraint)
    events = coach(*talk, LEXICON, options, names)
    said = speech(*talk)

    begun = [event for event in events if isinstance(event, CueSettled) and event.started_sample is not None]
    for event in begun:
        started = event.started_sample
        assert started is not None
        assert not any(segment.start < started < segment.end for _, segment in said)
        assert started - max((s.end for _, s in said if s.start < started), default=0) >= 0.8 * 16_000
        assert event.cue.decided_sample <= started <= event.cue.expires_sample
        assert quick or started >= 180 * 16_000
        assert event.cue.evidence
        assert len(event.cue.text.split()) <= 12
        if event.outcome is CueOutcome.YIELDED and event.finished_sample is not None:
            onset = min(s.start for _, s in said if s.start >= started)
            assert event.finished_sample - onset <= 0.3 * 16_000 + TENTH
    times = [event.started_sample or 0 for event in begun]
    assert all(two - one >= 30 * 16_000 for one, two in pairwise(times))
    assert all(sum(first <= time < first + 60 * 16_000 for time in times) <= 2 for first in times)
    named = [event.cue.named for event in begun if event.cue.named is not None]
    most = max(named.count(A), named.count(B))
    assert most - (len(named) - most) <= 1 or most <= 0.6 * len(named)
    assert all(one.cue.text != two.cue.text for one, two in pairwise(begun) if one.cue.rule == two.cue.rule)


SENTENCES = (
    "you never listen to me", "thank you for telling me that", "mm-hm", "right", "I have never told anyone this",
    "so so so so so so so", "what would help", "",
)  # fmt: skip
Told = list[tuple[InterPausalUnit, str]]


def told_units(most: int) -> st.SearchStrategy[list[tuple[int, int, float, str]]]:
    """One person's pauses and units in tenths, how sure it is who that is, and what is said."""
    confidences, texts = st.sampled_from([0.3, 0.8, 1.0]), st.sampled_from(SENTENCES)
    return st.lists(st.tuples(st.integers(3, 20), st.integers(1, 40), confidences, texts), max_size=most)


@st.composite
def told_talks(draw: st.DrawFn) -> Told:
    """Short talks: units of two people, sure and unsure, and of a third voice, each with what is said in it."""
    told: Told = []
    for speaker, most in ((A, 4), (B, 4), (Speaker.UNKNOWN, 1)):
        end = 0
        for pause, length, confidence, text in draw(told_units(most)):
            segment = Segment(end + pause * TENTH, end + (pause + length) * TENTH)
            told.append((unit(speaker, segment, confidence), text))
            end = segment.end
    return told


@settings(max_examples=2000)
@given(told_talks())
def test_figures_add_up(told: Told) -> None:
    """Over the whole pipeline but for the sound: turns, words, lens, coach and report."""
    units = [unit for unit, _ in told]
    samples = max((unit.segment.end for unit in units), default=0) + 20 * TENTH
    script = {(unit.speaker, unit.segment): text for unit, text in told if text}
    events = run_told(units, samples, script, LEXICON)
    report = build_report(events, SessionFacts("x", "x", NAMES, words_engine="script", voice="tone"))
    session, speakers, overlaps = report.session, report.speakers, report.overlaps

    def spoken(*who: Speaker, unsure: bool = False) -> float:
        return sum(u.segment.seconds for u in units if u.speaker in who and not (unsure and u.sure))

    assert session.status == "complete"
    assert session.duration_seconds == session.heard_seconds == pytest.approx(samples / 16_000, abs=1e-3)
    assert session.unsure_seconds == pytest.approx(spoken(A, B, unsure=True), abs=1e-3)
    assert session.unknown_seconds == pytest.approx(spoken(Speaker.UNKNOWN), abs=1e-3)
    assert len(report.speech) == len(units)
    for person, figures in zip(PEOPLE, speakers, strict=True):
        talk, turns = spoken(person), [turn for turn in report.turns if turn.speaker == figures.name]
        lengths = [turn.end_seconds - turn.start_seconds for turn in turns]
        assert figures.talk_seconds == pytest.approx(talk, abs=1e-3)
        assert figures.talk_share == (pytest.approx(talk / spoken(A, B), abs=1e-3) if spoken(A, B) else None)
        assert figures.turns == len(turns)
        assert figures.longest_turn_seconds == (pytest.approx(max(lengths), abs=2e-3) if turns else None)
        made = [overlap for overlap in overlaps if overlap.by == figures.name]
        assert figures.interruptions_made == sum(overlap.kind == "interruption" for overlap in made)
        assert figures.backchannels_given == sum(overlap.kind == "backchannel" for overlap in made)
    assert sum(s.interruptions_made for s in speakers) == sum(s.interruptions_received for s in speakers)
    written = [event for event in events if isinstance(event, WordsHeard)]
    assert session.utterances_left_out == sum(event.doubtful is not None for event in written)
    assert sum(s.words or 0 for s in speakers) == sum(len(e.words) for e in written if e.doubtful is None)
    assert sum(len((turn.text or "").split()) for turn in report.turns) <= sum(s.words or 0 for s in speakers)
    assert len(report.cues) == sum(isinstance(event, CueSettled) for event in events)
    assert len(report.held_back) == sum(isinstance(event, CueHeldBack) for event in events)
    assert sum(isinstance(event, TalkEnded) for event in events) == 1


@settings(max_examples=300)
@given(heated_talks(), st.booleans())
def test_nothing_that_might_be_said_vanishes(talk: tuple[str, str], quick: bool) -> None:
    """What is proposed is said, or the review learns why not."""
    restraint = RestraintOptions(quiet_opening_seconds=0.0 if quick else 180.0, spacing_seconds=30.0)
    options = CoachingOptions(rules=RuleOptions(hold_seconds=60.0), restraint=restraint)
    proposed: list[str] = []

    class Noted:
        """A rule, and a note of what it proposes."""

        def __init__(self, rule: Rule) -> None:
            self.rule = rule
            self.start_anew = rule.start_anew

        def observe(self, event: Event, now: int) -> Iterator[Proposal]:
            return self.note(self.rule.observe(event, now))

        def tick(self, now: int) -> Iterator[Proposal]:
            return self.note(self.rule.tick(now))

        def note(self, proposals: Iterator[Proposal]) -> Iterator[Proposal]:
            for proposal in proposals:
                proposed.append(proposal.rule)
                yield proposal

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(coaching, "all_rules", lambda options: tuple(map(Noted, all_rules(options))))
        events = coach(*talk, LEXICON, options)
    told = [event.cue.rule for event in events if isinstance(event, CueSettled)]
    told += [event.rule for event in events if isinstance(event, CueHeldBack)]
    assert sorted(told) == sorted(proposed)


@settings(max_examples=8)
@given(heated_talks())
def test_figures_of_sound_add_up(talk: tuple[str, str]) -> None:
    marked = MarkedTalk(speech(*talk), TENTH * (max(map(len, talk)) + 10))
    events = run_marked(marked, LEXICON, eager())
    report = build_report(events, SessionFacts("x", "x", NAMES))
    talked = sum(speaker.talk_seconds for speaker in report.speakers)
    assert abs(sum(speaker.talk_share or 0.0 for speaker in report.speakers) - 1.0) < 1e-3
    assert abs(talked - sum(segment.seconds for _, segment in marked.speech)) <= 0.08 * len(marked.speech)
    assert sum(s.interruptions_made for s in report.speakers) == sum(s.interruptions_received for s in report.speakers)
    assert sum(s.turns for s in report.speakers) == len(report.turns)
    assert sum(isinstance(event, TalkEnded) for event in events) == 1
