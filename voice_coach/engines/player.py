"""Playing samples through the machine's own output."""

from __future__ import annotations

import sys

from voice_coach.acoustics import Floats
from voice_coach.errors import MissingPart
from voice_coach.segment import SAMPLE_RATE

# Elsewhere than on Linux the library comes inside the wheel of sounddevice.
_LIBRARY = "PortAudio, as apt install libportaudio2 does" if sys.platform == "linux" else "sounddevice again with pip"


class Player:
    """Plays through the default output; `MissingPart` if there is none."""

    def __init__(self) -> None:
        try:
            import sounddevice
        except (ImportError, OSError) as error:
            raise MissingPart(f"the PortAudio library is missing; cure: install {_LIBRARY}") from error
        self._device = sounddevice
        try:
            sounddevice.check_output_settings(channels=1, samplerate=SAMPLE_RATE, dtype="float32")
        except (sounddevice.PortAudioError, ValueError) as error:
            raise MissingPart("this machine has no sound output; cure: connect a loudspeaker or headphones") from error

    def play(self, samples: Floats) -> None:
        """Play float32 samples (n,) at 16 kHz to their end."""
        try:
            self._device.play(samples, SAMPLE_RATE, blocking=True)
        except self._device.PortAudioError as error:
            raise MissingPart(f"the sound output failed ({error}); cure: check the sound settings") from error
