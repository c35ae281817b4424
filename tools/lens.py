"""How well the lens finds what it looks for: precision and recall of each kind on labelled sentences.

`python -m tools.lens [--misses]` prints the parts of each language's set under `tests/lens/`; `--misses` also shows
which sentences of the open parts went wrong. Those of the others are not shown: nothing is tuned on them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from voice_coach import resources
from voice_coach.events import PhraseKind, Speaker, Utterance, Word, WordsHeard
from voice_coach.language import Lens
from voice_coach.lexicon import Lexicon, load_lexicon
from voice_coach.segment import Segment, to_samples

SETS = Path(__file__).parent.parent / "tests" / "lens"
LANGUAGES = {"en": "english", "de": "german", "es": "spanish", "fr": "french"}
OPEN, APART = "open", ("held_out", "fresh")
"""The part of a set that the lens may be tuned on, and those that it is not."""
LIMITS = {PhraseKind.ABSOLUTE: (0.95, 0.9), PhraseKind.LABEL: (0.95, 0.9)}
OTHER_LIMITS = (0.9, None)
"""Precision and recall that a kind is to reach where nothing is tuned: a wrong claim costs more than a missed one."""
_UTTERANCE_SECONDS, _STEP_SECONDS = 4.0, 6.0


@dataclass(frozen=True, slots=True)
class Case:
    """A sentence, what was said before it, and the kinds that are in it."""

    before: tuple[tuple[Speaker, str], ...]
    speaker: Speaker
    text: str
    kinds: frozenset[PhraseKind]


@dataclass(frozen=True, slots=True)
class Score:
    """Sentences that have a kind and in which it was found, in which it was found wrongly, or was missed."""

    right: int
    wrong: int
    missed: int

    @property
    def precision(self) -> float:
        """Share of what was found that is there."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def recall(self) -> float:
        """Share of what is there that was found."""
        return self.right / (self.right + self.missed) if self.right + self.missed else 1.0


def language(code: str) -> Lexicon:
    """A language as it is shipped."""
    return load_lexicon(resources.config_folder() / "language" / f"{code}.toml")


def cases_of(code: str, *parts: str) -> list[Case]:
    """Cases of parts of a language's set."""
    return [case for part in parts for case in load_cases(SETS / f"{LANGUAGES[code]}_{part}.txt")]


def load_cases(path: Path) -> list[Case]:
    """Cases of a labelled file."""
    lines = path.read_text("utf-8").splitlines()
    return [_case(line) for line in lines if line.strip() and not line.startswith("#")]


def _case(line: str) -> Case:
    labels, _, texts = line.partition(" | ")
    said = [_said(text) for text in texts.split(" // ")]
    kinds = frozenset(PhraseKind(label) for label in labels.split() if label != "-")
    return Case(tuple(said[:-1]), *said[-1], kinds)


def _said(text: str) -> tuple[Speaker, str]:
    marked = text[:3] in ("A: ", "B: ")
    return (Speaker(text[0]), text[3:]) if marked else (Speaker.A, text)


def found_in(lexicon: Lexicon, case: Case) -> frozenset[PhraseKind]:
    """What the lens finds in the sentence of a case."""
    lens = Lens(lexicon)
    found: frozenset[PhraseKind] = frozenset()
    for place, (speaker, text) in enumerate((*case.before, (case.speaker, case.text))):
        start = to_samples(place * _STEP_SECONDS)
        segment = Segment(start, start + to_samples(_UTTERANCE_SECONDS))
        words = tuple(Word(word) for word in text.split())
        phrases = lens.process(WordsHeard(Utterance(place, speaker, segment), "labelled", words))
        found = frozenset(phrase.kind for phrase in phrases)
    return found


def score(lexicon: Lexicon, cases: Sequence[Case]) -> dict[PhraseKind, Score]:
    """The score of each kind."""
    pairs = [(case.kinds, found_in(lexicon, case)) for case in cases]
    return {
        kind: Score(
            sum(kind in there and kind in found for there, found in pairs),
            sum(kind not in there and kind in found for there, found in pairs),
            sum(kind in there and kind not in found for there, found in pairs),
        )
        for kind in PhraseKind
    }


def _misses(lexicon: Lexicon, cases: Sequence[Case]) -> Iterator[str]:
    for case in cases:
        found = found_in(lexicon, case)
        if found != case.kinds:
            yield f"{' '.join(sorted(case.kinds)) or '-'} | found {' '.join(sorted(found)) or '-'} | {case.text}"


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Precision and recall of the lens on labelled sentences.")
    parser.add_argument("--misses", action="store_true", help="show the sentences of the open parts that went wrong")
    chosen = parser.parse_args()
    for code, name in LANGUAGES.items():
        lexicon = language(code)
        for part in (OPEN, *APART):
            cases = cases_of(code, part)
            print(f"{name}, {part.replace('_', ' ')}: {len(cases)} sentences")
            for kind, got in score(lexicon, cases).items():
                there = got.right + got.missed
                found = f"precision {got.precision:.2f}  recall {got.recall:.2f}"
                print(f"  {kind:13} {found}  of {there}, {got.wrong} wrong")
        if chosen.misses:
            print(*_misses(lexicon, cases_of(code, OPEN)), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
