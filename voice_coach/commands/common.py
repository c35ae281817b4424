"""What the commands share: settings, output, and notes about what is amiss."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import platformdirs
from rich.console import Console
from rich.text import Text

from voice_coach import resources
from voice_coach.characters import spelled_out
from voice_coach.config import Layer, Settings, environment_layers, file_layer, settings_of
from voice_coach.engines.choosing import Wanted, choose_transcriber, with_expectations
from voice_coach.engines.voices import usable
from voice_coach.figures import Report
from voice_coach.learnt import learnt_layers
from voice_coach.lexicon import Languages, load_lexica, load_lexicon
from voice_coach.ports import Transcriber
from voice_coach.review.exports import to_json
from voice_coach.review.terminal import print_summary
from voice_coach.voice import VoiceOptions

INTERRUPTED = 130


class Output(Console):
    """Leaves it to the command line what to do where nobody reads any more; rich would end the program with 1."""

    def on_broken_pipe(self) -> None:
        """Nobody reads any more."""
        raise BrokenPipeError


def own_settings_file() -> Path:
    """Where the user's own settings lie, if there are any."""
    return Path(platformdirs.user_config_dir("voice-coach", appauthor=False)) / "config.toml"


def setting_layers(chosen: Namespace) -> list[Layer]:
    """All that makes the settings, the more important later.

    Defaults, what was learnt from corrections, the user's own file, environment variables, files that are named on the
    command line, and other flags.
    """
    default, own = file_layer(resources.config_folder() / "default.toml"), own_settings_file()
    layers = [default, *learnt_layers()]
    layers += [file_layer(own)] if own.is_file() else []
    layers += [*environment_layers(os.environ), *map(file_layer, chosen.config)]
    for flag, setting in (("words", "engine"), ("language", "language")):
        if getattr(chosen, flag, None):
            layers.append(Layer(f"--{flag}", {"words": {setting: getattr(chosen, flag)}}))
    return layers


def effective_settings(chosen: Namespace) -> Settings:
    """The settings of all layers."""
    return settings_of(setting_layers(chosen))


def language_of(settings: Settings) -> str:
    """The language that the coach begins in: the one that is set, or English until another is heard."""
    return settings.words.language_set or "en"


def tell(console: Console, line: str) -> None:
    """Print a line as it is: `Text` is searched neither for markup nor for emoji codes, as a name may hold both."""
    console.print(Text(spelled_out(line)), soft_wrap=True)


def note(chosen: Namespace, line: str) -> None:
    """Tell what is amiss and does not stop the work."""
    if not chosen.quiet:
        sys.stderr.write(f"voice-coach: {spelled_out(line)}\n")


@dataclass(frozen=True, slots=True)
class Writing:
    """What writes the words down, if anything, in which language, and a line that tells people so."""

    transcriber: Transcriber | None
    languages: Languages
    told: str


def writing_for(chosen: Namespace, settings: Settings, names: Sequence[str] = (), *, live: bool = False) -> Writing:
    """The engine for the words of a talk; tells of those that are installed and do not load.

    Parameters
    ----------
    names : what the two people are called, if that is known.
    live : whether it has to keep up with the talk.
    """
    language = settings.words.language_set
    choice = choose_transcriber(settings.words, Wanted(language, names, live))
    instead = f"words by {choice.transcriber.name} instead" if choice.transcriber else "no words are written down"
    for reason in choice.passed_over:
        note(chosen, f"{reason}; {instead}")
    folder = resources.language_folder()
    if language is None and choice.tells_languages:
        others = load_lexica(folder)
        return Writing(choice.transcriber, Languages(others["en"], others), choice.told)
    lexicon = load_lexicon(folder / f"{language or 'en'}.toml")  # what tells no languages knows English only
    transcriber = with_expectations(choice.transcriber, lexicon.expected_sentences)
    told = choice.told if language or transcriber is None else f"{choice.told}, taken for English: it knows no other"
    return Writing(transcriber, Languages(lexicon), told)


def voice_for(chosen: Namespace, settings: Settings, language: str) -> VoiceOptions:
    """How the coach can sound on this machine; tells of a chosen voice that cannot be used."""
    options, notice = usable(settings.voice, language)
    if notice:
        note(chosen, notice)
    return options


def show_report(chosen: Namespace, report: Report, page: Path) -> None:
    """Print a report, as JSON or as a summary that names its page."""
    if chosen.json:
        sys.stdout.write(to_json(report))
    elif not chosen.quiet:
        print_summary(report, Output(), page)
