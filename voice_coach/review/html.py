"""The review as one page of HTML that needs nothing but itself: no script, no font, no picture from elsewhere."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from voice_coach.events import CueOutcome, PhraseKind
from voice_coach.figures import HeldBackFigures, PhraseFigures, Report, SpeakerFigures
from voice_coach.review import bands, lanes, people, shares, slots, wording
from voice_coach.review.fixes import possible_fixes
from voice_coach.review.moments import good_sentences, heard_moments, marked, sentences_of
from voice_coach.review.planned import planned
from voice_coach.review.shares import Covered
from voice_coach.review.traces import traces

_MOST_SURE = 0.5  # of a turn's speech has to be sure, or the turn is shown as unsure
_MOST_SENTENCES = 8  # of one kind: the page stays small, and everything is in `report.json`
_MOST_WITHHELD = 40
_MOST_CLOSING = 6
_LARGEST_PAGE_BYTES = 299_700
"""What a page may weigh; all that was said in two hours has room in it, unless the two speak very fast."""
_MARKUP_BYTES = {"turn": 23, "class": 8, "wordless": 25, "unsure": 39}
"""What surrounds time, name and words of a turn on the page; the first colour needs no class there."""


@dataclass(frozen=True, slots=True)
class Person:
    """One of the two people, with the colour class that is theirs on every page."""

    figures: SpeakerFigures
    whose: str
    short_name: str
    good: tuple[PhraseFigures, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a table of counts: its kind, what is counted, both people's values, and how wide their dots are."""

    kind: str
    words: str
    values: tuple[Any, ...]
    dots: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class SpokenTurn:
    """A turn as the page shows it; `whose` is a colour class."""

    whose: str
    name: str
    at: str
    lasted: str
    text: str | None
    sure: bool


@dataclass(frozen=True, slots=True)
class Withheld:
    """A sentence, or an occasion for one, that the coach kept to itself, and why."""

    at_seconds: float
    what: str
    why: str


def render_page(report: Report, where: str | None = None) -> str:
    """The page of a talk, complete and in one piece.

    Parameters
    ----------
    where : what the session is called on the command line, for the commands that correct it; `None` leaves them out.
    """
    values = _values(people.presented(report), where)
    template = environment().get_template("report.html.j2")
    room = _LARGEST_PAGE_BYTES - len(template.render(values, turns=()).encode())
    return template.render(values, turns=_fitting(_turns(values["report"]), room))


def _values(report: Report, where: str | None) -> dict[str, Any]:
    """What the template shows, but for the turns."""
    moments, rows, overlaps = heard_moments(report), lanes.rows(report), _overlap_lines(report)
    on_map = {mark.style for row in rows for mark in row.marks}
    return {
        "report": report,
        "people": _people(report),
        "spoke": any(stretch.speaker for stretch in report.speech),
        "moments": moments,
        "closing": closing_turns(report),
        "planned": planned(report),
        "moment_lines": _dotted(Line("", moment.words[1], moment.counts) for moment in moments),
        "curve": shares.share_curve(report),
        "thirds": shares.thirds(report),
        "parts": shares.parts(report),
        "rows": rows,
        "signs": [line for line in overlaps if line.kind in on_map],
        "legend": lanes.legend(report),
        "overlaps": overlaps,
        "figures": _figure_lines(report),
        "traces": traces(report),
        "strips": bands.strips(report),
        "band_parts": bands.parts(report),
        "cues": slots.reached_cues(report),
        "withheld": _withheld(report),
        "most_withheld": _MOST_WITHHELD,
        "sharp_lines": _phrase_lines(report, {kind: words[0] for kind, words in wording.ANOTHER_WAY.items()}),
        "sharp": _sentences(report, wording.ANOTHER_WAY),
        "helping": _sentences(report, wording.HELPING),
        "most_sentences": _MOST_SENTENCES,
        "fixes": () if where is None else possible_fixes(report, where),
    }


