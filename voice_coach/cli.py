"""The command line: commands, exit codes, and nothing heavy until a command needs it."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from voice_coach import __version__
from voice_coach.characters import can_be_shown, spelled_out
from voice_coach.errors import CoachError
from voice_coach.interrupts import interruptible
from voice_coach.offline import stay_offline
from voice_coach.one_thread import use_one_thread

INTERRUPTED = 130
_BUG = 1


def _name(text: str) -> str:
    name = text.strip()
    if not name or not can_be_shown(name):
        raise argparse.ArgumentTypeError(f"{name!r} cannot be shown as a name")
    return name


def _speaker(text: str) -> tuple[str, Path]:
    before, equals, file = text.partition("=")
    if not equals or not before.strip() or not file:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=AUDIO")
    return _name(before), Path(file)


class _Parser(argparse.ArgumentParser):
    """Shows what it was given in one line, whatever it holds."""

    def error(self, message: str) -> NoReturn:
        super().error(spelled_out(message))


def build_parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    parser = _Parser(
        prog="voice-coach",
        description="A quiet companion for a heart-to-heart. Nothing leaves this machine.",
        epilog="Exit codes: 0 done, 2 usage, 3 bad input, 4 something lacks, 130 interrupted.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    common = _common(config=[])
    loop = _Parser(add_help=False)
    loop.add_argument("--out", type=Path, metavar="DIR", help="where the session goes (default: your data folder)")
    engines, languages = ("auto", "whisper", "moonshine", "off"), ("auto", "en", "de", "es", "fr")
    loop.add_argument("--words", choices=engines, metavar="ENGINE", help=f"words by {', '.join(engines)}")
    loop.add_argument("--language", choices=languages, metavar="CODE", help=f"they speak {', '.join(languages)}")
    loop.add_argument("--mute", action="store_true", help="show the coach's sentences instead of voicing them")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    demo = commands.add_parser("demo", parents=[common, loop], help="the whole loop on a bundled talk")
    demo.set_defaults(module="analyze", run="demo")

    _add_analyze(commands.add_parser("analyze", parents=[common, loop], help="the whole loop on a recording"))
    _add_talk(commands.add_parser("talk", parents=[common, loop], help="hold a talk at the table, hands-free"))

    check = commands.add_parser("check", parents=[common], help="see whether this machine is ready for a talk")
    check.set_defaults(module="check", run="check", words=None)

    enroll = commands.add_parser("enroll", parents=[common], help="learn a voice to be kept, from 10 to 20 s of speech")
    enroll.add_argument("name", type=_name, nargs="?", metavar="NAME", help="whose voice (default: list those kept)")
    enroll.add_argument("audio", type=Path, nargs="?", metavar="AUDIO", help="a recording (default: the microphone)")
    enroll.add_argument("--forget", action="store_true", help="forget the voice")
    enroll.add_argument("--mute", action="store_true", help="show the coach's sentences instead of voicing them")
    enroll.set_defaults(module="enroll", run="enroll", words="off")

    sessions = commands.add_parser("sessions", parents=[common], help="list sessions, forget or recover them")
    sessions.add_argument("--forget", metavar="NAME", help="remove a session for ever")
    sessions.add_argument("--forget-all", action="store_true", help="remove all sessions for ever")
    sessions.add_argument("--yes", action="store_true", help="with --forget-all: that is meant")
    sessions.add_argument("--recover", action="store_true", help="recover sessions that did not end properly")
    sessions.set_defaults(module="sessions", run="sessions")

    _add_models(commands, common)
    _add_review(commands.add_parser("review", parents=[common], help="the figures of a session, and its page"))

    _add_plan(commands.add_parser("plan", parents=[common], help="two minutes of preparation, together"))
    _add_voices(commands.add_parser("voices", parents=[common], help="the coach's voice: list, hear and choose"))

    config = commands.add_parser("config", parents=[common], help="every setting, and where it comes from")
    config.add_argument("name", nargs="?", metavar="NAME", help="only those below it, such as coaching.restraint")
    config.set_defaults(module="config", run="config")
    return parser


def _add_analyze(analyze: argparse.ArgumentParser) -> None:
    analyze.add_argument("audio", type=Path, metavar="AUDIO", help="a recording of a talk of two, in any usual format")
    analyze.add_argument(
        "--speaker",
        type=_speaker,
        action="append",
        default=[],
        metavar="NAME=AUDIO",
        help="a person's name and 10 s of their voice; give two, or none to find the voices",
    )
    analyze.add_argument("--render", type=Path, metavar="FILE", help="also write the talk with the coach in it, as WAV")
    analyze.set_defaults(module="analyze", run="analyze")


def _add_talk(talk: argparse.ArgumentParser) -> None:
    talk.add_argument("names", type=_name, nargs="*", metavar="NAME", help="what the two people are called")
    talk.add_argument("--minutes", type=float, metavar="N", help="after so long it offers to close, at a pause")
    talk.add_argument("--saved-voices", action="store_true", help="use the voices that were kept, without asking")
    talk.add_argument("--keep-voices", action="store_true", help="keep the voices that are learnt, for the next talk")
    plan_help = "say the plan, only show it in the review, or off"
    talk.add_argument("--plan", choices=("say", "show", "off"), metavar="HOW", help=plan_help)
    talk.add_argument("--keep-audio", action="store_true", help="keep the audio, so that it can be written down again")
    talk.set_defaults(module="talk", run="talk")


def _add_review(review: argparse.ArgumentParser) -> None:
    review.add_argument("session", type=Path, nargs="?", metavar="SESSION", help="its folder (default: the newest)")
    review.add_argument(
        "--export",
        nargs=2,
        action="append",
        default=[],
        metavar=("FORMAT", "DIR"),
        help="write json, csv, md, rttm, vtt, or the agreement as a page to print, to a folder",
    )
    review.add_argument(
        "--fix",
        action="append",
        default=[],
        metavar="CORRECTION",
        help="put something right: swap, rename OLD = NEW, not-interruption TIME, merge TIME, split TIME TIME, undo",
    )
    review.add_argument("--all", action="store_true", help="the last talks side by side")
    review.add_argument("--agreed", action="append", default=[], metavar="TEXT", help="note what you agreed on")
    review.add_argument("--next", action="append", default=[], metavar="WHEN", help="note when you talk again")
    review.add_argument("--words", dest="model", metavar="MODEL", help="write the words down again by this model")
    review.add_argument("--audio", type=Path, metavar="AUDIO", help="with --words: the recording, if it has moved")
    review.set_defaults(module="review", run="review")


def _said(text: str) -> tuple[str, str]:
    name, equals, said = (part.strip() for part in text.partition("="))
    if not equals or not said or not can_be_shown(name):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=SENTENCE")
    return name, said


def _add_plan(plan: argparse.ArgumentParser) -> None:
    for flag, what in (("--topic", "what a person would like to talk about"), ("--hope", "what a person hopes for")):
        plan.add_argument(flag, type=_said, action="append", default=[], metavar="NAME=SENTENCE", help=what)
    plan.add_argument("--minutes", type=int, metavar="N", help="how long you want to talk")
    plan.add_argument("--break", type=int, dest="pause", metavar="N", help="after how many minutes there is a break")
    plan.add_argument("--rule", action="append", default=[], metavar="SENTENCE", help="a ground rule of your own")
    plan.add_argument("--no-rules", action="store_true", help="no ground rules")
    plan.add_argument("--file", type=Path, metavar="FILE", help="take the plan from a TOML file")
    plan.add_argument("--show", action="store_true", help="only show the plan that there is")
    plan.add_argument("--forget", action="store_true", help="remove the plan")
    plan.set_defaults(module="plan", run="plan")


def _add_voices(voices: argparse.ArgumentParser) -> None:
    voices.add_argument("search", nargs="?", metavar="SEARCH", help="only voices with this in name or language")
    voices.add_argument("--all", action="store_true", help="voices of every language")
    voices.add_argument(
        "--preview", nargs="?", const="current", metavar="VOICE", help="say a sentence with it, by number or name"
    )
    voices.add_argument("--save", type=Path, metavar="FILE", help="write that sentence as WAV instead of playing it")
    voices.add_argument("--choose", metavar="VOICE", help="let it speak; default: the system's own")
    voices.add_argument("--veto", action="append", default=[], metavar="VOICE", help="never use it: either may say so")
    voices.add_argument("--allow", action="append", default=[], metavar="VOICE", help="take a veto back")
    voices.add_argument("--rate", type=int, metavar="N", help="words per minute, 80 to 400")
    voices.add_argument("--volume", type=float, metavar="X", help="0 to 1")
    voices.add_argument("--pause", type=float, metavar="S", help="seconds of silence before it speaks, 0 to 1")
    voices.set_defaults(module="voices", run="voices")


def _common(**defaults: Any) -> _Parser:
    """What every command takes; what has no default here is left as it was, where it is not given."""
    common = _Parser(add_help=False, argument_default=None if defaults else argparse.SUPPRESS)
    common.add_argument("--config", type=Path, action="append", metavar="FILE", help="settings, as TOML")
    common.add_argument("--quiet", action="store_true", help="print nothing but errors")
    common.add_argument("--json", action="store_true", help="print JSON, for machines, instead of lines")
    common.add_argument("--debug", action="store_true", help="show where an error came from")
    common.set_defaults(**defaults)
    return common


def _add_models(commands: Any, common: _Parser) -> None:
    models = commands.add_parser("models", parents=[common], help="models for words; `get` alone uses the network")
    models.set_defaults(module="models", run="models", action="list")
    actions, common = models.add_subparsers(dest="action", metavar="ACTION"), _common()
    actions.add_parser("list", parents=[common], help="what can be got, and what is here")
    get = actions.add_parser("get", parents=[common], help="download a model; what broke off is gone on with")
    get.add_argument("name", metavar="NAME", help="such as base.en")
    get.add_argument("--from-dir", type=Path, metavar="DIR", help="copy it from a folder instead")
    get.add_argument("--from-file", type=Path, metavar="FILE", help="take it out of a zip or tar file instead")
    actions.add_parser("bench", parents=[common], help="measure which engines keep up on this machine")
    verify = actions.add_parser("verify", parents=[common], help="check that models are as they came")
    path = actions.add_parser("path", parents=[common], help="where a model lies, or all of them")
    for action in (verify, path):
        action.add_argument("name", metavar="NAME", nargs="?")
    remove = actions.add_parser("remove", parents=[common], help="remove a model that was got")
    remove.add_argument("name", metavar="NAME")


def _flushed(code: int) -> int:
    """The exit code, everything written: here it is still known what to do if nobody reads it any more."""
    sys.stdout.flush()
    return code


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns its exit code."""
    stay_offline()
    use_one_thread()
    chosen = build_parser().parse_args(arguments)
    try:
        with interruptible():
            # Here and not above: numpy and all that follows it is not needed for --help, or to name a wrong option.
            from voice_coach import commands  # noqa: PLC0415

            return _flushed(commands.run(chosen))
    except CoachError as error:
        if chosen.debug:
            traceback.print_exc()
        else:
            sys.stderr.write(f"voice-coach: {spelled_out(str(error))}\n")
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone; that is theirs to decide.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if chosen.debug:
            traceback.print_exc()
        else:
            reason = spelled_out(f"{type(error).__name__}: {error}")
            sys.stderr.write(f"voice-coach: a bug: {reason}; --debug shows where\n")
        return _BUG
