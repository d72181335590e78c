"""Choosing what to copy."""

from collections.abc import Sequence

from textual.app import ComposeResult

from app.ui.copying import Copyable, copy_view
from app.ui.screens.base import DeckScreen
from app.ui.state import DeckView
from app.ui.theme import Palette
from app.ui.widgets.live_table import LiveTable


class CopyMenu(DeckScreen):
    """What was under the cursor when it was opened, in every form; the deck behind it goes on."""

    NAME = "copy"

    def __init__(self, palette: Palette, items: Sequence[Copyable]) -> None:
        super().__init__(palette)
        self._items = items
        self._table = LiveTable(copy_view(items))

    def compose_body(self) -> ComposeResult:
        yield self._table

    def show_panels(self, view: DeckView) -> None:
        self._table.show(copy_view(self._items))

    @property
    def chosen(self) -> Copyable | None:
        """What is under the cursor."""
        row = self._table.row
        return self._items[int(row.key)] if row is not None else None
