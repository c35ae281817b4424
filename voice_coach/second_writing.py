"""A session's words written down again, from the recording of it, by another engine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from voice_coach.config import Settings
from voice_coach.engines.recording import Recording
from voice_coach.errors import EngineFailed, InputError
from voice_coach.events import AudioBlock, Event, Transcript, WordsHeard, WordsMissing
from voice_coach.gates import doubt
from voice_coach.journal import REWRITTEN_NAME, Journal, read_journal, read_second, write_beside
from voice_coach.lexicon import Lexicon
from voice_coach.ports import Transcriber
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
    path = named or Path(session.source)
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
    heard = read_second(folder) or journal.events
    words = list(_written(journal, blocks, transcriber, settings))
    if not words:
        raise InputError(f"{folder.name} was heard without words; analyze its recording again, with --words")
    written = [event for event in words if isinstance(event, WordsHeard)]
    missing = [event for event in words if isinstance(event, WordsMissing)]
    events = [*rewrite(heard, written, lexicon, settings.pipeline), *missing]
    session = replace(journal.session, words_engine=transcriber.name, language=lexicon.language)
    write_beside(folder, session, events, REWRITTEN_NAME)


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
