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


def _shares(category: Places, cost: Floats, small_share: float, volumes: Floats, out: Floats) -> None:
    """Volume by category, over all rows of the wallet. `volumes` is scratch space, one place a category."""
    volumes[:] = 0.0
    unknown = 0.0
    for row in range(len(cost)):
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


def _followers(
    count: int, size: Floats, pnl: Floats, opened: Integers, closed: Integers, order: Places, ratio: float, out: Floats
) -> None:
    """For each closed row the first one opened after it was over, and whether that is much larger."""
    followed = chased = others = raised = 0
    place = 0
    for row in range(count):
        if closed[row] <= 0:
            continue
        while place < len(order) and opened[order[place]] <= closed[row]:
            place += 1
        if place == len(order):
            break
        larger = size[order[place]] > ratio * size[row]
        lost = pnl[row] < -SCRATCH_USDC
        followed += lost
        others += not lost
        chased += lost and larger
        raised += (not lost) and larger
    out[LOSSES_FOLLOWED] = followed
    out[LOSSES_CHASED] = chased
    out[OTHERS_FOLLOWED] = others
    out[OTHERS_RAISED] = raised


def _drawdown(count: int, size: Floats, pnl: Floats, out: Floats) -> None:
    """The deepest fall of the sum of results, and the largest share of the equity at a peak that was lost after it.

    Equity is `BANKROLL` average positions at the start, and what was won since.
    """
    total = peak = staked = deepest = share = 0.0
    for row in range(count):
        staked += size[row]
    start = BANKROLL * staked / count if count > 0 else 0.0
    for row in range(count):
        total += pnl[row]
        peak = max(peak, total)
        fall = peak - total
        deepest = max(deepest, fall)
        if fall > 0.0:
            share = max(share, min(1.0, fall / (start + peak)))
    out[DRAWDOWN_USDC] = deepest
    out[DRAWDOWN] = share if count > 0 else np.nan


def _results(count: int, cost: Floats, pnl: Floats, out: Floats) -> None:
    """Wins and losses, profit, and how much of it one position made."""
    wins = losses = 0
    won = lost = paid = best = 0.0
    for row in range(count):
        result = pnl[row]
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


def _returns(count: int, cost: Floats, pnl: Floats, returns: Floats, out: Floats) -> None:
    """Mean return of a position over its standard deviation. `returns` is scratch space, filled for each closed row."""
    known = 0
    total = 0.0
    for row in range(count):
        returns[row] = pnl[row] / cost[row] if cost[row] > 0.0 else 0.0
        known += cost[row] > 0.0
        total += returns[row]
    mean = total / known if known > 0 else 0.0
    squares = 0.0
    for row in range(count):
        if cost[row] > 0.0:
            squares += (returns[row] - mean) ** 2
    spread = np.sqrt(squares / (known - 1)) if known > 1 else np.nan
    out[VOLATILITY] = spread
    out[SHARPE] = mean / spread if spread > 1e-12 else np.nan


def _recent(count: int, cost: Floats, pnl: Floats, closed: Integers, now_s: int, out: Floats) -> None:
    """Profit over what was paid in, of positions closed in the last 7 and 30 days."""
    week_pnl = week_paid = month_pnl = month_paid = 0.0
    row = count - 1
    while row >= 0 and closed[row] > now_s - 30 * DAY_S:
        month_pnl += pnl[row]
        month_paid += cost[row]
        if closed[row] > now_s - 7 * DAY_S:
            week_pnl += pnl[row]
            week_paid += cost[row]
        row -= 1
    out[ROI_7D] = week_pnl / week_paid if week_paid > 0.0 else np.nan
    out[ROI_30D] = month_pnl / month_paid if month_paid > 0.0 else np.nan


def _surplus(count: int, price: Floats, weight: Floats, returns: Floats, out: Floats) -> None:
    """What bets paid a share less their entry prices, and how much of chance that decided.

    With gain g = x − p of a bet at price p that was left at x, the second is g·(x + p − 1): p·(1 − p) for a bet held to
    its end (x is 0 or 1), g² on average for one left before (app.wallets.skill has the reason).
    """
    bets = surplus = variance = 0.0
    for row in range(count):
        if weight[row] > 0.0:
            gain = returns[row] * price[row]
            bets += weight[row]
            surplus += weight[row] * gain
            variance += weight[row] * gain * (gain + 2.0 * price[row] - 1.0)
    out[BETS] = bets
    out[SURPLUS] = surplus
    out[SURPLUS_VARIANCE] = variance


