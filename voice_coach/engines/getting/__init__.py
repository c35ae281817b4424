"""Getting Whisper models: the only part of the program that may open a connection, and only when it is asked to."""
