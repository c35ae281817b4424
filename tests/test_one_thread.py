"""One thread for linear algebra, from before numpy is there, unless somebody wishes otherwise."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = """
import os, sys
from voice_coach.cli import main
assert "numpy" not in sys.modules
main(["config", "--quiet"])
import numpy
square = numpy.ones((600, 600))
square @ square
print(len(os.listdir("/proc/self/task")))
"""


def threads(**wished: str) -> int:
    """How many threads the process of a command has, once it has multiplied matrices."""
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, env=kept | wished, capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux" or os.cpu_count() == 1, reason="counts threads as Linux tells them")
@pytest.mark.usefixtures("home")
def test_a_command_works_with_one_thread_unless_somebody_wishes_for_more() -> None:
    assert threads() == 1
    assert threads(OPENBLAS_NUM_THREADS="2") == 2
