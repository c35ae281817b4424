"""The lens over the words: what was said that hurts or helps; and what a text is: listening, unfinished, fit to repeat.

A text is matched in normal form, one line for each sentence: plain lower-case words, contractions in full ("don't" and
"dont" are "do not"), fillers left out, a `,` between clauses and a `?` after a question. Recognisers punctuate as they
like, so clauses also end before certain words, and a stretch without full stops is cut at its clauses.

A finding is a claim about a person. Where a kind hurts, what cannot be told from everyday talk is not found.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from voice_coach.events import PEOPLE, SHARP, Phrase, PhraseKind, Speaker, WordsHeard
from voice_coach.lexicon import READ_BACK_WORDS, Lexicon, Patterns, PhraseRules
from voice_coach.options import Options, number
from voice_coach.segment import Segment, to_samples

_LONG_SENTENCE_WORDS = 30  # English speech averages 8 to 15 words a sentence: beyond this, full stops are missing
_SENTENCE_END = re.compile(r"(?:[?!]|(?<!\.)\.)[\"'\u201d\u2019)\]]*$")
_CLAUSE_END = re.compile(r"[,;:\u2013\u2014-][\"'\u201d\u2019)\]]*$")
_EDGES = " .,;:!?\u2026\u2013\u2014-\"'\u201c\u201d\u2018\u2019"
_SPOKEN = re.compile(r"[^\W_]+(?:['\u2019-][^\W_]+)*")


@dataclass(frozen=True, slots=True)
class LanguageOptions(Options):
    """When something said again is a demand, and something said back a paraphrase. Starting values, to be fitted."""

    demand_window_seconds: float = number(300.0, 30.0, 1800.0, "s")
    """A request is compared with those of the same person that lie no longer back."""
    demand_similarity: float = number(0.7, 0.1, 1.0)
    """Dice coefficient of the content words of one request made twice; "look" and "look at it", with 0.67, are two."""
    demand_repetitions: int = number(2, 1, 10)
    """Repetitions that make a demand, however far apart: asking twice is human, the third time presses."""
    demand_hurry_seconds: float = number(30.0, 0.0, 300.0, "s")
    """Within this, after an answer, one repetition does: the answer was heard and is not accepted."""
    paraphrase_window_seconds: float = number(60.0, 5.0, 600.0, "s")
    """The other's words that count as just said."""
    paraphrase_overlap: float = number(0.5, 0.1, 1.0)
    """Share of a sentence's content words that the other just said, for a weak opener ("so you ...") to count."""
    paraphrase_common_words: int = number(2, 1, 10, "words")
    """Content words in common, at the least: one shared word is chance."""


@dataclass(frozen=True, slots=True)
class _Sentence:
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
        return " ".join(self.words)

    def places(self, span: tuple[int, int]) -> tuple[int, int]:
        """Places of the first and last written word of a stretch of `line`."""
        first, last = (self.owners[bisect_right(self.starts, at) - 1] for at in (span[0], span[1] - 1))
        return first, last

    def clause(self, at: int) -> int:
        """Number of the clause a character of `line` lies in."""
        return self.line.count(",", 0, at)


def _sentences(lexicon: Lexicon, words: Sequence[str]) -> Iterator[_Sentence]:
    start = 0
    for place, word in enumerate(words):
        if place + 1 == len(words) or _SENTENCE_END.search(word):
            yield from _stretch(lexicon, words, start, place + 1)
            start = place + 1


def _stretch(lexicon: Lexicon, words: Sequence[str], start: int, end: int) -> Iterator[_Sentence]:
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


def _sentence(words: Sequence[str], first: int, tokens: list[tuple[str, int]], borders: set[int]) -> _Sentence:
    marked: list[tuple[str, int]] = []
    for place, token in enumerate(tokens):
        if place and place in borders:
            marked.append((",", token[1]))
        marked.append(token)
    if words[-1].rstrip("\"'\u201d\u2019)]").endswith("?"):
        marked.append(("?", first + len(words) - 1))
    starts, line = _joined([word for word, _ in marked])
    return _Sentence(tuple(words), first, line, tuple(starts), tuple(owner for _, owner in marked))


def _joined(words: list[str]) -> tuple[list[int], str]:
    """Where each word begins in the line of all, and the line."""
    starts, at = [], 0
    for word in words:
        starts.append(at)
        at += len(word) + 1
    return starts, " ".join(words)


def _content(lexicon: Lexicon, line: str) -> frozenset[str]:
    return frozenset(lexicon.stem(word) for word in line.split() if word not in lexicon.stop_words and word not in ",?")


def _matches(patterns: Patterns, line: str) -> bool:
    return any(pattern.search(line) for pattern in patterns)


