"""The event log, the newest line last."""

from app.ui.panels.event_log import log_view
from app.ui.screens.base import DeckScreen, Panel


class EventLog(DeckScreen):
    """Follows the newest event while the cursor is on it."""

    NAME = "log"
    PANELS = (Panel("events", log_view, follows=True),)
