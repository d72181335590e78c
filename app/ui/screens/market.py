"""One market opened up: chart, book, time and sales, metrics over time."""

from collections.abc import Mapping
from functools import partial

from textual.app import ComposeResult
from textual.containers import Container
from textual.widget import Widget

from app.engine.protocol import JobName, LookAt
from app.markets.candles import Interval
from app.ui.panels.market import (
    chart_view,
    facts_line,
    ladder_view,
    reads_note,
    reads_of,
    tape_view,
)
from app.ui.panels.markets import as_of_now, market_columns, market_row, markets_view
from app.ui.panels.paper_chart import with_paper
from app.ui.panels.scalper import ai_line
from app.ui.panels.signals import signals_of
from app.ui.screens.base import Panel, Selection, show_failure
from app.ui.screens.charted import ChartedScreen, fail_paper, show_paper
from app.ui.state import DeckView
from app.ui.theme import Palette
from app.ui.widgets.candle_canvas import ChartView, Marks
from app.ui.widgets.columns import TableView
from app.ui.widgets.facts_line import FactsLine
from app.ui.widgets.live_table import LiveTable
from app.ui.widgets.read_lines import ReadLines

_READS_FROM_HEIGHT = 34
_LOW_TO_HEIGHT = 30
"""Below this the chart gives some of its lines to the book: one of two levels says little."""
_MOST_LEVELS = 20
_BESIDE_LEVELS = 2
"""Rows of the book that are no levels: its head and the spread."""


class MarketScreen(ChartedScreen):
    """Follows one coin; `interval` is that of its candles."""

    NAME = "market"
    DEFAULT_CSS = """
    MarketScreen #market { height: 1fr; layout: grid; grid-size: 2; grid-rows: 3fr 2fr 5; grid-columns: 1fr 1fr; }
    MarketScreen #chart { column-span: 2; }
    MarketScreen #reads { column-span: 2; }
    MarketScreen #market.-low { grid-rows: 1fr 1fr 5; }
    MarketScreen.-wide #market { grid-size: 3; grid-columns: 1fr 48 42; grid-rows: 1fr 5; }
    MarketScreen.-wide #chart { column-span: 1; }
    MarketScreen.-wide #reads { column-span: 1; }
    MarketScreen.-wide #book { row-span: 2; }
    MarketScreen.-wide #tape { row-span: 2; }
    MarketScreen #market.-alone { layout: vertical; }
    MarketScreen.-narrow CandleChart, MarketScreen.-short CandleChart { border: none; border-top: solid $border; }
    """

    def __init__(self, palette: Palette, coin: str, interval: Interval = "1m", marks: Marks = "blocks") -> None:
        super().__init__(palette, coin, interval, marks)
        self._book_panel = Panel(
            "book", lambda view: ladder_view(view, self.coin, _MOST_LEVELS), coin_of=lambda _: self.coin
        )
        self._tape_panel = Panel("time & sales", lambda view: tape_view(view, self.coin), coin_of=lambda _: self.coin)
        self._facts = FactsLine()
        self._paper = FactsLine()
        self._paper.display = False
        self._book = LiveTable(id="book")
        self._tape = LiveTable(leads=True, id="tape")
        self._reads = ReadLines(id="reads")
        self._ai = FactsLine()

    def compose_body(self) -> ComposeResult:
        """Facts on top, then chart, book, tape and metrics."""
        yield self._facts
        yield self._paper
        with Container(id="market"):
            yield self.chart
            yield self._book
            yield self._tape
            yield self._reads
        yield self._ai

    def named_panels(self) -> Mapping[str, Widget]:
        return {"Chart": self.chart, "Book": self._book, "Time & sales": self._tape}

    def lay_out(self, *, alone: bool) -> None:
        self.query_one("#market").set_class(alone, "-alone")
        self.query_one("#market").set_class(self.size.height < _LOW_TO_HEIGHT, "-low")
        self._reads.display = self._ai.display = not alone and self.size.height >= _READS_FROM_HEIGHT

    def drawn_for(self) -> tuple[object, ...]:
        return (*super().drawn_for(), self._levels, self._book.size.width)

    @property
    def _levels(self) -> int:
        """How many levels of each side the book has room for."""
        return max(1, min(_MOST_LEVELS, (self._book.size.height - _BESIDE_LEVELS) // 2))

    def show_panels(self, view: DeckView) -> None:
        """Bring every part up to date; one that fails says so in its own frame."""
        coin = self.coin
        self.draw("facts", lambda: self._facts.show(facts_line(view, coin)), self._facts.fail)
        self.draw("paper", lambda: show_paper(self._paper, view, coin), partial(fail_paper, self._paper))
        self.draw("chart", lambda: self.chart.show(self._chart_view(view)), self.chart.fail)
        self.draw("book", lambda: self._book.show(self._ladder(view)), partial(show_failure, self._book))
        self.draw("tape", lambda: self._tape.show(tape_view(view, coin)), partial(show_failure, self._tape))
        self.draw("reads", lambda: self._reads.show(reads_of(view, coin), reads_note(view, coin)), self._reads.fail)
        self.draw("ai", lambda: self._ai.show(*ai_line(view, coin)), self._ai.fail)

    def _ladder(self, view: DeckView) -> TableView:
        return ladder_view(view, self.coin, self._levels, self._book.size.width)

    def _chart_view(self, view: DeckView) -> ChartView:
        return with_paper(chart_view(view, self.coin, self.interval), view, self.coin)

    @property
    def look(self) -> LookAt | None:
        return LookAt(self.coin, self.interval)

    def job(self) -> JobName | None:
        return "markets"

    def selection(self) -> Selection | None:
        """The row of the book or the tape in focus, else the market's own."""
        for table, panel in ((self._book, self._book_panel), (self._tape, self._tape_panel)):
            if table is self.focused and table.row is not None:
                return Selection(panel, table.view.columns, table.row, table.view.rows)
        return self._market_row

    @property
    def _market_row(self) -> Selection | None:
        view, snapshot = self._drawn_view, self._drawn_view.shown
        market = next((row for row in snapshot.markets if row.coin == self.coin), None) if snapshot else None
        if market is None or snapshot is None:
            return None
        columns = market_columns(snapshot.metric_source)
        row = market_row(as_of_now(market, view), snapshot.metric_source, signals_of(view))
        panel = Panel("markets", markets_view, coin_of=lambda found: found.key)
        return Selection(panel, columns, row, (row,))
