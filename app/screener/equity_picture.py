"""An account, its market and its trades as an SVG that fetches nothing and runs nothing. Pure."""

from collections.abc import Sequence
from html import escape

import numpy as np

from app.measures.returns import Floats
from app.screener.backtest import STARTING_CASH, Trade
from app.screener.backtesting import Backtest
from app.screener.bars import moment_text

_WIDTH, _LEFT, _RIGHT = 1200.0, 90.0, 1180.0
_ACCOUNT = (60.0, 340.0)
_MARKET = (380.0, 640.0)
_HEIGHT = 690.0
_MOST_POINTS = 2_000
_HEAD = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" font-family="sans-serif" font-size="14">
<title>{title}</title>
<rect width="{width:g}" height="{height:g}" fill="#ffffff"/>
"""


def equity_picture(result: Backtest, held: Floats, title: str, notes: Sequence[str]) -> str:
    """The account beside `held` (holding the market) above, closes with entries and exits below, notes at the foot."""
    first, bars = result.screened.first, result.screened.bars
    equity, closes = result.replay.equity[first:], bars.closes[first:]
    parts = [_HEAD.format(width=_WIDTH, height=_HEIGHT + 18 * len(notes), title=escape(title))]
    parts.append(_text(_LEFT, 28, title, "bold"))
    low, high = _bounds(equity, held, np.array([STARTING_CASH]))
    parts += _frame(_ACCOUNT, low, high, "account, USD")
    parts.append(_line(held, low, high, _ACCOUNT, "#999999"))
    parts.append(_line(equity, low, high, _ACCOUNT, "#0057b7", 2))
    parts.append(_text(_LEFT + 8, _ACCOUNT[0] + 18, "strategy (blue), buy and hold (grey), after costs"))
    low, high = _bounds(closes)
    parts += _frame(_MARKET, low, high, bars.name)
    parts.append(_line(closes, low, high, _MARKET, "#444444"))
    parts += [_trade(trade, first, len(closes), low, high) for trade in result.replay.trades]
    parts.append(_text(_LEFT + 8, _MARKET[0] + 18, "entries: triangles, up for long; exits: dots, filled where won"))
    parts.append(_text(_LEFT, _MARKET[1] + 20, moment_text(int(bars.times[first]))[:10]))
    parts.append(_text(_RIGHT - 85, _MARKET[1] + 20, moment_text(int(bars.times[-1]))[:10]))
    parts += [_text(_LEFT, _HEIGHT + 18 * number, note) for number, note in enumerate(notes)]
    return "\n".join([*parts, "</svg>\n"])


def _bounds(*series: Floats) -> tuple[float, float]:
    """The least and the most of all, apart even where nothing moved."""
    low, high = min(float(each.min()) for each in series), max(float(each.max()) for each in series)
    return (low, high) if high > low else (low * 0.99, low * 1.01 + 1e-12)


def _x(place: int, count: int) -> float:
    return _LEFT + (_RIGHT - _LEFT) * (place + 0.5) / count


def _y(value: float, low: float, high: float, box: tuple[float, float]) -> float:
    return box[1] - (box[1] - box[0]) * (value - low) / (high - low)


def _frame(box: tuple[float, float], low: float, high: float, name: str) -> list[str]:
    top, bottom = box
    return [
        f'<rect x="{_LEFT:g}" y="{top:g}" width="{_RIGHT - _LEFT:g}" height="{bottom - top:g}" fill="none" '
        'stroke="#cccccc"/>',
        _text(4, top + 12, f"{high:,.6g}"),
        _text(4, bottom, f"{low:,.6g}"),
        _text(_LEFT, top - 6, name),
    ]


def _line(values: Floats, low: float, high: float, box: tuple[float, float], colour: str, width: float = 1) -> str:
    """A line through the values, of many only each so manieth and the last."""
    step = max(1, len(values) // _MOST_POINTS)
    places = sorted({*range(0, len(values), step), len(values) - 1})
    points = " ".join(f"{_x(p, len(values)):.1f},{_y(float(values[p]), low, high, box):.1f}" for p in places)
    return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="{width:g}"/>'


def _trade(trade: Trade, first: int, count: int, low: float, high: float) -> str:
    """A line from the entry, a triangle, to the exit, a dot. Prices outside the closes are drawn at the edge."""
    left, right = _x(trade.entry_place - first, count), _x(trade.exit_place - first, count)
    entry, leave = (
        min(max(_y(price, low, high, _MARKET), _MARKET[0]), _MARKET[1]) for price in (trade.entry, trade.exit)
    )
    tip = -6 if trade.side > 0 else 6
    colour = "#1a7f37" if trade.pnl > 0 else "#c2410c"
    return (
        f'<line x1="{left:.1f}" y1="{entry:.1f}" x2="{right:.1f}" y2="{leave:.1f}" stroke="{colour}"/>'
        f'<path d="M{left - 5:.1f} {entry - tip / 2:.1f}h10l-5 {tip}z" fill="{colour}"/>'
        f'<circle cx="{right:.1f}" cy="{leave:.1f}" r="3" stroke="{colour}" '
        f'fill="{colour if trade.pnl > 0 else "#ffffff"}"/>'
    )


def _text(x: float, y: float, text: str, weight: str = "normal") -> str:
    return f'<text x="{x:g}" y="{y:g}" font-weight="{weight}">{escape(text)}</text>'
