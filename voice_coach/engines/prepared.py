"""The coach's voice for live talks: what may be said soon is rendered before it is said.

Rendering takes a tenth of a second to a few, and a sentence at a pause must not come late. So a thread renders ahead,
the latest wishes first, and what is asked for in vain is rendered at once. Volume is changed on the samples, within
what this loudspeaker may be given; another rate or another voice makes all of them stale.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np

from voice_coach.acoustics import Floats
from voice_coach.engines.renderer import SystemVoice
from voice_coach.errors import EngineFailed
from voice_coach.events import Cue
from voice_coach.voice import VoiceOptions, no_louder

_FASTEST, _SLOWEST = 400, 80
_URGENT_SECONDS = 2.0
"""A sentence that is not ready and takes longer is better shown: nobody waits for it in silence."""


class PreparedVoice:
    """Fulfils the port `Voice`.

    Parameters
    ----------
    options : how the coach sounds.
    language : what the wordings are written in.
    chosen_since : asked before each sentence: how it is to sound from now on, `None` if nothing else was chosen.
    """

    def __init__(
        self, options: VoiceOptions, language: str, chosen_since: Callable[[], VoiceOptions | None] = lambda: None
    ) -> None:
        self._options, self._language, self._chosen_since = options, language, chosen_since
        self._voice = SystemVoice(options, language)
        self._rendering = self._voice  # an earlier one, where it was changed meanwhile
        self._rate = self._volume = 1.0
        self._ready: dict[str, Floats] = {}
        self._wanted: list[str] = []
        self._known: tuple[str, ...] = ()
        self._changed = threading.Condition()
        self._is_closed = False
        self._thread = threading.Thread(target=self._run, name="rendering", daemon=True)
        self._thread.start()

    @property
    def name(self) -> str:
        """Engine and voice, for people."""
        return self._voice.name

    def render(self, cue: Cue) -> Floats:
        """The cue as float32 (n,): at once if it is ready, else as soon as may be; see the port."""
        options = self._chosen_since()
        with self._changed:
            if options is not None:
                self._options = options
                self._begin_anew()
            ready, voice, loudest_db = self._ready.get(cue.text), self._voice, self._options.loudest_db
        samples = voice.render(cue, _URGENT_SECONDS) if ready is None else ready
        louder, softer = max(self._volume, 1.0), min(self._volume, 1.0)  # softer is softer than what is allowed, too
        allowed = no_louder(np.asarray(np.clip(samples * louder, -1.0, 1.0), np.float32), loudest_db)
        return np.asarray(allowed * softer, np.float32)

    def prepare(self, texts: Iterable[str]) -> None:
        """Render these ahead, before what was asked for earlier."""
        with self._changed:
            new = [text for text in dict.fromkeys(texts) if text not in self._ready]
            self._known = tuple(dict.fromkeys((*self._known, *new)))
            self._wanted = [*new, *(text for text in self._wanted if text not in new)]
            self._changed.notify_all()

    def change(self, rate: float, volume: float) -> None:
        """From now on, speak at these multiples of the usual rate and volume."""
        with self._changed:
            self._rate, self._volume = rate, volume
            if self._words_per_minute() != self._voice.options.rate:
                self._begin_anew()

    def _words_per_minute(self) -> int:
        return min(max(round(self._options.rate * self._rate), _SLOWEST), _FASTEST)

    def _begin_anew(self) -> None:
        """What is ready was rendered as it no longer is to sound."""
        self._voice = SystemVoice(replace(self._options, rate=self._words_per_minute()), self._language)
        self._ready, self._wanted = {}, list(self._known)
        self._changed.notify_all()

    def speak_in(self, language: str) -> None:
        """From now on, speak this language: what was prepared is of another."""
        with self._changed:
            self._language = language
            self._voice = SystemVoice(self._voice.options, language)
            self._ready, self._wanted, self._known = {}, [], ()

    def close(self) -> None:
        """Prepare nothing more; returns when the thread has ended."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        for voice in (self._voice, self._rendering):
            voice.close()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._wanted or self._is_closed)
                if self._is_closed:
                    return
                text, voice = self._wanted.pop(0), self._voice
                self._rendering = voice
            try:
                samples = voice.render(Cue(-1, "", text, None, 0, 0, ()))
            except EngineFailed:
                continue  # it is tried again when it is to be said, and shown if that fails too
            with self._changed:
                if voice is self._voice:
                    self._ready[text] = samples
