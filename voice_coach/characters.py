"""Characters that nobody can see, and that change what stands around them."""

from __future__ import annotations

import re

INVISIBLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")
"""Control characters, line separators, bidirectional overrides and isolates, lone surrogates.

Not the joiners and marks that emoji and many scripts are written with.
"""


def spelled_out(text: str) -> str:
    r"""A text as one line that cannot steer a terminal: what is invisible stands as its escape, such as `\x1b`."""
    return INVISIBLE.sub(lambda found: found.group().encode("unicode_escape").decode("ascii"), text)


def can_be_shown(name: str) -> bool:
    """Whether a name shows something, and nothing but itself."""
    return INVISIBLE.search(name) is None and any(c.isprintable() and not c.isspace() for c in name)
