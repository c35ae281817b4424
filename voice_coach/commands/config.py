"""Every setting: what it is, and where that comes from."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Sequence
from itertools import groupby

from rich.text import Text

from voice_coach.commands.common import Output, own_settings_file, setting_layers
from voice_coach.config import Setting, effective, nearest
from voice_coach.errors import UsageError


def config(chosen: Namespace) -> int:
    """Show the settings, all of them or those below a name."""
    layers = setting_layers(chosen)
    default = layers[0].source
    settings = _below(effective(layers), chosen.name)
    if chosen.json:
        told = {s.name: {"value": s.value, "source": _short(s, default)} for s in settings}
        sys.stdout.write(json.dumps(told, indent=2, ensure_ascii=False) + "\n")
    elif not chosen.quiet:
        _print(settings, default)
    return 0


def _below(settings: Sequence[Setting], name: str | None) -> Sequence[Setting]:
    if name is None:
        return settings
    found = [setting for setting in settings if f"{setting.name}.".startswith(f"{name}.")]
    if not found:
        raise UsageError(f"there is no setting {name}{nearest(name)}")
    return found


def _short(setting: Setting, default: str) -> str:
    return "default" if setting.source == default else setting.source


def _print(settings: Sequence[Setting], default: str) -> None:
    """A table for each group, what is not the default in bold, and told whose it is."""
    output = Output()
    width = max(len(setting.name.rpartition(".")[2]) for setting in settings)
    for table, group in groupby(settings, key=lambda setting: setting.name.rpartition(".")[0]):
        output.print(Text(f"[{table}]", style="bold"), soft_wrap=True)
        for setting in group:
            key, own = setting.name.rpartition(".")[2], setting.source != default
            line = f"{key:<{width}} = {json.dumps(setting.value, ensure_ascii=False):<8}"
            shown = f"{line}  # {_short(setting, default)}" if own else line.rstrip()
            output.print(Text(shown, style="bold" if own else ""), soft_wrap=True)
    output.print(Text(f"Your own settings go into {own_settings_file()}"), soft_wrap=True)
