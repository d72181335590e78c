"""Simple measures of simulated wallets, each of which a scanner might be tempted to decide by."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from app.demo.prediction import results
from app.demo.prediction.history import History
from app.demo.prediction.legs import Leg
from app.demo.prediction.stakes import Bets
from app.demo.prediction.world import World

Measures = dict[str, float]
_HOUR_S = 3_600


def measure(world: World, history: History, now_s: int) -> Measures:
    """All measures of one wallet that has begun."""
    bets = history.bets.keep(history.bets.entry_s <= now_s)
    now = results.at(world.markets, bets, now_s)
    legs = history.legs
    fills = (legs.kind <= Leg.SELL) & (legs.time_s <= now_s)
    cost = bets.shares * bets.price
    ended = np.minimum(np.where(bets.exit_part == 1.0, bets.exit_s, world.markets.resolves_s[bets.market]), now_s)
    decided = ended < now_s
    gain = now.realized[decided]
    hold = (np.minimum(bets.exit_s, world.markets.resolves_s[bets.market]) - bets.entry_s).astype(np.float64)
    by_category = np.bincount(world.markets.category[bets.market], cost)
    total = now.realized + now.unrealized
    return {
        "bets": float(len(bets.who)),
        "specialisation": float(by_category.max() / by_category.sum()),
        "categories": float((by_category > 0.05 * by_category.sum()).sum()),
        "chasing": chasing(bets, ended, decided, now.realized, cost),
        "median hold": float(np.median(hold)),
        "quick bets": float((hold < 4 * _HOUR_S).mean()),
        "win rate": float((gain > 0).mean()) if len(gain) else 0.5,
        "no result": float((np.abs(gain) < 1e-9).mean()) if len(gain) else 0.0,
        "wins against price": float((bets.won - bets.price)[now.resolved].mean()) if now.resolved.any() else 0.0,
        "return": float(total.sum() / cost.sum()),
        "profit": float(total.sum()),
        "stake": float(np.median(cost)),
        "age": float(now_s - bets.entry_s[0]),
        "joined": float(now_s - world.people.joined_s(history.wallet, world.markets.anchor_s)),
        "idle": float(now_s - bets.entry_s[-1]),
        "maker fills": float(legs.maker[fills].mean()),
        "merges": float(bets.merging.mean()),
        "views": float(world.people.views[history.wallet]),
        "one hit": float(total.max() / max(1.0, total[total > 0].sum())),
        "stake spread": float(np.std(np.log(cost))),
        "known": float(world.people.known[history.wallet]),
    }


def chasing(
    bets: Bets,
    ended: NDArray[np.int64],
    decided: NDArray[np.bool_],
    gain: NDArray[np.float64],
    cost: NDArray[np.float64],
) -> float:
    """Part of the losses after which the next position is more than 1.5 times as large."""
    lost = np.flatnonzero(decided & (gain < 0))
    following = np.searchsorted(bets.entry_s, ended[lost], side="right")
    there = following < len(cost)
    chased = cost[following[there]] > 1.5 * cost[lost[there]]
    return float(chased.mean()) if len(chased) else 0.0


def separation(inside: NDArray[np.float64], outside: NDArray[np.float64]) -> float:
    """Area under the ROC curve of a measure, whichever direction is better: 0.5 says nothing, 1 separates."""
    both = np.concatenate([inside, outside])
    _, place, counts = np.unique(both, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - 0.5 * (counts - 1))[place]
    area = (ranks[: len(inside)].sum() - len(inside) * (len(inside) + 1) / 2) / (len(inside) * len(outside))
    return float(max(area, 1.0 - area))


Measure = Callable[[World, History, int], Measures]
