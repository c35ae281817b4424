"""A session's words written down again by another engine, from the recording of it or while it was held."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from voice_coach.config import Settings
from voice_coach.engines.recording import Recording
from voice_coach.errors import EngineFailed, InputError
from voice_coach.events import AudioBlock, Event, Transcript, Utterance, WordsHeard, WordsMissing
from voice_coach.gates import doubt
from voice_coach.journal import REWRITTEN_NAME, Journal, read_journal, read_second, write_beside
from voice_coach.lexicon import Lexicon
from voice_coach.ports import Transcriber
from voice_coach.report import SessionFacts
from voice_coach.rewriting import commands_again, rewrite, utterances_of
from voice_coach.session import KEPT_AUDIO_NAME


def recording_of(folder: Path, named: Path | None = None) -> Recording:
    """The recording of a session: one that is named, the audio that was kept, or the file that was analysed.

    Raises
    ------
    InputError
        If there is none, or it is another.
    """
    session, kept = read_journal(folder).session, folder / KEPT_AUDIO_NAME
    if named is None and kept.is_file():
        return Recording(kept)
    path = named or Path(session.audio or session.source)
    if named is None and not path.is_file():
        raise InputError(f"no audio of {folder.name} is kept; name its recording, if there is one, with --audio")
    recording = Recording(path)
    if session.fingerprint is not None and recording.fingerprint != session.fingerprint:
        raise InputError(f"{path} is not the recording that {folder.name} was made from")
    return recording


def write_again(
    folder: Path, blocks: Iterable[AudioBlock], transcriber: Transcriber, lexicon: Lexicon, settings: Settings
) -> None:
    """Write all utterances of a session down again; its report then has those words.

    Parameters
    ----------
    blocks : its recording, at the level of the models.

    Raises
    ------
    InputError
        If nothing of it was to be written down, or the folder cannot be written.
    """
    journal = read_journal(folder)
    words = list(_written(journal, blocks, transcriber, settings))
    if not words:
        if journal.session.words_engine is None:
            raise InputError(f"{folder.name} was heard without words; analyze its recording again, with --words")
        raise InputError(f"nobody said anything in {folder.name} that could be written down")
    _put(folder, replace(journal.session, words_engine=transcriber.name), words, lexicon, settings)


def write_better(
    folder: Path, better: Mapping[int, Transcript], engine: str, lexicon: Lexicon, settings: Settings
) -> None:
    """Let a session's report have the words that a better engine wrote down in its spare time.

    Parameters
    ----------
    better : what it wrote, by utterance; any other keeps the words that it has.
    """
    journal, options = read_journal(folder), settings.pipeline.transcription
    words: list[Event] = []
    for utterance in utterances_of(journal.events):
        heard = better.get(utterance.utterance_id)
        if heard is None:
            words.append(_as_it_was(journal, utterance))
        else:
            words.append(WordsHeard(utterance, engine, heard.words, doubt(heard, utterance, options)))
    first = journal.session.words_engine
    is_all = all(isinstance(event, WordsHeard) and event.engine == engine for event in words)
    both = replace(journal.session, words_engine=engine if is_all else f"{engine} and {first}")
    _put(folder, both, words, lexicon, settings)


def _as_it_was(journal: Journal, utterance: Utterance) -> Event:
    """The words of an utterance as they came in the talk, those that went to the other included."""
    told = [e for e in journal.events if isinstance(e, WordsHeard | WordsMissing)]
    own, *others = [event for event in told if event.utterance.utterance_id == utterance.utterance_id]
    if isinstance(own, WordsMissing):
        return own
    words = [word for event in (own, *others) if isinstance(event, WordsHeard) for word in event.words]
    if others:  # only words with a time go to the other
        words.sort(key=lambda word: word.segment or utterance.segment)
    return replace(own, words=tuple(words))


def _put(folder: Path, session: SessionFacts, words: Sequence[Event], lexicon: Lexicon, settings: Settings) -> None:
    """Write other words of a session beside what was heard, and all that follows from them."""
    heard = read_second(folder) or read_journal(folder).events
    written = [event for event in words if isinstance(event, WordsHeard)]
    missing = [event for event in words if isinstance(event, WordsMissing)]
    events = [*rewrite(heard, written, lexicon, settings.pipeline), *missing]
    write_beside(folder, replace(session, language=lexicon.language), events, REWRITTEN_NAME)


def _written(
    journal: Journal, blocks: Iterable[AudioBlock], transcriber: Transcriber, settings: Settings
) -> Iterator[Event]:
    options = settings.pipeline.transcription
    for command in commands_again(utterances_of(journal.events), blocks, options):
        utterance = command.utterance
        try:
            found = transcriber.transcribe(utterance, command.start_sample, command.samples)
        except EngineFailed as error:
            yield WordsMissing(utterance, str(error))
            continue
        heard = Transcript.of(utterance.utterance_id, transcriber.name, found)
        yield WordsHeard(utterance, transcriber.name, found.words, doubt(heard, utterance, options))
