"""What a sweep came to, and how far it can be believed: ranks, a deflated ratio, overfitting, a walk forward."""

from collections.abc import Mapping, Sequence
from math import sqrt
from typing import Any, NamedTuple

import msgspec
import numpy as np

from app import __version__
from app.measures.days import DAY_MS, DAYS_A_YEAR
from app.measures.performance import deepest_fall
from app.measures.returns import Floats
from app.measures.selection import Overfitting, best_of_luck, deflated_sharpe, overfitting, single_sharpes
from app.screener.folds import Fold
from app.screener.sweep_run import RunFigures
from app.sweep.markets import Cell
from app.sweep.results import Results
from app.sweep.sweeping import Sweep

_YEAR = sqrt(DAYS_A_YEAR)


class TrialReport(msgspec.Struct, frozen=True):
    """A trial over all markets and folds, by its number from 1: values of what is swept, its daily account in figures.

    `sharpe` is of a year, from days; `total_return` compounds them; shares are fractions.
    """

    number: int
    values: dict[str, Any]
    sharpe: float
    total_return: float
    maximum_drawdown: float
    trades: int
    won: int


class Step(msgspec.Struct, frozen=True):
    """A step of the walk forward: the trial that was best in all folds before, then and in the fold itself."""

    fold: int
    start_ms: int
    end_ms: int
    number: int
    values: dict[str, Any]
    sharpe_before: float
    sharpe: float
    total_return: float


class WalkForward(msgspec.Struct, frozen=True):
    """All steps, and what the account came to that followed them: one in which nothing was chosen by hindsight."""

    steps: tuple[Step, ...]
    sharpe: float
    total_return: float


class SweepReport(msgspec.Struct, frozen=True):
    """A sweep in figures: trials, best first; ratios of a year.

    `tried` are all different accounts over these bars in the file of results, of this sweep and earlier ones;
    `luck` is the ratio that the best of so many is expected to have without any skill, `deflated` how probable it is
    that the best one here has more (0 to 1). None where there is too little to tell.
    """

    days: int
    trials: tuple[TrialReport, ...]
    tried: int
    luck: float
    deflated: float | None
    overfitting: Overfitting | None
    walk_forward: WalkForward | None


class _Span(NamedTuple):
    """The days of a sweep, and for each of them how many markets have bars then."""

    first_day: int
    markets: Floats


def report(sweep: Sweep, figures: Mapping[str, RunFigures], folds: Sequence[Fold], results: Results) -> SweepReport:
    """The report of a sweep whose runs are all done."""
    runs = [figures[run.key] for run in sweep.runs]
    width = len(sweep.cells)
    by_trial = [runs[start : start + width] for start in range(0, len(runs), width)]
    span = _span(by_trial[0])
    returns = np.column_stack([_account(span, some) for some in by_trial])
    sharpes = single_sharpes(returns) if len(returns) > 1 else np.zeros(len(by_trial))
    trials = [_trial(sweep, number, returns[:, number], float(sharpes[number]), by_trial[number])
              for number in range(len(by_trial))]  # fmt: skip
    order = np.argsort(-sharpes, kind="stable")
    tried = _tried(sweep.cells, span, results)
    ratios = single_sharpes(tried) if len(tried) > 1 else np.zeros(tried.shape[1])
    return SweepReport(
        days=len(returns),
        trials=tuple(trials[number] for number in order),
        tried=len(ratios),
        luck=_YEAR * best_of_luck(len(ratios), float(ratios.var(ddof=1)) if len(ratios) > 1 else 0.0),
        deflated=deflated_sharpe(returns[:, order[0]], ratios),
        overfitting=overfitting(tried),
        walk_forward=_walk(sweep, returns, folds, span) if len(folds) > 1 else None,
    )


def _span(cells: Sequence[RunFigures]) -> _Span:
    first = min(cell.first_day for cell in cells)
    markets = np.zeros(max(cell.first_day + len(cell.daily()) for cell in cells) - first)
    for cell in cells:
        markets[cell.first_day - first :][: len(cell.daily())] += 1
    return _Span(first, markets)


def _account(span: _Span, cells: Sequence[RunFigures]) -> Floats:
    """The return of each day with the same money in every market that has bars then, put right each day."""
    total = np.zeros(len(span.markets))
    for cell in cells:
        returns = cell.daily()
        total[cell.first_day - span.first_day :][: len(returns)] += returns
    daily: Floats = total / np.maximum(span.markets, 1)
    return daily


def _tried(cells: Sequence[Cell], span: _Span, results: Results) -> Floats:
    """A column for each different account that settings made over all these cells, in this sweep or an earlier one."""
    found = [results.tried(cell.where, __version__) for cell in cells]
    whole = sorted(set.intersection(*(set(each) for each in found)))
    accounts = (_account(span, [each[settings] for each in found]) for settings in whole)
    different = {account.tobytes(): account for account in accounts}
    return np.column_stack(list(different.values()))


def _trial(sweep: Sweep, number: int, returns: Floats, sharpe: float, cells: Sequence[RunFigures]) -> TrialReport:
    account = np.concatenate([[1.0], np.cumprod(1 + returns)])
    return TrialReport(
        number=number + 1,
        values=sweep.trials[number].values,
        sharpe=_YEAR * sharpe,
        total_return=float(account[-1]) - 1,
        maximum_drawdown=deepest_fall(account).share,
        trades=sum(cell.trades for cell in cells),
        won=sum(cell.won for cell in cells),
    )


def _walk(sweep: Sweep, returns: Floats, folds: Sequence[Fold], span: _Span) -> WalkForward:
    """In each fold but the first, the trial that was best in all before it; of equal ones the first."""
    edges = [max(0, fold.start_ms // DAY_MS - span.first_day) for fold in folds] + [len(returns)]
    steps, followed = [], []
    for number in range(1, len(folds)):
        before, inside = returns[: edges[number]], returns[edges[number] : edges[number + 1]]
        if len(before) < 2 or len(inside) < 2:
            continue
        ratios = single_sharpes(before)
        best = int(np.argmax(ratios))
        taken = inside[:, best]
        followed.append(taken)
        steps.append(Step(
            number + 1, folds[number].start_ms, folds[number].end_ms, best + 1, sweep.trials[best].values,
            _YEAR * float(ratios[best]), _sharpe(taken), _grown(taken),
        ))  # fmt: skip
    whole = np.concatenate(followed) if followed else np.zeros(0)
    return WalkForward(tuple(steps), _sharpe(whole), _grown(whole))


def _sharpe(returns: Floats) -> float:
    return _YEAR * float(single_sharpes(returns[:, np.newaxis])[0]) if len(returns) > 1 else 0.0


def _grown(returns: Floats) -> float:
    return float(np.prod(1 + returns)) - 1