def _reach(lexicon: Lexicon, line: str, at: int) -> range:
    """From a character to the end of its sentence, or to a contrast: "you said I never help, but you never ask"."""
    contrast = lexicon.contrast.search(line, at)
    return range(at, contrast.start() if contrast else len(line) + 1)


def _find(lexicon: Lexicon, sentence: _Sentence, rules: PhraseRules) -> list[tuple[int, int]]:
    """Stretches of a sentence's line that a kind is found in, at most one to a clause."""
    line = sentence.line
    spared = [match.span() for pattern in rules.exempt for match in pattern.finditer(line)]
    governed = [_reach(lexicon, line, m.start() + 1) for pattern in rules.openers for m in pattern.finditer(line)]
    found: dict[int, tuple[int, int]] = {}
    for start, end in sorted(match.span() for pattern in rules.patterns for match in pattern.finditer(line)):
        overlapped = any(start < until and since < end for since, until in spared)
        if not overlapped and not any(start in reach for reach in governed):
            found.setdefault(sentence.clause(start), (start, end))
    return list(found.values())


@dataclass(frozen=True, slots=True)
class _Heard:
    """An utterance of one person, as far as later ones are compared with it."""

    segment: Segment
    content: frozenset[str]
    asks_again: bool


@dataclass(frozen=True, slots=True)
class _Request:
    at_sample: int
    content: frozenset[str]


@dataclass(slots=True)
class _Recent:
    """What is remembered of one person."""

    heard: list[_Heard] = field(default_factory=list)
    requests: list[_Request] = field(default_factory=list)


class Lens:
    """Finds phrases in the words of a talk, utterance by utterance.

    It remembers the recent words of each person, to know a repeated demand and a paraphrase. Words that are doubtful,
    or nobody's, give nothing and are not remembered.
    """

    def __init__(self, lexicon: Lexicon, options: LanguageOptions | None = None) -> None:
        self._lexicon = lexicon
        self._options = options or LanguageOptions()
        self._recent = {person: _Recent() for person in PEOPLE}

    def process(self, words: WordsHeard) -> tuple[Phrase, ...]:
        """Phrases of an utterance, in order."""
        speaker = words.utterance.speaker
        if words.doubtful is not None or speaker not in PEOPLE:
            return ()
        written, samples = _written(words)
        sentences = list(_sentences(self._lexicon, written))
        self._forget(words.utterance.segment.start)
        phrases: list[Phrase] = []
        for sentence in sentences:
            found = self._kinds(sentence, words)
            phrases += (_phrase(kind, speaker, sentence, s, samples) for kind, spans in found.items() for s in spans)
        phrases += self._demands(sentences, speaker, samples)
        line = " ".join(sentence.line for sentence in sentences)
        asks_again = _matches(self._lexicon.phrases[PhraseKind.DEMAND].asked_again, line)
        heard = _Heard(words.utterance.segment, _content(self._lexicon, line), asks_again)
        self._recent[speaker].heard.append(heard)
        order = list(PhraseKind)
        return tuple(sorted(phrases, key=lambda phrase: (phrase.at_sample, order.index(phrase.kind))))

    def _forget(self, now: int) -> None:
        """Drop what is too long ago: requests are compared within one window, what was heard serves both."""
        demand = to_samples(self._options.demand_window_seconds)
        heard = max(demand, to_samples(self._options.paraphrase_window_seconds))
        for recent in self._recent.values():
            recent.requests = [request for request in recent.requests if now - request.at_sample <= demand]
            recent.heard = [past for past in recent.heard if now - past.segment.end <= heard]

    def _kinds(self, sentence: _Sentence, words: WordsHeard) -> dict[PhraseKind, list[tuple[int, int]]]:
        """Findings of all kinds but demands, which need more than a sentence."""
        lexicon = self._lexicon
        found: dict[PhraseKind, list[tuple[int, int]]] = {
            kind: _find(lexicon, sentence, rules)
            for kind, rules in lexicon.phrases.items()
            if kind is not PhraseKind.DEMAND
        }
        if not found[PhraseKind.PARAPHRASE]:
            found[PhraseKind.PARAPHRASE] = self._weak_paraphrase(sentence, words)
        # What is said back are the other's words, not the speaker's own.
        back = [_reach(lexicon, sentence.line, start) for start, _ in found[PhraseKind.PARAPHRASE]]
        for kind in SHARP & found.keys():
            found[kind] = [span for span in found[kind] if not any(span[0] in reach for reach in back)]
        if any(found[kind] for kind in SHARP & found.keys()):
            found[PhraseKind.QUESTION] = []  # a question that accuses is no open one
        return found

    def _weak_paraphrase(self, sentence: _Sentence, words: WordsHeard) -> list[tuple[int, int]]:
        rules, options = self._lexicon.phrases[PhraseKind.PARAPHRASE], self._options
        spans = _find(self._lexicon, sentence, PhraseRules(rules.weak, rules.exempt, rules.openers))
        if not spans:
            return []
        segment = words.utterance.segment
        since = segment.start - to_samples(options.paraphrase_window_seconds)
        others = self._recent[words.utterance.speaker.other].heard
        said = frozenset[str]().union(*(heard.content for heard in others if heard.segment.end >= since))
        content = _content(self._lexicon, sentence.line)
        common = len(content & said)
        enough = common >= options.paraphrase_common_words and common >= options.paraphrase_overlap * len(content)
        return spans if enough else []

    def _demands(self, sentences: Sequence[_Sentence], speaker: Speaker, samples: Sequence[int]) -> list[Phrase]:
        """Requests that press; one that is made again in the same breath was made once."""
        rules, recent = self._lexicon.phrases[PhraseKind.DEMAND], self._recent[speaker]
        requests: list[_Request] = []
        demands: list[Phrase] = []
        for sentence in sentences:
            for span in _find(self._lexicon, sentence, rules):
                content = _content(self._lexicon, sentence.line[slice(*span)])
                request = _Request(samples[sentence.places(span)[0]], content)
                earlier = self._alike(request, recent.requests)
                if self._alike(request, requests) or (earlier and self._asked_for(speaker, earlier[-1])):
                    continue
                requests.append(request)
                if self._presses(request, earlier, speaker):
                    demands.append(_phrase(PhraseKind.DEMAND, speaker, sentence, span, samples))
        recent.requests += requests
        return demands

    def _alike(self, request: _Request, others: Sequence[_Request]) -> list[_Request]:
        return [other for other in others if _dice(request.content, other.content) >= self._options.demand_similarity]

    def _presses(self, request: _Request, earlier: Sequence[_Request], speaker: Speaker) -> bool:
        """Whether a request was made too often, or is made again as soon as it was answered."""
        if len(earlier) >= self._options.demand_repetitions:
            return True
        hurry = to_samples(self._options.demand_hurry_seconds)
        last = earlier[-1] if earlier else None
        return last is not None and request.at_sample - last.at_sample <= hurry and bool(self._answers(speaker, last))

    def _answers(self, speaker: Speaker, request: _Request) -> list[_Heard]:
        """What the other said since a request."""
        return [heard for heard in self._recent[speaker.other].heard if heard.segment.end > request.at_sample]

    def _asked_for(self, speaker: Speaker, request: _Request) -> bool:
        """Whether the other wants to hear a request once more, because it was not understood."""
        return any(heard.asks_again for heard in self._answers(speaker, request))


