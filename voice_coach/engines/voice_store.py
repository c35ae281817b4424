"""Voices that people chose to keep: measurements of their enrolment, never audio, in the user's own data folder."""

from __future__ import annotations

import hashlib
import os
import zipfile
from pathlib import Path

import numpy as np

from voice_coach.engines.voiceprint import Enrolment
from voice_coach.errors import InputError

_SUFFIX = ".voice.npz"
_VERSION = 1


class VoiceStore:
    """A folder of voices, one file each, for its user alone.

    Parameters
    ----------
    folder : where they lie; it is made when the first is kept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _path(self, name: str) -> Path:
        """File names are hashes: a name may hold what a file's name may not."""
        return self._folder / f"{hashlib.sha256(name.encode()).hexdigest()[:24]}{_SUFFIX}"

    def names(self) -> tuple[str, ...]:
        """Whose voices are kept, in alphabetical order; files that cannot be read are left out."""
        found = []
        for path in self._folder.glob(f"*{_SUFFIX}") if self._folder.is_dir() else ():
            try:
                with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                    found.append(str(stored["name"]))
            except (OSError, ValueError, KeyError, zipfile.BadZipFile):
                continue
        return tuple(sorted(found, key=str.casefold))

    def save(self, name: str, enrolment: Enrolment, gain: float) -> Path:
        """Keep a voice and the gain of its microphone, in place of an older one of the same name.

        Raises
        ------
        InputError
            If it cannot be written.
        """
        path = self._path(name)
        unfinished = path.with_suffix(".part")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                np.savez_compressed(
                    file, version=_VERSION, name=name, gain=gain, log_mel=enrolment.log_mel.astype(np.float16),
                    log_energy=enrolment.log_energy.astype(np.float16), salience=enrolment.salience.astype(np.float16),
                    speech=enrolment.speech,
                )  # fmt: skip
            unfinished.replace(path)
        except OSError as error:
            raise InputError(f"the voice cannot be kept in {self._folder}: {error.strerror}") from error
        return path

    def load(self, name: str) -> tuple[Enrolment, float]:
        """The voice of a person, and the gain of the microphone that it was learnt with.

        Raises
        ------
        InputError
            If there is none, or its file is damaged.
        """
        path = self._path(name)
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                if int(stored["version"]) != _VERSION:
                    raise InputError(f"the voice of {name} was kept by another version; learn it again")
                log_mel, log_energy, salience = (
                    stored[part].astype(np.float32) for part in ("log_mel", "log_energy", "salience")
                )
                return Enrolment(log_mel, log_energy, salience, stored["speech"].astype(bool)), float(stored["gain"])
        except FileNotFoundError:
            raise InputError(f"no voice of {name} is kept; learn it with voice-coach enroll") from None
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise InputError(f"the voice of {name} cannot be read from {path}; learn it again") from error

    def forget(self, name: str) -> None:
        """Remove a voice.

        Raises
        ------
        InputError
            If there is none, or it cannot be removed.
        """
        try:
            self._path(name).unlink()
        except FileNotFoundError:
            raise InputError(f"no voice of {name} is kept") from None
        except OSError as error:
            raise InputError(f"the voice of {name} cannot be removed: {error.strerror}") from error
