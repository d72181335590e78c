"""What one account held in the 30 days before the start, made from the seed by the habits it goes on with.

Positions change only at the ends of periods of two hours. Informed accounts were on the right side of what followed a
little more often than not; of all others some were lucky.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from app.demo import bars as bar
from app.demo.bars import DAY_MINUTES, MINUTE_MS
from app.demo.grid import Floats, Integers, prices
from app.demo.listings import Listing
from app.demo.opening import PERIOD_MINUTES, Opening
from app.demo.past import HISTORY_DAYS, Past
from app.demo.trades import MAKER_FEE, TAKER_FEE
from app.demo.views import LONG_ODDS, SHORT_ODDS
from app.demo.wealth import Flags, Wealth, position_caps

PERIODS = HISTORY_DAYS * DAY_MINUTES // PERIOD_MINUTES - 1
PERIOD_MS = PERIOD_MINUTES * MINUTE_MS
READ_RIGHT = 0.58
MEAN_FEE = (TAKER_FEE + MAKER_FEE) / 2.0
_HABITS = 31


class Holdings(NamedTuple):
    """What an account held: coins × periods. `prices` has one column more: the last is the price at the start."""

    coins: Integers
    lots: Integers
    prices: Floats

    def results_usd(self, lot: Floats) -> Floats:
        """What was made in each period after fees; `lot` is the size of a lot by coin."""
        made = (self.lots * np.diff(self.prices, axis=1)).T @ lot
        result: Floats = made - MEAN_FEE * self.volume_usd(lot)
        return result

    def volume_usd(self, lot: Floats) -> Floats:
        """What was traded at the beginning of each period."""
        changes = np.abs(np.diff(self.lots, axis=1, prepend=0))
        result: Floats = (changes * self.prices[:, :-1]).T @ lot
        return result


class Habits:
    """The holdings of any account, made when asked for."""

    def __init__(self, seed: int, listings: Sequence[Listing], past: Past, wealth: Wealth, opening: Opening) -> None:
        self.seed = seed
        self._listings = listings
        self._past = past
        self.wealth = wealth
        self.opening = opening
        self._caps = position_caps(wealth, listings, wealth.equity_usd)
        self.lot = np.array([listing.lot for listing in listings])
        self.closes = lru_cache(maxsize=len(listings))(self._closes)
        self.ends_ms = (past.minute - PERIOD_MINUTES * np.arange(PERIODS, -1, -1)) * MINUTE_MS - 1

    def of(self, account: int) -> Holdings:
        """What an account held; its last column is what it opens with."""
        rng = np.random.default_rng([self.seed, _HABITS, account])
        coins = np.flatnonzero((self.wealth.share[:, account] > 0.0) | (self.opening.lots[:, account] != 0))
        closes = np.stack([self.closes(coin) for coin in coins.tolist()])
        changes = self._changes(coins, account, rng)
        view = self._views(changes, closes, account, rng)
        least = self.wealth.boldness[account]
        size = (least + (1.0 - least) * rng.random(view.shape)) * self._caps[coins, account, None]
        wanted = np.rint(view * size / (self.lot[coins, None] * closes[:, :-1])).astype(np.int64)
        lots = np.take_along_axis(wanted, _last_change(changes), axis=1)
        for row, coin in enumerate(coins.tolist()):
            lots[row, PERIODS - max(1, int(self.opening.periods[coin, account])) :] = self.opening.lots[coin, account]
        return Holdings(coins, lots, closes)

    def _closes(self, coin: int) -> Floats:
        """Prices at the ends of all periods, and before the first."""
        rows = self._past.month(coin).rows[:, bar.CLOSE]
        return prices(rows[-1 - PERIOD_MINUTES * np.arange(PERIODS, -1, -1)], self._listings[coin].price_decimals)

    def _changes(self, coins: Integers, account: int, rng: np.random.Generator) -> Flags:
        odds = PERIOD_MINUTES * 60.0 / self.wealth.patience_s[account]
        changes: Flags = rng.random((len(coins), PERIODS)) < odds
        changes[:, 0] = True
        return changes

    def _views(self, changes: Flags, closes: Floats, account: int, rng: np.random.Generator) -> Integers:
        """The side taken at each change: −1, 0 or 1."""
        chance, right = rng.random(changes.shape), rng.random(changes.shape) < READ_RIGHT
        flat = chance >= LONG_ODDS + SHORT_ODDS
        luck = np.where(chance < LONG_ODDS, 1, -1)
        if self.wealth.informed[account]:
            until = np.take_along_axis(closes, _next_change(changes), axis=1)
            followed = np.where(until >= closes[:, :-1], 1, -1)
            luck = np.where(right, followed, -followed)
        result: Integers = np.where(flat, 0, luck)
        return result


def _last_change(changes: Flags) -> Integers:
    """The column of the change that each column still follows."""
    columns = np.arange(changes.shape[1])
    result: Integers = np.maximum.accumulate(np.where(changes, columns, 0), axis=1)
    return result


def _next_change(changes: Flags) -> Integers:
    """The column of the change that ends what each column holds; one past the last where none does."""
    end = changes.shape[1]
    marked = np.where(changes, np.arange(end), end)[:, ::-1]
    upcoming = np.minimum.accumulate(marked, axis=1)[:, ::-1]
    result: Integers = np.concatenate([upcoming[:, 1:], np.full((len(changes), 1), end)], axis=1)
    return result
