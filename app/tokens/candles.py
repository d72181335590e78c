"""Candles of a token: a table of what was traded, shorter ones put together, and the last 100 slots before a moment.

A venue has no candle for an interval without trades, and neither has a table. In an automated pool the price moves only
by trades, so such an interval closes where the one before closed; but it stays apart from one with trades, by the mask.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.core.tokens import TokenCandle
from app.measures.returns import Floats

Integers = NDArray[np.int64]

SLOTS = 100
"""Slots that a model looks at."""
SLOT_S = 300
"""Length of a slot in seconds."""
MOST_TOLD = 2_000
"""No venue is asked for so many at once: a table is kept for each token, and more would fill the memory."""
OPEN, HIGH, LOW, CLOSE, VOLUME = range(5)
_LOWEST, _HIGHEST = 1e-24, 1e15


class CandleTable(NamedTuple):
    """Candles of one pool, oldest first, one a time. Each covers `interval_s` from its `time_s`, a multiple of it.

    Prices are positive, in any one unit; `volume` is money in any one unit, NaN where it is not known.
    """

    interval_s: int
    time_s: Integers
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    def rows(self, kept: slice | NDArray[np.bool_] | Integers) -> "CandleTable":
        """Only the `kept` rows."""
        return CandleTable(
            self.interval_s,
            self.time_s[kept],
            self.open[kept],
            self.high[kept],
            self.low[kept],
            self.close[kept],
            self.volume[kept],
        )


class Window(NamedTuple):
    """The `SLOTS` slots that had ended by a moment, oldest first.

    `values`: (100, 5) open, high, low, close and volume, NaN without trades. `mask`: (100,) whether there were any.
    """

    values: Floats
    mask: NDArray[np.bool_]

    @property
    def candles(self) -> int:
        """How many slots have a candle."""
        return int(self.mask.sum())


def table_of(candles: Iterable[TokenCandle], interval_s: int) -> CandleTable:
    """What a venue told, as a table, of more than `MOST_TOLD` the newest. Times must be multiples of `interval_s`;
    raises `ValueError` for others."""
    told = list(candles)
    if len(told) > MOST_TOLD:
        told = sorted(told, key=lambda candle: candle.time_s)[-MOST_TOLD:]
    columns = [[candle.open, candle.high, candle.low, candle.close] for candle in told]
    prices = np.array(columns, dtype=np.float64).reshape(-1, 4).T
    volumes = [np.nan if candle.volume_usd is None else candle.volume_usd for candle in told]
    times = np.array([candle.time_s for candle in told], dtype=np.int64)
    return sound(interval_s, times, prices, np.array(volumes, dtype=np.float64))[0]


def sound(interval_s: int, time_s: Integers, prices: Floats, volume: Floats) -> tuple[CandleTable, int]:
    """A table of the rows that can be candles, and how many cannot.

    `prices`: (4, n) open, high, low, close. A row whose price is no positive number below 1e15 goes; of rows with one
    time that with the most volume stays (an open candle that came twice); a high below the close or a low above it is
    a venue's rounding and gives way. A volume that cannot be is not known. Raises `ValueError` for a time that is no
    multiple of `interval_s`.
    """
    if (time_s % interval_s).any():
        raise ValueError(f"a candle of {interval_s} s does not begin at a multiple of it")
    with np.errstate(invalid="ignore"):
        usable = ((prices >= _LOWEST) & (prices < _HIGHEST)).all(axis=0) & (time_s > 0)
        volume = np.where((volume >= 0) & (volume < _HIGHEST), volume, np.nan)
    time_s, prices, volume = time_s[usable], prices[:, usable], volume[usable]
    order = np.lexsort((np.nan_to_num(volume, nan=-1.0), time_s))
    last = np.append(np.diff(time_s[order]) > 0, True) if len(order) else np.zeros(0, dtype=bool)
    kept = order[last]
    prices, bad = prices[:, kept], int((~usable).sum())
    opened, close = prices[0], prices[3]
    high, low = prices.max(axis=0), prices.min(axis=0)
    return CandleTable(interval_s, time_s[kept], opened, high, low, close, volume[kept]), bad


def merged(table: CandleTable, interval_s: int) -> CandleTable:
    """Candles put together into longer ones, one minute into five; gaps stay gaps.

    A volume of which a part is not known is not known. Raises `ValueError` when `interval_s` is no multiple of the
    table's.
    """
    if interval_s % table.interval_s:
        raise ValueError(f"candles of {table.interval_s} s do not fill intervals of {interval_s} s")
    if not len(table.time_s) or interval_s == table.interval_s:
        return table
    slots = table.time_s // interval_s
    starts = np.flatnonzero(np.diff(slots, prepend=slots[0] - 1))
    ends = np.append(starts[1:], len(slots)) - 1
    return CandleTable(
        interval_s,
        slots[starts] * interval_s,
        table.open[starts],
        np.maximum.reduceat(table.high, starts),
        np.minimum.reduceat(table.low, starts),
        table.close[ends],
        np.add.reduceat(table.volume, starts),
    )


def from_trades(time_s: Integers, prices: Floats, volume: Floats, interval_s: int = SLOT_S) -> CandleTable:
    """Candles of trades in order of time. Like venues', each opens where the one before closed, and the first at its
    first trade."""
    if not len(time_s):
        return CandleTable(interval_s, time_s, prices, prices, prices, prices, volume)
    slots = time_s // interval_s
    starts = np.flatnonzero(np.diff(slots, prepend=slots[0] - 1))
    close = prices[np.append(starts[1:], len(slots)) - 1]
    opened = np.concatenate([prices[:1], close[:-1]])
    high = np.maximum(np.maximum.reduceat(prices, starts), opened)
    low = np.minimum(np.minimum.reduceat(prices, starts), opened)
    total = np.add.reduceat(volume, starts)
    return CandleTable(interval_s, slots[starts] * interval_s, opened, high, low, close, total)


def window(table: CandleTable, at_s: int, slot_s: int = SLOT_S) -> Window:
    """The slots that had ended by `at_s`: the open one is left out, nothing later is looked at.

    Raises `ValueError` when the table's candles do not fill slots of `slot_s`.
    """
    end_s = at_s // slot_s * slot_s
    first, last = np.searchsorted(table.time_s, [end_s - SLOTS * slot_s, end_s])
    recent = merged(table.rows(slice(int(first), int(last))), slot_s)
    values, mask = np.full((SLOTS, 5), np.nan), np.zeros(SLOTS, dtype=bool)
    places = recent.time_s // slot_s - (end_s // slot_s - SLOTS)
    values[places] = np.column_stack(recent[2:])
    mask[places] = True
    return Window(values, mask)


def last_close(table: CandleTable, at_s: int) -> float | None:
    """The price at `at_s`: where the last candle that had ended by then closed; None before the first."""
    place = int(np.searchsorted(table.time_s, at_s - table.interval_s, side="right"))
    return float(table.close[place - 1]) if place else None
