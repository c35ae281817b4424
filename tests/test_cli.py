"""The command line as people meet it: what works, and every kind of bad input with its sentence and exit code."""

from __future__ import annotations

import csv
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest

from tests import stubs
from tests.conftest import FIXTURES
from tests.sounds import RATE, babble, write_encoded, write_float_wave, write_wave
from voice_coach import __version__, resources, session
from voice_coach.cli import main
from voice_coach.engines import moonshine
from voice_coach.engines.choosing import models_folder
from voice_coach.engines.recording import Recording

DEMO = FIXTURES / "demo"
SPEAKERS = [f"--speaker=Maya={DEMO / 'enrol_a.flac'}", f"--speaker=Daniel={DEMO / 'enrol_b.flac'}"]
COMMANDS = ("demo", "analyze", "talk", "enroll", "sessions", "review", "plan", "voices", "check", "config")
FILES = {"journal.jsonl", "report.json", "report.html", "report.md", "turns.rttm", "turns.csv"}

pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first 25 s of the demo talk."""
    samples = np.concatenate([block.samples for block in Recording(DEMO / "talk.flac").blocks()])[: 25 * RATE]
    return write_wave(tmp_path_factory.mktemp("clip") / "talk.wav", samples)


@pytest.fixture(scope="module")
def moment(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first 8 s of it, where names and folders are the subject and not what is heard."""
    samples = np.concatenate([block.samples for block in Recording(clip).blocks()])[: 8 * RATE]
    return write_wave(tmp_path_factory.mktemp("moment") / "talk.wav", samples)


