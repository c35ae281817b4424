"""A talk at the table: the pipeline's thread, and how it begins and ends."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from voice_coach.acoustics import Floats, mono
from voice_coach.events import (
    Answer,
    AudioBlock,
    ChangeVoice,
    Command,
    EndTalk,
    Output,
    Pause,
    Pressed,
    Request,
    Resume,
    Say,
    SpokenOver,
    StopSaying,
    Transcribe,
)
from voice_coach.journal import JournalWriter
from voice_coach.live.inbox import Inbox
from voice_coach.live.speaking import Clock, Overheard, Speaking
from voice_coach.live.writing import Words
from voice_coach.pipeline import Pipeline
from voice_coach.ports import Canceller, Loudspeaker, Transcriber, Voice

_LAST_WORDS_SECONDS = 8.0
"""How long the end of a talk waits for words that are still being written."""
_LAST_SENTENCE_SECONDS = 8.0


@dataclass(frozen=True, slots=True)
class LiveEngines:
    """Engines of a live talk; `None` for what nobody wants or has."""

    transcriber: Transcriber | None
    voice: Voice | None
    loudspeaker: Loudspeaker | None
    canceller: Canceller | None = None


Watch = Callable[[Output | AudioBlock, int], None]
"""Is told what happens, in the pipeline's thread, with the present sample."""


class LiveTalk:
    """A talk at the table, from the first block that is put into its inbox to its end.

    Parameters
    ----------
    gain : brings the microphone's level to that of the models.
    """

    def __init__(  # noqa: PLR0913, PLR0917
        self,
        pipeline: Pipeline,
        inbox: Inbox,
        clock: Clock,
        engines: LiveEngines,
        journal: JournalWriter,
        watch: Watch,
        gain: float,
    ) -> None:
        self._pipeline, self._inbox, self._clock = pipeline, inbox, clock
        self._engines, self._journal, self._watch = engines, journal, watch
        self._gain = np.float32(gain)
        self._overheard = Overheard()
        self._words = None if engines.transcriber is None else Words(engines.transcriber, inbox)
        self._speaking = Speaking(engines.voice, engines.loudspeaker, inbox, self._overheard, clock)
        self._is_paused = False
        self._through: Floats | None = None  # what the canceller has not heard yet of a sentence that is being played
        self._spoken_over: int | None = None
        self._error: BaseException | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pipeline", daemon=True)

    def press(self, request: Request) -> None:
        """Somebody asks for something by a key. A pause is kept at once, whatever else is waiting."""
        if request is Request.PAUSE:
            self._clock.microphone.pause()
        self._inbox.put(Pressed(request))

    @property
    def is_paused(self) -> bool:
        """Whether nothing is captured, because somebody wished so."""
        return self._is_paused

    def is_idle(self) -> bool:
        """Whether all that was heard has been worked off, words and sentences too: a simulated table waits for it."""
        words = self._words is None or self._words.is_idle
        return (words and self._speaking.is_idle and self._inbox.is_settled) or not self._thread.is_alive()

    def run(self) -> None:
        """Hold the talk; returns when it has ended, by request or because its thread could not go on.

        Raises
        ------
        KeyboardInterrupt
            Somebody ended the program: `close` still saves the talk.
        """
        self._thread.start()
        while not self._ended.wait(0.1):  # short waits, because on some systems a long one is deaf to Ctrl-C
            pass

    def close(self) -> None:
        """End the talk properly: the last sentence, the last words. Raises what went wrong in its thread, if it did."""
        self._speaking.finish(_LAST_SENTENCE_SECONDS)
        self._clock.microphone.close()
        self._inbox.close()
        if self._thread.ident is not None:
            self._thread.join()
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            while (item := self._inbox.take()) is not None:
                self._take(item)
            self._carry_out(self._pipeline.finish())
            self._take_last_words()
        except BaseException as error:
            self._error = error
            self._inbox.close()  # nobody takes from it any more, so nobody must wait for room
        finally:
            self._ended.set()

    def _take_last_words(self) -> None:
        if self._words is None:
            return
        given_up = self._words.finish(_LAST_WORDS_SECONDS)
        while (item := self._inbox.take()) is not None:
            self._take(item)
        for failed in given_up:
            self._take(failed)

    def _take(self, item: AudioBlock | Answer) -> None:
        if isinstance(item, AudioBlock):
            block = replace(item, start_sample=item.start_sample - self._clock.origin)
            self._overheard.add(block)
            self._watch(block, self._pipeline.now)
            item = replace(block, samples=block.samples * self._gain)
            self._listen_through(item)
        else:
            self._journal.append(self._pipeline.now, item)
        self._carry_out(self._pipeline.feed(item))

    def _listen_through(self, block: AudioBlock) -> None:
        """Notice somebody who speaks over the coach."""
        canceller, current = self._engines.canceller, self._speaking.current
        if canceller is None or current is None or not len(block.samples):
            self._through = None
            return
        cue_id, said = current
        if self._through is None:
            canceller.begin()
            self._through = np.zeros(0, np.float32)
        heard = np.concatenate((self._through, mono(block.samples)))
        whole = len(heard) // canceller.frame_samples * canceller.frame_samples
        self._through = heard[whole:]
        end = block.start_sample + len(block.samples) - len(self._through)
        ago = canceller.process(heard[:whole], said.between(end - whole, end))
        if ago is not None and cue_id != self._spoken_over:
            self._spoken_over = cue_id
            self._speaking.stop(cue_id)  # at once; the pipeline learns of it in its turn
            self._inbox.put(SpokenOver(cue_id, end - ago))

    def _carry_out(self, outputs: list[Output]) -> None:
        for output in outputs:
            if isinstance(output, Command):
                self._dispatch(output)
            else:
                self._journal.append(self._pipeline.now, output)
            self._watch(output, self._pipeline.now)

    def _dispatch(self, command: Command) -> None:
        match command:
            case Transcribe():
                for failed in [] if self._words is None else self._words.submit(command):
                    self._inbox.put(failed)
            case Say(cue):
                self._speaking.say(cue)
            case StopSaying(cue_id):
                self._speaking.stop(cue_id)
            case Pause():
                self._is_paused = True
                self._clock.microphone.pause()
            case Resume():
                self._is_paused = False
                self._clock.microphone.resume()
            case ChangeVoice(rate, volume):
                if self._engines.voice is not None:
                    self._engines.voice.change(rate, volume)
            case EndTalk():
                self._ended.set()
