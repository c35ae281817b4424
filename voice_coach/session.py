"""A session: its folder, the engines it needs, and what it leaves behind."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import platformdirs

from voice_coach.characters import spelled_out
from voice_coach.config import Settings
from voice_coach.corrections import (
    AgreementNoted,
    NextTalkNoted,
    corrected,
    corrected_names,
    described,
    in_force,
)
from voice_coach.engines.adaptation import AdaptingNetwork, learnt_from_all
from voice_coach.engines.discovery import find_voices
from voice_coach.engines.enrolment import Warn, check_pair, enrol_recording
from voice_coach.engines.kept import KeptFrames
from voice_coach.engines.silero import SileroDetector
from voice_coach.engines.speakers import HindsightNetwork, load_background
from voice_coach.engines.voiceprint import Enrolment
from voice_coach.errors import InputError, UsageError
from voice_coach.events import AudioBlock, ChangeVoice, Event, LanguageHeard, Speaker, WordsHeard
from voice_coach.figures import Report
from voice_coach.hearing import Diarizer, Hearing
from voice_coach.hosting import USUAL_VOICE
from voice_coach.interpretation import Interpreter
from voice_coach.journal import (
    JOURNAL_NAME,
    JournalWriter,
    read_corrections,
    read_journal,
    read_rewritten,
    read_second,
    remove_beside,
    write_beside,
)
from voice_coach.lexicon import Languages, Lexicon
from voice_coach.pipeline import Pipeline
from voice_coach.ports import Renderer, Transcriber
from voice_coach.report import SessionFacts, build_report
from voice_coach.review.exports import FORMATS, write_exports
from voice_coach.review.files import write_text
from voice_coach.review.html import render_page
from voice_coach.review.wording import clock
from voice_coach.runner import RecordedAnswers, Said, run_recorded
from voice_coach.second_hearing import hear_again
from voice_coach.segment import SAMPLE_RATE, to_seconds

PAGE_NAME = "report.html"
KEPT_AUDIO_NAME = "talk.flac"
"""The audio of a talk at the table, where it was wished to be kept."""
REPORT_NAME = FORMATS["json"][0]
SECOND_LAG_FRAMES = 100
"""How far a second hearing looks ahead before it decides: 2 s, after which nothing changes any more."""
FOUND_NAMES = {Speaker.A: "Speaker A", Speaker.B: "Speaker B"}


def sessions_folder() -> Path:
    """Where sessions lie that were not given a folder of their own."""
    return Path(platformdirs.user_data_dir("voice-coach", appauthor=False)) / "sessions"


def voices_folder() -> Path:
    """Where voices lie that people chose to keep."""
    return Path(platformdirs.user_data_dir("voice-coach", appauthor=False)) / "voices"


def choose_folder(chosen: Path | None, identity: str, now: datetime) -> Path:
    """Where a session will lie; nothing is made yet. `identity` is the recording's fingerprint, or else its source.

    A folder that holds the session of another recording, or files of our names that are of no session, is left as it
    is.

    Raises
    ------
    UsageError
        If it holds what is not of this recording's session.
    InputError
        If it cannot be made or written.
    """
    folder = chosen or sessions_folder() / f"{now:%Y-%m-%d-%H%M%S}"
    try:
        _check_free(folder, identity)
        there = next((place for place in (folder, *folder.absolute().parents) if place.exists()), folder)
        if not there.is_dir():
            raise InputError(f"{folder} cannot be made: {there} is not a folder")
        if not os.access(there, os.W_OK):
            raise InputError(f"{folder} cannot be written: Permission denied")
    except OSError as error:
        raise InputError(f"{folder} cannot be made: {error.strerror}") from error
    return folder


def _check_free(folder: Path, identity: str) -> None:
    if (folder / JOURNAL_NAME).exists():
        other = read_journal(folder).session
        if (other.fingerprint or other.source) != identity:
            raise UsageError(
                f"{folder} already holds the session of another talk, {other.source}; choose another folder"
            )
        return
    for name in (PAGE_NAME, *(name for name, _ in FORMATS.values())):
        if (folder / name).exists():
            raise UsageError(f"{folder} holds a {name} that is of no session; choose another folder")


def make_folder(folder: Path) -> None:
    """Make a session's folder, for its user alone; one that is there keeps its mode.

    Raises
    ------
    InputError
        If it cannot be made.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder} cannot be made: {error.strerror}") from error