@pytest.fixture(scope="module")
def long_talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo talk four times over: long enough to be stopped in the middle of, even on a busy machine."""
    samples = np.concatenate([block.samples for block in Recording(DEMO / "talk.flac").blocks()])
    return write_wave(tmp_path_factory.mktemp("long") / "talk.wav", np.tile(samples, 4))


def run(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    """Exit code, output and errors of a command."""
    try:
        code = main([str(argument) for argument in arguments])
    except SystemExit as stop:  # argparse
        code = int(stop.code or 0)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def analyze(capsys: pytest.CaptureFixture[str], audio: Path, *more: str | Path) -> tuple[int, str, str]:
    return run(capsys, "analyze", audio, "--words", "off", "--mute", *more)


# What works


def test_help_and_version(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert run(capsys, "--version")[1].strip().endswith(__version__)
    listed = run(capsys, "--help")[1]
    assert len(listed.splitlines()) <= 24
    for command in COMMANDS:
        assert f"    {command} " in listed
        code, out, _ = run(capsys, command, "--help")
        assert code == 0
        assert len(out.splitlines()) <= 24, "a command's help fits a screen"


def test_analyze_leaves_a_whole_session(capsys: pytest.CaptureFixture[str], clip: Path, tmp_path: Path) -> None:
    folder, mixed = tmp_path / "session", tmp_path / "mixed.wav"
    code, out, err = analyze(capsys, clip, *SPEAKERS, "--out", folder, "--render", mixed)
    assert (code, err) == (0, "")
    assert {path.name for path in folder.iterdir()} >= FILES
    assert "Maya" in out
    assert str(folder / "report.html") in out.replace("\n", "")
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert report["schema_version"] == 1
    assert [speaker["name"] for speaker in report["speakers"]] == ["Maya", "Daniel"]
    assert report["session"]["words_engine"] is None
    assert report["speakers"][0]["words"] is None
    assert sum(speaker["talk_share"] for speaker in report["speakers"]) == pytest.approx(1.0, abs=1e-3)
    assert report["turns"]
    assert report["session"]["hearing"] == "second"
    rows = list(csv.DictReader((folder / "turns.csv").read_text(encoding="utf-8").splitlines()))
    assert len(rows) == len(report["turns"])
    assert folder.stat().st_mode & 0o777 == 0o700
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in folder.iterdir())
    assert Recording(mixed).survey().seconds == pytest.approx(25.0, abs=0.1)


def test_ctrl_c_in_the_second_hearing_leaves_the_first(
    capsys: pytest.CaptureFixture[str], clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    folder = tmp_path / "session"
    assert analyze(capsys, clip, *SPEAKERS, "--out", folder)[0] == 0
    assert (folder / "second_hearing.jsonl").exists()
    monkeypatch.setattr(session, "hear_again", interrupt)
    code, out, _ = analyze(capsys, clip, *SPEAKERS, "--out", folder, "--json")
    assert code == 130
    told = json.loads(out)["session"]
    assert (told["status"], told["hearing"]) == ("complete", "live")
    assert not list(folder.glob("second_hearing*"))


def test_a_voice_that_is_not_good_enough_is_told_of(
    capsys: pytest.CaptureFixture[str], clip: Path, tmp_path: Path
) -> None:
    samples = np.concatenate([block.samples for block in Recording(DEMO / "enrol_a.flac").blocks()])
    short = write_wave(tmp_path / "short.wav", samples[: 5 * RATE])
    code, _, err = analyze(capsys, clip, f"--speaker=Maya={short}", SPEAKERS[1], "--out", tmp_path / "s")
    assert code == 0
    assert err.endswith("s of speech; with 10 s the voice is known better.\n")
    twice = [f"--speaker={name}={DEMO / 'enrol_a.flac'}" for name in ("Maya", "Daniel")]
    refused(capsys, 3, "sound like one and the same voice", "analyze", clip, *twice)


def test_voices_are_found_by_themselves(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    samples = np.concatenate([block.samples for block in Recording(DEMO / "talk.flac").blocks()])[: 90 * RATE]
    code, out, err = analyze(capsys, write_wave(tmp_path / "talk.wav", samples), "--out", tmp_path / "s", "--json")
    assert (code, err) == (0, "")
    report = json.loads(out)
    assert [speaker["name"] for speaker in report["speakers"]] == ["Speaker A", "Speaker B"]
    assert report["turns"][0]["speaker"] == "Speaker A"


def test_quiet_prints_nothing(capsys: pytest.CaptureFixture[str], moment: Path, tmp_path: Path) -> None:
    assert analyze(capsys, moment, *SPEAKERS, "--out", tmp_path / "s", "--quiet") == (0, "", "")


def test_sessions_without_a_folder_lie_in_the_users_own(
    capsys: pytest.CaptureFixture[str], moment: Path, home: Path
) -> None:
    assert analyze(capsys, moment, *SPEAKERS)[0] == 0
    (session,) = [path.parent for path in home.rglob("journal.jsonl")]
    assert session.stat().st_mode & 0o777 == 0o700
    code, out, _ = run(capsys, "review")
    assert code == 0
    assert "Maya" in out


def test_review_rebuilds_from_the_journal_and_exports(
    capsys: pytest.CaptureFixture[str], clip: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "session"
    assert analyze(capsys, clip, *SPEAKERS, "--out", folder)[0] == 0
    before = (folder / "report.json").read_text(encoding="utf-8")
    for path in folder.iterdir():
        if path.suffix != ".jsonl":
            path.unlink()
    assert run(capsys, "review", folder)[0] == 0
    assert {path.name for path in folder.iterdir()} >= FILES
    assert (folder / "report.json").read_text(encoding="utf-8") == before
    for name in ("json", "csv", "md", "rttm", "vtt"):
        code, out, _ = run(capsys, "review", folder, "--export", name, tmp_path / "out")
        assert code == 0
        assert Path(out.strip()).is_file()


def test_settings_of_ones_own(capsys: pytest.CaptureFixture[str], clip: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text("[hearing.attribution]\nminimum_seconds = 1.0\n", encoding="utf-8")
    reports = []
    for place, more in enumerate(([], ["--config", own])):
        code, out, _ = analyze(capsys, clip, *SPEAKERS, "--out", tmp_path / str(place), "--json", *more)
        assert code == 0
        reports.append(json.loads(out))
    assert len(reports[1]["speech"]) < len(reports[0]["speech"])


@pytest.mark.parametrize("name", ["a b.wav", 'it\'s "this".wav', "<script>alert(1)<.wav", "🙂.wav", "محادثة.wav"])
def test_files_and_people_of_every_name(
    capsys: pytest.CaptureFixture[str], moment: Path, tmp_path: Path, name: str
) -> None:
    audio = shutil.copy(moment, tmp_path / name)
    folder, person = tmp_path / "session", name.removesuffix(".wav")
    speakers = [f"--speaker={person}={DEMO / 'enrol_a.flac'}", f"--speaker=B={DEMO / 'enrol_b.flac'}"]
    code, _, err = analyze(capsys, Path(audio), *speakers, "--out", folder)
    assert (code, err) == (0, "")
    assert json.loads((folder / "report.json").read_text(encoding="utf-8"))["speakers"][0]["name"] == person
    assert "<script>" not in (folder / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("how", ["8 kHz", "96 kHz 24 bit", "stereo", "mp3", "ogg", "m4a", "mp4", "nan", "clipped"])
def test_recordings_of_every_kind(capsys: pytest.CaptureFixture[str], clip: Path, tmp_path: Path, how: str) -> None:
    samples = np.concatenate([block.samples for block in Recording(clip).blocks()])
    high = np.interp(np.arange(0, len(samples), RATE / 48_000), np.arange(len(samples)), samples).astype(np.float32)
    odd = samples.copy()
    odd[5000:5400] = np.nan
    make = {
        "8 kHz": lambda: write_wave(tmp_path / "t.wav", samples[::2], 8_000),
        "96 kHz 24 bit": lambda: write_wave(tmp_path / "t.wav", np.repeat(high, 2), 96_000, 3),
        "stereo": lambda: write_wave(tmp_path / "t.wav", np.stack((samples, samples), axis=1)),
        "mp3": lambda: write_encoded(tmp_path / "t.mp3", high, "libmp3lame", 48_000),
        "ogg": lambda: write_encoded(tmp_path / "t.ogg", high, "libopus", 48_000),
        "m4a": lambda: write_encoded(tmp_path / "t.m4a", high, "aac", 48_000),
        "mp4": lambda: write_encoded(tmp_path / "t.mp4", high, "aac", 48_000, video=True),
        "nan": lambda: write_float_wave(tmp_path / "t.wav", odd),
        "clipped": lambda: write_wave(tmp_path / "t.wav", np.clip(samples * 20, -1, 1)),
    }
    code, out, err = analyze(capsys, make[how](), *SPEAKERS, "--out", tmp_path / "s", "--json")
    assert code == 0
    assert ("is clipped" in err) == (how == "clipped")
    assert err.count("\n") == (how == "clipped")
    report = json.loads(out)
    assert report["session"]["duration_seconds"] == pytest.approx(25.0, abs=0.2)
    assert sum(speaker["talk_seconds"] for speaker in report["speakers"]) > 12
    assert all(speaker["turns"] >= 2 for speaker in report["speakers"])


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a name be any bytes")
def test_a_file_and_a_folder_whose_names_are_no_text(
    capsys: pytest.CaptureFixture[str], moment: Path, tmp_path: Path
) -> None:
    audio, folder = (Path(os.fsdecode(os.fsencode(tmp_path) + name)) for name in (b"/\xff\xfe.wav", b"/\xff"))
    shutil.copy(moment, audio)
    code, _, err = analyze(capsys, audio, *SPEAKERS, "--out", folder)
    assert (code, err) == (0, "")
    code, out, err = run(capsys, "review", folder, "--export", "json", folder)
    assert (code, err) == (0, "")
    assert out.encode()


@pytest.mark.parametrize("name", ["12:30 talk.wav", "http:x.wav"])
def test_relative_names_that_look_like_addresses(
    capsys: pytest.CaptureFixture[str], moment: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    shutil.copy(moment, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    code, _, err = analyze(capsys, Path(name), *SPEAKERS, "--out", "s")
    assert (code, err) == (0, "")


@pytest.mark.parametrize("name", ["👩🏽‍🚒", "می‌خواهم", "\u200fשרה", "O'Brien, Ana María"])
def test_people_of_every_name(capsys: pytest.CaptureFixture[str], moment: Path, tmp_path: Path, name: str) -> None:
    speakers = [f"--speaker= {name} ={DEMO / 'enrol_a.flac'}", f"--speaker=B={DEMO / 'enrol_b.flac'}"]
    code, out, err = analyze(capsys, moment, *speakers, "--out", tmp_path / "s", "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["speakers"][0]["name"] == name


def test_a_damaged_recording_is_said_to_be_damaged(
    capsys: pytest.CaptureFixture[str], clip: Path, tmp_path: Path
) -> None:
    samples = np.concatenate([block.samples for block in Recording(clip).blocks()])
    audio = write_encoded(tmp_path / "t.m4a", samples, "aac")
    content = bytearray(audio.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 1500] = bytes(1500)
    audio.write_bytes(content)
    code, _, err = analyze(capsys, audio, *SPEAKERS, "--out", tmp_path / "s")
    assert code == 0
    assert err.count("\n") == 1
    assert "of it could not be read" in err
    assert analyze(capsys, audio, *SPEAKERS, "--out", tmp_path / "s", "--quiet") == (0, "", "")


@pytest.fixture
def short_demo(moment: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bundled talk of 8 s."""
    folder = Path(shutil.copytree(DEMO, tmp_path / "bundled"))
    shutil.copy(moment, folder / "talk.flac")
    monkeypatch.setattr(resources, "demo_folder", lambda: folder)


