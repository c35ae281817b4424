"""The coach's voice: what a machine has, how it is chosen, and that a choice survives all that may happen to it."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests import recorded_drivers
from tests.test_cli import run
from voice_coach.commands.common import own_settings_file
from voice_coach.config import load_settings
from voice_coach.engines import speak, voices
from voice_coach.engines.recording import Recording
from voice_coach.engines.renderer import SystemVoice
from voice_coach.engines.voices import find_voice, list_voices, usable
from voice_coach.errors import MissingPart, UsageError
from voice_coach.events import Cue
from voice_coach.own_settings import change_settings
from voice_coach.voice import VoiceOptions

pytestmark = pytest.mark.usefixtures("home")
TEXT = "Let's slow down a little. There is time."

TOLD = [
    {"id": "gmw/de", "name": "German", "language": "de", "gender": "Male", "engine": "espeak"},
    {"id": "gmw/en-us", "name": "English (America)", "language": "en-us", "gender": "Male", "engine": "espeak"},
    {"id": "gmw/en", "name": "English  (Great Britain)", "language": "en-gb", "gender": "Female", "engine": "espeak"},
    {"id": "x/y", "name": "Odd", "language": "unknown locale: 7", "gender": None, "engine": "other"},
]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with four voices."""
    monkeypatch.setattr(voices, "_asked", lambda: [dict(one) for one in TOLD])


# What there is


@pytest.mark.usefixtures("told")
def test_voices_of_the_language_come_first_and_keep_their_numbers() -> None:
    found = list_voices("en")
    assert [(one.number, one.id) for one in found] == [(1, "gmw/en"), (2, "gmw/en-us"), (3, "gmw/de"), (4, "x/y")]
    assert [one.language for one in found] == ["en-gb", "en-us", "de", ""]
    assert [one.gender for one in found] == ["female", "male", "male", None]
    assert found[0].name == "English (Great Britain)"
    assert [one.number for one in list_voices("de")] == [1, 2, 3, 4]


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize(
    ("which", "voice"),
    [("2", "gmw/en-us"), ("GMW/EN", "gmw/en"), ("german", "gmw/de"), ("en-gb", "gmw/en"), ("america", "gmw/en-us")],
)
def test_a_voice_is_found_by_number_name_or_a_part_of_it(which: str, voice: str) -> None:
    assert find_voice(list_voices("en"), which).id == voice


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize(
    ("which", "sentence"),
    [
        ("english", "'english' may be 1 English (Great Britain), 2 English (America); take a number"),
        ("germna", "there is no voice 'germna'; did you mean German?"),
        ("9", "there is no voice '9'; voice-coach voices --all lists them"),
        (" ", "a voice is meant by its number, its name or a part of it"),
    ],
)
def test_a_voice_that_is_not_clear_is_said_so(which: str, sentence: str) -> None:
    with pytest.raises(UsageError) as error:
        find_voice(list_voices("en"), which)
    assert str(error.value) == sentence


@pytest.mark.usefixtures("told")
def test_a_search_finds_words_in_any_order_and_a_gender_only_as_such() -> None:
    def found(search: str) -> list[int]:
        return [one.number for one in list_voices("en") if one.matches(search)]

    assert found("english female") == [1]
    assert found("male") == [2, 3]
    assert found("espeak en") == [1, 2]


def test_a_machine_without_voices_names_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voices, "_asked", list)
    with pytest.raises(MissingPart, match=r"no system voice; cure: install espeak-ng"):
        list_voices("en")

    def hang(*_: object, **options: Any) -> None:
        raise subprocess.TimeoutExpired("python", options["timeout"])

    monkeypatch.undo()
    monkeypatch.setattr(subprocess, "run", hang)
    with pytest.raises(MissingPart, match="did not answer within 20 s"):
        list_voices("en")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: SimpleNamespace(returncode=0, stdout="not json"))
    with pytest.raises(MissingPart, match="cannot be listed"):
        list_voices("en")


# What is chosen


