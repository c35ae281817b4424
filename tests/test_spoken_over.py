"""Where the turn of somebody who spoke over the coach begins."""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest

from tests.marked import ToldHearing
from tests.talks import NAMES, TENTH, unit
from voice_coach.events import AudioBlock, CueFinished, CueOutcome, CueStarted, Input, Speaker, SpokenOver, UnitEnded
from voice_coach.hearing import Hearing
from voice_coach.lexicon import Languages, Lexicon
from voice_coach.pipeline import Pipeline, PipelineOptions
from voice_coach.segment import Segment

START, OVER, END, TRUSTED, LAST = (tenths * TENTH for tenths in (20, 45, 50, 54, 80))


@pytest.mark.parametrize(("outcome", "begins"), [(CueOutcome.YIELDED, OVER), (CueOutcome.SPOKEN, TRUSTED)])
def test_it_begins_where_they_spoke_over_it_unless_it_was_said_to_its_end(
    lexicon: Lexicon, outcome: CueOutcome, begins: int
) -> None:
    """The microphone is trusted again 0.4 s after the coach's last sound."""
    hearing = cast("Hearing", ToldHearing([unit(Speaker.A, Segment(TRUSTED, LAST))]))
    pipeline = Pipeline(hearing, Languages(lexicon), NAMES, PipelineOptions(), with_words=False)
    told: list[object] = []

    def hear(until: int, result: Input) -> None:
        told.extend(pipeline.feed(AudioBlock(pipeline.now, np.zeros(until - pipeline.now, np.float32))))
        told.extend(pipeline.feed(result))

    hop = 2560
    hear(START // hop * hop, CueStarted(0, START, in_microphone=True))
    hear(OVER // hop * hop, SpokenOver(0, OVER))
    hear(END // hop * hop, CueFinished(0, END, outcome))
    told.extend(pipeline.feed(AudioBlock(pipeline.now, np.zeros(40 * hop, np.float32))))
    told.extend(pipeline.finish())
    assert [event.unit.segment for event in told if isinstance(event, UnitEnded)] == [Segment(begins, LAST)]
