"""One market opened up: chart, book, time and sales, metrics over time."""

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.widget import Widget

from app.ui.actions import bindings
from app.ui.layouts import Interval
from app.ui.panels.market import (
    INTERVALS,
    chart_view,
    facts_line,
    ladder_view,
    reads_of,
    tape_view,
)
from app.ui.panels.markets import market_columns, market_row, markets_view
from app.ui.screens.base import Panel, Selection, show_failure
from app.ui.screens.panels import PanelScreen
from app.ui.state import DeckView
from app.ui.theme import Palette
from app.ui.widgets.candle_canvas import Marks
from app.ui.widgets.candle_chart import CandleChart
from app.ui.widgets.facts_line import FactsLine
from app.ui.widgets.live_table import LiveTable
from app.ui.widgets.read_lines import ReadLines

_READS_FROM_HEIGHT = 34
_MOST_LEVELS = 20
_BESIDE_LEVELS = 2
"""Rows of the book that are no levels: its head and the spread."""


class MarketScreen(PanelScreen):
    """Follows one coin; `interval` is that of its candles."""

    NAME = "market"
    BINDINGS: ClassVar[list[BindingType]] = bindings("market")
    DEFAULT_CSS = """
    MarketScreen #market { height: 1fr; layout: grid; grid-size: 2; grid-rows: 3fr 2fr 5; grid-columns: 1fr 1fr; }
    MarketScreen #chart { column-span: 2; }
    MarketScreen #reads { column-span: 2; }
    MarketScreen.-wide #market { grid-size: 3; grid-columns: 1fr 40 42; grid-rows: 1fr 5; }
    MarketScreen.-wide #chart { column-span: 1; }
    MarketScreen.-wide #reads { column-span: 1; }
    MarketScreen.-wide #book { row-span: 2; }
    MarketScreen.-wide #tape { row-span: 2; }
    MarketScreen #market.-alone { layout: vertical; }
    MarketScreen.-narrow CandleChart, MarketScreen.-short CandleChart { border: none; border-top: solid $border; }
    """

    def __init__(self, palette: Palette, coin: str, interval: Interval = "1m", marks: Marks = "blocks") -> None:
        super().__init__(palette)
        self.coin = coin
        self.interval: Interval = interval
        self._book_panel = Panel("book", lambda view: ladder_view(view, self.coin, _MOST_LEVELS))
        self._tape_panel = Panel("time & sales", lambda view: tape_view(view, self.coin))
        self._facts = FactsLine()
        self._chart = CandleChart(marks, id="chart")
        self._book = LiveTable(id="book")
        self._tape = LiveTable(leads=True, id="tape")
        self._reads = ReadLines(id="reads")

    def compose_body(self) -> ComposeResult:
        yield self._facts
        with Container(id="market"):
            yield self._chart
            yield self._book
            yield self._tape
            yield self._reads

    def panels(self) -> Sequence[Widget]:
        return (self._chart, self._book, self._tape)

    def lay_out(self, *, alone: bool) -> None:
        self.query_one("#market").set_class(alone, "-alone")
        self._reads.display = not alone and self.size.height >= _READS_FROM_HEIGHT

    def drawn_for(self) -> tuple[object, ...]:
        return (*super().drawn_for(), self._levels, self.interval)

    @property
    def _levels(self) -> int:
        """How many levels of each side the book has room for."""
        return max(1, min(_MOST_LEVELS, (self._book.size.height - _BESIDE_LEVELS) // 2))

    def show_panels(self, view: DeckView) -> None:
        coin, interval = self.coin, self.interval
        self._facts.show(facts_line(view, coin))
        self.draw("chart", lambda: self._chart.show(chart_view(view, coin, interval)), self._chart.fail)
        self.draw(
            "book", lambda: self._book.show(ladder_view(view, coin, self._levels)), partial(show_failure, self._book)
        )
        self.draw("tape", lambda: self._tape.show(tape_view(view, coin)), partial(show_failure, self._tape))
        self._reads.show(reads_of(view, coin))

    def action_interval(self, steps: int) -> None:
        """Change the chart to candles longer or shorter by steps."""
        place = INTERVALS.index(self.interval) + steps
        if 0 <= place < len(INTERVALS):
            self.interval = INTERVALS[place]
            self.flash.say(f"Candles of {self.interval}.")
        else:
            self.flash.say(
                f"There are no candles {'longer' if steps > 0 else 'shorter'} than {self.interval}.", "warning"
            )

    def action_crosshair(self, steps: int) -> None:
        """Move the crosshair by candles."""
        self._chart.move_crosshair(steps)

    def action_no_crosshair(self) -> None:
        """Take the crosshair away."""
        self._chart.remove_crosshair()

    def selection(self) -> Selection | None:
        """The row of the book or the tape in focus, else the market's own."""
        for table, panel in ((self._book, self._book_panel), (self._tape, self._tape_panel)):
            if table is self.focused and table.row is not None:
                return Selection(panel, table.view.columns, table.row, table.view.rows)
        return self._market_row

    @property
    def _market_row(self) -> Selection | None:
        snapshot = self._drawn
        market = next((row for row in snapshot.markets if row.coin == self.coin), None) if snapshot else None
        if market is None or snapshot is None:
            return None
        columns = market_columns(snapshot.metric_source)
        row = market_row(market)
        return Selection(Panel("markets", markets_view), columns, row, (row,))