@pytest.mark.usefixtures("told")
def test_a_voice_that_has_gone_or_is_unwanted_gives_way_with_a_notice() -> None:
    assert usable(VoiceOptions(), "en") == (VoiceOptions(), None)
    assert usable(VoiceOptions(voice="gmw/EN"), "en") == (VoiceOptions(voice="gmw/EN"), None)
    options, notice = usable(VoiceOptions(voice="gone", rate=120), "en")
    assert options == VoiceOptions(rate=120)
    assert notice
    assert "the voice gone is no longer on this machine; the system's own speaks instead" in notice
    options, notice = usable(VoiceOptions(voice="gmw/en", unwanted=("gmw/en",)), "en")
    assert options.voice == ""
    assert notice
    assert "does not want" in notice


def test_settings_are_written_and_every_comment_stays(tmp_path: Path) -> None:
    file = tmp_path / "new" / "config.toml"
    change_settings(file, "voice", {"rate": 130, "unwanted": ("a", "b")})
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    written = "# ours\n[voice]  # the voice\nrate = 120   # slowly\n\n[words]\nengine = 'off' # none\n"
    file.write_text(written, encoding="utf-8")
    change_settings(file, "voice", {"rate": 140, "voice": "gmw/en"})
    text = file.read_text(encoding="utf-8")
    assert text == written.replace("120", "140").replace("# slowly\n", '# slowly\nvoice = "gmw/en"\n')
    assert load_settings([file]).voice == VoiceOptions(voice="gmw/en", rate=140)


@pytest.mark.parametrize("text", ["voice = 3\n", "[voice\n", "\x00"])
def test_a_file_that_is_broken_is_left_alone(tmp_path: Path, text: str) -> None:
    file = tmp_path / "config.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=r"config\.toml"):
        change_settings(file, "voice", {"rate": 140})
    assert file.read_text(encoding="utf-8") == text


def test_nothing_wrong_is_written(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    for values in ({"rate": 1000}, {"rat": 100}, {"unwanted": "x"}):
        with pytest.raises(UsageError):
            change_settings(file, "voice", values)
    assert not file.exists()


# The command


@pytest.mark.usefixtures("told")
def test_the_command_lists_searches_chooses_and_vetoes(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "voices")
    assert code == 0
    assert "   1  English (Great Britain)  en-gb, female, eSpeak NG" in out
    assert "German" not in out
    assert "2 voices are not shown" in out
    assert "German" in run(capsys, "voices", "--all")[1]
    assert "German" in run(capsys, "voices", "germ")[1]
    assert run(capsys, "voices", "xyzzy")[0] == 2

    assert run(capsys, "voices", "--choose", "2", "--rate", "140", "--volume", "0.5", "--pause", "0.4")[0] == 0
    chosen = load_settings([own_settings_file()]).voice
    assert chosen == VoiceOptions(voice="gmw/en-us", rate=140, volume=0.5, lead_seconds=0.4)
    out = run(capsys, "voices")[1]
    assert "*   2  English (America)" in out
    assert "Now: gmw/en-us, 140 words a minute, volume 0.5, pause 0.4 s" in out

    assert run(capsys, "voices", "--veto", "america")[0] == 0
    assert load_settings([own_settings_file()]).voice.unwanted == ("gmw/en-us",)
    assert load_settings([own_settings_file()]).voice.voice == ""
    assert "(unwanted)" in run(capsys, "voices")[1]
    code, _, err = run(capsys, "voices", "--choose", "2")
    assert (code, "--allow lets it speak again" in err) == (2, True)
    assert run(capsys, "voices", "--allow", "2", "--choose", "2")[0] == 0
    assert load_settings([own_settings_file()]).voice.unwanted == ()
    assert run(capsys, "voices", "--choose", "default")[0] == 0
    assert tomllib.loads(own_settings_file().read_text(encoding="utf-8"))["voice"]["voice"] == ""


@pytest.mark.usefixtures("told")
def test_the_list_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "voices", "--choose", "1", "--veto", "3", "--quiet")
    code, out, _ = run(capsys, "voices", "--json")
    told = json.loads(out)
    assert code == 0
    assert told["voice"]["voice"] == "gmw/en"
    assert [one["chosen"] for one in told["voices"]] == [True, False, False, False]
    assert [one["unwanted"] for one in told["voices"]] == [False, False, True, False]
    assert set(told["voices"][0]) == {"number", "id", "name", "language", "gender", "engine", "chosen", "unwanted"}


