"""The opening round, by script: what is asked of whom, and again for what reason."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from voice_coach.events import (
    AudioBlock,
    ChangeVoice,
    CueFinished,
    CueOutcome,
    CueSettled,
    EndTalk,
    Input,
    Output,
    Pause,
    Pressed,
    Request,
    RequestHeard,
    Resume,
    Say,
    Shortcoming,
    Speaker,
    StopSaying,
    Transcribe,
    Transcript,
    TranscriptionFailed,
    Word,
)
from voice_coach.hosting import Host, HostOptions
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
    """An opening that is played to, and what came of it.

    A sentence takes a second, unless `slow`: then it takes until it is told to be over.
    """

    def __init__(self, lexicon: Lexicon, *judgements: Judgement | None, slow: bool = False, **given: object) -> None:
        self.learner = ScriptedLearner(*judgements)
        options = given.pop("options", OPTIONS)
        self.opening = Opening(lexicon, NAMES, self.learner, options, **given)  # type: ignore[arg-type]
        self.outputs: list[Output] = []
        self._place, self._slow = 0, slow

    def feed(self, value: Input) -> list[Output]:
        outputs = self.opening.feed(value)
        self.outputs += outputs
        for output in outputs:
            if isinstance(output, Say) and not self._slow:
                self._place += SAMPLE_RATE
                self.finish(output)
        return outputs

    def finish(self, say: Say | None = None, outcome: CueOutcome = CueOutcome.SPOKEN) -> list[Output]:
        """What is being said, the newest sentence unless another is named, is over."""
        say = say or self.says[-1]
        return self.feed(CueFinished(say.cue.cue_id, self._place, outcome))

    def hear(self, speech: float = 0.0, quiet: float = 0.0) -> None:
        """Somebody speaks, and then is quiet, in seconds."""
        for seconds, level in ((speech, 0.1), (quiet, 0.0)):
            for _ in range(round(seconds * 10)):
                self.feed(AudioBlock(self._place, np.full(BLOCK, level, np.float32)))
                self._place += BLOCK

    def wait(self, seconds: float) -> None:
        """Nothing is captured for so long."""
        for _ in range(round(seconds * 2)):
            self._place += SAMPLE_RATE // 2
            self.feed(AudioBlock(self._place, np.zeros(0, np.float32), SAMPLE_RATE // 2, "paused"))

    @property
    def says(self) -> list[Say]:
        return [output for output in self.outputs if isinstance(output, Say)]

    @property
    def said(self) -> list[str]:
        return [say.cue.text for say in self.says]

    def ask(self, request: str) -> None:
        """Somebody says a request, which is written down."""
        self.hear(1, 0.8)
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
    spoken.hear(quiet=2)
    assert spoken.said[2].startswith("Maya, please say")


def test_where_both_voices_are_known_only_the_plan_is_said(lexicon: Lexicon) -> None:
    spoken = Round(lexicon, people=(), before=("Tonight you talk about the summer.",), with_words=True)
    spoken.hear(quiet=2)
    assert spoken.said == ["Tonight you talk about the summer.", lexicon.opening["ready"][0]]
    assert set(spoken.said) <= set(spoken.opening.known_sentences())
    assert spoken.opening.is_complete


@pytest.mark.parametrize(("with_words", "how"), [(True, "You can say coach, pause"), (False, "Press any key")])
def test_it_tells_how_to_pause_as_it_can_be_done(lexicon: Lexicon, with_words: bool, how: str) -> None:
    spoken = Round(lexicon, people=(), with_words=with_words)
    spoken.hear(quiet=0.5)
    (said,) = spoken.said
    assert how in said


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


# What people ask for before the talk

PLAN = ("Tonight you talk about the summer.", "You want to talk for forty minutes.")
ASKS = "Maya, please say"
"""How each is asked: this many words are enough to tell it."""


def learning(lexicon: Lexicon, *judgements: Judgement | None, **given: object) -> Round:
    """An opening in which Maya was asked to speak, and has not yet."""
    spoken = Round(lexicon, *judgements, with_words=True, **given)  # type: ignore[arg-type]
    spoken.hear(quiet=0.5)
    assert spoken.said[-1].startswith(ASKS)
    return spoken


@pytest.mark.parametrize("request_", [Request.PAUSE, Request.TIME_OUT])
def test_a_pause_breaks_off_what_is_said_and_holds_what_comes(lexicon: Lexicon, request_: Request) -> None:
    """Whoever pauses hears that it does, and nothing else until they go on; then the sentence is said again."""
    spoken = Round(lexicon, slow=True, people=(), before=PLAN)
    spoken.hear(quiet=0.5)
    plan = spoken.says[-1]
    assert plan.cue.text == PLAN[0]
    assert spoken.feed(Pressed(request_)) == [Pause(), StopSaying(plan.cue.cue_id)]
    (settled, reply) = spoken.finish(plan, CueOutcome.YIELDED)
    assert isinstance(settled, CueSettled)
    assert isinstance(reply, Say)
    assert reply.cue.rule == f"reply_{request_}"
    spoken.finish()
    spoken.wait(600)
    assert len(spoken.says) == 2
    assert spoken.opening.is_paused
    resume, back = spoken.feed(Pressed(Request.GO_ON))
    assert isinstance(resume, Resume)
    assert isinstance(back, Say)
    assert back.cue.rule == "reply_resumed"
    assert not spoken.opening.is_paused
    spoken.finish()
    assert spoken.said[-1] == PLAN[0]


def test_a_sentence_that_was_said_to_its_end_is_not_said_again_after_a_pause(lexicon: Lexicon) -> None:
    spoken = Round(lexicon, slow=True, people=(), before=PLAN)
    spoken.hear(quiet=0.5)
    spoken.feed(Pressed(Request.PAUSE))
    spoken.finish(outcome=CueOutcome.SPOKEN)
    for request in (None, Request.GO_ON, None):
        spoken.finish() if request is None else spoken.feed(Pressed(request))
    spoken.hear(quiet=2)
    assert [text for text in spoken.said if text in PLAN] == list(PLAN)


@pytest.mark.parametrize("before", [(), PLAN])
def test_paused_at_any_sentence_it_does_not_begin_the_talk(lexicon: Lexicon, before: tuple[str, ...]) -> None:
    for number in range(len(before) + 1):
        spoken = Round(lexicon, slow=True, people=(), before=before)
        spoken.hear(quiet=0.5)
        for _ in range(number):
            spoken.finish()
            spoken.hear(quiet=2)
        spoken.feed(Pressed(Request.PAUSE))
        for _ in range(5):
            spoken.finish(outcome=CueOutcome.YIELDED)
            spoken.wait(40)
        assert not spoken.opening.is_over
        spoken.feed(Pressed(Request.GO_ON))
        for _ in range(len(before) + 3):
            spoken.finish()
            spoken.hear(quiet=2)
        assert spoken.opening.is_complete


def test_a_time_out_ends_by_itself(lexicon: Lexicon) -> None:
    spoken = learning(lexicon, host=HostOptions(time_out_seconds=600.0))
    spoken.ask("coach, time-out")
    assert spoken.opening.is_paused
    assert "10 minutes" in spoken.said[-1]
    spoken.wait(595)
    assert spoken.opening.is_paused
    spoken.wait(10)
    assert not spoken.opening.is_paused
    assert any(isinstance(output, Resume) for output in spoken.outputs)
    assert spoken.said[-1] in lexicon.replies["time_out_over"]
    spoken.hear(12, 1.5)
    assert spoken.opening.asked is not None
    assert spoken.opening.asked.person is B


def test_a_pause_by_voice_is_said_in_words(lexicon: Lexicon) -> None:
    spoken = learning(lexicon)
    spoken.ask("coach, pause please")
    assert spoken.said[-1] in lexicon.replies["pause"]
    assert spoken.opening.is_paused


@pytest.mark.parametrize("text", ["coach, stop", "coach, let's close"])
def test_to_stop_or_to_close_ends_it_after_a_word(lexicon: Lexicon, text: str) -> None:
    spoken = learning(lexicon)
    spoken.ask(text)
    assert spoken.said[-1] in lexicon.replies["stop"]
    assert isinstance(spoken.outputs[-1], EndTalk)
    assert not spoken.opening.is_complete


def test_one_alone_stops_it_without_a_farewell_to_both(lexicon: Lexicon) -> None:
    spoken = Round(lexicon, people=(A,), with_words=True)
    spoken.hear(quiet=0.5)
    spoken.ask("coach, stop")
    assert len(spoken.said) == 1
    assert isinstance(spoken.outputs[-1], EndTalk)


def test_a_stop_that_cannot_be_answered_ends_it_all_the_same(lexicon: Lexicon) -> None:
    spoken = learning(lexicon)
    spoken._slow = True
    spoken.ask("coach, stop")
    spoken.hear(quiet=16)
    assert isinstance(spoken.outputs[-1], EndTalk)


def test_a_key_ends_it_at_once(lexicon: Lexicon) -> None:
    spoken = Round(lexicon, slow=True)
    spoken.hear(quiet=0.5)
    assert isinstance(spoken.feed(Pressed(Request.STOP))[-1], EndTalk)


def test_it_speaks_as_it_is_asked_to_and_the_talk_goes_on_so(lexicon: Lexicon) -> None:
    spoken = learning(lexicon)
    for text, reply in (
        ("coach, slower", "slower"), ("coach, softer", "softer"), ("coach, louder", "louder"),
        ("coach, faster", "faster"), ("coach, softer please", "softer"),
    ):  # fmt: skip
        spoken.ask(text)
        assert spoken.said[-1] in lexicon.replies[reply]
    assert spoken.opening.voice == ChangeVoice(pytest.approx(1.0), 0.7)
    assert spoken.opening.asked is not None
    assert spoken.opening.asked.person is A
    host = Host(lexicon, NAMES, HostOptions(), ChangeVoice(0.85, 0.7))
    (change,) = (w for w in host.observe(RequestHeard(Request.SLOWER, A, 0), 0) if isinstance(w, ChangeVoice))
    assert change == ChangeVoice(pytest.approx(0.85**2), 0.7)


def test_after_an_answer_whoever_was_asked_has_all_the_time_again(lexicon: Lexicon) -> None:
    spoken = learning(lexicon)
    spoken.ask("coach, slower")
    spoken.hear(quiet=OPTIONS.patience_seconds - 1)
    assert spoken.learner.begun == [A, A]
    assert spoken.opening.asked is not None
    assert spoken.opening.asked.person is A


def test_an_answer_waits_for_a_short_pause(lexicon: Lexicon) -> None:
    spoken = learning(lexicon)
    spoken.hear(1, 0.8)
    asked = [output.utterance for output in spoken.outputs if isinstance(output, Transcribe)][-1]
    spoken.hear(1)
    spoken.feed(Transcript(asked.utterance_id, "script", (Word("coach,"), Word("softer"))))
    assert spoken.said[-1].startswith(ASKS)
    spoken.hear(quiet=0.4)
    assert spoken.said[-1] in lexicon.replies["softer"]


def test_how_we_are_doing_is_answered_gently(lexicon: Lexicon) -> None:
    spoken = learning(lexicon)
    spoken.ask("coach, how are we doing")
    assert spoken.said[-1] in lexicon.opening["not_begun"]
    assert spoken.opening.asked is not None


def test_skipped_a_round_takes_what_it_has(lexicon: Lexicon) -> None:
    """What is enough for a voice to be known is enough; what is not is asked for once more."""
    little = Judgement(Shortcoming.MORE, is_usable=True)
    spoken = learning(lexicon, little)
    spoken.hear(4)
    spoken.ask("coach, skip that")
    spoken.hear(quiet=0.5)
    assert spoken.opening.asked is not None
    assert spoken.opening.asked.person is B
    assert spoken.opening.shortcomings == {A: Shortcoming.MORE}
    nobody = Judgement(Shortcoming.NOBODY_HEARD, is_usable=False)
    spoken = learning(lexicon, nobody)
    spoken.ask("coach, skip that")
    assert spoken.said[-1].startswith("Maya, I have not heard you yet")
    assert spoken.opening.failure is None


def test_skipped_the_rest_of_a_plan_is_not_said(lexicon: Lexicon) -> None:
    spoken = Round(lexicon, people=(), before=(*PLAN, "Phones are away."), with_words=True)
    spoken.hear(quiet=0.5)
    spoken.ask("coach, skip that")
    spoken.hear(quiet=3)
    assert spoken.said == [PLAN[0], lexicon.opening["ready"][0]]
    assert spoken.opening.is_complete


def test_skipped_while_it_is_said_a_sentence_breaks_off(lexicon: Lexicon) -> None:
    """The words of a request may come when the next sentence has begun."""
    spoken = Round(lexicon, slow=True, people=(), before=PLAN, with_words=True)
    spoken.hear(quiet=0.1)
    spoken.finish()
    spoken.hear(1, OPTIONS.early_pause_seconds + 0.5)
    assert spoken.said[-1] == PLAN[1]
    asked = [output.utterance for output in spoken.outputs if isinstance(output, Transcribe)][-1]
    stop = spoken.feed(Transcript(asked.utterance_id, "script", (Word("coach,"), Word("skip"), Word("that"))))
    assert stop == [StopSaying(spoken.says[-1].cue.cue_id)]
    spoken.finish(outcome=CueOutcome.YIELDED)
    spoken.hear(quiet=2)
    assert spoken.said[-1] == lexicon.opening["ready"][0]


def test_in_a_breath_of_the_plan_it_waits_for_whoever_speaks(lexicon: Lexicon) -> None:
    """And learns nobody's voice from it."""
    spoken = Round(lexicon, before=PLAN)
    spoken.hear(quiet=0.1)
    spoken.hear(5)
    assert spoken.said[-1] == PLAN[0]
    spoken.hear(quiet=OPTIONS.breath_seconds + 0.2)
    assert spoken.said[-1] == PLAN[1]
    assert set(spoken.learner.begun) == {Speaker.UNKNOWN}


