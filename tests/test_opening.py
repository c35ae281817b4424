"""The opening round: what is said, in which order, and to whom it listens."""

from __future__ import annotations

import numpy as np
import pytest

from tests.talks import NAMES
from voice_coach.acoustics import Floats
from voice_coach.events import (
    PEOPLE,
    AudioBlock,
    Command,
    CueFinished,
    CueOutcome,
    EndTalk,
    Pressed,
    Request,
    Say,
    Shortcoming,
    Speaker,
)
from voice_coach.lexicon import Lexicon
from voice_coach.opening import Opening, OpeningOptions
from voice_coach.ports import Judgement
from voice_coach.segment import SAMPLE_RATE

BLOCK = 1600
BEFORE = ("You have 45 minutes.", "Phones are away.")


class Learner:
    """Whoever is asked has said enough at once; what is judged is given beforehand."""

    last_stretch_seconds = 0.0

    def __init__(self, *judgements: Judgement | None) -> None:
        self.judgements = list(judgements)
        self.asked: list[Speaker] = []
        self.speech_seconds = self.quiet_seconds = 0.0

    def begin(self, person: Speaker) -> None:
        self.asked.append(person)
        self.speech_seconds = self.quiet_seconds = 0.0

    def hear(self, samples: Floats) -> None:
        del samples
        self.speech_seconds, self.quiet_seconds = 10.0, 1.5

    def judge(self) -> Judgement | None:
        return self.judgements.pop(0) if self.judgements else None


def held(opening: Opening, *, answers: bool = True, seconds: float = 240.0) -> list[str]:
    """What it says, if every sentence takes a tenth of a second, or none is ever reported as over."""
    said, now, waiting = [], 0, list[Command]()
    while not opening.is_over and now < seconds * SAMPLE_RATE:
        block = AudioBlock(now, np.zeros(BLOCK, np.float32))
        now += BLOCK
        waiting += [output for output in opening.feed(block) if isinstance(output, Command)]
        while waiting:
            command = waiting.pop(0)
            if isinstance(command, Say):
                said.append(command.cue.text)
                over = CueFinished(command.cue.cue_id, now, CueOutcome.SPOKEN)
                waiting += [o for o in opening.feed(over) if isinstance(o, Command)] if answers else []
    return said


def test_both_are_asked_in_turn_after_what_is_said_before(lexicon: Lexicon) -> None:
    learner = Learner()
    opening = Opening(lexicon, NAMES, learner, OpeningOptions(), before=BEFORE)
    said = held(opening)
    assert said[0].startswith(f"Hello {NAMES[PEOPLE[0]]}")
    assert tuple(said[1:3]) == BEFORE
    assert learner.asked == list(PEOPLE)
    assert said[-1].startswith("I am listening now")
    assert opening.is_complete
    assert set(said) <= set(opening.known_sentences())


def test_where_both_are_known_only_what_was_planned_is_said(lexicon: Lexicon) -> None:
    learner = Learner()
    opening = Opening(lexicon, NAMES, learner, OpeningOptions(), people=(), before=BEFORE)
    said = held(opening)
    assert tuple(said[:-1]) == BEFORE
    assert said[-1].startswith("I am listening now")
    assert learner.asked == []
    assert opening.is_complete


def test_one_alone_is_neither_greeted_nor_told_of_a_talk(lexicon: Lexicon) -> None:
    opening = Opening(lexicon, NAMES, Learner(), OpeningOptions(), people=PEOPLE[:1])
    said = held(opening)
    assert len(said) == 2
    assert "fifteen seconds" in said[0]
    assert opening.is_complete


def test_who_cannot_be_learnt_ends_it(lexicon: Lexicon) -> None:
    bad = Judgement(Shortcoming.NOBODY_HEARD, is_usable=False)
    opening = Opening(lexicon, NAMES, Learner(bad, bad, bad), OpeningOptions(), before=BEFORE)
    said = held(opening)
    assert said[-1].startswith("I cannot tell your voices apart")
    assert (opening.failure, opening.failed) == (Shortcoming.NOBODY_HEARD, PEOPLE[0])
    assert not opening.is_complete


def test_a_sentence_that_is_never_over_is_waited_for_as_long_as_the_longest_takes(lexicon: Lexicon) -> None:
    opening = Opening(lexicon, NAMES, Learner(), OpeningOptions(), people=(), before=BEFORE)
    assert held(opening, answers=False, seconds=29.0) == [BEFORE[0]]
    assert held(opening, answers=False, seconds=31.0) == [BEFORE[1]]


def test_it_can_be_ended_while_it_speaks(lexicon: Lexicon) -> None:
    opening = Opening(lexicon, NAMES, Learner(), OpeningOptions(), before=BEFORE)
    opening.feed(AudioBlock(0, np.zeros(BLOCK, np.float32)))
    assert opening.feed(Pressed(Request.STOP)) == [EndTalk()]
    assert opening.is_over
    assert not opening.is_complete


@pytest.mark.parametrize("people", [(), PEOPLE[:1], PEOPLE])
def test_its_ids_are_none_of_the_talks(lexicon: Lexicon, people: tuple[Speaker, ...]) -> None:
    opening = Opening(lexicon, NAMES, Learner(), OpeningOptions(), people=people, before=BEFORE)
    [say] = opening.feed(AudioBlock(0, np.zeros(BLOCK, np.float32)))
    assert isinstance(say, Say)
    assert say.cue.cue_id < 0
