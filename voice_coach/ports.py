"""What the pipeline and the runners need from engines, one method each. Every fake fulfils the same contract."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from voice_coach.acoustics import Floats, Frames
from voice_coach.events import AudioBlock, Cue, Recognition, Shortcoming, Speaker, Utterance


class SpeechDetector(Protocol):
    """Tells speech from everything else."""

    @property
    def block_samples(self) -> int:
        """Samples of one decision."""
        ...

    def process(self, samples: Floats) -> Floats:
        """Probability of speech, float32 (m / block_samples,), of samples (m,), a multiple of `block_samples`."""
        ...


class VoiceComparer(Protocol):
    """Tells the two enrolled voices apart, frame by frame, a fixed number of frames late."""

    @property
    def delay_frames(self) -> int:
        """How many frames after a frame its answer comes."""
        ...

    def process(self, frames: Frames, speech: Floats) -> Floats:
        """Log-probabilities, float32 (n, 5), of silence, A alone, B alone, both, and speech of neither, for n frames.

        The answers are about the frames `delay_frames` before these; the first `delay_frames` answers of a stream mean
        nothing. `speech` is the speech probability of each of these frames, float32 (n,).
        """
        ...


class StreamingComparer(VoiceComparer, Protocol):
    """A comparer that also tells its first impression, sooner than its answers and less surely."""

    @property
    def impression_delay_frames(self) -> int:
        """How many frames after a frame its first impression comes."""
        ...

    @property
    def impression(self) -> Floats:
        """As the answers of the last `process`, (n, 5), but about the frames `impression_delay_frames` before those."""
        ...


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is wrong with a voice, and whether it will do all the same."""

    shortcoming: Shortcoming
    is_usable: bool


class VoiceLearner(Protocol):
    """Learns the voices of two people, one after the other."""

    @property
    def speech_seconds(self) -> float:
        """Net speech of the one who is to speak, s."""
        ...

    @property
    def quiet_seconds(self) -> float:
        """For how long nobody has spoken, s, since they last spoke or were asked to."""
        ...

    @property
    def last_stretch_seconds(self) -> float:
        """Length of the last stretch of speech without a pause of half a second, s."""
        ...

    def begin(self, person: Speaker) -> None:
        """Listen to this person from now on; what they said before stays if it was only too short.

        To `UNKNOWN`, anybody is listened to, and nobody's voice is learnt.
        """
        ...

    def hear(self, samples: Floats) -> None:
        """Take what is heard, float32 (n,), as the microphone delivers it."""
        ...

    def judge(self) -> Judgement | None:
        """What is wrong with what was heard of this person; `None` if it is good."""
        ...


class Transcriber(Protocol):
    """Writes an utterance down."""

    @property
    def name(self) -> str:
        """Engine and model, for people."""
        ...

    def transcribe(self, utterance: Utterance, start_sample: int, samples: Floats) -> Recognition:
        """What is said in an utterance: no words where there are none, with times on the stream's clock if with any.

        `samples` is its audio with a little around it, float32 (n,), 16 kHz, beginning at `start_sample` of the stream.

        Raises
        ------
        EngineFailed
            If the engine breaks down on it.
        """
        ...


class Renderer(Protocol):
    """Turns a cue into sound."""

    @property
    def name(self) -> str:
        """Engine and voice, for people."""
        ...

    def render(self, cue: Cue) -> Floats:
        """The cue as float32 (n,), mono, 16 kHz.

        Raises
        ------
        EngineFailed
            If no voice of this machine can say it; the cue is then shown.
        """
        ...

    def speak_in(self, language: str) -> None:
        """From now on, cues are in this language, a code such as `en`."""
        ...


class Canceller(Protocol):
    """Hears the people through the coach's own voice."""

    @property
    def frame_samples(self) -> int:
        """Samples are processed in multiples of this."""
        ...

    def begin(self) -> None:
        """A new sentence is played from here on."""
        ...

    def process(self, heard: Floats, played: Floats, gain: float) -> int | None:
        """How many samples before the end of `heard` somebody began to speak; `None` while nobody does.

        Both float32 (n,), of the same stretch; `gain` brings what is heard to the level of the models. What was learnt
        of the room is about sound as it is, so a change of the gain is none of the room.
        """
        ...


class Voice(Renderer, Protocol):
    """A renderer for live talks: it has ready what may be said soon."""

    def prepare(self, texts: Iterable[str]) -> None:
        """Render these ahead, in the background."""
        ...

    def change(self, rate: float, volume: float) -> None:
        """From now on, speak at these multiples of the usual rate and volume."""
        ...

    def close(self) -> None:
        """Prepare nothing more; returns when its thread has ended."""
        ...


@dataclass(frozen=True, slots=True)
class Notice:
    """What is amiss with a device, as one sentence with its cure; `text` is empty when all is well again."""

    text: str


class Microphone(Protocol):
    """Delivers what the table hears, whatever happens to the device. Times are seconds of `engines.clock`."""

    def start(self, deliver: Callable[[AudioBlock], None], tell: Callable[[Notice], None]) -> None:
        """Open the device, and deliver blocks from a thread of its own from now on; `deliver` may block.

        The first block starts at sample 0. What is lost (the device gone, paused, muted, suspended) advances the count
        and comes as blocks without samples, at least every half second, with its reason. `tell` is told at once.

        Raises
        ------
        MissingPart
            If there is no microphone that can be opened, with the cure.
        """
        ...

    def pause(self) -> None:
        """Drop what comes, before it is kept anywhere; returns when that is so. Safe from any thread."""
        ...

    def resume(self) -> None:
        """Keep what comes again."""
        ...

    def sample_at(self, seconds: float) -> int:
        """Which sample of the stream is heard at a time."""
        ...

    def check(self) -> None:
        """Raise what went wrong in its thread, if anything did: then nothing more is delivered."""
        ...

    def close(self) -> None:
        """Stop delivering, and let go of the device; returns when its thread has ended."""
        ...


@dataclass(frozen=True, slots=True)
class Played:
    """When the last sample was heard that was played, and whether it was the last of all."""

    ended: float
    whole: bool


class Loudspeaker(Protocol):
    """Plays sentences. Times are seconds of `engines.clock`."""

    def play(self, samples: Floats, begun: Callable[[float], None]) -> Played:
        """Play float32 (n,), mono, 16 kHz; returns when the last sample was heard, or `fade` cut it short.

        `begun` is told, from whatever thread, when the first sample is heard.

        Raises
        ------
        EngineFailed
            If there is no output, or it goes away meanwhile.
        """
        ...

    def fade(self) -> None:
        """Let what is being played, if anything, fade out within 0.1 s. Safe from any thread."""
        ...

    def close(self) -> None:
        """Let go of the device."""
        ...
