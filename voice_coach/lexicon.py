"""Everything the program knows of a language: one TOML file with the lens's patterns and the coach's wordings.

The file is checked whole when it is loaded; every complaint is one sentence that names file, key and reason.
How patterns are written stands at the head of the English file, `config/language/en.toml`.
"""

from __future__ import annotations

import difflib
import re
import string
import tomllib
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import NoReturn

from voice_coach.errors import UsageError
from voice_coach.events import PhraseKind, Request

CUE_WORDS = 12
"""Most words of a cue once its placeholders are filled."""
READ_BACK_WORDS = 5
"""Most words of a person that a cue reads back to them."""
NAME_WORDS = 2
"""Most words of a person's name in a cue, the first of it."""
CUE_WORDINGS = 5
"""Fewest wordings of a rule, so that the coach does not repeat itself."""

CUE_PLACEHOLDERS: Mapping[str, frozenset[str]] = {
    "interruptions": frozenset(),
    "floor_back": frozenset({"name", "other", "words"}),
    "reflect_back": frozenset({"name", "other"}),
    "balance": frozenset({"name", "other"}),
    "slow_down": frozenset(),
    "sharp_words": frozenset(),
}
"""The rules that speak, and what their wordings may name; a wording that may name a person has to have `{name}`."""

REPLY_WORDS = 24
"""Most words of a reply once its placeholders are filled."""
REPLY_WORDINGS = 2
"""Fewest wordings of a reply."""
_SHARES = frozenset({"first", "second", "first_share", "second_share", "roughly"})
REPLY_PLACEHOLDERS: Mapping[str, frozenset[str]] = {
    **{request.value: frozenset() for request in Request},
    "time_out": frozenset({"minutes"}),
    "standing": _SHARES,
    "resumed": frozenset(),
    "time_out_over": frozenset(),
    "standing_even": frozenset(),
    "standing_unknown": frozenset(),
    "time_is_up": frozenset(),
    "good_bye": frozenset(),
}
"""What the coach may answer, and the placeholders that each of its wordings has to have."""

_PERSON, _PAIR = frozenset({"name"}), frozenset({"name", "other"})
OPENING_PLACEHOLDERS: Mapping[str, frozenset[str]] = {
    "hello": _PAIR,
    "ask": _PAIR,
    "ask_second": _PAIR,
    "ask_alone": _PERSON,
    "nobody_heard": _PERSON,
    "more": _PERSON,
    "noisy": _PERSON,
    "clipped": _PERSON,
    "one_voice": _PAIR,
    "thanks": _PERSON,
    "ready": frozenset(),
    "ready_for_keys": frozenset(),
    "not_begun": frozenset(),
    "failed_nobody_heard": _PERSON,
    "failed_more": _PERSON,
    "failed_noisy": _PERSON,
    "failed_clipped": _PERSON,
    "failed_one_voice": frozenset(),
}
"""What the coach says while it learns both voices, and the placeholders that each text has to have."""

_LONGEST_NAME = " ".join(["Name"] * NAME_WORDS)
_REPLY_FILL = {
    "name": _LONGEST_NAME,
    "other": _LONGEST_NAME,
    "first": _LONGEST_NAME,
    "second": _LONGEST_NAME,
    "first_share": "60",
    "second_share": "40",
    "roughly": "roughly",
    "minutes": "20",
}
_LONGEST_FILL = {"name": _LONGEST_NAME, "other": _LONGEST_NAME, "words": " ".join(["word"] * READ_BACK_WORDS)}
_APOSTROPHES = str.maketrans("\u2018\u2019\u02bc`\u00b4", "'" * 5)
_PARTS = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_LINE_BREAK = re.compile(r"^\s+|\s*\n\s*")
_DRAWN_OUT = re.compile(r"([^\W\d_])\1{2,}")

Patterns = tuple[re.Pattern[str], ...]


