"""Poor enrolments are refused, or warned about, with the reason and the cure."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.conftest import FIXTURES
from tests.sounds import RATE, write_wave
from voice_coach.engines.enrolment import check_pair, clearance_db, enrol_recording, separation
from voice_coach.engines.recording import Recording
from voice_coach.engines.speakers import load_background
from voice_coach.errors import InputError

DEMO = FIXTURES / "demo"


@pytest.fixture(scope="module")
def voice() -> np.ndarray:
    """Maya's enrolment at a level that leaves room above."""
    recording = Recording(DEMO / "enrol_a.flac")
    samples = np.concatenate([block.samples for block in recording.blocks(recording.survey().gain)])
    return np.asarray(samples * 0.5 / np.abs(samples).max(), np.float32)


def noise(samples: np.ndarray, snr_db: float) -> np.ndarray:
    """Speech in soft broadband noise."""
    hiss = np.convolve(np.random.default_rng(0).standard_normal(len(samples)), [1, 0.9, 0.7, 0.5, 0.3, 0.1], "same")
    hiss *= np.sqrt((samples**2).mean() / (hiss**2).mean()) * 10 ** (-snr_db / 20)
    return np.asarray(samples + hiss, np.float32)


def warnings(path: Path) -> list[str]:
    heard: list[str] = []
    enrol_recording(path, heard.append)
    return heard


def test_a_good_enrolment_needs_no_word(tmp_path: Path, voice: np.ndarray) -> None:
    assert warnings(DEMO / "enrol_a.flac") == warnings(DEMO / "enrol_b.flac") == []
    assert warnings(write_wave(tmp_path / "soft.wav", voice * 0.05)) == []


def test_a_short_one_is_warned_about_and_too_short_a_one_refused(tmp_path: Path, voice: np.ndarray) -> None:
    (warning,) = warnings(write_wave(tmp_path / "short.wav", voice[: 5 * RATE]))
    assert "with 10 s the voice is known better" in warning
    with pytest.raises(InputError, match="at least 3 s are needed"):
        warnings(write_wave(tmp_path / "shorter.wav", voice[: 3 * RATE]))


def test_noise_is_warned_about_and_a_voice_that_drowns_refused(tmp_path: Path, voice: np.ndarray) -> None:
    assert warnings(write_wave(tmp_path / "quiet.wav", noise(voice, 25))) == []
    (warning,) = warnings(write_wave(tmp_path / "noisy.wav", noise(voice, 10)))
    assert "There is much noise in" in warning
    with pytest.raises(InputError, match="drowns in noise"):
        warnings(write_wave(tmp_path / "drowned.wav", noise(voice, -1)))


def test_clipping_is_warned_about(tmp_path: Path, voice: np.ndarray) -> None:
    (warning,) = warnings(write_wave(tmp_path / "clipped.wav", np.clip(voice * 12, -1, 1)))
    assert "is clipped" in warning


def test_one_person_twice_is_refused(tmp_path: Path, voice: np.ndarray) -> None:
    half = len(voice) // 2
    halves = [
        enrol_recording(write_wave(tmp_path / f"{place}.wav", part))
        for place, part in enumerate((voice[:half], voice[half:]))
    ]
    with pytest.raises(InputError, match="one and the same voice"):
        check_pair(halves[0], halves[1], load_background())
    with pytest.raises(InputError, match="one and the same voice"):
        check_pair(halves[0], halves[0], load_background())


def test_two_people_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    pair = [enrol_recording(DEMO / f"enrol_{who}.flac") for who in "ab"]
    heard: list[str] = []
    check_pair(pair[0], pair[1], load_background(), heard.append)
    assert heard == []
    swapped = separation(pair[1], pair[0], load_background())
    assert separation(pair[0], pair[1], load_background()) == pytest.approx(swapped, rel=1e-5)
    assert min(map(clearance_db, pair)) > 10
    monkeypatch.setattr("voice_coach.engines.enrolment.separation", lambda *_: 0.4)
    check_pair(pair[0], pair[1], load_background(), heard.append)
    assert heard == ["The two voices are much alike; with 20 s of each they are told apart better."]
