"""Options: named thresholds with a unit, bounds and a reason, checked when they are built.

Each stage declares its options beside itself as a frozen dataclass derived from `Options`; `config` only composes them.
"""

from __future__ import annotations

import difflib
import math
from dataclasses import dataclass, field, fields
from typing import Any


def number(default: float, minimum: float, maximum: float, unit: str = "") -> Any:
    """A numeric option: its default, inclusive bounds and unit."""
    return field(default=default, metadata={"minimum": minimum, "maximum": maximum, "unit": unit})


def choice(default: str, *allowed: str) -> Any:
    """A text option that takes one of a few words."""
    return field(default=default, metadata={"allowed": allowed})


@dataclass(frozen=True, slots=True)
class Options:
    """Base of all options; raises `ValueError` naming option, value and bounds where one is wrong."""

    def __post_init__(self) -> None:
        for option in fields(self):
            value, about = getattr(self, option.name), option.metadata
            if "allowed" in about and value not in about["allowed"]:
                near = difflib.get_close_matches(str(value).lower(), about["allowed"], n=1)
                hint = f"; did you mean {near[0]}?" if near else ""
                raise ValueError(f"{option.name} is {value!r}, but must be one of {', '.join(about['allowed'])}{hint}")
            if "minimum" in about:
                if isinstance(value, bool) or not isinstance(value, (int, float)) or math.isnan(value):
                    raise ValueError(f"{option.name} is {value!r}, but must be a number")
                if not about["minimum"] <= value <= about["maximum"]:
                    unit = f" {about['unit']}" if about["unit"] else ""
                    raise ValueError(
                        f"{option.name} is {value:g}, but must lie between {about['minimum']:g} and "
                        f"{about['maximum']:g}{unit}"
                    )