@dataclass(frozen=True, slots=True)
class PhraseRules:
    """How one kind of phrase is found, and when it is not.

    `patterns` find; a finding is dropped if a match of `exempt` overlaps it, or if it begins after a match of
    `openers` in its sentence, before a contrast. `weak` are openers of a paraphrase that count only where the other's
    words come back; `asked_again` are the other's requests to hear a demand once more.
    """

    patterns: Patterns
    exempt: Patterns = ()
    openers: Patterns = ()
    weak: Patterns = ()
    asked_again: Patterns = ()


@dataclass(frozen=True, slots=True, repr=False)  # its patterns would fill screens
class Lexicon:
    """A language, checked. Patterns are for lines in normal form, see `voice_coach.sentences`."""

    language: str
    contractions: Mapping[str, str]
    contracted_endings: Mapping[str, str]
    contracted_beginnings: Mapping[str, str]
    fillers: frozenset[str]
    borders: Patterns
    contrast: re.Pattern[str]
    stop_words: frozenset[str]
    inflections: tuple[str, ...]
    backchannel: re.Pattern[str]
    unfinished: Patterns
    read_back_starts: frozenset[str]
    read_back_unfit: Patterns
    phrases: Mapping[PhraseKind, PhraseRules]
    wordings: Mapping[str, tuple[str, ...]]
    requests: Mapping[Request, re.Pattern[str]]
    replies: Mapping[str, tuple[str, ...]]
    about: str
    roughly: str
    opening: Mapping[str, tuple[str, ...]]
    expected: Mapping[Request, tuple[str, ...]]

    @property
    def expected_sentences(self) -> tuple[str, ...]:
        """Every sentence that is listened for."""
        return tuple(sentence for sentences in self.expected.values() for sentence in sentences)

    def normal(self, word: str) -> tuple[str, ...]:
        """A written word in normal form: lower case, contractions in full, no punctuation; may be several, or none.

        Letters that are drawn out ("sooo") are written once, and hyphens part words.
        """
        words: list[str] = []
        written = unicodedata.normalize("NFC", word).lower().translate(_APOSTROPHES)
        for part in _PARTS.findall(written):
            words += self._in_full(_DRAWN_OUT.sub(r"\1", part)).split()
        return tuple(words)

    def _in_full(self, word: str) -> str:
        """A lower-case word with what is contracted in it written in full."""
        if word in self.contractions:
            return self.contractions[word]
        for beginning, full in self.contracted_beginnings.items():
            if word.startswith(beginning):
                return f"{full} {self._in_full(word.removeprefix(beginning))}"
        for ending, full in self.contracted_endings.items():
            if word.endswith(ending):
                return f"{self._in_full(word.removesuffix(ending))} {full}"
        return word

    def stem(self, word: str) -> str:
        """A word in normal form without its inflection, so that "leaves" and "leaving" compare as equal."""
        for ending in self.inflections:
            if word.endswith(ending) and len(word) >= len(ending) + 3:
                return word.removesuffix(ending)
        return word


