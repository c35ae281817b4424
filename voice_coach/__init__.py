"""A quiet companion for a heart-to-heart of two people."""

__version__ = "0.1.0"
