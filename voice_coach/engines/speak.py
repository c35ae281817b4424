"""The child process that asks pyttsx3 for one prompt: `python -m voice_coach.engines.speak FILE`, its wishes on stdin.

With `--voices` in place of a file, it lists the voices of this machine as JSON instead.

pyttsx3 is used as a renderer of files only, in a process of its own that lives for one prompt: its drivers hang, skip
and overwrite in ways that differ by system, and a process can be killed. The wishes are one JSON object:
`{"text", "voice", "language", "rate", "volume", "unwanted"}`, `voice` null for the system's own in that language, or
another one in it if that is `unwanted`.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Collection, Mapping
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

NO_SUCH_VOICE = 3
"""Exit code where the voice that was asked for does not exist."""
_USUAL = (
    "samantha", "daniel", "anna", "mónica", "thomas",
    "zira", "hazel", "hedda", "helena", "hortense",
    "english (america)", "english (great britain)", "german", "spanish (spain)", "french (france)",
)  # fmt: skip
"""Parts of the names of the voices that macOS, Windows and espeak-ng themselves speak with, in each language. Else the
first in the list would speak, which is a novelty voice on macOS, and one from the Caribbean with espeak-ng."""

_SETTLE_SECONDS = 0.03
_ESPEAK = "espeak"


def main() -> int:
    """Render to the file named on the command line, or list voices; 0 if the driver reported no error."""
    if sys.argv[1] == "--voices":
        sys.stdout.write(json.dumps(_all_voices()))
        return 0
    return _render(json.load(sys.stdin), Path(sys.argv[1]))


def _all_voices() -> list[dict[str, str | None]]:
    """Every voice as the driver tells it, in its own words."""
    import pyttsx3

    # What drivers print on standard output is no part of the answer.
    with redirect_stdout(sys.stderr):
        engine = pyttsx3.init()
        return [
            {
                "id": str(voice.id),
                "name": str(voice.name or voice.id),
                "language": next(iter(_codes(voice)), ""),
                "gender": None if voice.gender is None else str(voice.gender),
                "engine": engine.driver_name,
            }
            for voice in engine.getProperty("voices")
        ]


def _render(wanted: Mapping[str, Any], file: Path) -> int:
    import pyttsx3

    engine = pyttsx3.init()  # kept: the library holds its engines weakly
    problems: list[str] = []

    def failed(name: str, exception: BaseException) -> None:
        del name
        problems.append(str(exception))

    engine.connect("error", failed)
    voice = wanted["voice"] or _voice_for(engine, wanted["language"], wanted["unwanted"])
    if voice is not None:
        engine.setProperty("voice", voice)
    engine.setProperty("rate", wanted["rate"])
    engine.setProperty("volume", wanted["volume"])
    # The loop cancels whatever espeak's own thread is doing when it starts, now and then the rate that was just set or
    # the sentence itself (1 in 30, measured): so the properties are worked off first, and given time to settle.
    engine.proxy.setBusy(busy=False)
    time.sleep(_SETTLE_SECONDS)
    # The loops of the other drivers only end by a command of their queue, which must wait until they have begun.
    engine.proxy.setBusy(busy=engine.driver_name != _ESPEAK)
    engine.save_to_file(wanted["text"], str(file))
    engine.runAndWait()
    # An unknown voice is silently ignored, so the property is read back, once the driver has worked off its queue.
    if wanted["voice"] is not None and str(engine.getProperty("voice")).lower() != wanted["voice"].lower():
        return NO_SUCH_VOICE
    if not _written(file):
        problems.append("no file was written")
    sys.stderr.write("\n".join(problems))
    return 1 if problems else 0


def _written(file: Path) -> bool:
    """Whether the file comes, and stops growing, within two seconds."""
    size = -1
    for _ in range(100):
        now = file.stat().st_size if file.exists() else 0
        if now and now == size:
            return True
        size = now
        time.sleep(0.02)
    return False


def _voice_for(engine: Any, language: str, unwanted: Collection[str]) -> str | None:
    """A voice that speaks a language, if the default one does not say that it does; `None` to keep the default."""
    default = str(engine.getProperty("voice"))
    fitting = [voice for voice in engine.getProperty("voices") if _speaks(voice, language)]
    wanted = {str(voice.id): str(voice.name) for voice in fitting if str(voice.id) not in unwanted}
    return None if (default in wanted or not wanted) else min(wanted, key=lambda voice: _rank(wanted[voice]))


def _rank(name: str) -> int:
    """How late a voice comes to be taken by itself; of those alike, the first is."""
    known = (place for place, usual in enumerate(_USUAL) if usual in name.casefold())
    return next(known, len(_USUAL))


def _speaks(voice: Any, language: str) -> bool:
    return any(code.split("-")[0] == language for code in _codes(voice))


def _codes(voice: Any) -> list[str]:
    """The languages of a voice, each as a code such as `en-gb`; drivers give text, bytes, or nothing."""
    codes = [code.decode("utf-8", "ignore") if isinstance(code, bytes) else str(code) for code in voice.languages]
    return [code.strip("\x05").lower().replace("_", "-") for code in codes if code and code != "None"]


if __name__ == "__main__":
    sys.exit(main())
