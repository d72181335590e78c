"""tapedeck: a trading deck for the terminal."""

__version__ = "0.1.0"
