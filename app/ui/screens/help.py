"""Every key and what it does, from the action table."""

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from app.ui.actions import ACTIONS
from app.ui.screens.base import DeckScreen
from app.ui.theme import Palette


class Help(DeckScreen):
    """A list that scrolls with the arrow keys."""

    NAME = "help"
    DEFAULT_CSS = """
    Help VerticalScroll { background: $panel; padding: 0 1; border-top: solid $border;
                          border-title-color: $accent; border-title-style: bold; }
    """

    def compose_body(self) -> ComposeResult:
        with VerticalScroll() as scroll:
            scroll.border_title = "Keys"
            yield Static(key_table(self._palette))

    def set_palette(self, palette: Palette) -> None:
        super().set_palette(palette)
        self.query_one(Static).update(key_table(palette))


def key_table(palette: Palette) -> Table:
    """Keys, what they do, and where they work when that is not everywhere."""
    table = Table.grid(padding=(0, 2), expand=True)
    table.add_column(no_wrap=True)
    table.add_column(ratio=1)
    for action in ACTIONS:
        text = Text(action.description, palette.style("text"))
        if action.where != "everywhere":
            text.append(f" ({action.where})", palette.style("muted"))
        table.add_row(Text(" ".join(action.shown_keys), palette.style("accent")), text)
    return table
