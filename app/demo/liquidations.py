"""Accounts that fail their margin: closed by market orders, and funded anew a while later."""

from collections.abc import Sequence

import numpy as np

from app.demo.flow import Order
from app.demo.grid import Floats
from app.demo.ledger import Ledger
from app.demo.listings import Listing
from app.demo.margin import failing, maintenance_shares

PERIOD_S = 1.0
PAUSE_S = (600.0, 3_600.0)
NEW_FUNDS = (0.3, 1.0)


class Liquidations:
    """Watches all accounts, once a second."""

    def __init__(
        self, listings: Sequence[Listing], ledger: Ledger, usual_usd: Floats, rng: np.random.Generator
    ) -> None:
        self._rng = rng
        self._ledger = ledger
        self._usual_usd = usual_usd
        self._shares = maintenance_shares(listings)
        self._returns_s: dict[int, float] = {}
        self._now_s = 0.0
        self.closing: set[int] = set()
        self.count = 0

    def step(self, lot_usd: Floats) -> list[Order]:
        """A second later: the forced orders of whoever fails, until nothing is left of their positions."""
        self._now_s += PERIOD_S
        self._fund()
        fresh = set(failing(self._ledger, lot_usd, self._shares).tolist()) - self.closing
        self.count += len(fresh)
        self.closing |= fresh
        orders = [order for account in sorted(self.closing) for order in self._orders(account)]
        for account in self.closing - {order.account for order in orders}:
            self._closed(account)
        return orders

    def _orders(self, account: int) -> list[Order]:
        held = self._ledger.lots[:, account]
        return [
            Order(coin, -1 if held[coin] > 0 else 1, abs(int(held[coin])), account, forced=True)
            for coin in np.flatnonzero(held).tolist()
        ]

    def _closed(self, account: int) -> None:
        """The venue bears what is left owing; the account comes back with new funds after a pause."""
        self.closing.remove(account)
        owing = -float(self._ledger.cash_usd[account])
        if owing > 0.0:
            self._ledger.deposit(account, owing)
        self._returns_s[account] = self._now_s + float(self._rng.uniform(*PAUSE_S))

    def _fund(self) -> None:
        for account in [account for account, due in self._returns_s.items() if due <= self._now_s]:
            del self._returns_s[account]
            self._ledger.deposit(account, float(self._usual_usd[account] * self._rng.uniform(*NEW_FUNDS)))
