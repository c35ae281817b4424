"""Where the plan of the next talk is kept: `plan.toml` in the user's data, for nobody else's eyes."""

from __future__ import annotations

import tomllib
from pathlib import Path

import platformdirs
import tomlkit

from voice_coach.errors import InputError, UsageError
from voice_coach.plan import DEFAULT_RULES, Plan, plan_of
from voice_coach.review.files import write_text

_NAME = "plan.toml"


def plan_file() -> Path:
    """Where the plan lies."""
    return Path(platformdirs.user_data_dir("voice-coach", appauthor=False)) / _NAME


def load_plan(file: Path | None = None) -> Plan | None:
    """The plan of the next talk, or of a file; `None` if there is none yet.

    Raises
    ------
    InputError
        If a file that is named is not there, or cannot be read.
    UsageError
        If it is no plan.
    """
    path = file or plan_file()
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if file is None:
            return None
        raise InputError(f"{path} is not there") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise UsageError(f"{path} is not a plan: {error}") from error
    try:
        return plan_of(table)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error


def save_plan(plan: Plan) -> Path:
    """Keep a plan for the next talk, in place of one that is there; returns its file.

    Raises
    ------
    InputError
        If it cannot be written.
    """
    path = plan_file()
    return write_text(path.parent, path.name, to_toml(plan))


def forget_plan() -> bool:
    """Remove the plan; returns whether there was one.

    Raises
    ------
    InputError
        If it cannot be removed.
    """
    try:
        plan_file().unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise InputError(f"{plan_file()} cannot be removed: {error.strerror}") from error
    return True


def spend_plan(plan: Plan) -> None:
    """Put away a plan that was talked about: ground rules of their own stay, all else was for that talk.

    Raises
    ------
    InputError
        If it cannot be written or removed.
    """
    if plan.rules == DEFAULT_RULES:
        forget_plan()
    else:
        save_plan(Plan(rules=plan.rules))


def to_toml(plan: Plan) -> str:
    """A plan as a file that people can read and change."""
    document = tomlkit.document()
    document.add(tomlkit.comment("The plan of your next talk. Change what you like; leave out what you do not need."))
    for name, value in (("minutes", plan.minutes), ("break_minutes", plan.break_minutes)):
        if value is not None:
            document[name] = value
    rules = tomlkit.array()
    rules.extend(plan.rules)
    document["rules"] = rules.multiline(multiline=True)
    document["topics"] = dict(plan.topics)
    document["hopes"] = dict(plan.hopes)
    return tomlkit.dumps(document)
