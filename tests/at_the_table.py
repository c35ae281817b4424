"""The virtual table for tests: one that this machine cannot set up skips them, or fails where it is required."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import missing
from tools.live.virtual_table import Lacking, VirtualTable
from voice_coach.engines.simulated import EchoPath


def virtual_table(folder: Path, echo: EchoPath | None = None) -> VirtualTable:
    """A table, or the reason why there is none."""
    try:
        return VirtualTable(folder, echo)
    except Lacking as reason:
        missing(str(reason))
