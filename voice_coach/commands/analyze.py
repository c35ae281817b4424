"""The whole loop on a recording: `demo` and `analyze`."""

from __future__ import annotations

import json
import os
import sys
from argparse import Namespace
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from rich.console import Console

from voice_coach import resources, session
from voice_coach.commands.common import (
    INTERRUPTED,
    Output,
    effective_settings,
    note,
    show_report,
    tell,
    voice_for,
    writing_for,
)
from voice_coach.config import Settings
from voice_coach.engines.devices import Devices
from voice_coach.engines.kept import KeptFrames
from voice_coach.engines.loudspeaker import play_aloud
from voice_coach.engines.mixdown import check_target, mix, write_wav
from voice_coach.engines.model_store import installed_models
from voice_coach.engines.recording import CLIPPED_SHARE, Recording, Survey
from voice_coach.engines.renderer import SystemVoice
from voice_coach.errors import InputError, MissingPart, UsageError
from voice_coach.events import AudioBlock
from voice_coach.progress import Listening
from voice_coach.review.wording import counted
from voice_coach.runner import Said


@dataclass(frozen=True, slots=True)
class _Talk:
    """A recorded talk that is to go through the loop.

    `source` is what it is called afterwards; `fingerprint` tells it from others, if `source` does not. `model` is the
    Whisper model for it where nobody has another.
    """

    recording: Recording
    source: str
    fingerprint: str | None
    speakers: Sequence[tuple[str, Path]]
    out: Path | None
    render: Path | None
    model: Path | None = None


def demo(chosen: Namespace) -> int:
    """The whole loop on the bundled talk."""
    folder = resources.demo_folder()
    names = json.loads((folder / "truth.json").read_text(encoding="utf-8"))["names"]
    speakers = [(names["A"], folder / "enrol_a.flac"), (names["B"], folder / "enrol_b.flac")]
    out = chosen.out or session.sessions_folder() / "demo"
    recording = Recording(folder / "talk.flac")
    mixed = out / "talk_with_prompts.wav"
    talk = _Talk(recording, "the bundled talk", None, speakers, out, mixed, resources.demo_model())
    code, said = _hear(chosen, talk)
    if chosen.quiet or chosen.json:
        return code
    console = Output()
    if code == 0:
        _play(said, effective_settings(chosen).devices.loudspeaker, console)
        tell(console, f"The talk with the coach in it: {talk.render}")
    tell(console, f"The review: {out / session.PAGE_NAME}")
    return code


def _play(said: Sequence[Said], wanted: str, console: Console) -> None:
    """Play what the coach said, where there is an output."""
    try:
        play_aloud([sentence.samples for sentence in said], Devices(), wanted)
    except MissingPart as reason:
        tell(console, f"The coach was not played: {reason}.")


def analyze(chosen: Namespace) -> int:
    """The whole loop on a recording of the user's."""
    if len(chosen.speaker) not in {0, 2}:
        raise UsageError("give --speaker twice, once for each person, or not at all")
    if len({name for name, _ in chosen.speaker}) != len(chosen.speaker):
        raise UsageError("the two people need different names")
    source = os.fsencode(chosen.audio).decode("utf-8", "replace")  # what a disk calls it need not be text
    heard = (chosen.audio, *(file for _, file in chosen.speaker))
    if chosen.render is not None and any(_is_same(chosen.render, file) for file in heard):
        raise UsageError(f"--render {chosen.render} would overwrite a recording that is to be heard; choose another")
    recording = Recording(chosen.audio)
    talk = _Talk(recording, source, recording.fingerprint, chosen.speaker, chosen.out, chosen.render)
    return _hear(chosen, talk)[0]


def _is_same(one: Path, other: Path) -> bool:
    """Whether two names are of one file."""
    try:
        return one.samefile(other)
    except OSError:  # one of them is not there
        return False


def _hear(chosen: Namespace, talk: _Talk) -> tuple[int, Sequence[Said]]:
    """Run a recorded talk through the loop, and show it; returns the exit code and what the coach said."""
    recording, settings = talk.recording, _settings(chosen, talk)
    folder = session.choose_folder(talk.out, talk.fingerprint or talk.source, datetime.now().astimezone())
    if talk.render is not None:
        check_target(talk.render, coming=folder)
    with Listening(recording.stated_seconds, quiet=chosen.quiet or chosen.json) as listening:
        with _nothing_to_save():
            survey = recording.survey(listening.follow("Measuring", recording.blocks()))
            gain = survey.gain
            _remark(chosen, survey, talk.source)
            writing = writing_for(chosen, settings, [name for name, _ in talk.speakers])
            language = writing.languages.first.language
            renderer = None if chosen.mute else SystemVoice(voice_for(chosen, settings, language), language)
            if talk.speakers:
                voices = session.enrol_voices(talk.speakers, lambda line: note(chosen, line), recording.rate)
            else:
                voices = _find_voices(talk, listening.follow("Finding the voices", recording.blocks(gain)))
        session.make_folder(folder)
        with KeptFrames(folder) as kept:
            ears = session.Ears(voices, writing.languages, settings, kept)
            engines = session.Engines(writing.transcriber, renderer)
            audio = recording.path
            done = session.RecordedSession(talk.source, audio, folder, ears, engines, fingerprint=talk.fingerprint)
            interrupted = not _run(done, listening.follow("Listening", recording.blocks(gain, both=True)))
    show_report(chosen, done.close(), folder / session.PAGE_NAME)
    if talk.render is not None and not interrupted:
        write_wav(talk.render, mix(recording.blocks(gain), done.said))
    return INTERRUPTED if interrupted else 0, done.said


def _settings(chosen: Namespace, talk: _Talk) -> Settings:
    """Settings, with the talk's own model where Whisper is wished for and nobody has another."""
    settings = effective_settings(chosen)
    words = settings.words
    if talk.model is None or words.engine != "whisper" or words.whisper_model or installed_models():
        return settings
    return replace(settings, words=replace(words, whisper_model=str(talk.model)))


def _remark(chosen: Namespace, survey: Survey, source: str) -> None:
    """Say what is wrong with a recording that can be heard all the same."""
    if survey.clipped_share >= CLIPPED_SHARE:
        share = f"{survey.clipped_share:.1%} of its length"
        note(chosen, f"{source} is clipped for {share}: loudness and voices are less certain")
    if survey.damaged_packets:
        damaged = counted(survey.damaged_packets, ("piece of it", "pieces of it"))
        note(chosen, f"{source} is damaged: {damaged} could not be read")


@contextmanager
def _nothing_to_save() -> Iterator[None]:
    """Before the loop has begun, say so where somebody interrupts: there is no session yet."""
    try:
        yield
    except KeyboardInterrupt:
        sys.stderr.write("voice-coach: interrupted before the talk was heard; there is no session to save\n")
        raise


def _find_voices(talk: _Talk, blocks: Iterable[AudioBlock]) -> session.Voices:
    try:
        return session.discover_voices(blocks)
    except InputError as error:
        raise InputError(f"{talk.source}: {error}") from error


def _run(done: session.RecordedSession, blocks: Iterable[AudioBlock]) -> bool:
    """Run a talk, and hear it again; returns whether that came to its end."""
    try:
        for _ in done.run(blocks):
            pass
        done.hear_again()
    except KeyboardInterrupt:
        return False
    return True
