"""What people ask for in a live talk, and the time they agreed on: spoken, heard, done and answered, by real stages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.marked import MarkedTalk, eager
from tests.talks import NAMES
from tests.test_live import TALK, Held, ToneVoice, kept
from voice_coach.engines.fakes import ScriptedTranscriber
from voice_coach.engines.simulated import SimulatedTable
from voice_coach.events import (
    AudioLost,
    Cue,
    CueHeldBack,
    CueOutcome,
    CueSettled,
    Event,
    Request,
    RequestHeard,
    Speaker,
    UnitEnded,
)
from voice_coach.hosting import HostOptions
from voice_coach.lexicon import Lexicon
from voice_coach.pipeline import PipelineOptions
from voice_coach.segment import Segment, to_samples, to_seconds

A, B = Speaker.A, Speaker.B
Said = tuple[Speaker, float, float, str]
"""Who speaks, from when to when in seconds, and what; no text where it does not matter."""


class ChangingVoice(ToneVoice):
    """Sounds as it is told to."""

    def render(self, cue: Cue) -> np.ndarray:
        rate, volume = self.changes[-1] if self.changes else (1.0, 1.0)
        tone = super().render(cue)
        return np.resize(tone, round(len(tone) / rate)) * np.float32(volume)


def marked(said: Sequence[Said], seconds: float) -> MarkedTalk:
    speech = [(who, Segment(to_samples(begin), to_samples(end)), text) for who, begin, end, text in said]
    script = {(who, segment): text for who, segment, text in speech if text}
    return MarkedTalk([(who, segment) for who, segment, _ in speech], to_samples(seconds), script)


def hosted(**options: float) -> PipelineOptions:
    return replace(eager(), host=HostOptions(**options))  # type: ignore[arg-type]


def hold(
    talk: MarkedTalk, lexicon: Lexicon, folder: Path, options: PipelineOptions | None = None
) -> tuple[Held, list[Event]]:
    held = Held(
        SimulatedTable(talk.audio), lexicon, folder, options=options or eager(), voice=ChangingVoice(),
        transcriber=ScriptedTranscriber(talk.script),
    )  # fmt: skip
    return held, held.hold(talk.samples)


def cues(events: list[Event]) -> list[CueSettled]:
    return [event for event in events if isinstance(event, CueSettled)]


def rules(events: list[Event]) -> list[str]:
    return [settled.cue.rule for settled in cues(events)]


def asked(events: list[Event]) -> list[tuple[Request, Speaker | None]]:
    return [(event.request, event.speaker) for event in events if isinstance(event, RequestHeard)]


CHAT: list[Said] = [(A, 0, 4, ""), (B, 5, 8, "")]


CHANGES = {
    Request.SLOWER: ("coach, slower", (0.85, 1.0)),
    Request.FASTER: ("coach, faster", (1 / 0.85, 1.0)),
    Request.SOFTER: ("coach, softer", (1.0, 0.7)),
    Request.LOUDER: ("coach, speak up please", (1.0, 1.25)),
}


@pytest.mark.parametrize("speaker", [A, B])
@pytest.mark.parametrize("request_", CHANGES)
def test_it_speaks_that_way_from_now_on(lexicon: Lexicon, tmp_path: Path, speaker: Speaker, request_: Request) -> None:
    """Its answer is the first sentence that sounds so."""
    text, change = CHANGES[request_]
    held, events = hold(marked([*CHAT, (speaker, 10, 11, text)], 16), lexicon, tmp_path)
    assert asked(events) == [(request_, speaker)]
    assert held.voice.changes == [pytest.approx(change)]
    (answer,) = cues(events)
    assert answer.outcome is CueOutcome.SPOKEN
    assert answer.cue.text in lexicon.replies[request_]
    (sound,) = (said.samples for said in held.table.said)
    usual = ToneVoice().render(answer.cue)
    assert len(sound) == pytest.approx(len(usual) / change[0], rel=0.01)
    assert np.abs(sound).max() == pytest.approx(change[1] * np.abs(usual).max(), rel=0.01)


def test_a_time_out_hears_nothing_and_ends_by_itself(lexicon: Lexicon, tmp_path: Path) -> None:
    said = [*CHAT, (A, 10, 11, "coach, time-out"), (B, 30, 40, "nobody hears this"), (B, 90, 94, "we are back")]
    held, events = hold(marked(said, 100), lexicon, tmp_path, hosted(time_out_seconds=60.0))
    assert asked(events) == [(Request.TIME_OUT, A)]
    (gap,) = (event for event in events if isinstance(event, AudioLost))
    assert gap.reason == "paused"
    assert gap.segment.start < to_samples(12.3)
    assert gap.segment.seconds == pytest.approx(60, abs=0.6)
    assert rules(events) == ["reply_time_out", "reply_time_out_over"]
    assert "1 minutes" in cues(events)[0].cue.text
    units = [event.unit for event in kept(events, UnitEnded) if isinstance(event, UnitEnded)]
    assert all(not unit.segment.overlap(gap.segment) for unit in units)
    assert (units[-1].speaker, round(to_seconds(units[-1].segment.start))) == (B, 90)
    assert not held.talk.is_paused


def test_skip_that_drops_what_it_was_about_to_say(lexicon: Lexicon, tmp_path: Path) -> None:
    """The same talk without the request has a cue at the pause, see `test_live`."""
    skip, chat = to_samples(2.0), TALK.speech
    later = [(who, Segment(segment.start + skip, segment.end + skip)) for who, segment in chat]
    request = Segment(0, to_samples(1.0))
    talk = MarkedTalk([(B, request), *later], TALK.samples + skip, {(B, request): "coach, skip that"})
    _, events = hold(talk, lexicon, tmp_path)
    assert asked(events) == [(Request.SKIP, B)]
    assert rules(events) == ["reply_skip"]
    reasons = {event.reason for event in events if isinstance(event, CueHeldBack)}
    assert reasons == {"you asked for quiet"}


def test_how_we_are_doing_is_told(lexicon: Lexicon, tmp_path: Path) -> None:
    talked: list[Said] = [(A, 0, 7, ""), (B, 7.5, 10.5, ""), (A, 11, 18, ""), (B, 18.5, 21.5, "")]
    said = [*talked, (B, 23, 24.5, "coach, how are we doing")]
    _, events = hold(marked(said, 34), lexicon, tmp_path, hosted(standing_talk_seconds=10.0))
    assert asked(events) == [(Request.STANDING, B)]
    (answer,) = cues(events)
    assert answer.outcome is CueOutcome.SPOKEN
    assert f"{NAMES[A]} spoke about 70 percent, and {NAMES[B]} 30" in answer.cue.text


def test_closing_offers_a_round_and_ends_in_silence(lexicon: Lexicon, tmp_path: Path) -> None:
    said = [*CHAT, (A, 10, 11, "coach, let's close"), (B, 20, 25, "that you came"), (A, 27, 30, "that you stayed")]
    held, events = hold(marked(said, 200), lexicon, tmp_path, hosted(closing_silence_seconds=10.0))
    assert asked(events) == [(Request.CLOSE, A)]
    assert rules(events) == ["reply_close", "reply_good_bye"]
    assert to_samples(40) < held.table.position < to_samples(46)  # the silence after the last word, and a farewell


def test_go_on_takes_the_closing_back(lexicon: Lexicon, tmp_path: Path) -> None:
    said = [*CHAT, (A, 10, 11, "coach, let's close"), (B, 22, 23, "coach, go on"), (A, 30, 34, "")]
    held, events = hold(marked(said, 56), lexicon, tmp_path, hosted(closing_silence_seconds=10.0))
    assert asked(events) == [(Request.CLOSE, A), (Request.GO_ON, B)]
    assert rules(events) == ["reply_close", "reply_go_on"]
    assert held.table.position >= to_samples(56)


# The time that they agreed on: twelve seconds, which are over in the midst of their talk.

TALKED: list[Said] = [(A, 0, 9.6, ""), (B, 10, 19.4, "")]


def timed(lexicon: Lexicon, folder: Path, *more: Said, seconds: float = 38.0) -> list[Event]:
    return hold(marked([*TALKED, *more], seconds), lexicon, folder, hosted(minutes=0.2))[1]


def test_at_the_agreed_time_it_says_so_once_at_a_pause(lexicon: Lexicon, tmp_path: Path) -> None:
    events = timed(lexicon, tmp_path, (A, 27, 31, ""))
    (told,) = cues(events)
    assert (told.cue.rule, told.outcome) == ("reply_time_is_up", CueOutcome.SPOKEN)
    assert told.cue.text in lexicon.replies["time_is_up"]
    assert "let's close" in told.cue.text
    assert told.started_sample is not None
    assert 20.2 <= to_seconds(told.started_sample) <= 21.4  # they spoke until 19.4 s, without a pause of 0.8 s


def test_what_is_asked_for_meanwhile_comes_first(lexicon: Lexicon, tmp_path: Path) -> None:
    """Between two people who leave no real pause, the time waits, and nothing else does."""
    talked: list[Said] = [(A, 20, 21.4, "coach, slower"), (B, 22, 30, "")]
    told = [(settled.cue.rule, settled.outcome) for settled in cues(timed(lexicon, tmp_path, *talked))]
    assert [rule for rule, _ in told] == ["reply_slower", "reply_time_is_up"]
    assert told[1][1] is CueOutcome.SPOKEN


@pytest.mark.parametrize(
    ("text", "request_", "then"),
    [("coach, let's close", Request.CLOSE, ["reply_close"]), ("coach, go on", Request.GO_ON, ["reply_go_on"])],
)
def test_what_it_offers_then_can_be_had(
    lexicon: Lexicon, tmp_path: Path, text: str, request_: Request, then: list[str]
) -> None:
    events = timed(lexicon, tmp_path, (B, 28, 29, text))
    assert asked(events) == [(request_, B)]
    assert rules(events) == ["reply_time_is_up", *then]
