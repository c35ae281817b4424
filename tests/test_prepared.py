"""The voice of live talks: ready before it is asked, changed by a request or by another choice."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from voice_coach.acoustics import Floats
from voice_coach.commands import equipment
from voice_coach.commands.common import own_settings_file
from voice_coach.commands.equipment import Notices, VoiceChoice
from voice_coach.engines import prepared
from voice_coach.engines.prepared import PreparedVoice
from voice_coach.events import Cue
from voice_coach.own_settings import change_settings
from voice_coach.voice import VoiceOptions, no_louder, speech_level_db

CUE = Cue(0, "slow_down", "Let's slow down a little.", None, 0, 0, ())
OPTIONS = VoiceOptions()


class Rendered:
    """Samples that tell how they were to sound: a length for the rate, a level for the voice."""

    name = "script"

    def __init__(self, options: VoiceOptions, language: str) -> None:
        del language
        self.options = options

    def render(self, cue: Cue, seconds: float = 0.0) -> Floats:
        del cue, seconds
        return np.full(self.options.rate, 0.5 if self.options.voice else 0.25, np.float32)

    def close(self) -> None:
        """Nothing is being rendered."""


Make = Callable[..., PreparedVoice]


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    monkeypatch.setattr(prepared, "SystemVoice", Rendered)
    made: list[PreparedVoice] = []

    def begin(chosen_since: Callable[[], VoiceOptions | None] = lambda: None) -> PreparedVoice:
        made.append(PreparedVoice(OPTIONS, "en", chosen_since))
        made[-1].prepare([CUE.text])
        return made[-1]

    yield begin
    for voice in made:
        voice.close()


def test_a_request_changes_rate_and_volume(make: Make) -> None:
    voice = make()
    assert len(voice.render(CUE)) == 150
    voice.change(0.5, 0.5)
    slow = voice.render(CUE)
    assert len(slow) == 80  # 75 is too slow for any voice
    assert slow.max() == pytest.approx(0.125)


def test_what_the_loudspeaker_may_be_given_holds_for_louder_and_leaves_softer(make: Make) -> None:
    bounded = replace(OPTIONS, rate=320, loudest_db=-20.0)
    choices = [bounded, None, None]
    voice = make(lambda: choices.pop(0))
    assert voice.render(CUE).max() == pytest.approx(0.1)
    voice.change(1.0, 1.25)
    assert voice.render(CUE).max() == pytest.approx(0.1), "no louder than the check found right"
    voice.change(1.0, 0.5)
    assert voice.render(CUE).max() == pytest.approx(0.05), "softer is heard as softer"


def test_the_level_of_a_sentence_is_that_of_its_speech() -> None:
    spoken, pause = np.full(3200, 0.1, np.float32), np.zeros(16_000, np.float32)
    sentence = np.concatenate((pause, spoken, pause, spoken))
    assert speech_level_db(sentence) == pytest.approx(-20.0, abs=0.1)
    assert speech_level_db(no_louder(sentence, -26.0)) == pytest.approx(-26.0, abs=0.1)
    assert no_louder(sentence, -14.0) is sentence, "what is soft enough stays as it was rendered"
    assert len(no_louder(np.zeros(0, np.float32), -26.0)) == 0


def test_another_choice_holds_from_the_next_sentence_on_and_keeps_what_was_asked_for(make: Make) -> None:
    choices = [None, replace(OPTIONS, voice="gmw/en", rate=200), None]
    voice = make(lambda: choices.pop(0))
    voice.change(0.9, 1.0)
    assert len(voice.render(CUE)) == 135
    chosen = voice.render(CUE)
    assert (len(chosen), chosen.max()) == (180, 0.5)
    assert len(voice.render(CUE)) == 180


@pytest.fixture
def notices() -> list[str]:
    return []


@pytest.fixture
def choice(home: Path, monkeypatch: pytest.MonkeyPatch, notices: list[str]) -> VoiceChoice:
    del home
    chosen = Namespace(config=[], words=None, quiet=False)
    monkeypatch.setattr(equipment, "note", lambda _, text: notices.append(text))
    monkeypatch.setattr("voice_coach.engines.voices.list_voices", lambda _: ())
    return VoiceChoice(chosen, Notices(chosen), "en")


def test_what_is_written_beside_a_talk_is_noticed_once(choice: VoiceChoice) -> None:
    assert choice() is None
    change_settings(own_settings_file(), "voice", {"rate": 120})
    assert choice() == replace(OPTIONS, rate=120)
    assert choice() is None


def test_a_wrong_file_or_a_voice_that_is_not_there_is_told(choice: VoiceChoice, notices: list[str]) -> None:
    own_settings_file().parent.mkdir(parents=True)
    own_settings_file().write_text("[voice]\nrate = 1000\n", encoding="utf-8")
    assert choice() is None
    assert "rate is 1000" in notices[0]
    assert notices[0].endswith("the voice stays as it was")
    own_settings_file().write_text('[voice]\nvoice = "gone"\n', encoding="utf-8")
    assert choice() == OPTIONS
    assert "no longer on this machine" in notices[1]
