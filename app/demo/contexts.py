"""What the venue says about a market besides its prices: oracle, mark, funding, open interest, the last 24 hours."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from app.demo import bars as bar
from app.demo.bars import DAY_MINUTES, BarStore
from app.demo.grid import Floats, prices
from app.demo.listings import Listing

BASIS_SPREAD = 0.0007
BASIS_SECONDS = 1_800.0
PREMIUM_SECONDS = 600.0
INTEREST_RATE = 0.0000125
FUNDING_CLAMP = 0.0000625
FUNDING_LIMIT = 0.0005
OPENING_ODDS = 0.36
CLOSING_ODDS = 0.34


class DayTotals(NamedTuple):
    """The last 24 h: price at their beginning, volume in USD and in lots."""

    previous_price: float
    notional_usd: float
    lots: int


class Contexts:
    """Funding, oracle and open interest of all coins, one second at a time."""

    def __init__(self, listings: Sequence[Listing], rng: np.random.Generator) -> None:
        self._rng = rng
        coins = len(listings)
        volume = np.array([listing.day_volume_musd * 1e6 / (listing.price * listing.lot) for listing in listings])
        self._normal_interest = volume * rng.uniform(0.6, 1.8, coins)
        self.open_interest = np.round(self._normal_interest).astype(np.int64)
        self._basis = BASIS_SPREAD * rng.standard_normal(coins)
        self._premium = -self._basis.copy()
        self.oracle = np.array([listing.price for listing in listings]) * np.exp(self._basis)

    def step(self, mid: Floats) -> None:
        """Let one second pass; `mid` holds current mid prices."""
        fade = 1.0 / BASIS_SECONDS
        noise = self._rng.standard_normal(len(mid))
        self._basis += -fade * self._basis + BASIS_SPREAD * np.sqrt(2.0 * fade) * noise
        self.oracle = mid * np.exp(self._basis)
        self._premium += (mid / self.oracle - 1.0 - self._premium) / PREMIUM_SECONDS

    def funding(self) -> Floats:
        """Hourly funding: an eighth of premium plus clamped interest, as the venue's formula has it."""
        hourly = self._premium / 8.0
        rate = hourly + np.clip(INTEREST_RATE - hourly, -FUNDING_CLAMP, FUNDING_CLAMP)
        result: Floats = np.clip(rate, -FUNDING_LIMIT, FUNDING_LIMIT)
        return result

    def mark(self, coin: int, bid: float, ask: float, last: float) -> float:
        """The mark price: median of oracle plus usual premium, mid, and the last trade inside the spread."""
        fair = float(self.oracle[coin] * (1.0 + self._premium[coin]))
        return sorted((fair, (bid + ask) / 2, min(max(last, bid), ask)))[1]

    def trade(self, coin: int, lots: int, uniform: float) -> None:
        """A trade opens interest, closes it, or hands it on; far from its usual size, interest tends back."""
        stretch = float(self.open_interest[coin] / self._normal_interest[coin]) - 1.0
        if uniform < OPENING_ODDS - 0.1 * stretch:
            self.open_interest[coin] += lots
        elif uniform > 1.0 - CLOSING_ODDS - 0.1 * stretch:
            self.open_interest[coin] = max(0, int(self.open_interest[coin]) - lots)


def day_totals(store: BarStore, listing: Listing) -> DayTotals:
    """Totals of the last 1440 minute bars, the open one included; the price is that at the beginning of the first."""
    rows = store.bars.rows[-DAY_MINUTES:]
    typical = prices(rows[:, [bar.HIGH, bar.LOW, bar.CLOSE]], listing.price_decimals).mean(axis=1)
    previous = float(prices(rows[0, bar.OPEN], listing.price_decimals))
    return DayTotals(previous, float(typical @ rows[:, bar.LOTS]) * listing.lot, int(rows[:, bar.LOTS].sum()))
