"""Each feed in detail."""

from app.ui.panels.feeds import feeds_note, feeds_view
from app.ui.screens.base import DeckScreen, Panel


class Feeds(DeckScreen):
    """What the header's chips have no room for."""

    NAME = "feeds"
    PANELS = (Panel("feeds", feeds_view, note=feeds_note),)
