"""The host: requests carried out, the time kept, the talk closed."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from tests.talks import NAMES
from voice_coach.coaching import Coach, CoachingOptions
from voice_coach.events import (
    ChangeVoice,
    Cue,
    CueFinished,
    CueHeldBack,
    CueOutcome,
    CueSettled,
    CueStarted,
    EndTalk,
    FloorTaken,
    InterPausalUnit,
    Pause,
    Request,
    RequestHeard,
    Resume,
    Say,
    Speaker,
    StopSaying,
    UnitEnded,
)
from voice_coach.hosting import Host, HostOptions, Hush, Reply, Wish
from voice_coach.lexicon import Lexicon
from voice_coach.segment import Segment, to_samples

A, B = Speaker.A, Speaker.B
MINUTE = to_samples(60)


@pytest.fixture
def host(lexicon: Lexicon) -> Host:
    return Host(lexicon, NAMES, HostOptions(minutes=30.0))


def ask(host: Host, request: Request, speaker: Speaker | None = A, now: int = MINUTE) -> list[Wish]:
    return list(host.observe(RequestHeard(request, speaker, now), now))


def rules(wishes: Iterable[Wish]) -> list[str]:
    return [wish.rule for wish in wishes if isinstance(wish, Reply)]


def hear(host: Host, speaker: Speaker, start: float, end: float, *, sure: bool = True) -> None:
    unit = InterPausalUnit(speaker, Segment(to_samples(start), to_samples(end)), 0.9, sure)
    assert list(host.observe(UnitEnded(unit), to_samples(end))) == []


def test_a_pause_lasts_until_a_key(host: Host) -> None:
    wishes = ask(host, Request.PAUSE)
    assert isinstance(wishes[0], Pause)  # before anything is said
    assert rules(wishes) == ["reply_pause"]
    assert host.is_paused
    assert ask(host, Request.PAUSE) == []
    assert list(host.tick(500 * MINUTE, 0)) == []
    wishes = ask(host, Request.GO_ON, None)
    assert isinstance(wishes[0], Resume)
    assert rules(wishes) == ["reply_resumed"]
    assert not host.is_paused


def test_a_time_out_ends_by_itself(host: Host) -> None:
    wishes = ask(host, Request.TIME_OUT)
    assert isinstance(wishes[0], Pause)
    assert "20 minutes" in next(wish.text for wish in wishes if isinstance(wish, Reply))
    assert list(host.tick(21 * MINUTE - 1, 0)) == []
    wishes = list(host.tick(21 * MINUTE, 0))
    assert isinstance(wishes[0], Resume)
    assert rules(wishes) == ["reply_time_out_over"]
    assert list(host.tick(22 * MINUTE, 21 * MINUTE)) == []


def test_a_key_ends_a_time_out_early(host: Host) -> None:
    ask(host, Request.TIME_OUT)
    assert rules(ask(host, Request.GO_ON, None)) == ["reply_resumed"]
    assert list(host.tick(25 * MINUTE, 24 * MINUTE)) == []


def test_stop_by_voice_says_so_and_ends(host: Host) -> None:
    wishes = ask(host, Request.STOP)
    assert rules(wishes) == ["reply_stop"]
    assert EndTalk() not in wishes
    cue = _cue("reply_stop")
    assert list(host.observe(CueSettled(cue, CueOutcome.SPOKEN, 0, 1), MINUTE)) == [EndTalk()]


def test_stop_ends_even_if_nothing_can_be_said(host: Host) -> None:
    ask(host, Request.STOP)
    assert list(host.tick(MINUTE + to_samples(14), MINUTE)) == []
    assert list(host.tick(MINUTE + to_samples(15), MINUTE)) == [EndTalk()]


def test_stop_by_key_ends_at_once(host: Host) -> None:
    assert ask(host, Request.STOP, None)[-1] == EndTalk()


def test_the_voice_changes_within_bounds(host: Host) -> None:
    changes = [wish for _ in range(12) for wish in ask(host, Request.SLOWER) if isinstance(wish, ChangeVoice)]
    assert changes[0] == ChangeVoice(0.85, 1.0)
    assert changes[-1] == ChangeVoice(0.6, 1.0)
    changes = [wish for _ in range(12) for wish in ask(host, Request.SOFTER) if isinstance(wish, ChangeVoice)]
    assert changes[-1] == ChangeVoice(0.6, 0.25)
    (louder,) = (wish for wish in ask(host, Request.LOUDER) if isinstance(wish, ChangeVoice))
    assert louder.volume > 0.25


def test_skip_keeps_quiet_for_ten_minutes(host: Host) -> None:
    (hush,) = (wish for wish in ask(host, Request.SKIP) if isinstance(wish, Hush))
    assert hush == Hush("you asked for quiet", 11 * MINUTE)


@pytest.mark.parametrize(
    ("talk", "expected"),
    [
        ([(A, 0, 20), (B, 20, 40)], "reply_standing_unknown"),
        ([(A, 0, 52), (B, 52, 100)], "reply_standing_even"),
        ([(A, 0, 70), (B, 70, 100)], "reply_standing"),
    ],
)
def test_how_we_are_doing_is_fair(host: Host, talk: list[tuple[Speaker, float, float]], expected: str) -> None:
    for speaker, start, end in talk:
        hear(host, speaker, start, end)
    assert rules(ask(host, Request.STANDING, now=to_samples(100))) == [expected]


def test_shares_name_both_and_add_up(host: Host) -> None:
    hear(host, A, 0, 70)
    hear(host, B, 70, 100)
    (first,) = ask(host, Request.STANDING, now=to_samples(100))
    (second,) = ask(host, Request.STANDING, now=to_samples(101))
    assert isinstance(first, Reply)
    assert isinstance(second, Reply)
    assert "Maya spoke about 70 percent, and Tom 30" in first.text
    assert second.text.index("Tom") < second.text.index("Maya")
    assert "about 30 percent Tom and 70 percent Maya" in second.text


def test_unsure_talk_makes_shares_rough(host: Host) -> None:
    hear(host, A, 0, 70)
    hear(host, B, 70, 100)
    hear(host, B, 100, 140, sure=False)
    (reply,) = ask(host, Request.STANDING, now=to_samples(140))
    assert isinstance(reply, Reply)
    assert "roughly 70" in reply.text


def test_only_the_last_minutes_count(host: Host) -> None:
    hear(host, A, 0, 200)
    hear(host, B, 600, 700)
    (reply,) = ask(host, Request.STANDING, now=to_samples(700))
    assert isinstance(reply, Reply)
    assert "Maya spoke about 0 percent" in reply.text


def test_closing_ends_in_silence_with_a_farewell(host: Host) -> None:
    assert rules(ask(host, Request.CLOSE)) == ["reply_close"]
    assert list(host.tick(MINUTE + to_samples(59), MINUTE)) == []
    assert list(host.tick(3 * MINUTE - 1, 2 * MINUTE)) == []  # they talked until then
    assert rules(host.tick(3 * MINUTE, 2 * MINUTE)) == ["reply_good_bye"]
    assert list(host.tick(3 * MINUTE + 1, 2 * MINUTE)) == []
    assert list(host.observe(CueSettled(_cue("reply_good_bye"), CueOutcome.SPOKEN, 0, 1), 0)) == [EndTalk()]


def test_go_on_ends_the_closing(host: Host) -> None:
    ask(host, Request.CLOSE)
    wishes = ask(host, Request.GO_ON)
    assert Hush("", 0) in wishes
    assert list(host.tick(20 * MINUTE, MINUTE)) == []


def test_go_on_alone_says_nothing(host: Host) -> None:
    assert ask(host, Request.GO_ON) == []


def test_the_agreed_time_is_told_once_and_patiently(host: Host) -> None:
    assert list(host.tick(30 * MINUTE - 1, 0)) == []
    (reply,) = host.tick(30 * MINUTE, 0)
    assert isinstance(reply, Reply)
    assert reply.patient
    assert list(host.tick(31 * MINUTE, 0)) == []


def test_without_an_agreed_time_nothing_is_told(lexicon: Lexicon) -> None:
    assert list(Host(lexicon, NAMES, HostOptions()).tick(600 * MINUTE, 0)) == []


def test_what_can_be_prepared_is_worded_as_it_is_said(host: Host) -> None:
    known = host.known_sentences()
    for request in (Request.PAUSE, Request.TIME_OUT, Request.CLOSE):
        assert {wish.text for wish in ask(host, request) if isinstance(wish, Reply)} <= set(known)
    assert not any("{" in text for text in known)


# Replies in the coach's mouth


def _cue(rule: str) -> Cue:
    return Cue(0, rule, "Thank you.", None, 0, 1, ())


@pytest.fixture
def coach(lexicon: Lexicon) -> Coach:
    return Coach(lexicon, NAMES, CoachingOptions())


def process(coach: Coach, now: float, quiet: float, *, paused: bool = False) -> list[object]:
    at = to_samples(now)
    return list(coach.process(at, at - to_samples(quiet), at, paused=paused))


def test_a_reply_waits_for_a_short_silence_only(coach: Coach) -> None:
    coach.reply(Reply("reply_skip", "All right."), to_samples(10))
    assert process(coach, 10.2, 0.2) == []
    (say,) = process(coach, 10.4, 0.4)
    assert isinstance(say, Say)
    assert say.cue.text == "All right."


def test_a_reply_that_finds_no_silence_is_shown(coach: Coach) -> None:
    coach.reply(Reply("reply_skip", "All right."), to_samples(10))
    (settled,) = process(coach, 16.1, 0.0)
    assert isinstance(settled, CueSettled)
    assert settled.outcome is CueOutcome.SHOWN
    assert process(coach, 17, 1) == []


def test_a_patient_reply_waits_for_a_real_pause(coach: Coach) -> None:
    coach.reply(Reply("reply_time_is_up", "Time.", patient=True), to_samples(10))
    assert process(coach, 60, 0.4) == []
    assert len(process(coach, 61, 0.9)) == 1


def test_a_patient_reply_does_not_hold_up_what_was_asked_for(coach: Coach) -> None:
    coach.reply(Reply("reply_time_is_up", "Time.", patient=True), to_samples(10))
    coach.reply(Reply("reply_slower", "Slower."), to_samples(20))
    coach.reply(Reply("reply_skip", "All right."), to_samples(20))
    said = []
    for now in (20.4, 21.0, 22.0):
        for say in process(coach, now, 0.4):
            assert isinstance(say, Say)
            said.append(say.cue.text)
            list(coach.take(CueFinished(say.cue.cue_id, to_samples(now), CueOutcome.SPOKEN)))
    assert said == ["Slower.", "All right."]
    (say,) = process(coach, 30, 0.9)
    assert isinstance(say, Say)
    assert say.cue.text == "Time."


def test_while_paused_a_reply_waits_for_nothing(coach: Coach) -> None:
    coach.reply(Reply("reply_pause", "Paused."), to_samples(10))
    assert len(process(coach, 10, 0.0, paused=True)) == 1


def test_a_patient_reply_waits_for_the_end_of_a_pause(coach: Coach) -> None:
    """While nothing is captured, nobody could answer it."""
    coach.reply(Reply("reply_time_is_up", "Time.", patient=True), to_samples(10))
    assert process(coach, 60, 0.0, paused=True) == []
    assert len(process(coach, 61, 0.9)) == 1


def test_replies_come_one_after_the_other(coach: Coach) -> None:
    coach.reply(Reply("reply_slower", "Slower."), to_samples(10))
    coach.reply(Reply("reply_skip", "All right."), to_samples(10))
    (first,) = process(coach, 11, 1)
    assert isinstance(first, Say)
    assert process(coach, 12, 2) == []
    list(coach.take(CueStarted(first.cue.cue_id, to_samples(11), in_microphone=True)))
    assert len(list(coach.take(CueFinished(first.cue.cue_id, to_samples(12), CueOutcome.SPOKEN)))) == 1
    (second,) = process(coach, 13, 1)
    assert isinstance(second, Say)
    assert second.cue.cue_id != first.cue.cue_id


def test_somebody_speaking_over_it_stops_a_sentence_once(coach: Coach) -> None:
    coach.reply(Reply("reply_skip", "All right."), to_samples(10))
    (say,) = process(coach, 11, 1)
    assert isinstance(say, Say)
    assert list(coach.spoken_over(say.cue.cue_id + 1)) == []
    assert list(coach.spoken_over(say.cue.cue_id)) == [StopSaying(say.cue.cue_id)]
    assert list(coach.spoken_over(say.cue.cue_id)) == []


def held_floor(coach: Coach) -> None:
    assert list(coach.observe(FloorTaken(A, 0, None), to_samples(1))) == []


def test_hushed_it_proposes_nothing(coach: Coach) -> None:
    held_floor(coach)
    assert list(coach.hush(Hush("you asked for quiet", to_samples(200)), to_samples(1))) == []
    (held,) = process(coach, 151, 1)
    assert isinstance(held, CueHeldBack)
    assert held.reason == "you asked for quiet"


def test_a_hush_drops_what_waits(coach: Coach) -> None:
    held_floor(coach)
    assert process(coach, 151, 0) == []  # it waits for a pause
    (held,) = coach.hush(Hush("you asked for quiet", to_samples(200)), to_samples(152))
    assert isinstance(held, CueHeldBack)
    assert process(coach, 153, 1) == []


def test_a_hush_breaks_off_what_is_said(coach: Coach) -> None:
    coach.reply(Reply("reply_skip", "All right."), to_samples(10))
    (say,) = process(coach, 11, 1)
    assert isinstance(say, Say)
    assert list(coach.hush(Hush("you asked for a pause", to_samples(12)), to_samples(12))) == [
        StopSaying(say.cue.cue_id)
    ]


def test_after_a_reply_nothing_is_said_unasked_for_a_while(coach: Coach) -> None:
    coach.reply(Reply("reply_skip", "All right."), to_samples(1700))
    (say,) = process(coach, 1701, 1)
    assert isinstance(say, Say)
    list(coach.take(CueFinished(say.cue.cue_id, to_samples(1703), CueOutcome.SPOKEN)))
    list(coach.observe(FloorTaken(A, to_samples(1560), None), to_samples(1704)))
    outputs = process(coach, 1711, 1) + process(coach, 1732, 1)
    (held,) = outputs
    assert isinstance(held, CueHeldBack)
    assert held.reason == "something was said a short while ago"