def _traits(count: int, cost: Floats, hold: Floats, hedged: Flags, returns: Floats, out: Floats) -> None:
    """Shares of what was paid in that went round for nothing, and into both outcomes at once."""
    paid = nothing = both = 0.0
    for row in range(count):
        paid += cost[row]
        if hedged[row]:
            both += cost[row]
        if hold[row] < ROUND_TRIP_S and abs(returns[row]) < ROUND_TRIP_RETURN:
            nothing += cost[row]
    out[ROUND_TRIP_SHARE] = nothing / paid if paid > 0.0 else np.nan
    out[HEDGED_SHARE] = both / paid if paid > 0.0 else np.nan


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


def _nth(values: Floats, count: int, nth: int) -> float:
    """The value that would stand at `nth` if the first `count` were sorted; smaller ones end up before it."""
    low, high = 0, count - 1
    while low < high:
        middle = (low + high) // 2
        pivot = max(min(values[low], values[high]), min(max(values[low], values[high]), values[middle]))
        # The pivot goes to the end and comes back between the smaller and the others.
        at = middle if values[middle] == pivot else (low if values[low] == pivot else high)
        values[at] = values[high]
        store = low
        for place in range(low, high):
            value = values[place]
            values[place] = values[store]
            values[store] = value
            # Counting instead of branching: the processor cannot guess which way a value goes.
            store += value < pivot
        values[high] = values[store]
        values[store] = pivot
        if store == nth:
            return float(pivot)
        if store > nth:
            high = store - 1
        else:
            low = store + 1
    return float(values[nth])


def _holds(count: int, hold: Floats, values: Floats) -> int:
    """Copy the holds that are known to `values`; how many they are."""
    known = 0
    for row in range(count):
        values[known] = hold[row]
        known += hold[row] >= 0.0
    return known


def fused(decorate: Callable[[Function], Function]) -> Function:
    """The pass over a whole batch, every function of it put through `decorate` (nothing, or numba's compiler).

    It takes the columns one by one, `now_s`, `small_share`, `chase_ratio`, the number of categories, and the results.
    """
    shares, followers, drawdown = decorate(_shares), decorate(_followers), decorate(_drawdown)
    results, returns_of, recent = decorate(_results), decorate(_returns), decorate(_recent)
    surplus, traits, holds = decorate(_surplus), decorate(_traits), decorate(_holds)
    nth, median = decorate(_nth), decorate(_median)

    def measure_all(
        offsets: Integers, closed: Integers, category: Places, size: Floats, cost: Floats, pnl: Floats, hold: Floats,
        price: Floats, weight: Floats, hedged: Flags, opened_s: Integers, closed_s: Integers, order: Places,
        now_s: int, small_share: float, ratio: float, categories: int, longest: int, results_out: Floats,
    ) -> None:  # fmt: skip
        volumes = np.zeros(categories)
        scratch = np.zeros(longest + 1)
        for wallet in range(len(closed)):
            first, last, count = offsets[wallet], offsets[wallet + 1], closed[wallet]
            out = results_out[wallet]
            a_cost, a_pnl, a_size = cost[first:last], pnl[first:last], size[first:last]
            a_hold, a_closed = hold[first:last], closed_s[first:last]
            shares(category[first:last], a_cost, small_share, volumes, out)
            followers(count, a_size, a_pnl, opened_s[first:last], a_closed, order[first:last], ratio, out)
            drawdown(count, a_size, a_pnl, out)
            results(count, a_cost, a_pnl, out)
            recent(count, a_cost, a_pnl, a_closed, now_s, out)
            returns_of(count, a_cost, a_pnl, scratch, out)
            surplus(count, price[first:last], weight[first:last], scratch, out)
            traits(count, a_cost, a_hold, hedged[first:last], scratch, out)
            out[MEDIAN_HOLD] = median(scratch, holds(count, a_hold, scratch), nth)

    return decorate(measure_all)
