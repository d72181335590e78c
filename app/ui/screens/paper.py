"""The paper ledger: sums, open positions, trades that are over, and the equity curve."""

from collections.abc import Mapping
from functools import partial

from textual.app import ComposeResult
from textual.containers import Container
from textual.widget import Widget

from app.ui.panels.paper import BANNER, PaperKeys, has_tokens, paper_coin, positions_view, sums_lines, trades_view
from app.ui.panels.paper_equity import equity_table, equity_view
from app.ui.screens.base import Panel, Selection, show_failure
from app.ui.screens.panels import PanelScreen
from app.ui.state import DeckView
from app.ui.theme import Palette
from app.ui.widgets.arranged_table import ArrangedTable
from app.ui.widgets.columns import TableView
from app.ui.widgets.digit_flash import FlashLevel
from app.ui.widgets.equity_curve import EquityCurve
from app.ui.widgets.facts_line import FactsLine

_ALL_FROM_HEIGHT = 30
_WIDE_FROM = 140
_MOST_SUMS = ((20, 4), (14, 2), (0, 1))
"""How many lines the sums may take, by the height of the screen from which they may."""


class PaperScreen(PanelScreen):
    """Says first and always that it is paper."""

    NAME = "paper"
    DEFAULT_CSS = """
    PaperScreen #ledger { height: 1fr; layout: grid; grid-size: 1; grid-rows: 1fr 1fr 9; }
    PaperScreen.-wide #ledger { grid-size: 2; grid-columns: 3fr 2fr; grid-rows: 1fr 2fr; }
    PaperScreen.-wide #positions { column-span: 2; }
    PaperScreen #ledger.-alone, PaperScreen #ledger.-few { layout: vertical; }
    PaperScreen.-narrow EquityCurve, PaperScreen.-short EquityCurve { border: none; border-top: solid $border; }
    """

    def __init__(self, palette: Palette) -> None:
        super().__init__(palette)
        self._banner = FactsLine()
        self._sums = tuple(FactsLine() for _ in range(_MOST_SUMS[0][1]))
        self._positions = ArrangedTable(id="positions")
        self._trades = ArrangedTable(leads=True, id="trades")
        self._equity = EquityCurve(id="equity")
        self._panels: tuple[tuple[ArrangedTable, Panel], ...] = (
            (self._positions, Panel("paper positions", self._positions_view, coin_of=paper_coin)),
            (self._trades, Panel("paper trades", self._trades_view, coin_of=paper_coin)),
        )

    def compose_body(self) -> ComposeResult:
        yield self._banner
        yield from self._sums
        with Container(id="ledger"):
            yield self._positions
            yield self._trades
            yield self._equity

    def named_panels(self) -> Mapping[str, Widget]:
        return {
            "Paper positions": self._positions,
            "Closed paper trades": self._trades,
            "Paper equity": self._equity,
        }

    def tables(self) -> list[ArrangedTable]:
        return [self._positions, self._trades]

    def flash_digits(self, level: FlashLevel) -> None:
        self._positions.flash_level = level

    def lay_out(self, *, alone: bool) -> None:
        """Lay the panels out anew; alone, one has the screen."""
        few = not alone and self.size.height < _ALL_FROM_HEIGHT and self.size.width < _WIDE_FROM
        ledger = self.query_one("#ledger")
        ledger.set_class(alone, "-alone")
        ledger.set_class(few, "-few")
        if few:
            # The positions are always there: above the trades, or above the curve when that is in focus.
            draws = self._current is self._equity
            self._trades.display, self._equity.display = not draws, draws

    def idle_actions(self, view: DeckView) -> frozenset[str]:
        paper = view.shown.paper if view.shown is not None else None
        open_ones = paper is not None and (paper.positions or paper.copies or paper.opening or has_tokens(paper))
        return super().idle_actions(view) | (frozenset() if open_ones else {"paper-close", "paper-flip"})

    def drawn_for(self) -> tuple[object, ...]:
        return (*super().drawn_for(), self.size.height)

    def show_panels(self, view: DeckView) -> None:
        self._banner.show(BANNER, "warning")
        self.draw("sums", lambda: self._show_sums(view), self._fail_sums)
        for table, panel in self._panels:
            self.draw(panel.id, partial(_show, table, panel, view), partial(show_failure, table))
        self.draw("equity", lambda: self._equity.show(equity_view(view)), self._equity.fail)

    def selection(self) -> Selection | None:
        """The row of the table in focus; of the curve, its newest point."""
        if self.focused is self._equity:
            table = equity_table(self._drawn_view)
            if not table.rows:
                return None
            return Selection(Panel("paper equity", equity_table), table.columns, table.rows[-1], table.rows)
        for shown, panel in self._panels:
            if shown is self.focused and shown.row is not None:
                return Selection(panel, shown.view.columns, shown.row, shown.view.rows)
        return None

    def _show_sums(self, view: DeckView) -> None:
        most = next(lines for height, lines in _MOST_SUMS if self.size.height >= height)
        lines = sums_lines(view, self.size.width, most)
        for place, widget in enumerate(self._sums):
            # The first line is there from the start, so that the panels do not move when the first sums come.
            widget.display = place < max(1, len(lines))
            widget.show(*(lines[place] if place < len(lines) else ("", "muted")))

    def _fail_sums(self, text: str) -> None:
        first, *others = self._sums
        first.fail(text)
        for line in others:
            line.display = False

    def _positions_view(self, view: DeckView) -> TableView:
        return positions_view(view, self._keys)

    def _trades_view(self, view: DeckView) -> TableView:
        return trades_view(view, self._keys)

    @property
    def _keys(self) -> PaperKeys:
        """The keys in force."""
        shown = {action.id: action.shown_keys[0] for action in self.actions}
        ids = ("paper-long", "paper-short", "paper-close", "paper-flip", "back")
        return PaperKeys(*(shown[action_id] for action_id in ids))


def _show(table: ArrangedTable, panel: Panel, view: DeckView) -> None:
    table.show(panel.view(view))
