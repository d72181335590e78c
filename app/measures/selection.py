"""What is left of a Sharpe ratio when the best of many trials was taken: deflated, and how probably overfitted."""

from itertools import combinations
from math import e, sqrt
from statistics import NormalDist

import msgspec
import numpy as np
from numpy.typing import NDArray

from app.measures.returns import Floats

EULER_MASCHERONI = 0.5772156649015329
MOST_BLOCKS = 16
FEWEST_ROWS = 10
"""A block of fewer returns says nothing of a ratio."""
_AT_ONCE = 256


class Overfitting(msgspec.Struct, frozen=True):
    """How often the best trial of one half of time was no better than the middle one in the other half (0 to 1).

    `blocks` is how many pieces time was cut into, `splits` how many ways there are to take half of them.
    """

    probability: float
    blocks: int
    splits: int


class Moments(msgspec.Struct, frozen=True):
    """Returns in four numbers: how many, their Sharpe ratio of one period, skewness, kurtosis (3 for normal ones)."""

    count: int
    sharpe: float
    skewness: float
    kurtosis: float


def moments_of(returns: Floats) -> Moments:
    """The moments of returns, population ones but for the ratio's deviation; the ratio is 0 where nothing moved."""
    count = len(returns)
    deviation = float(returns.std(ddof=1)) if count > 1 else 0.0
    if not deviation > 0:
        return Moments(count, 0.0, 0.0, 3.0)
    mean, spread = float(returns.mean()), float(returns.std())
    scaled = (returns - mean) / spread
    return Moments(count, mean / deviation, float((scaled**3).mean()), float((scaled**4).mean()))


def single_sharpes(returns: Floats) -> Floats:
    """The Sharpe ratio of one period for each column; 0 where nothing moved. Rows are periods, at least 2."""
    means, deviations = returns.mean(axis=0), returns.std(axis=0, ddof=1)
    return _ratios(means, deviations)


def probabilistic_sharpe(found: Moments, benchmark: float) -> float | None:
    """How probable it is that the true ratio of one period is above `benchmark`, 0 to 1; None below 2 returns.

    Φ((s − s*) · √(n − 1) / √(1 − γ₃·s + (γ₄ − 1)/4 · s²)), γ₃ the skewness and γ₄ the kurtosis: Bailey and López de
    Prado, The Sharpe Ratio Efficient Frontier, Journal of Risk 15 (2012), formula 11.
    """
    variance = 1 - found.skewness * found.sharpe + (found.kurtosis - 1) / 4 * found.sharpe**2
    if found.count < 2 or not variance > 0:
        return None
    return NormalDist().cdf((found.sharpe - benchmark) * sqrt(found.count - 1) / sqrt(variance))


def best_of_luck(trials: int, variance: float) -> float:
    """The Sharpe ratio that the best of so many trials is expected to have when none has any skill.

    √V · ((1 − γ)·Φ⁻¹(1 − 1/N) + γ·Φ⁻¹(1 − 1/(N·e))), V the variance of the trials' ratios, γ the constant of Euler and
    Mascheroni: Bailey and López de Prado, The Deflated Sharpe Ratio, The Journal of Portfolio Management 40 (2014),
    formula 1. In the unit of √V; 0 for one trial.
    """
    if trials < 2:
        return 0.0
    quantile = NormalDist().inv_cdf
    luck = (1 - EULER_MASCHERONI) * quantile(1 - 1 / trials) + EULER_MASCHERONI * quantile(1 - 1 / (trials * e))
    return sqrt(variance) * luck


def deflated_sharpe(returns: Floats, sharpes: Floats) -> float | None:
    """How probable it is that the best trial is better than luck would make the best of so many, 0 to 1.

    `returns` are those of the trial that was taken, `sharpes` the ratios of one period of all that were tried, itself
    among them: the probabilistic ratio against what luck gives (Bailey and López de Prado 2014, formula 2). Trials
    that move together vary less among themselves, which is in the variance, so all of them count. None below 2 returns.
    """
    variance = float(sharpes.var(ddof=1)) if len(sharpes) > 1 else 0.0
    return probabilistic_sharpe(moments_of(returns), best_of_luck(len(sharpes), variance))


def overfitting(returns: Floats) -> Overfitting | None:
    """The probability of backtest overfitting by combinatorially symmetric cross-validation.

    A row a period, in order, a column a trial. Time is cut into S blocks as long as each other; for every half of them
    the trial with the best Sharpe ratio there is looked up in the other half: its rank among N trials, over N + 1, is
    ω, and overfitted are the splits with ln(ω / (1 − ω)) ≤ 0. Bailey, Borwein, López de Prado and Zhu, The Probability
    of Backtest Overfitting, Journal of Computational Finance 20 (2017), section 3. Trials that are equal there share
    the middle of their ranks; of equal ones here the first is taken. Up to 16 blocks; rows that do not fill them are
    left out at the beginning. None for fewer than two trials, or fewer than 40 rows.
    """
    blocks = min(MOST_BLOCKS, len(returns) // FEWEST_ROWS // 2 * 2)
    if blocks < 4 or returns.shape[1] < 2:
        return None
    length = len(returns) // blocks
    pieces = returns[len(returns) - blocks * length :].reshape(blocks, length, -1)
    sums, squares = pieces.sum(axis=1), np.square(pieces).sum(axis=1)
    halves = _halves(blocks)
    bad = sum(
        _overfitted(sums, squares, halves[start : start + _AT_ONCE], length * blocks // 2)
        for start in range(0, len(halves), _AT_ONCE)
    )
    return Overfitting(bad / len(halves), blocks, len(halves))


def _halves(blocks: int) -> NDArray[np.bool_]:
    """A row for each way to take half of the blocks."""
    taken = np.array(list(combinations(range(blocks), blocks // 2)), dtype=np.int64)
    halves = np.zeros((len(taken), blocks), dtype=np.bool_)
    np.put_along_axis(halves, taken, True, axis=1)
    return halves


def _overfitted(sums: Floats, squares: Floats, halves: NDArray[np.bool_], count: int) -> int:
    """For how many of the halves the best trial in them is no better than the middle one outside."""
    inside, outside = (_half_sharpes(chosen.astype(np.float64), sums, squares, count) for chosen in (halves, ~halves))
    best = np.argmax(inside, axis=1)[:, np.newaxis]
    found = np.take_along_axis(outside, best, axis=1)
    ranks = (outside < found).sum(axis=1) + ((outside == found).sum(axis=1) + 1) / 2
    return int(np.count_nonzero(2 * ranks <= outside.shape[1] + 1))


def _half_sharpes(chosen: Floats, sums: Floats, squares: Floats, count: int) -> Floats:
    total = chosen @ sums
    spread = (chosen @ squares - total * total / count) / (count - 1)
    # What is below rounding of the squares is nothing that moved.
    still = spread <= 1e-12 * (chosen @ squares) / count
    return _ratios(total / count, np.where(still, 0.0, np.sqrt(np.maximum(spread, 0.0))))


def _ratios(means: Floats, deviations: Floats) -> Floats:
    moved = deviations > 0
    ratios: Floats = np.where(moved, means / np.where(moved, deviations, 1.0), 0.0)
    return ratios
