"""Words written down again: what follows from words is found anew, and nothing else moves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.marked import MarkedTalk, marked_pipeline
from tests.talks import NAMES, TENTH, speech
from voice_coach.config import Settings
from voice_coach.engines.fakes import ScriptedTranscriber, ToneRenderer
from voice_coach.engines.kept_audio import KeptAudio
from voice_coach.engines.recording import Recording
from voice_coach.errors import EngineFailed, InputError
from voice_coach.events import AudioBlock, Recognition, Speaker, Utterance, WordsHeard, WordsMissing
from voice_coach.journal import REWRITTEN_NAME, JournalWriter, read_journal, remove_beside
from voice_coach.lexicon import Lexicon
from voice_coach.report import SessionFacts
from voice_coach.runner import RecordedAnswers, run_recorded
from voice_coach.second_writing import recording_of, write_again
from voice_coach.segment import Segment
from voice_coach.session import KEPT_AUDIO_NAME, load_report

A, B = Speaker.A, Speaker.B
LINE_A = "a" * 40 + "." * 45 + "a" * 30 + "." * 45
LINE_B = "." * 20 + "bbbb" + "." * 14 + "b" * 42 + "." * 80
FIRST = {
    (A, Segment(0, 40 * TENTH)): "you all was look at your phone",
    (B, Segment(38 * TENTH, 80 * TENTH)): "tank you for telling me that",
}
BETTER = {
    (A, Segment(0, 40 * TENTH)): "you always look at your phone",
    (B, Segment(38 * TENTH, 80 * TENTH)): "thank you for telling me that",
}
TALK = MarkedTalk(speech(LINE_A, LINE_B), TENTH * len(LINE_A), FIRST)
FACTS = SessionFacts("talk", "talk.wav", NAMES, words_engine="script", language="en")


class Better(ScriptedTranscriber):
    """Writes better, and fails at one utterance."""

    name = "better"

    def transcribe(self, utterance: Utterance, start_sample: int, samples: np.ndarray) -> Recognition:
        assert start_sample <= utterance.segment.start
        assert len(samples) >= utterance.segment.samples
        if utterance.segment.start > 80 * TENTH:
            raise EngineFailed("it fell over")
        return super().transcribe(utterance, start_sample, samples)


@pytest.fixture
def folder(tmp_path: Path, lexicon: Lexicon) -> Path:
    """A session with its words as they came during the talk."""
    with JournalWriter(tmp_path, FACTS) as journal:
        answers = RecordedAnswers(ScriptedTranscriber(FIRST), ToneRenderer())
        pipeline = marked_pipeline(lexicon, with_words=True)
        for _ in run_recorded(TALK.blocks([4000]), pipeline, answers, journal):
            pass
    return tmp_path


def test_words_and_what_follows_from_them_change_and_nothing_else(
    folder: Path, lexicon: Lexicon, settings: Settings
) -> None:
    before = load_report(folder)
    write_again(folder, TALK.blocks([4000]), Better(BETTER), lexicon, settings)
    after = load_report(folder)
    assert (before.session.words_engine, after.session.words_engine) == ("script", "better")
    assert before.phrases == ()
    assert {(phrase.kind, phrase.speaker) for phrase in after.phrases} == {
        ("absolute", "Maya"),
        ("appreciation", "Tom"),
    }
    assert [turn.text for turn in after.turns][:1] == ["you always look at your phone"]

    def still(report: object) -> list[object]:
        return [getattr(report, name) for name in ("speech", "overlaps", "cues", "raised", "held_back", "lost")]

    assert still(after) == still(before)
    assert [(t.speaker, t.start_seconds, t.end_seconds) for t in after.turns] == [
        (t.speaker, t.start_seconds, t.end_seconds) for t in before.turns
    ]
    assert [s.talk_seconds for s in after.speakers] == [s.talk_seconds for s in before.speakers]
    assert after.session.hearing == before.session.hearing == "live"
    events = read_journal(folder, REWRITTEN_NAME).events
    assert any(isinstance(event, WordsMissing) for event in events)
    assert {event.engine for event in events if isinstance(event, WordsHeard)} == {"better"}
    remove_beside(folder)
    assert load_report(folder) == before


def test_a_talk_without_words_has_none_to_write_again(tmp_path: Path, lexicon: Lexicon, settings: Settings) -> None:
    for facts, reason in ((replace(FACTS, words_engine=None), "was heard without words"), (FACTS, "nobody said")):
        with JournalWriter(tmp_path, facts) as journal:
            for _ in run_recorded(TALK.blocks([4000]), marked_pipeline(lexicon), RecordedAnswers(None, None), journal):
                pass
        with pytest.raises(InputError, match=reason):
            write_again(tmp_path, TALK.blocks([4000]), Better(BETTER), lexicon, settings)


# The audio


def test_audio_that_was_kept_is_the_talks_own(folder: Path) -> None:
    noise = (0.1 * np.random.default_rng(0).standard_normal(48_000)).astype(np.float32)
    path = folder / KEPT_AUDIO_NAME
    with KeptAudio(path) as kept:
        kept.add(AudioBlock(0, noise[:16_000]))
        kept.add(AudioBlock(36_000, noise[16_000:32_000], lost_samples=20_000))
        kept.add(AudioBlock(52_000, np.zeros(0, np.float32), lost_samples=1000))
        kept.add(AudioBlock(53_000, np.stack([noise[32_000:]] * 2, axis=1)))
    assert path.stat().st_mode & 0o077 == 0
    heard = np.concatenate([block.samples for block in recording_of(folder).blocks()])
    true = np.concatenate((noise[:16_000], np.zeros(20_000), noise[16_000:32_000], np.zeros(1000), noise[32_000:]))
    np.testing.assert_allclose(heard[: len(true)], true, atol=1e-4)
    assert recording_of(folder).path == path


def test_the_recording_of_a_session_is_looked_for(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no audio of .* is kept; name its recording"):
        recording_of(folder)
    with KeptAudio(tmp_path / "other.flac") as kept:
        kept.add(AudioBlock(0, np.full(1000, 0.1, np.float32)))
    assert isinstance(recording_of(folder, tmp_path / "other.flac"), Recording)
    with JournalWriter(folder, replace(FACTS, audio=str(tmp_path / "other.flac"))):
        pass
    assert recording_of(folder).path == tmp_path / "other.flac"
    with JournalWriter(folder, SessionFacts("talk", "talk.wav", NAMES, fingerprint="1-2")):
        pass
    with pytest.raises(InputError, match="is not the recording that"):
        recording_of(folder, tmp_path / "other.flac")
    with pytest.raises(InputError, match="cannot be written"):
        KeptAudio(tmp_path / "nowhere" / "talk.flac")
