"""Who trades: a fixed set of addresses, a few of them busy, a few of them large."""

import numpy as np
from numpy.typing import NDArray

from app.demo.grid import Floats

ACCOUNTS = 640
LARGE_ACCOUNTS = 24
MARKET_MAKERS = 14
ACTIVITY_SLOPE = 0.9
TASTE = 1.1


class Accounts:
    """Addresses with their habits. Accounts are known by index, 0 to `ACCOUNTS` − 1.

    The first `MARKET_MAKERS` rest most of the orders; `LARGE_ACCOUNTS` after them trade seldom and big.
    """

    def __init__(self, coins: int, rng: np.random.Generator) -> None:
        self.addresses = tuple("0x" + rng.bytes(20).hex() for _ in range(ACCOUNTS))
        self._index = {address: number for number, address in enumerate(self.addresses)}
        ranks = np.arange(1, ACCOUNTS + 1, dtype=np.float64)
        taste = np.exp(TASTE * rng.standard_normal((coins, ACCOUNTS)))
        takers = ranks[::-1] ** -ACTIVITY_SLOPE
        makers = ranks**-ACTIVITY_SLOPE
        makers[:MARKET_MAKERS] *= 12.0
        self._weights = takers * taste, makers * taste
        self._takers, self._makers = (_cumulative(weights) for weights in self._weights)
        self._scale = _order_scale(rng)

    def index(self, address: str) -> int | None:
        """The account behind a lower-case address, None for a stranger."""
        return self._index.get(address)

    def keep_to(self, traded: NDArray[np.bool_]) -> None:
        """From now on accounts trade only these coins (coins × accounts; somebody must trade each of them)."""
        self._takers, self._makers = (_cumulative(weights * traded) for weights in self._weights)

    def taker(self, coin: int, uniform: float) -> int:
        """The account that sends a market order, from a uniform number in [0, 1)."""
        return int(self._takers[coin].searchsorted(uniform, side="right"))

    def maker(self, coin: int, uniform: float, taker: int) -> int:
        """The account whose resting order is hit; never the taker itself."""
        found = int(self._makers[coin].searchsorted(uniform, side="right"))
        return found if found != taker else (found + 1) % ACCOUNTS

    def order_scale(self, account: int) -> float:
        """How much bigger than the average of its market this account's orders are."""
        return float(self._scale[account])


def _cumulative(weights: Floats) -> Floats:
    totals = np.cumsum(weights, axis=1)
    totals /= totals[:, -1:]
    # Rounding may leave the last share below one; a uniform number must always find an account.
    totals[:, -1] = 1.0
    result: Floats = totals
    return result


def _order_scale(rng: np.random.Generator) -> Floats:
    scale: Floats = np.exp(0.6 * rng.standard_normal(ACCOUNTS)) * 1.1
    large = slice(MARKET_MAKERS, MARKET_MAKERS + LARGE_ACCOUNTS)
    scale[large] = rng.uniform(8.0, 30.0, LARGE_ACCOUNTS)
    return scale
