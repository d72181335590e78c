"""What accounts want to hold, coin by coin, and how far from it their orders may take them.

Everybody has a view (long, short or flat) and a conviction that last for a while. The views of the uninformed are luck.
Informed accounts follow the tides they foresee, which they read right most of the time. Market makers have no view.
"""

from collections.abc import Sequence

import numpy as np

from app.demo.accounts import ACCOUNTS, LARGE_ACCOUNTS, MARKET_MAKERS
from app.demo.grid import Floats, Integers
from app.demo.listings import Listing
from app.demo.wealth import Wealth, position_caps

LONG_ODDS, SHORT_ODDS = 0.42, 0.33
READS_RIGHT = 0.8
CLEAR_TIDE = 0.25
INDIFFERENT = 0.1
PERIOD_S = 60.0
_BACK_TO = 0.4


class Views:
    """Targets and bands of positions in lots, by coin and account; renewed each `PERIOD_S` seconds.

    Nobody buys at or above `upper`, nobody sells at or below `lower`.
    """

    def __init__(self, listings: Sequence[Listing], wealth: Wealth, foreseen: Floats, rng: np.random.Generator) -> None:
        self._rng = rng
        self._listings = listings
        self._wealth = wealth
        self._lot_usd = np.array([listing.lot * listing.price for listing in listings])
        self._informed = np.flatnonzero(wealth.informed)
        shape = (len(listings), ACCOUNTS)
        self._view = self._uninformed(shape)
        self._conviction = self._convictions(shape)
        self._seen = np.full(len(listings), 2, dtype=np.int64)
        self._look(foreseen)
        self.workers = np.union1d(self._informed, np.arange(MARKET_MAKERS, MARKET_MAKERS + LARGE_ACCOUNTS))
        self.fit(wealth.equity_usd)

    def renew(self, equity_usd: Floats, foreseen: Floats) -> None:
        """A period later: some change their minds; bands follow equity."""
        changes = self._rng.random(self._view.shape) < PERIOD_S / self._wealth.patience_s
        self._conviction = np.where(changes, self._convictions(self._view.shape), self._conviction)
        changes[:, self._informed] = False
        self._view = np.where(changes, self._uninformed(self._view.shape), self._view)
        self._look(foreseen)
        self.fit(equity_usd)

    def fit(self, equity_usd: Floats) -> None:
        """Set targets and bands for this equity."""
        cap = position_caps(self._wealth, self._listings, equity_usd) / self._lot_usd[:, None]
        wanted = self._view * self._conviction * cap
        slack = INDIFFERENT * cap
        slack[:, :MARKET_MAKERS] = cap[:, :MARKET_MAKERS]
        wanted[:, :MARKET_MAKERS] = 0.0
        self.target: Integers = np.rint(wanted).astype(np.int64)
        # Someone with a view may be anywhere between a part of it and all of it.
        upper = np.where(wanted > 0.0, wanted, np.where(wanted < 0.0, _BACK_TO * wanted, slack))
        lower = np.where(wanted < 0.0, wanted, np.where(wanted > 0.0, _BACK_TO * wanted, -slack))
        self.upper: Integers = np.rint(upper).astype(np.int64)
        self.lower: Integers = np.rint(lower).astype(np.int64)

    def _look(self, foreseen: Floats) -> None:
        """Informed accounts form a view of each coin whose outlook changed."""
        outlook = np.where(np.abs(foreseen) < CLEAR_TIDE, 0.0, np.sign(foreseen)).astype(np.int64)
        changed = np.flatnonzero(outlook != self._seen)
        self._seen = outlook
        for coin in changed.tolist():
            right = self._rng.random(len(self._informed)) < READS_RIGHT
            luck = self._uninformed((len(self._informed),))
            self._view[coin, self._informed] = np.where(right, outlook[coin], luck)

    def _uninformed(self, shape: tuple[int, ...]) -> Integers:
        chance = self._rng.random(shape)
        result: Integers = np.where(chance < LONG_ODDS, 1, np.where(chance < LONG_ODDS + SHORT_ODDS, -1, 0))
        return result

    def _convictions(self, shape: tuple[int, ...]) -> Floats:
        least = self._wealth.boldness
        result: Floats = least + (1.0 - least) * self._rng.random(shape)
        return result
