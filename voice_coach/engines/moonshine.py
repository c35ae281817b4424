"""Words by Moonshine's tiny English model, which comes inside the moonshine-voice 0.0 wheels: no download."""

from __future__ import annotations

import importlib.util
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from voice_coach.acoustics import Floats
from voice_coach.errors import EngineFailed, MissingPart
from voice_coach.events import Recognition, Utterance, Word
from voice_coach.segment import SAMPLE_RATE, to_samples

CURE = "pip install 'voice-coach[embedded]'"


def model_path() -> Path | None:
    """Where the wheel keeps the model; `None` where the package is missing or a release without a model."""
    spec = importlib.util.find_spec("moonshine_voice")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / "assets" / "tiny-en"
    return folder if folder.is_dir() else None


_BEFORE = to_samples(0.05)
"""How much is heard before an utterance; in longer silence the model hears a "You"."""


@contextmanager
def _no_socket() -> Iterator[None]:
    """While the package is imported: the library of its download, of no use here, binds a socket to look for IPv6."""
    before, socket.has_ipv6 = socket.has_ipv6, False
    try:
        yield
    finally:
        socket.has_ipv6 = before


class MoonshineTranscriber:
    """Fulfils the port `Transcriber`. The model gives no word times and no probabilities, so there are none."""

    name = "moonshine tiny-en"

    def __init__(self) -> None:
        folder = model_path()
        if folder is None:
            raise MissingPart(f"the words engine moonshine is not installed; cure: {CURE}")
        try:
            with _no_socket():
                from moonshine_voice import ModelArch
                from moonshine_voice.transcriber import Transcriber
        except (ImportError, OSError) as error:
            raise MissingPart(f"the words engine moonshine does not load here ({error}); cure: {CURE}") from error
        self.folder = folder
        """Where its model lies."""
        # Utterances are cut already: its own detector would cut again, and hears "You" in the silence before them.
        options = {"vad_threshold": "0.0", "return_audio_data": "false"}
        try:
            self._engine = Transcriber(str(folder), ModelArch.TINY, options=options)
        except Exception as error:  # the binding raises its own errors and plain ones
            raise MissingPart(f"the model of moonshine in {folder} does not load ({error}); cure: {CURE}") from error

    def transcribe(self, utterance: Utterance, start_sample: int, samples: Floats) -> Recognition:
        """Words of an utterance. What was said before it is cut off: without times its words could not be left out."""
        before = utterance.segment.start - start_sample - _BEFORE
        samples = samples[max(0, before) :]
        try:
            transcript = self._engine.transcribe_without_streaming(samples.tolist(), SAMPLE_RATE)
        except Exception as error:  # the binding raises its own errors and plain ones; none may end a talk
            raise EngineFailed(f"moonshine failed: {error}") from error
        text = " ".join(line.text for line in transcript.lines)
        return Recognition(tuple(Word(word) for word in text.split()))
