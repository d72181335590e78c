"""Choosing what to silence, or to hear again."""

from collections.abc import Sequence

from textual.app import ComposeResult

from app.ui.panels.silences import Choice, Subject, choices_of, silences_view
from app.ui.screens.base import DeckScreen
from app.ui.state import DeckView
from app.ui.theme import Palette
from app.ui.widgets.columns import TableView
from app.ui.widgets.live_table import LiveTable


class SilenceMenu(DeckScreen):
    """What can be silenced of where the cursor was, and what is silent; the deck behind it goes on."""

    NAME = "silence"

    def __init__(self, palette: Palette, subjects: Sequence[Subject], view: DeckView) -> None:
        super().__init__(palette)
        self._subjects = subjects
        self._choices: tuple[Choice, ...] = ()
        self._table = LiveTable(self._chosen_from(view), id="silences")

    def compose_body(self) -> ComposeResult:
        yield self._table

    def show_panels(self, view: DeckView) -> None:
        self._table.show(self._chosen_from(view))

    @property
    def chosen(self) -> Choice | None:
        """What is under the cursor."""
        row = self._table.row
        return next((choice for choice in self._choices if row is not None and choice.key == row.key), None)

    def _chosen_from(self, view: DeckView) -> TableView:
        # What is silent is the newest that is known, also while the display is held: the choice acts now.
        whales = view.newest.whales if view.newest is not None else None
        self._choices = choices_of(self._subjects, whales.silences if whales is not None else ())
        return silences_view(self._choices)
