"""The coach's voice: what this machine has, how each sounds, and which one speaks."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from itertools import groupby
from typing import Any

from rich.text import Text

from voice_coach import resources
from voice_coach.commands.common import Output, effective_settings, language_of, note, own_settings_file, tell
from voice_coach.engines.devices import Devices
from voice_coach.engines.loudspeaker import play_aloud
from voice_coach.engines.mixdown import write_wav
from voice_coach.engines.renderer import SystemVoice
from voice_coach.engines.voices import InstalledVoice, find_voice, list_voices, usable
from voice_coach.errors import EngineFailed, MissingPart, UsageError
from voice_coach.events import Cue
from voice_coach.lexicon import load_lexicon
from voice_coach.own_settings import change_settings
from voice_coach.review.wording import counted
from voice_coach.voice import VoiceOptions, no_louder

_PREVIEWED = "slow_down"
"""The rule whose sentence is said as a sample."""


def voices(chosen: Namespace) -> int:
    """List voices, let one be heard, or change how the coach sounds."""
    language = language_of(effective_settings(chosen))
    found = list_voices(language)
    changed = _changes(chosen, found)
    if changed:
        change_settings(own_settings_file(), "voice", changed)
        _say(chosen, f"Written to {own_settings_file()}; it holds from the next sentence on.")
    options = effective_settings(chosen).voice
    if chosen.preview is not None or (chosen.save is not None and not changed):
        voice = None if chosen.preview in {None, "current"} else find_voice(found, chosen.preview)
        return _preview(chosen, options if voice is None else replace(options, voice=voice.id), voice, language)
    if chosen.json:
        told = [
            {**asdict(one), "chosen": one.id == options.voice, "unwanted": one.id in options.unwanted} for one in found
        ]
        sys.stdout.write(json.dumps({"voice": asdict(options), "voices": told}, indent=2, ensure_ascii=False) + "\n")
    elif not changed and not chosen.quiet:
        _print(chosen, found, options, language)
    return 0


def _changes(chosen: Namespace, found: Sequence[InstalledVoice]) -> dict[str, Any]:
    """The settings that the command line asks to be changed."""
    changed: dict[str, Any] = {}
    now = effective_settings(chosen).voice
    unwanted = [*now.unwanted, *(find_voice(found, which).id for which in chosen.veto)]
    allowed = {find_voice(found, which).id for which in chosen.allow}
    unwanted = [voice for voice in dict.fromkeys(unwanted) if voice not in allowed]
    if tuple(unwanted) != now.unwanted:
        changed["unwanted"] = tuple(unwanted)
    if now.voice in unwanted:
        changed["voice"] = ""
    if chosen.choose is not None:
        voice = "" if chosen.choose == "default" else find_voice(found, chosen.choose).id
        if voice in unwanted:
            raise UsageError(f"one of you does not want the voice {voice}; --allow lets it speak again")
        changed["voice"] = voice
    wished = (("rate", chosen.rate), ("volume", chosen.volume), ("lead_seconds", chosen.pause))
    return changed | {name: value for name, value in wished if value is not None}


def _preview(chosen: Namespace, options: VoiceOptions, voice: InstalledVoice | None, language: str) -> int:
    """Say a real sentence of the coach, through the loudspeaker or into a file."""
    if voice is None:
        options, notice = usable(options, language)
        if notice:
            note(chosen, notice)
    text = load_lexicon(resources.language_folder() / f"{language}.toml").wordings[_PREVIEWED][0]
    speaker = SystemVoice(options, language)
    try:
        samples = speaker.render(Cue(0, _PREVIEWED, text, None, 0, 0, ()))
    except EngineFailed as error:
        raise MissingPart(f"{error}; cure: choose another voice with voice-coach voices") from error
    if options.voice and speaker.options.voice != options.voice:
        note(chosen, f"the voice {options.voice} could not say it; the system's own speaks instead")
    _say(chosen, f"{voice.name if voice else speaker.name}: {text}")
    if chosen.save is not None:
        write_wav(chosen.save, [samples])
        _say(chosen, f"Written to {chosen.save}")
    else:
        samples = no_louder(samples, options.loudest_db)
        play_aloud([samples], Devices(), effective_settings(chosen).devices.loudspeaker)
    return 0


def _say(chosen: Namespace, line: str) -> None:
    if not chosen.quiet and not chosen.json:
        tell(Output(), line)


def _print(chosen: Namespace, found: Sequence[InstalledVoice], options: VoiceOptions, language: str) -> None:
    """Voices by language: those of the coach's own, or those that a search finds, or all."""
    output = Output()
    shown = [one for one in found if one.matches(chosen.search)] if chosen.search else list(found)
    if not chosen.search and not chosen.all:
        shown = [one for one in found if one.language.split("-")[0] == language or one.id == options.voice]
    if not shown and chosen.search:
        raise UsageError(f"no voice is found by {chosen.search!r}")
    for line in _lines(shown, options):
        output.print(line, soft_wrap=True)
    if len(shown) < len(found):
        more = counted(len(found) - len(shown), ("voice is", "voices are"))
        tell(output, f"{more} not shown: voice-coach voices --all, or a word to search for")
    current, pause = options.voice or "the system's own", f"pause {options.lead_seconds:g} s"
    tell(output, f"Now: {current}, {options.rate} words a minute, volume {options.volume:g}, {pause}")
    tell(output, "Hear one: voice-coach voices --preview NUMBER. Take one: voice-coach voices --choose NUMBER")


def _lines(shown: Sequence[InstalledVoice], options: VoiceOptions) -> Iterator[Text]:
    width = max((len(one.name) for one in shown), default=0)
    for language, group in groupby(shown, key=lambda one: one.language.split("-")[0]):
        yield Text(language or "no language told", style="bold")
        for one in group:
            mark = "*" if one.id == options.voice else " "
            about = ", ".join(filter(None, (one.language, one.gender, one.engine)))
            unwanted = "  (unwanted)" if one.id in options.unwanted else ""
            yield Text(f"{mark}{one.number:>4}  {one.name:<{width}}  {about}{unwanted}")
