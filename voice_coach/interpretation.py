"""What units, silences and words mean: turns, overlaps, voices raised, phrases. A function of them and of nothing else.

The pipeline interprets a talk while it goes on; a second hearing of the whole talk is interpreted in the same way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from voice_coach.delivery import DeliveryOptions, DeliveryTracker
from voice_coach.events import (
    Event,
    InterPausalUnit,
    Overlap,
    OverlapHeard,
    PhraseFound,
    Silence,
    UnitEnded,
    WordsHeard,
)
from voice_coach.language import LanguageOptions, Lens
from voice_coach.lexicon import Lexicon
from voice_coach.reclassification import ReclassificationOptions, Reclassifier
from voice_coach.requests import request_in
from voice_coach.turns import TurnOptions, TurnTracker


@dataclass(frozen=True, slots=True)
class InterpretationOptions:
    """Options of the stages of interpretation."""

    turns: TurnOptions = field(default_factory=TurnOptions)
    delivery: DeliveryOptions = field(default_factory=DeliveryOptions)
    reclassification: ReclassificationOptions = field(default_factory=ReclassificationOptions)
    language: LanguageOptions = field(default_factory=LanguageOptions)


class Interpreter:
    """Composes the stages that live on units and words.

    Parameters
    ----------
    lexicon : what the lens looks for, and words of listening.
    """

    def __init__(self, lexicon: Lexicon, options: InterpretationOptions) -> None:
        self._lexicon = lexicon
        self._turns = TurnTracker(options.turns)
        self._delivery = DeliveryTracker(options.delivery)
        self._reclassifier = Reclassifier(lexicon, options.reclassification)
        self._lens = Lens(lexicon, options.language)

    def hear(
        self, heard: Iterable[InterPausalUnit | Silence], unfinished: Iterable[InterPausalUnit], horizon: int
    ) -> Iterator[Event]:
        """What units and silences that have ended show; `unfinished` and `horizon` as for `TurnTracker.process`."""
        ended = []
        for item in heard:
            if isinstance(item, Silence):
                yield from self._delivery.hear_silence(item)
            else:
                ended.append(item)
        yield from (UnitEnded(unit) for unit in ended)
        yield from self._overlaps(self._turns.process(ended, unfinished, horizon))
        for unit in ended:
            yield from self._delivery.process(unit)

    def read(self, words: WordsHeard) -> Iterator[Event]:
        """What words show, themselves first. What is asked of the coach is said to neither, and shows nothing."""
        yield words
        if request_in(self._lexicon, words) is not None:
            return
        yield from self._reclassifier.process(words)
        yield from (PhraseFound(phrase) for phrase in self._lens.process(words))

    def read_in(self, lexicon: Lexicon) -> None:
        """From now on, words are of another language; what was heard stays."""
        self._lexicon = lexicon
        self._reclassifier.read_in(lexicon)
        self._lens.read_in(lexicon)

    def hear_overlap(self, overlap: Overlap) -> Iterator[Event]:
        """What words that came before show of an overlap."""
        yield from self._reclassifier.hear(overlap)

    def finish(self) -> Iterator[Event]:
        """Decide what is left: the talk is over. Words may still come."""
        yield from self._overlaps(self._turns.finish())

    def _overlaps(self, events: Iterable[Event]) -> Iterator[Event]:
        """Pass events on, and what words that came before show of overlaps."""
        for event in events:
            yield event
            if isinstance(event, OverlapHeard):
                yield from self.hear_overlap(event.overlap)
