"""A better engine that writes a live talk down once more, in the time that the other leaves."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests import stubs
from tests.sessions import hold_until
from tests.test_live import ToneVoice
from voice_coach import resources
from voice_coach.commands.common import Writing
from voice_coach.commands.equipment import _spare_time
from voice_coach.config import Settings
from voice_coach.engines.fakes import ScriptedTranscriber
from voice_coach.engines.model_store import own_folder
from voice_coach.engines.recording import Recording
from voice_coach.engines.simulated import SimulatedTable
from voice_coach.errors import EngineFailed, MissingPart
from voice_coach.events import Recognition, Speaker, Transcribe, Utterance, Word
from voice_coach.journal import REWRITTEN_NAME
from voice_coach.lexicon import Languages, Lexicon
from voice_coach.live.inbox import Inbox
from voice_coach.live.spare_time import SpareTime
from voice_coach.live.talk import LiveEngines
from voice_coach.live.writing import Words
from voice_coach.live_session import LiveParts, LiveSession, Table
from voice_coach.segment import Segment, to_samples
from voice_coach.session import enrol_voices, load_report

DEADLINE_SECONDS = 30.0
TALK_SECONDS = 30.0


class Engine:
    """Says the same of everything; fulfils `Transcriber`."""

    def __init__(self, name: str, text: str, failing: int | None = None) -> None:
        self.name, self._text, self._failing = name, text, failing
        self.asked: list[int] = []

    def transcribe(self, utterance: Utterance, start_sample: int, samples: np.ndarray) -> Recognition:
        del start_sample, samples
        self.asked.append(utterance.utterance_id)
        if utterance.utterance_id == self._failing:
            raise EngineFailed("it fell over")
        return Recognition(tuple(Word(word) for word in self._text.split()))


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    until(lambda: not set(threading.enumerate()) - before)


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def command(number: int, seconds: float = 1.0) -> Transcribe:
    samples = to_samples(seconds)
    return Transcribe(Utterance(number, Speaker.A, Segment(0, samples)), 0, np.zeros(samples, np.float32))


def test_it_writes_when_nobody_waits_for_words_and_what_fails_keeps_its_words() -> None:
    engine, free = Engine("better", "so much better", failing=1), threading.Event()
    spare = SpareTime(lambda: engine)
    assert spare.name == "better"
    for number in range(3):
        spare.offer(command(number))
    spare.begin(lambda: bool(free.wait(DEADLINE_SECONDS)) or None)
    time.sleep(0.1)
    assert engine.asked == []
    free.set()
    until(lambda: len(engine.asked) == 3)
    written = spare.finish()
    assert engine.asked == [0, 1, 2]
    assert set(written) <= {0, 2}
    assert " ".join(word.text for word in written[0].words) == "so much better"


def test_what_has_waited_too_long_keeps_its_words() -> None:
    engine = Engine("better", "late")
    spare = SpareTime(lambda: engine)
    for number in range(20):
        spare.offer(command(number, 20.0))
    spare.begin(lambda: None)
    until(lambda: engine.asked[-1:] == [19])
    spare.finish()
    assert engine.asked == list(range(5, 20))


def test_a_talk_that_ends_does_not_wait_for_it() -> None:
    engine = Engine("better", "never")
    spare = SpareTime(lambda: engine)
    spare.offer(command(0))
    assert spare.finish() == {}
    assert engine.asked == []


def test_the_talks_own_words_come_first() -> None:
    going = threading.Event()

    class Slow(Engine):
        def transcribe(self, utterance: Utterance, start_sample: int, samples: np.ndarray) -> Recognition:
            going.wait(DEADLINE_SECONDS)
            return super().transcribe(utterance, start_sample, samples)

    inbox = Inbox(8)
    words = Words(Slow("first", "words"), inbox)
    assert list(words.submit(command(0))) == []
    engine = Engine("better", "words")
    spare = SpareTime(lambda: engine)
    spare.begin(words.wait_until_idle)
    spare.offer(command(0))
    time.sleep(0.1)
    assert engine.asked == []
    going.set()
    until(lambda: engine.asked == [0])
    words.finish(DEADLINE_SECONDS)
    spare.finish()


def test_an_engine_that_does_not_load_is_told_of_before_the_talk(settings: Settings, lexicon: Lexicon) -> None:
    def broken() -> Engine:
        raise MissingPart("it does not load")

    with pytest.raises(MissingPart, match="it does not load"):
        SpareTime(broken)
    writing = Writing(ScriptedTranscriber({}), Languages(lexicon), "script")
    settings = with_better(settings, "small.en")
    with pytest.raises(MissingPart, match=r"no model small\.en is here, which words\.better_model names"):
        _spare_time(settings, writing, ())


@pytest.mark.usefixtures("home", "stubbed_whisper")
def test_it_is_chosen_by_setting(settings: Settings, lexicon: Lexicon) -> None:
    writing = Writing(ScriptedTranscriber({}), Languages(lexicon), "script")
    assert _spare_time(settings, writing, ()) is None
    stubs.whisper_folder(own_folder() / "small.en")
    chosen = with_better(settings, "small.en")
    spare = _spare_time(chosen, writing, ())
    assert spare is not None
    assert spare.name == "whisper small.en"
    spare.finish()
    assert _spare_time(chosen, Writing(None, Languages(lexicon), "none"), ()) is None, "no words are wished for"


def with_better(settings: Settings, model: str) -> Settings:
    return replace(settings, words=replace(settings.words, better_model=model))


@pytest.mark.parametrize("failing", [None, 1])
def test_the_review_of_a_talk_has_the_better_words(
    lexicon: Lexicon, settings: Settings, tmp_path: Path, failing: int | None
) -> None:
    demo = resources.demo_folder()
    voices = enrol_voices([("Maya", demo / "enrol_a.flac"), ("Daniel", demo / "enrol_b.flac")])
    samples = np.concatenate([block.samples for block in Recording(demo / "talk.flac").blocks()])
    table = SimulatedTable(samples[: to_samples(TALK_SECONDS)])
    better = Engine("better", "thank you", failing)
    spare = SpareTime(lambda: better)
    engines = LiveEngines(Engine("first", "tank you"), ToneVoice(), table)
    parts = LiveParts(Languages(lexicon), settings, table, engines, Inbox(64), spare_time=spare, seconds=table.now)
    with LiveSession(tmp_path / "evening", Table(voices.names, (voices, 1.0)), parts, lambda *_: None) as held:
        hold_until(
            held, table, parts.inbox, lambda: table.position >= to_samples(TALK_SECONDS) and len(better.asked) > 3
        )
        before = load_report(tmp_path / "evening")
        held.hear_again()
    after = load_report(tmp_path / "evening")
    assert before.session.words_engine == "first"
    assert set(" ".join(turn.text for turn in before.turns if turn.text).split()) == {"tank", "you"}
    said = " ".join(turn.text for turn in after.turns if turn.text)
    assert "thank you" in said
    assert {phrase.kind for phrase in after.phrases} == {"appreciation"}
    assert ("tank you" in said) is ("first" in (after.session.words_engine or ""))
    assert ("tank you" in said) or failing is None
    assert (tmp_path / "evening" / REWRITTEN_NAME).is_file()
    assert not [path for path in (tmp_path / "evening").iterdir() if path.suffix in {".flac", ".wav"}]
