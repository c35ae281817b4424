"""Sentences in the form that patterns are matched in; and what a text is: listening, unfinished, fit to be repeated.

A text is matched in normal form, one line for each sentence: plain lower-case words, contractions in full ("don't" and
"dont" are "do not"), fillers left out, a `,` between clauses and a `?` after a question. Recognisers punctuate as they
like, so clauses also end before certain words, and a stretch without full stops is cut at its clauses.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from voice_coach.events import SHARP, PhraseKind
from voice_coach.lexicon import READ_BACK_WORDS, Lexicon, Patterns, PhraseRules

_LONG_SENTENCE_WORDS = 30  # English speech averages 8 to 15 words a sentence: beyond this, full stops are missing
_SENTENCE_END = re.compile(r"(?:[?!]|(?<!\.)\.)[\"'\u201c\u201d\u2019\u00bb)\]]*$")
_CLAUSE_END = re.compile(r"[,;:\u2013\u2014-][\"'\u201c\u201d\u2019\u00bb)\]]*$")
_SPOKEN = re.compile(r"[^\W_]+(?:['\u2019-][^\W_]+)*")
EDGES = " .,;:!?\u2026\u2013\u2014-\"'\u201c\u201d\u201e\u2018\u2019\u00ab\u00bb\u00bf\u00a1"
"""What is stripped from either end of words that are shown by themselves."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence as written and in normal form.

    `first` is the place of its first word in the utterance; `owners` are places of the words that the words of `line`
    come from, which begin at the characters `starts`.
    """

    words: tuple[str, ...]
    first: int
    line: str
    starts: tuple[int, ...]
    owners: tuple[int, ...]

    @property
    def text(self) -> str:
        """The sentence as written."""
        return " ".join(self.words)

    def places(self, span: tuple[int, int]) -> tuple[int, int]:
        """Places of the first and last written word of a stretch of `line`."""
        first, last = (self.owners[bisect_right(self.starts, at) - 1] for at in (span[0], span[1] - 1))
        return first, last

    def clause(self, at: int) -> int:
        """Number of the clause a character of `line` lies in."""
        return self.line.count(",", 0, at)


def split_sentences(lexicon: Lexicon, words: Sequence[str]) -> Iterator[Sentence]:
    """Sentences of the written words of an utterance."""
    start = 0
    for place, word in enumerate(words):
        if place + 1 == len(words) or _SENTENCE_END.search(word):
            yield from _stretch(lexicon, words, start, place + 1)
            start = place + 1


def _stretch(lexicon: Lexicon, words: Sequence[str], start: int, end: int) -> Iterator[Sentence]:
    """Sentences of the words between two full stops: one, or several where full stops are missing."""
    tokens: list[tuple[str, int]] = []
    borders = {0}
    for place in range(start, end):
        tokens += [(word, place) for word in lexicon.normal(words[place]) if word not in lexicon.fillers]
        # A single word before a comma ("well,", "honey,") is no clause: it belongs to what follows.
        if _CLAUSE_END.search(words[place]) and len(tokens) - max(borders) > 1:
            borders.add(len(tokens))
    offsets, line = _joined([word for word, _ in tokens])
    for pattern in lexicon.borders:
        borders |= {bisect_right(offsets, match.start()) - 1 for match in pattern.finditer(line)}
    clauses = [*sorted(borders - {len(tokens)}), len(tokens)]
    cuts = [0]
    if end - start > _LONG_SENTENCE_WORDS:
        for border, following in pairwise(clauses[1:]):
            if following - cuts[-1] > _LONG_SENTENCE_WORDS and tokens[border][1] > tokens[border - 1][1]:
                cuts.append(border)
    for first, last in zip(cuts, [*cuts[1:], len(tokens)], strict=True):
        if first < last:
            begin = tokens[first][1] if first else start
            stop = tokens[last][1] if last < len(tokens) else end
            yield _sentence(words[begin:stop], begin, tokens[first:last], {border - first for border in borders})


def _sentence(words: Sequence[str], first: int, tokens: list[tuple[str, int]], borders: set[int]) -> Sentence:
    marked: list[tuple[str, int]] = []
    for place, token in enumerate(tokens):
        if place and place in borders:
            marked.append((",", token[1]))
        marked.append(token)
    if words[-1].rstrip("\"'\u201c\u201d\u2019\u00bb)]").endswith("?"):
        marked.append(("?", first + len(words) - 1))
    starts, line = _joined([word for word, _ in marked])
    return Sentence(tuple(words), first, line, tuple(starts), tuple(owner for _, owner in marked))


def _joined(words: list[str]) -> tuple[list[int], str]:
    """Where each word begins in the line of all, and the line."""
    starts, at = [], 0
    for word in words:
        starts.append(at)
        at += len(word) + 1
    return starts, " ".join(words)


def content_words(lexicon: Lexicon, line: str) -> frozenset[str]:
    """Stems of the words of a line in normal form that carry its meaning."""
    return frozenset(lexicon.stem(word) for word in line.split() if word not in lexicon.stop_words and word not in ",?")


def any_match(patterns: Patterns, line: str) -> bool:
    """Whether any of the patterns is found in a line."""
    return any(pattern.search(line) for pattern in patterns)


def reach_from(lexicon: Lexicon, line: str, at: int) -> range:
    """From a character to the end of its sentence, or to a contrast: "you said I never help, but you never ask"."""
    contrast = lexicon.contrast.search(line, at)
    return range(at, contrast.start() if contrast else len(line) + 1)


def find_spans(lexicon: Lexicon, sentence: Sentence, rules: PhraseRules) -> list[tuple[int, int]]:
    """Stretches of a sentence's line that a kind is found in, at most one to a clause."""
    line = sentence.line
    matches = sorted(match.span() for pattern in rules.patterns for match in pattern.finditer(line))
    if not matches:  # most sentences: what would spare them need not be looked for
        return []
    spared = [match.span() for pattern in rules.exempt for match in pattern.finditer(line)]
    governed = [reach_from(lexicon, line, m.start() + 1) for pattern in rules.openers for m in pattern.finditer(line)]
    found: dict[int, tuple[int, int]] = {}
    for start, end in matches:
        overlapped = any(start < until and since < end for since, until in spared)
        if not overlapped and not any(start in reach for reach in governed):
            found.setdefault(sentence.clause(start), (start, end))
    return list(found.values())


