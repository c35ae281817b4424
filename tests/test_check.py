"""The check: every line of it, well and amiss."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.at_the_table import virtual_table
from tools.live.program import Program
from voice_coach import checking, session
from voice_coach.acoustics import Floats
from voice_coach.checking import Echo, find_echo, judge_echo, judge_gain, judge_microphone, judge_room, sweep
from voice_coach.commands import check
from voice_coach.commands.common import effective_settings, own_settings_file
from voice_coach.config import Settings
from voice_coach.engines.choosing import Choice
from voice_coach.engines.simulated import EchoPath
from voice_coach.engines.speed import Speed, remembered
from voice_coach.errors import EngineFailed, InputError, MissingPart
from voice_coach.events import AudioBlock
from voice_coach.live.first_sound import FirstSound, judge_first_sound
from voice_coach.segment import SAMPLE_RATE

STARTS = (8_000, 24_000, 40_000)


def heard_back(delay: float, gains_db: tuple[float, ...]) -> Floats:
    """What a microphone hears of three sweeps, through a little noise."""
    rng = np.random.default_rng(0)
    heard = (rng.standard_normal(60_000) * 1e-3).astype(np.float32)
    for start, gain in zip(STARTS, gains_db, strict=True):
        place = start + round(delay * SAMPLE_RATE)
        heard[place : place + len(sweep())] += sweep() * np.float32(10 ** (gain / 20))
    return heard


@pytest.mark.parametrize("delay", [0.01, 0.09, 0.4])
def test_the_echo_is_found_where_and_how_loud_it_is(delay: float) -> None:
    echo = find_echo(sweep(), heard_back(delay, (-12, -12, -12)), STARTS)
    assert echo is not None
    assert echo.delay_seconds == pytest.approx(delay, abs=0.002)
    assert echo.levels_db == pytest.approx([checking.SWEEP_DB - 12] * 3, abs=0.5)
    assert judge_echo("loudspeaker", echo).is_well
    gain = judge_gain(echo)
    assert gain is not None
    assert gain.is_well


def test_a_loudspeaker_that_is_not_heard() -> None:
    rng = np.random.default_rng(1)
    assert find_echo(sweep(), rng.standard_normal(60_000).astype(np.float32) * 0.01, STARTS) is None
    assert "volume up" in judge_echo("loudspeaker", None).cure
    assert judge_gain(None) is None


@pytest.mark.parametrize(
    ("louder_than_people_db", "loudest_db"), [(6.0, -32.0), (0.0, -26.0), (-12.0, -14.0), (-40.0, 0.0)]
)
def test_a_sentence_may_be_as_loud_as_people_are(louder_than_people_db: float, loudest_db: float) -> None:
    found = judge_echo("loudspeaker", Echo(0.05, (checking.PEOPLE_DB + louder_than_people_db,) * 3))
    assert found.is_well
    assert found.figures["loudest_db"] == loudest_db


def test_a_loudspeaker_that_is_far_too_loud() -> None:
    found = judge_echo("loudspeaker", Echo(0.05, (checking.PEOPLE_DB + 25.0,) * 3))
    assert found.cure == "turn the loudspeaker down"
    assert found.figures["loudest_db"] == checking.SOFTEST_DB


@pytest.mark.usefixtures("home")
def test_how_loud_it_may_speak_is_set_and_set_anew() -> None:
    def check_once(level_db: float) -> tuple[str, float]:
        found = check._no_louder_than_people(judge_echo("loudspeaker", Echo(0.05, (level_db,) * 3)), own())
        return found.found, own().voice.loudest_db

    def own() -> Settings:
        return effective_settings(Namespace(config=[], json=False, quiet=False))

    own_settings_file().parent.mkdir(parents=True)
    own_settings_file().write_text("# ours\n[voice]\nvolume = 0.7  # as we like it\n")
    told, loudest = check_once(checking.PEOPLE_DB + 6.0)
    assert "the coach speaks at -32 dB at most" in told
    assert loudest == -32.0
    assert check_once(checking.PEOPLE_DB + 6.0)[1] == -32.0, "what was set does not make it softer yet"
    told, loudest = check_once(checking.PEOPLE_DB - 30.0)
    assert "as loud as it likes" in told
    assert loudest == 0.0
    assert "volume = 0.7  # as we like it" in own_settings_file().read_text()


@pytest.mark.usefixtures("home")
def test_settings_that_cannot_be_written_are_a_line_with_its_reason(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, "change_settings", _refuse("config.toml cannot be written", InputError))
    loud = judge_echo("loudspeaker", Echo(0.05, (checking.PEOPLE_DB + 6.0,) * 3))
    found = check._guarded("loudspeaker", lambda: check._no_louder_than_people(loud, settings))
    assert (found.found, found.is_well) == ("config.toml cannot be written", False)


def test_a_microphone_that_changes_its_own_gain() -> None:
    echo = find_echo(sweep(), heard_back(0.05, (-10, -14, -18)), STARTS)
    found = judge_gain(echo)
    assert found is not None
    assert "automatic gain" in found.cure


def test_a_microphone_that_is_overdriven() -> None:
    well = judge_microphone("usb", 48_000, np.full(16_000, 0.1, np.float32))
    assert well.is_well
    assert well.found == "usb, 48000 Hz, loudest -20 dB"
    assert "lower" in judge_microphone("usb", 48_000, np.ones(16_000, np.float32)).cure


@pytest.mark.parametrize(("level", "is_well"), [(-62.0, True), (-48.0, True), (-30.0, False)])
def test_a_room_is_judged_in_words(level: float, is_well: bool) -> None:
    found = judge_room(FirstSound(level))
    assert found.is_well is is_well
    assert f"{level:.0f} dB" in found.found


def test_exact_silence_is_named_with_the_cure_for_this_system() -> None:
    with pytest.raises(MissingPart, match="exact silence; cure: unmute it"):
        judge_first_sound(np.zeros(16_000, np.float32), "unmute it")


class Silent:
    """A microphone that was opened and hears nothing."""

    name, rate = "silent", 16_000

    def __init__(self, *given: object) -> None:
        pass

    def start(self, deliver: Callable[[AudioBlock], None], tell: object) -> None:
        pass

    def close(self) -> None:
        pass


def lines(settings: Settings) -> dict[str, checking.Finding]:
    return {finding.what: finding for finding in check._findings(settings)}


def test_a_microphone_that_delivers_nothing(settings: Settings, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setattr(check, "Devices", object)
    monkeypatch.setattr(check, "SystemMicrophone", Silent)
    monkeypatch.setattr(check, "_PATIENCE_SECONDS", 0.2)
    found = lines(settings)
    assert "delivers nothing" in found["microphone"].found
    assert found["microphone"].cure
    assert "loudspeaker" not in found


def _refuse(message: str, error: type[Exception] = MissingPart) -> Callable[..., object]:
    def refuse(*given: object, **named: object) -> object:
        raise error(message)

    return refuse


@pytest.mark.parametrize(
    ("part", "what"), [("Devices", "microphone"), ("SystemVoice", "voice"), ("choose_transcriber", "words")]
)
def test_what_is_missing_is_a_line_with_its_cure(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, home: Path, part: str, what: str
) -> None:
    monkeypatch.setattr(check, part, _refuse("it is missing; cure: install it"))
    found = lines(settings)[what]
    assert (found.found, found.cure) == ("it is missing", "install it")


class Fan(Silent):
    """A microphone that hears a fan."""

    def start(self, deliver: Callable[[AudioBlock], None], tell: object) -> None:
        noise = np.random.default_rng(0).standard_normal(60_000).astype(np.float32) * np.float32(1e-3)
        deliver(AudioBlock(0, noise))

    def sample_at(self, seconds: float) -> int:
        return 0


def test_a_loudspeaker_that_is_missing(settings: Settings, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setattr(check, "Devices", object)
    monkeypatch.setattr(check, "SystemMicrophone", Fan)
    monkeypatch.setattr(check, "_PATIENCE_SECONDS", 0.2)
    monkeypatch.setattr(check, "SystemLoudspeaker", _refuse("there is none; cure: connect one"))
    found = lines(settings)
    assert (found["loudspeaker"].found, found["loudspeaker"].cure) == ("there is none", "connect one")
    assert found["microphone"].is_well
    assert found["room"].is_well


def test_a_voice_that_is_slow(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "_SLOW_VOICE_SECONDS", -1.0)
    monkeypatch.setattr(check.SystemVoice, "render", lambda *_: np.zeros(16_000, np.float32))
    assert "voice-coach voices" in check._voice(settings).cure


@pytest.mark.parametrize(
    ("language", "platform", "cure"),
    [
        ("auto", "linux", "python -m pip install 'voice-coach[embedded]'"),
        ("en", "darwin", "voice-coach models get base.en"),
        ("de", "linux", "voice-coach models get base"),
    ],
)
def test_without_a_words_engine_the_cure_is_one_for_this_language_and_system(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, language: str, platform: str, cure: str
) -> None:
    monkeypatch.setattr(check, "choose_transcriber", lambda *_: Choice(None))
    monkeypatch.setattr(check.sys, "platform", platform)
    assert check._words(replace(settings, words=replace(settings.words, language=language))).cure == cure


def test_words_that_nobody_wants_are_nothing_to_cure(settings: Settings) -> None:
    found = check._words(replace(settings, words=replace(settings.words, engine="off")))
    assert found.is_well
    assert "off, as you set it" in found.found


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("name", "seconds", "cure", "recommended"),
    [
        ("moonshine tiny-en", 0.05, "", "recommended: base.en should keep up too (voice-coach models get base.en)"),
        ("whisper small.en", 0.5, "", ""),
        ("whisper small.en", 1.3, "voice-coach models get base.en", ""),
        ("moonshine tiny-en", 0.9, "close other programs, or talk with --words off", ""),
    ],
)
def test_an_engine_and_a_size_are_recommended_by_what_was_measured(
    monkeypatch: pytest.MonkeyPatch, name: str, seconds: float, cure: str, recommended: str
) -> None:
    monkeypatch.setattr(check, "choose_transcriber", lambda *_: Choice(Namespace(name=name)))
    monkeypatch.setattr(check, "measure", lambda *_: Speed(seconds, seconds))
    found = check._words(Settings())
    assert found.cure == cure
    assert found.found.partition("; ")[2] == recommended
    assert remembered() == {name: Speed(seconds, seconds)}


def test_a_voice_that_breaks_down(settings: Settings, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setattr(check.SystemVoice, "render", _refuse("it hangs", EngineFailed))
    assert not lines(settings)["voice"].is_well


def test_a_disk_that_is_full_or_not_ones_own(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setattr(check.shutil, "disk_usage", lambda _: Namespace(free=1_000_000))
    assert "free some space" in check._disk().cure
    monkeypatch.setattr(check.os, "access", lambda *_: False)
    assert "chown" in check._disk().cure


def test_a_package_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "_PACKAGES", ("numpy", "no-such-package"))
    assert check._packages().cure == "python -m pip install no-such-package"


def test_it_names_where_everything_is_kept(home: Path) -> None:
    assert str(session.voices_folder()) in check._places().found


@pytest.mark.real
@pytest.mark.table
def test_at_a_table_all_is_well(tmp_path: Path, moonshine_model: None, system_voice: None) -> None:
    response = np.zeros(160, np.float32)
    response[0] = 0.25
    with virtual_table(tmp_path / "pa", EchoPath(0.06, response)) as table:
        with Program(table, "check", "--json", home=tmp_path) as program:
            assert program.end() == 0, program.output
        found = {line["what"]: line for line in json.loads(program.output)}
        assert found["loudspeaker"]["figures"]["echo_level_db"] == pytest.approx(checking.SWEEP_DB - 12, abs=2)
        with Program(table, "config", "--json", home=tmp_path) as program:
            assert program.end() == 0
        assert json.loads(program.output)["voice.loudest_db"]["value"] == pytest.approx(-14, abs=2)
        assert 0.04 < found["loudspeaker"]["figures"]["echo_delay_seconds"] < 0.5
        table.control("set-source-mute", "microphone", "1")
        with Program(table, "check", home=tmp_path) as program:
            assert program.end() == 4
        assert "exact silence" in program.output