def test_a_noise_that_is_taken_for_speech_does_not_hold_the_plan_up(lexicon: Lexicon) -> None:
    spoken = Round(lexicon, people=(), before=PLAN)
    spoken.hear(OPTIONS.patience_seconds * 2 + 2)
    assert spoken.opening.is_complete


def test_words_that_fail_do_not_hold_it_up(lexicon: Lexicon) -> None:
    spoken = Round(lexicon, before=PLAN, with_words=True)
    spoken.hear(quiet=0.1)
    spoken.hear(1, 0.8)
    asked = [output.utterance for output in spoken.outputs if isinstance(output, Transcribe)][-1]
    spoken.feed(TranscriptionFailed(asked.utterance_id, "out of memory"))
    spoken.hear(quiet=0.2)
    assert spoken.said[-1] == PLAN[1]


@pytest.mark.parametrize("shortcoming", list(Shortcoming))
def test_a_round_that_fails_says_the_true_reason(lexicon: Lexicon, shortcoming: Shortcoming) -> None:
    spoken = Round(lexicon, *[Judgement(shortcoming, is_usable=False)] * OPTIONS.attempts)
    spoken.hear(quiet=0.5)
    for _ in range(OPTIONS.attempts):
        spoken.hear(12, 1.5)
    assert (spoken.opening.failed, spoken.opening.failure) == (A, shortcoming)
    told = {
        Shortcoming.NOBODY_HEARD: "I have not heard Maya",
        Shortcoming.MORE: "too little of Maya",
        Shortcoming.NOISY: "too much noise",
        Shortcoming.CLIPPED: "too loud",
        Shortcoming.ONE_VOICE: "tell your voices apart",
    }
    assert [text for text in told.values() if text in spoken.said[-1]] == [told[shortcoming]]
    assert spoken.said[-1] in spoken.opening.known_sentences()


