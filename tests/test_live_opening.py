"""An opening in a live talk without devices: what is asked for by key before the talk, and what the talk takes over."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from tests.marked import eager, marked_pipeline
from tests.sessions import hold_until
from tests.talks import NAMES
from tests.test_live import ToneVoice
from tests.test_opening import OPTIONS, PLAN, ScriptedLearner
from voice_coach import resources
from voice_coach.config import Settings
from voice_coach.engines.simulated import SimulatedTable
from voice_coach.events import AudioBlock, CueOutcome, CueSettled, Output, Request, Say
from voice_coach.lexicon import Languages, Lexicon
from voice_coach.live.inbox import Inbox
from voice_coach.live.speaking import Clock
from voice_coach.live.talk import Course, LiveEngines, LiveTalk
from voice_coach.live_session import LiveParts, LiveSession, Table
from voice_coach.opening import Opening
from voice_coach.pipeline import Pipeline
from voice_coach.segment import to_samples
from voice_coach.session import enrol_voices


class Held:
    """A plan that is said at a simulated table, and the talk after it."""

    def __init__(self, lexicon: Lexicon) -> None:
        self.table, self.outputs = SimulatedTable(np.zeros(0, np.float32), speed=8.0), list[Output]()
        self.opening = Opening(lexicon, NAMES, ScriptedLearner(), OPTIONS, people=(), before=PLAN)
        self.pipeline: Pipeline | None = None
        self._lexicon, inbox = lexicon, Inbox()
        engines = LiveEngines(None, ToneVoice(), self.table)
        clock = Clock(self.table, self.table.now)
        self.talk = LiveTalk(Course(self.opening, 1.0), inbox, clock, engines, self._watch, self._following)
        self.table.start(inbox.put_audio, lambda _: None)

    def _watch(self, output: Output | AudioBlock, now: int) -> None:
        del now
        if not isinstance(output, AudioBlock):
            self.outputs.append(output)

    def _following(self) -> Course | None:
        if not self.opening.is_complete:
            return None
        self.pipeline = marked_pipeline(self._lexicon, eager())
        return Course(self.pipeline, 1.0)

    def key(self) -> None:
        """As the command line does."""
        self.talk.press(Request.GO_ON if self.talk.is_paused else Request.PAUSE)

    @property
    def said(self) -> list[str]:
        return [output.cue.text for output in self.outputs if isinstance(output, Say)]

    def until(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + 30
        while not condition():
            assert time.monotonic() < deadline, self.outputs
            time.sleep(0.005)


@contextmanager
def holding(lexicon: Lexicon) -> Iterator[Held]:
    held = Held(lexicon)
    runner = threading.Thread(target=held.talk.run, daemon=True)
    runner.start()
    try:
        yield held
    finally:
        held.talk.close(hurry=True)
        runner.join()


@pytest.mark.parametrize("number", range(3))
def test_a_key_pauses_the_opening_and_another_goes_on_with_it(lexicon: Lexicon, number: int) -> None:
    """In the first sentence, in a later one, and in the last: nothing goes on meanwhile, and every key is heeded."""
    with holding(lexicon) as held:
        held.until(lambda: len(held.table.said) > number)
        sentence = held.said[-1]
        held.key()
        held.until(lambda: held.talk.is_paused and len(held.said) == number + 2)
        began = held.table.position
        held.until(lambda: held.table.position > began + to_samples(20))
        assert held.pipeline is None
        assert len(held.said) == number + 2
        (stopped,) = [e for e in held.outputs if isinstance(e, CueSettled) and e.cue.text == sentence]
        assert stopped.outcome is CueOutcome.YIELDED
        held.key()
        held.until(lambda: held.said[-1] == sentence)
        assert not held.talk.is_paused
        held.until(lambda: held.pipeline is not None)
        for is_paused in (True, False, True, False):
            held.key()
            held.until(lambda wanted=is_paused: held.talk.is_paused is wanted)
            held.until(lambda wanted=is_paused: held.table._is_paused is wanted)


@pytest.mark.parametrize("is_mute", [False, True])
def test_with_known_voices_it_says_that_it_listens_and_the_talk_begins(
    lexicon: Lexicon, settings: Settings, tmp_path: Path, is_mute: bool
) -> None:
    demo = resources.demo_folder()
    voices = enrol_voices([("Maya", demo / "enrol_a.flac"), ("Tom", demo / "enrol_b.flac")])
    table = SimulatedTable(np.zeros(0, np.float32))
    engines = LiveEngines(None, None if is_mute else ToneVoice(), None if is_mute else table)
    parts = LiveParts(Languages(lexicon), settings, table, engines, Inbox(), seconds=table.now)
    said: list[str] = []

    def watch(output: Output | AudioBlock, now: int) -> None:
        del now
        if isinstance(output, Say):
            said.append(output.cue.text)

    with LiveSession(tmp_path / "evening", Table(voices.names, (voices, 1.0)), parts, watch) as held:
        assert held.has_begun is is_mute
        hold_until(held, table, parts.inbox, lambda: table.position >= to_samples(10.0))
        assert held.has_begun
    assert said == ([] if is_mute else list(lexicon.opening["ready_for_keys"]))
