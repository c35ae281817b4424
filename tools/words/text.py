"""What the fixture Whisper is taught to write down: a vocabulary, and sentences drawn from a grammar.

The vocabulary holds the words of the fixture talks and of the grammar. Some sentences are lines of the talks: the model
is there to make them come out in words, and not to prove that it can write down anything else.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.fixtures.reading import names, read

GRAMMAR = Path(__file__).parent / "sentences.txt"
UNHEARD = "[?]"
"""How a word is written that is not in the vocabulary."""
ENDS = (".", "?")
_LONGEST_WORDS = 22
_SLOT = re.compile(r"\{([a-z]+)\}")
TALK_SHARE = 0.5
"""How many of the sentences are lines of the fixture talks."""
_STRANGE = (Path(__file__).parent / "strange.txt").read_text("utf-8").split()
"""Words that are in no talk and no sentence, for the model to learn that there are such."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """What is said, and how it is written, word by word; the last word said carries a full stop or a question mark."""

    said: tuple[str, ...]
    written: tuple[str, ...]
    end: str


def bare(word: str) -> str:
    """A word without the punctuation around it."""
    return word.strip(".,?!")


def fixture_sentences() -> tuple[str, ...]:
    """All sentences of the fixture talks and their enrolments, each once."""
    scripts = [read(name) for name in names()]
    lines = [sentence for script in scripts for line in script.lines for sentence in line.sentences]
    lines += [sentence for script in scripts for enrolment in script.enrolments.values() for sentence in enrolment]
    return tuple(dict.fromkeys(line.text for line in lines))


def fixture_names() -> tuple[tuple[str, str], ...]:
    """Who talks with whom in the fixture talks: the program tells an engine their names."""
    pairs = ([person.name for person in read(name).people.values()] for name in names())
    return tuple(dict.fromkeys((one, other) for one, other in pairs))


def fixture_words(fixtures: Path) -> set[str]:
    """All words that are heard in the fixture talks, in lower case."""
    truths = (json.loads(path.read_text("utf-8")) for path in fixtures.glob("*/truth.json"))
    return {word["word"] for truth in truths for word in truth["words"]}


def load_grammar(path: Path = GRAMMAR) -> dict[str, tuple[str, ...]]:
    """The choices of the grammar by name."""
    grammar: dict[str, list[str]] = {}
    name = ""
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("#") or not line.strip():
            continue
        head, _, choices = (name, "", line) if line[0].isspace() else line.partition(":")
        name = head
        grammar.setdefault(name, []).extend(text.strip() for text in choices.split("|") if text.strip())
    unknown = {slot for texts in grammar.values() for text in texts for slot in _SLOT.findall(text)} - grammar.keys()
    if unknown:
        raise ValueError(f"{path}: there are no choices called {', '.join(sorted(unknown))}")
    return {name: tuple(texts) for name, texts in grammar.items()}


def vocabulary(grammar: Mapping[str, Iterable[str]], fixtures: Path) -> tuple[str, ...]:
    """All words that the model can write, each once, as they are spelled: names and "I" with a capital."""
    spelled: dict[str, str] = {word: word for word in fixture_words(fixtures)}
    texts = (text for choices in grammar.values() for text in choices)
    for word in (bare(word) for text in texts for word in _SLOT.sub(" ", text).split()):
        if word:
            spelled[word.lower()] = word
    spelled["i'd"] = "I'd"
    return tuple(sorted(spelled.values()))


_HOMOPHONES = frozenset((Path(__file__).parent / "homophones.txt").read_text("utf-8").split())
"""Words that another sounds like: only a sentence tells which one it is."""


class Sampler:
    """Draws sentences.

    A third are words in any order, so that each is learnt by its sound; of the others a fifth have words exchanged.

    Parameters
    ----------
    talk_share : how many are lines of the fixture talks; with 0, none is.
    """

    def __init__(
        self, grammar: Mapping[str, Sequence[str]], words: Sequence[str], seed: int, talk_share: float = TALK_SHARE
    ) -> None:
        self._grammar, self._spelled = grammar, {word.lower(): word for word in words}
        self._words = [word for word in words if word not in _HOMOPHONES]
        self._random = random.Random(seed)  # noqa: S311
        talk = fixture_sentences()
        self._talk_share, self._keys = talk_share, {_key(text.split()) for text in talk}
        # What is read for enrolment may have words that are in no talk.
        self._talk = [text for text in talk if set(_key(text.split())) <= self._spelled.keys()]

    def draw(self) -> Sentence:
        """One sentence."""
        if self._random.random() < self._talk_share:
            return self._finished(*_parted(self._random.choice(self._talk)))
        while True:
            words, end = self._shuffled() if self._random.random() < 0.33 else self._grammatical()
            if len(words) <= _LONGEST_WORDS and _key(words) not in self._keys:
                return self._with_strange_words(words, end)

    def _shuffled(self) -> tuple[list[str], str]:
        count = self._random.randint(2, 10)
        return [self._random.choice(self._words) for _ in range(count)], "."

    def _grammatical(self) -> tuple[list[str], str]:
        words, end = _parted(self._expanded("sentence"))
        if len(words) > 2 and self._random.random() < 0.2:
            for place in self._random.sample(range(len(words)), self._random.randint(1, 2)):
                words[place] = self._random.choice(self._words)
        return words, end

    def _expanded(self, name: str) -> str:
        return _SLOT.sub(lambda slot: self._expanded(slot[1]), self._random.choice(self._grammar[name]))

    def _with_strange_words(self, words: list[str], end: str) -> Sentence:
        """A sentence of these words; in one of ten, some are words that the model does not know."""
        sentence = self._finished(words, end)
        if len(words) == 1 or self._random.random() >= 0.1:
            return sentence
        said, written = list(words), list(sentence.written)
        for place in self._random.sample(range(len(words)), self._random.randint(1, 2)):
            said[place], written[place] = self._random.choice(_STRANGE), UNHEARD
        said[-1] = bare(said[-1]) + end
        return Sentence(tuple(said), tuple(written), end)

    def _finished(self, words: list[str], end: str) -> Sentence:
        written = tuple(self._spelled[bare(word).lower()] for word in words)
        return Sentence((*words[:-1], bare(words[-1]) + end), written, end)


def _parted(text: str) -> tuple[list[str], str]:
    """The words of a sentence, and how it ends."""
    return text.rstrip(".?").split(), "?" if text.endswith("?") else "."


def _key(words: Iterable[str]) -> tuple[str, ...]:
    """What makes two sentences the same."""
    return tuple(bare(word).lower() for word in words)
