"""A table without people: what live talks are measured and tested at."""