def _dice(one: frozenset[str], two: frozenset[str]) -> float:
    return 2 * len(one & two) / (len(one) + len(two)) if one and two else 0.0


def _written(words: WordsHeard) -> tuple[list[str], list[int]]:
    """Written words without blanks, and the sample each begins at: measured, or by its place in the utterance."""
    parts = [(part, word.segment) for word in words.words for part in word.text.split()]
    segment = words.utterance.segment
    last = max(segment.start, segment.end - 1)
    samples = [
        segment.start + segment.samples * place // len(parts) if timed is None else timed.start
        for place, (_, timed) in enumerate(parts)
    ]
    return [part for part, _ in parts], [min(max(at, segment.start), last) for at in samples]


def _phrase(
    kind: PhraseKind, speaker: Speaker, sentence: _Sentence, span: tuple[int, int], samples: Sequence[int]
) -> Phrase:
    first, last = sentence.places(span)
    match = " ".join(sentence.words[first - sentence.first : last + 1 - sentence.first])
    return Phrase(kind, speaker, samples[first], sentence.text, match.strip(_EDGES))


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
    return _is_half(written[-1]) or _matches(lexicon.unfinished, plain)


def _is_half(word: str) -> bool:
    return word.endswith("-") and word != "-"


def last_words(lexicon: Lexicon, text: str, count: int = READ_BACK_WORDS) -> str | None:
    """A few last words of a person that a cue may read back to them, or `None` if there are none fit for it.

    They begin where a clause or a thought begins, end on a word that can end, and come from a sentence without
    a sharp phrase or anything else that is better not said again.
    """
    sentences = list(_sentences(lexicon, text.split()))
    if not sentences:
        return None
    sentence = sentences[-1]
    sharp = (lexicon.phrases[kind].patterns for kind in SHARP - {PhraseKind.DEMAND})
    if any(_matches(patterns, sentence.line) for patterns in (*sharp, lexicon.read_back_unfit)):
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
            spoken = all(_SPOKEN.fullmatch(word.strip(_EDGES)) for word in chosen)
            says_something = _content(lexicon, _plain(lexicon, " ".join(chosen)))
            return " ".join(chosen).strip(_EDGES) if spoken and says_something else None
    return None
