"""How well the gates keep invented words out, and let people's words in.

    python -m tools.words.gates noise [--whisper FOLDER] [--all]
    python -m tools.words.gates voices FOLDER [--whisper FOLDER] [--readers N]

`noise` hands one hour of seeded noise to the engines, as if hearing had taken all of it for speech, and prints every
word that the gates let through. Where the detector hears too little speech, the words are kept out whatever they are,
so the engines are asked there only with `--all`. `voices` hands them utterances of real people, from a folder of FLAC
files, and prints which ones the gates leave out.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tools.fixtures.speech import Floats
from tools.words.noise import hour_of_noise
from voice_coach.engines.moonshine import MoonshineTranscriber
from voice_coach.engines.recording import Recording
from voice_coach.engines.silero import SileroDetector
from voice_coach.engines.whisper import WhisperTranscriber
from voice_coach.errors import InputError
from voice_coach.events import InterPausalUnit, Speaker, Transcript, Utterance
from voice_coach.framing import AudioHistory
from voice_coach.gates import doubt
from voice_coach.ports import Transcriber
from voice_coach.segment import SAMPLE_RATE, Segment, to_samples
from voice_coach.speech import Speech, SpeechOptions
from voice_coach.transcription import TranscriptionOptions, UtteranceBuilder, request_words

FIXTURE_MODEL = Path(__file__).parents[2] / "audio_fixtures" / "whisper-fixture"
_OPTIONS = TranscriptionOptions()
_HOP = 2560
_PIECES_SECONDS = (1.0, 2.0, 4.0, 8.0)
_PAUSE = to_samples(0.2)
_HEARD_PROBABILITY = 0.25


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """An utterance as an engine gets it, and where it comes from."""

    source: str
    utterance: Utterance
    start_sample: int
    samples: Floats


@dataclass(frozen=True, slots=True)
class Judged:
    """What an engine heard in an utterance, and why it is left out, if it is."""

    source: str
    engine: str
    heard: Transcript
    utterance: Utterance
    reason: str | None

    @property
    def text(self) -> str:
        """All words as one line."""
        return " ".join(word.text for word in self.heard.words)


def judge(given: Given, transcriber: Transcriber) -> Judged:
    """Ask an engine, and then the gates."""
    recognition = transcriber.transcribe(given.utterance, given.start_sample, given.samples)
    heard = Transcript.of(given.utterance.utterance_id, transcriber.name, recognition)
    return Judged(given.source, transcriber.name, heard, given.utterance, doubt(heard, given.utterance, _OPTIONS))


def noise_utterances() -> Iterator[Given]:
    """The hour of noise in pieces of 1 to 8 s, each taken for an utterance."""
    for minute, noise in enumerate(hour_of_noise()):
        speech = listen(noise.samples)
        place, number = 0, 0
        while place < len(noise.samples):
            length = to_samples(_PIECES_SECONDS[number % len(_PIECES_SECONDS)])
            segment = Segment(place, min(place + length, len(noise.samples)))
            utterance = Utterance(number, Speaker.A, segment, speech_share=speech.share([segment]))
            yield Given(f"{noise.name}, minute {minute}", utterance, place, noise.samples[place : segment.end])
            place, number = segment.end, number + 1


def listen(samples: Floats) -> Speech:
    """The detector's answers on up to two minutes."""
    speech = Speech(SileroDetector(), SpeechOptions())
    for place in range(0, len(samples) - _HOP + 1, _HOP):
        speech.process(samples[place : place + _HOP])
    return speech


