"""One row of any panel, opened up."""

from textual.app import ComposeResult

from app.ui.panels.detail import detail_view
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
        self._table = LiveTable()

    def compose_body(self) -> ComposeResult:
        yield self._table

    def show_panels(self, view: DeckView) -> None:
        opened = self._selection
        panel = opened.panel.view(view)
        row = next((row for row in panel.rows if row.key == opened.row.key), None)
        if row is not None:
            self._selection = opened = Selection(opened.panel, panel.columns, row, panel.rows)
        width = self.size.width - _BORDERS
        self._table.show(detail_view(opened.panel.id, opened.columns, opened.row, width, gone=row is None))

    def selection(self) -> Selection | None:
        return self._selection
