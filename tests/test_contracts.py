"""Every engine and its fake against the contract of their port."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests import stubs
from tests.conftest import FIXTURES
from tests.sounds import RATE, babble
from voice_coach.acoustics import FrameAnalyser
from voice_coach.engines.adaptation import AdaptingNetwork
from voice_coach.engines.enrolment import enrol_recording
from voice_coach.engines.fakes import MarkedComparer, MarkedDetector, ScriptedTranscriber, ToneRenderer
from voice_coach.engines.moonshine import MoonshineTranscriber
from voice_coach.engines.recording import Recording
from voice_coach.engines.renderer import SystemVoice
from voice_coach.engines.silero import SileroDetector
from voice_coach.engines.speakers import HindsightNetwork, SpeakerNetwork, load_background
from voice_coach.engines.voiceprint import VoicePair, pair_voices
from voice_coach.engines.whisper import WhisperTranscriber
from voice_coach.errors import EngineFailed, MissingPart
from voice_coach.events import Cue, Speaker, Utterance, Word
from voice_coach.ports import Renderer, SpeechDetector, StreamingComparer, Transcriber, VoiceComparer
from voice_coach.segment import Segment
from voice_coach.voice import VoiceOptions

CUE = Cue(0, "slow_down", "Let's slow down a little. There is time.", None, 0, 0, ())


def demo_audio(seconds: float) -> np.ndarray:
    """The beginning of the demo talk."""
    recording = Recording(FIXTURES / "demo" / "talk.flac")
    parts = [block.samples for block in recording.blocks(recording.survey().gain)]
    return np.concatenate(parts)[: int(seconds * RATE)]


@pytest.fixture(scope="module")
def demo_pair() -> VoicePair:
    voices = [enrol_recording(FIXTURES / "demo" / f"enrol_{who}.flac") for who in "ab"]
    return pair_voices(voices[0], voices[1], load_background())


# SpeechDetector


@pytest.mark.parametrize("make", [SileroDetector, MarkedDetector])
def test_a_detector_answers_once_a_block(make: Callable[[], SpeechDetector]) -> None:
    detector = make()
    assert 2560 % detector.block_samples == 0
    for count in (1, 5, 40):
        answers = detector.process(np.zeros(count * detector.block_samples, np.float32))
        assert answers.shape == (count,)
        assert answers.dtype == np.float32
        assert ((answers >= 0) & (answers <= 1)).all()
        assert (answers < 0.25).all()


def test_silero_streams_the_same_however_it_is_cut() -> None:
    audio = demo_audio(40.0)  # across a reset of its state
    audio = audio[: len(audio) // 2560 * 2560]
    hops = SileroDetector(), SileroDetector()
    one = np.concatenate([hops[0].process(audio[p : p + 2560]) for p in range(0, len(audio), 2560)])
    two = np.concatenate([hops[1].process(audio[p : p + 512]) for p in range(0, len(audio), 512)])
    np.testing.assert_allclose(one, two, atol=0.05)
    assert 0.3 < (one > 0.5).mean() < 0.98


# VoiceComparer


@pytest.mark.parametrize("kind", [SpeakerNetwork, HindsightNetwork, MarkedComparer])
def test_a_comparer_answers_late_by_a_fixed_number_of_frames(
    kind: type[SpeakerNetwork | HindsightNetwork | MarkedComparer], demo_pair: VoicePair
) -> None:
    comparer: VoiceComparer = MarkedComparer() if kind is MarkedComparer else kind(demo_pair, load_background())
    analyser, answered = FrameAnalyser(), 0
    for place in range(0, RATE, 2560):
        frames = analyser.process(babble(1.0)[place : place + 2560])
        answers = comparer.process(frames, np.ones(len(frames), np.float32))
        assert answers.shape == (len(frames), 5)
        np.testing.assert_allclose(np.exp(answers).sum(axis=1), 1.0, atol=1e-3)
        answered += len(answers)
    assert answered > 40
    assert comparer.delay_frames >= 10


@pytest.mark.parametrize("learns", [False, True])
def test_a_first_impression_comes_sooner_and_tells_much_the_same(*, learns: bool, demo_pair: VoicePair) -> None:
    background = load_background()
    comparer: StreamingComparer = SpeakerNetwork(demo_pair, background)
    if learns:
        first, second = (enrol_recording(FIXTURES / "demo" / f"enrol_{who}.flac") for who in "ab")
        comparer = AdaptingNetwork((first, second), background)
    assert comparer.impression_delay_frames < comparer.delay_frames
    analyser, audio, said, thought = FrameAnalyser(), demo_audio(12.0), [], []
    for place in range(0, len(audio), 2560):
        frames = analyser.process(audio[place : place + 2560])
        said.append(comparer.process(frames, np.full(len(frames), 0.9, np.float32)))
        thought.append(comparer.impression)
        assert thought[-1].shape == said[-1].shape
    later = comparer.delay_frames - comparer.impression_delay_frames
    sooner, answers = np.concatenate(thought), np.concatenate(said)
    both = slice(comparer.impression_delay_frames, len(answers) - later)
    agree = sooner[both].argmax(axis=1) == answers[later:][both].argmax(axis=1)
    assert agree.mean() > 0.9


@pytest.mark.parametrize(("kind", "seconds"), [(SpeakerNetwork, 12.0), (HindsightNetwork, 66.0)])
def test_a_network_is_symmetric_and_streams_the_same_however_it_is_cut(
    kind: type[SpeakerNetwork | HindsightNetwork], seconds: float, demo_pair: VoicePair
) -> None:
    audio, background = demo_audio(seconds), load_background()
    swapped = replace(demo_pair, first=demo_pair.second, second=demo_pair.first, spectra=demo_pair.spectra[::-1])

    def answers(pair: VoicePair, hop: int) -> np.ndarray:
        network, analyser, parts = kind(pair, background), FrameAnalyser(), []
        for place in range(0, len(audio), hop):
            frames = analyser.process(audio[place : place + hop])
            if len(frames):
                parts.append(network.process(frames, np.full(len(frames), 0.9, np.float32)))
        return np.concatenate(parts)

    small, large = answers(demo_pair, 2560), answers(demo_pair, len(audio))
    np.testing.assert_allclose(small, large, atol=2e-3)
    np.testing.assert_allclose(answers(swapped, 2560), small[:, [0, 2, 1, 3, 4]], atol=2e-3)


# Transcriber


UTTERED = Segment(30 * RATE, 35 * RATE)


@pytest.fixture(params=["moonshine", "whisper", "script"])
def transcriber(request: pytest.FixtureRequest, tmp_path: Path) -> Transcriber:
    if request.param == "script":
        return ScriptedTranscriber({(Speaker.A, UTTERED): "hello there"})
    if request.param == "whisper":
        request.getfixturevalue("stubbed_whisper")
        return WhisperTranscriber(stubs.whisper_folder(tmp_path / "small"))
    request.getfixturevalue("moonshine_model")
    return MoonshineTranscriber()


def test_a_transcriber_gives_words(transcriber: Transcriber) -> None:
    before, after = RATE // 20, RATE // 7
    samples = demo_audio(UTTERED.seconds + (before + after) / RATE)
    words = transcriber.transcribe(Utterance(0, Speaker.A, UTTERED), UTTERED.start - before, samples).words
    assert transcriber.name
    assert words
    assert all(isinstance(word, Word) and word.text and " " not in word.text for word in words)
    for word in words:
        assert word.probability is None or 0 <= word.probability <= 1
        assert word.segment is None or UTTERED.start - before <= word.segment.start <= word.segment.end
        assert word.segment is None or word.segment.end <= UTTERED.end + after


@pytest.mark.usefixtures("moonshine_model")
def test_moonshine_writes_down_what_is_said() -> None:
    samples = demo_audio(8.0)
    words = MoonshineTranscriber().transcribe(Utterance(0, Speaker.A, Segment(0, len(samples))), 0, samples).words
    assert len(words) >= 5


def test_whisper_loads_only_whole_models_from_folders(tmp_path: Path) -> None:
    for name in ("model.bin", "config.json"):
        (tmp_path / name).touch()
    with pytest.raises(MissingPart, match=r"not a whole Whisper model: tokenizer\.json is missing"):
        WhisperTranscriber(tmp_path)
    (tmp_path / "tokenizer.json").touch()
    (tmp_path / "vocabulary.json").write_text("[]", encoding="utf-8")
    with pytest.raises(MissingPart, match="does not load"):
        WhisperTranscriber(tmp_path)


# Renderer


@pytest.fixture(params=["system", "tone"])
def renderer(request: pytest.FixtureRequest) -> Renderer:
    if request.param == "tone":
        return ToneRenderer()
    request.getfixturevalue("system_voice")
    return SystemVoice(VoiceOptions(), "en")


def test_a_renderer_gives_audible_sound_of_a_sensible_length(renderer: Renderer) -> None:
    samples = renderer.render(CUE)
    assert renderer.name
    assert samples.dtype == np.float32
    assert samples.ndim == 1
    assert 1.0 < len(samples) / RATE < 8.0
    assert 0.05 < np.abs(samples).max() <= 1.0


@pytest.mark.usefixtures("system_voice", "moonshine_model")
def test_what_the_system_voice_says_can_be_understood() -> None:
    samples = SystemVoice(VoiceOptions(), "en").render(CUE)
    words = MoonshineTranscriber().transcribe(Utterance(0, Speaker.A, Segment(0, len(samples))), 0, samples).words
    heard = " ".join(word.text for word in words).lower()
    assert "slow down" in heard


@pytest.mark.usefixtures("system_voice")
def test_rate_and_volume_are_heard() -> None:
    usual = SystemVoice(VoiceOptions(), "en").render(CUE)
    slow = SystemVoice(VoiceOptions(rate=90), "en").render(CUE)
    soft = SystemVoice(VoiceOptions(volume=0.2), "en").render(CUE)
    assert len(slow) > 1.3 * len(usual)
    assert np.abs(soft).max() < 0.5 * np.abs(usual).max()


@pytest.mark.usefixtures("system_voice")
def test_a_voice_that_has_gone_falls_back_to_the_systems_own() -> None:
    voice = SystemVoice(VoiceOptions(voice="no-such-voice"), "en")
    assert len(voice.render(CUE)) > RATE
    assert voice.name.endswith("default voice")


def test_if_nothing_can_say_it_the_reasons_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("sys.executable", "/no/python")
    with pytest.raises(EngineFailed, match=r"pyttsx3: it does not start.*espeak-ng: not on this machine"):
        SystemVoice(VoiceOptions(), "en").render(CUE)


def test_a_voice_that_hangs_is_stopped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\nexec sleep 60\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(program))
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(EngineFailed, match="it took over 1 s and was stopped"):
        SystemVoice(VoiceOptions(timeout_seconds=1.0), "en").render(CUE)
