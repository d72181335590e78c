"""The event log, the newest line last."""

from app.ui.panels.event_log import log_view, no_note
from app.ui.screens.base import DeckScreen, Panel


class EventLog(DeckScreen):
    """Follows the newest event while the cursor is on it; one that is cut stands in full below the others."""

    NAME = "log"
    PANELS = (Panel("events", log_view, follows=True, note=no_note, spared=5),)
