"""The Screener: candidates over the watched coins, what the bar strategy holds, and how it stands with each coin."""

from collections.abc import Mapping

from textual.app import ComposeResult
from textual.containers import Container
from textual.widget import Widget

from app.engine.protocol_screen import LookAtScreener
from app.ui.panels.screener import (
    candidates_note,
    candidates_view,
    coins_note,
    coins_view,
    strategy_note,
    strategy_view,
)
from app.ui.screens.base import Panel, Selection
from app.ui.screens.panels import PanelScreen
from app.ui.widgets.columns import Row

_ALL_FROM_HEIGHT = 36


def _coin_of(row: Row) -> str:
    """The coin of a row whose key ends with when its bar opened."""
    return row.key.rsplit(" ", 1)[0]


class ScreenerScreen(PanelScreen):
    """Enter on a candidate or a position opens its bar, on a coin its newest one."""

    NAME = "screener"
    PANELS = (
        Panel("candidates", candidates_view, "Candidates", coin_of=_coin_of, note=candidates_note,
              leads=True, spared=2),
        Panel("strategy", strategy_view, "Strategy", coin_of=_coin_of, note=strategy_note,
              leads=True),
        Panel("coins", coins_view, "Coins", coin_of=lambda row: row.key, note=coins_note, spared=2),
    )  # fmt: skip
    DEFAULT_CSS = """
    ScreenerScreen #screened { height: 1fr; layout: grid; grid-size: 1; grid-rows: 2fr 1fr 1fr; }
    ScreenerScreen.-wide #screened { grid-size: 2; grid-columns: 1fr 1fr; grid-rows: 1fr 1fr; }
    ScreenerScreen.-wide #candidates { column-span: 2; }
    ScreenerScreen #screened.-alone { layout: vertical; }
    """

    @property
    def alone(self) -> bool:
        return super().alone or self.size.height < _ALL_FROM_HEIGHT

    def compose_body(self) -> ComposeResult:
        with Container(id="screened"):
            yield from self.panels()

    def named_panels(self) -> Mapping[str, Widget]:
        return {panel.name: table for table, panel in self._tables}

    def lay_out(self, *, alone: bool) -> None:
        self.query_one("#screened").set_class(alone, "-alone")

    @property
    def screener(self) -> LookAtScreener:
        return LookAtScreener(listed=True)

    def bar_of(self, selection: Selection) -> tuple[str, int]:
        """The bar behind a row, by its coin and when it opened: of a coin its newest, which is 0."""
        if selection.panel.id == "coins":
            return selection.row.key, 0
        coin, bar_ms = selection.row.key.rsplit(" ", 1)
        return coin, int(bar_ms)
