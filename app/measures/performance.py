"""What an account did: Sharpe's and Sortino's ratios, the deepest fall."""

from math import sqrt
from typing import NamedTuple

import numpy as np

from app.measures.returns import Floats


class Fall(NamedTuple):
    """The deepest fall from a peak: its share of the peak (0 to 1), and the places of the peak and of the bottom."""

    share: float
    peak: int
    bottom: int


def simple_returns(equity: Floats) -> Floats:
    """equity[k] / equity[k−1] − 1 for each step; equity is above 0. One shorter than `equity`."""
    returns: Floats = np.diff(equity) / equity[:-1]
    return returns


def sharpe_ratio(returns: Floats, per_year: float) -> float | None:
    """Mean over standard deviation of simple returns, times √`per_year` of them; no interest is taken off.

    Sharpe, The Journal of Portfolio Management 21 (1994). None where nothing moved, or below 2 returns.
    """
    deviation = float(returns.std(ddof=1)) if len(returns) > 1 else 0.0
    return float(returns.mean()) / deviation * sqrt(per_year) if deviation > 0 else None


def sharpe_error(ratio: float, count: int, per_year: float) -> float:
    """The standard error of a ratio from `count` independent returns, in the unit of the ratio.

    √((1 + s²/2) / count), s the ratio of one period: Lo, Financial Analysts Journal 58 (2002).
    """
    single = ratio / sqrt(per_year)
    return sqrt((1 + single * single / 2) / count) * sqrt(per_year)


def sortino_ratio(returns: Floats, per_year: float) -> float | None:
    """Mean over the root of the mean square of returns below 0 (all returns counted), times √`per_year`.

    Sortino and van der Meer, The Journal of Portfolio Management 17 (1991), with 0 as the least acceptable return.
    None where none is below 0.
    """
    below = float(np.square(np.minimum(returns, 0.0)).mean()) if len(returns) else 0.0
    return float(returns.mean()) / sqrt(below) * sqrt(per_year) if below > 0 else None


def deepest_fall(equity: Floats) -> Fall:
    """The largest share of a peak that was lost after it; 0, at the beginning, where nothing fell.

    `equity` begins above 0.
    """
    peaks = np.maximum.accumulate(equity)
    falls = 1.0 - equity / peaks
    bottom = int(np.argmax(falls))
    return Fall(float(falls[bottom]), int(np.argmax(equity[: bottom + 1])), bottom)
