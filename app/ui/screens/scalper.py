"""The scalper's work on one coin: its reads on a chart, what happened next, and what was asked and answered."""

from collections.abc import Mapping
from functools import partial

from textual.app import ComposeResult
from textual.containers import Container
from textual.widget import Widget

from app.engine.protocol import JobName, LookAt
from app.engine.protocol_detail import ExchangeView
from app.ui.panels.market import facts_line
from app.ui.panels.paper_chart import with_paper
from app.ui.panels.scalper import ai_line, scalper_coin, scalper_view
from app.ui.panels.scalper_detail import exchange_of, exchange_view, exchanges_view, read_time, reads_chart, reads_view
from app.ui.screens.base import DeckScreen, Panel, Selection, show_failure
from app.ui.screens.charted import ChartedScreen, fail_paper, show_paper
from app.ui.state import DeckView
from app.ui.theme import Palette
from app.ui.widgets.arranged_table import ArrangedTable
from app.ui.widgets.candle_canvas import Marks
from app.ui.widgets.columns import TableView
from app.ui.widgets.facts_line import FactsLine
from app.ui.widgets.live_table import LiveTable
from app.ui.widgets.noted_table import NotedTable

EXCHANGES = "exchanges"
_ALL_FROM_HEIGHT = 32
_WIDE_FROM = 140
_BORDERS = 2


