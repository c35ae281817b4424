"""A report as files for other programs: JSON, Markdown, CSV, RTTM and WebVTT, each from text in to text out."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from voice_coach.errors import InputError
from voice_coach.figures import Report
from voice_coach.review.agreement import render_agreement
from voice_coach.review.files import write_text
from voice_coach.review.markdown import to_markdown
from voice_coach.review.wording import plain, shorten

__all__ = ["FORMATS", "ON_REQUEST", "to_csv", "to_json", "to_markdown", "to_rttm", "to_vtt", "write_exports"]

_TURN_COLUMNS = ("speaker", "start_seconds", "end_seconds", "confidence", "text")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_UNKNOWN = "unknown"
_RTTM_RESERVED = frozenset({_UNKNOWN, "", "<na>", "na", "n/a", "#na", "#n/a", "nan", "-nan", "null", "none"})
"""Our label for a voice that is neither's, and those that readers of RTTM take for a missing one."""
_VTT_NAME_LIMIT = 80


def to_json(report: Report) -> str:
    """The whole report under its own field names, schema version 1; what is not known is null."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2).decode() + "\n"


def to_csv(report: Report) -> str:
    """Turns as a table (RFC 4180, with plain line feeds). No cell can be taken for a formula."""
    table = io.StringIO()
    # Every text is quoted: the writer alone would let a carriage return through unquoted.
    writer = csv.writer(table, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(_TURN_COLUMNS)
    for turn in report.turns:
        numbers = (turn.start_seconds, turn.end_seconds, turn.confidence)
        writer.writerow((_cell(turn.speaker), *numbers, _cell(turn.text or "")))
    return table.getvalue()


def to_rttm(report: Report) -> str:
    """Stretches of speech, one SPEAKER line each, overlaps included; a voice that is neither's is `unknown`."""
    file_id = _label(report.session.id)
    labels = _rttm_labels(report)
    return "".join(
        f"SPEAKER {file_id} 1 {stretch.start_seconds:.3f} {stretch.end_seconds - stretch.start_seconds:.3f} "
        f"<NA> <NA> {labels.get(stretch.speaker, _UNKNOWN)} <NA> <NA>\n"
        for stretch in sorted(report.speech, key=lambda stretch: (stretch.start_seconds, stretch.end_seconds))
    )


def to_vtt(report: Report) -> str:
    """Turns with words as WebVTT, each under its speaker's name."""
    engine = report.session.words_engine
    if engine is None:
        note = "No words were written down in this talk."
    else:
        note = f"The words were written down by a machine ({_vtt_text(engine)}) and may be wrong."
    cues = [
        f"{_vtt_time(turn.start_seconds)} --> {_vtt_time(max(turn.end_seconds, turn.start_seconds + 0.001))}\n"
        f"<v {_vtt_text(shorten(turn.speaker, _VTT_NAME_LIMIT))}>{_vtt_text(turn.text)}\n"
        for turn in sorted(report.turns, key=lambda turn: (turn.start_seconds, turn.end_seconds))
        if turn.text
    ]
    return "\n".join(("WEBVTT\n", f"NOTE {note}\n", *cues))


FORMATS: Mapping[str, tuple[str, Callable[[Report], str]]] = {
    "json": ("report.json", to_json),
    "md": ("report.md", to_markdown),
    "rttm": ("turns.rttm", to_rttm),
    "csv": ("turns.csv", to_csv),
    "vtt": ("transcript.vtt", to_vtt),
}
"""Name of each format, the name of its file, and what makes its text."""


ON_REQUEST: Mapping[str, tuple[str, Callable[[Report], str]]] = {"agreement": ("agreement.html", render_agreement)}
"""The same, of what is only made where it is asked for."""


def write_exports(report: Report, folder: Path) -> list[Path]:
    """Write every format into a folder and return the files; a transcript only where there are words.

    A transcript of an earlier run without them goes: it would be taken for this one's.

    Raises
    ------
    InputError
        If the folder cannot be written to.
    """
    worded = any(turn.text for turn in report.turns)
    if not worded:
        _remove(folder / FORMATS["vtt"][0])
    return [write_text(folder, name, make(report)) for form, (name, make) in FORMATS.items() if worded or form != "vtt"]


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"cannot remove {path}: {(error.strerror or str(error)).lower()}") from error


def _cell(text: str) -> str:
    """A cell that a spreadsheet shows as it is, instead of running it."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _rttm_labels(report: Report) -> dict[str | None, str]:
    """One label for each name, without spaces, and no two alike."""
    labels: dict[str | None, str] = {}
    for speaker in report.speakers:
        label = _label(speaker.name)
        while label in labels.values():
            label += "_"
        labels[speaker.name] = label
    return labels


def _label(text: str) -> str:
    """A text as one RTTM field: no spaces, no quotation mark, and nothing that means a missing field."""
    label = re.sub(r'[\s"]+', "_", plain(text))
    return f"{label}_" if label.casefold() in _RTTM_RESERVED else label


def _vtt_text(text: str) -> str:
    """A text as one line of a WebVTT cue."""
    return plain(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _vtt_time(seconds: float) -> str:
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}.{rest % 1000:03}"
