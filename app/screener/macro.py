"""Series of the wider market beside bars: what was known of it at each close."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from app.core.errors import DataError
from app.markets.bar_table import Integers, read_table
from app.measures.returns import Floats
from app.screener.backtest import Macro
from app.screener.bars import HOUR_MS, Bars, moment_text

VOLATILITY_COLUMNS = ("volatility", "index", "value")
FUNDING_COLUMNS = ("funding", "funding_rate", "fundingrate", "rate", "open")
_VOLATILITY_KEEPS_MS, _FUNDING_KEEPS_MS = 4 * 24 * HOUR_MS, 8 * HOUR_MS
"""A row that is older is not known any more: an index of days has weekends, a venue's rate at most eight hours."""
_LARGEST_RATE = 0.1


def read_macro(bars: Bars, volatility: Path | None, funding: Path | None) -> Macro | None:
    """The series in files, NaN where there is none; None without any. Raises `DataError` for a file that is no series.

    A row counts from its time on, so that time has to be when its value was known.
    """
    if volatility is None and funding is None:
        return None
    unknown: Floats = np.full(bars.length, np.nan)
    index, rates = unknown, unknown.copy()
    if volatility is not None:
        index = _known(bars, *_series(volatility, VOLATILITY_COLUMNS), _VOLATILITY_KEEPS_MS)
    if funding is not None:
        times, values = _series(funding, FUNDING_COLUMNS)
        if np.nanmax(np.abs(values), initial=0.0) > _LARGEST_RATE:
            raise DataError(f"{funding.name} has rates above {_LARGEST_RATE:.0%} an hour; write fractions of an hour")
        rates = _known(bars, times, values, _FUNDING_KEEPS_MS)
    return Macro(index, rates)


def _series(path: Path, names: Sequence[str]) -> tuple[Integers, Floats]:
    times, columns, *_ = read_table(path, names)
    name = next((name for name in names if name in columns), None)
    if name is None:
        raise DataError(f"{path.name} has none of the columns {', '.join(names)}; name one of them so")
    back = np.flatnonzero(np.diff(times) < 0)
    if len(back):
        moment = moment_text(int(times[back[0] + 1]))
        raise DataError(f"{path.name}, row {int(back[0]) + 2}: {moment} is before the row above; sort by time")
    return times, columns[name]


def _known(bars: Bars, times: Integers, values: Floats, keeps_ms: int) -> Floats:
    """The newest value at each close that is not too old."""
    closes_ms = bars.times + bars.interval_ms
    newest = np.searchsorted(times, closes_ms, side="right") - 1
    found = newest >= 0
    places = np.maximum(newest, 0)
    fresh = found & (closes_ms - times[places] <= keeps_ms) if len(times) else found
    known: Floats = np.where(fresh, values[places] if len(times) else np.nan, np.nan)
    return known