def voice_utterances(files: Iterable[Path]) -> Iterator[Given]:
    """What people say in recordings, cut as in a talk."""
    for file in files:
        recording = Recording(file)
        try:
            gain = recording.survey().gain
        except InputError:  # too short for a talk
            continue
        samples = np.concatenate([block.samples for block in recording.blocks(gain)])
        samples = np.pad(samples, (0, SAMPLE_RATE + -(len(samples) + SAMPLE_RATE) % _HOP)).astype(np.float32)
        history, builder, speech = AudioHistory(), UtteranceBuilder(_OPTIONS), Speech(SileroDetector(), SpeechOptions())
        units: list[Segment] = []
        for place in range(0, len(samples), _HOP):
            hop = samples[place : place + _HOP]
            history.append(hop)
            for number, probability in enumerate(speech.process(hop)):
                _add(units, Segment(place + 512 * number, place + 512 * (number + 1)), probability)
        ended = [InterPausalUnit(Speaker.A, unit, 1.0, sure=True) for unit in units]
        made = [*builder.process(ended, [], len(samples)), *builder.finish()]
        for built in made:
            utterance = replace(built, speech_share=speech.share(builder.pieces(built)))
            command = request_words(utterance, history, _OPTIONS)
            yield Given(file.name, utterance, command.start_sample, command.samples)


def _add(units: list[Segment], block: Segment, probability: float) -> None:
    """Let a block of speech lengthen the last unit, or begin a new one."""
    if probability < _HEARD_PROBABILITY:
        return
    if units and block.start - units[-1].end < _PAUSE:
        units[-1] = Segment(units[-1].start, block.end)
    else:
        units.append(block)


def _noise(engines: Iterable[Transcriber], *, everything: bool) -> int:
    given = list(noise_utterances())
    passing = [one for one in given if (one.utterance.speech_share or 0) >= _OPTIONS.speech_share]
    print(f"{len(given)} stretches, {len(passing)} of them with enough speech by the detector")
    invented = 0
    for engine in engines:
        judged = [judge(one, engine) for one in (given if everything else passing)]
        let_in = [one for one in judged if one.reason is None and one.heard.words]
        invented += sum(len(one.heard.words) for one in let_in)
        _tell(engine.name, judged)
        for one in let_in:
            print(f"  invented in {one.source}: {one.text} ({_figures(one)})")
    return invented


def _voices(engines: Iterable[Transcriber], files: list[Path]) -> None:
    given = list(voice_utterances(files))
    print(f"{len(given)} utterances of {len(files)} readers")
    for engine in engines:
        judged = [judge(one, engine) for one in given]
        _tell(engine.name, judged)
        for one in judged:
            if one.reason is not None:
                print(f"  left out, {one.reason}: {one.text} ({_figures(one)}; {one.source})")


def _tell(engine: str, judged: list[Judged]) -> None:
    reasons = Counter(one.reason for one in judged if one.reason is not None)
    total = sum(reasons.values())
    print(f"{engine}: {total} of {len(judged)} left out ({total / max(1, len(judged)):.2%}) {dict(reasons)}")


def _figures(one: Judged) -> str:
    heard, share = one.heard, one.utterance.speech_share
    likelihood = "-" if heard.log_probability is None else f"{heard.log_probability:.2f}"
    nobody = "-" if heard.no_speech_probability is None else f"{heard.no_speech_probability:.2f}"
    return f"{one.utterance.segment.seconds:.1f} s, speech {share:.2f}, likelihood {likelihood}, nobody {nobody}"


def main() -> int:
    """Print what the gates do; 1 if they let invented words through."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--whisper", type=Path, default=FIXTURE_MODEL, help="a Whisper model (default: the fixture's)")
    common.add_argument("--only", choices=("whisper", "moonshine"), help="ask one engine")
    kinds = parser.add_subparsers(dest="kind", required=True)
    noise = kinds.add_parser("noise", parents=[common])
    noise.add_argument("--all", action="store_true", help="also where the detector hears no speech")
    voices = kinds.add_parser("voices", parents=[common])
    voices.add_argument("folder", type=Path)
    voices.add_argument("--readers", type=int, help="the first so many")
    chosen = parser.parse_args()
    engines: list[Transcriber] = []
    if chosen.only != "moonshine":
        engines.append(WhisperTranscriber(chosen.whisper, names=("Maya", "Daniel")))
    if chosen.only != "whisper":
        engines.append(MoonshineTranscriber())
    if chosen.kind == "noise":
        return int(_noise(engines, everything=chosen.all) > 0)
    _voices(engines, sorted(chosen.folder.glob("*.flac"))[: chosen.readers])
    return 0


if __name__ == "__main__":
    sys.exit(main())
