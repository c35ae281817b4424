"""The lens over the words: what was said that hurts or helps.

A finding is a claim about a person. Where a kind hurts, what cannot be told from everyday talk is not found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from voice_coach.events import PEOPLE, SHARP, Phrase, PhraseKind, Speaker, WordsHeard
from voice_coach.lexicon import Lexicon, PhraseRules
from voice_coach.options import Options, number
from voice_coach.segment import Segment, to_samples
from voice_coach.sentences import EDGES, Sentence, any_match, content_words, find_spans, reach_from, split_sentences


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
    nobody's, or not surely whose, give nothing and are not remembered: a finding names who said it.
    """

    def __init__(self, lexicon: Lexicon, options: LanguageOptions | None = None) -> None:
        self._lexicon = lexicon
        self._options = options or LanguageOptions()
        self._recent = {person: _Recent() for person in PEOPLE}

    def read_in(self, lexicon: Lexicon) -> None:
        """From now on, words are of another language: with those before, they are not compared."""
        self._lexicon = lexicon
        self._recent = {person: _Recent() for person in PEOPLE}

    def process(self, words: WordsHeard) -> tuple[Phrase, ...]:
        """Phrases of an utterance, in order."""
        speaker = words.utterance.speaker
        if words.doubtful is not None or speaker not in PEOPLE or not words.utterance.sure:
            return ()
        written, samples = _written(words)
        sentences = list(split_sentences(self._lexicon, written))
        self._forget(words.utterance.segment.start)
        phrases: list[Phrase] = []
        for sentence in sentences:
            found = self._kinds(sentence, words)
            phrases += (_phrase(kind, speaker, sentence, s, samples) for kind, spans in found.items() for s in spans)
        phrases += self._demands(sentences, speaker, samples)
        line = " ".join(sentence.line for sentence in sentences)
        asks_again = any_match(self._lexicon.phrases[PhraseKind.DEMAND].asked_again, line)
        heard = _Heard(words.utterance.segment, content_words(self._lexicon, line), asks_again)
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

    def _kinds(self, sentence: Sentence, words: WordsHeard) -> dict[PhraseKind, list[tuple[int, int]]]:
        """Findings of all kinds but demands, which need more than a sentence."""
        lexicon = self._lexicon
        found: dict[PhraseKind, list[tuple[int, int]]] = {
            kind: find_spans(lexicon, sentence, rules)
            for kind, rules in lexicon.phrases.items()
            if kind is not PhraseKind.DEMAND
        }
        if not found[PhraseKind.PARAPHRASE]:
            found[PhraseKind.PARAPHRASE] = self._weak_paraphrase(sentence, words)
        # What is said back are the other's words, not the speaker's own.
        back = [reach_from(lexicon, sentence.line, start) for start, _ in found[PhraseKind.PARAPHRASE]]
        for kind in SHARP & found.keys():
            found[kind] = [span for span in found[kind] if not any(span[0] in reach for reach in back)]
        if any(found[kind] for kind in SHARP & found.keys()):
            found[PhraseKind.QUESTION] = []  # a question that accuses is no open one
        return found

    def _weak_paraphrase(self, sentence: Sentence, words: WordsHeard) -> list[tuple[int, int]]:
        rules, options = self._lexicon.phrases[PhraseKind.PARAPHRASE], self._options
        spans = find_spans(self._lexicon, sentence, PhraseRules(rules.weak, rules.exempt, rules.openers))
        if not spans:
            return []
        segment = words.utterance.segment
        since = segment.start - to_samples(options.paraphrase_window_seconds)
        others = self._recent[words.utterance.speaker.other].heard
        said = frozenset[str]().union(*(heard.content for heard in others if heard.segment.end >= since))
        content = content_words(self._lexicon, sentence.line)
        common = len(content & said)
        enough = common >= options.paraphrase_common_words and common >= options.paraphrase_overlap * len(content)
        return spans if enough else []

    def _demands(self, sentences: Sequence[Sentence], speaker: Speaker, samples: Sequence[int]) -> list[Phrase]:
        """Requests that press; one that is made again in the same breath was made once."""
        rules, recent = self._lexicon.phrases[PhraseKind.DEMAND], self._recent[speaker]
        requests: list[_Request] = []
        demands: list[Phrase] = []
        for sentence in sentences:
            for span in find_spans(self._lexicon, sentence, rules):
                content = content_words(self._lexicon, sentence.line[slice(*span)])
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
    kind: PhraseKind, speaker: Speaker, sentence: Sentence, span: tuple[int, int], samples: Sequence[int]
) -> Phrase:
    first, last = sentence.places(span)
    match = " ".join(sentence.words[first - sentence.first : last + 1 - sentence.first])
    return Phrase(kind, speaker, samples[first], sentence.text, match.strip(EDGES))
