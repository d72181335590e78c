"""What a sweep says: which points did best, what the best of so many is worth, and how a choice did afterwards."""

from collections.abc import Sequence
from itertools import pairwise

import msgspec
import numpy as np

from app.measures.overfitting import deflated_sharpe, overfitting_probability, sharpe_ratios
from app.measures.returns import Floats
from app.screener.sweep_runs import Run

_DAYS_OF_A_YEAR = 365


class Ranked(msgspec.Struct, frozen=True):
    """A point over all markets, an equal part in each: trades, return, and Sharpe ratio of a year from days."""

    point: int
    trades: int
    total_return: float
    sharpe: float


class Fold(msgspec.Struct, frozen=True):
    """A walk forward: the point that was best in the days before, and its Sharpe ratios of a year there and after."""

    days_before: int
    days_after: int
    point: int
    sharpe_before: float
    sharpe_after: float


class Verdict(msgspec.Struct, frozen=True):
    """All points from the best on, folds in order of time, and how much of the best is luck; None if untold."""

    ranked: tuple[Ranked, ...]
    folds: tuple[Fold, ...]
    walked_sharpe: float | None
    deflated_sharpe: float | None
    overfitting_probability: float | None


def judge(runs: Sequence[Run], folds: int) -> Verdict:
    """The verdict on all runs of a sweep, of which every point has one in every market."""
    numbers, returns = daily_matrix(runs)
    ratios = sharpe_ratios(returns) * np.sqrt(_DAYS_OF_A_YEAR)
    trades = {number: sum(run.trades for run in runs if run.point == number) for number in numbers}
    totals = np.prod(1.0 + returns, axis=0) - 1.0
    ranked = [
        Ranked(number, trades[number], float(totals[place]), float(ratios[place]))
        for place, number in enumerate(numbers)
    ]
    walked = walk_forward(returns, folds)
    after = np.concatenate([returns[start:end, best] for start, end, best in walked]) if walked else np.empty(0)
    return Verdict(
        ranked=tuple(sorted(ranked, key=lambda each: (-each.sharpe, each.point))),
        folds=tuple(_fold(returns, numbers, *each) for each in walked),
        walked_sharpe=float(_yearly(after[:, np.newaxis])[0]) if len(after) > 1 else None,
        deflated_sharpe=deflated_sharpe(returns),
        overfitting_probability=overfitting_probability(returns),
    )


def daily_matrix(runs: Sequence[Run]) -> tuple[list[int], Floats]:
    """Numbers of points, and returns: a row a day, a column a point, the mean of the markets that have that day."""
    numbers = sorted({run.point for run in runs})
    columns = {number: place for place, number in enumerate(numbers)}
    first = min(run.first_day for run in runs)
    days = max(run.first_day + len(run.daily) for run in runs) - first
    sums, counts = np.zeros((days, len(numbers))), np.zeros((days, len(numbers)))
    for run in runs:
        rows = slice(run.first_day - first, run.first_day - first + len(run.daily))
        sums[rows, columns[run.point]] += run.daily
        counts[rows, columns[run.point]] += 1
    return numbers, sums / np.maximum(counts, 1)


def walk_forward(returns: Floats, folds: int) -> list[tuple[int, int, int]]:
    """For each fold its days, from one to before another, and the column that was best in all days before.

    Days are cut into one part more than there are folds: the first is only looked back on.
    """
    edges = np.linspace(0, len(returns), folds + 2).astype(np.int64).tolist()
    if folds < 1 or min(np.diff(edges)) < 2:
        return []
    return [(start, end, int(np.argmax(sharpe_ratios(returns[:start])))) for start, end in pairwise(edges[1:])]


def _fold(returns: Floats, numbers: Sequence[int], start: int, end: int, best: int) -> Fold:
    before, after = _yearly(returns[:start])[best], _yearly(returns[start:end])[best]
    return Fold(start, end - start, numbers[best], float(before), float(after))


def _yearly(returns: Floats) -> Floats:
    ratios: Floats = sharpe_ratios(returns) * np.sqrt(_DAYS_OF_A_YEAR)
    return ratios
