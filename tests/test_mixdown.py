"""The mix of a talk and its prompts: written whole, for its owner only, and never in the place of a device."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from voice_coach.engines.mixdown import check_target, mix, write_wav
from voice_coach.engines.recording import Recording
from voice_coach.errors import InputError
from voice_coach.events import AudioBlock
from voice_coach.runner import Said
from voice_coach.segment import SAMPLE_RATE


def second(value: float) -> np.ndarray:
    return np.full(SAMPLE_RATE, value, np.float32)


def broken_off() -> Iterator[np.ndarray]:
    """A talk that cannot be read to its end."""
    yield second(0.1)
    raise InputError("the disk was pulled out")


def test_a_prompt_lies_where_it_was_said_and_lost_audio_is_silent() -> None:
    blocks = [AudioBlock(0, second(0.1)), AudioBlock(2 * SAMPLE_RATE, second(0.1), SAMPLE_RATE)]
    mixed = np.concatenate(list(mix(blocks, [Said(3 * SAMPLE_RATE - 10, second(0.5))])))
    assert len(mixed) == 4 * SAMPLE_RATE - 10
    assert mixed[[0, SAMPLE_RATE, 2 * SAMPLE_RATE, -20]] == pytest.approx([0.1, 0.0, 0.1, 0.25])
    assert mixed[3 * SAMPLE_RATE - 5] == pytest.approx(0.35)


def test_a_mix_is_whole_and_private(tmp_path: Path) -> None:
    path = tmp_path / "mix.wav"
    path.write_text("an earlier one")
    path.chmod(0o644)
    write_wav(path, [second(0.1), second(0.2)])
    assert Recording(path).survey().seconds == 2.0
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_mix_that_breaks_off_leaves_the_earlier_file(tmp_path: Path) -> None:
    path = tmp_path / "mix.wav"
    path.write_text("an earlier one")
    with pytest.raises(InputError, match="pulled out"):
        write_wav(path, broken_off())
    assert path.read_text() == "an earlier one"
    assert list(tmp_path.iterdir()) == [path]


def test_a_mix_is_nobody_elses_to_read_while_it_is_written(tmp_path: Path) -> None:
    def pieces() -> Iterator[np.ndarray]:
        yield second(0.1)
        assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}

    write_wav(tmp_path / "mix.wav", pieces())


@pytest.mark.skipif(os.name != "posix", reason="needs links and pipes")
def test_links_and_pipes_are_written_to_and_otherwise_left_as_they_are(tmp_path: Path) -> None:
    target, link, pipe = tmp_path / "target.wav", tmp_path / "link", tmp_path / "pipe"
    target.touch(mode=0o644)
    link.symlink_to(target)
    write_wav(link, [second(0.1)])
    assert link.is_symlink()
    assert (target.stat().st_size, stat.S_IMODE(target.stat().st_mode)) == (44 + 2 * SAMPLE_RATE, 0o644)
    os.mkfifo(pipe, 0o644)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_wav(pipe, [second(0.1)])
    assert len(os.read(reader, 1 << 20)) == 44 + 2 * SAMPLE_RATE
    with pytest.raises(InputError, match=r"pipe cannot be written: .*seek"):  # a WAV says its length at its beginning
        write_wav(pipe, [second(0.1), second(0.1)])
    os.close(reader)
    assert pipe.is_fifo()
    assert stat.S_IMODE(pipe.stat().st_mode) == 0o644


def test_a_target_may_lie_in_a_folder_that_is_still_to_come(tmp_path: Path) -> None:
    session = tmp_path / "new" / "session"
    for path in (tmp_path / "mix.wav", session / "mix.wav", session.parent / "mix.wav"):
        check_target(path, coming=session)
    with pytest.raises(InputError, match="there is no folder"):
        check_target(session / "deeper" / "mix.wav", coming=session)


def test_a_target_that_may_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)  # tests may run as a user who may write anywhere
    with pytest.raises(InputError, match=r"mix\.wav cannot be written: Permission denied"):
        check_target(tmp_path / "mix.wav", coming=tmp_path)
