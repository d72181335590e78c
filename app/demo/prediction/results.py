"""What bets have brought by a moment: amounts in USDC, one number a bet.

A bet counts as realised when it was sold or its market has resolved, redeemed or not; what is left is marked at the
market's price.
"""

from typing import NamedTuple

import numpy as np

from app.demo.grid import Floats, Integers
from app.demo.prediction.draws import Flags
from app.demo.prediction.markets import Markets
from app.demo.prediction.stakes import Bets, outcome_price


class Results(NamedTuple):
    """`held` shares, their `mark` price (0 or 1 once resolved), what was realised and what is not yet."""

    begun: Flags
    resolved: Flags
    held: Floats
    mark: Floats
    realized: Floats
    unrealized: Floats


def at(markets: Markets, bets: Bets, now_s: Integers | int) -> Results:
    """Results of bets at a moment (or at one moment each); those that have not begun are all zero."""
    begun = bets.entry_s <= now_s
    resolved = begun & (markets.resolves_s[bets.market] <= now_s)
    sold = np.where(bets.exit_s <= now_s, bets.exit_part, 0.0)
    rest = np.where(begun, bets.shares * (1.0 - sold), 0.0)
    mark = bets.won.astype(np.float64)
    open_ = np.flatnonzero(begun & ~resolved)
    moment = np.broadcast_to(np.asarray(now_s, dtype=np.float64), begun.shape)[open_]
    mark[open_] = outcome_price(markets, bets.market[open_], bets.outcome[open_], moment)
    change = np.where(rest > 0.0, rest * (mark - bets.price), 0.0)
    realized = bets.shares * sold * (bets.exit_price - bets.price) + np.where(resolved, change, 0.0)
    return Results(
        begun,
        resolved,
        np.where(bets.redeem_s <= now_s, 0.0, rest),
        mark,
        np.where(begun, realized, 0.0),
        np.where(resolved, 0.0, change),
    )


def volume(bets: Bets, now_s: int) -> tuple[Floats, Floats]:
    """Shares and USDC that each bet has traded by `now_s`, in and out."""
    begun = bets.entry_s <= now_s
    out = np.where(begun & (bets.exit_s <= now_s), bets.exit_part * bets.shares, 0.0)
    bought = np.where(begun, bets.shares, 0.0)
    out_price = np.where(bets.merging, 1.0 - bets.exit_price, bets.exit_price)
    return bought + out, bought * bets.price + out * out_price
