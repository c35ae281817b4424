"""What words tell of overlaps: only what is sure, and the same whichever comes first."""

from __future__ import annotations

from dataclasses import replace

import pytest

from voice_coach.events import Overlap, OverlapKind, OverlapReclassified, Speaker, Utterance, Word, WordsHeard
from voice_coach.lexicon import Lexicon
from voice_coach.reclassification import ReclassificationOptions, Reclassifier
from voice_coach.segment import Segment, to_samples

A, B = Speaker.A, Speaker.B
OWN, HOLDERS = Segment(to_samples(9.2), to_samples(10.0)), Segment(to_samples(4.0), to_samples(10.0))


def overlap(kind: OverlapKind, seconds: float = 0.8) -> Overlap:
    """B speaks beside A, until 10 s."""
    return Overlap(7, kind, B, A, Segment(to_samples(10.0 - seconds), to_samples(10.0)), 0.95)


def said(who: Speaker, text: str, segment: Segment, *, sure: bool = True, doubtful: str | None = None) -> WordsHeard:
    return WordsHeard(Utterance(0, who, segment, sure), "test", tuple(map(Word, text.split())), doubtful)


@pytest.fixture(params=["overlap first", "words first"])
def words_first(request: pytest.FixtureRequest) -> bool:
    """Words mostly come later, but an interruption is only known once the floor was held for a while."""
    return bool(request.param == "words first")


def compare(
    lexicon: Lexicon, heard: Overlap, words: WordsHeard, *, words_first: bool, options: ReclassificationOptions
) -> list[OverlapReclassified]:
    reclassifier = Reclassifier(lexicon, options)
    if words_first:
        return [*reclassifier.process(words), *reclassifier.hear(heard)]
    return [*reclassifier.hear(heard), *reclassifier.process(words)]


def kinds(
    lexicon: Lexicon, heard: Overlap, words: WordsHeard, words_first: bool, **options: float
) -> list[OverlapKind]:
    """What an overlap is taken for after words."""
    shown = compare(lexicon, heard, words, words_first=words_first, options=ReclassificationOptions(**options))
    assert all(event.overlap_id == heard.overlap_id and event.reason for event in shown)
    return [event.kind for event in shown]


LISTENED = {OverlapKind.UNCLEAR, OverlapKind.FAILED_BID, OverlapKind.COOPERATIVE, OverlapKind.INTERRUPTION}


@pytest.mark.parametrize("kind", OverlapKind)
def test_words_of_listening_are_a_backchannel(lexicon: Lexicon, kind: OverlapKind, words_first: bool) -> None:
    expected = [OverlapKind.BACKCHANNEL] if kind in LISTENED else []
    assert kinds(lexicon, overlap(kind), said(B, "Oh. I see.", OWN), words_first) == expected
    assert kinds(lexicon, overlap(kind), said(B, "Oh. I saw.", OWN), words_first) == []
    assert kinds(lexicon, overlap(kind), said(A, "Oh. I see.", OWN), words_first) == []


@pytest.mark.parametrize("kind", OverlapKind)
def test_who_answers_a_question_early_does_not_interrupt(
    lexicon: Lexicon, kind: OverlapKind, words_first: bool
) -> None:
    expected = [OverlapKind.UNCLEAR] if kind is OverlapKind.INTERRUPTION else []
    assert kinds(lexicon, overlap(kind), said(A, "I was late. Are you angry?", HOLDERS), words_first) == expected


@pytest.mark.parametrize("text", ["I wanted to go.", "I wanted to", "Are you angry? I was late.", "What if I?", ""])
def test_who_cuts_off_anything_else_does(lexicon: Lexicon, text: str, words_first: bool) -> None:
    """A full stop proves nothing, as recognisers end every utterance with one."""
    assert kinds(lexicon, overlap(OverlapKind.INTERRUPTION), said(A, text, HOLDERS), words_first) == []


def test_only_a_question_that_ends_there_counts(lexicon: Lexicon, words_first: bool) -> None:
    for end in (9.5, 10.5):
        elsewhere = said(A, "Are you angry?", Segment(HOLDERS.start, to_samples(end)))
        assert kinds(lexicon, overlap(OverlapKind.INTERRUPTION), elsewhere, words_first) == []


@pytest.mark.parametrize(("who", "text", "where"), [(B, "I see.", OWN), (A, "Are you angry?", HOLDERS)])
def test_words_that_are_not_sure_show_nothing(
    lexicon: Lexicon, who: Speaker, text: str, where: Segment, words_first: bool
) -> None:
    heard, words = overlap(OverlapKind.INTERRUPTION), said(who, text, where)
    assert kinds(lexicon, heard, words, words_first) != []
    assert kinds(lexicon, heard, replace(words, doubtful="stuck"), words_first) == []
    assert kinds(lexicon, heard, said(who, text, where, sure=False), words_first) == []


def test_an_overlap_is_shown_in_another_light_once(lexicon: Lexicon) -> None:
    reclassifier = Reclassifier(lexicon, ReclassificationOptions())
    assert list(reclassifier.hear(overlap(OverlapKind.INTERRUPTION))) == []
    assert len(list(reclassifier.process(said(A, "Are you angry?", HOLDERS)))) == 1
    assert list(reclassifier.process(said(B, "I see.", OWN))) == []


@pytest.mark.parametrize(
    ("name", "words"),
    [("backchannel_seconds", said(B, "I see.", OWN)), ("answer_seconds", said(A, "Are you angry?", HOLDERS))],
)
def test_only_what_is_short(lexicon: Lexicon, name: str, words: WordsHeard, words_first: bool) -> None:
    heard = overlap(OverlapKind.INTERRUPTION)
    assert kinds(lexicon, heard, words, words_first) != []
    assert kinds(lexicon, heard, words, words_first, **{name: 0.7}) == []


@pytest.mark.parametrize(("memory_seconds", "remembered"), [(60.0, True), (20.0, False)])
def test_words_may_come_late(lexicon: Lexicon, memory_seconds: float, remembered: bool) -> None:
    reclassifier = Reclassifier(lexicon, ReclassificationOptions(memory_seconds=memory_seconds))
    later = Segment(to_samples(40), to_samples(41))
    assert list(reclassifier.hear(overlap(OverlapKind.INTERRUPTION))) == []
    assert list(reclassifier.process(said(A, "And then", later))) == []
    assert bool(list(reclassifier.process(said(B, "I see.", OWN)))) is remembered
