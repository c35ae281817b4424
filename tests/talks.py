"""Talks written down as strings, one line a person: `"..AAAA.BB"`, a character every tenth of a second."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from hypothesis import strategies as st

from voice_coach.coaching import Coach, CoachingOptions
from voice_coach.events import (
    CueFinished,
    CueOutcome,
    CueStarted,
    Delivery,
    Event,
    InterPausalUnit,
    Say,
    Speaker,
    StopSaying,
    UnitEnded,
)
from voice_coach.lexicon import Lexicon
from voice_coach.segment import Segment
from voice_coach.turns import TurnEvent, TurnOptions, TurnTracker

NAMES = {Speaker.A: "Maya", Speaker.B: "Tom"}

TENTH = 1600
"""Samples of a character."""

ALONE_DB = -30.0
"""The usual level of either voice, where levels are told: the two add up to -27 dB."""


def stretches(line: str) -> Iterator[Segment]:
    """Runs of anything but dots."""
    start = None
    for place, character in enumerate(line + "."):
        if character != "." and start is None:
            start = place
        elif character == "." and start is not None:
            yield Segment(start * TENTH, place * TENTH)
            start = None


@st.composite
def lines(draw: st.DrawFn) -> str:
    """One person's line: speech and pauses in turn."""
    runs = draw(st.lists(st.tuples(st.integers(1, 60), st.integers(2, 40)), max_size=12))
    return "".join("." * pause + "x" * talk for talk, pause in runs)


def speech(a: str, b: str) -> list[tuple[Speaker, Segment]]:
    """What two lines say, in order."""
    both = [(Speaker.A, s) for s in stretches(a)] + [(Speaker.B, s) for s in stretches(b)]
    return sorted(both, key=lambda pair: pair[1])


def unit(speaker: Speaker, segment: Segment, confidence: float = 1.0) -> InterPausalUnit:
    """A unit that is sure if its confidence says so."""
    return InterPausalUnit(speaker, segment, confidence, confidence >= 0.75)


def track(
    a: str,
    b: str,
    confidence: float = 1.0,
    options: TurnOptions | None = None,
    *,
    unsure: Iterable[Speaker] = (),
    both_db: float | None = None,
) -> list[TurnEvent]:
    """Turn events of a talk, followed tenth by tenth as hearing does it: units end 0.2 s after their speech.

    `both_db` is the level wherever both speak; `None` tells no levels.
    """
    tracker = TurnTracker(options or TurnOptions())
    length = max(len(a), len(b))
    said = [(s, seg, 0.3 if s in unsure else confidence) for s, seg in speech(a, b)]

    def measured(heard: InterPausalUnit) -> InterPausalUnit:
        if both_db is None:
            return heard
        beside = any(s is heard.speaker.other and seg.overlap(heard.segment) for s, seg, _ in said)
        delivery = Delivery(ALONE_DB, None, 5)
        return replace(heard, delivery=delivery, overlap_level_db=both_db if beside else None)

    events: list[TurnEvent] = []
    for place in range(1, length + 3):
        now = place * TENTH
        ended = [measured(unit(s, seg, c)) for s, seg, c in said if seg.end + 2 * TENTH == now]
        unfinished = [
            unit(s, Segment(seg.start, min(seg.end, now)), c)
            for s, seg, c in said
            if seg.start < now < seg.end + 2 * TENTH
        ]
        events += tracker.process(ended, unfinished, now)
    events += tracker.finish()
    return events


def coach(
    a: str, b: str, lexicon: Lexicon, options: CoachingOptions, names: Mapping[Speaker, str] = NAMES
) -> list[Event]:
    """Events of a talk with a coach in it whose sentences take 3 s: turns, rules and restraint, without any audio."""
    tracker, listener = TurnTracker(TurnOptions()), Coach(lexicon, names, options)
    coming, begun, heard = deque(speech(a, b)), list[tuple[Speaker, Segment]](), 0
    events: list[Event] = []
    saying: tuple[int, int] | None = None  # cue and its end
    for place in range(1, max(len(a), len(b)) + 1):
        now = place * TENTH
        while coming and coming[0][1].start < now:
            begun.append(coming.popleft())
        ended = [unit(s, seg) for s, seg in begun if seg.end + 2 * TENTH == now]
        begun = [(s, seg) for s, seg in begun if seg.end + 2 * TENTH > now]
        unfinished = [unit(s, Segment(seg.start, min(seg.end, now))) for s, seg in begun]
        heard = max([heard, *(min(seg.end, now) for _, seg in begun)])
        for event in [*map(UnitEnded, ended), *tracker.process(ended, unfinished, now)]:
            events += [event, *listener.observe(event, now)]
        if saying is not None and saying[1] <= now:
            events += listener.take(CueFinished(saying[0], saying[1], CueOutcome.SPOKEN))
            saying = None
        for output in listener.process(now, heard, now):
            if isinstance(output, Say):
                saying = (output.cue.cue_id, now + 30 * TENTH)
                events += listener.take(CueStarted(output.cue.cue_id, now, in_microphone=False))
            elif isinstance(output, StopSaying):
                events += listener.take(CueFinished(output.cue_id, now, CueOutcome.YIELDED))
                saying = None
            else:
                events.append(output)  # type: ignore[arg-type]
    if saying is not None:
        events += listener.take(CueFinished(saying[0], saying[1], CueOutcome.SPOKEN))
    return [*events, *listener.finish(max(len(a), len(b)) * TENTH)]
