"""Every value that crosses a stage or a thread: inputs, events, commands, and what they carry.

Events are named in the past tense, commands in the imperative, results as nouns. Positions are samples of the stream.
All values are frozen; those that are journalled hold only numbers, texts, enumerations and each other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from voice_coach.acoustics import Floats
from voice_coach.segment import Segment


class Speaker(StrEnum):
    """Who speaks. The two people are A and B in everything but the review, which knows their names."""

    A = "A"
    B = "B"
    UNKNOWN = "unknown"
    """Neither of the two: a third person, a television, or a voice too unlike both enrolments."""

    @property
    def other(self) -> Speaker:
        """The other of the two people; of an unknown voice, unknown."""
        return {Speaker.A: Speaker.B, Speaker.B: Speaker.A}.get(self, Speaker.UNKNOWN)


PEOPLE = (Speaker.A, Speaker.B)


class OverlapKind(StrEnum):
    """What a contribution beside the holder of the floor was; the definitions stand in `overlaps`."""

    INTERRUPTION = "interruption"
    BACKCHANNEL = "backchannel"
    COOPERATIVE = "cooperative"
    FAILED_BID = "failed_bid"
    TURN_EDGE = "turn_edge"
    CONTESTED = "contested"
    UNCLEAR = "unclear"


class PhraseKind(StrEnum):
    """What the lens over the words looks for: first what hurts, then what helps."""

    ABSOLUTE = "absolute"
    LABEL = "label"
    BLAME = "blame"
    DEMAND = "demand"
    I_STATEMENT = "i_statement"
    SOFTENED = "softened"
    REPAIR = "repair"
    APPRECIATION = "appreciation"
    VALIDATION = "validation"
    QUESTION = "question"
    PARAPHRASE = "paraphrase"
    DISCLOSURE = "disclosure"


SHARP = frozenset({PhraseKind.ABSOLUTE, PhraseKind.LABEL, PhraseKind.BLAME, PhraseKind.DEMAND})
"""Kinds that hurt; all others help."""


class Request(StrEnum):
    """What either person may ask of the coach, by voice or by a key."""

    PAUSE = "pause"
    GO_ON = "go_on"
    TIME_OUT = "time_out"
    STOP = "stop"
    SLOWER = "slower"
    FASTER = "faster"
    SOFTER = "softer"
    LOUDER = "louder"
    SKIP = "skip"
    STANDING = "standing"
    CLOSE = "close"


class Shortcoming(StrEnum):
    """What is wrong with what was heard of a voice that is to be learnt."""

    NOBODY_HEARD = "nobody_heard"
    MORE = "more"
    """It was too short."""
    NOISY = "noisy"
    CLIPPED = "clipped"
    ONE_VOICE = "one_voice"
    """It is the voice that was learnt before."""


class CueOutcome(StrEnum):
    """What became of a cue."""

    SPOKEN = "spoken"
    SHOWN = "shown"
    YIELDED = "yielded"
    EXPIRED = "expired"
    FAILED = "failed"


# What the values carry


@dataclass(frozen=True, slots=True)
class Delivery:
    """How a stretch of one person's speech sounded.

    `level_db` is relative to full scale; `pitch_hz` is the median, `None` where too little is voiced;
    `syllables` counts syllable nuclei.
    """

    level_db: float
    pitch_hz: float | None
    syllables: int


@dataclass(frozen=True, slots=True)
class InterPausalUnit:
    """Speech of one person without a pause of 0.2 s.

    `confidence` is the probability, 0 to 1, that the speech is this person's. A unit that is not `sure` counts as
    talk, but nothing is decided on it. `delivery` is measured where this person speaks alone, `overlap_level_db` where
    both do; either is `None` where there is too little of it.
    """

    speaker: Speaker
    segment: Segment
    confidence: float
    sure: bool
    delivery: Delivery | None = None
    overlap_level_db: float | None = None


@dataclass(frozen=True, slots=True)
class Silence:
    """A stretch in which nobody spoke: its level shortly after it began and shortly before it ended, dB."""

    segment: Segment
    early_db: float
    late_db: float


@dataclass(frozen=True, slots=True)
class Turn:
    """One person's hold of the floor, from the first to the last of its units.

    `speech_samples` leaves the pauses out. `offset` is the floor transfer offset in samples: positive for a gap,
    negative for an overlap, `None` where nobody held the floor before.
    """

    turn_id: int
    speaker: Speaker
    segment: Segment
    speech_samples: int
    confidence: float
    offset: int | None


@dataclass(frozen=True, slots=True)
class Overlap:
    """A contribution of `by` beside `of`, the holder of the floor; a backchannel may fall into a pause of theirs."""

    overlap_id: int
    kind: OverlapKind
    by: Speaker
    of: Speaker
    segment: Segment
    confidence: float


@dataclass(frozen=True, slots=True)
class Utterance:
    """A stretch of one person's speech that is written down in one piece.

    It is `sure` if the greater part of its speech is in sure units. What is not is written down, and nothing is decided
    on its words. `speech_share` is the share of its speech that the detector is sure of, `None` where that is not
    known. It `continues` if the utterance before it ended only because it was as long as an engine sees.
    """

    utterance_id: int
    speaker: Speaker
    segment: Segment
    sure: bool = True
    speech_share: float | None = None
    continues: bool = False


@dataclass(frozen=True, slots=True)
class Word:
    """One word; times and probability only where the engine has them."""

    text: str
    segment: Segment | None = None
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class Recognition:
    """What an engine made of the audio of an utterance; everything but the words only where the engine tells it.

    `log_probability` is the mean natural logarithm of its tokens' probabilities, `no_speech_probability` its own belief
    that nobody speaks. `language` is what it heard spoken, a code such as `en`, with `language_probability`. It
    `is_expected` where the audio was held against a few sentences, and is one of them by all likelihood.
    """

    words: tuple[Word, ...]
    log_probability: float | None = None
    no_speech_probability: float | None = None
    language: str | None = None
    language_probability: float | None = None
    is_expected: bool = False


@dataclass(frozen=True, slots=True)
class Phrase:
    """A finding of the lens: `text` is the sentence, `match` the words that were found in it."""

    kind: PhraseKind
    speaker: Speaker
    at_sample: int
    text: str
    match: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """One reason for a cue: what was noticed (a short clause), whose it was, and where."""

    what: str
    speaker: Speaker | None
    segment: Segment


@dataclass(frozen=True, slots=True)
class Cue:
    """A sentence that may be said; `named` is the person whose name it says, if any."""

    cue_id: int
    rule: str
    text: str
    named: Speaker | None
    decided_sample: int
    expires_sample: int
    evidence: tuple[Evidence, ...]


# Inputs


@dataclass(frozen=True, slots=True, eq=False)
class AudioBlock:
    """What a source delivers.

    `samples` is float32 (n,), mono, 16 kHz, in [-1, 1], beginning at `start_sample`, or (n, 2) of two microphones;
    `lost_samples` were lost just before it, for the reason `lost_by` (a short clause for people, empty if it is not
    known), and are part of the count. While nothing is heard, blocks without samples tell how long that has lasted.
    """

    start_sample: int
    samples: Floats
    lost_samples: int = 0
    lost_by: str = ""


@dataclass(frozen=True, slots=True)
class Transcript:
    """What an engine heard in an utterance; no words where it heard none. The rest is as in `Recognition`."""

    utterance_id: int
    engine: str
    words: tuple[Word, ...]
    log_probability: float | None = None
    no_speech_probability: float | None = None
    language: str | None = None
    language_probability: float | None = None
    is_expected: bool = False

    @classmethod
    def of(cls, utterance_id: int, engine: str, heard: Recognition) -> Transcript:
        """The transcript that a recognition makes."""
        return cls(
            utterance_id,
            engine,
            heard.words,
            heard.log_probability,
            heard.no_speech_probability,
            heard.language,
            heard.language_probability,
            heard.is_expected,
        )


@dataclass(frozen=True, slots=True)
class TranscriptionFailed:
    """An engine could not be asked, or failed."""

    utterance_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class CueStarted:
    """The first sample of a cue was played. `in_microphone` tells whether the stream hears the coach's voice."""

    cue_id: int
    at_sample: int
    in_microphone: bool


