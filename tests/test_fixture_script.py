"""The fixture talks are what their scripts make: the same truth, and the same sound."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.conftest import FIXTURES, missing
from tools.fixtures.build import build
from tools.fixtures.flite import Flite
from tools.fixtures.reading import names
from voice_coach.engines.recording import Recording
from voice_coach.errors import MissingPart


@pytest.fixture(scope="module")
def flite() -> Flite:
    """Debian's synthesiser."""
    try:
        return Flite()
    except MissingPart as reason:
        missing(str(reason))


def samples(path: Path) -> np.ndarray:
    return np.concatenate([block.samples for block in Recording(path).blocks()])


def test_every_script_has_its_talk() -> None:
    assert {path.parent.name for path in FIXTURES.glob("*/truth.json")} == set(names())


@pytest.mark.real
@pytest.mark.parametrize("name", ["demo", "noise"])
def test_a_talk_is_made_again_as_it_is(name: str, flite: Flite, tmp_path: Path) -> None:
    build(name, tmp_path, flite)
    for file in ("talk.flac", "enrol_a.flac", "enrol_b.flac"):
        again, kept = samples(tmp_path / name / file), samples(FIXTURES / name / file)
        assert len(again) == len(kept)
        assert np.abs(again - kept).max() < 0.002  # transforms differ in their last bits from machine to machine
    truths = [(folder / name / "truth.json").read_text(encoding="utf-8") for folder in (tmp_path, FIXTURES)]
    assert truths[0] == truths[1]


def test_the_set_stays_small() -> None:
    talks = (folder.parent for folder in FIXTURES.glob("*/truth.json"))
    assert sum(path.stat().st_size for talk in talks for path in talk.iterdir()) < 20_000_000
