"""The words of a review: times, counts and kinds as people read them. None weighs one person against another."""

from __future__ import annotations

from datetime import datetime

from voice_coach.characters import INVISIBLE
from voice_coach.events import CueOutcome, OverlapKind, PhraseKind, Request
from voice_coach.figures import Report, SessionFigures, SpeakerFigures

LANGUAGES = {"en": "English", "de": "German", "es": "Spanish", "fr": "French"}
"""Languages of which phrases are known."""

ABSENT = "not measured"
"""Stands where a figure is `None`."""
_LEAST_RANGE_POINTS = 2
"""Shares are told in whole percent: a range of one point is rounding."""

OVERLAPS = {
    OverlapKind.BACKCHANNEL: "a sound of listening",
    OverlapKind.COOPERATIVE: "spoke along for a moment",
    OverlapKind.TURN_EDGE: "began just as the other ended",
    OverlapKind.FAILED_BID: "wanted to speak, and let it go",
    OverlapKind.INTERRUPTION: "came in, and the other stopped",
    OverlapKind.CONTESTED: "both went on speaking",
    OverlapKind.UNCLEAR: "unclear",
}
"""What happened, of every kind of overlap, from what helps to what is not known."""

HELPING = {
    PhraseKind.APPRECIATION: ("word of thanks", "words of thanks"),
    PhraseKind.VALIDATION: ("word of understanding", "words of understanding"),
    PhraseKind.PARAPHRASE: ("sentence said back", "sentences said back"),
    PhraseKind.REPAIR: ("mending word", "mending words"),
    PhraseKind.SOFTENED: ("gentle start", "gentle starts"),
    PhraseKind.I_STATEMENT: ("“I” sentence", "“I” sentences"),
    PhraseKind.QUESTION: ("question", "questions"),
    PhraseKind.DISCLOSURE: ("personal sentence", "personal sentences"),
}
"""One and several of every kind that helps; those that are rarer, and say more, first."""

LISTENING = ("sound of listening", "sounds of listening")
GIVEN_BACK = ("time the floor was given back", "times the floor was given back")

ANOTHER_WAY = {
    PhraseKind.ABSOLUTE: (
        "“Always”, “never”",
        "One time when it happened says more than every time.",
        "“Last Tuesday, when …, I …”",
    ),
    PhraseKind.LABEL: (
        "A word for the whole person",
        "What was done can change; who somebody is cannot.",
        "“When … happened, I thought …”",
    ),
    PhraseKind.BLAME: (
        "“You” sentences",
        "The same from the inside: how it was for me, and what I needed.",
        "“I felt …, because I needed …”",
    ),
    PhraseKind.DEMAND: (
        "“Must” and “have to”",
        "As a wish, it leaves the other room to say yes.",
        "“Would you …? It would help me with …”",
    ),
}
"""A gentle name, why another way may be heard more easily, and how it may begin, for every kind that hurts."""

OUTCOMES = {
    CueOutcome.SPOKEN: "said aloud",
    CueOutcome.SHOWN: "shown on the screen",
    CueOutcome.YIELDED: "broken off, because somebody spoke",
    CueOutcome.EXPIRED: "no pause came in time",
    CueOutcome.FAILED: "no voice could say it",
}

REQUESTS = {
    Request.PAUSE: "asked for a pause",
    Request.TIME_OUT: "asked for a break",
    Request.SKIP: "asked the coach to be quiet",
    Request.CLOSE: "asked to close",
}
"""What was asked of the coach and belongs to the course of the talk."""

REACHED = frozenset({CueOutcome.SPOKEN, CueOutcome.SHOWN, CueOutcome.YIELDED})
"""Outcomes of the cues that the two people heard or saw, if only in part."""


def visible(text: str) -> str:
    """A text without the characters that nobody can see."""
    return INVISIBLE.sub(" ", text)


def plain(text: str) -> str:
    """A text of other people's making as one line that cannot disturb its surroundings."""
    return " ".join(visible(text).split())


def shorten(text: str, limit: int) -> str:
    """A plain text of at most `limit` characters."""
    text = plain(text)
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"


def clock(seconds: float) -> str:
    """A moment of the talk: 0:07, 12:40, 1:02:07."""
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def length(seconds: float | None) -> str:
    """A length of time: 0.4 s, 42 s, 2 min 41 s, 1 h 3 min."""
    if seconds is None:
        return ABSENT
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    parts = ((hours, "h"), (minute, "min"), (0 if hours else second, "s"))
    return " ".join(f"{count} {unit}" for count, unit in parts if count)


def number(value: float | None) -> str:
    """A count, or a figure without its fraction."""
    return ABSENT if value is None else f"{value:.0f}"


def percent(share: float | None) -> str:
    """A share of 1 as whole percent."""
    return ABSENT if share is None else f"{share:.0%}"