def test_a_sentence_whose_end_is_never_told_does_not_hold_it_up(lexicon: Lexicon) -> None:
    opening = Opening(lexicon, NAMES, ScriptedLearner(), OPTIONS)
    said = 0
    for block in range(1500):
        said += sum(isinstance(o, Say) for o in opening.feed(AudioBlock(block * BLOCK, np.zeros(BLOCK, np.float32))))
    assert said >= 3


def test_the_longest_sentence_of_a_plan_has_time_to_be_said(lexicon: Lexicon) -> None:
    opening = Opening(lexicon, NAMES, ScriptedLearner(), OPTIONS)
    said = [
        output
        for block in range(290)
        for output in opening.feed(AudioBlock(block * BLOCK, np.zeros(BLOCK, np.float32)))
        if isinstance(output, Say)
    ]
    assert len(said) == 1


def test_its_ids_are_negative(lexicon: Lexicon) -> None:
    spoken = Round(lexicon, with_words=True, options=replace(OPTIONS, enough_seconds=5.0))
    spoken.hear(quiet=0.5)
    spoken.hear(2, 1)
    ids = [o.cue.cue_id for o in spoken.outputs if isinstance(o, Say)]
    ids += [o.utterance.utterance_id for o in spoken.outputs if isinstance(o, Transcribe)]
    assert len(set(ids)) == len(ids)
    assert max(ids) < 0
