"""Sentences read by the voices of the fixture talks, with the times of their words and sounds."""

from __future__ import annotations

from dataclasses import dataclass

from tools.fixtures.flite import Flite, Manner
from tools.fixtures.speech import Spoken
from tools.words.text import Sentence

VOICES = ("slt", "rms", "awb")
PAUSE = "pau"
PHONES = (
    PAUSE, "aa", "ae", "ah", "ao", "aw", "ax", "ay", "b", "ch", "d", "dh", "eh", "er", "ey", "f", "g", "hh", "ih", "iy",
    "jh", "k", "l", "m", "n", "ng", "ow", "oy", "p", "r", "s", "sh", "t", "th", "uh", "uw", "v", "w", "y", "z", "zh",
)  # fmt: skip
"""The sounds that flite's American voices are made of."""
_HUMMED = {"mm-hm.": "m hh ah m", "mm.": "m m", "uh-huh.": "ah hh ah"}


@dataclass(frozen=True, slots=True)
class Phone:
    """A sound, and until when it is heard, seconds."""

    name: str
    end_seconds: float


class Reader(Flite):
    """flite, and the sounds of what it said last."""

    def __init__(self) -> None:
        super().__init__()
        self._phones: list[Phone] = []

    def read(self, voice: str, sentence: Sentence, manner: Manner) -> tuple[Spoken, tuple[Phone, ...]]:
        """A sentence as samples with its words, and its sounds on the same clock.

        Raises
        ------
        ValueError
            If flite reads it as other words than are written.
        """
        text = " ".join(sentence.said)
        hummed = _HUMMED.get(text)
        spoken = self.utter(voice, text, hummed, manner) if hummed else self.say(voice, text, manner)
        return spoken, tuple(self._phones)

    def _collect(self, utterance: int, tokens: tuple[str, ...]) -> Spoken:
        phones = [
            Phone(
                self._library.item_feat_string(item, b"name").decode(),
                self._library.item_feat_float(item, b"end"),
            )
            for item in self._items(utterance, b"Segment")
        ]
        # The samples begin with the first sound, and so does the clock.
        first = next(place for place, phone in enumerate(phones) if phone.name != PAUSE)
        begin = phones[first - 1].end_seconds if first else 0.0
        self._phones = [Phone(phone.name, phone.end_seconds - begin) for phone in phones[first:]]
        return super()._collect(utterance, tokens)
