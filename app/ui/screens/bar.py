"""One bar of the screener opened up: candles around it, each condition with its number and limit, and its features."""

from collections.abc import Callable, Mapping
from functools import partial

from textual.app import ComposeResult
from textual.containers import Container
from textual.widget import Widget

from app.engine.protocol_screen import LookAtScreener
from app.ui.panels.screener_bar import bar_chart, conditions_view, numbers_view
from app.ui.screens.base import Panel, Selection, show_failure
from app.ui.screens.charted import CrosshairScreen
from app.ui.state import DeckView
from app.ui.theme import Palette
from app.ui.widgets.candle_canvas import Marks
from app.ui.widgets.candle_chart import CandleChart
from app.ui.widgets.columns import TableView
from app.ui.widgets.live_table import LiveTable

_ALL_FROM_HEIGHT = 34
_BORDERS = 2


class BarScreen(CrosshairScreen):
    """Follows one bar; `bar_ms` 0 is the newest of its coin, whichever that is."""

    NAME = "bar"
    DEFAULT_CSS = """
    BarScreen #bar { height: 1fr; layout: grid; grid-size: 2; grid-columns: 3fr 2fr; grid-rows: 1fr 1fr; }
    BarScreen #chart { column-span: 2; }
    BarScreen.-wide #bar { grid-rows: 2fr 3fr; }
    BarScreen #bar.-alone { layout: vertical; }
    BarScreen.-narrow CandleChart, BarScreen.-short CandleChart { border: none; border-top: solid $border; }
    """

    def __init__(self, palette: Palette, coin: str, bar_ms: int, marks: Marks = "blocks") -> None:
        super().__init__(palette)
        self.coin, self.bar_ms = coin, bar_ms
        self.chart = CandleChart(marks, id="chart")
        self._conditions = LiveTable(id="conditions")
        self._numbers = LiveTable(id="numbers")
        self._pointed = False

    @property
    def alone(self) -> bool:
        return super().alone or self.size.height < _ALL_FROM_HEIGHT

    def compose_body(self) -> ComposeResult:
        with Container(id="bar"):
            yield from self.panels()

    def named_panels(self) -> Mapping[str, Widget]:
        return {"Candles": self.chart, "Conditions": self._conditions, "Numbers": self._numbers}

    def focus_first(self) -> None:
        self._go_to(self._conditions)

    def lay_out(self, *, alone: bool) -> None:
        self.query_one("#bar").set_class(alone, "-alone")

    def drawn_for(self) -> tuple[object, ...]:
        return (*super().drawn_for(), self._width(self._conditions), self._width(self._numbers))

    def show_panels(self, view: DeckView) -> None:
        """Bring every part up to date; one that fails says so in its own frame."""
        self.draw("chart", lambda: self._show_chart(view), self.chart.fail)
        for table, make in ((self._conditions, self._conditions_view), (self._numbers, self._numbers_view)):
            self.draw(table.id or "", partial(_show, table, make, view), partial(show_failure, table))

    @property
    def screener(self) -> LookAtScreener:
        return LookAtScreener(self.coin, self.bar_ms, listed=True)

    def selection(self) -> Selection | None:
        """The line under the cursor, of the conditions while the chart is in focus."""
        table, name = (self._numbers, "numbers") if self.focused is self._numbers else (self._conditions, "conditions")
        make = self._numbers_view if table is self._numbers else self._conditions_view
        row = table.row
        panel = Panel(name, make, coin_of=lambda _: self.coin)
        return None if row is None else Selection(panel, table.view.columns, row, table.view.rows)

    def _show_chart(self, view: DeckView) -> None:
        chart = bar_chart(view, self.coin, self.bar_ms)
        self.chart.show(chart)
        if chart.candles and not self._pointed:
            self._pointed = True
            self.chart.point_at(self.bar_ms or chart.candles[-1].open_ms)

    def _conditions_view(self, view: DeckView) -> TableView:
        return conditions_view(view, self.coin, self.bar_ms, self._width(self._conditions))

    def _numbers_view(self, view: DeckView) -> TableView:
        return numbers_view(view, self.coin, self.bar_ms, self._width(self._numbers))

    def _width(self, table: LiveTable) -> int:
        return table.size.width or self.size.width - _BORDERS


def _show(table: LiveTable, make: Callable[[DeckView], TableView], view: DeckView) -> None:
    table.show(make(view))
