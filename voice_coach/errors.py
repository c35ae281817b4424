"""Everything that can go wrong in a way a person can do something about.

::

    CoachError
    ├── UsageError      the command or a setting is wrong                          exit code 2
    ├── InputError      a file that cannot be used: unreadable, silent, too short  exit code 3
    ├── MissingPart     this machine lacks a device, voice, model or library       exit code 4
    └── EngineFailed    an engine broke down on one piece of work; never ends a talk

The message is one sentence for people; for `MissingPart` it names the cure. Anything else that is raised is a bug.
"""

from __future__ import annotations


class CoachError(Exception):
    """An error to be shown as one sentence."""

    exit_code = 1


class UsageError(CoachError):
    """A wrong option, setting or combination of them."""

    exit_code = 2


class InputError(CoachError):
    """A recording or session that cannot be used."""

    exit_code = 3


class MissingPart(CoachError):
    """A device, voice, model or library that this machine lacks."""

    exit_code = 4


class EngineFailed(CoachError):
    """An engine broke down on one piece of work; the talk goes on without it."""
