"""What the commands do, behind the command line's parser: one file each, and what they share in `common`."""

from __future__ import annotations

from argparse import Namespace
from importlib import import_module


def run(chosen: Namespace) -> int:
    """Run the command that was chosen, from its own module; returns its exit code."""
    module = import_module(f"voice_coach.commands.{chosen.module}")
    code: int = getattr(module, chosen.run)(chosen)
    return code
