"""The child process that asks pyttsx3 for one prompt: `python -m voice_coach.engines.speak FILE`, its wishes on stdin.

pyttsx3 is used as a renderer of files only, in a process of its own that lives for one prompt: its drivers hang, skip
and overwrite in ways that differ by system, and a process can be killed. The wishes are one JSON object:
`{"text", "voice", "language", "rate", "volume"}`, `voice` null for the system's own in that language.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

NO_SUCH_VOICE = 3
"""Exit code where the voice that was asked for does not exist."""
_SETTLE_SECONDS = 0.03


def main() -> int:
    """Render to the file named on the command line; 0 if the driver reported no error."""
    wanted = json.load(sys.stdin)
    import pyttsx3

    engine = pyttsx3.init()  # kept: the library holds its engines weakly
    problems: list[str] = []

    def failed(name: str, exception: BaseException) -> None:
        del name
        problems.append(str(exception))

    engine.connect("error", failed)
    voice = wanted["voice"] or _voice_for(engine, wanted["language"])
    if voice is not None:
        engine.setProperty("voice", voice)
    engine.setProperty("rate", wanted["rate"])
    engine.setProperty("volume", wanted["volume"])
    # The loop cancels whatever espeak's own thread is doing when it starts, now and then the rate that was just set or
    # the sentence itself (1 in 30, measured): so the properties are worked off first, and given time to settle.
    engine.proxy.setBusy(busy=False)
    time.sleep(_SETTLE_SECONDS)
    engine.save_to_file(wanted["text"], sys.argv[1])
    engine.runAndWait()
    # An unknown voice is silently ignored, so the property is read back, once the driver has worked off its queue.
    if wanted["voice"] is not None and str(engine.getProperty("voice")).lower() != wanted["voice"].lower():
        return NO_SUCH_VOICE
    if not _written(Path(sys.argv[1])):
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


def _voice_for(engine: Any, language: str) -> str | None:
    """A voice that speaks a language, if the default one does not say that it does; `None` to keep the default."""
    default = engine.getProperty("voice")
    fitting = [voice.id for voice in engine.getProperty("voices") if _speaks(voice, language)]
    return None if default in fitting or not fitting else str(fitting[0])


def _speaks(voice: Any, language: str) -> bool:
    codes = [code.decode("utf-8", "ignore") if isinstance(code, bytes) else str(code) for code in voice.languages]
    return any(code.strip("\x05").lower().replace("_", "-").split("-")[0] == language for code in codes)


if __name__ == "__main__":
    sys.exit(main())
