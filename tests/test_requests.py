"""What is asked of the coach by voice, and what only sounds like it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from voice_coach.events import Request, Speaker, Utterance, Word, WordsHeard
from voice_coach.lexicon import Lexicon
from voice_coach.requests import request_in
from voice_coach.segment import Segment, to_samples

FIXTURES = Path(__file__).parents[1] / "audio_fixtures"


def heard(text: str, seconds: float = 1.5, doubtful: str | None = None) -> WordsHeard:
    utterance = Utterance(0, Speaker.B, Segment(0, to_samples(seconds)), sure=False)
    return WordsHeard(utterance, "script", tuple(map(Word, text.split())), doubtful)


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        ("Coach, pause.", Request.PAUSE),
        ("Coach pause please", Request.PAUSE),
        ("Hey coach, can you pause for a moment?", Request.PAUSE),
        ("Coach. Go on.", Request.GO_ON),
        ("Okay coach, let's go on.", Request.GO_ON),
        ("Coach, time-out!", Request.TIME_OUT),
        ("Coach, timeout.", Request.TIME_OUT),
        ("Um, coach, we need a break.", Request.TIME_OUT),
        ("Coach, stop.", Request.STOP),
        ("Coach, slower please.", Request.SLOWER),
        ("Coach, could you speak more slowly?", Request.SLOWER),
        ("Coach, faster.", Request.FASTER),
        ("Coach, softer.", Request.SOFTER),
        ("Coach quieter", Request.SOFTER),
        ("Coach, louder.", Request.LOUDER),
        ("Coach, skip that.", Request.SKIP),
        ("Coach, not now.", Request.SKIP),
        ("Coach, how are we doing?", Request.STANDING),
        ("Coach, how're we doing?", Request.STANDING),
        ("Coach, let's close.", Request.CLOSE),
    ],
)
def test_a_request_is_understood(lexicon: Lexicon, text: str, request_: Request) -> None:
    assert request_in(lexicon, heard(text)) is request_


LOOK_ALIKES = """
my coach said stop
the coach stopped
coach told us to slow down
I need a coach
let's close the window
let's close
stop
pause
could you go on please
how are we doing with the money
our coach, how are we doing without him
the couch, close to the window
sit on the couch and stop
coach class is slower
I was a coach, and I had to stop
coach, you never stop
coach stop it is not what I mean
I told coach, pause it
so the coach goes on and on
coach trip, how is it going there
a time-out is what the coach took
coach him louder
we could coach each other
stop the coach
pause the video
skip that one
slow down, you are not a coach
coach and I let it close
then the coach let us finish early
continue
"""


@pytest.mark.parametrize("text", LOOK_ALIKES.strip().splitlines())
def test_talk_is_no_request(lexicon: Lexicon, text: str) -> None:
    assert request_in(lexicon, heard(text, 2.5)) is None


def test_a_request_is_short_and_believed(lexicon: Lexicon) -> None:
    assert request_in(lexicon, heard("Coach, stop.", seconds=6.0)) is None
    assert request_in(lexicon, heard("Coach, stop.", doubtful="the engine itself was not sure")) is None
    assert request_in(lexicon, heard("")) is None


@pytest.mark.parametrize("talk", ["demo", "calm", "heated", "monologue", "backchannels"])
def test_no_turn_of_the_fixture_talks_is_a_request(lexicon: Lexicon, talk: str) -> None:
    truth = json.loads((FIXTURES / talk / "truth.json").read_text(encoding="utf-8"))
    texts = [turn["text"] for turn in truth["turns"]]
    assert texts
    assert [text for text in texts if request_in(lexicon, heard(text))] == []


def test_what_is_listened_for_is_a_request(lexicon: Lexicon) -> None:
    for request, sentences in lexicon.expected.items():
        for sentence in sentences:
            assert request_in(lexicon, heard(sentence)) is request, sentence
