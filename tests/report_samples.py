"""Sample reports for the tests of the review, built from events as the real ones are."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from math import sin

from voice_coach.events import (
    AudioLost,
    Cue,
    CueHeldBack,
    CueOutcome,
    CueSettled,
    Delivery,
    Event,
    Evidence,
    InterPausalUnit,
    Overlap,
    OverlapHeard,
    OverlapKind,
    Phrase,
    PhraseFound,
    PhraseKind,
    Speaker,
    TalkEnded,
    Turn,
    TurnEnded,
    UnitEnded,
    Utterance,
    VoiceRaised,
    Word,
    WordsHeard,
)
from voice_coach.figures import Report
from voice_coach.report import SessionFacts, build_report
from voice_coach.segment import Segment, to_samples

NAMES = ("Mara", "Jonas")
_WORDS_A_SECOND = {Speaker.A: 2.0, Speaker.B: 2.4}
_MATCHES = ("glued", "worrier", "always", "never", "nobody", "must", "care")

# One line a contribution. `A` and `B` take the floor after so many seconds (negative: before the other has ended);
# `a` and `b` speak beside the last turn; `?` an unknown voice; `-` nobody; `x` lost audio; `C` the coach.
# {kind} is an overlap, #kind a finding of the lens, ! a stretch whose voice is not sure, ^ a raised voice.
TALK = """
- 2.0
A 0.0 Can I tell you something about this week, without us solving it right away? #softened #question
b mm-hm {backchannel}
B 0.4 Of course. I'm listening.
A 0.9 When I came home on Tuesday and the kitchen was as I had left it, I felt alone. #i_statement #disclosure
b mm {backchannel}
A 1.1 It is not about the dishes, really. I was so tired that I sat in the car for a while before I came up. #disclosure
b oh {backchannel}
A 1.4 And then I thought, I cannot even say this, because it sounds so small when I say it.
b oh {backchannel}
B 0.7 You sat in the car? I didn't know that. #question
A 0.3 Ten minutes, maybe.
B 1.2 So when you saw the kitchen, it was like nobody had thought of you all day. #paraphrase
A 0.5 Yes. Exactly that. #validation
a yes {backchannel}
B 0.8 I was on the phone with my mother until seven, and then I simply forgot it.
A -0.8 You always forget it, that's what I mean, and then I'm the one who has to ask. {interruption} #absolute #blame ^
B 0.4 I don't always forget it. I did it on Monday and last week the whole week.
a but {failed_bid}
A 0.2 Fine, Monday.
B 0.3 And when I do it, nobody says a word about it either. #absolute
a no, that's {contested}
B 0.2 Nobody. I cook, I clean, and it just disappears. You don't care who does it. #blame
A 1.4 That is true. I don't say it often enough, and I do see it. Thank you for last week. #appreciation #validation
B 0.9 Thank you for saying that. #appreciation
- 0.8
A 0.2 My week at work was
B -0.1 Was it the audit again? {turn_edge} #question
A 0.3 The audit, and Petra is ill, so I had both desks. By Thursday I was short with the children, too.
b both desks {cooperative}
B 0.5 That sounds like a lot for one person. #validation
A 0.4 It was. And I thought, if I tell you, it becomes one more thing for you to carry around.
b mm-hm {backchannel}
B 0.6 I would rather know. I feel left outside when I have to guess. #i_statement
A 1.3 Okay.
- 2.4
B 1.6 Can we find one thing for next week, only one? #repair #question
a mm {backchannel}
A 0.5 Yes, please. One thing.
B 0.4 What would help you most on a Tuesday? #question
A 1.8 If somebody had eaten with the children when I come home, I could just sit down with you. #i_statement
b okay {backchannel}
B 0.3 That I can do. Tuesdays and Thursdays, I call my mother later.
A 0.4 Really? #question
B 0.2 Really. It's only a phone call.
? 1.2
A 1.5 She may have to wait, then, poor thing.
b she will {unclear}
B 0.4 She'll survive it. !
A 0.7 You must tell me when it's too much, though, you never do. #demand #absolute
B 0.9 I know. I go quiet. I think it comes from home, we never talked at table. #disclosure
a mm-hm {backchannel}
x 4.0
B 0.6 And then I'm angry about things I have never said.
A 0.8 So you would like me to ask, when you go quiet? #paraphrase #question
B 0.4 Yes. Just ask me once. And wait a little. #softened
a okay {backchannel}
A 0.5 I can do that.
B 0.6 And I will put the phone away when you come in.
A 0.3 Oh, the phone.
B -0.2 I know, I know. {turn_edge}
A 0.3 You are just glued to it. #label
B 0.5 And you are a worrier. #label
A 0.8 I am, a bit.
B 0.9 Sometimes I am. I'm sorry. I want to be there when you come in. #repair #i_statement
a thank you {backchannel}
A 0.6 I was sharp about the kitchen. I'm sorry for that, too. #repair
B 0.3 It's all right.
A 0.4 Shall we say what we have, so that we remember? #question
B 0.2 Tuesdays and Thursdays I eat with the children.
A 0.3 And you call your mother later. !
B 0.3 And you ask me once, when I'm quiet, and wait.
b and wait {cooperative}
A 0.2 And wait. I'm good at waiting in cars.
B 0.6 You could come up instead. I'd make tea.
a mm {backchannel}
A 0.9 I'd like that very much. #appreciation
C Maybe each of you says one thing that was good just now. | closing | both of you mended something
B 1.8 That you told me about the car. #appreciation
A 0.8 That you asked.
B 0.5 Tea?
A 0.2 Tea.
- 3.0
"""


class _Stage:
    """Plays the lines and collects the events of the talk."""

    def __init__(self, start_seconds: float) -> None:
        self.events: list[Event] = []
        self.now = start_seconds
        self.turn: tuple[Speaker, float, float] | None = None
        self.count = 0

    def segment(self, start: float, end: float) -> Segment:
        return Segment(to_samples(start), to_samples(end))

    def play(self, line: str) -> None:
        who, _, rest = line.partition(" ")
        match who:
            case "-":
                self.now += float(rest)
            case "x":
                self.events.append(AudioLost(self.segment(self.now, self.now + float(rest))))
                self.now += float(rest)
            case "?":
                self._unit(Speaker.UNKNOWN, self.now + 0.2, self.now + 0.2 + float(rest), sure=False)
                self.now += float(rest) + 0.4
            case "C":
                self._cue(*(part.strip() for part in rest.split("|")))
            case "A" | "B":
                gap, _, said = rest.partition(" ")
                self._turn(Speaker(who), float(gap), said)
            case _:
                self._beside(Speaker(who.upper()), rest)

    def _turn(self, speaker: Speaker, gap: float, line: str) -> None:
        text, overlap, kinds = _parse(line)
        start = self.now + gap
        end = start + max(0.4, len(text.split()) / _WORDS_A_SECOND[speaker])
        if overlap is not None:
            self._overlap(overlap, speaker, start, self.now)
        clauses = re.findall(r"[^,.?!]+[,.?!]*", text)
        at, a_letter = start, (end - start) / len(text)
        for clause in clauses:
            self._unit(speaker, at, at + len(clause) * a_letter * 0.94, sure="!" not in line)
            at += len(clause) * a_letter
        self.count += 1
        segment, offset = self.segment(start, end), to_samples(gap) if self.turn else None
        self.events.append(TurnEnded(Turn(self.count, speaker, segment, segment.samples, 0.93, offset)))
        words = tuple(Word(word) for word in text.split())
        self.events.append(WordsHeard(Utterance(self.count, speaker, segment), "whisper", words))
        for kind in kinds:
            match = next((m for m in _MATCHES if m in text), text.split()[0])
            self.events.append(PhraseFound(Phrase(kind, speaker, segment.start, text, match)))
        if "^" in line:
            self.events.append(VoiceRaised(speaker, segment, 7.5, 1.24, None))
        self.turn, self.now = (speaker, start, end), end

    def _beside(self, speaker: Speaker, line: str) -> None:
        assert self.turn is not None
        text, kind, _ = _parse(line)
        assert kind is not None
        _, start, end = self.turn
        own = speaker is self.turn[0]
        at = end + 0.1 if own else start + 0.6 * (end - start)
        lasts = 1.7 if kind is OverlapKind.CONTESTED else len(text.split()) * 0.35
        self._unit(speaker, at, at + lasts, sure=kind is not OverlapKind.UNCLEAR)
        self._overlap(kind, speaker, at, at + lasts, of=speaker.other)

    def _overlap(self, kind: OverlapKind, by: Speaker, start: float, end: float, of: Speaker | None = None) -> None:
        self.count += 1
        overlap = Overlap(self.count, kind, by, of or by.other, self.segment(start, end), 0.9)
        self.events.append(OverlapHeard(overlap))

    def _unit(self, speaker: Speaker, start: float, end: float, *, sure: bool) -> None:
        confidence = 0.94 if sure else 0.55
        wave, seconds = sin(start / 17), end - start
        pitch = (205.0 if speaker is Speaker.A else 118.0) * (1 + 0.06 * wave)
        sound = Delivery(-27.0 + 2.5 * wave, pitch, round(seconds * (4.6 - 0.4 * wave)))
        unit = InterPausalUnit(speaker, self.segment(start, end), confidence, sure, sound)
        self.events.append(UnitEnded(unit))

    def _cue(self, text: str, rule: str, what: str) -> None:
        self.count += 1
        start, end = to_samples(self.now + 0.9), to_samples(self.now + 3.1)
        evidence = (Evidence(what, None, self.segment(max(0.0, self.now - 60), self.now)),)
        cue = Cue(self.count, rule, text, None, to_samples(self.now), end, evidence)
        self.events.append(CueSettled(cue, CueOutcome.SPOKEN, start, end))
        self.now += 3.1


def _parse(line: str) -> tuple[str, OverlapKind | None, tuple[PhraseKind, ...]]:
    overlap = re.search(r"\{(\w+)\}", line)
    text = re.sub(r"\{\w+\}|#\w+|\^|(?<= )!", "", line).strip()
    kinds = tuple(PhraseKind(kind) for kind in re.findall(r"#(\w+)", line))
    return text, OverlapKind(overlap[1]) if overlap else None, kinds


def events(script: str = TALK, repeat: int = 1, gap_seconds: float = 0.0) -> tuple[Event, ...]:
    """The events of a script, played as often as asked, with a silence after each time."""
    stage = _Stage(0.0)
    for _ in range(repeat):
        for line in script.strip().splitlines():
            stage.play(line.strip())
        stage.now += gap_seconds
    lost = sum(event.segment.samples for event in stage.events if isinstance(event, AudioLost))
    return (*stage.events, TalkEnded(to_samples(stage.now), to_samples(stage.now) - lost))


def facts(names: tuple[str, str] = NAMES, *, words: bool = True) -> SessionFacts:
    """The facts of a talk at the table."""
    return SessionFacts(
        session_id="2025-11-23-1942",
        source="microphone",
        names={Speaker.A: names[0], Speaker.B: names[1]},
        started_at="2025-11-23T19:42:10",
        words_engine="whisper base.en" if words else None,
        voice="espeak-ng",
    )


@cache
def talk(names: tuple[str, str] = NAMES, repeat: int = 1, gap_seconds: float = 0.0) -> Report:
    """A believable talk of about five minutes with every kind of overlap."""
    return build_report((*events(TALK, repeat, gap_seconds), *_KEPT_BACK), facts(names))


def every_outcome() -> Report:
    """The same talk with a cue of every outcome: far more than a real coach would say."""
    return build_report((*events(), *_KEPT_BACK, *_MORE_CUES), facts())


def _cue(number: int, at_seconds: float, text: str) -> Cue:
    return Cue(number, "space", text, None, to_samples(at_seconds), to_samples(at_seconds + 20), _CAME_IN)


_CAME_IN = (Evidence("came in before the other had ended", Speaker.A, Segment(to_samples(60), to_samples(64))),)
_KEPT_BACK: tuple[Event, ...] = (
    CueHeldBack("space", "the first three minutes are yours alone", to_samples(68.0), _CAME_IN),
    CueSettled(_cue(902, 198.0, "Take your time, both of you."), CueOutcome.EXPIRED, None, None),
)
_MORE_CUES: tuple[Event, ...] = (
    CueSettled(_cue(903, 120.0, "Shall we go one step slower?"), CueOutcome.FAILED, None, None),
    CueSettled(_cue(904, 183.0, "Would you say back what you heard?"), CueOutcome.SHOWN, None, None),
    CueSettled(
        _cue(905, 236.0, "One after the other, maybe."), CueOutcome.YIELDED, to_samples(236.4), to_samples(237.0)
    ),
)


def wordless() -> Report:
    """The same talk without an engine for words."""
    kept = (e for e in events() if not isinstance(e, (WordsHeard, PhraseFound)))
    return build_report(kept, facts(words=False))


def noise() -> Report:
    """Half a minute in which nobody spoke."""
    return build_report((TalkEnded(to_samples(30), to_samples(30)),), facts())


def one_person() -> Report:
    """Twenty seconds of one person alone."""
    return build_report(events("A 0.5 I only wanted to try whether this works before you come home.\n- 14.5"), facts())


def strangers() -> Report:
    """A television, and neither of the two."""
    return build_report(events("? 12.0\n- 8.0"), facts())


def interrupted() -> Report:
    """A talk whose session ended without its end."""
    return build_report(events()[:-1], facts())


def silent_start() -> Report:
    """Nothing at all, not even a second."""
    return build_report((), facts())


@cache
def long_talk() -> Report:
    """Three hours."""
    report = talk(repeat=34, gap_seconds=20.0)
    return replace(report, session=replace(report.session, id="a long talk"))


EVERY: tuple[Callable[[], Report], ...] = (
    talk, every_outcome, wordless, noise, one_person, strangers, interrupted, silent_start,
)  # fmt: skip
"""Whatever may come of a talk; what holds for each of them should hold for `long_talk`, too."""
