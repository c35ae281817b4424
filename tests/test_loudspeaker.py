"""The loudspeaker, over an output that does what tests tell it to; and the voice that has its sentences ready."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from voice_coach.acoustics import Floats
from voice_coach.engines import clock, loudspeaker, prepared
from voice_coach.engines.devices import Fill
from voice_coach.engines.loudspeaker import SystemLoudspeaker, play_aloud
from voice_coach.engines.prepared import PreparedVoice
from voice_coach.errors import EngineFailed, MissingPart
from voice_coach.events import Cue
from voice_coach.voice import VoiceOptions

DELAY = 0.08


class FakeOutput:
    """Asks for samples every 20 ms from a thread of its own, as long as it is let."""

    name = "fake"

    def __init__(self, outputs: FakeOutputs, fill: Fill) -> None:
        self.rate, self.channels, self.is_active = outputs.rate, 1, True
        self._outputs, self._fill = outputs, fill
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while self.is_active:
            time.sleep(0.02)
            if self._outputs.is_gone:
                self.is_active = False
            elif not self._outputs.is_held:
                out = np.full(self.rate // 50, 9.0, np.float32)
                self._fill(out, DELAY)
                self._outputs.played.append(out)

    def close(self) -> None:
        self.is_active = False
        self._thread.join()


class FakeOutputs:
    """Devices of which one can be told what to do."""

    def __init__(self, rate: int = 16_000) -> None:
        self.rate = rate
        self.is_there, self.is_gone, self.is_held = True, False, False
        self.is_plugged_in = True
        self.found_anew = 0
        self.played: list[Floats] = []
        self.opened = 0

    def open_output(self, wanted: str, fill: Fill) -> FakeOutput:
        if not self.is_there:
            raise MissingPart("this machine has no sound output; cure: connect a loudspeaker")
        self.opened += 1
        return FakeOutput(self, fill)

    def find_anew(self) -> None:
        self.found_anew += 1
        self.is_there = self.is_plugged_in

    @property
    def heard(self) -> Floats:
        return np.concatenate(self.played) if self.played else np.zeros(0, np.float32)


@pytest.fixture
def outputs() -> FakeOutputs:
    return FakeOutputs()


@pytest.fixture
def opened() -> Iterator[Callable[[FakeOutputs], SystemLoudspeaker]]:
    """Opens a loudspeaker, and closes it in the end."""
    speakers: list[SystemLoudspeaker] = []

    def opened(outputs: FakeOutputs) -> SystemLoudspeaker:
        speakers.append(SystemLoudspeaker(outputs))  # type: ignore[arg-type]
        return speakers[-1]

    yield opened
    for speaker in speakers:
        speaker.close()


Opened = Callable[[FakeOutputs], SystemLoudspeaker]


def tone(seconds: float) -> Floats:
    return np.sin(np.arange(round(16_000 * seconds)) * 0.2).astype(np.float32) * np.float32(0.5)


@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_a_sentence_is_played_whole_and_its_times_are_those_at_the_table(opened: Opened, rate: int) -> None:
    outputs = FakeOutputs(rate)
    begun: list[float] = []
    asked = clock.now()
    played = opened(outputs).play(tone(0.6), begun.append)
    assert played.whole
    assert len(begun) == 1
    assert begun[0] >= asked + DELAY
    assert played.ended - begun[0] == pytest.approx(0.6, abs=0.01)
    assert clock.now() >= played.ended
    heard = outputs.heard
    loud = np.flatnonzero(np.abs(heard) > 0.01)
    assert (loud[-1] - loud[0]) / rate == pytest.approx(0.6, abs=0.01)
    assert np.abs(heard).max() < 0.7  # nothing of what lay in the buffer


def test_it_fades_out_at_once(outputs: FakeOutputs, opened: Opened) -> None:
    speaker = opened(outputs)
    threading.Timer(0.3, speaker.fade).start()
    began = time.monotonic()
    played = speaker.play(tone(5), lambda _: None)
    assert time.monotonic() - began < 2
    assert not played.whole
    heard = outputs.heard
    last = np.flatnonzero(np.abs(heard) > 0.001)[-1]
    assert last < 16_000
    steps = np.abs(np.diff(heard[: last + 400]))
    assert steps.max() < 0.15  # no click


def test_fading_what_is_not_played_does_nothing(outputs: FakeOutputs, opened: Opened) -> None:
    speaker = opened(outputs)
    speaker.fade()
    assert speaker.play(tone(0.1), lambda _: None).whole


def test_sounds_are_played_aloud_one_after_the_other_and_the_output_let_go_of(outputs: FakeOutputs) -> None:
    play_aloud([tone(0.2), tone(0.3)], outputs)  # type: ignore[arg-type]
    assert outputs.opened == 1
    assert np.count_nonzero(np.abs(outputs.heard) > 0.01) == pytest.approx(0.5 * 16_000, rel=0.05)
    before = len(outputs.played)
    time.sleep(0.1)
    assert len(outputs.played) == before


def test_what_cannot_be_played_aloud_names_the_cure(outputs: FakeOutputs) -> None:
    threading.Timer(0.2, lambda: setattr(outputs, "is_gone", True)).start()
    with pytest.raises(MissingPart, match="the sound output has gone; cure: check the sound settings"):
        play_aloud([tone(5)], outputs)  # type: ignore[arg-type]


def test_an_output_that_goes_is_an_error_and_the_next_sentence_is_tried_again(
    outputs: FakeOutputs, opened: Opened
) -> None:
    speaker = opened(outputs)
    threading.Timer(0.2, lambda: setattr(outputs, "is_gone", True)).start()
    with pytest.raises(EngineFailed):
        speaker.play(tone(5), lambda _: None)
    outputs.is_gone = outputs.is_there = outputs.is_plugged_in = False
    with pytest.raises(EngineFailed):
        speaker.play(tone(0.1), lambda _: None)
    outputs.is_there = True
    assert speaker.play(tone(0.1), lambda _: None).whole


def test_an_output_that_is_plugged_in_again_is_found(
    outputs: FakeOutputs, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not at every sentence: whoever looks for devices takes the microphone away for a moment."""
    speaker = opened(outputs)
    outputs.is_gone, outputs.is_there, outputs.is_plugged_in = True, False, False
    time.sleep(0.1)
    for _ in range(3):
        with pytest.raises(EngineFailed, match="cure"):
            speaker.play(tone(0.1), lambda _: None)
    assert outputs.found_anew == 1
    outputs.is_gone, outputs.is_plugged_in = False, True
    monkeypatch.setattr(loudspeaker, "_LOOK_SECONDS", 0.0)
    assert speaker.play(tone(0.1), lambda _: None).whole
    assert outputs.found_anew == 2


