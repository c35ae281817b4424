"""The figures of a session, its page, and its exports."""

from __future__ import annotations

import sys
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

from voice_coach import afterwards, resources, session
from voice_coach.characters import spelled_out
from voice_coach.commands.across import review_all
from voice_coach.commands.browser import open_page
from voice_coach.commands.common import effective_settings, show_report
from voice_coach.config import Settings
from voice_coach.engines.choosing import Wanted, choose_transcriber
from voice_coach.engines.model_store import find_model
from voice_coach.engines.whisper import is_model
from voice_coach.errors import InputError, MissingPart, UsageError
from voice_coach.figures import Report
from voice_coach.lexicon import Lexicon, load_lexicon
from voice_coach.progress import Listening
from voice_coach.review.exports import FORMATS, ON_REQUEST
from voice_coach.review.files import write_text
from voice_coach.second_writing import recording_of, write_again


def review(chosen: Namespace) -> int:
    """Show a session, put something right about it, or export it."""
    settings = effective_settings(chosen)
    if chosen.all:
        return review_all(chosen, settings)
    folder = afterwards.find_session(chosen.session)
    if chosen.model is not None:
        _write_again(chosen, settings, folder)
    noted = (*chosen.fix, *(f"agreed {text}" for text in chosen.agreed), *(f"next {text}" for text in chosen.next))
    for text in noted:
        afterwards.put_right(folder, text)
    report = session.load_report(folder)
    if noted or chosen.model is not None or not chosen.export:
        session.write_review(report, folder)
    for name, target in chosen.export:
        _export(chosen, report, name, Path(target))
    if not chosen.export:
        show_report(chosen, report, folder / session.PAGE_NAME)
        open_page(chosen, settings, folder / session.PAGE_NAME)
    return 0


def _export(chosen: Namespace, report: Report, name: str, target: Path) -> None:
    formats = {**FORMATS, **ON_REQUEST}
    if name not in formats:
        raise UsageError(f"there is no format {name}; there are {', '.join(formats)}")
    file, make = formats[name]
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{target} cannot be made: {error.strerror}") from error
    written = write_text(target, file, make(report))
    if not chosen.quiet:
        sys.stdout.write(f"{spelled_out(str(written))}\n")


def _write_again(chosen: Namespace, settings: Settings, folder: Path) -> None:
    """Write a session's words down again, by the model that is asked for."""
    report = session.load_report(folder)
    lexicon = _lexicon(report.session.language or settings.words.language)
    model = find_model(chosen.model) or Path(chosen.model)
    if not is_model(model):
        raise MissingPart(f"no model {chosen.model} is here; voice-coach models list shows which there are")
    words = replace(settings.words, engine="whisper", whisper_model=str(model))
    names = [speaker.name for speaker in report.speakers]
    transcriber = choose_transcriber(words, Wanted(lexicon.language, names)).transcriber
    recording = recording_of(folder, chosen.audio)
    gain = recording.survey().gain
    with Listening(recording.stated_seconds, quiet=chosen.quiet or chosen.json) as listening:
        blocks = listening.follow("Writing down", recording.blocks(gain))
        if transcriber is not None:
            write_again(folder, blocks, transcriber, lexicon, settings)


def _lexicon(language: str) -> Lexicon:
    """Language data of a session's language; English where it is not known."""
    file = resources.language_folder() / f"{language}.toml"
    return load_lexicon(file if file.is_file() else file.with_name("en.toml"))
