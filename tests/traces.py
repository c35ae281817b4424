"""What a program leaves or holds open that it must not: sound in its files, sockets to anywhere."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np

from voice_coach.acoustics import Floats

_FORMS = {"<f4": 1.0, "<f8": 1.0, "<i2": 2.0**15, "<i4": 2.0**31}
"""Usual forms of samples, and what is full scale in each."""
_LOUDEST, _SOFTEST = 4.0, 1e-4
"""By full scale: what is beyond is no sample, and of what is softer than that (rms) nothing can be told."""
_ALIKE = 0.6
"""Correlation from which a file holds the sound: other speech by the same voice may reach 0.4."""


def files_of(folder: Path, pid: int | None = None) -> Iterator[tuple[str, bytes]]:
    """Files below a folder, and those on a disk that a process holds open though they have been deleted."""
    for path in sorted(folder.rglob("*")):
        with suppress(OSError):
            if stat.S_ISREG(path.lstat().st_mode):
                yield str(path), path.read_bytes()
    for link in [] if pid is None else Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            name = str(link.readlink())
            in_memory = name.startswith(("/memfd:", "/dev/shm/"))  # noqa: S108 - what a sound server shares
            if name.endswith(" (deleted)") and not in_memory and stat.S_ISREG(link.stat().st_mode):
                yield name, link.read_bytes()


def holds_sound(data: bytes, sound: Floats) -> bool:
    """Whether a file holds a sound, float32 (n,): in raw samples of any usual form, as it was or under noise.

    A sound file in a form of its own counts as well, whatever it holds.
    """
    if re.match(rb"RIFF|fLaC|OggS|FORM|\xff\xfb|ID3", data):
        return True
    return any(_is_in(samples, sound) for samples in _views(data))


def _views(data: bytes) -> Iterator[Floats]:
    for form, full in _FORMS.items():
        size = np.dtype(form).itemsize
        for offset in range(size):
            whole = data[offset : offset + (len(data) - offset) // size * size]
            with np.errstate(all="ignore"):
                samples = np.nan_to_num(np.frombuffer(whole, form).astype(np.float64) / full, posinf=0.0, neginf=0.0)
            samples = np.where(np.abs(samples) <= _LOUDEST, samples, 0.0).astype(np.float32)
            for channels in (1, 2):
                yield samples[::channels]


def _is_in(samples: Floats, sound: Floats) -> bool:
    count = len(sound)
    if len(samples) < count:
        return False
    size = 1 << int(np.ceil(np.log2(len(samples) + count)))
    heard = samples.astype(np.float64)
    matched = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(sound, size)), size)
    energies = np.cumsum(np.concatenate(([0.0], heard**2)))
    around = energies[count:] - energies[:-count]
    alike = matched[: len(around)] / np.sqrt(np.maximum(around, 1e-12) * float((sound.astype(np.float64) ** 2).sum()))
    return bool(np.abs(alike[around > count * _SOFTEST**2]).max(initial=0.0) > _ALIKE)


def sockets_of(pid: int) -> dict[str, int]:
    """How many sockets a process holds, by their kind: `unix` for those of this machine alone, else `other`."""
    held = set(_links(pid))
    inodes = {name[8:-1] for name in held if name.startswith("socket:[")}
    own = {line.split()[6] for line in Path(f"/proc/{pid}/net/unix").read_text(encoding="utf-8").splitlines()[1:]}
    return {"unix": len(inodes & own), "other": len(inodes - own)}


def _links(pid: int) -> Iterator[str]:
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            yield str(link.readlink())
