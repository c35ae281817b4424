"""The language file: what is wrong in one is named, and what the coach says in English is gentle and short."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

from voice_coach.errors import UsageError
from voice_coach.events import PhraseKind, Request
from voice_coach.lexicon import (
    CUE_PLACEHOLDERS,
    CUE_WORDINGS,
    CUE_WORDS,
    NAME_WORDS,
    OPENING_PLACEHOLDERS,
    READ_BACK_WORDS,
    REPLY_PLACEHOLDERS,
    Lexicon,
    load_lexicon,
)

ENGLISH = load_lexicon(Path(__file__).parents[1] / "config" / "language" / "en.toml")

# A small language in which everything is right; each test below spoils one thing.
PHRASES = "\n".join(f"[phrases.{kind}]\npatterns = ['{kind} {{few}}word']" for kind in PhraseKind)
CUES = "\n".join(
    f"""
[cues.{rule}]
wordings = [{", ".join(f'"{start} {number}."' for number in "abcde")}]"""
    for rule, start in {
        "interruptions": "Wait",
        "floor_back": "{name}, again",
        "reflect_back": "{name}, what did {other} say",
        "balance": "{name}, please",
        "slow_down": "Slow",
        "sharp_words": "Soft",
    }.items()
)
REQUESTS = "\n".join(f'{request} = ["{request.value.replace("_", " ")}"]' for request in Request)
EXPECTED = "\n".join(f'{request} = ["Coach, {request.value}."]' for request in Request)
REPLIES, OPENING = (
    "\n".join(
        f"{name} = {[' '.join([number, *(f'{{{place}}}' for place in sorted(places))]) for number in 'ab']}"
        for name, places in placeholders.items()
    )
    for placeholders in (REPLY_PLACEHOLDERS, OPENING_PLACEHOLDERS)
)
SMALL = f"""
[normal]
fillers = ["um"]
[normal.contractions]
"can't" = "can not"
[normal.endings]
"n't" = "not"
"'s" = "is"
[clauses]
borders = ["but"]
contrast = ["but"]
[words]
stop = ["the"]
inflections = ["ing", "s", "e"]
backchannels = ["yes", "i see"]
unfinished = ["the"]
[read_back]
starts = ["i"]
unfit = ["hate"]
[fragments]
few = '(?:[a-z]+ ){{0,3}}'
most = ["{{few}}x", "y"]
[openers]
reported = ["you said"]
{PHRASES}
exempt = ["disclosure{{few}} a word"]
not_after = ["reported"]
{CUES}
[requests]
coach = ["coach"]
polite = ["please"]
{REQUESTS}
[replies]
{REPLIES}
[shares]
about = "about"
roughly = "roughly"
[opening]
{OPENING}
[expected]
{EXPECTED}
""".replace("[phrases.demand]", "[phrases.demand]\nasked_again = ['what']").replace(
    "[phrases.paraphrase]", "[phrases.paraphrase]\nweak = ['so you']"
).replace('"{name}, again e."', '"{name}, {words}."')  # fmt: skip


def load(tmp_path: Path, text: str) -> Lexicon:
    path = tmp_path / "xx.toml"
    path.write_text(text, encoding="utf-8")
    return load_lexicon(path)


def test_the_small_language_is_right(tmp_path: Path) -> None:
    lexicon = load(tmp_path, SMALL)
    assert set(lexicon.phrases) == set(PhraseKind)
    assert set(lexicon.wordings) == set(CUE_PLACEHOLDERS)
    assert lexicon.phrases[PhraseKind.DISCLOSURE].openers[0].search("and you said so")
    assert lexicon.phrases[PhraseKind.LABEL].patterns[0].search("a label at the word too")
    assert not lexicon.phrases[PhraseKind.LABEL].patterns[0].search("a label at the words")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("[normal]", "[normal", "is not a TOML file"),
        ("[words]", "[wordz]\nx = 1\n[words]", "wordz is not a known key, did you mean 'words'?"),
        ('stop = ["the"]', 'stopp = ["the"]', "words.stopp is not a known key, did you mean 'stop'?"),
        ('stop = ["the"]', "", "words.stop is missing"),
        ('stop = ["the"]', "stop = []", "words.stop has to be a list of texts that is not empty"),
        ('stop = ["the"]', 'stop = "the"', "words.stop has to be a list of texts that is not empty"),
        ('stop = ["the"]', "stop = [1]", "words.stop has an entry that is no text or blank: 1"),
        ('stop = ["the"]', 'stop = [" "]', "words.stop has an entry that is no text or blank: ' '"),
        ('stop = ["the"]', 'stop = ["the", "The"]', "words.stop has the same entry twice: 'The'"),
        ('"n\'t" = "not"', '"n\'t" = 1', "normal.endings.n't has to be a text that is not blank"),
        ('[normal.contractions]\n"can\'t" = "can not"', "contractions = 1", "normal.contractions has to be a table"),
        ("[clauses]", "[clause]", "clause is not a known key, did you mean 'clauses'?"),
        ('pause = ["pause"]', 'pause = ["(pause"]', "requests.pause has a bad regular expression"),
        ('polite = ["please"]', "", "requests.polite is missing"),
        ("pause = ['a', 'b']", "pause = ['a']", "replies.pause has 1 wording, but at least 2 are needed"),
        (
            "pause = ['a', 'b']",
            "pause = ['a {name}', 'b']",
            "wording whose placeholders are not nothing",
        ),
        ("'a {minutes}'", "'a'", "replies.time_out has a wording whose placeholders are not {minutes}: 'a'"),
        ("pause = ['a', 'b']", "pause = ['a }', 'b']", "replies.pause has a stray brace"),
        (
            "pause = ['a', 'b']",
            f"pause = ['a', '{'b ' * 25}']",
            "a wording that may get 25 words long",
        ),
        ('borders = ["but"]', 'borders = ["(but"]', "clauses.borders has a bad regular expression"),
        (
            'borders = ["but"]',
            'borders = ["(but)?"]',
            "clauses.borders has a regular expression that matches nothing at all",
        ),
        ('["{few}x", "y"]', '["{fev}x"]', "fragments.most uses an unknown fragment {fev}, did you mean 'few'?"),
        (
            "'label {few}word'",
            "'label {feww}word'",
            "phrases.label.patterns uses an unknown fragment {feww}, did you mean",
        ),
        ("'label {few}word'", "'label [word'", "phrases.label.patterns has a bad regular expression"),
        ("[phrases.label]", "[phrases.lable]", "phrases.lable is not a known key, did you mean 'label'?"),
        ("[phrases.label]\npatterns = ['label {few}word']", "", "phrases.label is missing"),
        (
            "[phrases.label]\npatterns",
            "[phrases.label]\npattern",
            "phrases.label.pattern is not a known key, did you mean 'patterns'?",
        ),
        ("[phrases.label]\n", "[phrases.label]\nweak = ['x']\n", "phrases.label.weak is not a known key"),
        ("weak = ['so you']", "", "phrases.paraphrase.weak is missing"),
        ("asked_again = ['what']", "", "phrases.demand.asked_again is missing"),
        (
            '["reported"]',
            '["reportd"]',
            "phrases.disclosure.not_after names unknown openers 'reportd', did you mean 'reported'?",
        ),
        ("[cues.balance]", "[cues.balanse]", "cues.balanse is not a known key, did you mean 'balance'?"),
        ('"Slow e."', '"Slow d."', "cues.slow_down.wordings has the same entry twice: 'Slow d.'"),
        (', "Slow e."', "", "cues.slow_down.wordings has 4 wordings, but at least 5 are needed"),
        ('"Slow e."', '"{name}, slow."', "the placeholder {name}, which is not for this rule: '{name}, slow.'"),
        (
            "{name}, please a",
            "{nam}, please a",
            "the placeholder {nam}, which is not for this rule, did you mean 'name'?",
        ),
        ("{name}, please a", "{name!r}, please a", "the placeholder {name}"),
        ("{name}, please a", "{name}, {words}", "the placeholder {words}, which is not for this rule"),
        ("{name}, please a", "{}, please a", "the placeholder {}"),
        ("{name}, please a", "Please", "cues.balance.wordings has a wording without {name}: 'Please.'"),
        ("{name}, please a", "{name, please a", "cues.balance.wordings has a stray brace"),
        (
            "{name}, {words}.",
            "{name}, words.",
            "cues.floor_back.wordings needs wordings with {words} and wordings without",
        ),
        ('"Slow e."', f'"{"slow " * 13}"', "a wording that may get 13 words long, more than 12"),
        ("{name}, please a", "{name} a b c d e f g h i j k", "a wording that may get 13 words long"),
        ("{name}, what did {other} say a", "{name} {other} a b c d e f g h i", "a wording that may get 13 words long"),
        ("{name}, {words}.", "{name} {words} a b c d e f.", "a wording that may get 13 words long"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, old: str, new: str, reason: str) -> None:
    assert SMALL.count(old) == 1
    with pytest.raises(UsageError) as caught:
        load(tmp_path, SMALL.replace(old, new))
    message = str(caught.value)
    assert message.startswith(f"{tmp_path / 'xx.toml'}: ")
    assert reason in message
    assert "\n" not in message


def test_longest_wordings_are_taken(tmp_path: Path) -> None:
    text = SMALL.replace("{name}, {words}.", "{name} {words} a b c d e.").replace('"Slow e."', f'"{"slow " * 12}"')
    assert load(tmp_path, text).wordings["slow_down"][-1].split() == ["slow"] * 12


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nowhere\.toml: cannot be read"):
        load_lexicon(tmp_path / "nowhere.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match=r"bytes\.toml: is not a TOML file"):
        load_lexicon(tmp_path / "bytes.toml")


def test_patterns_may_run_over_lines(tmp_path: Path) -> None:
    lexicon = load(tmp_path, SMALL.replace("'label {few}word'", "'''\n    label (?:one|\n      two)'''"))
    assert lexicon.phrases[PhraseKind.LABEL].patterns[0].search("a label two")


@pytest.mark.parametrize(
    ("word", "normal"),
    [
        ("Don\u2019t", ("do", "not")),
        ("dont", ("do", "not")),
        ("I'm,", ("i", "am")),
        ("gonna", ("going", "to")),
        ("can't", ("can", "not")),
        ("cannot", ("can", "not")),
        ("haven't", ("have", "not")),
        ("you're", ("you", "are")),
        ("YOU\u02bcRE!", ("you", "are")),
        ("mother's", ("mother's",)),
        ("Mm-hmm.", ("mm", "hmm")),
        ("sooooo", ("so",)),
        ("\u201cokay\u201d", ("okay",)),
        ("1000", ("1000",)),
        ("...", ()),
        ("_", ()),
    ],
)
def test_normal_form(word: str, normal: tuple[str, ...]) -> None:
    assert ENGLISH.normal(word) == normal


def test_stems_compare_as_equal() -> None:
    assert len({ENGLISH.stem(word) for word in ("leave", "leaves", "leaving")}) == 1
    assert len({ENGLISH.stem(word) for word in ("close", "closed", "closing")}) == 1
    assert ENGLISH.stem("bed") == "bed"


# What the coach says in English

WORDINGS = [(rule, text) for rule, texts in ENGLISH.wordings.items() for text in texts]
FILLED = [
    (rule, text.format(name="Anna Maria", other="Jean Pierre", words="and then they told me"))
    for rule, text in WORDINGS
]


@pytest.mark.parametrize(("rule", "text"), FILLED)
def test_filled_wordings_are_short(rule: str, text: str) -> None:
    assert len(text.split()) <= CUE_WORDS, rule
    assert text[-1] in ".?"
    assert text[0].isupper()


# Scolding, orders, generalising, guilt, and claims about anybody's feelings.
NOT_SAID = re.compile(
    r"\b(?:always|never|stop|don't|calm|relax|should|shouldn't|must|ought|have to|need to|had better|wrong|right to|"
    r"fault|blame|guilty|bad|rude|loud|too much|enough|interrupted|interrupting|shout|yell|argue|fight|"
    r"(?:you|we|it|they) (?:seem|look|sound|feel|are being)|seems?|angry|upset|sad|hurt|tense|emotional|why)\b",
    re.IGNORECASE,
)


@pytest.mark.parametrize(("rule", "text"), FILLED)
def test_wordings_do_not_scold_or_claim(rule: str, text: str) -> None:
    assert NOT_SAID.search(text) is None, rule


def test_rules_for_both_name_nobody_and_the_others_name_one() -> None:
    for rule, text in WORDINGS:
        named = {field for _, field, _, _ in string.Formatter().parse(text) if field}
        if rule in {"interruptions", "slow_down", "sharp_words"}:
            assert named == set()
        else:
            assert "name" in named
            assert named <= CUE_PLACEHOLDERS[rule]


def test_there_are_wordings_with_and_without_own_words() -> None:
    with_words = [text for rule, text in WORDINGS if rule == "floor_back" and "{words}" in text]
    without = [text for rule, text in WORDINGS if rule == "floor_back" and "{words}" not in text]
    assert min(len(with_words), len(without)) >= CUE_WORDINGS


def test_no_wording_is_used_twice() -> None:
    assert len({text.casefold() for _, text in WORDINGS}) == len(WORDINGS)


def test_lengths_promised_by_the_contract() -> None:
    assert (CUE_WORDS, READ_BACK_WORDS, NAME_WORDS, CUE_WORDINGS) == (12, 5, 2, 5)