def _plain(lexicon: Lexicon, text: str) -> str:
    return " ".join(part for word in text.split() for part in lexicon.normal(word))


def is_backchannel(lexicon: Lexicon, text: str) -> bool:
    """Whether a text is nothing but listening: one to four of "mm-hm", "I see", "really?" and the like."""
    return lexicon.backchannel.fullmatch(_plain(lexicon, text)) is not None


def is_unfinished(lexicon: Lexicon, text: str) -> bool:
    """Whether a text surely stops before its sentence does: on a half word, or on a word that needs another.

    A full stop proves nothing, as recognisers end every utterance with one; a question mark does.
    """
    written = text.split()
    if not written or written[-1].endswith("?"):
        return False
    plain = " ".join(word for word in _plain(lexicon, text).split() if word not in lexicon.fillers)
    return _is_half(written[-1]) or any_match(lexicon.unfinished, plain)


def ends_in_question(lexicon: Lexicon, text: str) -> bool:
    """Whether a text surely ends where a question does."""
    return text.endswith("?") and not is_unfinished(lexicon, text.rstrip("?"))


def _is_half(word: str) -> bool:
    return word.endswith("-") and word != "-"


def last_words(lexicon: Lexicon, text: str, count: int = READ_BACK_WORDS) -> str | None:
    """A few last words of a person that a cue may read back to them, or `None` if there are none fit for it.

    They begin where a clause or a thought begins, end on a word that can end, and come from a sentence without
    a sharp phrase or anything else that is better not said again.
    """
    sentences = list(split_sentences(lexicon, text.split()))
    if not sentences:
        return None
    sentence = sentences[-1]
    sharp = (lexicon.phrases[kind].patterns for kind in SHARP - {PhraseKind.DEMAND})
    if any(any_match(patterns, sentence.line) for patterns in (*sharp, lexicon.read_back_unfit)):
        return None
    begins = {sentence.owners[0]} | {
        owner for owner, at in zip(sentence.owners, sentence.starts, strict=True) if sentence.line[at] == ","
    }
    words = [(place in begins, sentence.words[place - sentence.first]) for place in sorted(set(sentence.owners))]
    while words and (_is_half(words[-1][1]) or is_unfinished(lexicon, " ".join(word for _, word in words))):
        words.pop()
    for start in range(max(0, len(words) - min(count, READ_BACK_WORDS)), len(words) - 1):
        begins_clause, first = words[start]
        if begins_clause or lexicon.read_back_starts.intersection(lexicon.normal(first)[:1]):
            chosen = [word for _, word in words[start:]]
            spoken = all(_SPOKEN.fullmatch(word.strip(EDGES)) for word in chosen)
            says_something = content_words(lexicon, _plain(lexicon, " ".join(chosen)))
            return " ".join(chosen).strip(EDGES) if spoken and says_something else None
    return None
