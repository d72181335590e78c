"""The positions accounts begin with: some of what they want, entered within the last day. Longs and shorts balance."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from app.demo import bars as bar
from app.demo.accounts import MARKET_MAKERS
from app.demo.bars import BarStore
from app.demo.grid import Floats, Integers, prices
from app.demo.listings import Listing
from app.demo.margin import maintenance_shares
from app.demo.views import Views
from app.demo.wealth import Wealth

PERIOD_MINUTES = 120
LONGEST_PERIODS = 11
LEAST_FILLED = 0.3
LOST = (0.5, 0.995)


class Opening(NamedTuple):
    """Coins × accounts: lots (negative: short), entry prices in USD, and how many periods ago they were opened.

    `equity_usd` is by account; that of gamblers is on its way from what it usually is to what their positions need.
    """

    lots: Integers
    entry: Floats
    periods: Integers
    equity_usd: Floats


def open_positions(
    listings: Sequence[Listing], stores: Sequence[BarStore], wealth: Wealth, views: Views, rng: np.random.Generator
) -> Opening:
    """The opening book of all accounts. `stores` hold the last day."""
    shape = views.target.shape
    least = np.maximum(LEAST_FILLED, wealth.boldness)
    lots = np.rint(views.target * (least + (1.0 - least) * rng.random(shape))).astype(np.int64)
    _balance(lots)
    held_s = rng.exponential(1.0, shape) * wealth.patience_s
    periods = np.clip(held_s / (60.0 * PERIOD_MINUTES), 1, LONGEST_PERIODS).astype(np.int64)
    entry = np.empty(shape)
    for coin, (listing, store) in enumerate(zip(listings, stores, strict=True)):
        closes = store.bars.rows[:, bar.CLOSE][-1 - PERIOD_MINUTES * np.arange(LONGEST_PERIODS + 1)]
        entry[coin] = prices(closes, listing.price_decimals)[periods[coin]]
    return Opening(lots, entry, np.where(lots == 0, 0, periods), _equity(listings, wealth, lots, rng))


def _equity(listings: Sequence[Listing], wealth: Wealth, lots: Integers, rng: np.random.Generator) -> Floats:
    lot_usd = np.array([listing.lot * listing.price for listing in listings])
    spare = wealth.equity_usd - (lot_usd * maintenance_shares(listings)) @ np.abs(lots)
    lost = np.where(wealth.gambling, rng.uniform(*LOST, len(spare)), 0.0)
    result: Floats = wealth.equity_usd - lost * spare
    return result


def _balance(lots: Integers) -> None:
    """Shrink the heavier side of each coin; market makers hold the few lots that rounding leaves."""
    for row in lots:
        longs, shorts = int(row[row > 0].sum()), int(-row[row < 0].sum())
        heavy = row > 0 if longs > shorts else row < 0
        row[heavy] = np.trunc(row[heavy] * (min(longs, shorts) / max(longs, shorts, 1)))
        left, makers = int(row.sum()), np.arange(MARKET_MAKERS)
        row[:MARKET_MAKERS] -= left // MARKET_MAKERS + (makers < left % MARKET_MAKERS)
