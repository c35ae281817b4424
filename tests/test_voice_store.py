"""Voices that were kept: whole or not at all, for their user alone, and gone when forgotten."""

from __future__ import annotations

import stat
from pathlib import Path

import numpy as np
import pytest

from voice_coach.engines.voice_store import VoiceStore
from voice_coach.engines.voiceprint import Enrolment
from voice_coach.errors import InputError


@pytest.fixture
def store(tmp_path: Path) -> VoiceStore:
    return VoiceStore(tmp_path / "voices")


def voice(seed: int = 0) -> Enrolment:
    rng = np.random.default_rng(seed)
    log_mel, energy, salience = (rng.standard_normal(shape).astype(np.float32) for shape in ((500, 40), 500, 500))
    return Enrolment(log_mel, energy, salience, rng.random(500) > 0.3)


@pytest.mark.parametrize("name", ["Maya", "../../etc/passwd", "محادثة", "🙂", "a" * 200])
def test_what_is_kept_is_what_is_loaded_whatever_the_name(store: VoiceStore, tmp_path: Path, name: str) -> None:
    kept = voice()
    path = store.save(name, kept, 2.5)
    loaded, gain = store.load(name)
    assert gain == 2.5
    np.testing.assert_allclose(loaded.log_mel, kept.log_mel, atol=4e-3)
    np.testing.assert_array_equal(loaded.speech, kept.speech)
    assert store.names() == (name,)
    assert path.parent == tmp_path / "voices"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_name_has_one_voice_and_can_be_forgotten(store: VoiceStore) -> None:
    store.save("Maya", voice(1), 1.0)
    store.save("Maya", voice(2), 2.0)
    store.save("Daniel", voice(3), 3.0)
    assert store.names() == ("Daniel", "Maya")
    assert store.load("Maya")[1] == 2.0
    store.forget("Maya")
    assert store.names() == ("Daniel",)
    for act in (store.load, store.forget):
        with pytest.raises(InputError, match="no voice of Maya"):
            act("Maya")


def test_a_damaged_voice_is_said_to_be_damaged(store: VoiceStore) -> None:
    path = store.save("Maya", voice(), 1.0)
    path.write_bytes(path.read_bytes()[:2000])
    assert store.names() == ()
    with pytest.raises(InputError, match="learn it again"):
        store.load("Maya")


def test_where_nothing_can_be_written_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "voices").write_text("a file")
    with pytest.raises(InputError, match="cannot be kept"):
        VoiceStore(tmp_path / "voices").save("Maya", voice(), 1.0)
