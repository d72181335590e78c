"""The dashboard: the panels of the deck. A further panel is a line in `PANELS`."""

from app.ui.panels.markets import markets_view
from app.ui.screens.base import DeckScreen, Panel


class Dashboard(DeckScreen):
    """The first screen."""

    NAME = "dashboard"
    PANELS = (Panel("markets", markets_view),)
