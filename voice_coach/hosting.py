"""The host: what follows from what people ask of the coach, and from the time they agreed on.

Everything that is asked for is done at once and without asking back; a short reply says so. Nothing here judges: a
reply about how the talk is shared is given only where it is asked for, names both people or neither, and is as vague as
what was heard.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from voice_coach.events import (
    PEOPLE,
    ChangeVoice,
    Command,
    CueSettled,
    EndTalk,
    Event,
    InterPausalUnit,
    Pause,
    Request,
    RequestHeard,
    Resume,
    Speaker,
    UnitEnded,
)
from voice_coach.lexicon import Lexicon, called
from voice_coach.options import Options, number
from voice_coach.segment import to_samples

REPLY = "reply_"
"""Before the name of a reply, in place of a rule."""
_RATES, _VOLUMES = (0.6, 1.5), (0.25, 1.25)
_RATE_STEP, _VOLUME_STEP = 0.85, 0.7
USUAL_VOICE = ChangeVoice(1.0, 1.0)
"""How the coach sounds before anybody has asked for anything else."""
_FAREWELL_SECONDS = 15.0
"""After this the talk ends even if its last words cannot be said."""


@dataclass(frozen=True, slots=True)
class HostOptions(Options):
    """When the talk is to end, and how the coach answers.

    20 minutes are the usual advice for a time-out: less does not calm a body down (Gottman & Levenson). With fewer
    than 60 s of talk in the last five minutes, nothing is said about shares; between 45 and 55 % they are even, because
    hearing errs by 4 points at worst; from a fifth of unsure talk on they are rough.
    """

    minutes: float = number(0.0, 0.0, 600.0, "minutes")
    time_out_seconds: float = number(1200.0, 60.0, 7200.0, "s")
    skip_seconds: float = number(600.0, 60.0, 7200.0, "s")
    closing_silence_seconds: float = number(60.0, 10.0, 600.0, "s")
    standing_window_seconds: float = number(300.0, 60.0, 3600.0, "s")
    standing_talk_seconds: float = number(60.0, 10.0, 600.0, "s of talk")
    standing_even: float = number(0.05, 0.0, 0.2)
    standing_rough: float = number(0.2, 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Reply:
    """Something to be said that was asked for; a `patient` one waits for a real pause, however long that takes."""

    rule: str
    text: str
    patient: bool = False


@dataclass(frozen=True, slots=True)
class Hush:
    """The coach is to keep its own sentences to itself until a sample, for this reason; until 0: no longer."""

    reason: str
    until: int


FOREVER = to_samples(10 * 24 * 3600)
Wish = Reply | Hush | Command


class Host:
    """Carries out requests, and keeps the time.

    Parameters
    ----------
    lexicon : wordings of the replies.
    names : what the two people are called.
    voice : how people have asked the coach to sound before.
    """

    def __init__(
        self,
        lexicon: Lexicon,
        names: Mapping[Speaker, str],
        options: HostOptions,
        voice: ChangeVoice = USUAL_VOICE,
    ) -> None:
        self._lexicon, self._names, self._options = lexicon, names, options
        self._used: Counter[str] = Counter()
        self._units: deque[InterPausalUnit] = deque()
        self._first = PEOPLE[0]  # who is named first in the next reply that names both
        self.is_paused = False
        """Whether nothing is captured, because somebody wished so."""
        self._paused_until: int | None = None
        self._closing_since: int | None = None
        self._time_was_told = False
        self._ends_at: int | None = None
        self._rate, self._volume = voice.rate, voice.volume

    def speak_in(self, lexicon: Lexicon) -> None:
        """From now on, reply in another language."""
        self._lexicon = lexicon

    def observe(self, event: Event, now: int) -> Iterator[Wish]:
        """Take what happened; yields what is to be done."""
        match event:
            case UnitEnded(unit) if unit.speaker in PEOPLE:
                self._units.append(unit)
            case RequestHeard(request, speaker):
                yield from self._carry_out(request, speaker, now)
            case CueSettled(cue) if cue.rule in {f"{REPLY}stop", f"{REPLY}good_bye"}:
                yield EndTalk()

    def tick(self, now: int, last_heard_sample: int) -> Iterator[Wish]:
        """What is due at sample `now`, when something was last heard at `last_heard_sample`."""
        options = self._options
        if self._ends_at is not None and now >= self._ends_at:
            self._ends_at = None
            yield EndTalk()
        if self._paused_until is not None and now >= self._paused_until:
            yield from self._resume("time_out_over")
        if self.is_paused:
            return
        if options.minutes and now >= to_samples(60 * options.minutes) and not self._time_was_told:
            self._time_was_told = True
            if self._closing_since is None:
                yield self._reply("time_is_up", patient=True)
        if self._closing_since is not None and self._ends_at is None:
            quiet = now - max(self._closing_since, last_heard_sample)
            if quiet >= to_samples(options.closing_silence_seconds):
                self._ends_at = now + to_samples(_FAREWELL_SECONDS)
                yield self._reply("good_bye")

    def known_sentences(self) -> tuple[str, ...]:
        """Every reply that can be worded before it is asked for."""
        minutes = round(self._options.time_out_seconds / 60)
        texts = [text for name, texts in self._lexicon.replies.items() if name != "standing" for text in texts]
        return tuple(text.format(minutes=minutes) for text in texts)

    def _carry_out(self, request: Request, speaker: Speaker | None, now: int) -> Iterator[Wish]:
        match request:
            case Request.PAUSE | Request.TIME_OUT:
                yield from self._pause(request, now)
            case Request.GO_ON:
                yield from self._go_on()
            case Request.STOP:
                yield Hush("the talk was over", FOREVER)
                if speaker is None:
                    yield EndTalk()
                else:
                    self._ends_at = now + to_samples(_FAREWELL_SECONDS)
                    yield self._reply(request)
            case Request.SLOWER | Request.FASTER:
                self._rate = _stepped(self._rate, _RATE_STEP, _RATES, up=request is Request.FASTER)
                yield ChangeVoice(self._rate, self._volume)
                yield self._reply(request)
            case Request.SOFTER | Request.LOUDER:
                self._volume = _stepped(self._volume, _VOLUME_STEP, _VOLUMES, up=request is Request.LOUDER)
                yield ChangeVoice(self._rate, self._volume)
                yield self._reply(request)
            case Request.SKIP:
                yield Hush("you asked for quiet", now + to_samples(self._options.skip_seconds))
                yield self._reply(request)
            case Request.STANDING:
                yield self._standing(now)
            case Request.CLOSE:
                self._closing_since = now
                yield Hush("the talk was closing", FOREVER)
                yield self._reply(request)

    def _pause(self, request: Request, now: int) -> Iterator[Wish]:
        time_out = request is Request.TIME_OUT
        self._paused_until = now + to_samples(self._options.time_out_seconds) if time_out else None
        if self.is_paused:
            return
        self.is_paused = True
        yield Pause()
        yield Hush("you asked for a pause", now)
        yield self._reply(request)

    def _resume(self, reply: str) -> Iterator[Wish]:
        self.is_paused, self._paused_until = False, None
        yield Resume()
        yield self._reply(reply)

    def _go_on(self) -> Iterator[Wish]:
        if self.is_paused:
            yield from self._resume("resumed")
        elif self._closing_since is not None or self._time_was_told:
            if self._closing_since is not None:
                yield Hush("", 0)
            self._closing_since = self._ends_at = None
            yield self._reply(Request.GO_ON)

    def _reply(self, name: str, *, patient: bool = False, **filled: str | int) -> Reply:
        """The next wording of a reply in turn."""
        texts = self._lexicon.replies[name]
        text = texts[self._used[name] % len(texts)]
        self._used[name] += 1
        if name == Request.TIME_OUT:
            filled = {"minutes": round(self._options.time_out_seconds / 60)}
        return Reply(f"{REPLY}{name}", text.format(**filled), patient)

    def _standing(self, now: int) -> Reply:
        start = now - to_samples(self._options.standing_window_seconds)
        while self._units and self._units[0].segment.end < start:
            self._units.popleft()
        sure = {p: sum(u.segment.seconds for u in self._units if u.sure and u.speaker is p) for p in PEOPLE}
        known, total = sum(sure.values()), sum(unit.segment.seconds for unit in self._units)
        if known < self._options.standing_talk_seconds:
            return self._reply("standing_unknown")
        first, self._first = self._first, self._first.other
        share = sure[first] / known
        if abs(share - 0.5) <= self._options.standing_even:
            return self._reply("standing_even")
        tens = 10 * round(10 * share)
        unsure = total - known > self._options.standing_rough * total
        return self._reply(
            Request.STANDING,
            first=called(self._names[first]),
            second=called(self._names[first.other]),
            first_share=tens,
            second_share=100 - tens,
            roughly=self._lexicon.roughly if unsure else self._lexicon.about,
        )


def _stepped(value: float, step: float, bounds: tuple[float, float], *, up: bool) -> float:
    return min(max(value / step if up else value * step, bounds[0]), bounds[1])
