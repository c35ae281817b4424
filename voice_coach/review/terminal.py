"""The review in a terminal: with the prompt below it, a screen of 80 by 24; as readable in a pipe as in colour."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from voice_coach.characters import spelled_out
from voice_coach.events import CueOutcome
from voice_coach.figures import Report, SpeakerFigures
from voice_coach.review import wording
from voice_coach.review.moments import heard_moments
from voice_coach.review.people import presented, whose
from voice_coach.review.slots import cue_moment, reached_cues

_STYLES = {"first": "#b5793a", "second": "#4d86bf"}  # of equal weight, readable on light and on dark
_COLUMN = 16
_BAR = 34
_INDENT = "  "
_TITLE_NAME, _MOST_GOOD = 20, 130
_CUE_LINES, _CUE_WIDTH, _MOST_TIMES = 2, 58, 6


def print_summary(report: Report, console: Console, page: Path | None) -> None:
    """Print what the talk was like; `page` is where the whole review lies."""
    report = presented(report)
    for line in _lines(report, _block(console)):
        line.plain = _encodable(line.plain, console.encoding)
        console.print(line, highlight=False)
    if page is not None:
        # The terminal wraps it, and not we: so it can still be clicked and copied.
        where = _encodable(f"The whole review: {spelled_out(str(page))}", console.encoding)
        console.print(Text(where), highlight=False, soft_wrap=True)


def _lines(report: Report, block: str) -> Iterator[Text]:
    session = report.session
    when = wording.day(session.started_at)
    ended = "ended before its time" if session.status == "interrupted" else None
    facts = (when and wording.plain(when), wording.length(session.duration_seconds), ended)
    yield Text.assemble((wording.title(report, _TITLE_NAME), "bold"), f", {', '.join(filter(None, facts))}")
    yield Text()
    moments = heard_moments(report)
    if moments:
        yield Text(f"What went well: {_good([moment.together for moment in moments])}")
        yield Text()
    if any(stretch.speaker for stretch in report.speech):
        yield from (_bar(speaker, _STYLES[whose(report, speaker.name)], block) for speaker in report.speakers)
        yield from _table(report)
        yield Text()
    else:
        yield Text("No voice of either of the two was heard.")
    yield from _coach(report)
    yield from _limits(report)


def _good(told: Sequence[str]) -> str:
    """What went well, as much of it as two lines hold."""
    shown = ", ".join(told)
    while len(shown) > _MOST_GOOD:
        told = told[:-1]
        shown = f"{', '.join(told)} and more"
    return shown


def _bar(speaker: SpeakerFigures, style: str, block: str) -> Text:
    """One person's share of the talk."""
    filled = block * round(_BAR * (speaker.talk_share or 0))
    return Text.assemble(
        _fitted(speaker.name, _COLUMN) + " ",
        (filled.ljust(_BAR), style),
        f" {wording.share(speaker):>5}  {wording.talk_time(speaker)}",
    )


def _table(report: Report) -> Iterator[Text]:
    rows = wording.figures(report)
    label_width = max(len(label) for label, _ in rows)
    heads = (f"{_INDENT}{_fitted(speaker.name, _COLUMN, right=True)}" for speaker in report.speakers)
    yield Text(" " * label_width + "".join(heads))
    for label, values in rows:
        yield Text(label.ljust(label_width) + "".join(f"{_INDENT}{value:>{_COLUMN}}" for value in values))


def _coach(report: Report) -> Iterator[Text]:
    reached = reached_cues(report)
    if not reached:
        yield Text("The coach kept quiet.")
    shown = reached[: _CUE_LINES if len(reached) <= _CUE_LINES else _CUE_LINES - 1]
    for cue in shown:
        outcome = "" if cue.outcome == CueOutcome.SPOKEN else f" ({wording.OUTCOMES[CueOutcome(cue.outcome)]})"
        said = f"The coach at {wording.clock(cue_moment(cue))}: “{wording.shorten(cue.text, _CUE_WIDTH)}”{outcome}"
        yield Text(said)
    if rest := [wording.clock(cue_moment(cue)) for cue in reached[len(shown) :]]:
        times = ", ".join(rest[:_MOST_TIMES])
        yield Text(f"{_INDENT}and {len(rest)} more, at {times}{' and later' if len(rest) > _MOST_TIMES else ''}")


def _limits(report: Report) -> Iterator[Text]:
    """Seconds that were unsure, foreign or lost, where there are any, and what the figures are of."""
    session = report.session
    parts = (
        ("not sure whose voice", session.unsure_seconds),
        ("an unknown voice", session.unknown_seconds),
        ("not heard", session.lost_seconds),
    )
    known = [f"{what} {wording.length(seconds)}" for what, seconds in parts if seconds]
    known.append("heard a second time after the talk" if session.hearing == "second" else "as heard during the talk")
    known.append(f"words by {session.words_engine}" if session.words_engine else "no words were written down")
    if report.corrections:
        known.append(wording.counted(len(report.corrections), ("thing was put right", "things were put right")))
    if known:
        line = ", ".join(known)
        yield Text(f"{line[0].upper()}{line[1:]}.")


def _fitted(name: str, width: int, *, right: bool = False) -> str:
    """A name in exactly `width` cells of a terminal, shortened where it is too long for them."""
    name = wording.plain(name)
    if cell_len(name) > width:
        name = set_cell_size(name, width - 1).rstrip() + "…"
    padding = " " * (width - cell_len(name))
    return padding + name if right else name + padding


def _block(console: Console) -> str:
    """What bars are made of: a full block, where the output can show one."""
    return "█" if _encodable("█", console.encoding) == "█" else "#"


def _encodable(text: str, encoding: str) -> str:
    """A text as far as an output can show it: a pipe on Windows often knows few characters."""
    return text.encode(encoding, "replace").decode(encoding)
