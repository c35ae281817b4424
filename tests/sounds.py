"""Recordings in many formats, written by PyAV and the standard library."""

from __future__ import annotations

import struct
import wave
from pathlib import Path

import av
import numpy as np

RATE = 16_000


def babble(seconds: float, rate: int = RATE, seed: int = 0) -> np.ndarray:
    """Something with syllables and harmonics, float32 (n,): not speech, but no silence either."""
    time = np.arange(int(seconds * rate)) / rate
    voice = sum(np.sin(2 * np.pi * 140 * h * time) / h for h in range(1, 12))
    noise = np.random.default_rng(seed).standard_normal(len(time))
    return np.asarray(0.1 * voice * (1 + np.sin(2 * np.pi * 4 * time)) + 0.003 * noise, np.float32)


def write_wave(path: Path, samples: np.ndarray, rate: int = RATE, width: int = 2) -> Path:
    """PCM of 16, 24 or 32 bits; samples (n,) or (n, channels)."""
    table = samples[:, None] if samples.ndim == 1 else samples
    scaled = np.clip(table, -1, 1) * (2 ** (8 * width - 1) - 1)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(table.shape[1])
        file.setsampwidth(width)
        file.setframerate(rate)
        raw = scaled.astype("<i4").reshape(-1)
        file.writeframes(raw.view(np.uint8).reshape(-1, 4)[:, :width].tobytes() if width < 4 else raw.tobytes())
    return path


def write_float_wave(path: Path, samples: np.ndarray, rate: int = RATE) -> Path:
    """32-bit float WAV, which the standard library cannot write; keeps NaN and values beyond full scale."""
    data = samples.astype("<f4").tobytes()
    header = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16, 3, 1, rate, 4 * rate, 4,
                         32, b"data", len(data))  # fmt: skip
    path.write_bytes(header + data)
    return path


def write_encoded(path: Path, samples: np.ndarray, codec: str, rate: int = RATE, *, video: bool = False) -> Path:
    """A compressed recording; with `video`, a film with a black picture."""
    with av.open(str(path), "w") as container:
        picture = None
        if video:
            picture = container.add_stream("mpeg4", rate=10)
            picture.width, picture.height, picture.pix_fmt = 64, 64, "yuv420p"
        stream = container.add_stream(codec, rate=rate, layout="mono")
        if picture is not None:
            for _ in range(int(10 * len(samples) / rate)):
                container.mux(picture.encode(av.VideoFrame(64, 64, "yuv420p")))
            container.mux(picture.encode(None))
        frame_size = stream.codec_context.frame_size or 1024
        fifo = av.AudioFifo()
        frame = av.AudioFrame.from_ndarray(samples[None].astype(np.float32), format="fltp", layout="mono")
        frame.sample_rate = rate
        resampler = av.AudioResampler(format=stream.codec_context.format, layout="mono", rate=rate)
        for part in resampler.resample(frame):
            fifo.write(part)
        while (piece := fifo.read(frame_size)) is not None:
            container.mux(stream.encode(piece))
        rest = fifo.read()
        if rest is not None:
            container.mux(stream.encode(rest))
        container.mux(stream.encode(None))
    return path
