"""Whether this machine is ready for a talk: one line for each thing, with the cure where something is amiss."""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, replace
from importlib.metadata import PackageNotFoundError, version

import numpy as np

from voice_coach import resources, session
from voice_coach.acoustics import Floats, mono
from voice_coach.checking import (
    SWEEPS,
    Finding,
    failed,
    find_echo,
    judge_echo,
    judge_gain,
    judge_microphone,
    judge_room,
    sweep,
)
from voice_coach.commands.common import Output, effective_settings, language_of, own_settings_file, tell
from voice_coach.config import Settings
from voice_coach.engines.choosing import Wanted, choose_transcriber
from voice_coach.engines.devices import Devices
from voice_coach.engines.loudspeaker import SystemLoudspeaker
from voice_coach.engines.microphone import SystemMicrophone, cure_for_silence
from voice_coach.engines.renderer import SystemVoice
from voice_coach.engines.sound_server import SoundServer
from voice_coach.engines.speed import bigger_model, load_clip, measure, remember, smaller_model
from voice_coach.engines.standard_error import StandardErrorAside
from voice_coach.errors import CoachError, MissingPart
from voice_coach.events import AudioBlock, Cue
from voice_coach.live.first_sound import judge_first_sound
from voice_coach.own_settings import change_settings
from voice_coach.segment import SAMPLE_RATE, to_samples

_LACKING = 4
_FIRST_SECONDS, _PATIENCE_SECONDS = 1.2, 8.0
_LAST_SECONDS = 0.8
_LEAST_FREE_MEGABYTES = 300.0
"""Three hours of a talk leave some 20 MB, its second hearing needs some 200 MB for a while."""
_SLOW_VOICE_SECONDS = 2.0
_WORDS_PATIENCE_SECONDS = 4.0
"""So long an engine is measured, at most one utterance longer: the whole check is to take less than 15 s."""
_EXTRAS = {
    "embedded": ("moonshine-voice", "an English words engine that needs no model"),
    "aec": ("livekit", "hears who speaks over the coach"),
}
_PACKAGES = ("faster-whisper", "sounddevice", "pyttsx3", "numpy", "onnxruntime", "av", "soxr")


def check(chosen: Namespace) -> int:
    """Look at everything a talk needs; 4 if anything is amiss."""
    settings = effective_settings(chosen)
    findings: list[Finding] = []
    console = None if chosen.quiet or chosen.json else Output()
    for finding in _findings(settings):
        findings.append(finding)
        if console is not None:
            mark, cure = ("✓", "") if finding.is_well else ("✗", f"; cure: {finding.cure}")
            tell(console, f"{mark} {finding.what}: {finding.found}{cure}")
    if chosen.json:
        sys.stdout.write(json.dumps([_as_json(finding) for finding in findings], indent=2, ensure_ascii=False) + "\n")
    return 0 if all(finding.is_well for finding in findings) else _LACKING


def _as_json(finding: Finding) -> dict[str, object]:
    return {**asdict(finding), "is_well": finding.is_well}


def _findings(settings: Settings) -> Iterator[Finding]:
    yield _packages()
    with StandardErrorAside():  # what PortAudio's hosts say of devices that nobody asked for
        yield from list(_sound(settings))
    yield _guarded("voice", lambda: _voice(settings))
    yield _guarded("words", lambda: _words(settings))
    yield _disk()
    yield _places()


def _guarded(what: str, find: Callable[[], Finding]) -> Finding:
    try:
        return find()
    except CoachError as error:
        return failed(what, error)


def _packages() -> Finding:
    versions, missing = [], []
    for package in _PACKAGES:
        try:
            versions.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            missing.append(package)
    extras = [_extra(name, *about) for name, about in _EXTRAS.items()]
    found = f"{platform.python_version()}, {', '.join(versions)}; {', '.join(extras)}"
    cure = f"python -m pip install {' '.join(missing)}" if missing else ""
    return Finding("python", found, cure)


def _extra(name: str, package: str, what: str) -> str:
    try:
        return f"extra {name} {version(package)}"
    except PackageNotFoundError:
        return f"no extra {name}, which {what} (pip install 'voice-coach[{name}]')"


def _sound(settings: Settings) -> Iterator[Finding]:
    """Microphone, room, loudspeaker and automatic gain, from one recording."""
    with closing(SoundServer()) as server:  # knows what the microphone is called
        yield from _heard_and_played(settings, server)


def _heard_and_played(settings: Settings, server: SoundServer) -> Iterator[Finding]:
    blocks: list[AudioBlock] = []
    try:
        devices = Devices()
        microphone = SystemMicrophone(devices, settings.devices.microphone, server)
        microphone.start(blocks.append, lambda _: None)
    except CoachError as error:
        yield failed("microphone", error)
        return
    try:
        if not _wait(lambda: len(_heard(blocks)) >= to_samples(_FIRST_SECONDS), _PATIENCE_SECONDS):
            reason = "the microphone delivers nothing; cure: choose another one in the sound settings"
            yield failed("microphone", MissingPart(reason))
            return
        quiet = _heard(blocks)
        played, starts = sweep(), list[int]()
        loudspeaker = _play(devices, settings, played, lambda seconds: starts.append(microphone.sample_at(seconds)))
        ended = len(_heard(blocks)) + to_samples(_LAST_SECONDS)
        _wait(lambda: len(_heard(blocks)) >= ended, _PATIENCE_SECONDS)
    finally:
        microphone.close()
    heard = _heard(blocks)
    yield judge_microphone(microphone.name, microphone.rate, heard)
    yield _guarded("room", lambda: judge_room(judge_first_sound(quiet, cure_for_silence())))
    if isinstance(loudspeaker, Finding):
        yield loudspeaker
        return
    echo = find_echo(played, heard, starts)
    yield _guarded("loudspeaker", lambda: _no_louder_than_people(judge_echo(loudspeaker, echo), settings))
    gain = judge_gain(echo)
    if gain is not None:
        yield gain


