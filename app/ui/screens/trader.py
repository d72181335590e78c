"""One followed trader opened up: account and weight, what it holds and did, its fills and its equity."""

from functools import partial

from app.engine.protocol import JobName
from app.ui.panels.trader import (
    trader_equity,
    trader_equity_table,
    trader_moves_view,
    trader_positions_view,
    trader_view,
)
from app.ui.panels.trader_fills import trader_fills_view
from app.ui.screens.base import Panel
from app.ui.screens.opened import Curve, Lines, OpenedScreen
from app.ui.theme import Palette
from app.ui.widgets.arranged_table import ArrangedTable


class TraderScreen(OpenedScreen):
    """Follows one trader."""

    NAME = "trader"
    DEFAULT_CSS = """
    TraderScreen #opened { grid-rows: 5fr 2fr 2fr 2fr 6; }
    TraderScreen.-wide #opened { grid-rows: 2fr 2fr 2fr 1fr; }
    TraderScreen.-wide .lines { row-span: 4; }
    """

    def __init__(self, palette: Palette, trader: str) -> None:
        self._address = trader
        positions = Panel("trader positions", partial(trader_positions_view, trader=trader), "Positions")
        moves = Panel("trader moves", partial(trader_moves_view, trader=trader), "Moves")
        fills = Panel("trader fills", partial(trader_fills_view, trader=trader), "Fills")
        super().__init__(
            palette,
            Lines("about", "Trader", lambda view, width: trader_view(view, trader, width)),
            (
                (ArrangedTable(id="trader-positions"), positions),
                (ArrangedTable(leads=True, id="trader-moves"), moves),
                (ArrangedTable(leads=True, id="trader-fills"), fills),
            ),
            Curve(
                "trader-equity",
                "Equity",
                partial(trader_equity, trader=trader),
                partial(trader_equity_table, trader=trader),
            ),
        )

    @property
    def trader(self) -> str:
        return self._address

    def job(self) -> JobName | None:
        return "whales"
