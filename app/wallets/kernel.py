"""All measures of a batch of wallets in one pass over their columns, in the subset of Python that numba compiles.

Each function looks at one wallet and writes its figures into its row of the results; `fused` puts them together, as
they are or compiled. Sums stand in loops of their own, which the compiler turns into vector instructions: few arrays a
loop, no maximum, no branch. Whatever goes from row to row (categories, drawdown, followers, holds) shares one walk, so
that the processor works on one while it waits for another. A place that is `uintp` spares the look whether it counts
from the end.
Compiling takes seconds, so it pays for batches of very many wallets only (`app.wallets.measure` decides), and what was
compiled is not kept on disk: numba keeps it pickled, in a place others may be able to write to.

A win is a result above `SCRATCH_USDC`, a loss one below its negative. Every figure is defined in docs/wallets.md.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from numpy import uintp

from app.core.compiling import Function
from app.wallets.columns import Floats, Integers, Places

SCRATCH_USDC = 0.01
ROUND_TRIP_S, ROUND_TRIP_RETURN = 3_600.0, 0.01
BANKROLL = 50.0
"""Equity at the start, in average positions: who copies a wallet stakes 2 % of it at a time, by the rule of thumb."""
DAY_S = 86_400
NEVER_S = 1 << 62
_STEP = 4
_BUCKETS = 256
_BUCKET_SHIFT, _BUCKET_ZERO = 49, 8 * 1023 - 1
"""Holds by size, in eighths of a doubling from 1 s on: the upper bits of doubles that are not negative are in order."""

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


def _results(size: Floats, cost: Floats, pnl: Floats, returns: Floats, out: Floats) -> float:
    """Wins and losses, profit, mean return over its deviation; fills `returns`. The equity at the start."""
    wins = losses = known = won = lost = paid = staked = total = 0.0
    for row in range(len(cost)):
        result, spent = pnl[row], cost[row]
        gain = result / spent if spent > 0.0 else 0.0
        returns[row] = gain
        total += gain
        known += 1.0 if spent > 0.0 else 0.0
        staked += size[row]
        paid += spent
        wins += 1.0 if result > SCRATCH_USDC else 0.0
        losses += 1.0 if result < -SCRATCH_USDC else 0.0
        won += max(result, 0.0)
        lost += max(-result, 0.0)
    out[WINS] = wins
    out[LOSSES] = losses
    out[WIN_RATE] = wins / (wins + losses) if wins + losses > 0.0 else np.nan
    out[PNL] = won - lost
    out[PROFIT_PER_TRADE] = (won - lost) / paid if paid > 0.0 else np.nan
    out[PROFIT_FACTOR] = won / lost if lost > 0.0 else np.nan
    mean = total / known if known > 0.0 else 0.0
    squares = 0.0
    for row in range(len(cost)):
        squares += (returns[row] - mean) ** 2 * (1.0 if cost[row] > 0.0 else 0.0)
    spread = np.sqrt(squares / (known - 1.0)) if known > 1.0 else np.nan
    out[VOLATILITY] = spread
    out[SHARPE] = mean / spread if spread > 1e-12 else np.nan
    return BANKROLL * staked / len(cost) if len(cost) > 0 else 0.0


def _bets(
    cost: Floats, hold: Floats, price: Floats, weight: Floats, hedged: Flags, returns: Floats, out: Floats
) -> None:
    """What bets paid a share less their entry prices, and how much of chance that decided; shares of odd positions.

    With gain g = x − p of a bet at price p that was left at x, the second is g·(x + p − 1): p·(1 − p) for a bet held to
    its end (x is 0 or 1), g² on average for one left before (app.wallets.skill has the reason). Odd are positions that
    went round for nothing, and those in both outcomes at once.
    """
    bets = surplus = variance = total = nothing = both = 0.0
    for row in range(len(cost)):
        paid, share, profit = cost[row], weight[row], returns[row]
        entry = price[row] if share > 0.0 else 0.0
        gain = profit * entry
        bets += share
        surplus += share * gain
        variance += share * gain * (gain + 2.0 * entry - 1.0)
        total += paid
        both += paid if hedged[row] else 0.0
        nothing += paid if (hold[row] < ROUND_TRIP_S) & (abs(profit) < ROUND_TRIP_RETURN) else 0.0
    out[BETS] = bets
    out[SURPLUS] = surplus
    out[SURPLUS_VARIANCE] = variance
    out[ROUND_TRIP_SHARE] = nothing / total if total > 0.0 else np.nan
    out[HEDGED_SHARE] = both / total if total > 0.0 else np.nan


def _gather(
    first: int, last: int, size: Floats, opened: Integers, order: Places, times: Integers, sizes: Floats
) -> None:
    """Times of opening and sizes in order of opening, and behind them times that never come."""
    for place in range(last - first):
        row = uintp(first + order[uintp(first + place)])
        times[place] = opened[row]
        sizes[place] = size[row]
    for place in range(last - first, last - first + _STEP):
        times[place] = NEVER_S


def _walk(
    start: float, total: int, category: Places, size: Floats, cost: Floats, pnl: Floats, hold: Floats,
    closed: Integers, times: Integers, sizes: Floats, ratio: float, volumes: Floats, counts: Places, holds: Floats,
    out: Floats,
) -> int:  # fmt: skip
    """What goes from row to row, over the closed ones; how many holds are known, which `holds` has in their order.

    - `volumes` gets what was paid in by category, place 0 for what has none;
    - the deepest fall of the sum of results, and the largest share of the equity at a peak that was lost after it;
      equity is `start` (`BANKROLL` average positions) and what was won since;
    - for each row the first of `total` openings after it was over, and whether that is much larger;
    - `counts` gets how many holds are of each size.
    """
    result = peak = deepest = share = best = 0.0
    followed = chased = others = raised = known = place = 0
    size_of = hold.view(np.int64)
    for row in range(len(closed)):
        volumes[uintp(category[row] + 1)] += cost[row]
        gained = pnl[row]
        best = max(best, gained)
        result += gained
        peak = max(peak, result)
        fall = peak - result
        deepest = max(deepest, fall)
        # Dividing only where a fall is the deepest share so far: division is slow, and few falls are.
        if fall > share * (start + peak):
            share = min(1.0, fall / (start + peak))
        is_known = hold[row] >= 0.0
        holds[uintp(known)] = hold[row]
        known += is_known
        counts[uintp(min(max((size_of[row] >> _BUCKET_SHIFT) - _BUCKET_ZERO, 0), _BUCKETS - 1))] += is_known
        # Some are counted at once instead of looked for: the processor cannot guess how many begin between two ends.
        begun = _STEP
        while begun == _STEP:
            begun = 0
            begun += times[uintp(place)] <= closed[row]
            begun += times[uintp(place + 1)] <= closed[row]
            begun += times[uintp(place + 2)] <= closed[row]
            begun += times[uintp(place + 3)] <= closed[row]
            place += begun
        there = (place < total) & (closed[row] > 0)
        larger = there & (sizes[uintp(place)] > ratio * size[row])
        lost = gained < -SCRATCH_USDC
        followed += there & lost
        others += there & (not lost)
        chased += larger & lost
        raised += larger & (not lost)
    out[DRAWDOWN_USDC] = deepest
    out[DRAWDOWN] = share if len(closed) > 0 else np.nan
    out[LARGEST_WIN_SHARE] = best / out[PNL] if out[PNL] > SCRATCH_USDC else np.nan
    out[LOSSES_FOLLOWED] = followed
    out[LOSSES_CHASED] = chased
    out[OTHERS_FOLLOWED] = others
    out[OTHERS_RAISED] = raised
    return known


def _shares(volumes: Floats, small_share: float, out: Floats) -> None:
    """The largest category, and the number of those above the small share."""
    known = 0.0
    top = 0
    for place in range(1, len(volumes)):
        known += volumes[place]
        if volumes[place] > 0.0 and (top == 0 or volumes[place] > volumes[top]):
            top = place
    broad = 0
    for place in range(1, len(volumes)):
        if known > 0.0 and volumes[place] / known > small_share:
            broad += 1
    out[VOLUME] = known + volumes[0]
    out[TOP] = top - 1
    out[TOP_SHARE] = volumes[top] / known if known > 0.0 else np.nan
    out[BROAD] = broad


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


def _of_size(holds: Floats, known: int, wanted: int, chosen: Floats) -> int:
    """Copy the holds of one size to `chosen`; how many they are."""
    size_of = holds.view(np.int64)
    count = 0
    for row in range(known):
        chosen[uintp(count)] = holds[row]
        count += min(max((size_of[row] >> _BUCKET_SHIFT) - _BUCKET_ZERO, 0), _BUCKETS - 1) == wanted
    return count


def _median_with(of_size: Function, nth: Function) -> Function:
    def median(holds: Floats, known: int, counts: Places, chosen: Floats) -> float:
        """Median of the known holds: only those of about its size are looked at one by one."""
        if known == 0:
            return np.nan
        smaller = place = 0
        while smaller + counts[place] <= (known - 1) // 2:
            smaller += counts[place]
            place += 1
        count, rank = of_size(holds, known, place, chosen), (known - 1) // 2 - smaller
        lower = nth(chosen, count, rank)
        if known % 2 == 1:
            return float(lower)
        if rank + 1 < count:
            # Nothing behind the place of the lower one is smaller, so that the upper one is the least of it.
            upper = chosen[rank + 1]
            for row in range(rank + 2, count):
                upper = min(upper, chosen[row])
            return float(0.5 * (lower + upper))
        place += 1
        while counts[place] == 0:
            place += 1
        return float(0.5 * (lower + nth(chosen, of_size(holds, known, place, chosen), 0)))

    return median


def _split(values: Floats, low: int, high: int, bound: float) -> int:
    """Put the values below `bound` before the others, within `low` to `high`; where the others begin."""
    store = low
    for place in range(low, high + 1):
        value = values[place]
        values[place] = values[uintp(store)]
        values[uintp(store)] = value
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


def space(categories: int, longest: int) -> tuple[Floats, Places, Integers, Floats, Floats, Floats, Floats]:
    """Room for the pass over wallets of at most `longest` rows each, in so many categories."""
    volumes, counts = np.zeros(categories + 1), np.zeros(_BUCKETS, np.int32)
    sizes, returns, holds, chosen = np.zeros((4, longest + _STEP))
    return volumes, counts, np.zeros(longest + _STEP, np.int64), sizes, returns, holds, chosen


def fused(decorate: Callable[[Function], Function]) -> Function:
    """The pass over a whole batch, every function of it put through `decorate` (nothing, or numba's compiler).

    It takes the columns one by one, `now_s`, `small_share`, `chase_ratio`, what `space` gives, and the results. Nothing
    in it makes an array, so that a compiler need not count who holds one.
    """
    results, bets, gather, walk = decorate(_results), decorate(_bets), decorate(_gather), decorate(_walk)
    shares, recent, of_size = decorate(_shares), decorate(_recent), decorate(_of_size)
    nth = decorate(_nth_with(decorate(_split), decorate(_pivot_with(decorate(_middle)))))
    median = decorate(_median_with(of_size, nth))

    def measure_all(
        offsets: Integers, closed: Integers, category: Places, size: Floats, cost: Floats, pnl: Floats, hold: Floats,
        price: Floats, weight: Floats, hedged: Flags, opened_s: Integers, closed_s: Integers, order: Places,
        now_s: int, small_share: float, ratio: float, volumes: Floats, counts: Places, times: Integers, sizes: Floats,
        returns: Floats, holds: Floats, chosen: Floats, results_out: Floats,
    ) -> None:  # fmt: skip
        for wallet in range(len(closed)):
            first, last = offsets[wallet], offsets[wallet + 1]
            end = first + closed[wallet]
            out = results_out[wallet]
            volumes[:] = 0.0
            counts[:] = 0
            # Loops over slices from 0 on are what the compiler can vectorise.
            costs, results_of, held = cost[first:end], pnl[first:end], hold[first:end]
            start = results(size[first:end], costs, results_of, returns, out)
            bets(costs, held, price[first:end], weight[first:end], hedged[first:end], returns, out)
            gather(first, last, size, opened_s, order, times, sizes)
            known = walk(
                start, last - first, category[first:end], size[first:end], costs, results_of, held,
                closed_s[first:end], times, sizes, ratio, volumes, counts, holds, out,
            )  # fmt: skip
            for row in range(end, last):
                volumes[category[row] + 1] += cost[row]
            shares(volumes, small_share, out)
            recent(first, closed[wallet], cost, pnl, closed_s, now_s, out)
            out[MEDIAN_HOLD] = median(holds, known, counts, chosen)

    return decorate(measure_all)
