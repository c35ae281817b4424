"""Runs: the same events at every block size, and again from the journal."""

from __future__ import annotations

import re
from itertools import cycle
from pathlib import Path

import numpy as np
import pytest

from tests.marked import MarkedTalk, eager, marked_pipeline, run_marked
from tests.talks import NAMES, TENTH, speech
from voice_coach.engines.fakes import ScriptedTranscriber, ToneRenderer
from voice_coach.errors import EngineFailed, InputError
from voice_coach.events import AudioBlock, AudioLost, CueOutcome, CueSettled, Event, Speaker, TalkEnded, UnitEnded
from voice_coach.journal import JOURNAL_NAME, JournalWriter, read_journal
from voice_coach.lexicon import Lexicon
from voice_coach.report import SessionFacts, build_report
from voice_coach.runner import Latencies, RecordedAnswers, replay, run_recorded
from voice_coach.segment import Segment

A, B = Speaker.A, Speaker.B
ROUND_A, ROUND_B = "a" * 40 + "." * 50, "." * 32 + "b" * 53 + "." * 5
LINE_A, LINE_B = ROUND_A * 3 + "." * 40 + "a" * 33, ROUND_B * 3 + "." * 73
SCRIPT = {
    (A, Segment(0, 40 * TENTH)): "you always look at your phone",
    (B, Segment(32 * TENTH, 85 * TENTH)): "thank you for telling me that",
}
TALK = MarkedTalk(speech(LINE_A, LINE_B), TENTH * len(LINE_A), SCRIPT)
FACTS = SessionFacts("talk", "talk.flac", NAMES, words_engine="script", voice="tone")


@pytest.fixture(scope="module")
def events(lexicon: Lexicon) -> list[Event]:
    return run_marked(TALK, lexicon, eager())


def test_the_talk_shows_everything_a_run_has(events: list[Event]) -> None:
    kinds = {type(event).__name__ for event in events}
    assert kinds >= {"UnitEnded", "FloorTaken", "TurnEnded", "OverlapHeard", "WordsHeard", "PhraseFound", "CueSettled"}


@pytest.mark.parametrize("sizes", [[160], [512], [1024], [100_000], [7], "random"])
def test_events_do_not_depend_on_block_sizes(lexicon: Lexicon, events: list[Event], sizes: list[int] | str) -> None:
    if sizes == "random":
        drawn = np.random.default_rng(3).integers(1, 9000, 2000).tolist()
        assert run_marked(TALK, lexicon, eager(), cycle(drawn)) == events
    else:
        assert run_marked(TALK, lexicon, eager(), sizes if sizes != [7] else cycle([7, 4001])) == events  # type: ignore[arg-type]


@pytest.mark.parametrize("latencies", [Latencies(), Latencies(words_seconds=2.5, voice_seconds=0.3)])
def test_a_journal_replays_to_the_same_events(lexicon: Lexicon, tmp_path: Path, latencies: Latencies) -> None:
    answers = RecordedAnswers(ScriptedTranscriber(SCRIPT), ToneRenderer(), latencies)
    with JournalWriter(tmp_path, FACTS) as writer:
        pipeline = marked_pipeline(lexicon, eager(), with_words=True)
        first = list(run_recorded(TALK.blocks([1600]), pipeline, answers, writer))
    journal = read_journal(tmp_path)
    assert journal.session == FACTS
    assert list(journal.events) == first
    again = replay(TALK.blocks([999]), marked_pipeline(lexicon, eager(), with_words=True), journal)
    assert list(again) == first
    assert build_report(journal.events, journal.session) == build_report(first, FACTS)


def test_a_journal_from_before_words_could_be_unsure_is_read(events: list[Event], tmp_path: Path) -> None:
    with JournalWriter(tmp_path, FACTS) as writer:
        for event in events:
            writer.append(0, event)
    path = tmp_path / JOURNAL_NAME
    written = path.read_text(encoding="utf-8")
    old = re.sub(r'("segment":\{[^}]*\}),"sure":true(,"speech_share")', r"\1\2", written)
    assert old != written
    path.write_text(old, encoding="utf-8")
    assert list(read_journal(tmp_path).events) == events


def test_what_a_killed_program_leaves_is_read_as_far_as_it_goes(lexicon: Lexicon, tmp_path: Path) -> None:
    with JournalWriter(tmp_path, FACTS) as writer:
        pipeline = marked_pipeline(lexicon, eager(), with_words=True)
        for event in run_recorded(TALK.blocks([1600]), pipeline, RecordedAnswers(None, None), writer):
            if isinstance(event, CueSettled):
                break  # killed here: nothing is closed or flushed
        path = tmp_path / JOURNAL_NAME
        whole = path.read_bytes()
    path.write_bytes(whole[:-7])
    journal = read_journal(tmp_path)
    assert 0 < len(journal.events) < whole.count(b"\n")
    report = build_report(journal.events, journal.session)
    assert report.session.status == "interrupted"
    assert report.speakers[0].talk_seconds > 0


@pytest.mark.parametrize(
    "content", [b"", b"not json\n", b'{"schema": "something/else", "session": {}}\n', b"\xff\xfe\n"]
)
def test_what_is_no_journal_is_refused_in_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / JOURNAL_NAME).write_bytes(content)
    with pytest.raises(InputError):
        read_journal(tmp_path)


def test_a_folder_without_a_journal_is_no_session(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no session"):
        read_journal(tmp_path)


def test_a_journal_is_for_its_user_alone(tmp_path: Path) -> None:
    with JournalWriter(tmp_path, FACTS):
        assert (tmp_path / JOURNAL_NAME).stat().st_mode & 0o777 == 0o600


def test_lost_audio_keeps_its_time_and_is_reported(lexicon: Lexicon) -> None:
    audio, gap = TALK.audio, 90 * TENTH
    blocks = [AudioBlock(0, audio[:gap]), AudioBlock(2 * gap, audio[2 * gap :], lost_samples=gap)]
    events = list(run_recorded(blocks, marked_pipeline(lexicon), RecordedAnswers(None, None)))
    assert [event.segment for event in events if isinstance(event, AudioLost)] == [Segment(gap, 2 * gap)]
    assert not any(e.unit.segment.overlap(Segment(gap, 2 * gap)) for e in events if isinstance(e, UnitEnded))
    assert events[-1] == TalkEnded(len(audio), len(audio) - gap)
    report = build_report(events, FACTS)
    assert report.session.lost_seconds == 9.0
    assert report.session.heard_seconds == pytest.approx(len(audio) / 16_000 - 9.0, abs=0.01)


class _Mute:
    name = "mute"

    def render(self, cue: object) -> np.ndarray:
        raise EngineFailed("no voice")


def test_a_cue_that_cannot_be_voiced_is_shown(lexicon: Lexicon) -> None:
    answers = RecordedAnswers(None, _Mute())
    events = list(run_recorded(TALK.blocks([1600]), marked_pipeline(lexicon, eager()), answers))
    assert [e.outcome for e in events if isinstance(e, CueSettled)] == [CueOutcome.SHOWN]
    assert answers.said == []


def test_what_was_said_is_kept_for_the_mix(lexicon: Lexicon, events: list[Event]) -> None:
    answers = RecordedAnswers(ScriptedTranscriber(SCRIPT), ToneRenderer())
    heard = list(run_recorded(TALK.blocks([1600]), marked_pipeline(lexicon, eager(), with_words=True), answers))
    (cue,) = [event for event in heard if isinstance(event, CueSettled)]
    (said,) = answers.said
    assert said.start_sample == cue.started_sample
    assert cue.finished_sample == said.start_sample + len(said.samples)