def share(speaker: SpeakerFigures) -> str:
    """A person's share of the talk; a range where it was not sure whose voice some of it was."""
    low, high = speaker.talk_share_low, speaker.talk_share_high
    if low is None or high is None or not _is_range(low, high):
        return percent(speaker.talk_share)
    return f"{low * 100:.0f} to {high:.0%}"


def talk_time(speaker: SpeakerFigures) -> str:
    """How long a person spoke, as exactly as it is known."""
    low, high = speaker.talk_share_low, speaker.talk_share_high
    about = "about " if low is not None and high is not None and _is_range(low, high) else ""
    return f"{about}{length(speaker.talk_seconds)}"


def _is_range(low: float, high: float) -> bool:
    return round(100 * high) - round(100 * low) >= _LEAST_RANGE_POINTS


def counted(count: int, words: tuple[str, str]) -> str:
    """A count with its noun."""
    return f"{count} {words[0] if count == 1 else words[1]}"


def day(started_at: str | None) -> str | None:
    """When the talk began, for people; a text that is no ISO date stands as it is."""
    if started_at is None:
        return None
    try:
        start = datetime.fromisoformat(started_at)
    except ValueError:
        return started_at
    return f"{start.day} {start:%B %Y}, {start:%H:%M}"


def title(report: Report, limit: int = 200) -> str:
    """What the talk is called, each name at most `limit` characters long."""
    return "A talk of " + " and ".join(shorten(speaker.name, limit) for speaker in report.speakers)


def figures(report: Report) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The name of each figure, and its value for each person; what was measured of neither stays out."""
    rows = zip(*(_figures(speaker) for speaker in report.speakers), strict=True)
    told = ((row[0][0], tuple(value for _, value in row)) for row in rows)
    return tuple((name, values) for name, values in told if set(values) != {ABSENT})


def _figures(speaker: SpeakerFigures) -> tuple[tuple[str, str], ...]:
    return (
        ("turns", number(speaker.turns)),
        ("a typical turn", length(speaker.median_turn_seconds)),
        ("longest turn", length(speaker.longest_turn_seconds)),
        ("silence before answering", length(speaker.median_gap_seconds)),
        ("interrupted the other", number(speaker.interruptions_made)),
        ("had the floor back soon", _returned(speaker)),
        ("sounds of listening", number(speaker.backchannels_given)),
        ("words a minute", number(speaker.words_per_minute)),
    )


def _returned(speaker: SpeakerFigures) -> str:
    if not speaker.interruptions_received:
        return "not interrupted"
    return f"{speaker.floor_returned} of {speaker.interruptions_received}"


def _language_doubts(session: SessionFigures) -> list[str]:
    """What is unsure of the language that was spoken."""
    if session.language is None:
        return []
    language = LANGUAGES.get(session.language, f"one that is not known here ({plain(session.language)})")
    if session.language_sure is False:
        return [f"It was not sure which language was spoken; it sounded most like {language}."]
    return [] if session.language in LANGUAGES else [f"The language that was spoken sounded like {language}."]


def limits(report: Report) -> tuple[str, ...]:
    """What was unsure, missing or left out, one sentence each."""
    session = report.session
    if session.words_engine is None:
        sentences = ["No words were written down."]
    elif not any(turn.text for turn in report.turns):
        sentences = ["No words were found to write down."]
    else:
        # A language that was not heard was set, or is the only one that the engine knows.
        taken = LANGUAGES.get(session.language or "") if session.language_sure is None else None
        way = f"{plain(session.words_engine)}{f', as {taken}' if taken else ''}"
        sentences = [f"The words were written down by a machine ({way}) and may be wrong."]
    sentences += _language_doubts(session)
    if session.utterances_left_out:
        left_out = counted(session.utterances_left_out, ("doubtful stretch was", "doubtful stretches were"))
        reasons = "; ".join(f"{gate.utterances}: {gate.reason}" for gate in report.left_out)
        sentences.append(f"{left_out} left without words ({reasons}).")
    if session.hearing == "second":
        sentences.append(
            "Who spoke when was heard a second time after the talk, with both voices known better; "
            "the coach only knew what was heard the first time."
        )
    else:
        sentences.append("Who spoke when is shown as it was heard during the talk.")
    if session.unsure_seconds:
        sentences.append(
            f"For {length(session.unsure_seconds)} it was not sure whose voice it heard: "
            "that counts as talk, and nothing was decided on it."
        )
    if session.unknown_seconds:
        sentences.append(f"An unknown voice was heard for {length(session.unknown_seconds)}; it counts for nobody.")
    if session.lost_seconds:
        sentences.append(f"{length(session.lost_seconds)} were not heard at all; shares are of what was heard.")
    if session.level_ignored_from_seconds is not None:
        since = clock(session.level_ignored_from_seconds)
        sentences.append(f"From {since} on loudness was left out, because the microphone changed its own gain.")
    if session.coach_seconds:
        sentences.append(f"The coach itself spoke for {length(session.coach_seconds)}, counted apart.")
    return tuple(sentences)
