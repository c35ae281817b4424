"""The schema of `report.json`, for those who read it: `python -m tools.schema` writes it anew.

It says what is there, and allows more: keys may be added within a schema version, none renamed or removed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from voice_coach.figures import SCHEMA_VERSION, Report

FILE = Path(__file__).parent.parent / "config" / "report.schema.json"


def schema() -> dict[str, Any]:
    """JSON Schema, draft 2020-12, of a report."""
    (reference,), definitions = msgspec.json.schema_components([Report], ref_template="#/$defs/{name}")
    for definition in definitions.values():
        definition["description"] = " ".join(definition["description"].split())
        # Reports are always written whole: a default is for reading older ones.
        definition["required"] = list(definition.get("properties", {}))
        for described in definition.get("properties", {}).values():
            described.pop("default", None)
    definitions["Report"]["properties"]["schema_version"] = {"const": SCHEMA_VERSION}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "report.json of voice_coach",
        **reference,
        "$defs": definitions,
    }


if __name__ == "__main__":
    FILE.write_text(json.dumps(schema(), indent=2) + "\n", encoding="utf-8")
