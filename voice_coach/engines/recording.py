"""Recordings of any format that PyAV reads, as a stream of blocks in the one internal format."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from voice_coach.acoustics import Floats, mono
from voice_coach.errors import InputError
from voice_coach.events import AudioBlock
from voice_coach.segment import SAMPLE_RATE, to_seconds

SHORTEST_SECONDS = 2.0
NOMINAL_DB = -26.0
"""Active speech level to which every recording is brought, dB of full scale: that of the models' training talks."""
CLIPPED_SHARE = 0.001
"""From this share of samples at full scale on, a recording is called clipped; loud speech that is not has none."""
_FRAME = 320
_BEGINNING = 1 << 20
"""Bytes of a file that tell it, with its length, from others."""
_MARGIN_DB = 15.9
_LOWEST_DB, _HIGHEST_DB = -120, 10


@dataclass(frozen=True, slots=True)
class Survey:
    """What a first pass over a recording tells.

    `gain` brings its speech to the nominal level. `clipped_share` is the share of samples at full scale.
    """

    samples: int
    gain: float
    clipped_share: float
    damaged_packets: int

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return to_seconds(self.samples)


class Recording:
    """An audio file, or the sound of a film. Nothing but the current packet is held in memory.

    `fingerprint` tells the recording from others, whatever it is called and wherever it lies. With a lower `rate`, Hz,
    it is heard as if it had been recorded at that.

    Raises
    ------
    InputError
        With one sentence, if there is no such file, it cannot be read, or holds no sound.
    """

    def __init__(self, path: Path, rate: int = SAMPLE_RATE) -> None:
        self.path, self._rate = path, rate
        self.damaged_packets = 0
        try:
            if path.is_dir():
                raise InputError(f"{path} is a folder, not a recording")
            with path.open("rb") as file:
                beginning, size = file.read(_BEGINNING), os.fstat(file.fileno()).st_size
        except FileNotFoundError:
            raise InputError(f"there is no file {path}") from None
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error.strerror}") from error
        if not beginning:
            raise InputError(f"{path} is empty")
        self.fingerprint = f"{size}-{hashlib.sha256(beginning).hexdigest()}"

    def _open(self) -> Any:
        """The file for FFmpeg, which takes whatever stands before a colon for the name of a protocol."""
        import av

        return av.open(f"file:{self.path.absolute()}", metadata_errors="ignore")

    def chunks(self, *, both: bool = False) -> Iterator[tuple[Floats, int]]:
        """Pieces of the recording, float32 (n,) mono at 16 kHz, each with the number of samples lost before it.

        With `both`, a recording of two channels comes as (n, 2).

        Damaged packets are left out and count as lost; a file that breaks off is read as far as it goes.
        """
        import av

        self.damaged_packets = 0
        try:
            with self._open() as container:
                if not container.streams.audio:
                    raise InputError(f"{self.path} holds no sound")
                stream = container.streams.audio[0]
                for samples, lost in self._decode(container, stream, 2 if stream.channels == 2 else 1):
                    yield samples if both else mono(samples), lost
        except (av.FFmpegError, ValueError) as error:
            raise InputError(f"{self.path} is not a recording that can be read") from error

    def _decode(self, container: Any, stream: Any, channels: int) -> Iterator[tuple[Floats, int]]:
        import av

        stream.thread_type = "NONE"
        layout = "stereo" if channels == 2 else "mono"
        rates = dict.fromkeys((min(self._rate, SAMPLE_RATE), SAMPLE_RATE))
        resamplers = [av.AudioResampler(format="flt", layout=layout, rate=rate) for rate in rates]
        lost = 0
        for packet in _packets(container, stream):
            try:
                frames = packet.decode()
            except av.FFmpegError:
                self.damaged_packets += 1
                if packet.duration and packet.time_base:
                    lost += round(float(packet.duration * packet.time_base) * SAMPLE_RATE)
                continue
            for frame in frames:
                frame.pts = None  # gaps in time stamps are the container's affair: what is heard is what is there
                for heard in _resampled(resamplers, frame):
                    yield _samples(heard, channels), lost
                    lost = 0
        for heard in _resampled(resamplers, None):
            yield _samples(heard, channels), lost
            lost = 0

    def blocks(self, gain: float = 1.0, *, both: bool = False) -> Iterator[AudioBlock]:
        """The recording as blocks; with `both`, two channels stay apart."""
        position = 0
        for samples, lost in self.chunks(both=both):
            position += lost
            yield AudioBlock(position, samples * np.float32(gain), lost)
            position += len(samples)

    @property
    def rate(self) -> int:
        """Its sampling rate, Hz; the usual one where it cannot be asked."""
        import av

        try:
            with self._open() as container:
                return int(container.streams.audio[0].rate)
        except (av.FFmpegError, ValueError, IndexError):
            return SAMPLE_RATE

    @property
    def stated_seconds(self) -> float | None:
        """Length as the file states it; `None` where it does not, or cannot be asked."""
        import av

        try:
            with self._open() as container:
                return None if container.duration is None else float(container.duration / av.time_base)
        except (av.FFmpegError, ValueError):
            return None

    def survey(self, blocks: Iterable[AudioBlock] | None = None) -> Survey:
        """Measure the recording in one pass; `blocks` are its own, if someone else follows them too.

        Raises
        ------
        InputError
            If it is shorter than two seconds, or digitally silent.
        """
        meter = LevelMeter()
        for block in self.blocks() if blocks is None else blocks:
            meter.process(block.samples, block.lost_samples)
        if meter.samples < SHORTEST_SECONDS * SAMPLE_RATE:
            seconds = to_seconds(meter.samples)
            raise InputError(f"{self.path} is too short: {seconds:.1f} s, at least {SHORTEST_SECONDS:.0f} s are needed")
        if meter.peak == 0.0:
            raise InputError(f"{self.path} is silent: the microphone was muted, or not allowed")
        return Survey(meter.samples, meter.gain, meter.clipped / meter.samples, self.damaged_packets)


