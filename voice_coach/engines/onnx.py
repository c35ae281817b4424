"""One way to open an ONNX model: one thread, quiet, on the processor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from voice_coach.errors import MissingPart


def open_session(path: Path) -> Any:
    """An inference session for the model at `path`.

    Raises
    ------
    MissingPart
        If onnxruntime or the model file is not there, or the file is damaged.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingPart("onnxruntime is not installed; install voice_coach again with pip") from error
    if not path.is_file():
        raise MissingPart(f"the model {path.name} is not where it should be; install voice_coach again with pip")
    onnxruntime.disable_telemetry_events()  # Windows reports by other means, which only this call ends
    options = onnxruntime.SessionOptions()
    # One thread: the models are tiny, and the machine belongs to the people's other programs.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own errors have no base in common
        raise MissingPart(f"the model {path.name} does not load; install voice_coach again with pip") from error
