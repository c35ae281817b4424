"""The fixture Whisper: a tiny model for the voices of the fixture talks, built by `python -m tools.words.build`."""
