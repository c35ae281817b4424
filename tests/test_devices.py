"""Taking stock of the devices, over a library that cannot always be started."""

from __future__ import annotations

from tests.conftest import missing
from voice_coach.engines.devices import Devices
from voice_coach.errors import MissingPart


class Library:
    """PortAudio, as far as it is started and ended."""

    class PortAudioError(Exception):
        """As the real one has it."""

    def __init__(self) -> None:
        self.is_up, self.started = True, 1

    def _terminate(self) -> None:
        if not self.started:
            raise self.PortAudioError("PortAudio not initialized")
        self.started -= 1

    def _initialize(self) -> None:
        if not self.is_up:
            raise self.PortAudioError("Unanticipated host error")
        self.started += 1


def test_a_sound_system_that_was_away_for_a_while_is_started_again() -> None:
    try:
        devices = Devices()
    except MissingPart as error:
        missing(str(error))
    devices._library = library = Library()
    library.is_up = False
    devices.find_anew()
    devices.find_anew()
    assert library.started == 0
    library.is_up = True
    devices.find_anew()
    assert library.started == 1
    devices.find_anew()
    assert library.started == 1
