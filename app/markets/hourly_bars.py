"""Bars of one market by the hour, as columns on a grid without holes: an hour of which nothing is known is NaN."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.core.errors import DataError
from app.core.events import Candle
from app.measures.returns import Floats

Integers = NDArray[np.int64]

HOUR_MS = 3_600_000
MOST_HOURS = 200_000
"""Bars that span more (22 years) are a defect of their times."""

COLUMNS = ("open", "high", "low", "close", "volume", "funding", "open_interest")


class HourlyBars(NamedTuple):
    """One row an hour, oldest first, of equal length; NaN where nothing is known, and never 0 for it.

    `open_ms` are the beginnings of the hours. Prices are positive, `volume` and `open_interest` in coins, `funding`
    the rate of the hour as a fraction.
    """

    coin: str
    open_ms: Integers
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    funding: Floats
    open_interest: Floats

    @property
    def hours(self) -> int:
        """How many rows there are."""
        return len(self.open_ms)

    def part(self, start: int, end: int) -> "HourlyBars":
        """The rows from `start` to before `end`."""
        columns = {name: getattr(self, name)[start:end] for name in COLUMNS}
        return HourlyBars(self.coin, self.open_ms[start:end], **columns)


def bars_of(coin: str, open_ms: Integers, columns: Mapping[str, Floats]) -> HourlyBars:
    """Rows in any order as bars; of an hour that comes twice the last row counts, times are rounded to the hour.

    `columns` are by the names in `COLUMNS`, each as long as `open_ms`; what is absent is unknown. A row whose prices
    contradict themselves is unknown. Raises `DataError` when the times span more than `MOST_HOURS`.
    """
    if not len(open_ms):
        empty: Floats = np.empty(0)
        return HourlyBars(coin, np.empty(0, np.int64), *([empty] * len(COLUMNS)))
    hours = (open_ms + HOUR_MS // 2) // HOUR_MS
    first, count = int(hours.min()), int(hours.max()) - int(hours.min()) + 1
    if count > MOST_HOURS:
        raise DataError(f"{coin}: bars span {count:,} hours, more than {MOST_HOURS:,}; correct their times")
    gridded = {name: np.full(count, np.nan) for name in COLUMNS}
    for name, values in columns.items():
        gridded[name][hours - first] = values
    _drop_nonsense(gridded)
    return HourlyBars(coin, (first + np.arange(count, dtype=np.int64)) * HOUR_MS, **gridded)


def _drop_nonsense(gridded: dict[str, Floats]) -> None:
    """Prices that are not positive or do not fit together, and amounts below 0, become unknown in place."""
    prices = np.stack([gridded[name] for name in ("open", "high", "low", "close")])
    with np.errstate(invalid="ignore"):
        fits = (prices > 0).all(axis=0) & np.isfinite(prices).all(axis=0)
        fits &= (gridded["high"] >= prices.max(axis=0)) & (gridded["low"] <= prices.min(axis=0))
        for name in ("volume", "open_interest"):
            gridded[name][~(gridded[name] >= 0)] = np.nan
    for name in ("open", "high", "low", "close", "volume"):
        gridded[name][~fits] = np.nan
    for name in COLUMNS:
        gridded[name][~np.isfinite(gridded[name])] = np.nan


def bars_of_candles(coin: str, candles: Sequence[Candle]) -> HourlyBars:
    """Candles of one hour each as bars: what is known of funding and open interest is the caller's to add."""
    times = np.array([candle.open_ms for candle in candles], dtype=np.int64)
    names = ("open", "high", "low", "close", "volume")
    return bars_of(
        coin, times, {name: np.array([getattr(candle, name) for candle in candles], dtype=np.float64) for name in names}
    )