@dataclass(frozen=True, slots=True)
class CueFinished:
    """A cue is over. A cue that was shown, or failed, never started."""

    cue_id: int
    at_sample: int
    outcome: CueOutcome


@dataclass(frozen=True, slots=True)
class SpokenOver:
    """Somebody began to speak at `at_sample`, while a cue was being said: it is already fading out."""

    cue_id: int
    at_sample: int


@dataclass(frozen=True, slots=True)
class Pressed:
    """Somebody asked for something by a key."""

    request: Request


Answer = Transcript | TranscriptionFailed | CueStarted | CueFinished | SpokenOver | Pressed
"""Every input that is no audio: what became of a command, or a key."""
Input = AudioBlock | Answer


# Events


@dataclass(frozen=True, slots=True)
class UnitEnded:
    """A stretch of one person's speech was heard to its end."""

    unit: InterPausalUnit


@dataclass(frozen=True, slots=True)
class FloorTaken:
    """Somebody took the floor at `at_sample`; `offset` as in `Turn`."""

    speaker: Speaker
    at_sample: int
    offset: int | None


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """A turn is over: another took the floor, or it fell silent."""

    turn: Turn


@dataclass(frozen=True, slots=True)
class OverlapHeard:
    """A contribution beside the holder of the floor was heard and sorted."""

    overlap: Overlap


@dataclass(frozen=True, slots=True)
class RhythmLearnt:
    """What is usual between the two, in samples: the gap before a turn, the overlap where turns overlap, if any."""

    gap_samples: int | None
    overlap_samples: int | None


@dataclass(frozen=True, slots=True)
class OverlapReclassified:
    """Words that came later showed what an overlap was."""

    overlap_id: int
    kind: OverlapKind
    reason: str


