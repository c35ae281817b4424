"""The voices of this machine: listed by pyttsx3 in a child process, as its drivers may hang, and chosen from."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from voice_coach.errors import MissingPart, UsageError
from voice_coach.voice import VoiceOptions

_LIST_SECONDS = 20.0
_GENDERS = {"male": "male", "female": "female", "voicegendermale": "male", "voicegenderfemale": "female"}
_ENGINES = {"espeak": "eSpeak NG", "sapi5": "Windows (SAPI)", "nsss": "macOS", "avspeech": "macOS"}


@dataclass(frozen=True, slots=True)
class InstalledVoice:
    """A voice of this machine. `number` is its place in the whole list; `language` a code such as `en-gb`, or empty."""

    number: int
    id: str
    name: str
    language: str
    gender: str | None
    engine: str

    def matches(self, search: str) -> bool:
        """Whether every word of a search is found in what is known of the voice."""
        gender = self.gender or ""
        words = f"{self.id} {self.name} {self.language} {self.engine}".casefold()
        return all(part in words or part == gender for part in search.casefold().split())


def list_voices(language: str) -> tuple[InstalledVoice, ...]:
    """All voices, those of a language first, then by language and name; numbered from 1 on.

    Raises
    ------
    MissingPart
        If there is none, or they cannot be listed.
    """
    told = _asked()
    if not told:
        raise MissingPart(f"this machine has no system voice; cure: {_cure()}")
    told.sort(key=lambda one: (one["language"].split("-")[0] != language, one["language"], one["name"].casefold()))
    return tuple(
        InstalledVoice(
            number,
            one["id"],
            " ".join(one["name"].split()),
            "" if one["language"].startswith("unknown") else one["language"],
            _GENDERS.get((one["gender"] or "").casefold()),
            _ENGINES.get(one["engine"], one["engine"]),
        )
        for number, one in enumerate(told, 1)
    )


def _asked() -> list[dict[str, str]]:
    command = [sys.executable, "-m", "voice_coach.engines.speak", "--voices"]
    try:
        done = subprocess.run(  # noqa: S603 - our own module
            command, capture_output=True, text=True, encoding="utf-8", timeout=_LIST_SECONDS, check=False
        )
        told: list[dict[str, str]] = json.loads(done.stdout) if done.returncode == 0 else []
    except subprocess.TimeoutExpired as error:
        raise MissingPart(
            f"the system's voices did not answer within {_LIST_SECONDS:.0f} s; cure: start the machine anew"
        ) from error
    except (OSError, ValueError) as error:
        raise MissingPart(f"the system's voices cannot be listed; cure: {_cure()}") from error
    return told


def _cure() -> str:
    linux = "install espeak-ng, as apt install espeak-ng does"
    return linux if sys.platform == "linux" else "add a voice in the system's settings for speech"


def find_voice(voices: Sequence[InstalledVoice], which: str) -> InstalledVoice:
    """The voice that is meant by a number, a name or a part of it.

    Raises
    ------
    UsageError
        If none is, or several are.
    """
    wanted = which.strip().casefold()
    if not wanted:
        raise UsageError("a voice is meant by its number, its name or a part of it")
    for exact in (_number, _id, _name, _language):
        found = [voice for voice in voices if wanted == exact(voice)]
        if len(found) == 1:
            return found[0]
    found = [voice for voice in voices if voice.matches(wanted)] if not wanted.isdigit() else []
    if len(found) == 1:
        return found[0]
    if found:
        some = ", ".join(f"{voice.number} {voice.name}" for voice in found[:4])
        raise UsageError(f"{which!r} may be {some}{' and others' if len(found) > 4 else ''}; take a number")
    near = get_close_matches(wanted, [_name(voice) for voice in voices], n=1)
    listed = "; voice-coach voices --all lists them"
    hint = f"; did you mean {next(v.name for v in voices if _name(v) == near[0])}?" if near else listed
    raise UsageError(f"there is no voice {which!r}{hint}")


def _number(voice: InstalledVoice) -> str:
    return str(voice.number)


def _id(voice: InstalledVoice) -> str:
    return voice.id.casefold()


def _language(voice: InstalledVoice) -> str:
    return voice.language


def _name(voice: InstalledVoice) -> str:
    return voice.name.casefold()


def usable(options: VoiceOptions, language: str) -> tuple[VoiceOptions, str | None]:
    """How the coach can sound on this machine, and a notice where that is not as it was chosen.

    A voice that has gone, or that one of the two does not want, gives way to the system's own.
    """
    if not options.voice:
        return options, None
    own = replace(options, voice="")
    if options.voice in options.unwanted:
        return own, f"one of you does not want the voice {options.voice}; the system's own speaks instead"
    try:
        known = {voice.id.casefold() for voice in list_voices(language)}
    except MissingPart as reason:
        return own, str(reason)
    if options.voice.casefold() in known:
        return options, None
    return own, (
        f"the voice {options.voice} is no longer on this machine; the system's own speaks instead; "
        "voice-coach voices shows what there is"
    )