@dataclass(frozen=True, slots=True, eq=False)
class Voices:
    """The two people of a talk: their names and their voices."""

    names: Mapping[Speaker, str]
    enrolments: tuple[Enrolment, Enrolment]


def enrol_voices(files: Sequence[tuple[str, Path]], warn: Warn = lambda _: None, rate: int = SAMPLE_RATE) -> Voices:
    """Learn two voices from a recording of each, for a talk of this sampling rate, Hz.

    `warn` is told what they are not good enough for.
    """
    enrolments = [enrol_recording(path, warn, rate) for _, path in files]
    check_pair(enrolments[0], enrolments[1], load_background(), warn)
    names = dict(zip((Speaker.A, Speaker.B), (name for name, _ in files), strict=True))
    return Voices(names, (enrolments[0], enrolments[1]))


def discover_voices(blocks: Iterable[AudioBlock]) -> Voices:
    """Find the two voices of a recording by themselves."""
    return Voices(FOUND_NAMES, find_voices(blocks, load_background()))


@dataclass(frozen=True, slots=True)
class Engines:
    """Engines beside hearing; `None` for words or voice that nobody wants or has."""

    transcriber: Transcriber | None
    renderer: Renderer | None


class Ears:
    """Real hearing for one talk, and for a second hearing of it when it is over.

    Parameters
    ----------
    languages : that of the talk, and which others it may turn out to be in.
    kept : where measurements are kept for the second hearing.
    """

    def __init__(
        self, voices: Voices, languages: Languages, settings: Settings, kept: KeptFrames | None = None
    ) -> None:
        self._names, self._languages, self._options, self._kept = voices.names, languages, settings.pipeline, kept
        self._background = load_background()
        self._enrolments = voices.enrolments
        self._network = AdaptingNetwork(voices.enrolments, self._background)

    @property
    def language(self) -> str | None:
        """The code of the talk's language; `None` where it has to be heard first."""
        return self._languages.known

    def pipeline(self, *, with_words: bool, voice: ChangeVoice = USUAL_VOICE) -> Pipeline:
        """The pipeline of the talk; people have asked the coach to sound like `voice` before."""
        keep = None if self._kept is None else self._kept.keep
        hearing = Hearing(SileroDetector(), self._network, self._options.hearing, keep)
        return Pipeline(hearing, self._languages, self._names, self._options, with_words=with_words, voice=voice)

    def lexicon(self, events: Iterable[Event]) -> Lexicon:
        """The language that a talk with these events turned out to be in."""
        return self._languages.spoken(event.language for event in events if isinstance(event, LanguageHeard))

    def again(self, events: Sequence[Event]) -> Iterator[Event] | None:
        """What a second hearing finds of a talk with these events; `None` if not all of it could be kept."""
        if self._kept is None or not self._kept.whole:
            return None
        words = [event for event in events if isinstance(event, WordsHeard)]
        return self._hear_again(self._kept, Interpreter(self.lexicon(events), self._options), words)

    def _hear_again(self, kept: KeptFrames, interpreter: Interpreter, words: Sequence[WordsHeard]) -> Iterator[Event]:
        pair = learnt_from_all(self._enrolments, self._network.pair, kept.read(), self._background)
        attribution = replace(self._options.hearing.attribution, lag_frames=SECOND_LAG_FRAMES)
        diarizer = Diarizer(HindsightNetwork(pair, self._background), attribution)
        return hear_again(kept.read(), diarizer, interpreter, words)


