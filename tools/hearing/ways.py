"""Ways of hearing a talk of the test set: as the product does, and with one thing left out, to see its worth."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import numpy as np

from tools.hearing.scores import Heard
from tools.hearing.testset import TALK_SECONDS, TestTalk
from voice_coach import resources
from voice_coach.acoustics import Floats
from voice_coach.attribution import AttributionOptions
from voice_coach.engines.adaptation import AdaptingNetwork, learnt_from_all
from voice_coach.engines.enrolment import enrol_recording
from voice_coach.engines.kept import KeptFrames
from voice_coach.engines.recording import Recording
from voice_coach.engines.silero import SileroDetector
from voice_coach.engines.speakers import HindsightNetwork, SpeakerNetwork, load_background
from voice_coach.engines.voiceprint import Enrolment, pair_voices
from voice_coach.events import PEOPLE, Event, OverlapHeard, Speaker, UnitEnded
from voice_coach.framing import Framer
from voice_coach.hearing import Diarizer, Hearing, HearingOptions
from voice_coach.interpretation import InterpretationOptions, Interpreter
from voice_coach.lexicon import Lexicon, load_lexicon
from voice_coach.second_hearing import hear_again
from voice_coach.session import SECOND_LAG_FRAMES


@dataclass(frozen=True, slots=True)
class Way:
    """A way of hearing.

    `learning` lets voices be learnt further during the talk; `enrolment_seconds` cuts the enrolments.
    """

    learning: bool = True
    enrolment_seconds: float = 10.0
    hearing: HearingOptions = field(default_factory=HearingOptions)
    interpretation: InterpretationOptions = field(default_factory=InterpretationOptions)


def _attribution(**changes: float) -> HearingOptions:
    return HearingOptions(attribution=replace(AttributionOptions(), **changes))  # type: ignore[arg-type]


LIVE, SECOND = "live", "second"
ABLATIONS = {
    "voices as enrolled": Way(learning=False),
    "no gate by the detector": Way(hearing=_attribution(gate_probability=0.0, unit_probability=0.0)),
    "no smoothing": Way(hearing=_attribution(switch_penalty=0.0, lag_frames=0)),
    "no bias against both": Way(hearing=_attribution(both_bias=0.0)),
    "enrolments of 5 s": Way(enrolment_seconds=5.0),
    "enrolments of 5 s, voices as enrolled": Way(learning=False, enrolment_seconds=5.0),
}


@cache
def _lexicon() -> Lexicon:
    return load_lexicon(resources.config_folder() / "language" / "en.toml")


def hear(talk: TestTalk, way: Way) -> dict[str, tuple[Heard, float]]:
    """A talk as it is heard live, and a second time; each with the processor seconds for each second of audio."""
    background = load_background()
    enrolments = [_cut(enrol_recording(talk.enrolment(person)), way.enrolment_seconds) for person in PEOPLE]
    pair = (enrolments[0], enrolments[1])
    network = (
        AdaptingNetwork(pair, background)
        if way.learning
        else SpeakerNetwork(pair_voices(*pair, background), background)
    )
    recording = Recording(talk.audio)
    blocks = list(recording.blocks(recording.survey().gain, both=True))
    with tempfile.TemporaryDirectory() as folder, KeptFrames(Path(folder)) as kept:
        hearing = Hearing(SileroDetector(), network, way.hearing, kept.keep)
        interpreter, framer = Interpreter(_lexicon(), way.interpretation), Framer()
        events: list[Event] = []

        def take(hops: Iterable[Floats]) -> None:
            for hop in hops:
                heard = list(hearing.process(hop))
                events.extend(interpreter.hear(heard, hearing.open_units, hearing.decided_sample))

        began = time.process_time()
        for block in blocks:
            take(framer.process(block))
        take(framer.finish(hearing.delay_samples))
        events.extend(interpreter.hear(list(hearing.finish()), (), hearing.decided_sample))
        events.extend(interpreter.finish())
        ended = time.process_time()
        again: list[Event] = []
        if isinstance(network, AdaptingNetwork):
            attribution = replace(way.hearing.attribution, lag_frames=SECOND_LAG_FRAMES)
            known = learnt_from_all(pair, network.pair, kept.read(), background)
            diarizer = Diarizer(HindsightNetwork(known, background), attribution)
            again = list(hear_again(kept.read(), diarizer, Interpreter(_lexicon(), way.interpretation), ()))
    told = {LIVE: (_heard(events), (ended - began) / TALK_SECONDS)}
    if again:
        told[SECOND] = (_heard(again), (time.process_time() - ended) / TALK_SECONDS)
    return told


def _cut(enrolment: Enrolment, seconds: float) -> Enrolment:
    """The beginning of an enrolment."""
    return replace(enrolment, speech=enrolment.speech & (np.arange(len(enrolment.speech)) < 100 * seconds))


def _heard(events: Sequence[Event]) -> Heard:
    units = tuple(event.unit for event in events if isinstance(event, UnitEnded))
    speech = {speaker: tuple(u.segment for u in units if u.speaker is speaker) for speaker in Speaker}
    return Heard(speech, tuple(event.overlap for event in events if isinstance(event, OverlapHeard)), units)