@dataclass(frozen=True, slots=True)
class VoiceRaised:
    """A voice stood out from its own calm baseline for long enough to say so.

    `level_db` is above the baseline, the ratios are to it; each is `None` where it could not be measured.
    """

    speaker: Speaker
    segment: Segment
    level_db: float | None
    pitch_ratio: float | None
    rate_ratio: float | None


@dataclass(frozen=True, slots=True)
class GainNoticed:
    """The device changes its gain by itself, so that levels cannot be compared from here on."""

    at_sample: int
    rise_db: float


@dataclass(frozen=True, slots=True)
class WordsHeard:
    """An utterance was written down; `doubtful` names the gate that keeps its words out, if one does."""

    utterance: Utterance
    engine: str
    words: tuple[Word, ...]
    doubtful: str | None = None

    @property
    def text(self) -> str:
        """All words as one line."""
        return " ".join(word.text for word in self.words)


@dataclass(frozen=True, slots=True)
class WordsMissing:
    """An utterance could not be written down."""

    utterance: Utterance
    reason: str


@dataclass(frozen=True, slots=True)
class PhraseFound:
    """The lens found something in the words."""

    phrase: Phrase


@dataclass(frozen=True, slots=True)
class CueHeldBack:
    """A rule had its evidence, but the coach kept quiet, and why."""

    rule: str
    reason: str
    at_sample: int
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class CueSettled:
    """What became of a cue; times are `None` where it was never begun."""

    cue: Cue
    outcome: CueOutcome
    started_sample: int | None
    finished_sample: int | None


@dataclass(frozen=True, slots=True)
class AudioLost:
    """A stretch of the talk that was not heard, and why, as a short clause for people (empty if it is not known)."""

    segment: Segment
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TalkReached:
    """So far the talk has come, about once a second: what is known of it should the program be killed now.

    `unfinished` are units that are not yet over, as far as they go; `lost_since` is the beginning of a gap that is not.
    """

    at_sample: int
    unfinished: tuple[InterPausalUnit, ...]
    lost_since: int | None


@dataclass(frozen=True, slots=True)
class SpeakingChanged:
    """From `at_sample` on, these are heard to speak, or nobody if it is empty: what can be told at once.

    Turns are decided later, by what follows.
    """

    speakers: tuple[Speaker, ...]
    at_sample: int


@dataclass(frozen=True, slots=True)
class RequestHeard:
    """Somebody asked the coach for something; by a key if there is no speaker."""

    request: Request
    speaker: Speaker | None
    at_sample: int


@dataclass(frozen=True, slots=True)
class TalkEnded:
    """The stream is over; `heard_samples` leaves out what was lost."""

    samples: int
    heard_samples: int


@dataclass(frozen=True, slots=True)
class LanguageHeard:
    """Which language the talk is in, as the words engine heard it; `share` of what was heard is of it.

    If it is not `sure`, it is still the likeliest.
    """

    language: str
    share: float
    sure: bool
    at_sample: int


HEARD = (
    UnitEnded
    | FloorTaken
    | TurnEnded
    | OverlapHeard
    | RhythmLearnt
    | OverlapReclassified
    | VoiceRaised
    | GainNoticed
    | WordsHeard
    | PhraseFound
)
"""Events that a second hearing of the talk replaces."""
Event = (
    HEARD
    | WordsMissing
    | LanguageHeard
    | CueHeldBack
    | CueSettled
    | AudioLost
    | RequestHeard
    | SpeakingChanged
    | TalkReached
    | TalkEnded
)


# Commands


@dataclass(frozen=True, slots=True, eq=False)
class Transcribe:
    """Write down an utterance; `samples` is its audio, float32 (n,), 16 kHz, beginning at `start_sample`.

    The audio reaches a little further than the utterance on both sides, as far as there is any.
    """

    utterance: Utterance
    start_sample: int
    samples: Floats = field(repr=False)


@dataclass(frozen=True, slots=True)
class Say:
    """Say a cue now."""

    cue: Cue


@dataclass(frozen=True, slots=True)
class Prepare:
    """Have these sentences ready: they may be said soon."""

    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StopSaying:
    """Fade a cue out: somebody speaks."""

    cue_id: int


@dataclass(frozen=True, slots=True)
class Pause:
    """Capture nothing from here on: frames are dropped before they are kept anywhere."""


@dataclass(frozen=True, slots=True)
class Resume:
    """Capture again."""


@dataclass(frozen=True, slots=True)
class ChangeVoice:
    """From the next sentence on, speak at this multiple of the usual rate and volume."""

    rate: float
    volume: float


@dataclass(frozen=True, slots=True)
class ChangeLanguage:
    """From the next sentence on, speak this language, a code such as `en`."""

    language: str


@dataclass(frozen=True, slots=True)
class EndTalk:
    """The talk is to end."""


Command = Transcribe | Prepare | Say | StopSaying | Pause | Resume | ChangeVoice | ChangeLanguage | EndTalk
Output = Event | Command
