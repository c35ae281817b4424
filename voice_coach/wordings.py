"""The coach's wordings, filled with names: each rule's in turn, so that none comes twice in a row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from voice_coach.events import PEOPLE, Speaker
from voice_coach.lexicon import Lexicon, called

_WORDS = "{words}"


class Wordings:
    """Words the coach's sentences.

    Parameters
    ----------
    lexicon : wordings of each rule.
    names : what the two people are called.
    """

    def __init__(self, lexicon: Lexicon, names: Mapping[Speaker, str]) -> None:
        self._lexicon, self._names = lexicon, names
        self._used: Counter[tuple[str, bool]] = Counter()

    def speak_in(self, lexicon: Lexicon) -> None:
        """From now on, word sentences in another language."""
        self._lexicon = lexicon

    def known(self) -> tuple[str, ...]:
        """Every sentence that can be worded before there is a reason for it: without a person's own words."""
        texts = [text for texts in self._lexicon.wordings.values() for text in texts if _WORDS not in text]
        return tuple(dict.fromkeys(self._filled(text, person, None) for text in texts for person in PEOPLE))

    def next(self, rule: str, named: Speaker | None, words: str | None) -> str:
        """The sentence that comes next for a rule, for the person it names if any, with their own words if any."""
        fitting = [text for text in self._lexicon.wordings[rule] if (_WORDS in text) is (words is not None)]
        return self._filled(fitting[self._used[rule, words is not None] % len(fitting)], named, words)

    def take(self, rule: str, named: Speaker | None, words: str | None) -> str:
        """As `next`, and then it is another's turn."""
        text = self.next(rule, named, words)
        self._used[rule, words is not None] += 1
        return text

    def _filled(self, text: str, named: Speaker | None, words: str | None) -> str:
        name = called(self._names[named]) if named else ""
        other = called(self._names[named.other]) if named else ""
        return text.format(name=name, other=other, words=words)
