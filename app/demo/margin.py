"""Cross margin as the venue reckons it: what positions need, and at which price an account would be liquidated.

Formulas: Hyperliquid documentation, "Margining" and "Liquidations". Maintenance margin is half the initial margin at
the market's highest leverage.
"""

from collections.abc import Sequence

import numpy as np

from app.demo.grid import Floats, Integers
from app.demo.ledger import Ledger
from app.demo.listings import Listing


def maintenance_shares(listings: Sequence[Listing]) -> Floats:
    """By coin: the part of a position's value that must be covered by equity."""
    return np.array([0.5 / listing.maximum_leverage for listing in listings])


def failing(ledger: Ledger, lot_usd: Floats, shares: Floats) -> Integers:
    """Accounts whose equity no longer covers what their positions need; `lot_usd` is a lot's value by coin."""
    required = (lot_usd * shares) @ np.abs(ledger.lots)
    result: Integers = np.flatnonzero(ledger.equity_usd(lot_usd) < required)
    return result


def liquidation_price(mark: float, size: float, spare_usd: float, share: float) -> float | None:
    """The mark price at which an account fails if only this one moves; None when none above zero does it.

    `size` is signed, in coins; `spare_usd` is equity above what all positions need; `share` the maintenance share.
    """
    side = 1.0 if size > 0.0 else -1.0
    price = mark - side * spare_usd / abs(size) / (1.0 - share * side)
    return price if price > 0.0 else None
