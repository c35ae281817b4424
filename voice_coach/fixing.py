"""Corrections as people write them on the command line: `not-interruption 3:08`, `rename Speaker A = Maya`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from voice_coach.characters import can_be_shown
from voice_coach.corrections import (
    AgreementNoted,
    Correction,
    InterruptionDenied,
    LastUndone,
    NextTalkNoted,
    SpeakerRenamed,
    SpeakersSwapped,
    TurnMerged,
    TurnSplit,
    interruptions_of,
    turns_of,
)
from voice_coach.errors import UsageError
from voice_coach.events import Event, Speaker
from voice_coach.segment import to_samples, to_seconds

FORMS = (
    "swap",
    "rename OLD = NEW",
    "not-interruption TIME",
    "merge TIME",
    "split TIME TIME",
    "agreed TEXT",
    "next TEXT",
    "undo",
)
_LONGEST_TEXT = 300
_NEAR_SECONDS = 1.5
"""Times are read from a page in whole seconds; what is further off is taken for something else."""


def correction_of(text: str, events: Sequence[Event], names: Mapping[Speaker, str]) -> Correction:
    """A correction of a text, in a talk of these events and people.

    Raises
    ------
    UsageError
        In one sentence that says what there is, if it is no correction of this talk.
    """
    what, _, rest = text.strip().partition(" ")
    rest = rest.strip()
    match what:
        case "swap" if not rest:
            return SpeakersSwapped()
        case "undo" if not rest:
            return LastUndone()
        case "rename":
            return _renamed(rest, names)
        case "not-interruption":
            return _denied(rest, events)
        case "merge":
            return _merged(rest, events)
        case "split":
            return _split(rest, events)
        case "agreed":
            return AgreementNoted(_noted(rest))
        case "next":
            return NextTalkNoted(_noted(rest))
    raise UsageError(f"there is no correction {text!r}; there are: {', '.join(FORMS)}")


def _noted(text: str) -> str:
    text = " ".join(text.split())
    if not text or len(text) > _LONGEST_TEXT:
        raise UsageError(f"a note holds between 1 and {_LONGEST_TEXT} characters")
    return text


def _renamed(text: str, names: Mapping[Speaker, str]) -> SpeakerRenamed:
    old, equals, new = (part.strip() for part in text.partition("="))
    if not equals or not can_be_shown(new):
        raise UsageError("a name is put right as: rename OLD = NEW")
    for speaker, name in names.items():
        if " ".join(name.split()).casefold() == " ".join(old.split()).casefold():
            if new in names.values():
                raise UsageError(f"{new} is the name of one of the two already; swap exchanges them")
            return SpeakerRenamed(speaker, new)
    raise UsageError(f"nobody is called {old!r} here, but {' and '.join(names.values())}")


def _denied(text: str, events: Sequence[Event]) -> InterruptionDenied:
    starts = [event.overlap.segment.start for event in interruptions_of(events)]
    return InterruptionDenied(_nearest(_sample(text), starts, "no interruption was heard"))


def _merged(text: str, events: Sequence[Event]) -> TurnMerged:
    turns = turns_of(events)
    at_sample = _nearest(_sample(text), [turn.segment.start for turn in turns], "no turn begins")
    place = next(index for index, turn in enumerate(turns) if turn.segment.start == at_sample)
    if not place or turns[place].speaker is turns[place - 1].speaker:
        raise UsageError(f"no turn of the other comes before the one at {text}")
    return TurnMerged(at_sample)


def _split(text: str, events: Sequence[Event]) -> TurnSplit:
    first, _, second = text.partition(" ")
    start, at_sample = _sample(first), _sample(second or first)
    around = [turn.segment for turn in turns_of(events) if turn.segment.start < at_sample < turn.segment.end]
    if not second or not any(abs(to_seconds(turn.start - start)) <= _NEAR_SECONDS for turn in around):
        raise UsageError(f"a turn is split as: split TIME TIME, its beginning and a moment within it; {text!r} is not")
    return TurnSplit(at_sample)


def _nearest(sample: int, among: Sequence[int], otherwise: str) -> int:
    """The one of several moments that is meant; they were read in whole seconds, the fraction cut off."""
    found = min(among, key=lambda at: abs(int(to_seconds(at)) - to_seconds(sample)), default=None)
    if found is None or abs(to_seconds(found - sample)) > _NEAR_SECONDS:
        raise UsageError(f"{otherwise} at {_clock(sample)}; the times stand on the page")
    return found


def _sample(text: str) -> int:
    """A time as the page writes it: 0:07, 12:40, 1:02:07, with a fraction if need be."""
    found = re.fullmatch(r"(?:(\d{1,2}):)?(\d{1,3}):(\d{1,2}(?:\.\d{1,3})?)", text.strip())
    if found is None:
        raise UsageError(f"{text!r} is not a time, such as 3:08 or 1:02:07")
    hours, minutes, seconds = found.groups()
    return to_samples(3600 * int(hours or 0) + 60 * int(minutes) + float(seconds))


def _clock(sample: int) -> str:
    minutes, seconds = divmod(int(to_seconds(sample)), 60)
    return f"{minutes}:{seconds:02}"
