"""All accounts as they trade on: what they own, want and hold, moved once a second by the market they trade in."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from app.demo.accounts import Accounts
from app.demo.bars import BarStore
from app.demo.factors import Factors
from app.demo.flow import Order
from app.demo.grid import Floats
from app.demo.ledger import Ledger
from app.demo.liquidations import Liquidations
from app.demo.listings import Listing
from app.demo.opening import open_positions
from app.demo.tides import Tides
from app.demo.views import PERIOD_S, Views
from app.demo.wealth import draw_wealth

SAMPLE_S = 1_800
KEPT_SAMPLES = 1_500
_TIDES, _WEALTH, _VIEWS, _OPENING, _FUNDS = 21, 22, 23, 24, 25


class Sample(NamedTuple):
    """All accounts at one time: equity, what was made since the start, and traded volume since then, in USD."""

    at_ms: int
    equity_usd: Floats
    made_usd: Floats
    volume_usd: Floats


class Traders:
    """Wealth, views and positions of all accounts. `marks` are the prices in USD they are valued at, of each coin."""

    def __init__(
        self,
        seed: int,
        listings: Sequence[Listing],
        accounts: Accounts,
        stores: Sequence[BarStore],
        factors: Factors,
        start_ms: int,
    ) -> None:
        self._factors = factors
        self._start_ms, self._seconds = start_ms, 0
        self._lots = np.array([listing.lot for listing in listings])
        self.marks: Floats = np.array([listing.price for listing in listings])
        self._tides = Tides(len(listings) + 1, np.random.default_rng([seed, _TIDES]))
        factors.set_tide(self._tides.running)
        self.wealth = draw_wealth(listings, accounts, np.random.default_rng([seed, _WEALTH]))
        accounts.keep_to(self.wealth.share > 0.0)
        self.views = Views(listings, self.wealth, self.outlook(), np.random.default_rng([seed, _VIEWS]))
        self.opening = open_positions(
            listings, stores, self.wealth, self.views, np.random.default_rng([seed, _OPENING])
        )
        self.ledger = Ledger(len(listings))
        self.ledger.open(self.opening.lots, self.opening.entry, self.opening.equity_usd, self.lot_usd())
        self.liquidations = Liquidations(
            listings, self.ledger, self.wealth.equity_usd, np.random.default_rng([seed, _FUNDS])
        )
        self.samples: list[Sample] = []

    def outlook(self) -> Floats:
        """What those who know expect of each coin, in its usual moves of an hour."""
        return self._factors.outlook(self._tides.foreseen())

    def lot_usd(self) -> Floats:
        """What a lot of each coin is worth at the marks."""
        return self._lots * self.marks

    def sample(self) -> Sample:
        """All accounts now."""
        equity, ledger = self.ledger.equity_usd(self.lot_usd()), self.ledger
        made = equity - self.opening.equity_usd - ledger.deposited_usd
        return Sample(self._start_ms + 1_000 * self._seconds, equity, made, ledger.volume_usd.copy())

    def life(self) -> list[Sample]:
        """All accounts since the start: every half hour of at most the last month, and now."""
        return [*self.samples, self.sample()]

    def second(self, mids: Floats) -> list[Order]:
        """Let a second pass at these mid prices; orders that liquidate whoever fails."""
        self.marks = mids
        self._seconds += 1
        if self._tides.step(1.0):
            self._factors.set_tide(self._tides.running)
        if self._seconds % PERIOD_S == 0:
            self.views.renew(self.ledger.equity_usd(self.lot_usd()), self.outlook())
        if self._seconds % SAMPLE_S == 0:
            self.samples = [*self.samples, self.sample()][-KEPT_SAMPLES:]
        return self.liquidations.step(self.lot_usd())
