"""How far the best of many tries is luck: deflated Sharpe ratio, and the probability of backtest overfitting.

Ratios here are those of one period, not of a year. A matrix of returns has a row a period and a column a try.
"""

from itertools import combinations
from math import e, log, sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from app.measures.returns import Floats

_EULER = 0.5772156649015329
FEWEST_PERIODS = 20
BLOCKS = 10
"""A matrix is cut into so many blocks, of which half are looked at and half are what comes: 252 ways."""


def sharpe_ratios(returns: Floats) -> Floats:
    """Mean over standard deviation of each column; 0 where nothing moved."""
    deviations = returns.std(axis=0, ddof=1)
    ratios: Floats = np.divide(returns.mean(axis=0), deviations, out=np.zeros(len(deviations)), where=deviations > 0)
    return ratios


def expected_best_ratio(variance: float, tries: int) -> float:
    """The Sharpe ratio that the best of independent `tries` (≥ 2) is expected to have when none is any good.

    √variance · ((1 − γ)·Z(1 − 1/N) + γ·Z(1 − 1/(N·e))), `variance` that of the ratios of all tries: Bailey and López de
    Prado, The Journal of Portfolio Management 40 (2014), equation 1.
    """
    normal = NormalDist()
    likely = (1 - _EULER) * normal.inv_cdf(1 - 1 / tries) + _EULER * normal.inv_cdf(1 - 1 / (tries * e))
    return sqrt(variance) * likely


def probability_above(ratio: float, level: float, periods: int, skewness: float, kurtosis: float) -> float:
    """The probability that the true Sharpe ratio behind a measured one is above `level`, 0 to 1.

    Φ((s − level)·√(T − 1) / √(1 − γ₃·s + (γ₄ − 1)/4·s²)), `kurtosis` 3 for a normal one: Bailey and López de Prado, The
    Journal of Risk 15 (2012).
    """
    spread = 1 - skewness * ratio + (kurtosis - 1) / 4 * ratio * ratio
    return NormalDist().cdf((ratio - level) * sqrt(periods - 1) / sqrt(max(spread, 1e-12)))


def deflated_sharpe(returns: Floats) -> float | None:
    """The probability that the best column's Sharpe ratio is above what the best of as many useless ones would have.

    None below two columns or `FEWEST_PERIODS` rows, or where nothing moved. Columns that resemble each other count as
    independent tries, which makes it smaller than it is.
    """
    periods, tries = returns.shape
    if tries < 2 or periods < FEWEST_PERIODS:
        return None
    ratios = sharpe_ratios(returns)
    best = returns[:, int(np.argmax(ratios))]
    deviation = float(best.std())
    if deviation == 0:
        return None
    scaled = (best - best.mean()) / deviation
    level = expected_best_ratio(float(ratios.var(ddof=1)), tries)
    skewness, kurtosis = float((scaled**3).mean()), float((scaled**4).mean())
    return probability_above(float(ratios.max()), level, periods, skewness, kurtosis)


def overfitting_probability(returns: Floats) -> float | None:
    """How often the column that was best in one half of time is below the median of all in the other half, 0 to 1.

    Combinatorially symmetric cross-validation over `BLOCKS` blocks, by Sharpe ratios: Bailey, Borwein, López de Prado
    and Zhu, The Journal of Computational Finance 20 (2017). None below two columns or two rows a block.
    """
    periods, tries = returns.shape
    if tries < 2 or periods < max(FEWEST_PERIODS, 2 * BLOCKS):
        return None
    # What is left over at the beginning takes no part: blocks are of equal length.
    pieces = returns[periods % BLOCKS :].reshape(BLOCKS, -1, tries)
    sums, squares = pieces.sum(axis=1), np.square(pieces).sum(axis=1)
    below = [
        _best_falls_behind(sums, squares, pieces.shape[1], chosen)
        for chosen in combinations(range(BLOCKS), BLOCKS // 2)
    ]
    return float(np.mean(below))


def _best_falls_behind(sums: Floats, squares: Floats, length: int, chosen: tuple[int, ...]) -> float:
    """1 where the best of the chosen blocks is not above the median in the others, else 0."""
    inside = np.zeros(BLOCKS, dtype=np.bool_)
    inside[list(chosen)] = True
    best = int(np.argmax(_ratios(sums, squares, length, inside)))
    others = _ratios(sums, squares, length, ~inside)
    behind, level = np.count_nonzero(others < others[best]), np.count_nonzero(others == others[best])
    rank = (behind + (level + 1) / 2) / (len(others) + 1)
    return float(log(rank / (1 - rank)) <= 0)


def _ratios(sums: Floats, squares: Floats, length: int, inside: NDArray[np.bool_]) -> Floats:
    """The Sharpe ratio of each column over some blocks."""
    count = length * int(inside.sum())
    means = sums[inside].sum(axis=0) / count
    variances = np.maximum(squares[inside].sum(axis=0) / count - means * means, 0.0)
    ratios: Floats = np.divide(means, np.sqrt(variances), out=np.zeros(len(means)), where=variances > 1e-30)
    return ratios
