"""A talk's words written down again, by a better engine: what follows from words is found anew, nothing else moves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from voice_coach.acoustics import mono
from voice_coach.events import (
    HEARD,
    AudioBlock,
    Event,
    InterPausalUnit,
    OverlapHeard,
    OverlapReclassified,
    PhraseFound,
    Transcribe,
    UnitEnded,
    Utterance,
    WordsHeard,
    WordsMissing,
)
from voice_coach.framing import HOP, AudioHistory, Framer
from voice_coach.interpretation import InterpretationOptions, Interpreter
from voice_coach.lexicon import Lexicon
from voice_coach.second_hearing import given_to
from voice_coach.segment import to_samples
from voice_coach.transcription import TranscriptionOptions, request_words


def utterances_of(events: Iterable[Event]) -> list[Utterance]:
    """What was to be written down in a talk, in order, whatever became of it."""
    asked: dict[int, Utterance] = {}
    for event in events:
        if isinstance(event, WordsHeard | WordsMissing):  # what the other said in a pause of it comes second
            asked.setdefault(event.utterance.utterance_id, event.utterance)
    return sorted(asked.values(), key=lambda utterance: utterance.segment.end)


def commands_again(
    utterances: Sequence[Utterance], blocks: Iterable[AudioBlock], options: TranscriptionOptions
) -> Iterator[Transcribe]:
    """The commands to write them down, each as soon as its audio has come by."""
    waiting, framer, history = list(utterances), Framer(), AudioHistory()

    def due(end: int) -> Iterator[Transcribe]:
        while waiting and waiting[0].segment.end + to_samples(options.after_seconds) + HOP <= end:
            yield request_words(waiting.pop(0), history, options)

    for block in blocks:
        for hop in framer.process(block):
            history.append(mono(hop))
            yield from due(history.end)
    while waiting:
        yield request_words(waiting.pop(0), history, options)


def rewrite(
    heard: Sequence[Event], words: Iterable[WordsHeard], lexicon: Lexicon, options: InterpretationOptions
) -> Iterator[Event]:
    """What was heard of a talk, with other words and all that follows from them; events of the kinds in `HEARD`.

    Parameters
    ----------
    heard : events of the talk, or of a second hearing of it.
    words : of its utterances, in order of their end.
    """
    units = [event.unit for event in heard if isinstance(event, UnitEnded)]
    interpreter, waiting = Interpreter(lexicon, options), list(words)
    for event in heard:
        if not isinstance(event, HEARD) or isinstance(event, WordsHeard | PhraseFound | OverlapReclassified):
            continue
        yield event
        if isinstance(event, OverlapHeard):
            while waiting and waiting[0].utterance.segment.end <= event.overlap.segment.start:
                yield from _read(waiting.pop(0), units, interpreter)
            yield from interpreter.hear_overlap(event.overlap)
    for event in waiting:
        yield from _read(event, units, interpreter)


def _read(event: WordsHeard, units: Sequence[InterPausalUnit], interpreter: Interpreter) -> Iterator[Event]:
    near = [unit for unit in units if unit.segment.overlap(event.utterance.segment)]
    for given in given_to(event, near):
        yield from interpreter.read(given)
