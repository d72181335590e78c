"""All measures of a batch of wallets in one pass over their columns, in the subset of Python that numba compiles.

Each function looks at one wallet and writes its figures into its row of the results; `fused` puts them together, as
they are or compiled. Compiled, a wallet's rows are read from memory once and stay in the cache for all of them.
Compiling takes seconds, so it pays for batches of very many wallets only (`app.wallets.measure` decides), and what was
compiled is not kept on disk: numba keeps it pickled, in a place others may be able to write to.

A win is a result above `SCRATCH_USDC`, a loss one below its negative. Every figure is defined in docs/wallets.md.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from app.wallets.columns import Floats, Integers, Places

SCRATCH_USDC = 0.01
ROUND_TRIP_S, ROUND_TRIP_RETURN = 3_600.0, 0.01
BANKROLL = 50.0
"""Equity at the start, in average positions: who copies a wallet stakes 2 % of it at a time, by the rule of thumb."""
DAY_S = 86_400
NEVER_S = 1 << 62
_PAD = 4

FIGURES = (
    "volume_usdc", "top_category", "top_category_share", "broad_categories",
    "losses_followed", "losses_chased", "others_followed", "others_raised",
    "max_drawdown_usdc", "max_drawdown", "wins", "losses", "win_rate", "median_hold_s",
    "pnl_usdc", "profit_per_trade", "profit_factor", "volatility", "sharpe", "roi_7d", "roi_30d",
    "bets", "surplus", "surplus_variance", "largest_win_share", "round_trip_share", "hedged_share",
)  # fmt: skip
"""The columns of the results. nan where there was nothing to measure a figure on."""

(
    VOLUME, TOP, TOP_SHARE, BROAD, LOSSES_FOLLOWED, LOSSES_CHASED, OTHERS_FOLLOWED, OTHERS_RAISED,
    DRAWDOWN_USDC, DRAWDOWN, WINS, LOSSES, WIN_RATE, MEDIAN_HOLD,
    PNL, PROFIT_PER_TRADE, PROFIT_FACTOR, VOLATILITY, SHARPE, ROI_7D, ROI_30D,
    BETS, SURPLUS, SURPLUS_VARIANCE, LARGEST_WIN_SHARE, ROUND_TRIP_SHARE, HEDGED_SHARE,
) = range(len(FIGURES))  # fmt: skip

Flags = npt.NDArray[np.bool_]
Function = Callable[..., Any]


def _shares(
    first: int, last: int, category: Places, cost: Floats, small_share: float, volumes: Floats, out: Floats
) -> None:
    """Volume by category, over all rows of the wallet. `volumes` is scratch space, one place a category."""
    volumes[:] = 0.0
    unknown = 0.0
    for row in range(first, last):
        if category[row] >= 0:
            volumes[category[row]] += cost[row]
        else:
            unknown += cost[row]
    known = 0.0
    top = -1
    for place in range(len(volumes)):
        known += volumes[place]
        if volumes[place] > 0.0 and (top < 0 or volumes[place] > volumes[top]):
            top = place
    broad = 0
    for place in range(len(volumes)):
        if known > 0.0 and volumes[place] / known > small_share:
            broad += 1
    out[VOLUME] = known + unknown
    out[TOP] = top
    out[TOP_SHARE] = volumes[top] / known if known > 0.0 else np.nan
    out[BROAD] = broad


def _gather(
    first: int, last: int, size: Floats, opened: Integers, order: Places, times: Integers, sizes: Floats
) -> None:
    """Times of opening and sizes in order of opening, and behind them `_PAD` times that never come."""
    for place in range(last - first):
        row = first + order[first + place]
        times[place] = opened[row]
        sizes[place] = size[row]
    for place in range(last - first, last - first + _PAD):
        times[place] = NEVER_S


def _followers(
    first: int, count: int, total: int, size: Floats, pnl: Floats, closed: Integers, times: Integers, sizes: Floats,
    ratio: float, out: Floats,
) -> None:  # fmt: skip
    """For each closed row the first one opened after it was over, and whether that is much larger."""
    followed = chased = others = raised = 0
    place = 0
    for row in range(first, first + count):
        ended_s = closed[row]
        # Looking at several at once is cheaper than being wrong about each: few rows have more openings between.
        passed = _PAD
        while passed == _PAD:
            passed = (
                1 * (times[place] <= ended_s)
                + 1 * (times[place + 1] <= ended_s)
                + 1 * (times[place + 2] <= ended_s)
                + 1 * (times[place + 3] <= ended_s)
            )
            place += passed
        there = (place < total) & (ended_s > 0)
        larger = there & (sizes[min(place, total - 1)] > ratio * size[row])
        lost = pnl[row] < -SCRATCH_USDC
        followed += there & lost
        others += there & (not lost)
        chased += larger & lost
        raised += larger & (not lost)
    out[LOSSES_FOLLOWED] = followed
    out[LOSSES_CHASED] = chased
    out[OTHERS_FOLLOWED] = others
    out[OTHERS_RAISED] = raised


def _results(first: int, count: int, size: Floats, cost: Floats, pnl: Floats, out: Floats) -> float:
    """Wins and losses, profit, and how much of it one position made; the equity at the start."""
    wins = losses = 0
    won = lost = paid = best = staked = 0.0
    for row in range(first, first + count):
        result = pnl[row]
        staked += size[row]
        paid += cost[row]
        wins += result > SCRATCH_USDC
        losses += result < -SCRATCH_USDC
        won += max(result, 0.0)
        lost += max(-result, 0.0)
        best = max(best, result)
    profit = won - lost
    out[WINS] = wins
    out[LOSSES] = losses
    out[WIN_RATE] = wins / (wins + losses) if wins + losses > 0 else np.nan
    out[PNL] = profit
    out[PROFIT_PER_TRADE] = profit / paid if paid > 0.0 else np.nan
    out[PROFIT_FACTOR] = won / lost if lost > 0.0 else np.nan
    out[LARGEST_WIN_SHARE] = best / profit if profit > SCRATCH_USDC else np.nan
    return BANKROLL * staked / count if count > 0 else 0.0


def _drawdown(first: int, count: int, start: float, pnl: Floats, out: Floats) -> None:
    """The deepest fall of the sum of results, and the largest share of the equity at a peak that was lost after it.

    Equity is `start` (`BANKROLL` average positions), and what was won since.
    """
    total = peak = deepest = share = 0.0
    for row in range(first, first + count):
        total += pnl[row]
        peak = max(peak, total)
        fall = peak - total
        deepest = max(deepest, fall)
        # Dividing only where a fall is the deepest share so far: division is slow, and few falls are.
        if fall > share * (start + peak):
            share = min(1.0, fall / (start + peak))
    out[DRAWDOWN_USDC] = deepest
    out[DRAWDOWN] = share if count > 0 else np.nan


def _returns(first: int, count: int, cost: Floats, pnl: Floats, returns: Floats, out: Floats) -> None:
    """Mean return of a position over its standard deviation. `returns` is scratch space, filled for each closed row."""
    known = 0
    total = 0.0
    for row in range(count):
        paid = cost[first + row]
        returns[row] = pnl[first + row] / paid if paid > 0.0 else 0.0
        known += paid > 0.0
        total += returns[row]
    mean = total / known if known > 0 else 0.0
    squares = 0.0
    for row in range(count):
        squares += (returns[row] - mean) ** 2 * (cost[first + row] > 0.0)
    spread = np.sqrt(squares / (known - 1)) if known > 1 else np.nan
    out[VOLATILITY] = spread
    out[SHARPE] = mean / spread if spread > 1e-12 else np.nan


def _recent(first: int, count: int, cost: Floats, pnl: Floats, closed: Integers, now_s: int, out: Floats) -> None:
    """Profit over what was paid in, of positions closed in the last 7 and 30 days."""
    week_pnl = week_paid = month_pnl = month_paid = 0.0
    row = first + count - 1
    while row >= first and closed[row] > now_s - 30 * DAY_S:
        month_pnl += pnl[row]
        month_paid += cost[row]
        if closed[row] > now_s - 7 * DAY_S:
            week_pnl += pnl[row]
            week_paid += cost[row]
        row -= 1
    out[ROI_7D] = week_pnl / week_paid if week_paid > 0.0 else np.nan
    out[ROI_30D] = month_pnl / month_paid if month_paid > 0.0 else np.nan


def _surplus(first: int, count: int, price: Floats, weight: Floats, returns: Floats, out: Floats) -> None:
    """What bets paid a share less their entry prices, and how much of chance that decided.

    With gain g = x − p of a bet at price p that was left at x, the second is g·(x + p − 1): p·(1 − p) for a bet held to
    its end (x is 0 or 1), g² on average for one left before (app.wallets.skill has the reason).
    """
    bets = surplus = variance = 0.0
    for row in range(count):
        paid, share = price[first + row], weight[first + row]
        if share > 0.0:
            gain = returns[row] * paid
            bets += share
            surplus += share * gain
            variance += share * gain * (gain + 2.0 * paid - 1.0)
    out[BETS] = bets
    out[SURPLUS] = surplus
    out[SURPLUS_VARIANCE] = variance


def _traits(first: int, count: int, cost: Floats, hold: Floats, hedged: Flags, returns: Floats, out: Floats) -> None:
    """Shares of what was paid in that went round for nothing, and into both outcomes at once."""
    total = nothing = both = 0.0
    for row in range(count):
        paid = cost[first + row]
        total += paid
        both += paid * hedged[first + row]
        nothing += paid * ((hold[first + row] < ROUND_TRIP_S) & (abs(returns[row]) < ROUND_TRIP_RETURN))
    out[ROUND_TRIP_SHARE] = nothing / total if total > 0.0 else np.nan
    out[HEDGED_SHARE] = both / total if total > 0.0 else np.nan


def _holds(first: int, count: int, hold: Floats, values: Floats) -> int:
    """Copy the holds that are known to `values`; how many they are."""
    known = 0
    for row in range(first, first + count):
        values[known] = hold[row]
        known += hold[row] >= 0.0
    return known


def _median(values: Floats, count: int, nth: Function) -> float:
    """Median of the first `count` values, which are put in another order."""
    if count == 0:
        return np.nan
    upper = nth(values, count, count // 2)
    if count % 2 == 1:
        return float(upper)
    # Everything before the place of the upper one is not larger, so that the lower one is the largest of it.
    lower = values[0]
    for place in range(1, count // 2):
        lower = max(lower, values[place])
    return float(0.5 * (lower + upper))


def _split(values: Floats, low: int, high: int, bound: float) -> int:
    """Put the values below `bound` before the others, within `low` to `high`; where the others begin."""
    store = low
    for place in range(low, high + 1):
        value = values[place]
        values[place] = values[store]
        values[store] = value
        # Counting instead of branching: the processor cannot guess which way a value goes.
        store += value < bound
    return store


def _middle(one: float, two: float, three: float) -> float:
    return max(min(one, two), min(max(one, two), three))


def _pivot_with(middle: Function) -> Function:
    def pivot(values: Floats, low: int, high: int) -> float:
        """A value near the median of a range: of three, or of three times three in a long one."""
        half = (low + high) // 2
        if high - low < 24:
            return float(middle(values[low], values[half], values[high]))
        step = (high - low) // 8
        return float(
            middle(
                middle(values[low], values[low + step], values[low + 2 * step]),
                middle(values[half - step], values[half], values[half + step]),
                middle(values[high - 2 * step], values[high - step], values[high]),
            )
        )

    return pivot


def _nth_with(split: Function, pivot: Function) -> Function:
    def nth_of(values: Floats, count: int, nth: int) -> float:
        """The value that would stand at `nth` if the first `count` were sorted; none before it is larger then."""
        low, high = 0, count - 1
        while low < high:
            bound = pivot(values, low, high)
            smaller = split(values, low, high, bound)
            if nth < smaller:
                high = smaller - 1
            elif smaller > low:
                low = smaller
            else:
                # The bound is the smallest value: what equals it is put in front, for many holds may be alike.
                low = split(values, low, high, np.nextafter(bound, np.inf))
                if nth < low:
                    return float(bound)
        return float(values[nth])

    return nth_of


def fused(decorate: Callable[[Function], Function]) -> Function:
    """The pass over a whole batch, every function of it put through `decorate` (nothing, or numba's compiler).

    It takes the columns one by one, `now_s`, `small_share`, `chase_ratio`, the number of categories, the most rows of a
    wallet, and the results.
    """
    shares, gather, followers = decorate(_shares), decorate(_gather), decorate(_followers)
    results, drawdown, recent = decorate(_results), decorate(_drawdown), decorate(_recent)
    returns_of, surplus, traits = decorate(_returns), decorate(_surplus), decorate(_traits)
    holds, median = decorate(_holds), decorate(_median)
    nth = decorate(_nth_with(decorate(_split), decorate(_pivot_with(decorate(_middle)))))

    def measure_all(
        offsets: Integers, closed: Integers, category: Places, size: Floats, cost: Floats, pnl: Floats, hold: Floats,
        price: Floats, weight: Floats, hedged: Flags, opened_s: Integers, closed_s: Integers, order: Places,
        now_s: int, small_share: float, ratio: float, categories: int, longest: int, results_out: Floats,
    ) -> None:  # fmt: skip
        # Wallets are told by their first row: a view of each column would cost more than some of the measures.
        volumes, scratch, sizes = np.zeros(categories), np.zeros(longest + 1), np.zeros(longest + 1)
        times = np.zeros(longest + _PAD, np.int64)
        for wallet in range(len(closed)):
            first, last, count = offsets[wallet], offsets[wallet + 1], closed[wallet]
            out = results_out[wallet]
            shares(first, last, category, cost, small_share, volumes, out)
            gather(first, last, size, opened_s, order, times, sizes)
            followers(first, count, last - first, size, pnl, closed_s, times, sizes, ratio, out)
            drawdown(first, count, results(first, count, size, cost, pnl, out), pnl, out)
            recent(first, count, cost, pnl, closed_s, now_s, out)
            returns_of(first, count, cost, pnl, scratch, out)
            surplus(first, count, price, weight, scratch, out)
            traits(first, count, cost, hold, hedged, scratch, out)
            out[MEDIAN_HOLD] = median(scratch, holds(first, count, hold, scratch), nth)

    return decorate(measure_all)
