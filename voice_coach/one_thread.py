"""Keeps numpy's linear algebra on one thread: a talk's matrices are too small for more."""

from __future__ import annotations

import os

_SWITCHES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def use_one_thread() -> None:
    """Set the switches, unless somebody has; the libraries read them when they are imported, so this comes first.

    With a thread for each of two processors, the demo talk took 15 s of processor time instead of 5.6 s, and 17 s
    instead of 7.6 s on the clock beside other programs: the threads wait for each other (measured with OpenBLAS).
    """
    for switch in _SWITCHES:
        os.environ.setdefault(switch, "1")
