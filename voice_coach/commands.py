"""What the commands do, behind the command line's parser."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import platformdirs
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from voice_coach import resources, session
from voice_coach.config import Settings, load_settings
from voice_coach.engines.choosing import choose_transcriber
from voice_coach.engines.mixdown import mix, write_wav
from voice_coach.engines.player import Player
from voice_coach.engines.recording import Recording, Survey
from voice_coach.engines.renderer import SystemVoice
from voice_coach.errors import InputError, MissingPart, UsageError
from voice_coach.figures import Report
from voice_coach.lexicon import load_lexicon
from voice_coach.review.exports import FORMATS, to_json
from voice_coach.review.files import write_text
from voice_coach.review.terminal import print_summary

INTERRUPTED = 130
LANGUAGE = "en"
_SLOW_SECONDS = 60.0
"""From this length of a talk on, its analysis takes over two seconds, and its progress is shown."""


def run(chosen: Namespace) -> int:
    """Run the command that was chosen; returns its exit code."""
    settings = _settings(chosen)
    return {"demo": _demo, "analyze": _analyze, "review": _review}[chosen.run](chosen, settings)


def _settings(chosen: Namespace) -> Settings:
    own = Path(platformdirs.user_config_dir("voice-coach", appauthor=False)) / "config.toml"
    files = [resources.config_folder() / "default.toml", *([own] if own.is_file() else []), *chosen.config]
    settings = load_settings(files)
    if getattr(chosen, "words", None):
        settings = replace(settings, words=replace(settings.words, engine=chosen.words))
    return settings


@dataclass(frozen=True, slots=True)
class _Talk:
    """A recorded talk that is to go through the loop."""

    audio: Path
    speakers: Sequence[tuple[str, Path]]
    out: Path | None
    render: Path | None


def _demo(chosen: Namespace, settings: Settings) -> int:
    folder = resources.demo_folder()
    names = json.loads((folder / "truth.json").read_text(encoding="utf-8"))["names"]
    speakers = [(names["A"], folder / "enrol_a.flac"), (names["B"], folder / "enrol_b.flac")]
    out = chosen.out or session.sessions_folder() / "demo"
    talk = _Talk(folder / "talk.flac", speakers, out, out / "talk_with_prompts.wav")
    code, done = _hear(chosen, settings, talk)
    console = Console()
    if not chosen.quiet and not chosen.json:
        console.print(f"The talk with the coach in it: {talk.render}", soft_wrap=True, highlight=False)
    if done.said and code == 0:
        _play(done, console, quiet=chosen.quiet or chosen.json)
    if not chosen.quiet and not chosen.json:
        console.print(f"Look at the review: {out / session.PAGE_NAME}", soft_wrap=True, highlight=False)
    return code


def _play(done: session.RecordedSession, console: Console, *, quiet: bool) -> None:
    """Play what the coach said, where there is an output."""
    try:
        player = Player()
        for said in done.said:
            player.play(said.samples)
    except MissingPart as reason:
        if not quiet:
            console.print(f"Not played here: {reason}.", highlight=False)


def _analyze(chosen: Namespace, settings: Settings) -> int:
    if len(chosen.speaker) not in {0, 2}:
        raise UsageError("give --speaker twice, once for each person, or not at all")
    if len({name for name, _ in chosen.speaker}) != len(chosen.speaker):
        raise UsageError("the two people need different names")
    talk = _Talk(chosen.audio, chosen.speaker, chosen.out, chosen.render)
    return _hear(chosen, settings, talk)[0]


def _hear(chosen: Namespace, settings: Settings, talk: _Talk) -> tuple[int, session.RecordedSession]:
    """Run a recorded talk through the loop, and show it."""
    recording = Recording(talk.audio)
    survey = recording.survey()
    lexicon = load_lexicon(resources.config_folder() / "language" / f"{LANGUAGE}.toml")
    transcriber = choose_transcriber(settings.words, LANGUAGE)
    renderer = None if chosen.mute else SystemVoice(settings.voice, LANGUAGE)
    folder = session.open_folder(talk.out, str(talk.audio), datetime.now().astimezone())
    voices = session.enrol_voices(talk.speakers) if talk.speakers else session.discover_voices(recording, survey)
    pipeline = session.build_pipeline(voices, lexicon, settings, with_words=transcriber is not None)
    done = session.RecordedSession(recording, survey, folder, pipeline, session.Engines(transcriber, renderer))
    interrupted = not _run_with_progress(done, survey, quiet=chosen.quiet or chosen.json)
    report = done.close()
    if talk.render is not None and not interrupted:
        write_wav(talk.render, mix(recording.blocks(survey.gain), done.said))
    _show(chosen, report, folder / session.PAGE_NAME)
    return INTERRUPTED if interrupted else 0, done


def _run_with_progress(done: session.RecordedSession, survey: Survey, *, quiet: bool) -> bool:
    """Run a talk with a bar on the terminal; returns whether it came to its end."""
    console = Console(stderr=True)
    hidden = quiet or not console.is_terminal or survey.seconds < _SLOW_SECONDS
    columns = (TextColumn("Listening"), BarColumn(), TextColumn("{task.percentage:.0f} %"), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=hidden) as progress:
        task = progress.add_task("", total=survey.seconds)
        try:
            for _ in done.run():
                progress.update(task, completed=min(done.heard_seconds, survey.seconds))
        except KeyboardInterrupt:
            return False
    return True


def _show(chosen: Namespace, report: Report, page: Path) -> None:
    if chosen.json:
        sys.stdout.write(to_json(report))
    elif not chosen.quiet:
        print_summary(report, Console(), page)


def _review(chosen: Namespace, settings: Settings) -> int:
    del settings
    root = session.sessions_folder()
    folder = chosen.session or session.newest_session(root.iterdir() if root.is_dir() else ())
    report = session.load_report(folder)
    if chosen.export is None:
        session.write_review(report, folder)
        _show(chosen, report, folder / session.PAGE_NAME)
        return 0
    name, target = chosen.export
    if name not in FORMATS:
        raise UsageError(f"there is no format {name}; there are {', '.join(FORMATS)}")
    file, make = FORMATS[name]
    try:
        Path(target).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{target} cannot be made: {error.strerror}") from error
    written = write_text(Path(target), file, make(report))
    if not chosen.quiet:
        sys.stdout.write(f"{written}\n")
    return 0
