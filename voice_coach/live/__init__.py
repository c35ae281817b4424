"""The live runner: threads around the same pipeline.

| thread | does | never |
|---|---|---|
| the microphone's | puts blocks into the inbox, and waits where it is full | touches state |
| pipeline | takes from the inbox, feeds, journals, dispatches; the only owner of state | waits for a worker |
| words | writes utterances down, short ones first, because they may be a request | touches state |
| voice | renders and plays one sentence at a time | says what has expired |

Results never wait for room in the inbox, and the pipeline never waits for workers: so nothing can lock. Words are the
first thing given up: utterances that wait too long are dropped, the oldest first, and counted as missing.
"""