def environment() -> Environment:
    """How the pages are made: everything escaped, nothing invisible, nothing undefined."""
    made = Environment(
        loader=PackageLoader("voice_coach.review", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "clock": wording.clock,
        "lasting": wording.length,
        "percent": wording.percent,
        "share": wording.share,
        "marked": marked,
        "squeezed": _squeezed,
        "text": _text,
        "moment": slots.cue_moment,
    }
    made.globals |= {"lanes": lanes, "shares": shares, "bands": bands, "wording": wording}
    return made


def _visible(value: Any) -> Any:
    """Whatever people or engines wrote, without invisible characters; HTML made by the template stays as it is."""
    return wording.visible(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def _text(text: str) -> Markup:
    """A text between two tags: there, quotation marks need no escape, which saves a long transcript much room."""
    safe = wording.visible(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return Markup(safe)  # noqa: S704 - it is escaped


def _squeezed(style: str) -> str:
    """A style sheet of ours without its comments and what is only there for the eye: that leaves room for the talk."""
    return re.sub(r"\s*([{};,])\s*|(?<=:)\s+", r"\1", re.sub(r"/\*.*?\*/|\s+", " ", style, flags=re.DOTALL))


def _people(report: Report) -> tuple[Person, ...]:
    return tuple(
        Person(
            speaker,
            people.whose(report, speaker.name),
            wording.shorten(speaker.name, slots.NAME_LIMIT),
            good_sentences(report, speaker.name),
        )
        for speaker in report.speakers
    )


def _dotted(lines: Iterable[Line]) -> tuple[Line, ...]:
    """Lines of counts with a dot for each, so close together that the most of them fit in 90 px."""
    lines = tuple(lines)
    most = max((value for line in lines for value in line.values), default=0)
    step = min(10.0, 90 / most) if most else 10.0
    return tuple(replace(line, dots=tuple(round(value * step) for value in line.values)) for line in lines)


def _overlap_lines(report: Report) -> tuple[Line, ...]:
    """How often each person came in beside the other, by kind, of the kinds that were heard."""
    found = Counter((overlap.kind, overlap.by) for overlap in report.overlaps)
    lines = (
        Line(kind.value, words, tuple(found[kind.value, speaker.name] for speaker in report.speakers))
        for kind, words in wording.OVERLAPS.items()
    )
    return _dotted(line for line in lines if any(line.values))


def _phrase_lines(report: Report, kinds: Mapping[PhraseKind, str]) -> tuple[Line, ...]:
    found = Counter((phrase.kind, phrase.speaker) for phrase in report.phrases)
    lines = (
        Line("", words, tuple(found[kind.value, speaker.name] for speaker in report.speakers))
        for kind, words in kinds.items()
    )
    return _dotted(line for line in lines if any(line.values))


def _figure_lines(report: Report) -> tuple[Line, ...]:
    """Each figure's name, and its value for each person."""
    return tuple(Line("", name, values) for name, values in wording.figures(report))


def _sentences(report: Report, kinds: Mapping[PhraseKind, Any]) -> dict[PhraseKind, tuple[PhraseFigures, ...]]:
    """The sentences of each kind that was found, in the order of the talk."""
    return {kind: found for kind in kinds if (found := sentences_of(report, kind))}


def _withheld(report: Report) -> tuple[Withheld, ...]:
    """What the coach decided to say and could not, and what it kept back from the start, in the order of the talk."""
    unsaid = [
        Withheld(cue.decided_at_seconds, f"“{cue.text}”", wording.OUTCOMES[CueOutcome(cue.outcome)])
        for cue in report.cues
        if cue.outcome not in wording.REACHED
    ]
    kept = [Withheld(held.at_seconds, _occasion(held), held.reason) for held in report.held_back]
    return tuple(sorted(unsaid + kept, key=lambda withheld: withheld.at_seconds))


def _occasion(held: HeldBackFigures) -> str:
    return slots.reasons(held.evidence) or held.rule.replace("_", " ")


def closing_turns(report: Report) -> tuple[SpokenTurn, ...]:
    """What was said while the two were closing: the last of it."""
    since = report.session.closing_from_seconds
    if since is None:
        return ()
    late = zip(report.turns, _turns(report), strict=True)
    return tuple(shown for turn, shown in late if turn.start_seconds >= since and turn.text)[-_MOST_CLOSING:]


def _fitting(turns: tuple[SpokenTurn, ...], room_bytes: int) -> tuple[SpokenTurn, ...]:
    """As many turns, from the first on, as there is room for."""
    return turns[: bisect_right(list(accumulate(map(_bytes_of, turns))), room_bytes)]


def _bytes_of(turn: SpokenTurn) -> int:
    """How much of the page a turn takes."""
    written = _text(f"{turn.at}{turn.name}{turn.lasted if turn.text is None else turn.text}").encode("utf-8", "replace")
    has = {"turn": True, "class": turn.whose != "first", "wordless": turn.text is None, "unsure": not turn.sure}
    return len(written) + sum(size for part, size in _MARKUP_BYTES.items() if has[part])


def _turns(report: Report) -> tuple[SpokenTurn, ...]:
    names = [speaker.name for speaker in report.speakers]
    sure = {
        name: Covered((s.start_seconds, s.end_seconds) for s in report.speech if s.sure and s.speaker == name)
        for name in names
    }
    spoken = {name: shares.spoken_by(report, name) for name in names}
    return tuple(
        SpokenTurn(
            people.whose(report, turn.speaker),
            wording.shorten(turn.speaker, slots.NAME_LIMIT),
            wording.clock(turn.start_seconds),
            wording.length(turn.end_seconds - turn.start_seconds),
            turn.text,
            sure[turn.speaker].seconds(turn.start_seconds, turn.end_seconds)
            >= _MOST_SURE * spoken[turn.speaker].seconds(turn.start_seconds, turn.end_seconds),
        )
        for turn in report.turns
    )
