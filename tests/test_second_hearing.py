"""A second hearing: the same stages over kept measurements, with words that follow whoever is heard then."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.marked import MarkedTalk, run_marked
from tests.talks import NAMES, TENTH, speech
from voice_coach import session
from voice_coach.acoustics import Floats, FrameAnalyser, Frames
from voice_coach.engines import kept as kept_module
from voice_coach.engines.fakes import MarkedComparer, MarkedDetector, ScriptedTranscriber
from voice_coach.engines.kept import KeptFrames
from voice_coach.events import (
    HEARD,
    Event,
    OverlapHeard,
    Speaker,
    TalkEnded,
    TurnEnded,
    UnitEnded,
    Word,
    WordsHeard,
)
from voice_coach.hearing import Diarizer, Hearing
from voice_coach.interpretation import Interpreter
from voice_coach.journal import SECOND_NAME, JournalWriter, read_second, write_beside
from voice_coach.lexicon import Languages, Lexicon
from voice_coach.pipeline import Pipeline, PipelineOptions
from voice_coach.report import SessionFacts, build_report
from voice_coach.runner import RecordedAnswers, run_recorded
from voice_coach.second_hearing import hear_again
from voice_coach.segment import Segment

A, B = Speaker.A, Speaker.B
LINE_A = "a" * 40 + "." * 45 + "a" * 30 + "." * 45
LINE_B = "." * 20 + "bbbb" + "." * 14 + "b" * 42 + "." * 25 + "b" * 55
SCRIPT = {
    (A, Segment(0, 40 * TENTH)): "you always look at your phone",
    (B, Segment(38 * TENTH, 80 * TENTH)): "thank you for telling me that",
}
TALK = MarkedTalk(speech(LINE_A, LINE_B), TENTH * len(LINE_A), SCRIPT)
FACTS = SessionFacts("talk", "talk.flac", NAMES, words_engine="script")


class Swapped(MarkedComparer):
    """Takes each voice for the other."""

    def process(self, frames: Frames, speech: Floats) -> Floats:
        return super().process(frames, speech)[:, [0, 2, 1, 3, 4]]


def first_hearing(lexicon: Lexicon, kept: KeptFrames, comparer: MarkedComparer | None = None) -> list[Event]:
    options = PipelineOptions()
    hearing = Hearing(MarkedDetector(), comparer or MarkedComparer(), options.hearing, kept.keep)
    pipeline = Pipeline(hearing, Languages(lexicon), NAMES, options, with_words=True)
    script = SCRIPT if comparer is None else {(who.other, where): text for (who, where), text in SCRIPT.items()}
    return list(run_recorded(TALK.blocks([1600]), pipeline, RecordedAnswers(ScriptedTranscriber(script), None)))


def second_hearing(lexicon: Lexicon, kept: KeptFrames, first: list[Event]) -> list[Event]:
    options = PipelineOptions()
    diarizer = Diarizer(MarkedComparer(), replace(options.hearing.attribution, lag_frames=100))
    words = [event for event in first if isinstance(event, WordsHeard)]
    return list(hear_again(kept.read(), diarizer, Interpreter(lexicon, options), words))


def only(events: list[Event], *kinds: type) -> list[Event]:
    return [event for event in events if isinstance(event, kinds)]


def test_heard_again_by_the_same_ears_a_talk_is_the_same(lexicon: Lexicon, tmp_path: Path) -> None:
    with KeptFrames(tmp_path) as kept:
        first = first_hearing(lexicon, kept)
        again = second_hearing(lexicon, kept, first)
    assert [(e.turn.speaker, e.turn.segment) for e in again if isinstance(e, TurnEnded)] == [
        (e.turn.speaker, e.turn.segment) for e in first if isinstance(e, TurnEnded)
    ]
    assert [(e.overlap.kind, e.overlap.segment) for e in again if isinstance(e, OverlapHeard)] == [
        (e.overlap.kind, e.overlap.segment) for e in first if isinstance(e, OverlapHeard)
    ]
    units = [(event.unit.speaker, event.unit.segment) for event in first if isinstance(event, UnitEnded)]
    assert [(event.unit.speaker, event.unit.segment) for event in again if isinstance(event, UnitEnded)] == units
    assert len(units) > 4
    assert only(again, WordsHeard) == only(first, WordsHeard)
    assert all(isinstance(event, HEARD) for event in again)


def test_words_go_to_whoever_is_heard_the_second_time(lexicon: Lexicon, tmp_path: Path) -> None:
    with KeptFrames(tmp_path) as kept:
        first = first_hearing(lexicon, kept, Swapped())
        again = second_hearing(lexicon, kept, first)
    assert [event.utterance.speaker for event in first if isinstance(event, WordsHeard) and event.words] == [B, A]
    assert [event.utterance.speaker for event in again if isinstance(event, WordsHeard) and event.words] == [A, B]
    shown = build_report(first, FACTS, again)
    assert shown.session.hearing == "second"
    assert [phrase.speaker for phrase in shown.phrases if phrase.kind == "absolute"] == [NAMES[A]]
    before = build_report(first, FACTS)
    assert before.session.hearing == "live"
    assert [phrase.speaker for phrase in before.phrases if phrase.kind == "absolute"] == [NAMES[B]]
    assert shown.speakers[0].talk_seconds == before.speakers[1].talk_seconds
    assert shown.session.duration_seconds == before.session.duration_seconds


def test_words_that_straddle_a_change_of_speaker_are_parted_by_their_times(lexicon: Lexicon, tmp_path: Path) -> None:
    with KeptFrames(tmp_path) as kept:
        first = first_hearing(lexicon, kept)
        heard = next(event for event in first if isinstance(event, WordsHeard) and event.words)
        mine = Word("phone", Segment(30 * TENTH, 36 * TENTH))
        theirs = Word("thank", Segment(45 * TENTH, 48 * TENTH))
        both = replace(heard, words=(mine, theirs))
        again = second_hearing(lexicon, kept, [both])
    assert [(e.utterance.speaker, e.words) for e in again if isinstance(e, WordsHeard)] == [
        (A, (mine,)),
        (B, (theirs,)),
    ]


def test_words_that_neither_spoke_are_left_out(lexicon: Lexicon, tmp_path: Path) -> None:
    with KeptFrames(tmp_path) as kept:
        first = first_hearing(lexicon, kept)
        words = [event for event in first if isinstance(event, WordsHeard)]
        nowhere = replace(words[0], utterance=replace(words[0].utterance, segment=Segment(85 * TENTH, 105 * TENTH)))
        silent = replace(words[0], utterance=replace(words[0].utterance, segment=Segment(81 * TENTH, 84 * TENTH)))
        again = second_hearing(lexicon, kept, [nowhere, silent])
    assert [event.utterance.segment for event in again if isinstance(event, WordsHeard)] == [nowhere.utterance.segment]


def test_kept_frames_come_back_as_they_were(tmp_path: Path) -> None:
    samples = (0.1 * np.random.default_rng(1).standard_normal(16_000 * 9)).astype(np.float32)
    analyser, probability = FrameAnalyser(), np.random.default_rng(2)
    parts = [analyser.process(samples[place : place + 2560]) for place in range(0, len(samples), 2560)]
    speech = [probability.random(len(part)).astype(np.float32) for part in parts]
    with KeptFrames(tmp_path) as kept:
        for part, chances in zip(parts, speech, strict=True):
            kept.keep(part, chances)
        back = list(kept.read())
        assert not list(tmp_path.iterdir()) or not any(path.stat().st_size for path in tmp_path.iterdir())
    assert [frames.first for frames, _ in back] == np.cumsum([0, *(len(frames) for frames, _ in back[:-1])]).tolist()
    whole = FrameAnalyser().process(samples)
    for name in ("log_energy", "power", "salience"):
        joined = np.concatenate([getattr(frames, name) for frames, _ in back])
        np.testing.assert_allclose(joined, getattr(whole, name)[: len(joined)], rtol=2e-3, atol=2e-3)
    mels = np.concatenate([frames.log_mel[2:-2] for frames, _ in back])
    np.testing.assert_allclose(mels, whole.log_mel[2 : 2 + len(mels)], atol=2e-2)
    np.testing.assert_allclose(np.concatenate([chances for _, chances in back]), np.concatenate(speech), atol=1e-3)


def test_a_full_disk_costs_the_second_hearing_and_not_the_talk(
    lexicon: Lexicon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full:
        def write(self, data: bytes) -> int:
            raise OSError(28, "No space left on device")

        def close(self) -> None:
            pass

    monkeypatch.setattr(kept_module.tempfile, "TemporaryFile", lambda **_: Full())
    with KeptFrames(tmp_path) as kept:
        events = first_hearing(lexicon, kept)
        assert not kept.whole
        assert list(kept.read()) == []
    assert only(events, TurnEnded, TalkEnded) == only(run_marked(TALK, lexicon), TurnEnded, TalkEnded)


def test_what_a_second_hearing_found_is_on_disk_whole_or_not_at_all(lexicon: Lexicon, tmp_path: Path) -> None:
    with KeptFrames(tmp_path) as kept:
        first = first_hearing(lexicon, kept)
        again = second_hearing(lexicon, kept, first)

    def interrupted() -> Iterator[Event]:
        yield from again[: len(again) // 2]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_beside(tmp_path, FACTS, interrupted())
    assert read_second(tmp_path) is None
    assert not list(tmp_path.glob(f"{SECOND_NAME}*"))
    write_beside(tmp_path, FACTS, again)
    assert read_second(tmp_path) == tuple(again)
    with JournalWriter(tmp_path, FACTS) as journal:
        for event in first:
            journal.append(0, event)
    assert session.load_report(tmp_path) == build_report(first, FACTS, again)
