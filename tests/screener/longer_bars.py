"""Bars of a longer span from shorter ones, as the passes of the screener put them together."""

from typing import NamedTuple

import numpy as np

from app.markets.bar_table import Integers
from app.screener.bars import Bars
from app.screener.columns import STATE_SIZES, BarColumns
from app.screener.longer_passes import fused_gather

_GATHER = fused_gather(lambda function: function)


class Resampled(NamedTuple):
    """The longer bars that have closed, and how many of them had closed when each of the shorter ones did.

    `bars.missing` counts the spans without a single shorter bar.
    """

    bars: Bars
    closed: Integers


def resample(bars: Bars, width_ms: int) -> Resampled:
    """Bars of `width_ms`, a multiple of theirs that divides a day, on the grid of UTC days.

    A longer bar is of the shorter ones that are there; one that the series begins in the middle of is left out, and so
    is the last while it has not closed. It closes with the bar that ends it, or with the next where that is missing.
    """
    columns = BarColumns(*(column.tolist() for column in bars[3:]))
    longer = BarColumns([0] * bars.length, *([0.0] * bars.length for _ in range(5)))
    state, closed = [0.0] * STATE_SIZES.day, [0] * bars.length
    _GATHER(columns, 0, bars.length, state, width_ms, float(bars.interval_ms), longer, closed)
    count = int(state[0])
    times = np.array(longer.times[:count], dtype=np.int64)
    missing = int((times[-1] - times[0]) // width_ms) + 1 - count if count else 0
    floats = [np.array(column[:count], dtype=np.float64) for column in longer[1:]]
    return Resampled(Bars(bars.name, width_ms, missing, times, *floats), np.array(closed, dtype=np.int64))
