"""One row of any panel, opened up."""

from dataclasses import replace

from textual.app import ComposeResult

from app.ui.panels.detail import detail_view, gone_row
from app.ui.screens.base import DeckScreen, Selection
from app.ui.state import DeckView
from app.ui.theme import Palette
from app.ui.widgets.live_table import LiveTable

_BORDERS = 2


class Detail(DeckScreen):
    """Every column of a row, kept up to date while the panel has a row of the same key."""

    NAME = "detail"

    def __init__(self, palette: Palette, selection: Selection) -> None:
        super().__init__(palette)
        self._selection = selection
        self._gone = False
        self._table = LiveTable()

    def compose_body(self) -> ComposeResult:
        yield self._table

    def show_panels(self, view: DeckView) -> None:
        opened = self._selection
        panel = opened.panel.view(view)
        row = next((row for row in panel.rows if row.key == opened.row.key), None)
        self._gone = row is None
        if row is not None:
            self._selection = opened = Selection(opened.panel, panel.columns, row, panel.rows)
        width = self.size.width - _BORDERS
        self._table.show(detail_view(opened.panel.id, opened.columns, opened.row, width, gone=self._gone))

    def selection(self) -> Selection | None:
        """The row, called what it is where it is listed no longer: a copy has the time of now."""
        opened = self._selection
        return replace(opened, row=gone_row(opened.row)) if self._gone else opened
