"""The page of a talk: what it must hold for every talk, by reading it as a browser would."""

from __future__ import annotations

import colorsys
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from html.parser import HTMLParser
from importlib.resources import files
from itertools import pairwise

import pytest

from tests import report_samples as samples
from voice_coach.events import SHARP, CueOutcome, OverlapKind, PhraseKind
from voice_coach.figures import Report
from voice_coach.review import bands, lanes, people, shares, slots, wording
from voice_coach.review.exports import to_markdown
from voice_coach.review.html import render_page
from voice_coach.review.moments import good_sentences, heard_moments, marked

SAMPLES = (*samples.EVERY, samples.long_talk)
EVERY_SAMPLE = pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.__name__)
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}",
    "שרה בת אברהם",
    "👩🏽‍🚒 🏳️‍🌈",
    "N" * 200,
    "evil\u202egpj.exe\x00\n\x1b[31m",
    "--> </style><b>",
)
BANNED = (
    "winner", "winning", "loser", "score", "rank", "grade", "rating", "guilt", "guilty", "fault", "blame", "wrongdoer",
    "victim", "offender", "worst", "worse", "bad", "aggressive", "dominant", "toxic", "failure", "selfish",
)  # fmt: skip
VOID = {"meta", "br", "img", "link", "input", "hr"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    text: str = ""
    children: list[Element] = field(default_factory=list)

    def all(self, tag: str = "", cls: str = "") -> list[Element]:
        found = [e for child in self.children for e in child.all(tag, cls)]
        mine = (not tag or self.tag == tag) and (not cls or cls in self.attributes.get("class", "").split())
        return [self, *found] if mine else found

    @property
    def words(self) -> str:
        return re.sub(r"\s+", " ", self.text + "".join(f" {child.words}" for child in self.children)).strip()


class Page(HTMLParser):
    """Reads a page and fails where a tag is closed that is not the open one."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.root = Element("", {})
        self.stack = [self.root]
        self.feed(html)
        self.close()
        assert [e.tag for e in self.stack] == [""]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        if tag not in VOID:
            self.stack.append(self.stack[-1].children[-1])

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), f"an attribute of {tag} stands twice"
        self.stack[-1].children.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop().tag == tag

    def handle_data(self, data: str) -> None:
        self.stack[-1].text += data


def parsed(report: Report) -> Element:
    return Page(render_page(report, "2025-11-23-1942")).root


@cache
def html_of(sample: Callable[[], Report]) -> str:
    return render_page(sample(), "2025-11-23-1942")


@cache
def page_of(sample: Callable[[], Report]) -> Element:
    return Page(html_of(sample)).root


@EVERY_SAMPLE
def test_a_page_is_well_formed_and_has_its_landmarks(sample: Callable[[], Report]) -> None:
    page = page_of(sample)
    assert page.all("html")[0].attributes["lang"] == "en"
    assert {len(page.all(tag)) for tag in ("header", "main", "footer", "h1")} == {1}
    assert len(page.all("head")[0].all("title")) == 1
    levels = [int(e.tag[1]) for e in page.all() if re.fullmatch(r"h\d", e.tag)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    ids = Counter(e.attributes["id"] for e in page.all() if "id" in e.attributes)
    assert set(ids.values()) <= {1}
    assert {e.attributes["aria-labelledby"] for e in page.all("section")} <= set(ids)
    assert all(e.attributes["aria-label"] for e in page.all() if e.attributes.get("role") == "img")
    assert not [e for e in page.all("details") if "open" in e.attributes]
    assert "None" not in page.words


@EVERY_SAMPLE
def test_a_page_asks_for_nothing_from_outside(sample: Callable[[], Report]) -> None:
    html, page = html_of(sample), page_of(sample)
    policy = next(e for e in page.all("meta") if "http-equiv" in e.attributes).attributes["content"]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:;")
    assert not re.search(r"https?:|//\w|\bsrc\s*=|url\(|@import", html)
    tags = {e.tag for e in page.all()}
    assert not tags & {"script", "link", "img", "iframe", "object", "embed", "base", "form", "video", "audio"}
    names = {name for e in page.all() for name in e.attributes}
    assert not [name for name in names if name.startswith("on")]
    ids = {e.attributes.get("id") for e in page.all()}
    targets = {e.attributes["href"] for e in page.all() if "href" in e.attributes}
    assert all(target.startswith("#") and target[1:] in ids for target in targets)


@EVERY_SAMPLE
def test_no_word_of_a_page_weighs_one_person_against_the_other(sample: Callable[[], Report]) -> None:
    page = page_of(sample)
    spoken = [e.words for e in page.all() if e.tag != "style"]
    titles = [value for e in page.all() for name, value in e.attributes.items() if name in {"aria-label", "title"}]
    told = " ".join([*spoken, *titles, to_markdown(sample())])
    assert not re.findall(rf"\b({'|'.join(BANNED)})\b", told, re.IGNORECASE)


def test_no_template_holds_a_word_that_weighs() -> None:
    folder = files("voice_coach.review") / "templates"
    sources = {file.name: file.read_text("utf-8").replace("default-src", "") for file in folder.iterdir()}
    assert len(sources) > 5
    assert not [(name, word) for name, source in sources.items() for word in BANNED if word in source.lower()]


@EVERY_SAMPLE
def test_every_number_of_a_drawing_is_finite_and_inside(sample: Callable[[], Report]) -> None:
    page = page_of(sample)
    for path in page.all("path"):
        assert re.fullmatch(r"(?:[MLHVQmhvz]|-?\d+(?:\.\d+)?|[ ])*[zZ]?", path.attributes["d"]), path.attributes["d"]
    for name in ("x", "x1", "x2", "cx", "width"):
        for element in page.all():
            value = element.attributes.get(name, "")
            if value.endswith("%"):
                assert 0 <= float(value[:-1]) <= 100
    for box in page.all("svg"):
        if box.attributes.get("preserveaspectratio") == "none":
            _, _, width, height = map(float, box.attributes["viewbox"].split())
            for path in box.all("path"):
                starts = re.findall(r"M(\S+) ([\d.]+)", path.attributes["d"])
                assert starts
                assert all(0 <= float(x) <= width and 0 <= float(y) <= height for x, y in starts)


@pytest.mark.parametrize("name", HOSTILE)
def test_names_and_words_are_only_ever_text(name: str) -> None:
    report = samples.talk((name, "Jonas"))
    turns = tuple(replace(turn, text=name) for turn in report.turns)
    session = replace(report.session, source=name, words_engine=name, started_at=name)
    phrases = tuple(replace(phrase, text=name, match=name[:1]) for phrase in report.phrases)
    cues = tuple(replace(cue, text=name) for cue in report.cues)
    html = render_page(replace(report, turns=turns, session=session, phrases=phrases, cues=cues))
    page = Page(html).root
    assert {e.tag for e in page.all()} <= {e.tag for e in parsed(samples.every_outcome()).all()}
    assert wording.plain(name) in page.all("h1")[0].words
    assert not re.search("[\u202e\x00\x1b]", html)


def wordy(report: Report, words: int) -> Report:
    """The same talk with so many words in all."""
    each = " ".join(["other"] * max(1, words // len(report.turns)))
    return replace(report, turns=tuple(replace(turn, text=each) for turn in report.turns))


@pytest.mark.parametrize(("hours", "words_a_minute"), [(2, 150), (2, 230), (3, 200)])
def test_a_talk_of_hours_is_one_small_page(hours: int, words_a_minute: int) -> None:
    report = wordy(samples.talk(repeat=12 * hours), hours * 60 * words_a_minute)
    html = render_page(report, "2025-11-23-1942")
    assert report.session.duration_seconds > 3600 * hours * 0.9
    assert len(html.encode()) < 300_000
    shown = len(Page(html).root.all("div", "turns")[0].all("p"))
    if words_a_minute == 150:
        assert shown == len(report.turns)
    else:
        assert f"The last {len(report.turns) - shown + 1} turns are in transcript.vtt" in html


def of_unsure_turns(report: Report) -> Report:
    return replace(wordy(report, 30_000), speech=tuple(replace(stretch, sure=False) for stretch in report.speech))


def of_wordless_turns(report: Report) -> Report:
    return replace(report, turns=tuple(replace(turn, text=None) for turn in report.turns * 3))


def of_escaped_words(report: Report) -> Report:
    return replace(report, turns=tuple(replace(turn, text="a & <b> & c " * 9) for turn in report.turns))


@pytest.mark.parametrize("made", [of_unsure_turns, of_wordless_turns, of_escaped_words])
def test_a_page_is_small_whatever_its_turns_are(made: Callable[[Report], Report]) -> None:
    html = render_page(made(samples.talk(repeat=30)), "2025-11-23-1942")
    assert 295_000 < len(html.encode()) < 300_000
    assert "turns are in transcript.vtt" in html


def test_a_figure_that_neither_has_is_absent_and_one_that_one_lacks_is_named_so() -> None:
    page = parsed(samples.wordless())
    assert "words a minute" not in page.words
    report = samples.talk()
    speakers = (replace(report.speakers[0], words_per_minute=None), report.speakers[1])
    page = parsed(replace(report, speakers=speakers))
    row = next(e for e in page.all("tr") if "words a minute" in e.words)
    assert "not measured" in [e.words for e in row.all("td")]


def test_a_page_without_words_says_so() -> None:
    page = parsed(samples.wordless())
    assert "No words were written down." in page.words
    assert "questions" not in page.all("main")[0].words
    assert not page.all("blockquote")


def test_both_people_have_the_same_form() -> None:
    page = parsed(samples.talk())
    for table in page.all("table", "mirror"):
        assert [e.attributes["class"] for e in table.all("th") if e.attributes["scope"] == "col"] == ["second", "first"]
        assert {len(row.all("td")) for row in table.all("tbody")[0].all("tr")} == {2}
    first, either, second = page.all("div", "bar")[0].all("span")
    widths = [float(e.attributes["style"].removeprefix("flex:")) for e in (first, either, second)]
    assert [widths[0], widths[2]] == [speaker.talk_share_low for speaker in samples.talk().speakers]
    assert sum(widths) == pytest.approx(1, abs=0.001)
    quotes = [len(column.all("blockquote")) for column in page.all("div", "quotes")[0].children]
    assert quotes == [3, 3]
    strips = [row.children for row in page.all("div", "strips")[0].all("div", "pair")]
    assert {tuple(figure.attributes["class"] for figure in row) for row in strips} == {("second", "first")}


def test_who_stands_first_changes_from_talk_to_talk_and_colours_do_not() -> None:
    report = samples.talk()
    sessions = [replace(report.session, id=f"2025-11-{day:02}-1942") for day in range(1, 31)]
    shown = [people.presented(replace(report, session=session)) for session in sessions]
    first = Counter(one.speakers[0].name for one in shown)
    assert 10 <= first["Mara"] <= 20
    assert {people.whose(one, "Mara") for one in shown} == {"second"}
    assert {people.whose(one, "Jonas") for one in shown} == {"first"}
    assert people.whose(report, None) == people.whose(report, "a stranger") == "neutral"
    assert {tuple(sorted(s.name for s in one.speakers)) for one in shown} == {("Jonas", "Mara")}


def test_a_share_is_a_range_where_the_voice_was_not_sure() -> None:
    mara, jonas = samples.talk().speakers
    assert mara.talk_share_low < mara.talk_share < mara.talk_share_high
    assert (mara.talk_share_low or 0) + (jonas.talk_share_high or 0) == pytest.approx(1)
    assert wording.share(replace(mara, talk_share_low=0.55, talk_share_high=0.6)) == "55 to 60%"
    assert wording.share(replace(mara, talk_share=0.561, talk_share_low=0.556, talk_share_high=0.568)) == "56%"
    assert wording.share(replace(mara, talk_share=None, talk_share_low=None)) == "not measured"
    known = replace(mara, talk_seconds=110.0)
    assert wording.talk_time(replace(known, talk_share_low=0.55, talk_share_high=0.6)) == "about 1 min 50 s"
    assert wording.talk_time(replace(known, talk_share_low=0.556, talk_share_high=0.568)) == "1 min 50 s"


def lines_of(path: str) -> list[tuple[int, int]]:
    """Left and right end of every line of a lane's path."""
    at, found = 0, []
    for move, left, length in re.findall(r"([Mm])(-?\d+) \d+h(\d+)", path):
        at = int(left) if move == "M" else at + int(left)
        found.append((at, at + int(length)))
        at += int(length)
    return found


def test_the_lanes_hold_all_speech_where_it_was() -> None:
    report = samples.talk()
    rows = lanes.rows(report)
    assert len(rows) == 1
    scale = 310 / lanes.WIDTH
    for speaker in (*[s.name for s in report.speakers], None):
        for sure in (True, False):
            colour = people.whose(report, speaker)
            style = colour if sure or speaker is None else f"{colour} unsure"
            drawn = [line for row in rows for bars in row.bars if bars.style == style for line in lines_of(bars.path)]
            own = [s for s in report.speech if s.speaker == speaker and (s.sure == sure or speaker is None)]
            assert own
            for stretch in own:
                middle = (stretch.start_seconds + stretch.end_seconds) / 2 / scale
                assert any(left - 1 <= middle <= right + 1 for left, right in drawn)
            length = sum(right - left for left, right in drawn) * scale
            spoken = sum(s.end_seconds - s.start_seconds for s in own)
            assert length == pytest.approx(spoken, abs=1.1 * scale * len(own))
    first = min(report.speech, key=lambda s: s.start_seconds)
    assert lines_of(rows[0].bars[0].path)[0][0] * scale == pytest.approx(first.start_seconds, abs=scale)


def test_every_overlap_is_marked_by_kind_and_every_sentence_numbered() -> None:
    report = samples.every_outcome()
    marks = [mark for row in lanes.rows(report) for mark in row.marks]
    legend = parsed(report).all("ul", "legend")[0]
    assert {e.attributes["href"] for e in legend.all("use")} == {f"#{overlap.kind}" for overlap in report.overlaps}
    assert all(words in legend.words for words in wording.OVERLAPS.values())
    kinds = Counter(mark.style for mark in marks if mark.whose != "coach")
    assert kinds == Counter(overlap.kind for overlap in report.overlaps)
    assert set(kinds) == {kind.value for kind in OverlapKind}
    page = parsed(report)
    table = page.all("table", "cues")[0]
    reached = [cue for cue in report.cues if cue.outcome in wording.REACHED]
    assert [e.words for e in table.all("span", "number")] == [str(n + 1) for n in range(len(reached))]
    assert all(cue.text in table.words and cue.evidence[0].what in table.words for cue in reached)
    assert len(page.all("g", "coach")) == len(reached) == 3


def test_every_part_of_the_map_tells_what_happened_in_it() -> None:
    report = replace(samples.every_outcome(), lost=((170.0, 190.0),))
    page = parsed(report)
    told = {slot.all("summary")[0].attributes["aria-label"]: slot.words for slot in page.all("details", "slot")}
    assert list(told)[:2] == ["0:00 to 0:30", "0:30 to 1:00"]
    assert list(told)[-1].endswith(wording.clock(report.session.duration_seconds))
    every = " ".join(told.values())
    assert all(cue.text in every for cue in report.cues if cue.outcome in wording.REACHED)
    assert "3:03 the coach: “Would you say back what you heard?” (shown on the screen). Why: Mara came in" in every
    assert "Mara: came in, and the other stopped" in told["1:00 to 1:30"]
    assert "Mara: louder, higher or faster than this voice was before" in told["1:00 to 1:30"]
    assert "not heard for 20 s" in told["2:30 to 3:00"]
    for kind in OverlapKind:
        assert wording.OVERLAPS[kind] in every


def test_long_rows_count_what_is_small_and_mark_what_is_rare() -> None:
    report = samples.talk(repeat=24)
    rows = lanes.rows(report)
    assert len(rows) <= 8
    assert not {mark.style for row in rows for mark in row.marks} & set(slots.SMALL)
    assert any("a sound of listening (4 times)" in text for row in rows for slot in row.slots for text in slot.happened)


def test_a_pause_is_where_nobody_spoke_though_it_was_heard() -> None:
    report = samples.talk()
    stretch = replace(report.speech[0], start_seconds=1.0, end_seconds=2.0)
    cue = replace(report.cues[0], started_at_seconds=20.0, finished_at_seconds=22.0, outcome="spoken")
    later = replace(stretch, start_seconds=27.0, end_seconds=30.0)
    session = replace(report.session, duration_seconds=34.0)
    made = replace(report, speech=(stretch, later), cues=(cue,), lost=((2.5, 17.5),), session=session)
    assert slots.pauses(made) == ((22.0, 27.0), (30.0, 34.0))


def test_voices_are_bands_of_one_scale() -> None:
    report = samples.talk()
    rows = bands.strips(report)
    assert [row[0].measure.name for row in rows if row[0]] == ["Loudness", "Pitch", "Pace"]
    for row in rows:
        for strip in row:
            assert strip is not None
            assert 0 <= strip.top <= strip.top + strip.height <= bands.HEIGHT
            assert strip.words.startswith("mostly ")
    assert bands.strips(samples.one_person()) == ()
    table = bands.parts(report)
    assert len(table) == len({part.start_seconds for part in report.delivery})
    assert all(len(value) == 3 for part in table for value in part.values)


def test_a_band_says_how_far_from_usual_a_voice_mostly_was() -> None:
    report = samples.talk()
    parts = tuple(
        replace(report.delivery[0], start_seconds=30.0 * i, end_seconds=30.0 * i + 30, level_db=level, pitch_ratio=1.0)
        for i, level in enumerate((-9.0, -2.0, 0.0, 0.4, 3.0))
    )
    loudness, pitch, *_ = bands.strips(replace(report, delivery=parts))
    strip = next(strip for strip in loudness if strip)
    assert strip.words == "mostly 9 dB softer to 3 dB louder"
    assert next(strip for strip in pitch if strip).words == "mostly as usual"
    assert strip.line.count("M") == 1


def test_the_moments_behind_the_figures_can_be_looked_up() -> None:
    report = samples.every_outcome()
    found = next(e for e in parsed(report).all("details", "as-table") if "When each of these was" in e.words)
    for overlap in report.overlaps:
        assert wording.clock(overlap.start_seconds) in found.words
    assert len(found.all("li")) == 3 + len(OverlapKind)
    back = next(e.words for e in found.all("li") if "had the floor back soon" in e.words)
    assert back == "had the floor back soon, after: 1:07 Jonas"


def test_no_moment_is_left_out_of_a_long_talk() -> None:
    report = samples.talk(repeat=24)
    page = parsed(report)
    found = next(e for e in page.all("details", "as-table") if "When each of these was" in e.words)
    closed = [e for e in page.all("details") if "Sentences that" in e.all("summary")[0].words]
    told, sentences = found.words, " ".join(e.words for e in closed)
    assert all(wording.clock(overlap.start_seconds) in told for overlap in report.overlaps)
    assert all(wording.clock(phrase.start_seconds) in sentences for phrase in report.phrases)


def test_what_was_not_said_is_under_what_was_kept() -> None:
    report = samples.every_outcome()
    kept = next(e for e in parsed(report).all("details") if "kept to itself" in e.words)
    unsaid = [cue.text for cue in report.cues if cue.outcome not in wording.REACHED]
    assert len(kept.all("li")) == len(unsaid) + len(report.held_back) == 3
    assert all(text in kept.words for text in unsaid)
    assert report.held_back[0].reason in kept.words


@pytest.mark.parametrize(
    ("seconds", "rows", "last_label"),
    [
        (20, 1, "0:20"),
        (59, 1, "0:50"),
        (301, 1, "5:00"),
        (361, 2, "6:00"),
        (7200, 8, "2:00:00"),
        (10_800, 6, "3:00:00"),
    ],
)
def test_a_talk_is_wrapped_into_rows_of_one_length(seconds: float, rows: int, last_label: str) -> None:
    report = samples.talk()
    drawn = lanes.rows(replace(report, session=replace(report.session, duration_seconds=float(seconds))))
    assert len(drawn) == rows
    assert drawn[-1].ticks[-1][1] == last_label
    assert all(len(row.ticks) <= 7 for row in drawn)
    assert all(row.end == 100 for row in drawn[:-1])


def test_what_comes_with_the_very_end_is_shown() -> None:
    report = samples.talk()
    cue = replace(report.cues[-1], started_at_seconds=None, decided_at_seconds=300.0, outcome="shown")
    session = replace(report.session, duration_seconds=300.0)
    marks = [m for row in lanes.rows(replace(report, cues=(cue,), session=session)) for m in row.marks]
    assert [mark.x for mark in marks if mark.whose == "coach"] == [100.0]


def test_lost_audio_is_a_gap_in_the_rows_it_touches() -> None:
    report = replace(samples.talk(), lost=((170.0, 190.0),))
    session = replace(report.session, duration_seconds=361.0)
    drawn = lanes.rows(replace(report, lost=((170.0, 180.0), (230.0, 250.0)), session=session))
    assert [[(gap.x, gap.width) for gap in row.lost] for row in drawn] == [
        [(70.83, 4.17), (95.83, 4.17)],
        [(0.0, 4.17)],
    ]


def test_the_curve_is_how_the_two_shared_each_moment() -> None:
    report = samples.talk()
    first, second = report.speakers
    heard = [float(at) for at in range(300) if not 120 <= at < 240]
    always = [replace(report.speech[0], speaker=first.name, start_seconds=at, end_seconds=at + 1) for at in heard]
    third = [replace(stretch, speaker=second.name, end_seconds=stretch.start_seconds + 0.5) for stretch in always]
    session = replace(report.session, duration_seconds=300.0)
    curve = shares.share_curve(replace(report, speech=(*always, *third), session=session, lost=((120.0, 240.0),)))
    assert curve is not None
    for outline in (curve.first, curve.second):
        heights = [float(y) for y in re.findall(r"Q\S+ (\S+) ", outline)]
        assert heights == pytest.approx([shares.HEIGHT * 2 / 3] * len(heights), rel=0.03)
        assert outline.count("M") == 2
    assert curve.first.count(" 0V") == 2
    assert curve.second.count(f" {shares.HEIGHT}V") == 2


def test_the_table_beside_the_curve_is_how_much_of_each_part_was_spoken() -> None:
    report = samples.talk()
    table = shares.parts(report)
    assert [span for span, _ in table][:2] == ["0:00 to 1:00", "1:00 to 2:00"]
    assert all(0 <= part <= 1 for _, row in table for part in row)
    assert len(shares.parts(samples.long_talk())) <= 12


def test_a_short_or_silent_talk_has_no_curve() -> None:
    assert shares.share_curve(samples.one_person()) is None
    assert shares.share_curve(samples.noise()) is None
    assert shares.thirds(samples.one_person()) == ()


def test_thirds_are_shares() -> None:
    found = shares.thirds(samples.talk())
    assert len(found) == 3
    assert all(sum(pair) == pytest.approx(1) for pair in found)
    assert found[0][0] > 0.5 > found[2][0]


def test_covered_time_counts_overlaps_once() -> None:
    covered = shares.Covered([(4.0, 6.0), (1.0, 3.0), (2.0, 3.5), (5.0, 5.5)])
    assert covered.seconds(0, 10) == 4.5
    assert covered.seconds(2, 5) == 2.5
    assert covered.seconds(0, 1) == covered.seconds(7, 9) == 0


def test_what_went_well_comes_from_both_and_from_many_kinds() -> None:
    report = samples.talk()
    for speaker in report.speakers:
        chosen = good_sentences(report, speaker.name)
        assert len({phrase.kind for phrase in chosen}) == 3
        assert all(PhraseKind(phrase.kind) not in SHARP and phrase.speaker == speaker.name for phrase in chosen)
        assert [phrase.start_seconds for phrase in chosen] == sorted(phrase.start_seconds for phrase in chosen)
    assert heard_moments(report)[0].counts == tuple(speaker.backchannels_given for speaker in report.speakers)
    given = next(moment for moment in heard_moments(report) if "given back" in moment.words[0])
    assert given.counts == tuple(speaker.floor_returned for speaker in reversed(report.speakers))
    assert any(given.counts)
    assert {moment.words for moment in heard_moments(samples.wordless())} == {wording.LISTENING, wording.GIVEN_BACK}


def test_the_match_of_a_sentence_is_found_whatever_its_case() -> None:
    phrase = replace(samples.talk().phrases[0], text="İ, you ALWAYS do", match="always")
    assert marked(phrase) == ("İ, you ", "ALWAYS", " do")
    assert marked(replace(phrase, match="never")) == ("İ, you ALWAYS do", "", "")
    assert marked(replace(phrase, match="")) == ("İ, you ALWAYS do", "", "")


def test_sharp_sentences_come_late_and_closed_and_complete() -> None:
    report = samples.talk()
    page = parsed(report)
    closed = next(e for e in page.all("details") if "could be said another way" in e.words)
    sharp = [phrase for phrase in report.phrases if phrase.kind in SHARP]
    assert len(closed.all("li")) == len(sharp)
    assert sorted(li.all("mark")[0].words for li in closed.all("li")) == sorted(phrase.match for phrase in sharp)
    assert all(another[2] in closed.words for another in wording.ANOTHER_WAY.values())
    helping = next(e for e in page.all("details") if "Sentences that helped" in e.words)
    assert "Words of thanks" in helping.words
    headings = [e.words for e in page.all("h2")]
    assert headings[0] == "What went well"
    assert headings.index("To look at together") > headings.index("What the coach said, and why")


def test_a_turn_of_unsure_speech_says_so() -> None:
    turns = parsed(samples.talk()).all("div", "turns")[0].all("p")
    unsure = [e.words for e in turns if "not sure whose voice" in e.words]
    assert len(turns) == len(samples.talk().turns)
    assert ["She'll survive it." in words for words in unsure] == [True, False]
    assert ["And you call your mother later." in words for words in unsure] == [False, True]


def test_an_interrupted_session_says_so() -> None:
    assert "ended before its time" in parsed(samples.interrupted()).all("header")[0].words
    assert "ended before its time" not in parsed(samples.talk()).words


def test_every_kind_has_its_words() -> None:
    assert set(wording.OVERLAPS) == set(OverlapKind)
    assert set(wording.OUTCOMES) == set(CueOutcome)
    assert set(wording.ANOTHER_WAY) == SHARP
    assert set(wording.HELPING) == set(PhraseKind) - SHARP


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "not measured"),
        (0.0, "0.0 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (161.4, "2 min 41 s"),
        (300, "5 min"),
        (3780, "1 h 3 min"),
    ],
)
def test_lengths_are_told_as_people_tell_them(seconds: float | None, text: str) -> None:
    assert wording.length(seconds) == text


def test_text_can_be_read_in_both_schemes() -> None:
    css = (files("voice_coach.review") / "templates" / "style.css").read_text("utf-8")
    light, dark = (dict(re.findall(r"--(\w+): (#\w{6})", part)) for part in css.split("prefers-color-scheme: dark")[:2])
    for scheme in (light, dark):
        for text in ("ink", "muted", "first", "second"):
            assert _contrast(scheme[text], scheme["paper"]) >= 4.5
        assert _contrast(scheme["neutral"], scheme["paper"]) >= 3
        assert _contrast(scheme["first"], scheme["second"]) < 1.1  # of equal weight
        assert all(_is_not_red(scheme[person]) for person in ("first", "second"))


def _is_not_red(colour: str) -> bool:
    """Whether a colour is further than 20 degrees of hue from red."""
    hue, _, _ = colorsys.rgb_to_hls(*(int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)))
    return 20 < 360 * hue < 340


def _contrast(one: str, other: str) -> float:
    """Contrast of two colours after WCAG 2.2."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)