def build_pipeline(voices: Voices, lexicon: Lexicon, settings: Settings, *, with_words: bool) -> Pipeline:
    """A pipeline with real hearing, for a talk that is heard once."""
    return Ears(voices, Languages(lexicon), settings).pipeline(with_words=with_words)


class RecordedSession:
    """A recorded talk on its way through the loop: iterate over `run`, then `close` it.

    Parameters
    ----------
    source : what the talk is called.
    audio : where its recording lies.
    folder : where the session lies.
    ears : its voices enrolled.
    engines : for words and voice.
    fingerprint : tells the talk from others, if `source` does not.
    """

    def __init__(  # noqa: PLR0913
        self, source: str, audio: Path, folder: Path, ears: Ears, engines: Engines, *, fingerprint: str | None
    ) -> None:
        self._folder, self._ears, self._engines = folder, ears, engines
        self._pipeline = ears.pipeline(with_words=engines.transcriber is not None)
        words, voice = engines.transcriber, engines.renderer
        self._facts = SessionFacts(
            session_id=spelled_out(folder.name),
            source=source,
            fingerprint=fingerprint,
            audio=os.fsencode(audio.absolute()).decode("utf-8", "replace"),
            names=self._pipeline.names,
            words_engine=words.name if words else None,
            voice=voice.name if voice else None,
            language=ears.language if words else None,
        )
        self._events: list[Event] = []
        self.said: list[Said] = []
        """What was said of the coach's sentences, once they are over."""

    def run(self, blocks: Iterable[AudioBlock]) -> Iterator[Event]:
        """Run the talk, journalling it; yields its events."""
        answers = RecordedAnswers(self._engines.transcriber, self._engines.renderer, said=self.said)
        with JournalWriter(self._folder, self._facts) as journal:
            remove_beside(self._folder)
            for event in run_recorded(blocks, self._pipeline, answers, journal):
                self._events.append(event)
                yield event

    def hear_again(self) -> None:
        """Hear the whole talk a second time, now that it is over."""
        again = self._ears.again(self._events)
        if again is not None:
            write_beside(self._folder, self._facts, again)

    def close(self) -> Report:
        """Write everything a session leaves beside its journal, as far as the talk went."""
        report = load_report(self._folder)
        write_review(report, self._folder)
        return report


def write_review(report: Report, folder: Path) -> Path:
    """Write the page and the exports of a report; returns the page."""
    write_exports(report, folder)
    return write_text(folder, PAGE_NAME, render_page(report, called(folder)))


def called(folder: Path) -> str:
    """What a session is called on the command line: its name alone, if it lies where sessions do."""
    absolute = folder.absolute()
    return absolute.name if absolute.parent == sessions_folder().absolute() else str(absolute)


def load_report(folder: Path) -> Report:
    """The report of a session on disk: what was heard, and what was put right about it."""
    journal, corrections = read_journal(folder), in_force(read_corrections(folder))
    again, rewritten = read_second(folder), read_rewritten(folder)
    names = corrected_names(journal.session.names, corrections)
    facts = replace(journal.session if rewritten is None else rewritten.session, names=names)
    later = again if rewritten is None else rewritten.events
    if later is None:
        report = build_report(corrected(journal.events, corrections), facts)
    else:
        report = build_report(journal.events, facts, corrected(later, corrections))
        hearing = "live" if again is None else "second"
        report = replace(report, session=replace(report.session, hearing=hearing))
    told = described(corrections, journal.session.names, lambda sample: clock(to_seconds(sample)))
    next_talks = [note.text for note in corrections if isinstance(note, NextTalkNoted)]
    return replace(
        report,
        agreements=tuple(note.text for note in corrections if isinstance(note, AgreementNoted)),
        next_talk=next_talks[-1] if next_talks else None,
        corrections=tuple(
            words
            for words, correction in zip(told, corrections, strict=True)
            if not isinstance(correction, (AgreementNoted, NextTalkNoted))
        ),
    )
