"""An account and its trades drawn with characters, for terminals. Pure."""

from collections.abc import Sequence

import numpy as np

from app.measures.returns import Floats
from app.screener.backtest import STARTING_CASH, Trade
from app.screener.backtesting import Backtest
from app.screener.bars import moment_text

_EIGHTHS = " ▁▂▃▄▅▆▇█"
_ROWS = 8
_LABEL = 11
"""Columns of a label left of the chart, with the line that separates them."""


def equity_chart(result: Backtest, width: int) -> list[str]:
    """Lines of at most `width` columns (≥ 40): the account over the bars, its trades below, and the days.

    The height of a column is the account at the end of its bars, between the least and the most that is drawn. Below
    stand entries (▲ long, ▼ short, ◆ both) and under them how trades ended (+ won, − lost, ± both).
    """
    first, bars = result.screened.first, result.screened.bars
    equity = result.replay.equity[first:]
    columns = min(max(width, 40) - _LABEL, len(equity))
    ends = np.linspace(0, len(equity), columns + 1).astype(np.int64)[1:] - 1
    drawn = equity[ends]
    low, high = min(float(drawn.min()), STARTING_CASH), max(float(drawn.max()), STARTING_CASH)
    days = moment_text(int(bars.times[first]))[:10], moment_text(int(bars.times[-1]))[:10]
    return [
        *_labelled(_area(drawn, low, high), low, high),
        *(f"{'':{_LABEL}}{line}".rstrip() for line in _marks(result.replay.trades, ends + first)),
        f"{'':{_LABEL}}{days[0]}{days[1]:>{max(0, columns - len(days[0]))}}",
    ]


def _area(drawn: Floats, low: float, high: float) -> list[str]:
    """Rows from the top: each column filled in eighths of a row, at least one."""
    span = high - low
    filled = np.ones(len(drawn)) if span == 0 else 1 + (drawn - low) / span * (8 * _ROWS - 1)
    eighths = np.round(filled).astype(np.int64)
    return ["".join(_EIGHTHS[int(part)] for part in np.clip(eighths - 8 * row, 0, 8)) for row in reversed(range(_ROWS))]


def _labelled(rows: Sequence[str], low: float, high: float) -> list[str]:
    labels = [""] * len(rows)
    labels[0], labels[-1] = f"{high:,.0f}", f"{low:,.0f}"
    return [f"{label:>{_LABEL - 2}}│ {row}"[: _LABEL - 1] + row for label, row in zip(labels, rows, strict=True)]


def _marks(trades: Sequence[Trade], ends: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> tuple[str, str]:
    """A sign where a trade began in a column, and one where a trade ended."""
    entries, exits = [" "] * len(ends), [" "] * len(ends)
    for trade in trades:
        entered, left = np.searchsorted(ends, [trade.entry_place, trade.exit_place])
        _put(entries, int(entered), "▲" if trade.side > 0 else "▼", "◆")
        _put(exits, int(left), "+" if trade.pnl > 0 else "−", "±")
    return "".join(entries), "".join(exits)


def _put(line: list[str], column: int, sign: str, both: str) -> None:
    line[column] = sign if line[column] in (" ", sign) else both
