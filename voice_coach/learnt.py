"""What is learnt from corrections: one threshold, by a rule that can be said in a sentence.

Every "that was not an interruption" is kept as an example in `learnt.toml` in the user's data: which talk, when, and
for how long the two had spoken together before the one who held the floor stopped. From those examples

    margin_seconds = median of the examples - edge_seconds + 0.02 s, at least its default and at most 0.4 s

so that next time the pair's usual kind of early answer is not counted as an interruption, and one after 0.7 s or more
of speaking together always is. It is a layer of the settings like any other (`turns.overlaps.margin_seconds`, see
`voice-coach config`): the user's own settings outrank it, and who deletes the file, or a part of it, has it forgotten.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import platformdirs
import tomlkit

from voice_coach.config import Layer
from voice_coach.errors import UsageError
from voice_coach.overlaps import OverlapOptions
from voice_coach.review.files import write_text

_NAME = "learnt.toml"
_STEP_SECONDS = 0.02
LARGEST_MARGIN_SECONDS = 0.4
_MOST_EXAMPLES = 50
"""The newest of more count."""


@dataclass(frozen=True, slots=True)
class Example:
    """Something that was no interruption: in which session, where, and how long the two spoke together."""

    session: str
    at_seconds: float
    overlap_seconds: float


def learnt_file() -> Path:
    """Where the examples lie."""
    return Path(platformdirs.user_data_dir("voice-coach", appauthor=False)) / _NAME


def learnt_margin(examples: Sequence[Example]) -> float | None:
    """The margin that follows from examples, in seconds; `None` where it is the default."""
    default = OverlapOptions()
    if not examples:
        return None
    usual = median(example.overlap_seconds for example in examples[-_MOST_EXAMPLES:])
    margin = min(usual - default.edge_seconds + _STEP_SECONDS, LARGEST_MARGIN_SECONDS)
    return round(margin, 3) if margin > default.margin_seconds else None


def learnt_layers() -> tuple[Layer, ...]:
    """What was learnt, as settings; nothing where there is nothing to change.

    Raises
    ------
    UsageError
        If the file is damaged.
    """
    margin = learnt_margin(load_examples())
    if margin is None:
        return ()
    return (Layer(str(learnt_file()), {"turns": {"overlaps": {"margin_seconds": margin}}}),)


def load_examples() -> tuple[Example, ...]:
    """The examples so far.

    Raises
    ------
    UsageError
        If the file is damaged.
    """
    path = learnt_file()
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        return tuple(
            Example(str(one["session"]), float(one["at_seconds"]), float(one["overlap_seconds"]))
            for one in table.get("not_interruption", [])
        )
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise UsageError(f"{path} is damaged; delete it, and what was learnt is forgotten") from error


def learn(example: Example) -> None:
    """Keep an example; one of the same moment is replaced.

    Raises
    ------
    InputError
        If it cannot be written.
    """
    others = [one for one in load_examples() if (one.session, one.at_seconds) != (example.session, example.at_seconds)]
    _save([*others, example])


def unlearn(session: str, at_seconds: float) -> None:
    """Forget the example of a moment, because its correction was taken back.

    Raises
    ------
    InputError
        If it cannot be written.
    """
    examples = load_examples()
    kept = [one for one in examples if (one.session, one.at_seconds) != (session, at_seconds)]
    if len(kept) < len(examples):
        _save(kept)


def _save(examples: Sequence[Example]) -> None:
    document = tomlkit.document()
    document.add(tomlkit.comment("What you corrected as no interruption. From it follows how long two may speak"))
    document.add(tomlkit.comment("together before it counts as one. Delete any of it, and it is forgotten."))
    found = tomlkit.aot()
    for example in examples:
        table = tomlkit.table()
        table["session"] = example.session
        table["at_seconds"] = example.at_seconds
        table["overlap_seconds"] = example.overlap_seconds
        found.append(table)
    if examples:
        document["not_interruption"] = found
    write_text(learnt_file().parent, _NAME, tomlkit.dumps(document))
