"""That sound in files and sockets are found where there are any: else the tests of privacy would prove nothing."""

from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path

import numpy as np
import pytest

from tests.sounds import RATE
from tests.traces import files_of, holds_sound, sockets_of
from tools.live.people import cut_off

STRETCH = cut_off()[8 * RATE : 17 * RATE // 2]


def mixed() -> np.ndarray:
    """A talk as the microphone hears it, under noise."""
    talk = cut_off()
    return (talk + 1e-3 * np.random.default_rng(1).standard_normal(len(talk))).astype(np.float32)


@pytest.mark.parametrize("form", ["<f4", "<i2", "<i4", "stereo", "after a header", "louder"])
def test_sound_in_a_file_is_found(form: str) -> None:
    talk = mixed()
    data = {
        "<f4": lambda: talk.astype("<f4").tobytes(),
        "<i2": lambda: np.round(np.clip(talk, -1, 1) * 32767).astype("<i2").tobytes(),
        "<i4": lambda: np.round(np.clip(talk, -1, 1) * 2**30).astype("<i4").tobytes(),
        "stereo": lambda: np.repeat(talk, 2).astype("<f4").tobytes(),
        "after a header": lambda: b"abc" + (talk * 20000).astype("<i2").tobytes(),
        "louder": lambda: (2.5 * talk).astype("<f4").tobytes(),
    }[form]()
    assert holds_sound(data, STRETCH)
    assert not holds_sound(data[: 6 * RATE], STRETCH), "it begins later"


def test_other_files_hold_none() -> None:
    rng = np.random.default_rng(2)
    for data in (
        b"",
        b'{"sample": 1}\n' * 5000,
        rng.bytes(200_000),
        rng.standard_normal(50_000).astype("<f4").tobytes(),
    ):
        assert not holds_sound(data, STRETCH)


def test_sound_files_are_found_by_their_beginning() -> None:
    assert holds_sound(b"fLaC and so on", STRETCH)
    assert not holds_sound(b"not fLaC", STRETCH)


def test_deleted_files_that_are_still_held_are_found(tmp_path: Path) -> None:
    with tempfile.TemporaryFile(dir=tmp_path) as file:
        file.write(b"still here")
        file.flush()
        assert [data for _, data in files_of(tmp_path)] == []
        assert b"still here" in [data for _, data in files_of(tmp_path, os.getpid())]


def test_sockets_are_counted_by_their_kind() -> None:
    before = sockets_of(os.getpid())
    one, other = socket.socketpair()
    with one, other, socket.socket(socket.AF_INET, socket.SOCK_DGRAM):
        now = sockets_of(os.getpid())
    assert now == {"unix": before["unix"] + 2, "other": before["other"] + 1}
