"""The dashboard: the panels of the deck. A further panel is a line in `PANELS`."""

from collections.abc import Mapping, Sequence

from textual.widget import Widget

from app.ui.panels.event_log import log_view
from app.ui.panels.markets import markets_view
from app.ui.screens.base import Panel
from app.ui.screens.panels import PanelScreen

_ALL_FROM_HEIGHT = 45


class Dashboard(PanelScreen):
    """The first screen."""

    NAME = "dashboard"
    PANELS = (Panel("markets", markets_view), Panel("events", log_view, follows=True))
    DEFAULT_CSS = "Dashboard #events { height: 12; } Dashboard.-maximised #events { height: 1fr; }"

    @property
    def alone(self) -> bool:
        return super().alone or self.size.height < _ALL_FROM_HEIGHT

    def offer_watchlists(self, watchlists: Mapping[str, str]) -> None:
        """Let the markets be filtered by these questions, by name."""
        self.tables()[0].watchlists = watchlists

    def clear_filter(self) -> bool:
        """Show all rows of the table in focus again; whether any were filtered out."""
        table = next((table for table in self.tables() if table is self.focused and table.filter_text), None)
        if table is not None:
            table.filter_text = ""
        return table is not None

    def panels(self) -> Sequence[Widget]:
        return self.tables()

    def lay_out(self, *, alone: bool) -> None:
        self.set_class(alone, "-maximised")
