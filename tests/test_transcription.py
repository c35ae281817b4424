"""Utterances: what is written down in one piece; and the gates that keep invented words out."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given

from tests.talks import TENTH, lines, speech, unit
from voice_coach.events import Speaker, Transcript, Utterance, Word
from voice_coach.gates import doubt, share_out, utterance_of
from voice_coach.segment import Segment
from voice_coach.transcription import TranscriptionOptions, UtteranceBuilder

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


def test_what_the_other_says_in_a_pause_parts_what_is_long_enough() -> None:
    a, b = "aaaaaaaaaa......aaaaaaaaaa........", "...........bbb......."
    assert utterances(a) == [(A, 0, 26)]
    assert utterances(a, b) == [(A, 0, 10), (A, 16, 26)]
    assert utterances(a, b, TranscriptionOptions(joined_beside_seconds=0.7)) == [(A, 0, 26)]
    assert utterances("aaaa......aaaaaaaaaa........", "......bb....") == [(A, 0, 20)]


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


def test_speech_without_any_pause_is_cut_where_it_is_quietest() -> None:
    asked: list[Segment] = []

    def quietest(stretch: Segment) -> int:
        asked.append(stretch)
        return stretch.start + 3 * TENTH

    builder = UtteranceBuilder(TranscriptionOptions(), quietest)
    whole = Segment(0, 450 * TENTH)
    made = [*builder.process([unit(A, whole)], [], 500 * TENTH), *builder.finish()]
    assert [u.segment.end // TENTH for u in made] == [103, 206, 309, 450]
    assert asked[0] == Segment(100 * TENTH, 200 * TENTH)
    assert [u.continues for u in made] == [False, True, True, True]


def test_no_part_is_longer_than_an_engine_sees_or_too_short_for_it() -> None:
    for length in range(150, 700, 7):
        made = utterances("a" * length)
        assert made[0][1] == 0
        assert made[-1][2] == length
        assert all(end == start for (_, _, end), (_, start, _) in pairwise(made))
        assert all(50 <= end - start <= 200 for _, start, end in made)


def test_too_little_speech_is_not_written_down() -> None:
    assert utterances("aaaa................aaaaa") == [(A, 20, 25)]
    assert utterances("aaaaa................aaaa") == [(A, 0, 5)]


def test_too_little_speech_waits_longer_for_more_of_the_same_person() -> None:
    assert utterances("aaaa..........aaaaa") == [(A, 0, 19)]
    assert utterances("aaaa..........aaaaa", "......bbb") == [(A, 14, 19)]
    assert utterances("aaaaa..........aaaa") == [(A, 0, 5)]


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
    for place in range(1, max(len(a), len(b)) + 19):
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
    assert complete == max(len(a), len(b)) * TENTH + 18 * TENTH


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
    assert (doubt(Transcript(0, "", said), UTTERANCE, TranscriptionOptions()) is None) is believed


# Whose words they are, and that none comes twice


def timed(*words: tuple[str, float, float]) -> tuple[Word, ...]:
    return tuple(Word(text, Segment(round(16_000 * start), round(16_000 * end))) for text, start, end in words)


def shared(*words: tuple[str, float, float], continues: bool = False) -> tuple[list[str], list[str]]:
    """Words of A, from 1 s to 4 s with a pause from 2 s to 2.6 s in which B speaks; those kept, and those of B."""
    utterance = Utterance(0, A, Segment(16_000, 64_000), continues=continues)
    own = [Segment(16_000, 32_000), Segment(41_600, 64_000)]
    kept, others = share_out(timed(*words), utterance, own, [Segment(32_800, 40_000)])
    return [word.text for word in kept], [word.text for word in others]


def test_words_that_the_other_says_in_a_pause_are_theirs() -> None:
    assert shared(("I", 1.0, 1.5), ("see", 1.6, 2.1), ("yeah", 2.1, 2.45), ("why", 2.6, 3.0)) == (
        ["I", "see", "why"],
        ["yeah"],
    )


def test_a_word_goes_to_the_other_only_if_most_of_it_is_where_only_they_speak() -> None:
    assert shared(("so", 1.5, 2.3)) == (["so"], [])
    assert shared(("hm", 2.5, 2.7)) == (["hm"], [])
    assert shared(("hm", 1.95, 2.5)) == ([], ["hm"])


def test_what_was_said_before_an_utterance_is_said_once() -> None:
    assert shared(("before", 0.2, 0.9), ("and", 0.9, 1.3), continues=True) == (["and"], [])
    assert shared(("before", 0.9, 1.0)) == (["before"], [])


def test_words_without_times_stay_with_their_utterance() -> None:
    utterance = Utterance(0, A, Segment(16_000, 64_000), continues=True)
    said = words("so it is")
    assert share_out(said, utterance, [], [utterance.segment]) == (said, ())


def test_words_of_the_other_make_an_utterance_that_nothing_is_decided_on() -> None:
    theirs = utterance_of(timed(("oh", 2.1, 2.2), ("yeah", 2.2, 2.5)), Utterance(4, A, Segment(16_000, 64_000)), B)
    assert theirs == Utterance(4, B, Segment(33_600, 40_000), sure=False)


def test_what_is_long_enough_is_written_in_an_utterance_of_its_own() -> None:
    builder = UtteranceBuilder(TranscriptionOptions())
    said = [Segment(0, 3 * TENTH), Segment(10 * TENTH, 13 * TENTH), Segment(60 * TENTH, 64 * TENTH)]
    list(builder.process([unit(B, segment) for segment in said], [], 80 * TENTH))
    assert builder.writes(B, Segment(11 * TENTH, 12 * TENTH))  # both together are half a second
    assert not builder.writes(B, Segment(61 * TENTH, 62 * TENTH))
    assert not builder.writes(A, Segment(11 * TENTH, 12 * TENTH))
    assert not builder.writes(B, Segment(20 * TENTH, 21 * TENTH))


# More gates


def gate(
    said: str = "so this is how it was", seconds: float = 4.0, share: float | None = None, **told: float
) -> str | None:
    utterance = Utterance(0, A, Segment(0, round(16_000 * seconds)), speech_share=share)
    heard = Transcript(0, "", words(said), told.get("likelihood"), told.get("nobody"))
    return doubt(heard, utterance, TranscriptionOptions())


def test_words_need_speech() -> None:
    assert gate(share=0.54) == "hardly any speech was heard in it"
    assert gate(share=0.56) is None


def test_words_that_the_engine_does_not_believe_itself() -> None:
    assert gate(likelihood=-1.21) == "the engine itself was not sure"
    assert gate(likelihood=-1.19) is None


def test_words_where_the_engine_hears_nobody() -> None:
    assert gate(nobody=0.61, likelihood=-0.71) == "the engine heard nobody speak"
    assert gate(nobody=0.61, likelihood=-0.69) is None
    assert gate(nobody=0.59, likelihood=-0.71) is None
    assert gate(nobody=0.61) == "the engine heard nobody speak"


@pytest.mark.parametrize(
    ("said", "believed"),
    [
        ("no, no, no, no", True),
        ("ah-ah-ah-ah-ah-ah", False),
        ("I know, I know, I know", True),
        ("so here we are now so here we are now so here we are now", False),
        ("I want to go home. I want to go home.", True),
        ("well hello everyone, hello everyone, hello everyone, hello everyone, hello everyone", False),
    ],
)
def test_again_and_again(said: str, believed: bool) -> None:
    assert (gate(said) is None) is believed


def test_thank_you_stays() -> None:
    assert gate("Thank you.", 0.7, 0.9, likelihood=-0.6, nobody=0.1) is None
