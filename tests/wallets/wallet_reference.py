"""The measures of one wallet in plain Python, written for reading: what the kernels are compared with, and what they
would be without columns. Figures are those of docs/wallets.md, None where there was nothing to measure."""

from collections import defaultdict
from collections.abc import Sequence
from math import sqrt
from statistics import median
from typing import NamedTuple

import numpy as np

from app.core.compiling import Function
from app.feeds.polymarket import trades_scanner
from app.wallets import kernel, trades_kernel
from app.wallets.measure import Measurer, measurer_of

SCRATCH_USDC = 0.01
DAY_S = 86_400


class Row(NamedTuple):
    """One position; None where something is not known. While it is open, `closed_s` is None and `pnl_usdc` 0."""

    category: str | None
    size_usdc: float
    cost_usdc: float
    pnl_usdc: float
    hold_s: float | None
    entry_price: float | None
    weight: float
    hedged: bool
    opened_s: int | None
    closed_s: int | None


Figures = dict[str, float | str | None]


def measure_plainly(
    closed: Sequence[Row], opened: Sequence[Row], now_s: int, small_share: float, chase_ratio: float
) -> Figures:
    """All measures; `closed` in order of closing, `opened` those still open."""
    return {
        **shares([*closed, *opened], small_share),
        **followers(closed, [*closed, *opened], chase_ratio),
        **drawdown(closed),
        **results(closed),
        **returns(closed),
        "roi_7d": roi(closed, now_s - 7 * DAY_S),
        "roi_30d": roi(closed, now_s - 30 * DAY_S),
        **surplus(closed),
        **traits(closed),
    }


def ratio(part: float, whole: float) -> float | None:
    """`part` of `whole`; None where there is no whole."""
    return part / whole if whole > 0 else None


def shares(rows: Sequence[Row], small_share: float) -> Figures:
    """Volume, the largest category's share of it, and the number of categories above the small share."""
    volumes: dict[str, float] = defaultdict(float)
    for row in rows:
        if row.category is not None:
            volumes[row.category] += row.cost_usdc
    known = sum(volumes.values())
    top = max(sorted(volumes), key=lambda name: volumes[name]) if known > 0 else None
    return {
        "volume_usdc": sum(row.cost_usdc for row in rows),
        "top_category": top,
        "top_category_share": volumes[top] / known if top is not None else None,
        "broad_categories": sum(volume / known > small_share for volume in volumes.values()) if known > 0 else 0,
    }


def followers(closed: Sequence[Row], rows: Sequence[Row], chase_ratio: float) -> Figures:
    """For each closed position the next one that was opened, and whether it was much larger."""
    opened = sorted((row for row in rows if row.opened_s), key=lambda row: row.opened_s or 0)
    counts = {"losses_followed": 0, "losses_chased": 0, "others_followed": 0, "others_raised": 0}
    for row in closed:
        later = (each for each in opened if row.closed_s and (each.opened_s or 0) > row.closed_s)
        following = next(later, None)
        if following is not None:
            lost = row.pnl_usdc < -SCRATCH_USDC
            counts["losses_followed" if lost else "others_followed"] += 1
            if following.size_usdc > chase_ratio * row.size_usdc:
                counts["losses_chased" if lost else "others_raised"] += 1
    return {**counts}


def drawdown(closed: Sequence[Row]) -> Figures:
    """The deepest fall of the sum of results, and the largest share of the equity at a peak that was lost after it."""
    start = 50 * sum(row.size_usdc for row in closed) / len(closed) if closed else 0.0
    total = peak = deepest = share = 0.0
    for row in closed:
        total += row.pnl_usdc
        peak = max(peak, total)
        deepest = max(deepest, peak - total)
        if peak > total:
            share = max(share, min(1.0, (peak - total) / (start + peak)))
    return {"max_drawdown_usdc": deepest, "max_drawdown": share if closed else None}


def results(closed: Sequence[Row]) -> Figures:
    """Wins, losses and profit."""
    pnl = [row.pnl_usdc for row in closed]
    wins, losses = sum(each > SCRATCH_USDC for each in pnl), sum(each < -SCRATCH_USDC for each in pnl)
    won, lost = sum(each for each in pnl if each > 0), -sum(each for each in pnl if each < 0)
    profit = won - lost
    return {
        "wins": wins,
        "losses": losses,
        "win_rate": ratio(wins, wins + losses),
        "pnl_usdc": profit,
        "profit_per_trade": ratio(profit, sum(row.cost_usdc for row in closed)),
        "profit_factor": ratio(won, lost),
        "largest_win_share": max(pnl) / profit if profit > SCRATCH_USDC else None,
    }


def returns(closed: Sequence[Row]) -> Figures:
    """Spread of the positions' returns, and their mean over it."""
    each = [row.pnl_usdc / row.cost_usdc for row in closed if row.cost_usdc > 0]
    if len(each) < 2:
        return {"volatility": None, "sharpe": None}
    mean = sum(each) / len(each)
    spread = sqrt(sum((value - mean) ** 2 for value in each) / (len(each) - 1))
    return {"volatility": spread, "sharpe": mean / spread if spread > 1e-12 else None}


def roi(closed: Sequence[Row], since_s: int) -> float | None:
    """Profit over what was paid in, of positions closed after `since_s`."""
    late = [row for row in closed if row.closed_s is not None and row.closed_s > since_s]
    return ratio(sum(row.pnl_usdc for row in late), sum(row.cost_usdc for row in late))


def surplus(closed: Sequence[Row]) -> Figures:
    """What bets paid a share less their entry prices, and how much of chance that decided."""
    total = variance = 0.0
    for row in closed:
        if row.entry_price is not None and row.weight > 0:
            gain = row.pnl_usdc / row.cost_usdc * row.entry_price if row.cost_usdc > 0 else 0.0
            total += row.weight * gain
            left_at = row.entry_price + gain
            variance += row.weight * gain * (left_at + row.entry_price - 1)
    return {"bets": sum(row.weight for row in closed), "surplus": total, "surplus_variance": variance}


def traits(closed: Sequence[Row]) -> Figures:
    """Median hold, and the shares of what was paid in that went round for nothing or into both outcomes."""
    holds = [row.hold_s for row in closed if row.hold_s is not None]
    paid = nothing = both = 0.0
    for row in closed:
        paid += row.cost_usdc
        both += row.cost_usdc if row.hedged else 0.0
        still = row.cost_usdc <= 0 or abs(row.pnl_usdc / row.cost_usdc) < 0.01
        if row.hold_s is not None and row.hold_s < 3_600 and still:
            nothing += row.cost_usdc
    return {
        "median_hold_s": median(holds) if holds else None,
        "round_trip_share": ratio(nothing, paid),
        "hedged_share": ratio(both, paid),
    }


def uncompiled_measurer() -> Measurer:
    """The fused kernel run by Python itself."""
    return measurer_of(kernel.fused(lambda function: function))


def uncompiled_scanner() -> Function:
    """The scanner of pages run by Python itself, in which words wrap round on purpose."""
    scan = trades_scanner.scanner(lambda function: function)

    def quietly(*given: object) -> object:
        with np.errstate(over="ignore"):
            return scan(*given)

    return quietly


def uncompiled_positions() -> Function:
    """The pass from trades to positions run by Python itself."""
    return trades_kernel.fused_positions(lambda function: function)
