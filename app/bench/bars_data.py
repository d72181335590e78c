"""Made-up bars of an hour for benchmarks: a price that wanders, without holes, the same for the same seed."""

import numpy as np

from app.markets.bar_table import BarTable
from app.screener.bars import HOUR_MS, Bars, check_bars

_START_MS = 1_388_534_400_000
"""2014-01-01: a hundred thousand hours end before 2026."""


def made_bars(length: int, seed: int) -> Bars:
    """So many bars whose prices move about 0.5 % an hour."""
    rng = np.random.default_rng(seed)
    close = 2_000 * np.exp(np.cumsum(rng.normal(0, 5e-3, length)))
    opened = np.concatenate([[2_000.0], close[:-1]])
    wick = np.exp(np.abs(rng.normal(0, 2.5e-3, (2, length))))
    columns = {
        "open": opened, "high": np.maximum(opened, close) * wick[0], "low": np.minimum(opened, close) / wick[1],
        "close": close, "volume": rng.lognormal(8, 0.6, length),
    }  # fmt: skip
    times = _START_MS + np.arange(length, dtype=np.int64) * HOUR_MS
    return check_bars("made up", BarTable(times, columns))
