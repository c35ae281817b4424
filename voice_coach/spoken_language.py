"""Which language a talk is in: set, or what the words engine hears over the first minutes, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass

from voice_coach.events import LanguageHeard, Transcript, Utterance
from voice_coach.options import Options, number
from voice_coach.segment import to_samples


@dataclass(frozen=True, slots=True)
class SpokenLanguageOptions(Options):
    """When a language is taken for the talk's own.

    One utterance tells little: a name, a foreign word or a laugh is taken for any language. Half a minute of words of
    which nearly all are of one is sure. After the minutes in which the coach is silent, the likeliest is taken, and
    said to be unsure.
    """

    enough_seconds: float = number(30.0, 5.0, 300.0, "s of speech")
    sure_share: float = number(0.8, 0.5, 1.0)
    decided_seconds: float = number(180.0, 30.0, 1800.0, "s")
    least_seconds: float = number(5.0, 1.0, 60.0, "s of speech")


class SpokenLanguage:
    """Weighs the languages of utterances, by their length and by how sure the engine is of each, until it can tell."""

    def __init__(self, options: SpokenLanguageOptions) -> None:
        self._options = options
        self._seconds: dict[str, float] = {}
        self._is_decided = False

    def take(self, heard: Transcript, utterance: Utterance, now: int) -> LanguageHeard | None:
        """What is told once, by the utterance that decides it at sample `now`: the language of the talk."""
        if self._is_decided or heard.language is None or not heard.words:
            return None
        certainty = 1.0 if heard.language_probability is None else heard.language_probability
        before = self._seconds.get(heard.language, 0.0)
        self._seconds[heard.language] = before + utterance.segment.seconds * certainty
        language, most = max(self._seconds.items(), key=lambda item: item[1])
        share, options = most / sum(self._seconds.values()), self._options
        is_sure = most >= options.enough_seconds and share >= options.sure_share
        is_due = now >= to_samples(options.decided_seconds) and most >= options.least_seconds
        if not is_sure and not is_due:
            return None
        self._is_decided = True
        return LanguageHeard(language, round(share, 2), is_sure, now)
