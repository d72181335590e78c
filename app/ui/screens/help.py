"""Every key and what it does, from the action table: first what works on the screen that help lies over."""

from collections.abc import Collection, Sequence

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from app.ui.actions import Action, ScreenName, When, bindings
from app.ui.key_conflicts import Host, conflicts, taken_lines
from app.ui.screens.base import DeckScreen
from app.ui.theme import Palette

SIGNS = (
    ("dim row", "Its data is stale, or nobody vouches for it; in the book, levels that the quote has passed."),
    ("● ◐ ✕", "A feed that is well, stale, or down; ○ has nothing to do, … connects, ■ has ended."),
    ("▲ ▼ –", "Up, down, not known; ★ a favourite; ▸ the metrics that the deck uses."),
    ("imbalance", "(bids − asks) / (bids + asks) by size: +1 only bids, −1 only asks."),
    ("+N", "So many columns or feeds have no room: an opened row shows all columns, the feeds in detail all feeds."),
)
"""What the screen says without words, and what that means."""


class KeyList(VerticalScroll, inherit_bindings=False):
    """A list that scrolls with the keys that move the cursor of a table."""

    BINDINGS = bindings("table")

    def action_move(self, rows: int) -> None:
        """Scroll by `rows`."""
        self.scroll_relative(y=rows, animate=False)

    def action_page(self, pages: int) -> None:
        """Scroll by `pages` of visible rows."""
        self.action_move(pages * max(1, self.size.height - 1))

    def action_first(self) -> None:
        """Go to the top."""
        self.scroll_home(animate=False)

    def action_last(self) -> None:
        """Go to the end."""
        self.scroll_end(animate=False)


class Help(DeckScreen):
    """The list of keys over the screen `below` while `states` are so, and which of them the `hosts` around take."""

    NAME = "help"
    DEFAULT_CSS = """
    Help KeyList { background: $panel; padding: 0 1; border-top: solid $border;
                   border-title-color: $accent; border-title-style: bold; }
    """

    def __init__(
        self, palette: Palette, below: ScreenName, hosts: Sequence[Host] = (), states: Collection[When] = ()
    ) -> None:
        super().__init__(palette)
        self._below = below
        self._hosts = hosts
        self._states = states

    def compose_body(self) -> ComposeResult:
        with KeyList() as scroll:
            scroll.border_title = "Keys"
            yield Static(self._table(self._palette))

    def set_palette(self, palette: Palette) -> None:
        super().set_palette(palette)
        self.query_one(Static).update(self._table(palette))

    def _table(self, palette: Palette) -> Table:
        taken = taken_lines(conflicts(self.actions, self._hosts))
        here = [action for action in self.actions if action.works(self._below, self._states)]
        return key_table(palette, self.actions, here, taken)


def key_table(palette: Palette, actions: Sequence[Action], here: Sequence[Action], taken: Sequence[str] = ()) -> Table:
    """Lines about keys that are taken, those of the actions that work `here`, the others, and what signs mean."""
    others = [action for action in actions if action not in here]
    keys = Table.grid(padding=(0, 2), expand=True)
    keys.add_column(no_wrap=True)
    keys.add_column(ratio=1)
    for title, listed in (("here", here), ("elsewhere", others)):
        if listed:
            keys.add_row(Text(title, palette.style("muted")), "")
        for action in listed:
            keys.add_row(Text(" ".join(action.shown_keys), palette.style("accent")), _description(palette, action))
    _add_signs(keys, palette)
    page = Table.grid(expand=True)
    for line in taken:
        page.add_row(Text(line, palette.style("warning")))
    page.add_row(keys)
    return page


def _add_signs(keys: Table, palette: Palette) -> None:
    keys.add_row(Text("signs", palette.style("muted")), "")
    for sign, meaning in SIGNS:
        keys.add_row(Text(sign, palette.style("accent")), Text(meaning, palette.style("text")))


def _description(palette: Palette, action: Action) -> Text:
    """What an action does, and where it works when that is not everywhere."""
    text = Text(action.description, palette.style("text"))
    if action.where != "everywhere":
        text.append(f" ({action.where})", palette.style("muted"))
    return text
