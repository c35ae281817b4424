"""How the coach sounds."""

from __future__ import annotations

from dataclasses import dataclass

from voice_coach.options import Options, number


@dataclass(frozen=True, slots=True)
class VoiceOptions(Options):
    """`voice` is the system's name of a voice; empty takes the system's own in the language of the wordings.

    150 words per minute is slower than talk (about 174): a prompt is to slow people down. The silence in front is there
    because Bluetooth and HDMI outputs swallow the beginning. `unwanted` are voices that one of the two does not want.
    """

    voice: str = ""
    unwanted: tuple[str, ...] = ()
    rate: int = number(150, 80, 400, "words per minute")
    volume: float = number(0.8, 0.0, 1.0)
    lead_seconds: float = number(0.25, 0.0, 1.0, "s")
    timeout_seconds: float = number(8.0, 1.0, 60.0, "s")
