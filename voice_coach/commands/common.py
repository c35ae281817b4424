"""What the commands share: settings, output, and notes about what is amiss."""

from __future__ import annotations

import sys
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

import platformdirs
from rich.console import Console
from rich.text import Text

from voice_coach import resources
from voice_coach.characters import spelled_out
from voice_coach.config import Settings, load_settings
from voice_coach.engines.choosing import choose_transcriber, with_expectations
from voice_coach.figures import Report
from voice_coach.lexicon import Lexicon
from voice_coach.ports import Transcriber
from voice_coach.review.exports import to_json
from voice_coach.review.terminal import print_summary

INTERRUPTED = 130
LANGUAGE = "en"


class Output(Console):
    """Leaves it to the command line what to do where nobody reads any more; rich would end the program with 1."""

    def on_broken_pipe(self) -> None:
        """Nobody reads any more."""
        raise BrokenPipeError


def effective_settings(chosen: Namespace) -> Settings:
    """Defaults, the user's own file, files that were named, and flags, each over the one before."""
    own = Path(platformdirs.user_config_dir("voice-coach", appauthor=False)) / "config.toml"
    files = [resources.config_folder() / "default.toml", *([own] if own.is_file() else []), *chosen.config]
    settings = load_settings(files)
    if getattr(chosen, "words", None):
        settings = replace(settings, words=replace(settings.words, engine=chosen.words))
    return settings


def tell(console: Console, line: str) -> None:
    """Print a line as it is: `Text` is searched neither for markup nor for emoji codes, as a name may hold both."""
    console.print(Text(spelled_out(line)), soft_wrap=True)


def note(chosen: Namespace, line: str) -> None:
    """Tell what is amiss and does not stop the work."""
    if not chosen.quiet:
        sys.stderr.write(f"voice-coach: {spelled_out(line)}\n")


def transcriber_for(chosen: Namespace, settings: Settings, lexicon: Lexicon) -> Transcriber | None:
    """The engine for the words; tells of those that are installed and do not load."""
    choice = choose_transcriber(settings.words, LANGUAGE)
    instead = f"words by {choice.transcriber.name} instead" if choice.transcriber else "no words are written down"
    for reason in choice.passed_over:
        note(chosen, f"{reason}; {instead}")
    return with_expectations(choice.transcriber, lexicon.expected_sentences)


def show_report(chosen: Namespace, report: Report, page: Path) -> None:
    """Print a report, as JSON or as a summary that names its page."""
    if chosen.json:
        sys.stdout.write(to_json(report))
    elif not chosen.quiet:
        print_summary(report, Output(), page)
