"""What is shown and written after a talk, from report values only."""
