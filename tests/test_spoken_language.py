"""Which language a talk is in: heard over the first minutes, told once, and everything follows it."""

from __future__ import annotations

import numpy as np
import pytest

from tests.marked import MarkedTalk, eager, marked_pipeline
from tests.talks import TENTH, speech
from voice_coach import resources
from voice_coach.engines.fakes import ToneRenderer
from voice_coach.events import (
    ChangeLanguage,
    LanguageHeard,
    PhraseFound,
    Recognition,
    Speaker,
    Transcript,
    Utterance,
    Word,
)
from voice_coach.lexicon import Languages, Lexicon, load_lexica
from voice_coach.report import SessionFacts, build_report
from voice_coach.review.wording import limits
from voice_coach.runner import RecordedAnswers, run_recorded
from voice_coach.segment import Segment, to_samples
from voice_coach.spoken_language import SpokenLanguage, SpokenLanguageOptions

LEXICA = load_lexica(resources.language_folder())


def listen(*heard: tuple[str | None, float], certainty: float = 1.0, every: float = 10.0) -> list[LanguageHeard]:
    """What is told of utterances in these languages, of these seconds, one beginning `every` so often."""
    spoken, told = SpokenLanguage(SpokenLanguageOptions()), []
    for number, (language, seconds) in enumerate(heard):
        start = to_samples(number * every)
        utterance = Utterance(number, Speaker.A, Segment(start, start + to_samples(seconds)))
        transcript = Transcript(number, "engine", (Word("so"),), language=language, language_probability=certainty)
        event = spoken.take(transcript, utterance, utterance.segment.end)
        told += [event] if event is not None else []
    return told


def test_half_a_minute_of_one_language_is_sure_and_told_once() -> None:
    (event,) = listen(*[("de", 6.0)] * 10)
    assert (event.language, event.share, event.sure) == ("de", 1.0, True)
    assert event.at_sample == to_samples(46.0)


def test_a_word_of_another_language_changes_nothing() -> None:
    (event,) = listen(("en", 0.6), *[("de", 6.0)] * 6, ("es", 0.6))
    assert (event.language, event.sure) == ("de", True)


def test_what_the_engine_is_unsure_of_counts_less() -> None:
    assert listen(*[("de", 6.0)] * 6, certainty=0.5) == []


def test_two_languages_are_told_to_be_in_doubt() -> None:
    (event,) = listen(*[("fr", 6.0), ("es", 5.0)] * 10)
    assert (event.language, event.sure) == ("fr", False)
    assert event.at_sample >= to_samples(180.0)


def test_too_little_decides_nothing() -> None:
    assert listen(("de", 2.0), *[("de", 0.0)] * 5, every=60.0) == []
    assert listen(*[(None, 6.0)] * 20) == []


# The pipeline follows


class German:
    """Hears German in every utterance."""

    name = "german"

    def transcribe(self, utterance: Utterance, start_sample: int, samples: np.ndarray) -> Recognition:
        del start_sample, samples
        text = "Du hörst mir nie zu." if utterance.speaker is Speaker.A else "Das stimmt nicht."
        return Recognition(tuple(map(Word, text.split())), language="de", language_probability=0.99)


class Voice(ToneRenderer):
    """Remembers in which language it spoke."""

    def __init__(self) -> None:
        self.languages: list[str] = []

    def speak_in(self, language: str) -> None:
        self.languages.append(language)


def heard(languages: Languages) -> tuple[list[object], Voice]:
    a, b = ("aaaaaaaaaaaaaaaa" + "." * 24) * 30, ("." * 20 + "bbbbbbbbbbbbbbbb" + "....") * 30
    talk = MarkedTalk(speech(a, b), TENTH * len(a))
    voice = Voice()
    pipeline = marked_pipeline(LEXICA["en"], eager(), with_words=True, languages=languages)
    return list(run_recorded(talk.blocks([4000]), pipeline, RecordedAnswers(German(), voice))), voice


def test_lens_and_voice_go_on_in_the_language_that_is_heard() -> None:
    events, voice = heard(Languages(LEXICA["en"], LEXICA))
    (told,) = [event for event in events if isinstance(event, LanguageHeard)]
    assert (told.language, told.sure) == ("de", True)
    assert voice.languages == ["de"]
    phrases = [event.phrase for event in events if isinstance(event, PhraseFound)]
    assert phrases
    assert {phrase.text for phrase in phrases} == {"Du hörst mir nie zu."}
    assert all(phrase.at_sample > told.at_sample - to_samples(5) for phrase in phrases)


def test_a_language_that_is_set_stays() -> None:
    events, voice = heard(Languages(LEXICA["en"]))
    assert [event.language for event in events if isinstance(event, LanguageHeard)] == ["de"]
    assert voice.languages == []
    assert not [event for event in events if isinstance(event, PhraseFound | ChangeLanguage)]


@pytest.mark.parametrize(
    ("language", "sure", "said"),
    [
        ("de", True, None),
        ("de", False, "It was not sure which language was spoken; it sounded most like German."),
        ("it", True, "The language that was spoken sounded like one that is not known here (it)."),
    ],
)
def test_the_review_says_where_it_is_in_doubt(language: str, sure: bool, said: str | None) -> None:
    facts = SessionFacts("s", "talk.wav", {Speaker.A: "Maya", Speaker.B: "Daniel"}, words_engine="whisper base")
    report = build_report([LanguageHeard(language, 0.7, sure, 100)], facts)
    assert (report.session.language, report.session.language_sure) == (language, sure)
    about = [line for line in limits(report) if "language" in line]
    assert about == ([] if said is None else [said])


def test_every_language_has_data_for_everything() -> None:
    assert set(LEXICA) == {"en", "de", "es", "fr"}
    assert all(isinstance(lexicon, Lexicon) and lexicon.language == code for code, lexicon in LEXICA.items())
    assert Languages(LEXICA["en"], LEXICA).known is None
    assert Languages(LEXICA["de"]).known == "de"
