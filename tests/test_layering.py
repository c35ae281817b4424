"""Imports point one way: the rooms of the architecture, held against the code."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "voice_coach"

# Each room may import from itself and from the rooms above it.
ROOMS = (
    ("values", {"segment", "errors", "options", "characters", "offline", "one_thread", "plan"}),
    ("measurements", {"acoustics"}),
    ("crossing", {"events", "ports"}),
    (
        "stages",
        {
            "framing", "echo", "speech", "activity", "attribution", "microphones", "hearing", "overlaps", "rhythm",
            "turns", "delivery", "transcription", "gates", "spoken_language", "lexicon", "language", "requests",
            "hosting", "sentences", "reclassification", "rules", "restraint", "wordings", "coaching", "opening",
            "opening_script", "report", "figures", "prosody", "voice", "corrections", "fixing", "heard",
        },
    ),
    ("composition", {"interpretation", "second_hearing", "rewriting", "pipeline", "config", "journal", "resources"}),
    ("runner", {"runner", "live"}),
    ("edges", {"engines", "review"}),
    (
        "session",
        {
            "session", "live_session", "second_writing", "recovery", "preparation", "learnt", "afterwards",
            "own_settings", "checking",
        },
    ),
    ("commands", {"cli", "commands", "progress", "display", "interrupts", "__main__"}),
)  # fmt: skip
PURE = {"values", "measurements", "crossing", "stages", "composition"}
FOREIGN = {
    "sounddevice", "faster_whisper", "pyttsx3", "onnxruntime", "moonshine_voice", "av", "threading", "queue", "time",
    "subprocess", "socket", "datetime", "random",
}  # fmt: skip
LEVEL = {name: level for level, (_, names) in enumerate(ROOMS) for name in names}
ROOM = {name: room for room, names in ROOMS for name in names}


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Top-level names of all modules, and their syntax."""
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        if parts != ("__init__",):
            yield parts[0], ast.parse(path.read_text(encoding="utf-8"))


def imported(tree: ast.Module) -> Iterator[str]:
    """Full names of everything a module imports, wherever in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            assert node.module is not None
            if node.module == "voice_coach":
                yield from (f"voice_coach.{alias.name}" for alias in node.names)
            else:
                yield node.module


def test_every_module_has_a_room() -> None:
    assert {name for name, _ in modules()} == set(LEVEL)


def test_imports_point_one_way() -> None:
    wrong = [
        f"{name} imports {target}"
        for name, tree in modules()
        for target in imported(tree)
        if target.startswith("voice_coach.")
        and target.split(".")[1] in LEVEL
        and LEVEL[target.split(".")[1]] > LEVEL[name]
    ]
    assert wrong == []


def test_there_is_no_circle_inside_a_room() -> None:
    graph: dict[str, set[str]] = {}
    for name, tree in modules():
        own = {t.split(".")[1] for t in imported(tree) if t.startswith("voice_coach.")}
        graph.setdefault(name, set()).update(own - {name})

    def reach(name: str, seen: frozenset[str]) -> set[str]:
        return set().union(
            *({target} | reach(target, seen | {target}) for target in graph.get(name, set()) - seen), set()
        )

    assert [name for name in graph if name in reach(name, frozenset())] == []


@pytest.mark.parametrize("room", sorted(PURE))
def test_the_pure_part_has_no_device_model_thread_or_clock(room: str) -> None:
    wrong = [
        f"{name} imports {target}"
        for name, tree in modules()
        if ROOM[name] == room
        for target in imported(tree)
        if target.split(".")[0] in FOREIGN
    ]
    assert wrong == []


def test_the_command_line_is_light() -> None:
    """Nothing heavy is imported before a command needs it."""
    tree = dict(modules())["cli"]
    top = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {name for node in top for name in imported(ast.Module([node], []))}
    assert names <= {
        "__future__", "argparse", "os", "sys", "traceback", "collections.abc", "pathlib", "typing",
        "voice_coach.__version__", "voice_coach.characters", "voice_coach.errors", "voice_coach.interrupts",
        "voice_coach.offline", "voice_coach.one_thread",
    }  # fmt: skip