@pytest.mark.usefixtures("short_demo")
@pytest.mark.parametrize("name", ["a[b]c", "a[/b]c", "a:smile:c"])
def test_the_demo_names_its_files_as_they_are_called(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str
) -> None:
    folder = tmp_path / name
    code, out, err = run(capsys, "demo", "--words", "off", "--mute", "--out", folder)
    assert (code, err) == (0, "")
    assert out.splitlines()[-2:] == [
        f"The talk with the coach in it: {folder / 'talk_with_prompts.wav'}",
        f"The review: {folder / 'report.html'}",
    ]
    assert run(capsys, "demo", "--words", "off", "--mute", "--out", folder)[0] == 0, "its own session is written anew"


def test_noise_is_a_talk_without_speech(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    noise = (np.random.default_rng(0).standard_normal(20 * RATE) * 0.01).astype(np.float32)
    audio = write_wave(tmp_path / "noise.wav", noise)
    code, out, err = analyze(capsys, audio, *SPEAKERS, "--out", tmp_path / "s", "--json")
    assert (code, err) == (0, "")
    report = json.loads(out)
    assert report["turns"] == report["cues"] == []
    assert [speaker["talk_share"] for speaker in report["speakers"]] == [None, None]


# Bad input


def refused(capsys: pytest.CaptureFixture[str], code: int, sentence: str, *arguments: str | Path) -> None:
    """The command ends with this code and one sentence."""
    found, out, err = run(capsys, *arguments)
    assert found == code
    assert out == ""
    assert sentence in err
    assert err.startswith(("voice-coach: ", "usage: "))
    assert "Traceback" not in err
    if code != 2 or not err.startswith("usage"):
        assert err.count("\n") == 1


def test_bad_recordings(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    text = tmp_path / "text.wav"
    text.write_text("no recording\n" * 100, encoding="utf-8")
    (tmp_path / "empty.wav").touch()
    header = tmp_path / "header.wav"
    header.write_bytes(write_wave(tmp_path / "w.wav", babble(3.0)).read_bytes()[:30])
    cases = {
        tmp_path / "missing.wav": "there is no file",
        tmp_path: "is a folder, not a recording",
        tmp_path / "empty.wav": "is empty",
        text: "is not a recording that can be read",
        header: "is not a recording that can be read",
        write_wave(tmp_path / "only.wav", babble(0.0)): "is too short: 0.0 s, at least 2 s are needed",
        write_wave(tmp_path / "short.wav", babble(1.9)): "is too short: 1.9 s",
        write_wave(tmp_path / "silent.wav", np.zeros(5 * RATE, np.float32)): "is silent",
    }
    for audio, sentence in cases.items():
        refused(capsys, 3, sentence, "analyze", audio, "--out", tmp_path / "session")
        assert not (tmp_path / "session").exists()


def test_one_voice_only(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    refused(capsys, 3, "only one voice was found in it", "analyze", DEMO / "enrol_a.flac", "--out", tmp_path / "s")


def test_no_speech_to_find_voices_in(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    noise = (np.random.default_rng(0).standard_normal(20 * RATE) * 0.01).astype(np.float32)
    audio = write_wave(tmp_path / "noise.wav", noise)
    refused(capsys, 3, "too little speech in it to tell two voices apart", "analyze", audio, "--out", tmp_path / "s")


def test_bad_voices(capsys: pytest.CaptureFixture[str], clip: Path, tmp_path: Path) -> None:
    short = write_wave(tmp_path / "short.wav", babble(4.0))
    refused(capsys, 3, "s of speech; a voice is learnt from 10 s", "analyze", clip, f"--speaker=A={short}", SPEAKERS[1])
    refused(capsys, 3, "there is no file", "analyze", clip, "--speaker=A=missing.wav", SPEAKERS[1])
    refused(capsys, 2, "give --speaker twice", "analyze", clip, SPEAKERS[0])
    refused(capsys, 2, "give --speaker twice", "analyze", clip, *SPEAKERS, f"--speaker=C={DEMO / 'enrol_a.flac'}")
    refused(capsys, 2, "need different names", "analyze", clip, SPEAKERS[0], SPEAKERS[0])
    refused(capsys, 2, "is not NAME=AUDIO", "analyze", clip, "--speaker=Maya")
    refused(capsys, 2, "is not NAME=AUDIO", "analyze", clip, "--speaker= =a.wav")
    for name in ("\udcff", "a\nb", "\x1b[31mMaya", "\u202eayaM", "\u2067Maya", "\u200d", "\u200f "):
        refused(capsys, 2, "cannot be shown as a name", "analyze", clip, f"--speaker={name}=a.wav")


def test_bad_usage(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    refused(capsys, 2, "COMMAND", *())
    refused(capsys, 2, "invalid choice", "sing")
    refused(capsys, 2, "required: AUDIO", "analyze")
    refused(capsys, 2, "invalid choice: 'cloud'", "analyze", "a.wav", "--words", "cloud")
    refused(capsys, 3, "there is no session", "review")
    refused(capsys, 3, "holds no session", "review", tmp_path)


def test_bad_settings(capsys: pytest.CaptureFixture[str], clip: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text("[coaching.restraint]\nbudged = 1\n", encoding="utf-8")
    refused(capsys, 2, "did you mean coaching.restraint.budget?", "analyze", clip, "--config", own)
    own.write_text("[coaching.restraint]\nbudget = 99\n", encoding="utf-8")
    refused(capsys, 2, "budget is 99, but must lie between 0 and 20", "analyze", clip, "--config", own)
    refused(capsys, 2, "cannot be read", "analyze", clip, "--config", tmp_path / "missing.toml")


def test_what_this_machine_lacks(capsys: pytest.CaptureFixture[str], clip: Path, tmp_path: Path) -> None:
    refused(capsys, 4, "no Whisper model is installed", "analyze", clip, "--words", "whisper", "--out", tmp_path / "s")


@pytest.mark.usefixtures("stubbed_whisper")
def test_a_damaged_model_is_passed_over_and_told(
    capsys: pytest.CaptureFixture[str], clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moonshine, "model_path", lambda: None)
    folder = stubs.whisper_folder(models_folder() / "base", "model.bin")
    command = ("analyze", clip, *SPEAKERS, "--mute", "--json", "--out", tmp_path / "s")
    code, out, err = run(capsys, *command)
    assert (code, json.loads(out)["session"]["words_engine"]) == (0, None)
    assert err.startswith(f"voice-coach: the Whisper model in {folder} does not load")
    assert err.endswith("; no words are written down\n")
    assert run(capsys, *command, "--quiet")[2] == ""
    refused(capsys, 4, "does not load", *command, "--words", "whisper")


def test_folders_that_cannot_be_used(
    capsys: pytest.CaptureFixture[str], clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    file.touch()
    for folder in (file, file / "session", tmp_path / ("n" * 300), tmp_path / ("n" * 300) / "session"):
        refused(capsys, 3, "cannot be made", "analyze", clip, *SPEAKERS, "--out", folder)
    monkeypatch.setattr(os, "access", lambda *_: False)  # tests may run as a user who may write anywhere
    refused(capsys, 3, "cannot be written: Permission denied", "analyze", clip, *SPEAKERS, "--out", tmp_path / "s")


def test_another_talks_session_is_not_overwritten(
    capsys: pytest.CaptureFixture[str], clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "session"
    assert analyze(capsys, clip, *SPEAKERS, "--out", folder)[0] == 0
    before = (folder / "journal.jsonl").read_bytes()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    samples = np.concatenate([block.samples for block in Recording(clip).blocks()])
    monkeypatch.chdir(write_wave(elsewhere / clip.name, samples[: 20 * RATE]).parent)
    refused(capsys, 2, "already holds the session of", "analyze", clip.name, *SPEAKERS, "--out", folder)
    assert (folder / "journal.jsonl").read_bytes() == before
    moved = shutil.copy(clip, tmp_path / "moved.wav")
    assert analyze(capsys, Path(moved), *SPEAKERS, "--out", folder)[0] == 0, "the same recording, wherever it lies"


@pytest.mark.parametrize("name", [*sorted(FILES - {"journal.jsonl"}), "transcript.vtt"])
def test_files_of_no_session_are_left_alone(
    capsys: pytest.CaptureFixture[str], clip: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_text("mine", encoding="utf-8")
    refused(capsys, 2, f"holds a {name} that is of no session", "analyze", clip, *SPEAKERS, "--out", tmp_path)
    assert (tmp_path / name).read_text(encoding="utf-8") == "mine"


def test_a_folder_of_ones_own_keeps_its_mode(capsys: pytest.CaptureFixture[str], moment: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir(mode=0o755)
    assert analyze(capsys, moment, *SPEAKERS, "--out", folder)[0] == 0
    assert folder.stat().st_mode & 0o777 == 0o755
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in folder.iterdir())


@pytest.mark.parametrize("how", ["itself", "symlink", "hard link"])
@pytest.mark.parametrize("who", ["talk.wav", "voice.flac"])
def test_a_mix_never_takes_the_place_of_what_is_heard(
    capsys: pytest.CaptureFixture[str], clip: Path, tmp_path: Path, who: str, how: str
) -> None:
    audio = Path(shutil.copy(clip, tmp_path / "talk.wav"))
    voice = Path(shutil.copy(DEMO / "enrol_a.flac", tmp_path / "voice.flac"))
    source, target = tmp_path / who, tmp_path / "mix.wav"
    match how:
        case "symlink":
            target.symlink_to(source)
        case "hard link":
            target.hardlink_to(source)
        case _:
            target = tmp_path / "folder" / ".." / who
            (tmp_path / "folder").mkdir()
    before = source.read_bytes()
    speakers = [f"--speaker=A={voice}", SPEAKERS[1]]
    refused(capsys, 2, "would overwrite", "analyze", audio, *speakers, "--out", tmp_path / "s", "--render", target)
    assert source.read_bytes() == before
    assert not (tmp_path / "s").exists()


def test_a_mix_that_cannot_be_written_is_said_before_the_talk_is_heard(
    capsys: pytest.CaptureFixture[str], moment: Path, tmp_path: Path
) -> None:
    session = tmp_path / "s"
    targets = {
        tmp_path / "nowhere" / "mix.wav": "there is no folder",
        tmp_path: "is a folder, not a file",
        tmp_path / ("n" * 300): "File name too long",
    }
    for target, sentence in targets.items():
        refused(capsys, 3, sentence, "analyze", moment, *SPEAKERS, "--out", session, "--render", target)
        assert not session.exists()
    assert analyze(capsys, moment, *SPEAKERS, "--out", session, "--render", session / "mix.wav")[0] == 0


def test_an_error_is_one_line_that_cannot_steer_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    refused(capsys, 3, r"there is no file a\nb\x1b[31m\u202e.wav", "analyze", "a\nb\x1b[31m\u202e.wav")
    refused(capsys, 2, r"unrecognized arguments: --\x1b[31m", "review", "--\x1b[31m")


def test_a_damaged_journal_is_left_alone(capsys: pytest.CaptureFixture[str], clip: Path, tmp_path: Path) -> None:
    (tmp_path / "journal.jsonl").write_text("damaged\n", encoding="utf-8")
    refused(capsys, 3, "is not a journal of voice_coach", "analyze", clip, *SPEAKERS, "--out", tmp_path)
    assert (tmp_path / "journal.jsonl").read_text(encoding="utf-8") == "damaged\n"


# Whole processes


def heed_ctrl_c() -> None:
    """Whoever runs the tests in the background ignores Ctrl-C, and children would inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def process(*arguments: str | Path, **how: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "voice_coach", *map(str, arguments)]
    how = {"text": True, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **how}
    if os.name != "nt":
        how.setdefault("preexec_fn", heed_ctrl_c)
    return subprocess.Popen(command, **how)  # type: ignore[call-overload,no-any-return]


def wait_for_turns(folder: Path, seconds: float = 60.0) -> None:
    """Until the journal holds a turn."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        journal = folder / "journal.jsonl"
        if journal.exists() and b"TurnEnded" in journal.read_bytes():
            return
        time.sleep(0.05)
    pytest.fail("no turn was journalled")


def test_ctrl_c_saves_the_session(capsys: pytest.CaptureFixture[str], tmp_path: Path, long_talk: Path) -> None:
    folder = tmp_path / "session"
    child = process("analyze", long_talk, *SPEAKERS, "--words", "off", "--mute", "--out", folder)
    wait_for_turns(folder)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=60)
    assert child.returncode == 130
    assert "Traceback" not in err
    assert {path.name for path in folder.iterdir()} >= FILES
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert report["session"]["status"] == "interrupted"
    assert report["session"]["hearing"] == "live"
    assert report["turns"]
    assert "Maya" in out
    assert run(capsys, "review", folder)[0] == 0


@pytest.mark.parametrize("step", [(Recording, "survey"), (session, "discover_voices")], ids=["measuring", "voices"])
def test_ctrl_c_before_the_talk_is_heard_says_that_nothing_is_saved(
    capsys: pytest.CaptureFixture[str],
    clip: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: tuple[object, str],
) -> None:
    def interrupt(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(*step, interrupt)
    code, out, err = analyze(capsys, clip, "--out", tmp_path / "s")
    assert (code, out) == (130, "")
    assert err == "voice-coach: interrupted before the talk was heard; there is no session to save\n"
    assert not (tmp_path / "s").exists()


def test_a_killed_program_loses_nothing_that_was_journalled(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, long_talk: Path
) -> None:
    folder = tmp_path / "session"
    child = process("analyze", long_talk, *SPEAKERS, "--words", "off", "--mute", "--out", folder)
    wait_for_turns(folder)
    child.kill()
    child.communicate(timeout=60)
    code, out, _ = run(capsys, "review", folder, "--json")
    assert code == 0
    report = json.loads(out)
    assert report["session"]["status"] == "interrupted"
    assert report["turns"]


@pytest.mark.skipif(sys.platform != "linux", reason="limits file sizes as Linux does")
def test_a_full_disk_is_said_in_one_sentence(tmp_path: Path) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))

    folder = tmp_path / "session"
    child = process(
        "analyze", DEMO / "talk.flac", *SPEAKERS, "--words", "off", "--mute", "--out", folder, preexec_fn=limit
    )
    _, err = child.communicate(timeout=120)
    assert child.returncode == 3
    assert err.count("\n") == 1
    assert f"{folder} cannot be written: File too large" in err
    assert b"TurnEnded" in (folder / "journal.jsonl").read_bytes()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_mix_that_does_not_fit_is_said_in_one_sentence(
    capsys: pytest.CaptureFixture[str], moment: Path, tmp_path: Path
) -> None:
    code, out, err = analyze(capsys, moment, *SPEAKERS, "--out", tmp_path / "s", "--render", "/dev/full")
    assert code == 3
    assert err.count("\n") == 1
    assert "The whole review" in out
    assert "/dev/full cannot be written: No space left on device" in err
    assert (tmp_path / "s" / "report.json").is_file()


@pytest.mark.parametrize("form", ["--json", "--debug"], ids=["much", "little"])
def test_a_reader_that_goes_away_is_no_error(clip: Path, tmp_path: Path, form: str) -> None:
    """However much is written: the little that fits a buffer is only missed at the end."""
    child = process("analyze", clip, *SPEAKERS, "--words", "off", "--mute", "--out", tmp_path / "s", form)
    assert child.stdout is not None
    child.stdout.close()
    child.stdout = None
    _, err = child.communicate(timeout=60)
    assert (child.returncode, err) == (0, "")


def test_nothing_but_the_session_is_written(clip: Path, home: Path, tmp_path: Path) -> None:
    """No cache, identifier or report of a library's maker: onnxruntime queues such reports in the home folder."""
    child = process("analyze", clip, *SPEAKERS, "--mute", "--out", tmp_path / "session")
    _, err = child.communicate(timeout=120)
    assert (child.returncode, err) == (0, "")
    assert list(home.rglob("*")) == []
    assert [path.name for path in tmp_path.iterdir() if path != home] == ["session"]


@pytest.mark.skipif(shutil.which("unshare") is None, reason="needs unshare")
def test_nothing_is_asked_of_the_network(clip: Path, tmp_path: Path) -> None:
    """The whole loop, words and voice included, without any network interface."""
    command = [sys.executable, "-m", "voice_coach", "analyze", str(clip), *SPEAKERS, "--out", str(tmp_path / "s")]
    done = subprocess.run(["unshare", "-rn", *command], text=True, capture_output=True, timeout=300, check=False)
    if "unshare failed" in done.stderr or "Operation not permitted" in done.stderr:
        pytest.skip("this machine does not let a user make a network namespace")
    assert (done.returncode, done.stderr) == (0, "")
