"""Screens with a chart of candles: the crosshair, and the length of a coin's candles."""

from typing import ClassVar, get_args

from textual.binding import Binding, BindingType

from app.markets.candles import Interval
from app.ui.actions import bindings
from app.ui.panels.paper import paper_line
from app.ui.screens.panels import PanelScreen
from app.ui.state import DeckView
from app.ui.theme import Palette
from app.ui.widgets.candle_canvas import Marks
from app.ui.widgets.candle_chart import CandleChart
from app.ui.widgets.facts_line import FactsLine

_INTERVALS: tuple[Interval, ...] = get_args(Interval)


def show_paper(line: FactsLine, view: DeckView, coin: str) -> None:
    """Take a line only while there is a paper position in this coin, or an order for one."""
    text, role = paper_line(view, coin)
    line.display = bool(text)
    line.show(text, role)


def fail_paper(line: FactsLine, text: str) -> None:
    """Say that it is not known whether there is a paper position."""
    line.display = True
    line.fail(text)


class CrosshairScreen(PanelScreen):
    """One of its panels is `chart`, which has a crosshair."""

    chart: CandleChart
    BINDINGS: ClassVar[list[BindingType]] = [
        each for each in bindings("market") if isinstance(each, Binding) and (each.id or "").startswith("crosshair")
    ]

    def action_crosshair(self, steps: int) -> None:
        """Move the crosshair by candles."""
        if self._is_chart_shown():
            self.chart.move_crosshair(steps)

    def action_no_crosshair(self) -> None:
        """Take the crosshair away."""
        self.chart.remove_crosshair()

    def _is_chart_shown(self) -> bool:
        """Whether a key of the chart has a chart to act on; says so where it has none."""
        if not self.chart.display:
            number = self.panels().index(self.chart) + 1
            key = self.key(f"panel-{number}")
            self.flash.say(f"The chart is not in view; {key} shows it.", "warning")
        return self.chart.display


class ChartedScreen(CrosshairScreen):
    """Follows one coin; `interval` is that of its candles."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("market")

    def __init__(self, palette: Palette, coin: str, interval: Interval, marks: Marks) -> None:
        super().__init__(palette)
        self.coin = coin
        self.interval: Interval = interval
        self.chart = CandleChart(marks, id="chart")

    def drawn_for(self) -> tuple[object, ...]:
        return (*super().drawn_for(), self.interval)

    def action_interval(self, steps: int) -> None:
        """Change the chart to candles longer or shorter by steps."""
        if not self._is_chart_shown():
            return
        place = _INTERVALS.index(self.interval) + steps
        if 0 <= place < len(_INTERVALS):
            self.interval = _INTERVALS[place]
            self.flash.say(f"Candles of {self.interval}.")
        else:
            self.flash.say(
                f"There are no candles {'longer' if steps > 0 else 'shorter'} than {self.interval}.", "warning"
            )
