"""The whole talk heard a second time when it is over: with voices known as well as they ever will be.

While a talk goes on, each stretch is heard with what was known of the voices until then, and a decision may not wait.
Afterwards neither holds: the same stages go over the kept measurements once more, and what they find replaces what was
heard the first time. The words stay as they were written down, and go to whoever is now heard to have spoken them.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain

import numpy as np

from voice_coach.acoustics import FRAME, Floats, FrameAnalyser, Frames
from voice_coach.events import PEOPLE, Event, InterPausalUnit, Silence, Speaker, Utterance, WordsHeard
from voice_coach.framing import HOP
from voice_coach.gates import share_out, utterance_of
from voice_coach.hearing import Diarizer
from voice_coach.interpretation import Interpreter
from voice_coach.ports import VoiceComparer
from voice_coach.segment import to_samples

_STEP_FRAMES = HOP // FRAME
"""As finely as in the talk itself: what a turn was can depend on what was known when."""
_SETTLED = to_samples(5.0)
"""So long after an utterance all units that it may belong to have ended, and its overlaps are sorted."""
_REMEMBERED = 200
"""Units that are remembered for utterances: many more than are spoken in 28 s and the time after it."""
_LEAST_SHARE = 0.25
"""An utterance of which neither person is heard for more than this is neither's."""


def hear_again(
    kept: Iterable[tuple[Frames, Floats]], diarizer: Diarizer, interpreter: Interpreter, words: Sequence[WordsHeard]
) -> Iterator[Event]:
    """Hear a talk again; yields events of the kinds in `HEARD`.

    Parameters
    ----------
    kept : all its frames with their speech probability, in order.
    diarizer, interpreter : fresh ones, the voices as they are known at the end.
    words : what was written down the first time.
    """
    waiting = deque(sorted(words, key=lambda event: event.utterance.segment))
    units: deque[InterPausalUnit] = deque(maxlen=_REMEMBERED)

    def interpret(heard: list[InterPausalUnit | Silence], read_until: float) -> Iterator[Event]:
        units.extend(item for item in heard if isinstance(item, InterPausalUnit))
        yield from interpreter.hear(heard, diarizer.open_units, diarizer.decided_sample)
        while waiting and waiting[0].utterance.segment.end <= read_until:
            for event in given_to(waiting.popleft(), units):
                yield from interpreter.read(event)

    for frames, speech in chain(kept, [_silence(diarizer.delay_frames)]):
        answers = diarizer.compare(frames, speech)
        for begin in range(0, len(frames), _STEP_FRAMES):
            end = min(begin + _STEP_FRAMES, len(frames))
            heard = list(diarizer.take(frames.part(begin, end), speech[begin:end], answers[begin:end]))
            yield from interpret(heard, diarizer.decided_sample - _SETTLED)
    yield from interpret(list(diarizer.finish()), -math.inf)
    yield from interpreter.finish()
    yield from interpret([], math.inf)


def answered(kept: Iterable[tuple[Frames, Floats]], comparer: VoiceComparer) -> Iterator[tuple[Frames, Floats]]:
    """All frames of a talk in order, and what a comparer answers, as far as it does: at last about all of them."""
    to_drop, missing = comparer.delay_frames, 0
    for frames, speech in kept:
        answers = comparer.process(frames, speech)
        dropped = min(to_drop, len(answers))
        to_drop -= dropped
        missing += len(frames) - (len(answers) - dropped)
        yield frames, answers[dropped:]
    quiet, speech = _silence(comparer.delay_frames)
    answers = comparer.process(quiet, speech)[to_drop:]
    yield quiet.part(0, 0), answers[:missing]


def _silence(frames: int) -> tuple[Frames, Floats]:
    """At least so many frames of it with their speech probability: a comparer then has answered for all before."""
    quiet = FrameAnalyser().process(np.zeros((frames + 3) * FRAME, np.float32))
    return quiet, np.zeros(len(quiet), np.float32)


def given_to(event: WordsHeard, units: Sequence[InterPausalUnit]) -> Iterator[WordsHeard]:
    """Words as they are given now: to whoever is heard most, and those that straddle a change to the other."""
    speaker = _speaker(event.utterance, units)
    if speaker is None:
        return
    utterance = replace(event.utterance, speaker=speaker)
    spoken = {person: [unit.segment for unit in units if unit.speaker is person] for person in PEOPLE}
    own, others = share_out(event.words, utterance, spoken[speaker], spoken[speaker.other])
    yield replace(event, utterance=utterance, words=own)
    if others and event.doubtful is None:
        yield replace(event, utterance=utterance_of(others, utterance, speaker.other), words=others)


def _speaker(utterance: Utterance, units: Iterable[InterPausalUnit]) -> Speaker | None:
    """Who is heard most while an utterance lasts; whoever it was given to, where both are heard alike."""
    segment, heard = utterance.segment, dict.fromkeys(PEOPLE, 0)
    for unit in units:
        if unit.speaker in heard:
            heard[unit.speaker] += unit.segment.overlap(segment)
    most = max(PEOPLE, key=lambda person: (heard[person], person is utterance.speaker))
    return most if heard[most] > _LEAST_SHARE * segment.samples else None
