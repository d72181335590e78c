"""Entries and exits on paper, marked in charts. Pure."""

from collections.abc import Iterator
from dataclasses import replace

from app.core.text import clean
from app.engine.protocol_paper import PaperPositionView, PaperTradeView
from app.ui.state import DeckView
from app.ui.theme import Role
from app.ui.widgets.candle_canvas import ChartView, Pin

LEGEND = "paper: pL long  pS short  pX exit"


def with_paper(chart: ChartView, view: DeckView, coin: str) -> ChartView:
    """A chart of a coin with entries and exits on paper marked at their time and price."""
    snapshot = view.shown
    paper = None if snapshot is None else snapshot.paper
    if snapshot is None or paper is None or not chart.candles:
        return chart
    name = str(clean(coin, 24))
    pins = (
        *(pin for trade in reversed(paper.closed) if trade.coin == name for pin in _trade_pins(trade)),
        *(_entry_pin(each, snapshot.wall_ms) for each in paper.positions if each.coin == name),
    )
    if not pins:
        return chart
    legend = f"{chart.legend} · {LEGEND}" if chart.legend else LEGEND
    return replace(chart, pins=(*chart.pins, *pins), legend=legend)


def _trade_pins(trade: PaperTradeView) -> Iterator[Pin]:
    opened_ms = trade.closed_ms - round(trade.held_s * 1_000)
    yield Pin(opened_ms, trade.entry_price, _letter(trade.direction), _role(trade.direction))
    yield Pin(trade.closed_ms, trade.exit_price, "pX", "warning")


def _entry_pin(position: PaperPositionView, wall_ms: int) -> Pin:
    opened_ms = wall_ms - round(position.held_s * 1_000)
    return Pin(opened_ms, position.entry_price, _letter(position.direction), _role(position.direction))


def _letter(direction: int) -> str:
    """A mark that cannot be taken for that of a read, which has no p."""
    return "pL" if direction > 0 else "pS"


def _role(direction: int) -> Role:
    return "up" if direction > 0 else "down"
