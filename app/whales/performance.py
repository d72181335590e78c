"""How well an account did, from its equity history and its closed round trips (docs/whales.md defines every measure).

Returns are results over the capital that was there, so deposits and withdrawals are no returns. A venue tells older
history in steps of a week and more: a step of k days counts as k days that are known by their sum alone, which is exact
for the mean and unbiased for the variance of independent days.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import copysign, isfinite, sqrt

import msgspec

from app.config.whale_settings import TraderWeightsSettings
from app.core.traders import EquityHistory, HistoryPoint, Window
from app.whales.round_trips import TripRecord

DAY_MS = 86_400_000
RATIO_LIMIT = 100.0
"""Ratios lie between minus and plus this: without a loss, or without any spread, they would have no bound."""
FEWEST_RETURNS = 5
"""A spread of fewer returns than this means nothing, however many days they cover."""
LEAST_CAPITAL_USD = 100.0
"""Returns on less are unknown: nearly empty accounts make thousands of percent of nothing."""
_YEAR = sqrt(365)
_RECENT: tuple[Window, ...] = ("month", "week", "day")


class Return(msgspec.Struct, frozen=True, gc=False):
    """What was made of the capital, as a fraction ≥ −1, over a number of whole days ≥ 1."""

    days: int
    value: float


class Performance(msgspec.Struct, frozen=True, kw_only=True):
    """Measures of one account; None where there is too little to say.

    `days` are those that returns are known of. Sharpe and Sortino ratios are annual and within ±`RATIO_LIMIT`,
    `consistency`, `max_drawdown` and `win_rate` 0-1, `profit_factor` 0-`RATIO_LIMIT`. `closed` round trips lie within
    `trip_days`.
    """

    days: int = 0
    returns: int = 0
    sharpe: float | None = None
    sortino: float | None = None
    consistency: float | None = None
    max_drawdown: float | None = None
    closed: int = 0
    trip_days: float = 0.0
    win_rate: float | None = None
    profit_factor: float | None = None


def performance_of(
    histories: Iterable[EquityHistory], trips: TripRecord, settings: TraderWeightsSettings
) -> Performance:
    """All measures. Fewer days than `minimum_days` or trips than `minimum_closed` leave theirs None."""
    returns = returns_of(histories)
    days = sum(each.days for each in returns)
    enough = days >= settings.minimum_days and len(returns) >= FEWEST_RETURNS
    closed = trips.closed >= settings.minimum_closed
    return Performance(
        days=days,
        returns=len(returns),
        sharpe=sharpe_ratio(returns) if enough else None,
        sortino=sortino_ratio(returns) if enough else None,
        consistency=consistency(returns) if enough else None,
        max_drawdown=max_drawdown(returns) if enough else None,
        closed=trips.closed,
        trip_days=trips.days,
        win_rate=trips.wins / trips.closed if closed else None,
        profit_factor=_ratio(trips.gained_usd, trips.lost_usd) if closed else None,
    )


def returns_of(histories: Iterable[EquityHistory]) -> list[Return]:
    """Returns by day, oldest first: the finest recent window (month, week, day), and before it the history of all time.

    Days are counted back from each window's newest point; the point nearest to a day's end stands for it. A day without
    one joins the next.
    """
    by_window = {history.window: history for history in histories}
    recent = recent_points(by_window.values())
    older = daily_points(by_window["all"].points) if "all" in by_window else []
    if len(recent) > 1:
        older = [point for point in older if point.at_ms <= recent[0].at_ms + DAY_MS // 2]
    return [*_returns(older), *_returns(recent)]


def recent_points(histories: Iterable[EquityHistory]) -> list[HistoryPoint]:
    """The daily points of the finest recent window: the month's, else the week's, else the day's; none without one."""
    by_window = {history.window: history for history in histories}
    return next((daily_points(by_window[window].points) for window in _RECENT if window in by_window), [])


def daily_points(points: Sequence[HistoryPoint]) -> list[HistoryPoint]:
    """The points nearest to whole days before the newest one, oldest first, at most one a day."""
    usable = [point for point in points if isfinite(point.equity_usd) and isfinite(point.pnl_usd)]
    if not usable:
        return []
    newest = max(point.at_ms for point in usable)
    nearest: dict[int, HistoryPoint] = {}
    for point in sorted(usable, key=lambda point: (_off(point, newest), point.at_ms, point.pnl_usd, point.equity_usd)):
        nearest.setdefault(_day(point, newest), point)
    return [nearest[day] for day in sorted(nearest, reverse=True)]


def sharpe_ratio(returns: Sequence[Return]) -> float:
    """Mean daily return over its standard deviation (n − 1), times √365; the riskless rate is 0. At least two returns.

    Over steps of k days: mean = Σr / Σk, variance = Σ (r − mean·k)² / k / (n − 1), by weighted least squares.
    """
    mean = _mean(returns)
    squares = sum((each.value - mean * each.days) ** 2 / each.days for each in returns)
    return _ratio(mean * _YEAR, sqrt(squares / (len(returns) - 1)))


def sortino_ratio(returns: Sequence[Return]) -> float:
    """Mean daily return over the downside deviation √(Σ min(r, 0)² / k / n), times √365; the target is 0.

    Sortino and van der Meer, Journal of Portfolio Management 17 (1991).
    """
    squares = sum(min(0.0, each.value) ** 2 / each.days for each in returns)
    return _ratio(_mean(returns) * _YEAR, sqrt(squares / len(returns)))


def consistency(returns: Sequence[Return]) -> float | None:
    """The share of steps with a result that made money; None where none had a result."""
    moved = [each.value for each in returns if each.value]
    return sum(value > 0 for value in moved) / len(moved) if moved else None


def max_drawdown(returns: Sequence[Return]) -> float:
    """The largest fall from a high, 0-1, of what one dollar that stayed in the account became."""
    worth = high = 1.0
    deepest = 0.0
    for each in returns:
        worth *= 1 + each.value
        high = max(high, worth)
        deepest = max(deepest, 1 - worth / high)
        if high > 1e100:
            worth, high = worth / high, 1.0
    return deepest


def _returns(points: Sequence[HistoryPoint]) -> list[Return]:
    found: list[Return] = []
    for before, after in pairwise(points):
        made = after.pnl_usd - before.pnl_usd
        paid_in = after.equity_usd - before.equity_usd - made
        capital = before.equity_usd + max(0.0, paid_in)
        if capital >= LEAST_CAPITAL_USD:
            days = max(1, round((after.at_ms - before.at_ms) / DAY_MS))
            found.append(Return(days, max(-1.0, made / capital)))
    return found


def _mean(returns: Sequence[Return]) -> float:
    return sum(each.value for each in returns) / sum(each.days for each in returns)


def _ratio(over: float, under: float) -> float:
    """A quotient within ±`RATIO_LIMIT`; 0 over nothing is 0."""
    if abs(over) >= RATIO_LIMIT * under:
        return copysign(RATIO_LIMIT, over) if over else 0.0
    return over / under


def _day(point: HistoryPoint, newest_ms: int) -> int:
    return round((newest_ms - point.at_ms) / DAY_MS)


def _off(point: HistoryPoint, newest_ms: int) -> int:
    """How far a point lies from the whole day it stands for, in milliseconds."""
    return abs(newest_ms - point.at_ms - _day(point, newest_ms) * DAY_MS)
