"""Which words are believed, and whose they are: gates against invented words, and words that straddle two speakers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from voice_coach.events import Speaker, Transcript, Utterance, Word
from voice_coach.segment import Segment
from voice_coach.transcription import TranscriptionOptions

_LONGEST_PHRASE = 10
"""Phrases of up to so many words are looked for again and again."""
_LONG_PHRASE = 4
"""Phrases from this length on are repeated half as often, at most: "I know, I know, I know", but no long sentence."""
_PUNCTUATION = ".,;:!?\u2026\u00bf\u00a1\"'\u2018\u2019\u201c\u201d\u00ab\u00bb\u201e-\u2013\u2014()"


def doubt(heard: Transcript, utterance: Utterance, options: TranscriptionOptions) -> str | None:
    """The gate that keeps words out, as a short clause for people; `None` if they may be believed.

    No word is kept out for being itself: engines invent "thank you" in noise, but people say it to each other. What was
    expected is no invention, however softly it was said.
    """
    words, unsure = heard.words, "the engine itself was not sure"
    if not words or heard.is_expected:
        return None
    if utterance.speech_share is not None and utterance.speech_share < options.speech_share:
        return "hardly any speech was heard in it"
    if len(words) > max(2.0, utterance.segment.seconds * options.words_per_second):
        return "more words than anyone can say in that time"
    plain = [part.lower().strip(_PUNCTUATION) for word in words for part in word.text.split("-")]
    if _repeats(plain, options.repetitions):
        return "the same words again and again"
    likelihood = heard.log_probability
    if likelihood is not None and likelihood < options.least_log_probability:
        return unsure
    nobody = (heard.no_speech_probability or 0.0) > options.no_speech_probability
    if nobody and (likelihood is None or likelihood < options.no_speech_log_probability):
        return "the engine heard nobody speak"
    known = [word.probability for word in words if word.probability is not None]
    if known and sum(known) / len(known) < options.least_probability:
        return unsure
    return None


def _repeats(words: Sequence[str], most: int) -> bool:
    """Whether any phrase follows itself more often than anybody repeats it."""
    for length in range(1, _LONGEST_PHRASE + 1):
        allowed = most if length < _LONG_PHRASE else most // 2
        same = 0  # words in a row that are what they were a phrase ago
        for place in range(length, len(words)):
            same = same + 1 if words[place] == words[place - length] else 0
            if same >= length * allowed:
                return True
    return False


def share_out(
    words: Sequence[Word], utterance: Utterance, own: Iterable[Segment], others: Iterable[Segment]
) -> tuple[tuple[Word, ...], tuple[Word, ...]]:
    """The words of an utterance that are its speaker's, and those that the other says in its pauses, by their times.

    Words said before it, which are there for the context, are neither's. A word without a time is its speaker's.

    Parameters
    ----------
    own, others : where its speaker is heard, and where the other is.
    """
    own, others = list(own), list(others)
    kept: list[Word] = []
    straddling: list[Word] = []
    for word in words:
        timed = word.segment
        if timed is None:
            kept.append(word)
        elif timed.start + timed.end < 2 * utterance.segment.start and utterance.continues:
            continue
        elif _is_others(timed, own, others):
            straddling.append(word)
        else:
            kept.append(word)
    return tuple(kept), tuple(straddling)


def _is_others(timed: Segment, own: Iterable[Segment], others: Iterable[Segment]) -> bool:
    """Whether a word lies for the most part where the other is heard and its speaker is not."""
    mine = sum(timed.overlap(segment) for segment in own)
    theirs = sum(timed.overlap(segment) for segment in others)
    return 2 * theirs > timed.samples and 4 * mine < timed.samples


def utterance_of(words: Sequence[Word], utterance: Utterance, speaker: Speaker) -> Utterance:
    """The part of an utterance in which these timed words of another speaker lie."""
    times = [word.segment for word in words if word.segment is not None]
    segment = Segment(min(t.start for t in times), max(t.end for t in times))
    return replace(utterance, speaker=speaker, segment=segment, sure=False)
