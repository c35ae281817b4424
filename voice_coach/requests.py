"""What people ask of the coach by voice: the word "coach", a request, and nothing more.

There is no other wake word, and nothing is asked back: so a request counts only as a short utterance of its own. In the
midst of a sentence, "coach" and "stop" are words like any other.
"""

from __future__ import annotations

from voice_coach.events import Request, WordsHeard
from voice_coach.lexicon import Lexicon

LONGEST_SECONDS = 5.0
LONGEST_WORDS = 12


def request_in(lexicon: Lexicon, heard: WordsHeard) -> Request | None:
    """What an utterance asks of the coach; `None` if it is talk."""
    if heard.doubtful is not None or heard.utterance.segment.seconds > LONGEST_SECONDS:
        return None
    if not 0 < len(heard.words) <= LONGEST_WORDS:
        return None
    plain = (part for word in heard.text.split() for part in lexicon.normal(word))
    line = " ".join(word for word in plain if word not in lexicon.fillers)
    return next((request for request, pattern in lexicon.requests.items() if pattern.fullmatch(line)), None)