@pytest.mark.usefixtures("told")
def test_wrong_wishes_are_said_and_nothing_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    for wish in (["--rate", "9"], ["--volume", "2"], ["--pause", "5"], ["--choose", "nobody"], ["--preview", "nobody"]):
        code, _, err = run(capsys, "voices", *wish)
        assert code == 2
        assert err.count("\n") == 1
    assert not own_settings_file().exists()


# espeak-ng, really


@pytest.mark.real
@pytest.mark.usefixtures("system_voice")
def test_the_real_voices_are_listed_and_each_can_be_chosen(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    found = list_voices("en")
    assert len(found) > 20
    assert {one.engine for one in found} == {"eSpeak NG"}
    assert found[0].language.startswith("en")
    files = []
    for which in ("en-us", "scotland"):
        files.append(tmp_path / f"{which}.wav")
        assert run(capsys, "voices", "--preview", which, "--save", files[-1])[0] == 0
    sounds = [np.concatenate([chunk for chunk, _ in Recording(file).chunks()]) for file in files]
    assert all(len(sound) > 16_000 for sound in sounds)
    assert len(sounds[0]) != len(sounds[1])


@pytest.mark.real
@pytest.mark.usefixtures("system_voice")
def test_a_choice_survives_a_restart_and_a_voice_that_has_gone_is_told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    run(capsys, "voices", "--choose", "scotland", "--rate", "120")
    program = [sys.executable, "-m", "voice_coach", "voices"]
    told = json.loads(subprocess.run([*program, "--json"], capture_output=True, text=True, check=True).stdout)
    assert [one["id"] for one in told["voices"] if one["chosen"]] == ["gmw/en-gb-scotland"]
    own = own_settings_file()
    own.write_text(own.read_text(encoding="utf-8").replace("scotland", "atlantis"), encoding="utf-8")
    code, out, err = run(capsys, "voices", "--preview", "--save", tmp_path / "own.wav")
    assert code == 0
    assert "the voice gmw/en-gb-atlantis is no longer on this machine" in err
    assert "default voice" in out
    assert (tmp_path / "own.wav").stat().st_size > 20_000


@pytest.mark.real
@pytest.mark.usefixtures("system_voice")
def test_without_a_loudspeaker_a_preview_names_the_cure(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "voices", "--preview", "en-us")
    if code == 0:
        pytest.skip("this machine has a sound output")
    assert code == 4
    assert "cure: " in err


# Windows and macOS, as recorded

SYSTEMS = {"sapi": recorded_drivers.sapi, "nsss": recorded_drivers.nsss}


def child(monkeypatch: pytest.MonkeyPatch, *arguments: str, wishes: object = None) -> tuple[int, str]:
    """Run the child process's program here; returns its exit code and output."""
    output = io.StringIO()
    monkeypatch.setattr(sys, "argv", ["speak", *arguments])
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(wishes)))
    monkeypatch.setattr(sys, "stdout", output)
    return speak.main(), output.getvalue()


def wishes(**changed: object) -> dict[str, object]:
    return {"text": TEXT, "voice": None, "language": "en", "rate": 150, "volume": 0.8, "unwanted": []} | changed


@pytest.mark.parametrize(
    ("system", "expected"),
    [
        (
            "sapi",
            [
                ("Microsoft George - English (United Kingdom)", "en-gb", "male", "Windows (SAPI)"),
                ("Microsoft Zira Desktop - English (United States)", "en-us", "female", "Windows (SAPI)"),
                ("Microsoft Hedda Desktop - German", "de-de", "female", "Windows (SAPI)"),
            ],
        ),
        (
            "nsss",
            [
                ("Daniel", "en-gb", "male", "macOS"),
                ("Zarvox", "en-us", None, "macOS"),
                ("Anna", "de-de", "female", "macOS"),
            ],
        ),
    ],
)
def test_voices_of_other_systems_are_listed_alike(
    monkeypatch: pytest.MonkeyPatch, system: str, expected: list[tuple[str, str, str | None, str]]
) -> None:
    SYSTEMS[system](monkeypatch)
    code, out = child(monkeypatch, "--voices")
    assert code == 0
    monkeypatch.setattr(voices, "_asked", lambda: json.loads(out))
    assert [(one.name, one.language, one.gender, one.engine) for one in list_voices("en")] == expected


