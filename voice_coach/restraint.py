"""Restraint: whether a sentence may be said at all, and whether this is the pause for it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from voice_coach.events import Event, PhraseFound, PhraseKind, RhythmLearnt, Speaker
from voice_coach.options import Options, number
from voice_coach.segment import to_samples


@dataclass(frozen=True, slots=True)
class RestraintOptions(Options):
    """How rarely the coach speaks.

    None in the first 3 minutes, 2 minutes between two, 3 in half an hour (the nearest practised figures); only after
    0.8 s of silence from both, but not into a silence that both keep; never while someone opens up or makes peace,
    which only the words tell: the last of them are waited for, 2.5 s at the most. Named sentences stay within 60/40.
    """

    quiet_opening_seconds: float = number(180.0, 0.0, 3600.0, "s")
    spacing_seconds: float = number(120.0, 10.0, 3600.0, "s")
    budget: int = number(3, 0, 20, "sentences")
    budget_window_seconds: float = number(1800.0, 60.0, 7200.0, "s")
    pause_seconds: float = number(0.8, 0.4, 5.0, "s")
    slow_pause_seconds: float = number(1.6, 0.4, 10.0, "s")
    words_seconds: float = number(2.5, 0.0, 30.0, "s")
    shared_silence_seconds: float = number(4.0, 1.0, 30.0, "s")
    tender_seconds: float = number(30.0, 0.0, 300.0, "s")
    named_share: float = number(0.6, 0.5, 1.0)


TENDER = frozenset({PhraseKind.DISCLOSURE, PhraseKind.REPAIR})
"""What must not be disturbed."""


class Restraint:
    """Keeps count of what was said."""

    def __init__(self, options: RestraintOptions) -> None:
        self._options = options
        self._said: list[int] = []
        self._replied: int | None = None
        self._named: Counter[Speaker] = Counter()
        self._tender_until = 0
        self._usual_gap = 0

    def observe(self, event: Event) -> None:
        """Notice tender moments, and how long a gap is usual."""
        if isinstance(event, RhythmLearnt):
            self._usual_gap = event.gap_samples or 0
        if isinstance(event, PhraseFound) and event.phrase.kind in TENDER:
            until = event.phrase.at_sample + to_samples(self._options.tender_seconds)
            self._tender_until = max(self._tender_until, until)

    def objection(self, named: Speaker | None, now: int) -> str | None:
        """Why nothing may be said now, pause or no pause; `None` if something may."""
        options = self._options
        if now < to_samples(options.quiet_opening_seconds):
            return "the first minutes belong to the two of you"
        last = max([*self._said[-1:], *([] if self._replied is None else [self._replied])], default=None)
        if last is not None and now - last < to_samples(options.spacing_seconds):
            return "something was said a short while ago"
        recent = sum(now - said < to_samples(options.budget_window_seconds) for said in self._said)
        if recent >= options.budget:
            return "enough was said in this half hour"
        if now < self._tender_until:
            return "someone was opening up or making peace"
        if named is not None and not self._fair(named):
            return "the last sentence with a name was for the same person"
        return None

    def is_pause(self, now: int, last_speech_sample: int, written_sample: int) -> bool:
        """Whether both are silent for long enough, for this pair, and not so long that the silence is theirs.

        While what was said last is not written down (up to `written_sample` it is), it may have been tender.
        """
        options, quiet = self._options, now - last_speech_sample
        if written_sample < last_speech_sample and quiet < to_samples(options.words_seconds):
            return False
        return self.pause_samples <= quiet <= to_samples(options.shared_silence_seconds)

    @property
    def pause_samples(self) -> int:
        """How long both have to be silent for a pause of this pair."""
        options = self._options
        slow = max(to_samples(options.pause_seconds), to_samples(options.slow_pause_seconds))
        return min(max(to_samples(options.pause_seconds), 2 * self._usual_gap), slow)

    def note_said(self, named: Speaker | None, now: int) -> None:
        """Count a sentence that was begun."""
        self._said.append(now)
        if named is not None:
            self._named[named] += 1

    def note_reply(self, now: int) -> None:
        """A reply was asked for and costs nothing, but what is said unasked keeps its distance from it."""
        self._replied = now

    def _fair(self, named: Speaker) -> bool:
        """Whether one more for this person keeps the named sentences within their share, or next to even."""
        own, other = self._named[named] + 1, self._named[named.other]
        return own - other <= 1 or own <= self._options.named_share * (own + other)
