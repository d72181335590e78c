"""Where in the vector of features what lies, how features are scaled, and the few numbers that simple models see."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.measures.returns import Floats
from app.tokens.bundle_parts import Scalers
from app.tokens.candles import CLOSE, SLOTS
from app.tokens.features import CANDLE_COLUMNS, CONTEXT, PARTS, WIDTH, Singles
from app.tokens.indicators import INDICATORS

_ENDS = np.cumsum([0, *(int(np.prod(shape)) for shape in PARTS)]).tolist()
CANDLES, MASK, CONTEXTS, CONTEXTS_KNOWN, INDICATED, INDICATED_KNOWN = (
    slice(first, last) for first, last in pairwise(_ENDS)
)
COLUMNS = len(CANDLE_COLUMNS)
HOUR_SLOTS = 12
LEAST_SPREAD = 1e-3

TEN = (
    "volatility", "candles", "range", "drawdown", "change of an hour", "liquidity", "age", "trades of an hour",
    "turnover", "RSI",
)  # fmt: skip
"""What the logistic baseline is told."""


class Window(NamedTuple):
    """Candles of many rows: `values` (n, 100, 5), `mask` (n, 100) true where there is one."""

    values: Singles
    mask: NDArray[np.bool_]


def windows(rows: Singles) -> Window:
    """The candles in (n, 628) features."""
    return Window(rows[:, CANDLES].reshape(len(rows), SLOTS, COLUMNS), rows[:, MASK] > 0)


def fitted_scalers(rows: Singles) -> Scalers:
    """Scalers of training rows: what is masked or not known counts for nothing, and stays 0 where its centre is 0."""
    centre, spread = np.zeros(WIDTH), np.ones(WIDTH)
    seen = windows(rows)
    for column in range(COLUMNS):
        spread[column : CANDLES.stop : COLUMNS] = _spread(seen.values[:, :, column][seen.mask])
    for values, flags in ((CONTEXTS, CONTEXTS_KNOWN), (INDICATED, INDICATED_KNOWN)):
        for place, flag in zip(range(values.start, values.stop), range(flags.start, flags.stop), strict=True):
            known = rows[rows[:, flag] > 0, place]
            centre[place] = known.mean(dtype=np.float64) if len(known) else 0.0
            spread[place] = _spread(known)
    return Scalers(tuple(centre.astype(np.float32).tolist()), tuple(spread.astype(np.float32).tolist()))


def _spread(values: Singles) -> float:
    return max(float(values.std(dtype=np.float64)), LEAST_SPREAD) if len(values) > 1 else 1.0


def volatility(rows: Singles) -> Floats:
    """Standard deviation of the changes of logarithmic closes from candle to candle; 0 below three candles."""
    seen = windows(rows)
    closes = (each[known, CLOSE] for each, known in zip(seen.values, seen.mask, strict=True))
    return np.array([float(np.diff(each).std()) if len(each) > 2 else 0.0 for each in closes])


def ten_features(rows: Singles) -> Floats:
    """(n, 628) → (n, 10): `TEN`, none of which knows more than the features do."""
    seen = windows(rows)
    high, low = seen.values[:, :, 1].max(axis=1), seen.values[:, :, 2].min(axis=1)
    hour_ago = np.array([_close_before(each, known) for each, known in zip(seen.values, seen.mask, strict=True)])
    told = [CONTEXTS.start + list(CONTEXT).index(name) for name in ("liquidity_usd", "age_s", "trades_1h", "turnover")]
    rsi = INDICATED.start + list(INDICATORS).index("rsi_14")
    columns = (volatility(rows), seen.mask.sum(axis=1), high - low, high, -hour_ago, *rows[:, [*told, rsi]].T)
    return np.stack([np.asarray(column, dtype=np.float64) for column in columns], axis=1)


def _close_before(values: Singles, known: NDArray[np.bool_]) -> float:
    """The logarithmic close an hour ago, or the oldest one since, against the last; 0 where nothing traded."""
    places = np.flatnonzero(known)
    if not len(places):
        return 0.0
    before = places[places < SLOTS - HOUR_SLOTS]
    return float(values[before[-1] if len(before) else places[0], CLOSE])
