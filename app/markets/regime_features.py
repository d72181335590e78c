"""What a regime is told by: seven measures of the hours up to one, each without a unit or a coin's own scale.

All are causal: the row of an hour is a function of that hour and those before it. What cannot be measured is NaN.
"""

import numpy as np

from app.markets.hourly_bars import HourlyBars
from app.measures.returns import Floats

FEATURES = ("return", "volatility", "range", "volume", "trend", "funding", "open_interest")

RECENT, TREND, REFERENCE = 48, 72, 120
"""Windows in hours: of what is measured, of the trend, and of what both are measured against."""

LEAST_KNOWN = 0.75
"""A window of which a smaller share of hours is known is not measured."""


def features(bars: HourlyBars) -> Floats:
    """One row an hour, one column each of `FEATURES`; NaN where it cannot be measured.

    With r the log return of an hour and σ the root of the mean r² over `REFERENCE`:

    return         ln(close / close two days ago) / (σ·√48)
    volatility     ln(root of the mean r² over two days / σ)
    range          ln(mean of ln(high / low) over two days / the same over `REFERENCE`)
    volume         ln(mean volume of two days / the same over `REFERENCE`)
    trend          ln(close / close three days ago) / (σ·√72)
    funding        mean rate of an hour over two days, a fraction
    open_interest  ln(open interest / open interest two days ago)
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        log_close = np.log(bars.close)
        squares = _since(log_close, 1) ** 2
        sigma = np.sqrt(_mean(squares, REFERENCE))
        spans = np.log(bars.high / bars.low)
        columns = (
            _since(log_close, RECENT) / (sigma * np.sqrt(RECENT)),
            np.log(np.sqrt(_mean(squares, RECENT)) / sigma),
            np.log(_mean(spans, RECENT) / _mean(spans, REFERENCE)),
            np.log(_mean(bars.volume, RECENT) / _mean(bars.volume, REFERENCE)),
            _since(log_close, TREND) / (sigma * np.sqrt(TREND)),
            _mean(bars.funding, RECENT),
            _since(np.log(bars.open_interest), RECENT),
        )
    measured: Floats = np.stack(columns, axis=1)
    measured[~np.isfinite(measured)] = np.nan
    return measured


def _since(values: Floats, hours: int) -> Floats:
    """The change since so many hours ago."""
    changes: Floats = np.full(len(values), np.nan)
    changes[hours:] = values[hours:] - values[:-hours]
    return changes


def _mean(values: Floats, hours: int) -> Floats:
    """Mean of the known values among the last `hours`, NaN where too few are known."""
    if not len(values):
        return values
    # Windows are summed each for itself: in differences of one running sum, a large value would spoil all after it.
    padded = np.concatenate([np.full(hours - 1, np.nan), values])
    windows = np.lib.stride_tricks.sliding_window_view(padded, hours)
    known = np.isfinite(windows)
    counts = known.sum(axis=1)
    means: Floats = np.where(known, windows, 0.0).sum(axis=1) / np.maximum(counts, 1)
    means[counts < LEAST_KNOWN * hours] = np.nan
    return means
