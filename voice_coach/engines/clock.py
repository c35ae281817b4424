"""The clock of live talks: seconds that also pass while the machine is suspended, and that nobody can set back."""

from __future__ import annotations

import time


def now() -> float:
    """Seconds since some moment in the past.

    On Linux the monotonic clock stands still while the machine sleeps, and `CLOCK_BOOTTIME` does not; on macOS
    `CLOCK_MONOTONIC` goes on where `time.monotonic` does not; on Windows `time.monotonic` goes on.
    """
    for name in ("CLOCK_BOOTTIME", "CLOCK_MONOTONIC"):
        identity = getattr(time, name, None)
        if identity is not None:
            return time.clock_gettime(identity)
    return time.monotonic()


def asleep() -> float:
    """For how many seconds the machine has slept since then, where that can be known; else always nearly the same."""
    return now() - time.monotonic()