def _resampled(resamplers: Sequence[Any], frame: Any) -> list[Any]:
    """What comes out of resamplers in a row for a decoded frame; for `None`, what is left in them."""
    frames = [frame]
    for resampler in resamplers:
        frames = [heard for part in frames for heard in resampler.resample(part)] + ([None] if frame is None else [])
    return [heard for heard in frames if heard is not None]


def _samples(heard: Any, channels: int) -> Floats:
    """Interleaved samples of a decoded frame as (n,), or (n, 2)."""
    samples = heard.to_ndarray().reshape(-1)
    return cast("Floats", samples if channels == 1 else samples.reshape(-1, channels))


def _packets(container: Any, stream: Any) -> Iterator[Any]:
    """Packets as far as the file goes: one that breaks off ends where it breaks."""
    import av

    try:
        yield from container.demux(stream)
    except av.FFmpegError:
        return


class LevelMeter:
    """Level of a stream: a histogram of the power of its 20 ms frames, in steps of 0.5 dB."""

    def __init__(self) -> None:
        self.samples, self.clipped, self.peak = 0, 0, 0.0
        self._histogram = np.zeros(2 * (_HIGHEST_DB - _LOWEST_DB), np.int64)
        self._rest = np.zeros(0, np.float32)

    def process(self, samples: Floats, lost: int) -> None:
        """Take a piece of the stream."""
        self.samples += len(samples) + lost
        known = np.nan_to_num(samples, nan=0.0, posinf=1.0, neginf=-1.0)
        self.clipped += int(np.count_nonzero(np.abs(known) >= 0.999))
        self.peak = max(self.peak, float(np.abs(known).max(initial=0.0)))
        joined = np.concatenate((self._rest, known))
        whole = len(joined) // _FRAME * _FRAME
        self._rest = joined[whole:]
        frames = np.clip(joined[:whole], -1.0, 1.0).reshape(-1, _FRAME)
        level = 10 * np.log10((frames**2).mean(axis=1) + 1e-12)
        places = ((level - _LOWEST_DB) * 2).astype(int).clip(0, len(self._histogram) - 1)
        self._histogram += np.bincount(places, minlength=len(self._histogram))

    @property
    def gain(self) -> float:
        """Factor that brings the active speech level to the nominal one, between -30 and +40 dB.

        The active level is the mean power of what lies at most 15.9 dB below it (the idea of ITU-T P.56, method B), so
        that neither pauses nor the share of them count.
        """
        levels = _LOWEST_DB + 0.5 * np.arange(len(self._histogram)) + 0.25
        above = np.cumsum(self._histogram[::-1])[::-1]
        power = np.cumsum((self._histogram * 10 ** (levels / 10))[::-1])[::-1]
        active = 10 * np.log10(power / np.maximum(above, 1) + 1e-12)
        reached = np.flatnonzero((above > 0) & (active - levels <= _MARGIN_DB))
        return float(10 ** (np.clip(NOMINAL_DB - active[reached[0]], -30.0, 40.0) / 20))
