"""One wallet opened up: verdict, the trades behind it, equity, and what the user makes of it."""

from collections.abc import Mapping
from functools import partial

from textual.app import ComposeResult
from textual.containers import Container
from textual.widget import Widget

from app.engine.protocol import JobName
from app.ui.panels.wallet_detail import (
    chases_view,
    positions_view,
    verdict_view,
    wallet_equity,
    wallet_equity_table,
)
from app.ui.screens.base import Panel, Selection, show_failure
from app.ui.screens.panels import PanelScreen
from app.ui.state import DeckView
from app.ui.theme import Palette
from app.ui.widgets.arranged_table import ArrangedTable
from app.ui.widgets.columns import TableView
from app.ui.widgets.equity_curve import EquityCurve
from app.ui.widgets.live_table import LiveTable
from app.ui.widgets.noted_table import NotedTable

_ALL_FROM_HEIGHT = 32
_WIDE_FROM = 140
_BORDERS = 2


class WalletScreen(PanelScreen):
    """Follows one wallet; what is written about it stays on this machine."""

    NAME = "wallet"
    DEFAULT_CSS = """
    WalletScreen #opened { height: 1fr; layout: grid; grid-size: 1; grid-rows: 2fr 1fr 1fr 8; }
    WalletScreen.-wide #opened { grid-size: 2; grid-columns: 1fr 1fr; grid-rows: 2fr 2fr 1fr; }
    WalletScreen.-wide #verdict { row-span: 3; }
    WalletScreen #opened.-alone, WalletScreen #opened.-few { layout: vertical; }
    WalletScreen.-narrow EquityCurve, WalletScreen.-short EquityCurve { border: none; border-top: solid $border; }
    """

    def __init__(self, palette: Palette, address: str) -> None:
        super().__init__(palette)
        self.address = address
        self._verdict = LiveTable(id="verdict")
        self._positions = NotedTable(leads=True, id="wallet-positions")
        self._chases = ArrangedTable(id="losses")
        self._equity = EquityCurve(id="wallet-equity")
        self._arranged: tuple[tuple[ArrangedTable, Panel], ...] = (
            (self._positions, Panel("wallet positions", partial(positions_view, address=address))),
            (self._chases, Panel("losses and what followed", partial(chases_view, address=address))),
        )

    def compose_body(self) -> ComposeResult:
        with Container(id="opened"):
            yield self._verdict
            yield self._positions
            yield self._chases
            yield self._equity

    def named_panels(self) -> Mapping[str, Widget]:
        return {
            "Verdict": self._verdict,
            "Closed positions": self._positions,
            "Losses": self._chases,
            "Sum of results": self._equity,
        }

    def tables(self) -> list[ArrangedTable]:
        return [self._positions, self._chases]

    def lay_out(self, *, alone: bool) -> None:
        """Lay the panels out anew; alone, one has the screen."""
        few = not alone and self.size.height < _ALL_FROM_HEIGHT
        opened = self.query_one("#opened")
        opened.set_class(alone, "-alone")
        opened.set_class(few, "-few")
        if few:
            # The verdict is always there: above the positions, or above what is in focus.
            below = self._positions if self._current in (None, self._verdict) else self._current
            for panel in self.panels()[1:]:
                panel.display = panel is below

    def drawn_for(self) -> tuple[object, ...]:
        return (*super().drawn_for(), self._lines_width)

    @property
    def wallet(self) -> str:
        return self.address

    def job(self) -> JobName | None:
        return "wallets"

    def show_panels(self, view: DeckView) -> None:
        """Bring every part up to date; one that fails says so in its own frame."""
        self.draw("verdict", lambda: self._verdict.show(self._lines(view)), partial(show_failure, self._verdict))
        for table, panel in self._arranged:
            self.draw(panel.id, partial(_show, table, panel, view), partial(show_failure, table))
        self.draw("equity", lambda: self._equity.show(wallet_equity(view, self.address)), self._equity.fail)

    def selection(self) -> Selection | None:
        """The row of the table in focus; of the curve, its newest point; else the first line of the verdict."""
        if self.focused is self._equity:
            table = wallet_equity_table(self._drawn_view, self.address)
            panel = Panel("sum of results", partial(wallet_equity_table, address=self.address))
            return Selection(panel, table.columns, table.rows[-1], table.rows) if table.rows else None
        for shown, panel in self._arranged:
            if shown is self.focused:
                return None if shown.row is None else Selection(panel, shown.view.columns, shown.row, shown.view.rows)
        row, lines = self._verdict.row, self._verdict.view
        return None if row is None else Selection(Panel("wallet", self._lines), lines.columns, row, lines.rows)

    def _lines(self, view: DeckView) -> TableView:
        return verdict_view(view, self.address, self._lines_width)

    @property
    def _lines_width(self) -> int:
        """How wide the lines of the verdict may be."""
        return self._verdict.size.width or self.size.width - _BORDERS

    @property
    def _drawn_view(self) -> DeckView:
        return DeckView("connected", newest=self._drawn, shown=self._drawn)


def _show(table: ArrangedTable, panel: Panel, view: DeckView) -> None:
    table.show(panel.view(view))
