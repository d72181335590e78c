"""Order flow: who comes to the market when, on which side and how big.

Arrivals excite more arrivals (a Hawkes process with a fast and a slow kernel, Hawkes 1971), sides remember the last
seconds and lean towards the fair price, and now and then one account works its position towards what it wants for
minutes: a large one, or one that knows something. Nobody trades beyond the band of its views.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from app.demo.accounts import MARKET_MAKERS, Accounts
from app.demo.grid import Floats, Integers
from app.demo.ledger import Ledger
from app.demo.listings import Listing
from app.demo.views import Views

FAST_BRANCHING = 0.35
FAST_SECONDS = 0.4
SLOW_BRANCHING = 0.25
SLOW_SECONDS = 12.0
MOOD_EXPONENT = 0.7
SHOCK_ORDERS = 6.0
MOST_ORDERS_A_STEP = 6
MEMORY_SECONDS = 6.0
MEMORY_PULL = 1.1
FAIR_PULL = 2.2
SIZE_SPREAD = 1.8
ROUND_SIZE_ODDS = 0.25
PROGRAMME_EVERY_S = 420.0
PROGRAMME_SECONDS = (30.0, 240.0)
PROGRAMME_ODDS = 0.35
PROGRAMME_SCALE = 5.0
LEAST_GAP = 0.1
TRIES = 4
_GOLDEN = 0.618034
_ENOUGH = 10**15


class Order(NamedTuple):
    """A market order: `sign` +1 buys, −1 sells. A `forced` one liquidates the account it belongs to."""

    coin: int
    sign: int
    lots: int
    account: int
    forced: bool = False


class OrderFlow:
    """Market orders of all coins, one step of `step_s` seconds at a time."""

    def __init__(
        self,
        listings: Sequence[Listing],
        accounts: Accounts,
        views: Views,
        ledger: Ledger,
        step_s: float,
        rng: np.random.Generator,
    ) -> None:
        self._rng = rng
        self._accounts = accounts
        self._views = views
        self._ledger = ledger
        self._step_s = step_s
        coins = len(listings)
        rate = np.array([listing.orders_per_s for listing in listings])
        self._base = rate * (1.0 - FAST_BRANCHING - SLOW_BRANCHING)
        self._mean_lots = [listing.mean_order_lots for listing in listings]
        self._fast = np.zeros(coins)
        self._slow = rate * SLOW_BRANCHING
        self._memory = np.zeros(coins)
        self._programme_sign = np.zeros(coins, dtype=np.int64)
        self._programme_account = np.zeros(coins, dtype=np.int64)
        self._programme_left_s = np.zeros(coins)

    def arrivals(self, level: Floats, shocked: Floats | np.typing.NDArray[np.bool_]) -> Integers:
        """How many market orders each coin sees in this step; `level` is how lively it is (1 normal)."""
        self._programmes()
        self._slow += SHOCK_ORDERS / SLOW_SECONDS * shocked
        intensity = self._base * level**MOOD_EXPONENT + self._fast + self._slow
        counts = np.minimum(self._rng.poisson(intensity * self._step_s), MOST_ORDERS_A_STEP)
        self._fast += -self._fast * (self._step_s / FAST_SECONDS) + counts * (FAST_BRANCHING / FAST_SECONDS)
        self._slow += -self._slow * (self._step_s / SLOW_SECONDS) + counts * (SLOW_BRANCHING / SLOW_SECONDS)
        self._memory *= 1.0 - self._step_s / MEMORY_SECONDS
        return counts.astype(np.int64)

    def order(self, coin: int, displacement: float) -> Order:
        """The next order of a coin. `displacement` is fair minus mid, in typical moves of a second (−3 to 3)."""
        uniform = self._rng.random(4)
        sign, account, most, scale = self._programme_part(coin, uniform[0])
        if most <= 0:
            pull = FAIR_PULL * displacement + MEMORY_PULL * self._memory[coin]
            sign = 1 if uniform[1] < 1.0 / (1.0 + np.exp(-pull)) else -1
            account, most = self._taker(coin, sign, uniform[2])
            scale = self._accounts.order_scale(account)
        self._memory[coin] += 0.2 * (sign - self._memory[coin])
        return Order(coin, sign, min(self._lots(coin, scale, uniform[3]), most), account)

    def maker(self, coin: int, sign: int, uniform: float, taker: int) -> int:
        """The account whose resting order the taker's buying (+1) or selling (−1) hits."""
        for _ in range(TRIES):
            account = self._accounts.maker(coin, uniform, taker)
            if self._room(coin, account, -sign) > 0:
                return account
            uniform = (uniform + _GOLDEN) % 1.0
        return account

    def _room(self, coin: int, account: int, sign: int) -> int:
        """How many lots more the account would buy (+1) or sell (−1)."""
        held = self._ledger.lots[coin, account]
        return int(self._views.upper[coin, account] - held if sign > 0 else held - self._views.lower[coin, account])

    def _programme_part(self, coin: int, uniform: float) -> tuple[int, int, int, float]:
        """Sign, account, most lots and scale of an order of the coin's programme; no lots when it has none now."""
        if self._programme_left_s[coin] <= 0.0 or uniform >= PROGRAMME_ODDS:
            return 0, 0, 0, 0.0
        sign, account = int(self._programme_sign[coin]), int(self._programme_account[coin])
        room = self._room(coin, account, sign)
        if room <= 0:
            # Who is done gives way to the next one for the rest of the time.
            account, sign = self._worker(coin, self._rng.random())
            self._programme_account[coin], self._programme_sign[coin] = account, sign
            room = self._room(coin, account, sign) if sign else 0
        if room <= 0:
            self._programme_left_s[coin] = 0.0
        return sign, account, room, PROGRAMME_SCALE

    def _taker(self, coin: int, sign: int, uniform: float) -> tuple[int, int]:
        """An account that wants to trade this way, and how many lots at most; else a market maker that hedges."""
        for _ in range(TRIES):
            account = self._accounts.taker(coin, uniform)
            room = self._room(coin, account, sign)
            if room > 0:
                return account, room
            uniform = (uniform + _GOLDEN) % 1.0
        return int(uniform * MARKET_MAKERS), _ENOUGH

    def _lots(self, coin: int, scale: float, uniform: float) -> int:
        """A log-normal size with the market's mean; people like round ones."""
        spread = SIZE_SPREAD * self._rng.standard_normal() - SIZE_SPREAD**2 / 2
        lots = max(1, round(self._mean_lots[coin] * scale * float(np.exp(spread))))
        if uniform < ROUND_SIZE_ODDS:
            unit = 10 ** (len(str(lots)) - 1)
            return int(lots // unit * unit)
        return lots

    def _programmes(self) -> None:
        self._programme_left_s -= self._step_s
        uniform = self._rng.random((3, len(self._base)))
        starts = (uniform[0] < self._step_s / PROGRAMME_EVERY_S) & (self._programme_left_s <= 0.0)
        low, high = PROGRAMME_SECONDS
        for coin in np.flatnonzero(starts).tolist():
            account, sign = self._worker(coin, uniform[2][coin])
            self._programme_account[coin], self._programme_sign[coin] = account, sign
            self._programme_left_s[coin] = low + (high - low) * uniform[1][coin] if sign else 0.0

    def _worker(self, coin: int, uniform: float) -> tuple[int, int]:
        """Who works towards its target next, and which way; sign 0 for nobody.

        The further from it the likelier, measured by the account's own band: a small one waits no longer than a giant.
        """
        workers, views = self._views.workers, self._views
        gap = views.target[coin, workers] - self._ledger.lots[coin, workers]
        reach = np.abs(gap)
        wide = views.upper[coin, workers] - views.lower[coin, workers]
        reach = np.cumsum(np.where(reach > LEAST_GAP * wide, reach / np.maximum(wide, 1), 0.0))
        if reach[-1] == 0:
            return 0, 0
        place = int(reach.searchsorted(uniform * reach[-1], side="right"))
        return int(workers[place]), int(np.sign(gap[place]))