class ScalperScreen(ChartedScreen):
    """Follows the reads of one coin; the crosshair stands where the read under the cursor was made."""

    NAME = "scalper"
    DEFAULT_CSS = """
    ScalperScreen #work { height: 1fr; layout: grid; grid-size: 1; grid-rows: 2fr 2fr 2fr; }
    ScalperScreen.-wide #work { grid-size: 2; grid-columns: 3fr 2fr; grid-rows: 1fr 1fr; }
    ScalperScreen.-wide #past-reads { column-span: 2; }
    ScalperScreen #work.-alone, ScalperScreen #work.-few { layout: vertical; }
    ScalperScreen.-narrow CandleChart, ScalperScreen.-short CandleChart { border: none; border-top: solid $border; }
    """

    def __init__(self, palette: Palette, coin: str, marks: Marks = "blocks") -> None:
        super().__init__(palette, coin, "1s", marks)
        self._reads_panel = Panel("reads", lambda view: reads_view(view, self.coin), coin_of=lambda _: self.coin)
        self._exchanges_panel = Panel(EXCHANGES, self._exchanges_view, coin_of=lambda _: self.coin)
        self._pointed_ms: int | None = None
        self._facts = FactsLine()
        self._paper = FactsLine()
        self._paper.display = False
        self._newest = FactsLine()
        self._reads = NotedTable(leads=True, id="past-reads")
        self._exchanges = LiveTable(leads=True, id=EXCHANGES)

    def compose_body(self) -> ComposeResult:
        yield self._facts
        yield self._paper
        yield self._newest
        with Container(id="work"):
            yield self.chart
            yield self._reads
            yield self._exchanges

    def named_panels(self) -> Mapping[str, Widget]:
        return {"Chart": self.chart, "Reads": self._reads, "Questions and answers": self._exchanges}

    def focus_first(self) -> None:
        self._go_to(self._reads)

    def tables(self) -> list[ArrangedTable]:
        return [self._reads]

    def lay_out(self, *, alone: bool) -> None:
        """Lay the panels out anew; alone, one has the screen."""
        wide = self.size.width >= _WIDE_FROM
        few = not alone and self.size.height < _ALL_FROM_HEIGHT and not wide
        work = self.query_one("#work")
        work.set_class(alone, "-alone")
        work.set_class(few, "-few")
        if wide != (work.children[-1] is self._reads):
            # Wide, the exchanges stand beside the chart, and the reads have the whole width below.
            work.move_child(self._reads if wide else self._exchanges, after=self._exchanges if wide else self._reads)
        if few:
            # The reads are always there: beside the chart, or beside what was asked when that is in focus.
            asks = self._current is self._exchanges
            self.chart.display, self._exchanges.display = not asks, asks

    def drawn_for(self) -> tuple[object, ...]:
        return (*super().drawn_for(), self._lines_width, self._reads.cursor, self.focused is self._reads)

    @property
    def _lines_width(self) -> int:
        """How wide the lines of what was asked and answered may be."""
        return self._exchanges.size.width or self.size.width - _BORDERS

    def show_panels(self, view: DeckView) -> None:
        """Bring every part up to date; one that fails says so in its own frame."""
        coin, interval = self.coin, self.interval
        self.draw("facts", lambda: self._facts.show(facts_line(view, coin)), self._facts.fail)
        self.draw("paper", lambda: show_paper(self._paper, view, coin), partial(fail_paper, self._paper))
        self.draw("newest", lambda: self._newest.show(*ai_line(view, coin)), self._newest.fail)
        self.draw("reads", lambda: self._reads.show(reads_view(view, coin)), partial(show_failure, self._reads))
        self.draw(
            "chart", lambda: self.chart.show(with_paper(reads_chart(view, coin, interval), view, coin)), self.chart.fail
        )
        self._point_at_read()
        self.draw(
            EXCHANGES,
            lambda: self._exchanges.show(self._exchanges_view(view)),
            partial(show_failure, self._exchanges),
        )

    def _exchanges_view(self, view: DeckView) -> TableView:
        return exchanges_view(view, self.coin, self._lines_width, self.key("open"))

    def _point_at_read(self) -> None:
        """Move the crosshair with the cursor; while that rests, the crosshair's own keys move it."""
        row, interval_ms = self._reads.row, self.chart.interval_ms
        if self.focused is not self._reads or row is None:
            return
        open_ms = read_time(row) // interval_ms * interval_ms
        if open_ms != self._pointed_ms:
            self._pointed_ms = open_ms
            self.chart.point_at(open_ms)

    @property
    def look(self) -> LookAt | None:
        return LookAt(self.coin, self.interval, scalper=True)

    def job(self) -> JobName | None:
        return "read"

    def selection(self) -> Selection | None:
        """The row of the table in focus, else that of the coin's newest read."""
        for table, panel in ((self._reads, self._reads_panel), (self._exchanges, self._exchanges_panel)):
            if table is self.focused and table.row is not None:
                return Selection(panel, table.view.columns, table.row, table.view.rows)
        return self._newest_read

    @property
    def _newest_read(self) -> Selection | None:
        view = scalper_view(self._drawn_view)
        row = next((row for row in view.rows if row.key == f"{self.coin} ai"), None)
        if row is None:
            return None
        return Selection(Panel("scalper", scalper_view, coin_of=scalper_coin), view.columns, row, (row,))

    def opened(self, selection: Selection) -> "ExchangeScreen | None":
        """The screen that shows a whole exchange, where the row belongs to one."""
        if selection.panel.id != EXCHANGES:
            return None
        found = exchange_of(self._drawn_view, self.coin, selection.row)
        return None if found is None else ExchangeScreen(self._palette, self.coin, *found)


class ExchangeScreen(DeckScreen):
    """One question with its persona, and its answer; neither changes any more."""

    NAME = "detail"

    def __init__(self, palette: Palette, coin: str, exchange: ExchangeView, persona: str) -> None:
        super().__init__(palette)
        self._coin = coin
        self._exchange = exchange
        self._persona = persona
        self._table = LiveTable()

    def compose_body(self) -> ComposeResult:
        yield self._table

    def show_panels(self, view: DeckView) -> None:
        self._table.show(exchange_view(self._exchange, self._persona, self.size.width - _BORDERS))

    def selection(self) -> Selection | None:
        row, rows = self._table.row, self._table.view.rows
        if row is None:
            return None
        panel = Panel("exchange", lambda _: self._table.view, coin_of=lambda _: self._coin)
        return Selection(panel, self._table.view.columns, row, rows)
