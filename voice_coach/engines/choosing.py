"""Which words engine this machine has, chosen by setting, by what is there, and by what keeps up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from voice_coach import resources
from voice_coach.config import WordsOptions
from voice_coach.engines import moonshine, whisper
from voice_coach.engines.expected import ExpectedSentences, Expecting
from voice_coach.engines.model_store import check_model, find_model, installed_models, models_folder
from voice_coach.engines.speed import Speed, best_first, is_english_only, load_clip, measure, remember, remembered
from voice_coach.errors import EngineFailed, MissingPart
from voice_coach.ports import Transcriber

_TRIED_SECONDS = 3.0
"""How long a talk waits at its start to see whether a model that was not measured before keeps up."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The engine for the words of a talk, `None` for none, and why each one was passed over that comes before it."""

    transcriber: Transcriber | None
    passed_over: tuple[str, ...] = ()
    speed: Speed | None = None
    tells_languages: bool = False

    @property
    def told(self) -> str:
        """What was picked, as a line for people."""
        if self.transcriber is None:
            return "none are written down"
        if self.speed is None:
            return f"{self.transcriber.name} (whether it keeps up here is not known; voice-coach models bench tells)"
        share = f"{self.speed.seconds:.2f} s of work for each second of speech"
        return f"{self.transcriber.name} ({share}, {self.speed.machine_share:.0%} of this machine)"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the words of a talk are to be.

    `language` is a code, or `None` to have a multilingual model find out; `names` are those of the two people. `live`
    words have to keep up with the talk.
    """

    language: str | None = "en"
    names: Sequence[str] = ()
    live: bool = False


def choose_transcriber(options: WordsOptions, wanted: Wanted) -> Choice:
    """The engine for the words of a talk: `auto` takes the best Whisper that keeps up, else Moonshine, else none.

    Raises
    ------
    MissingPart
        If an engine was asked for by name, or a model by its folder, and is not there or does not load.
    """
    speeds = remembered()
    own = Path(options.whisper_model).expanduser() if options.whisper_model else None
    match options.engine:
        case "off":
            return Choice(None)
        case "moonshine":
            return _chosen(moonshine.MoonshineTranscriber(), speeds)
        case "auto" if own is None:
            choice = _first_that_fits(_engines(options, wanted, speeds), speeds, live=wanted.live)
            return choice if choice.transcriber or choice.passed_over else Choice(None, _nobody_knows(wanted.language))
    model = own or next(iter(_fitting(wanted)), None)
    if model is None:
        language = "" if wanted.language in (None, "en") else f" that knows {wanted.language}"
        raise MissingPart(
            f"no Whisper model{language} is installed in {models_folder()}; "
            "voice-coach models get fetches one, --words moonshine needs none"
        )
    return _chosen(_whisper(model, options, wanted), speeds)


def _nobody_knows(language: str | None) -> tuple[str, ...]:
    """Why there is no engine for another language than English; for that one there may be none by choice."""
    if language in (None, "en"):
        return ()
    return (f"no words engine here knows {language}; cure: voice-coach models get base, or small",)


def with_expectations(transcriber: Transcriber | None, sentences: Sequence[str]) -> Transcriber | None:
    """An engine that hears these sentences better, where it is one that can be asked how likely they are."""
    if not isinstance(transcriber, moonshine.MoonshineTranscriber):
        return transcriber
    return Expecting(transcriber, ExpectedSentences(transcriber.folder, sentences))


def better_maker(options: WordsOptions, wanted: Wanted) -> Callable[[], Transcriber] | None:
    """How to open the engine that writes a talk down once more in spare time, if one is wished for.

    Raises
    ------
    MissingPart
        If it is not there.
    """
    if not options.better_model:
        return None
    model = find_model(options.better_model) or Path(options.better_model).expanduser()
    if not whisper.is_model(model):
        raise MissingPart(
            f"no model {options.better_model} is here, which words.better_model names; "
            "voice-coach models list shows which there are"
        )
    return partial(_whisper, model, options, wanted)


def engine_makers(options: WordsOptions) -> Iterator[tuple[str, Callable[[], Transcriber]]]:
    """Every engine that is here, by what is shown of it, and how to open it."""
    for model in installed_models():
        yield f"whisper {model.name}", partial(_whisper, model, options, Wanted(None))
    if moonshine.model_path() is not None:
        yield "moonshine", moonshine.MoonshineTranscriber


def _fitting(wanted: Wanted) -> list[Path]:
    """Installed models that know the language, best first."""
    models = {model.name: model for model in reversed(installed_models())}  # people's own before those that were got
    names = best_first(models)
    if wanted.language is None:
        names.sort(key=is_english_only)
    elif wanted.language != "en":
        names = [name for name in names if not is_english_only(name)]
    return [models[name] for name in names]


def _whisper(model: Path, options: WordsOptions, wanted: Wanted) -> Transcriber:
    check_model(model)
    return whisper.WhisperTranscriber(model, wanted.language, options.threads, wanted.names)


def _chosen(transcriber: Transcriber, speeds: Mapping[str, Speed], passed_over: Sequence[str] = ()) -> Choice:
    tells = isinstance(transcriber, whisper.WhisperTranscriber) and transcriber.is_multilingual
    return Choice(transcriber, tuple(passed_over), speeds.get(transcriber.name), tells)


def _engines(options: WordsOptions, wanted: Wanted, speeds: Mapping[str, Speed]) -> Iterator[Callable[[], Transcriber]]:
    """What `auto` tries, best first. What is known not to keep up comes last, if the talk is live."""
    slow = []
    for model in _fitting(wanted):
        speed = speeds.get(f"whisper {model.name}")
        make = partial(_whisper, model, options, wanted)
        if wanted.live and speed is not None and not speed.keeps_up:
            slow.append(make)
        else:
            yield make
    if wanted.language in (None, "en") and moonshine.model_path() is not None:  # all that the model in the wheel knows
        yield moonshine.MoonshineTranscriber
    yield from reversed(slow)


def _first_that_fits(
    engines: Iterator[Callable[[], Transcriber]], speeds: Mapping[str, Speed], *, live: bool
) -> Choice:
    """The first that works and, if the talk is live, keeps up; of none that does, the last that works."""
    passed_over: list[str] = []
    slow: Choice | None = None
    for make in engines:
        try:
            engine = make()
            if not live or engine.name in speeds or not isinstance(engine, whisper.WhisperTranscriber):
                return _chosen(engine, speeds, passed_over)
            speeds = {**speeds, engine.name: _tried(engine)}
            choice = _chosen(make(), speeds, passed_over)  # anew: the one that was tried has heard a language
        except (MissingPart, EngineFailed) as reason:
            passed_over.append(str(reason))
            continue
        if speeds[engine.name].keeps_up:
            return choice
        slow = choice
    return slow or Choice(None, tuple(passed_over))


def _tried(engine: Transcriber) -> Speed:
    """How fast an engine is that nobody has measured here; remembered, so that it is waited for but once."""
    speed = measure(engine, load_clip(resources.demo_folder() / "enrol_a.flac"), _TRIED_SECONDS)
    remember({engine.name: speed})
    return speed
