"""What is pasted becomes harmless before any widget sees it: Textual's own inputs print whatever they are given."""

from textual.events import Event, Paste

from app.core.text import clean

_LONGEST = 4_000


def harmless(event: Event) -> Event:
    """The event; the text of a paste is on one line, at most 4000 cells wide, and without controls."""
    if isinstance(event, Paste):
        event.text = str(clean(" ".join(event.text.splitlines()), _LONGEST))
    return event