def test_an_output_that_stalls_is_given_up(
    outputs: FakeOutputs, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loudspeaker, "_OPENED_SECONDS", 0.3)
    speaker = opened(outputs)
    outputs.is_held = True
    with pytest.raises(EngineFailed):
        speaker.play(tone(0.1), lambda _: None)


def test_between_sentences_the_output_stays_open_and_is_silent(outputs: FakeOutputs, opened: Opened) -> None:
    speaker = opened(outputs)
    speaker.play(tone(0.1), lambda _: None)
    outputs.played.clear()
    time.sleep(0.2)
    assert len(outputs.played) > 3
    assert not outputs.heard.any()


def test_an_output_that_stalled_between_sentences_is_opened_anew(outputs: FakeOutputs, opened: Opened) -> None:
    speaker = opened(outputs)
    outputs.is_held = True
    time.sleep(0.7)
    threading.Timer(0.1, lambda: setattr(outputs, "is_held", False)).start()
    assert speaker.play(tone(0.1), lambda _: None).whole
    assert outputs.opened == 2


def test_no_output_at_all_is_said_with_its_cure(outputs: FakeOutputs, opened: Opened) -> None:
    outputs.is_there = False
    with pytest.raises(MissingPart, match="cure"):
        opened(outputs)


class SlowVoice:
    """Renders in a tenth of a second, and knows what it was asked for."""

    asked: list[tuple[int, str]]
    fails: set[str]

    def __init__(self, options: VoiceOptions, language: str) -> None:
        self.options, self.name = options, "slow"

    def render(self, cue: Cue, seconds: float = 0.0) -> Floats:
        del seconds
        if cue.text in self.fails:
            raise EngineFailed("the voice hangs")
        self.asked.append((self.options.rate, cue.text))
        time.sleep(0.1)
        return np.full(len(cue.text), 0.5, np.float32)

    def close(self) -> None:
        """Nothing of it can be stopped."""


@pytest.fixture
def voice(monkeypatch: pytest.MonkeyPatch) -> Iterator[PreparedVoice]:
    monkeypatch.setattr(SlowVoice, "asked", [], raising=False)
    monkeypatch.setattr(SlowVoice, "fails", set(), raising=False)
    monkeypatch.setattr(prepared, "SystemVoice", SlowVoice)
    voice = PreparedVoice(VoiceOptions(), "en")
    yield voice
    voice.close()


def cue(text: str) -> Cue:
    return Cue(0, "", text, None, 0, 0, ())


def wait_until_asked(texts: set[str]) -> None:
    deadline = time.monotonic() + 5
    while {text for _, text in SlowVoice.asked} < texts:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    time.sleep(0.15)


def test_what_was_prepared_is_ready_at_once(voice: PreparedVoice) -> None:
    voice.prepare(["one", "three"])
    wait_until_asked({"one", "three"})
    began = time.monotonic()
    assert len(voice.render(cue("three"))) == 5
    assert time.monotonic() - began < 0.05
    assert len(SlowVoice.asked) == 2


def test_the_latest_wish_comes_first(voice: PreparedVoice) -> None:
    voice.prepare(["a", "b", "c", "d"])
    voice.prepare(["soon"])
    wait_until_asked({"a", "b", "c", "d", "soon"})
    assert [text for _, text in SlowVoice.asked].index("soon") <= 1


def test_another_rate_renders_all_anew_and_another_volume_nothing(voice: PreparedVoice) -> None:
    voice.prepare(["a", "b"])
    wait_until_asked({"a", "b"})
    voice.change(1.0, 0.5)
    assert voice.render(cue("a")) == pytest.approx(0.25)
    assert len(SlowVoice.asked) == 2
    voice.change(0.8, 1.0)
    deadline = time.monotonic() + 5
    while len(SlowVoice.asked) < 4 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert {rate for rate, _ in SlowVoice.asked[2:]} == {round(VoiceOptions().rate * 0.8)}


def test_a_voice_that_fails_ahead_is_tried_again_when_it_is_to_be_said(voice: PreparedVoice) -> None:
    SlowVoice.fails.add("a")
    voice.prepare(["a", "b"])
    wait_until_asked({"b"})
    with pytest.raises(EngineFailed):
        voice.render(cue("a"))
    SlowVoice.fails.clear()
    assert len(voice.render(cue("a"))) == 1