def _no_louder_than_people(found: Finding, settings: Settings) -> Finding:
    """How loud the coach may speak through this loudspeaker is set, and said; another check sets it anew."""
    loudest = found.figures.get("loudest_db")
    if loudest is None:
        return found
    if loudest != settings.voice.loudest_db:
        change_settings(own_settings_file(), "voice", {"loudest_db": loudest})
    bound = "as loud as it likes" if loudest >= 0 else f"at {loudest:.0f} dB at most, as loud as people"
    return replace(found, found=f"{found.found}; the coach speaks {bound}")


def _play(devices: Devices, settings: Settings, played: Floats, begun: Callable[[float], None]) -> str | Finding:
    """Play the sweeps; the name of the loudspeaker, or what is amiss with it."""
    try:
        with closing(SystemLoudspeaker(devices, settings.devices.loudspeaker)) as loudspeaker:
            for _ in range(SWEEPS):
                loudspeaker.play(played, begun)
    except CoachError as error:
        return failed("loudspeaker", error)
    return loudspeaker.name


def _heard(blocks: list[AudioBlock]) -> Floats:
    """Everything that was heard so far, in its place: zeros where something was lost."""
    taken = list(blocks)
    if not taken:
        return np.zeros(0, np.float32)
    heard = np.zeros(taken[-1].start_sample + len(taken[-1].samples), np.float32)
    for block in taken:
        heard[block.start_sample : block.start_sample + len(block.samples)] = mono(block.samples)
    return heard


def _wait(until: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not until():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _voice(settings: Settings) -> Finding:
    voice = SystemVoice(settings.voice, language_of(settings))
    began = time.monotonic()
    samples = voice.render(Cue(0, "", "Let's slow down a little. There is time.", None, 0, 0, ()))
    seconds = time.monotonic() - began
    found = f"{voice.name}; a sentence of {len(samples) / SAMPLE_RATE:.1f} s takes {seconds:.1f} s to render"
    cure = "choose a quicker voice: voice-coach voices" if seconds > _SLOW_VOICE_SECONDS else ""
    return Finding("voice", found, cure, {"render_seconds": seconds})


def _words(settings: Settings) -> Finding:
    """The words engine, how fast it is here, which is remembered, and which one would be better here."""
    language = settings.words.language_set
    choice = choose_transcriber(settings.words, Wanted(language, live=True))
    engine = choice.transcriber
    if engine is None:
        without = "turns and interruptions are heard, words are not written down"
        if settings.words.engine == "off":
            return Finding("words", f"off, as you set it: {without}")
        return Finding("words", f"no engine: {without}", _first_engine(language))
    speed = measure(engine, load_clip(resources.demo_folder() / "enrol_a.flac"), _WORDS_PATIENCE_SECONDS)
    remember({engine.name: speed})
    found, cure, multilingual = replace(choice, speed=speed).told, "", language not in {None, "en"}
    if not speed.keeps_up:
        smaller = smaller_model(engine.name, speed, multilingual=multilingual)
        cure = f"voice-coach models get {smaller}" if smaller else "close other programs, or talk with --words off"
    elif bigger := bigger_model(engine.name, speed, multilingual=multilingual):
        found = f"{found}; recommended: {bigger} should keep up too (voice-coach models get {bigger})"
    return Finding("words", found, cure, {"work_seconds": speed.seconds, "machine_share": speed.machine_share})


def _first_engine(language: str | None) -> str:
    """How to come by words where there is no engine: what needs no model knows English, and is not there for macOS."""
    if language not in {None, "en"}:
        return "voice-coach models get base"
    return (
        "voice-coach models get base.en"
        if sys.platform == "darwin"
        else "python -m pip install 'voice-coach[embedded]'"
    )


def _disk() -> Finding:
    folder = session.sessions_folder()
    there = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(there).free / 1e6
    if not os.access(there, os.W_OK):
        return Finding("disk", f"{there} cannot be written", f"make it yours: sudo chown -R $USER '{there}'")
    cure = "" if free >= _LEAST_FREE_MEGABYTES else f"free some space on the disk of {there}"
    return Finding("disk", f"{free / 1000:.1f} GB free", cure, {"free_megabytes": free})


def _places() -> Finding:
    """What is kept where, all of it on this machine."""
    kept = f"sessions in {session.sessions_folder()}, voices in {session.voices_folder()}"
    return Finding("kept", f"{kept}; audio nowhere, unless it is asked for")