@pytest.mark.parametrize("system", SYSTEMS)
def test_other_systems_render_in_the_language_of_the_sentences(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, system: str
) -> None:
    synthesiser = SYSTEMS[system](monkeypatch)
    file = tmp_path / "prompt.wav"
    assert child(monkeypatch, str(file), wishes=wishes()) == (0, "")
    ((text, voice, _, volume),) = synthesiser.said
    assert text == TEXT
    assert "en-US" in voice.replace("EN-US", "en-US") or "en-GB" in voice  # the system's own speaks German
    assert volume in {80, 0.8}
    sound = np.concatenate([chunk for chunk, _ in Recording(file).chunks()])
    assert len(sound) / 16_000 == pytest.approx(60 * len(TEXT.split()) / 150, rel=0.12)


@pytest.mark.parametrize(
    ("installed", "language", "taken"),
    [
        (["Albert", "Bad News", "Samantha", "Zarvox"], "en", "Samantha"),
        (["Microsoft Mark", "Microsoft Zira Desktop"], "en", "Microsoft Zira Desktop"),
        (["English (Caribbean)", "English (Great Britain)", "English (America)"], "en", "English (America)"),
        (["Eddy (German)", "Anna"], "de", "Anna"),
        (["Somebody", "Somebody Else"], "en", "Somebody"),
    ],
)
def test_where_the_default_speaks_another_language_the_systems_usual_voice_is_taken(
    installed: list[str], language: str, taken: str
) -> None:
    def engine(default: str) -> SimpleNamespace:
        found = [SimpleNamespace(id=name, name=name, languages=[language]) for name in installed]
        return SimpleNamespace(getProperty=lambda name: default if name == "voice" else found)

    assert speak._voice_for(engine("of another language"), language, []) == taken
    assert speak._voice_for(engine("of another language"), language, [taken]) != taken
    assert speak._voice_for(engine(installed[0]), language, []) is None


@pytest.mark.parametrize("system", SYSTEMS)
def test_other_systems_use_the_voice_that_was_chosen_and_never_one_that_is_unwanted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, system: str
) -> None:
    synthesiser = SYSTEMS[system](monkeypatch)
    _, out = child(monkeypatch, "--voices")
    english = [one["id"] for one in json.loads(out) if one["language"].startswith("en")]
    file = str(tmp_path / "prompt.wav")
    for chosen in english:
        assert child(monkeypatch, file, wishes=wishes(voice=chosen, rate=120))[0] == 0
        assert synthesiser.said[-1][1] == chosen
        assert child(monkeypatch, file, wishes=wishes(unwanted=[chosen]))[0] == 0
        assert synthesiser.said[-1][1] not in {chosen}


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_voice_that_other_systems_do_not_have_is_noticed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, system: str
) -> None:
    SYSTEMS[system](monkeypatch)
    code, _ = child(monkeypatch, str(tmp_path / "prompt.wav"), wishes=wishes(voice="gone"))
    assert code == speak.NO_SUCH_VOICE


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_file_of_any_system_is_read_as_samples(monkeypatch: pytest.MonkeyPatch, system: str) -> None:
    """Among them macOS's AIFF under a name that ends in .wav."""
    SYSTEMS[system](monkeypatch)

    def in_this_process(voice: SystemVoice, command: list[str], text: str, seconds: float) -> None:
        del voice, seconds
        assert child(monkeypatch, command[-1], wishes=json.loads(text))[0] == 0

    monkeypatch.setattr(SystemVoice, "_run", in_this_process)
    render: Callable[[Cue], Any] = SystemVoice(VoiceOptions(rate=150), "en").render
    samples = render(Cue(0, "slow_down", TEXT, None, 0, 0, ()))
    assert samples.dtype == np.float32
    assert 2.5 < len(samples) / 16_000 < 4.5
    assert 0.1 < np.abs(samples).max() <= 0.5
