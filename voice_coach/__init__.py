"""A quiet companion for a heart-to-heart of two people."""
