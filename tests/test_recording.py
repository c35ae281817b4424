"""Recordings of every usual kind, and of every unusual one."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from tests.sounds import RATE, babble, write_encoded, write_float_wave, write_wave
from voice_coach.engines.recording import NOMINAL_DB, Recording
from voice_coach.errors import InputError

SECONDS = 3.0


def heard(path: Path) -> np.ndarray:
    return np.concatenate([block.samples for block in Recording(path).blocks()])


def alike(one: np.ndarray, two: np.ndarray) -> float:
    """Best correlation of two recordings within 60 ms: codecs delay."""
    count = min(len(one), len(two)) - 2000
    return max(
        float(np.corrcoef(one[1000 : 1000 + count], two[1000 + lag : 1000 + lag + count])[0, 1])
        for lag in range(-960, 961, 4)
    )


@pytest.mark.parametrize(("rate", "width", "channels"), [
    (16_000, 2, 1), (8_000, 2, 1), (44_100, 2, 2), (96_000, 3, 1), (48_000, 4, 2), (22_050, 3, 2),
])  # fmt: skip
def test_pcm(tmp_path: Path, rate: int, width: int, channels: int) -> None:
    samples = babble(SECONDS, rate)
    path = write_wave(tmp_path / "talk.wav", np.stack([samples] * channels, axis=1), rate, width)
    found = heard(path)
    assert len(found) == pytest.approx(SECONDS * RATE, abs=RATE // 50)
    assert alike(babble(SECONDS), found) > 0.95


@pytest.mark.parametrize(("name", "codec", "rate"), [
    ("talk.mp3", "libmp3lame", 44_100), ("talk.m4a", "aac", 44_100), ("talk.ogg", "libopus", 48_000),
    ("talk.opus", "libopus", 48_000), ("talk.flac", "flac", 16_000), ("talk.aiff", "pcm_s16be", 22_050),
])  # fmt: skip
def test_compressed(tmp_path: Path, name: str, codec: str, rate: int) -> None:
    found = heard(write_encoded(tmp_path / name, babble(SECONDS, rate), codec, rate))
    assert len(found) == pytest.approx(SECONDS * RATE, abs=RATE // 10)
    assert alike(babble(SECONDS), found) > 0.9


def test_the_sound_of_a_film(tmp_path: Path) -> None:
    found = heard(write_encoded(tmp_path / "talk.mp4", babble(SECONDS, 44_100), "aac", 44_100, video=True))
    assert alike(babble(SECONDS), found) > 0.9


@pytest.mark.parametrize("name", ["a b.wav", 'it\'s "this".wav', "<script>.wav", "🙂.wav", "محادثة.wav", "-o.wav"])
def test_names_of_every_kind(tmp_path: Path, name: str) -> None:
    path = write_wave(tmp_path / name, babble(SECONDS))
    assert Recording(path).survey().seconds == SECONDS


@pytest.mark.parametrize("name", ["12:30 talk.wav", "Mama: eins.wav", "http:x.wav", "file:x.wav", "concat:a|b.wav"])
def test_relative_names_with_a_colon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    write_wave(tmp_path / "talk.wav", babble(SECONDS)).rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    recording = Recording(Path(name))
    assert recording.survey().seconds == SECONDS
    assert recording.stated_seconds == pytest.approx(SECONDS)


def test_a_fingerprint_tells_recordings_apart_and_not_their_names(tmp_path: Path) -> None:
    one, two, other = (tmp_path / name for name in ("one.wav", "two.wav", "other.wav"))
    two.write_bytes(write_wave(one, babble(SECONDS)).read_bytes())
    write_wave(other, babble(SECONDS, seed=1))
    assert Recording(one).fingerprint == Recording(two).fingerprint != Recording(other).fingerprint


def test_blocks_follow_each_other(tmp_path: Path) -> None:
    path = write_wave(tmp_path / "talk.wav", babble(SECONDS, 44_100), 44_100)
    position = 0
    for block in Recording(path).blocks():
        assert (block.start_sample, block.samples.dtype, block.lost_samples) == (position, np.float32, 0)
        position += len(block.samples)


def sentence(path: Path) -> str:
    with pytest.raises(InputError) as error:
        Recording(path).survey()
    assert "\n" not in str(error.value)
    return str(error.value)


def test_what_cannot_be_used_is_said_in_one_sentence(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    empty = tmp_path / "empty.wav"
    empty.touch()
    text = tmp_path / "text.wav"
    text.write_text("this is no recording\n" * 50, encoding="utf-8")
    header = tmp_path / "header.wav"
    header.write_bytes(write_wave(tmp_path / "whole.wav", babble(SECONDS)).read_bytes()[:20])
    only = write_wave(tmp_path / "only.wav", babble(0.0))
    short = write_wave(tmp_path / "short.wav", babble(1.3))
    silent = write_wave(tmp_path / "silent.wav", np.zeros(3 * RATE, np.float32))
    assert "there is no file" in sentence(tmp_path / "missing.wav")
    assert "is a folder" in sentence(folder)
    assert "is empty" in sentence(empty)
    assert "is not a recording that can be read" in sentence(text)
    assert "is not a recording that can be read" in sentence(header)
    assert only.stat().st_size == 44
    assert "is too short: 0.0 s" in sentence(only)
    assert "is too short: 1.3 s" in sentence(short)
    assert "is silent" in sentence(silent)


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Said by the system, because tests may run as a user who may read everything."""
    path = write_wave(tmp_path / "talk.wav", babble(SECONDS))

    def denied(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    for asked in ("open", "is_dir"):  # of the file, and of its folder
        with monkeypatch.context() as patch:
            patch.setattr(Path, asked, denied)
            assert "cannot be read: Permission denied" in sentence(path)


def test_a_name_that_is_too_long(tmp_path: Path) -> None:
    assert "cannot be read: File name too long" in sentence(tmp_path / ("n" * 300))


def test_a_film_without_sound(tmp_path: Path) -> None:
    import av  # noqa: PLC0415

    path = tmp_path / "silent.mp4"
    with av.open(str(path), "w") as container:
        picture = container.add_stream("mpeg4", rate=10)
        picture.width, picture.height, picture.pix_fmt = 64, 64, "yuv420p"
        for _ in range(30):
            container.mux(picture.encode(av.VideoFrame(64, 64, "yuv420p")))
        container.mux(picture.encode(None))
    assert "holds no sound" in sentence(path)


def test_nan_and_clipped_samples(tmp_path: Path) -> None:
    samples = babble(SECONDS)
    samples[1000:1100] = np.nan
    samples[2000:2100] = np.inf
    samples[3000:5000] = 7.0
    survey = Recording(write_float_wave(tmp_path / "odd.wav", samples)).survey()
    assert survey.samples == len(samples)
    assert survey.clipped_share == pytest.approx(2100 / len(samples), abs=0.001)
    assert np.isfinite(survey.gain)


def test_a_file_that_breaks_off_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    for name, codec in (("talk.mp3", "libmp3lame"), ("talk.flac", "flac"), ("talk.ogg", "libopus")):
        path = write_encoded(tmp_path / name, babble(6.0, 48_000), codec, 48_000)
        whole = path.read_bytes()
        path.write_bytes(whole[: int(len(whole) * 0.6)])
        assert 2.5 < Recording(path).survey().seconds < 4.5


def test_damage_inside_costs_only_its_place(tmp_path: Path) -> None:
    path = write_encoded(tmp_path / "talk.mp3", babble(6.0, 44_100), "libmp3lame", 44_100)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 1500] = os.urandom(1500)
    path.write_bytes(bytes(content))
    assert Recording(path).survey().seconds == pytest.approx(6.0, abs=0.6)


@pytest.mark.parametrize("level_db", [-50.0, -30.0, -6.0])
def test_speech_comes_to_the_nominal_level(tmp_path: Path, level_db: float) -> None:
    samples = babble(6.0)
    samples[: 2 * RATE] *= 0.001  # a pause does not count
    active = samples[2 * RATE :]
    samples *= np.float32(10 ** (level_db / 20) / active.std())
    gain = Recording(write_float_wave(tmp_path / "talk.wav", samples)).survey().gain
    assert level_db + 20 * np.log10(gain) == pytest.approx(NOMINAL_DB, abs=1.0)
