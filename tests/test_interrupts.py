"""Ctrl-C while a library is imported that swallows it, or takes it for its own failure."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tools.live.program import heed_ctrl_c

SWALLOWS = """
import time
print("importing", flush=True)
try:
    time.sleep(1.0)
except BaseException:
    raise {error}
"""
PROGRAM = """
import time
from voice_coach.interrupts import interruptible
with interruptible():
    import library
    print("imported", flush=True)
    time.sleep(30)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C cannot be sent to one program alone there")
@pytest.mark.parametrize("moment", ["importing", "imported"])
def test_it_comes_after_the_import_and_not_into_it(tmp_path: Path, moment: str) -> None:
    (tmp_path / "library.py").write_text(SWALLOWS.format(error='ImportError("it is not installed")'), encoding="utf-8")
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{PROGRAM}"]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_ctrl_c,  # noqa: PLW1509
    ) as program:
        assert program.stdout is not None
        while moment not in program.stdout.readline():
            time.sleep(0.01)
        time.sleep(0.1)
        began = time.monotonic()
        program.send_signal(signal.SIGINT)
        _, complaint = program.communicate(timeout=20)
        assert time.monotonic() - began < 10
    assert complaint.strip().endswith("KeyboardInterrupt")
    assert "not installed" not in complaint
