"""What went well in a talk: how often each person did what helps, and some of the sentences themselves."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

from voice_coach.figures import PhraseFigures, Report
from voice_coach.review.wording import GIVEN_BACK, HELPING, LISTENING, counted, plain


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that helps, and how often each person did it, in the order of the report's speakers."""

    words: tuple[str, str]
    counts: tuple[int, ...]

    @property
    def together(self) -> str:
        """Both people's count, with its noun."""
        return counted(sum(self.counts), self.words)


def heard_moments(report: Report) -> tuple[Moment, ...]:
    """Every helping kind that was heard at all. Without words, only listening and giving back the floor can be."""
    moments = [Moment(LISTENING, tuple(speaker.backchannels_given for speaker in report.speakers))]
    found = Counter((phrase.kind, phrase.speaker) for phrase in report.phrases)
    moments += [
        Moment(words, tuple(found[kind.value, speaker.name] for speaker in report.speakers))
        for kind, words in HELPING.items()
    ]
    moments.append(Moment(GIVEN_BACK, tuple(_given_back(report, speaker.name) for speaker in report.speakers)))
    return tuple(moment for moment in moments if any(moment.counts))


def _given_back(report: Report, name: str) -> int:
    """How often a person who had come in let the other, whoever it was, have the floor back soon."""
    return sum(speaker.floor_returned for speaker in report.speakers if speaker.name != name)


def good_sentences(report: Report, name: str, limit: int = 3) -> tuple[PhraseFigures, ...]:
    """At most `limit` helping sentences of one person, of as many kinds as possible, in the order of the talk."""
    by_kind = [[p for p in report.phrases if p.kind == kind and p.speaker == name] for kind in HELPING]
    chosen: dict[tuple[float, str], PhraseFigures] = {}
    for phrase in _one_of_each(by_kind):
        if len(chosen) == limit:
            break
        chosen.setdefault((phrase.start_seconds, phrase.text), phrase)
    return tuple(sorted(chosen.values(), key=lambda phrase: phrase.start_seconds))


def sentences_of(report: Report, kind: str) -> tuple[PhraseFigures, ...]:
    """The sentences of one kind, in the order of the talk."""
    return tuple(p for p in sorted(report.phrases, key=lambda p: p.start_seconds) if p.kind == kind)


def marked(phrase: PhraseFigures) -> tuple[str, str, str]:
    """A sentence as what stands before its match, the match, and the rest; all in the first where it is not found."""
    text, match = plain(phrase.text), plain(phrase.match)
    found = re.search(re.escape(match), text, re.IGNORECASE) if match else None
    if found is None:
        return text, "", ""
    return text[: found.start()], found.group(), text[found.end() :]


def _one_of_each(by_kind: list[list[PhraseFigures]]) -> Iterator[PhraseFigures]:
    """First of every kind, then second of every kind, and so on."""
    for one_of_each in zip_longest(*by_kind):
        yield from (phrase for phrase in one_of_each if phrase is not None)
