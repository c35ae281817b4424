"""What the coach says in the opening, and who is to speak when: step by step, as the judged voices have it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from voice_coach.events import PEOPLE, Shortcoming, Speaker
from voice_coach.lexicon import Lexicon, called
from voice_coach.ports import VoiceLearner


@dataclass(slots=True)
class Sentence:
    """Something to be said."""

    text: str
    is_skipped: bool = False


@dataclass(slots=True)
class Turn:
    """Somebody is to speak, or, if that is `UNKNOWN`, may speak."""

    person: Speaker
    is_skipped: bool = False


class OpeningScript:
    """Asks for voices, one after the other, and asks again where one is not good enough.

    Parameters
    ----------
    lexicon : what is said.
    names : what the two people are called.
    learner : judges the voices.
    attempts : how often each person is asked.
    people : whose voices are learnt: both, one, or none where both are known.
    before : sentences to be said first.
    with_words : whether people can ask for something by voice.
    """

    def __init__(  # noqa: PLR0913, PLR0917
        self,
        lexicon: Lexicon,
        names: Mapping[Speaker, str],
        learner: VoiceLearner,
        attempts: int,
        people: tuple[Speaker, ...],
        before: tuple[str, ...],
        *,
        with_words: bool,
    ) -> None:
        self._lexicon, self._names, self._learner, self._attempts = lexicon, names, learner, attempts
        self._people, self._before = people, before
        self._ready = "ready" if with_words else "ready_for_keys"
        self.steps = self._course()
        """The steps, each asked for when the one before is done; whoever carries one out marks it if it is skipped."""
        self.shortcomings: dict[Speaker, Shortcoming] = {}
        """What is wrong with voices that have to do all the same."""
        self.failure: Shortcoming | None = None
        """Why no talk can be held, if none can."""
        self.failed: Speaker | None = None
        """Whose voice that is about."""
        self.is_complete = False
        """Whether it came to its end, all voices learnt."""

    def known_sentences(self) -> tuple[str, ...]:
        """Everything it may say, the first first."""
        names = tuple(self._lexicon.opening) if self._people else (self._ready, "not_begun")
        people = self._people or PEOPLE[:1]
        return (*self._before, *(self._text(name, person) for name in names for person in people))

    def _course(self) -> Iterator[Sentence | Turn]:
        together = len(self._people) != 1
        if self._people and together:
            yield self._sentence("hello", self._people[0])
        yield from self._read()
        yield from self._round("ask" if together else "ask_alone")
        if self.failure is not None:
            return
        if together:
            yield self._sentence(self._ready, PEOPLE[0])
        self.is_complete = True

    def _read(self) -> Iterator[Sentence | Turn]:
        """What is to be said first, with a breath after each sentence; whoever skips one skips them all."""
        for text in self._before:
            sentence, breath = Sentence(text), Turn(Speaker.UNKNOWN)
            yield sentence
            yield breath
            if sentence.is_skipped or breath.is_skipped:
                return

    def _round(self, ask: str) -> Iterator[Sentence | Turn]:
        """Ask whose voices are to be learnt, one after the other."""
        for person in self._people:
            yield from self._ask(person, ask)
            if self.failure is not None:
                yield self._sentence(f"failed_{self.failure.value}", person)
                return
            yield self._sentence("thanks", person)
            ask = "ask_second"

    def _ask(self, person: Speaker, ask: str) -> Iterator[Sentence | Turn]:
        """Ask one person to speak, and again for what was wrong with it; whoever skips that is not asked for more."""
        for attempt in range(1, self._attempts + 1):
            yield self._sentence(ask, person)
            turn = Turn(person)
            yield turn
            judgement = self._learner.judge()
            if judgement is None:
                return
            if judgement.is_usable and (turn.is_skipped or attempt == self._attempts):
                self.shortcomings[person] = judgement.shortcoming
                return
            ask = judgement.shortcoming.value
        self.failure, self.failed = Shortcoming(ask), person

    def _sentence(self, name: str, person: Speaker) -> Sentence:
        return Sentence(self._text(name, person))

    def _text(self, name: str, person: Speaker) -> str:
        """A text of the lexicon; where it has several, each person has their own."""
        texts = self._lexicon.opening[name]
        text = texts[PEOPLE.index(person) % len(texts)]
        other = self._names.get(person.other, "")
        return text.format(name=called(self._names[person]), other=called(other))