class _Table:
    """One table of the file; knows where it stands, so that it can say so."""

    def __init__(self, file: Path, key: str, values: object, allowed: Collection[str]) -> None:
        self.file, self.key = file, key
        if not isinstance(values, dict):
            self.fail("", "has to be a table")
        self.values: dict[str, object] = values
        for unknown in values:
            if unknown not in allowed:
                self.fail(unknown, f"is not a known key{_suggest(unknown, allowed)}")

    def fail(self, name: str, reason: str) -> NoReturn:
        """Refuse the file."""
        raise UsageError(f"{self.file}: {'.'.join(filter(None, (self.key, name)))} {reason}")

    def table(self, name: str, allowed: Collection[str]) -> _Table:
        """The table below this one called `name`."""
        if name not in self.values:
            self.fail(name, "is missing")
        return _Table(self.file, ".".join(filter(None, (self.key, name))), self.values[name], allowed)

    def free_table(self, name: str) -> _Table:
        """The table below this one called `name`, whose keys the file chooses."""
        values = self.values.get(name)
        return self.table(name, values if isinstance(values, dict) else ())

    def optional_table(self, name: str) -> _Table:
        """As `free_table`; empty where there is none."""
        return self.free_table(name) if name in self.values else _Table(self.file, name, {}, ())

    def text(self, name: str) -> str:
        """A text that is not blank."""
        if name not in self.values:
            self.fail(name, "is missing")
        value = self.values[name]
        if not isinstance(value, str) or not value.strip():
            self.fail(name, "has to be a text that is not blank")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of different texts, none blank and at least one."""
        if name not in self.values:
            self.fail(name, "is missing")
        value = self.values[name]
        if not isinstance(value, list) or not value:
            self.fail(name, "has to be a list of texts that is not empty")
        seen: dict[str, str] = {}
        for item in value:
            if not isinstance(item, str) or not item.strip():
                self.fail(name, f"has an entry that is no text or blank: {item!r}")
            if item.casefold() in seen:
                self.fail(name, f"has the same entry twice: {item!r}")
            seen[item.casefold()] = item
        return tuple(seen.values())

    def patterns(self, name: str, fragments: Mapping[str, str], end: str = r"(?!\S)") -> Patterns:
        """A list of regular expressions, compiled to match whole words only."""
        return tuple(self._compile(name, text, fragments, end) for text in self.texts(name))

    def expand(self, name: str, text: str, fragments: Mapping[str, str]) -> str:
        """A regular expression in one line, with its fragments put in and bracketed."""
        text = _LINE_BREAK.sub("", text)

        def fragment(match: re.Match[str]) -> str:
            if match[1] not in fragments:
                self.fail(name, f"uses an unknown fragment {match[0]}{_suggest(match[1], fragments)}: {text!r}")
            return f"(?:{fragments[match[1]]})"

        return re.sub(r"\{([a-z_]+)\}", fragment, text)

    def _compile(self, name: str, text: str, fragments: Mapping[str, str], end: str) -> re.Pattern[str]:
        try:
            pattern = _compiled(rf"(?<!\S)(?:{self.expand(name, text, fragments)}){end}")
        except re.error as error:
            self.fail(name, f"has a bad regular expression ({error.msg}): {text!r}")
        if pattern.search(""):
            self.fail(name, f"has a regular expression that matches nothing at all: {text!r}")
        return pattern


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """A regular expression, compiled once: `re` itself remembers fewer than a language has."""
    return re.compile(pattern, re.IGNORECASE)


def _suggest(word: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(word, known, 1)
    return f", did you mean '{near[0]}'?" if near else ""


def called(name: str) -> str:
    """A name as it is said: the first words of a long one."""
    return " ".join(name.split()[:NAME_WORDS])


@dataclass(frozen=True, slots=True)
class Languages:
    """The language of a talk, and those that it may turn out to be in, by their codes: none if it is set."""

    first: Lexicon
    others: Mapping[str, Lexicon] = field(default_factory=dict)

    @property
    def known(self) -> str | None:
        """The code of the language; `None` where it has to be heard first."""
        return None if self.others else self.first.language

    def spoken(self, heard: Iterable[str]) -> Lexicon:
        """The language of a talk in which these were heard, in order."""
        known = [self.others[language] for language in heard if language in self.others]
        return known[-1] if known else self.first


def load_lexica(folder: Path) -> dict[str, Lexicon]:
    """All languages of a folder, by their codes."""
    return {path.stem: load_lexicon(path) for path in sorted(folder.glob("*.toml"))}


def load_lexicon(path: Path) -> Lexicon:
    """The lexicon in a TOML file.

    Raises
    ------
    UsageError
        If the file cannot be read or anything in it is wrong.
    """
    try:
        with path.open("rb") as stream:
            values = tomllib.load(stream)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror})") from error
    except ValueError as error:  # also raised for bytes that are not UTF-8
        raise UsageError(f"{path}: is not a TOML file ({error})") from error
    known = (
        "normal", "clauses", "words", "read_back", "fragments", "openers", "phrases", "cues", "requests", "replies",
        "opening", "expected", "shares",
    )  # fmt: skip
    file = _Table(path, "", values, known)
    normal = file.table("normal", ("fillers", "contractions", "endings", "beginnings"))
    contractions, endings = normal.free_table("contractions"), normal.free_table("endings")
    beginnings = normal.optional_table("beginnings")
    shares = file.table("shares", ("about", "roughly"))
    clauses = file.table("clauses", ("borders", "contrast"))
    words = file.table("words", ("stop", "inflections", "backchannels", "unfinished"))
    read_back = file.table("read_back", ("starts", "unfit"))
    fragments = _fragments(file.free_table("fragments"))
    contrast = "|".join(map(re.escape, clauses.texts("contrast")))
    backchannel = "|".join(map(re.escape, sorted(words.texts("backchannels"), key=len, reverse=True)))
    return Lexicon(
        language=path.stem,
        contractions={word: contractions.text(word) for word in contractions.values},
        contracted_endings={ending: endings.text(ending) for ending in endings.values},
        contracted_beginnings={beginning: beginnings.text(beginning) for beginning in beginnings.values},
        fillers=frozenset(normal.texts("fillers")),
        borders=clauses.patterns("borders", fragments),
        contrast=re.compile(rf"(?<!\S), (?:{contrast})(?!\S)"),
        stop_words=frozenset(words.texts("stop")),
        inflections=words.texts("inflections"),
        backchannel=re.compile(rf"(?:{backchannel})(?: (?:{backchannel})){{0,3}}"),
        unfinished=words.patterns("unfinished", fragments, end="$"),
        read_back_starts=frozenset(read_back.texts("starts")),
        read_back_unfit=read_back.patterns("unfit", fragments),
        phrases=_phrases(file, fragments),
        wordings=_wordings(file.table("cues", CUE_PLACEHOLDERS)),
        requests=_requests(file.table("requests", ("coach", "polite", *Request)), fragments),
        replies=_spoken(file.table("replies", REPLY_PLACEHOLDERS), REPLY_PLACEHOLDERS, REPLY_WORDINGS),
        expected=_expected(file.table("expected", tuple(Request))),
        opening=_spoken(file.table("opening", OPENING_PLACEHOLDERS), OPENING_PLACEHOLDERS, 1),
        about=shares.text("about"),
        roughly=shares.text("roughly"),
    )


def _fragments(table: _Table) -> dict[str, str]:
    """Fragments by name; each may use those above it, and a list is a choice."""
    fragments: dict[str, str] = {}
    for name, value in table.values.items():
        choices = table.texts(name) if isinstance(value, list) else (table.text(name),)
        fragments[name] = "|".join(table.expand(name, text, fragments) for text in choices)
    return fragments


def _phrases(file: _Table, fragments: Mapping[str, str]) -> dict[PhraseKind, PhraseRules]:
    openers = file.free_table("openers")
    opening = {name: openers.patterns(name, fragments) for name in openers.values}
    tables = file.table("phrases", tuple(PhraseKind))
    rules = {}
    for kind in PhraseKind:
        own = {PhraseKind.PARAPHRASE: "weak", PhraseKind.DEMAND: "asked_again"}.get(kind)
        table = tables.table(kind.value, tuple(filter(None, ("patterns", "exempt", "not_after", own))))
        after = table.texts("not_after") if "not_after" in table.values else ()
        for name in after:
            if name not in opening:
                table.fail("not_after", f"names unknown openers {name!r}{_suggest(name, opening)}")
        rules[kind] = PhraseRules(
            patterns=table.patterns("patterns", fragments),
            exempt=table.patterns("exempt", fragments) if "exempt" in table.values else (),
            openers=tuple(pattern for name in after for pattern in opening[name]),
            weak=table.patterns("weak", fragments) if own == "weak" else (),
            asked_again=table.patterns("asked_again", fragments) if own == "asked_again" else (),
        )
    return rules


def _wordings(cues: _Table) -> dict[str, tuple[str, ...]]:
    wordings = {}
    for rule, allowed in CUE_PLACEHOLDERS.items():
        table = cues.table(rule, ("wordings",))
        texts = table.texts("wordings")
        if len(texts) < CUE_WORDINGS:
            table.fail("wordings", f"has {len(texts)} wordings, but at least {CUE_WORDINGS} are needed")
        uses = [_placeholders(table, text, allowed) for text in texts]
        if "words" in allowed and {"words" in used for used in uses} != {True, False}:
            table.fail("wordings", "needs wordings with {words} and wordings without")
        wordings[rule] = texts
    return wordings


def _requests(table: _Table, fragments: Mapping[str, str]) -> dict[Request, re.Pattern[str]]:
    """A pattern for each request, of the whole of a text in normal form."""

    def choice(name: str) -> str:
        return "(?:" + "|".join(table.expand(name, text, fragments) for text in table.texts(name)) + ")"

    coach, polite = choice("coach"), f"(?:{choice('polite')} )*"
    after = f"(?: {choice('polite')})*"
    compiled = {}
    for request in Request:
        text = f"{polite}{coach}(?: {coach})? {polite}{choice(request.value)}{after}"
        try:
            compiled[request] = re.compile(text)
        except re.error as error:
            table.fail(request.value, f"has a bad regular expression ({error.msg})")
    return compiled


def _expected(table: _Table) -> dict[Request, tuple[str, ...]]:
    return {request: table.texts(request.value) for request in Request}


def _spoken(table: _Table, placeholders: Mapping[str, frozenset[str]], fewest: int) -> dict[str, tuple[str, ...]]:
    """Wordings of what is said beside the rules, each with all its placeholders."""
    wordings = {}
    for name, needed in placeholders.items():
        texts = table.texts(name)
        if len(texts) < fewest:
            table.fail(name, f"has {len(texts)} wording, but at least {fewest} are needed")
        for text in texts:
            try:
                used = {part[1] for part in string.Formatter().parse(text) if part[1] is not None}
            except ValueError as error:
                table.fail(name, f"has a stray brace ({error}): {text!r}")
            if used != needed:
                wanted = ", ".join(f"{{{place}}}" for place in sorted(needed)) or "nothing"
                table.fail(name, f"has a wording whose placeholders are not {wanted}: {text!r}")
            words = len(text.format(**_REPLY_FILL).split())
            if words > REPLY_WORDS:
                table.fail(name, f"has a wording that may get {words} words long, more than {REPLY_WORDS}: {text!r}")
        wordings[name] = texts
    return wordings


def _placeholders(table: _Table, text: str, allowed: frozenset[str]) -> frozenset[str]:
    """The placeholders of a wording, which is checked here."""
    try:
        fields = [part[1:] for part in string.Formatter().parse(text) if part[1] is not None]
    except ValueError as error:
        table.fail("wordings", f"has a stray brace ({error}): {text!r}")
    for name, form, conversion in fields:
        if name not in allowed or form or conversion:
            near = _suggest(str(name), allowed)
            table.fail("wordings", f"has the placeholder {{{name}}}, which is not for this rule{near}: {text!r}")
    used = frozenset(str(name) for name, _, _ in fields)
    if "name" in allowed and "name" not in used:
        table.fail("wordings", f"has a wording without {{name}}: {text!r}")
    words = len(text.format(**_LONGEST_FILL).split())
    if words > CUE_WORDS:
        table.fail("wordings", f"has a wording that may get {words} words long, more than {CUE_WORDS}: {text!r}")
    return used
