"""The opening round, by script: what is asked of whom, and again for what reason."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from voice_coach.events import (
    AudioBlock,
    CueFinished,
    CueOutcome,
    EndTalk,
    Input,
    Output,
    Pause,
    Pressed,
    Request,
    Resume,
    Say,
    Shortcoming,
    Speaker,
    Transcribe,
    Transcript,
    Word,
)
from voice_coach.lexicon import Lexicon
from voice_coach.opening import Opening, OpeningOptions
from voice_coach.ports import Judgement
from voice_coach.segment import SAMPLE_RATE

A, B = Speaker.A, Speaker.B
NAMES = {A: "Maya", B: "Daniel"}
BLOCK = SAMPLE_RATE // 10
OPTIONS = OpeningOptions()


class ScriptedLearner:
    """Hears speech where samples are not zero, and judges by a list, one entry for each attempt."""

    def __init__(self, *judgements: Judgement | None) -> None:
        self._judgements = list(judgements)
        self.begun: list[Speaker] = []
        self.speech_seconds = self.quiet_seconds = self.last_stretch_seconds = 0.0

    def begin(self, person: Speaker) -> None:
        self.begun.append(person)
        self.speech_seconds = self.quiet_seconds = self.last_stretch_seconds = 0.0

    def hear(self, samples: np.ndarray) -> None:
        seconds = len(samples) / SAMPLE_RATE
        if np.any(samples):
            self.last_stretch_seconds = seconds + (self.last_stretch_seconds if self.quiet_seconds < 0.5 else 0.0)
            self.speech_seconds, self.quiet_seconds = self.speech_seconds + seconds, 0.0
        else:
            self.quiet_seconds += seconds

    def judge(self) -> Judgement | None:
        return self._judgements.pop(0) if self._judgements else None


class Round:
    """An opening that is played to, and what came of it."""

    def __init__(self, lexicon: Lexicon, *judgements: Judgement | None, **given: object) -> None:
        self.learner = ScriptedLearner(*judgements)
        options = given.pop("options", OPTIONS)
        self.opening = Opening(lexicon, NAMES, self.learner, options, **given)  # type: ignore[arg-type]
        self.outputs: list[Output] = []
        self._place = 0

    def feed(self, value: Input) -> list[Output]:
        outputs = self.opening.feed(value)
        self.outputs += outputs
        for output in outputs:
            if isinstance(output, Say):
                self._place += SAMPLE_RATE
                self.feed(CueFinished(output.cue.cue_id, self._place, CueOutcome.SPOKEN))
        return outputs

    def hear(self, speech: float = 0.0, quiet: float = 0.0) -> None:
        """Somebody speaks, and then is quiet, in seconds."""
        for seconds, level in ((speech, 0.1), (quiet, 0.0)):
            for _ in range(round(seconds * 10)):
                self.feed(AudioBlock(self._place, np.full(BLOCK, level, np.float32)))
                self._place += BLOCK

    @property
    def said(self) -> list[str]:
        return [output.cue.text for output in self.outputs if isinstance(output, Say)]

    def ask(self, request: str) -> None:
        """Have the last stretch that was to be written down say something."""
        asked = [output.utterance for output in self.outputs if isinstance(output, Transcribe)][-1]
        self.feed(Transcript(asked.utterance_id, "script", tuple(map(Word, request.split()))))


def test_both_are_asked_in_turn_thanked_and_told_that_it_listens(lexicon: Lexicon) -> None:
    spoken = Round(lexicon)
    spoken.hear(quiet=0.5)
    assert spoken.opening.asked is not None
    assert spoken.opening.asked.person is A
    spoken.hear(12, 1.5)
    assert spoken.opening.asked.person is B
    spoken.hear(12, 1.5)
    assert spoken.opening.is_complete
    assert isinstance(spoken.outputs[-1], EndTalk)
    assert spoken.learner.begun == [A, B]
    assert [text.split()[0] for text in spoken.said] == ["Hello", "Maya,", "Thank", "And", "Thank", "I"]
    assert set(spoken.said) <= set(spoken.opening.known_sentences())
    assert spoken.opening.failure is None
    assert not spoken.opening.shortcomings


def test_whoever_pauses_early_is_waited_for(lexicon: Lexicon) -> None:
    spoken = Round(lexicon)
    spoken.hear(quiet=0.5)
    spoken.hear(3, OPTIONS.early_pause_seconds - 0.5)
    spoken.hear(3, OPTIONS.pause_seconds + 1)
    assert spoken.opening.asked is not None
    assert spoken.opening.asked.person is A
    spoken.hear(5, OPTIONS.pause_seconds + 0.2)
    assert spoken.opening.asked.person is B


def test_whoever_does_not_stop_is_thanked_all_the_same(lexicon: Lexicon) -> None:
    spoken = Round(lexicon)
    spoken.hear(quiet=0.5)
    spoken.hear(OPTIONS.most_seconds + 0.5)
    assert spoken.opening.asked is not None
    assert spoken.opening.asked.person is B


@pytest.mark.parametrize("shortcoming", list(Shortcoming))
def test_what_was_not_good_enough_is_said_and_asked_for_again(lexicon: Lexicon, shortcoming: Shortcoming) -> None:
    spoken = Round(lexicon, Judgement(shortcoming, is_usable=False))
    spoken.hear(quiet=0.5)
    for _ in range(3):
        spoken.hear(12, 1.5)
    assert spoken.opening.is_complete
    assert spoken.learner.begun == [A, A, B]
    wanted = lexicon.opening[shortcoming.value][0].split("{")[0]
    assert any(text.startswith(wanted or "Maya") for text in spoken.said[2:3])


def test_a_voice_that_stays_poor_has_to_do_and_is_remembered(lexicon: Lexicon) -> None:
    poor = Judgement(Shortcoming.NOISY, is_usable=True)
    spoken = Round(lexicon, poor, poor, poor)
    spoken.hear(quiet=0.5)
    for _ in range(4):
        spoken.hear(12, 1.5)
    assert spoken.opening.is_complete
    assert spoken.opening.shortcomings == {A: Shortcoming.NOISY}


def test_two_that_stay_one_voice_end_it(lexicon: Lexicon) -> None:
    one = Judgement(Shortcoming.ONE_VOICE, is_usable=False)
    spoken = Round(lexicon, None, one, one, one)
    spoken.hear(quiet=0.5)
    for _ in range(4):
        spoken.hear(12, 1.5)
    assert not spoken.opening.is_complete
    assert (spoken.opening.failed, spoken.opening.failure) == (B, Shortcoming.ONE_VOICE)
    assert isinstance(spoken.outputs[-1], EndTalk)


def test_a_plan_is_said_before_voices_are_learnt(lexicon: Lexicon) -> None:
    spoken = Round(lexicon, before=("Tonight you talk about the summer.",))
    spoken.hear(quiet=0.5)
    assert spoken.said[1] == "Tonight you talk about the summer."
    assert spoken.said[2].startswith("Maya, please say")


def test_one_person_alone(lexicon: Lexicon) -> None:
    spoken = Round(lexicon, people=(A,))
    spoken.hear(quiet=0.5)
    spoken.hear(12, 1.5)
    assert spoken.opening.is_complete
    assert len(spoken.said) == 2


def test_paused_nothing_is_learnt(lexicon: Lexicon) -> None:
    spoken = Round(lexicon)
    spoken.hear(quiet=0.5)
    assert any(isinstance(output, Pause) for output in spoken.feed(Pressed(Request.PAUSE)))
    spoken.hear(30, 1.5)
    assert spoken.learner.speech_seconds == 0
    assert any(isinstance(output, Resume) for output in spoken.feed(Pressed(Request.GO_ON)))
    spoken.hear(12, 1.5)
    assert spoken.opening.asked is not None
    assert spoken.opening.asked.person is B


def test_a_request_is_understood_in_the_opening_too(lexicon: Lexicon) -> None:
    spoken = Round(lexicon, with_words=True)
    spoken.hear(quiet=0.5)
    spoken.hear(1, 1)
    spoken.ask("coach, stop")
    assert spoken.opening.is_over
    assert not spoken.opening.is_complete


def test_a_sentence_whose_end_is_never_told_does_not_hold_it_up(lexicon: Lexicon) -> None:
    opening = Opening(lexicon, NAMES, ScriptedLearner(), OPTIONS)
    said = 0
    for block in range(600):
        said += sum(isinstance(o, Say) for o in opening.feed(AudioBlock(block * BLOCK, np.zeros(BLOCK, np.float32))))
    assert said >= 3


def test_its_ids_are_negative(lexicon: Lexicon) -> None:
    spoken = Round(lexicon, with_words=True, options=replace(OPTIONS, enough_seconds=5.0))
    spoken.hear(quiet=0.5)
    spoken.hear(2, 1)
    ids = [o.cue.cue_id for o in spoken.outputs if isinstance(o, Say)]
    ids += [o.utterance.utterance_id for o in spoken.outputs if isinstance(o, Transcribe)]
    assert len(set(ids)) == len(ids)
    assert max(ids) < 0
