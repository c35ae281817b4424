"""How well a run heard a talk whose truth is known: the figures that tests hold and `make bench` prints."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jiwer
from pyannote.core import Annotation, Segment, Timeline
from pyannote.metrics.diarization import DiarizationErrorRate

from voice_coach.events import Event, Speaker, WordsHeard
from voice_coach.figures import Report

COLLAR_SECONDS = 0.25
"""Left out on either side of each true boundary."""
EVENT_TOLERANCE_SECONDS = 0.5
PEOPLE = ("A", "B")


@dataclass(frozen=True, slots=True)
class Truth:
    """What really happened in a fixture talk, see `audio_fixtures/README.md`."""

    folder: Path
    table: Mapping[str, Any]

    @classmethod
    def load(cls, folder: Path) -> Truth:
        """Read a talk's truth."""
        return cls(folder, json.loads((folder / "truth.json").read_text(encoding="utf-8")))

    @property
    def names(self) -> tuple[str, str]:
        """The two people."""
        return self.table["names"]["A"], self.table["names"]["B"]

    @property
    def speech(self) -> Annotation:
        """Speech of the two people, under their names."""
        truth = Annotation()
        for place, stretch in enumerate(self.table["speech"]):
            if stretch["speaker"] in PEOPLE:
                name = self.table["names"][stretch["speaker"]]
                truth[Segment(stretch["start_seconds"], stretch["end_seconds"]), place] = name
        return truth

    @property
    def evaluated(self) -> Timeline:
        """The whole talk but its laughter, which is nobody's speech and nobody's error."""
        whole = Timeline([Segment(0, self.table["duration_seconds"])])
        laughter = Timeline([Segment(s["start_seconds"], s["end_seconds"]) for s in self.table["laughter"]])
        return laughter.gaps(whole) if laughter else whole

    def words(self, person: str) -> str:
        """All words of one person, in order."""
        own = [word for word in self.table["words"] if word["speaker"] == person]
        return " ".join(word["word"] for word in sorted(own, key=lambda word: word["start_seconds"]))


def heard_speech(report: Report) -> Annotation:
    """Speech as it was heard, under the names of the report."""
    heard = Annotation()
    for place, stretch in enumerate(report.speech):
        if stretch.speaker is not None:
            heard[Segment(stretch.start_seconds, stretch.end_seconds), place] = stretch.speaker
    return heard


def diarization_error(truth: Truth, report: Report, collar: float = COLLAR_SECONDS) -> dict[str, float]:
    """Diarization error rate and its parts, as shares of the true speech; overlap is scored."""
    metric = DiarizationErrorRate(collar=2 * collar, skip_overlap=False)
    parts = metric(truth.speech, heard_speech(report), uem=truth.evaluated, detailed=True)
    total = parts["total"] or 1.0
    rates = {name: parts[name] / total for name in ("missed detection", "false alarm", "confusion")}
    return {"error": sum(rates.values()), **rates}


def share_error_points(truth: Truth, report: Report) -> float:
    """By how many points of a hundred the talk share of the first person is off."""
    chart = truth.speech.chart()
    true = dict(chart).get(truth.names[0], 0.0) / sum(length for _, length in chart)
    heard = next(s.talk_share for s in report.speakers if s.name == truth.names[0])
    return 100.0 if heard is None else 100 * abs(true - heard)


_CONTRACTIONS = (
    (r"\bwon't\b", "will not"), (r"\bcan't\b", "can not"), (r"\bcannot\b", "can not"), (r"\blet's\b", "let us"),
    (r"n't\b", " not"), (r"'re\b", " are"), (r"'m\b", " am"), (r"'ll\b", " will"), (r"'ve\b", " have"),
    (r"\b(it|that|there|what|he|she|who|where|here|how)'s\b", r"\1 is"), (r"'d\b", " would"), (r"'", ""),
)  # fmt: skip
_NO_WORDS = r"\b(mm|hm|hmm|mhm|uh|um|ah|oh)\b"


def plain(text: str) -> str:
    """Words as they are compared: no case or punctuation, contractions in full, hums left out.

    The usual normalisation of English word error rates (as in the appendix of Radford et al. 2022): "I'm" for "I am" is
    no error.
    """
    text = re.sub(r"[^a-z0-9' ]+", " ", text.lower().replace("\u2019", "'"))
    for pattern, full in _CONTRACTIONS:
        text = re.sub(pattern, full, text)
    return " ".join(re.sub(_NO_WORDS, " ", text).split())


def word_error(truth: Truth, report: Report, person: str) -> float:
    """Word error rate of one person over the whole talk."""
    name = truth.table["names"][person]
    said = " ".join(turn.text for turn in report.turns if turn.speaker == name and turn.text)
    return float(jiwer.wer(plain(truth.words(person)), plain(said)))


def word_time_errors(truth: Truth, events: Iterable[Event]) -> list[float]:
    """By how much the times of words are off, s: of the beginning and the end of each that was written down right."""
    written = [event for event in events if isinstance(event, WordsHeard) and event.doubtful is None]
    errors: list[float] = []
    for person, speaker in zip(PEOPLE, (Speaker.A, Speaker.B), strict=True):
        true = sorted(
            (word["start_seconds"], word["end_seconds"], word["word"])
            for word in truth.table["words"]
            if word["speaker"] == person
        )
        heard = sorted(
            (word.segment.start_seconds, word.segment.end_seconds, word.text.lower().strip(".,?!"))
            for event in written
            if event.utterance.speaker is speaker
            for word in event.words
            if word.segment is not None
        )
        matcher = difflib.SequenceMatcher(
            None, [word for *_, word in true], [word for *_, word in heard], autojunk=False
        )
        for block in matcher.get_matching_blocks():
            for place in range(block.size):
                one, other = true[block.a + place], heard[block.b + place]
                errors += [abs(one[0] - other[0]), abs(one[1] - other[1])]
    return errors


@dataclass(frozen=True, slots=True)
class EventScore:
    """Events of one kind: how many there were, how many were said to be, how many of these are right."""

    true: int
    heard: int
    right: int


def event_score(truth: Truth, report: Report, kind: str) -> EventScore:
    """Overlaps of a kind: right if the same person began one within half a second."""
    left = [o for o in truth.table["overlaps"] if o["kind"] == kind]
    true, right = len(left), 0
    heard = [overlap for overlap in report.overlaps if overlap.kind == kind]
    for overlap in heard:
        match = next(
            (
                o
                for o in left
                if truth.table["names"][o["by"]] == overlap.by
                and abs(o["start_seconds"] - overlap.start_seconds) <= EVENT_TOLERANCE_SECONDS
            ),
            None,
        )
        if match is not None:
            left.remove(match)
            right += 1
    return EventScore(true, len(heard), right)
