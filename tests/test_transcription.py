"""Utterances: what is written down in one piece; and the gates that keep invented words out."""

from __future__ import annotations

import pytest
from hypothesis import given

from tests.talks import TENTH, lines, speech, unit
from voice_coach.events import Speaker, Utterance, Word
from voice_coach.segment import Segment
from voice_coach.transcription import TranscriptionOptions, UtteranceBuilder, doubt

A, B = Speaker.A, Speaker.B


def utterances(a: str, b: str = "", options: TranscriptionOptions | None = None) -> list[tuple[Speaker, int, int]]:
    builder, made = UtteranceBuilder(options or TranscriptionOptions()), []
    said = speech(a, b)
    for place in range(1, max(len(a), len(b)) + 3):
        now = place * TENTH
        ended = [unit(s, seg) for s, seg in said if seg.end + 2 * TENTH == now]
        unfinished = [
            unit(s, Segment(seg.start, min(seg.end, now))) for s, seg in said if seg.start < now < seg.end + 2 * TENTH
        ]
        made += builder.process(ended, unfinished, now)
    made += builder.finish()
    return [(u.speaker, u.segment.start // TENTH, u.segment.end // TENTH) for u in made]


def test_short_pauses_join_and_long_ones_part() -> None:
    a = "aaaaaaaaaa....aaaaaaaaaa........aaaaaaaaaa........"
    assert utterances(a) == [(A, 0, 24), (A, 32, 42)]


def test_an_utterance_is_made_as_soon_as_nothing_can_join() -> None:
    builder = UtteranceBuilder(TranscriptionOptions())
    assert list(builder.process([unit(A, Segment(0, 16_000))], [], 16_000 + 3 * TENTH)) == []
    assert len(list(builder.process([], [], 16_000 + 8 * TENTH))) == 1


def test_an_utterance_is_never_longer_than_an_engine_sees() -> None:
    a = ("a" * 30 + "...") * 10
    made = utterances(a)
    assert [(s, e) for _, s, e in made] == [(0, 195), (198, 327)]


def test_speech_without_any_pause_is_cut() -> None:
    made = utterances("a" * 450)
    assert [(s, e) for _, s, e in made] == [(0, 150), (150, 300), (300, 450)]


def test_too_little_speech_is_not_written_down() -> None:
    assert utterances("aaaa..........aaaaa") == [(A, 14, 19)]


def test_a_short_word_under_the_others_speech_is_left_out() -> None:
    a = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    b = "..........bbbbbbbbbb......................"
    assert utterances(a, b) == [(A, 0, 42)]
    long = "..........bbbbbbbbbbbbbbbbbbbbbbbbb......."
    assert (B, 10, 35) in utterances(a, long)


@pytest.mark.parametrize(("unsure_tenths", "sure"), [(0, True), (9, True), (10, False), (20, False)])
def test_an_utterance_is_sure_if_most_of_its_speech_is(unsure_tenths: int, sure: bool) -> None:
    builder = UtteranceBuilder(TranscriptionOptions())
    known, doubtful = Segment(0, 10 * TENTH), Segment(12 * TENTH, (12 + unsure_tenths) * TENTH)
    units = [unit(A, known), unit(A, doubtful, 0.3)]
    (made,) = [*builder.process([u for u in units if u.segment.samples], [], 40 * TENTH), *builder.finish()]
    assert made.sure is sure


@given(lines(), lines())
def test_what_is_complete_is_never_added_to(a: str, b: str) -> None:
    """All speech before `complete_sample` is in an utterance that was told, or in none ever."""
    builder, said = UtteranceBuilder(TranscriptionOptions()), speech(a, b)
    complete = 0
    for place in range(1, max(len(a), len(b)) + 15):
        now = place * TENTH
        ended = [unit(s, seg) for s, seg in said if seg.end + 2 * TENTH == now]
        unfinished = [
            unit(s, Segment(seg.start, min(seg.end, now))) for s, seg in said if seg.start < now < seg.end + 2 * TENTH
        ]
        for made in builder.process(ended, unfinished, now):
            assert made.segment.start >= complete
        assert builder.complete_sample >= complete
        complete = builder.complete_sample
    assert list(builder.finish()) == []
    assert complete == max(len(a), len(b)) * TENTH + 14 * TENTH


def words(text: str, probability: float | None = None) -> tuple[Word, ...]:
    return tuple(Word(word, None, probability) for word in text.split())


UTTERANCE = Utterance(0, A, Segment(0, 32_000))


@pytest.mark.parametrize(
    ("said", "believed"),
    [
        (words("Thank you."), True),
        (words("I never said that I never wanted to."), True),
        (words("no no no no I mean it"), True),
        (words("one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"), False),
        (words("you you you you you you"), False),
        (words("come here come here come here come here come here"), False),
        (words("so this is it", 0.2), False),
        (words("so this is it", 0.8), True),
        ((), True),
    ],
)
def test_gates(said: tuple[Word, ...], believed: bool) -> None:
    assert (doubt(said, UTTERANCE, TranscriptionOptions()) is None) is believed
