"""The simulated market: factors, order flow and books moving together in steps of 50 ms of virtual time.

The same seed, number of coins and start give the same market, whatever the pace. It never looks at a clock.
"""

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from app.demo import bars as bar
from app.demo.accounts import Accounts
from app.demo.bars import MINUTE_MS, Bars, BarStore
from app.demo.books import ASK, BID, Books, Level
from app.demo.contexts import Contexts, DayTotals, day_totals
from app.demo.factors import Factors
from app.demo.flow import Order, OrderFlow
from app.demo.grid import Floats, Integers, positions, prices
from app.demo.habits import Habits
from app.demo.listings import DELISTED, Listing, live_listings
from app.demo.past import Past
from app.demo.spoofs import Spoofs
from app.demo.traders import Traders
from app.demo.trades import MAKER_FEE, TAKER_FEE, AccountFills, VenueTrade

STEP_MS = 50
STEP_S = STEP_MS / 1000
REFRESH_STEPS = 10
SECOND_STEPS = 20
RECENT_TRADES = 256
IMPACT = 0.30
ORDERS_A_SWEEP = 4
TIGHTEST_SPREAD_BPS = 0.10
SPREAD_EXPONENT = 0.42
QUOTING = (0.03, 0.35)


class Step(NamedTuple):
    """What one step brought: trades by coin, coins whose best prices changed, and whether a minute closed."""

    end_ms: int
    trades: dict[int, list[VenueTrade]]
    quoted: frozenset[int]
    rolled: bool


class Market:
    """All coins. Coins are known by their index in `listings`; the last listing is the delisted one."""

    def __init__(self, seed: int, coins: int, start_ms: int) -> None:
        self.seed = seed
        self.live = live_listings(coins)
        self.listings: tuple[Listing, ...] = (*self.live, DELISTED)
        self.now_ms = self.start_ms = start_ms
        generators = [np.random.default_rng([seed, tag]) for tag in range(7)]
        self.accounts = Accounts(coins, generators[0])
        self.past = Past(seed, self.live, start_ms)
        self.factors = Factors(self.live, STEP_S, generators[1])
        self.contexts = Contexts(self.live, generators[3])
        self.spoofs = Spoofs(coins, generators[4])
        self._rng = generators[6]
        self._decimals = np.array([listing.price_decimals for listing in self.live])
        self._half_spread = np.array([_half_spread(listing, self.live[0]) for listing in self.live])
        rates = np.array([listing.orders_per_s for listing in self.live]) / self.live[0].orders_per_s
        self._quoting = QUOTING[0] + (QUOTING[1] - QUOTING[0]) * np.sqrt(rates)
        self.books = Books(self.live, np.stack(self._targets(), axis=1), generators[5])
        self.stores = [BarStore(self.past.last_day(coin)) for coin in range(coins)]
        self.traders = Traders(seed, self.live, self.accounts, self.stores, self.factors, start_ms)
        self.ledger = self.traders.ledger
        self.flow = OrderFlow(self.live, self.accounts, self.traders.views, self.ledger, STEP_S, generators[2])
        self.habits = Habits(seed, self.live, self.past, self.traders.wealth, self.traders.opening)
        self.fills = AccountFills()
        self._forced: list[Order] = []
        self.recent = [
            deque(self.past.trades(coin, self.accounts, minutes=2), maxlen=RECENT_TRADES) for coin in range(coins)
        ]
        self._serial = self._order_serial = self._steps = 0

    def advance(self, to_ms: int) -> Iterator[Step]:
        """Whole steps up to `to_ms`, one at a time; what is left over waits for the next call."""
        while self.now_ms + STEP_MS <= to_ms:
            yield self._step()

    def past_trades(self, coin: int) -> Iterator[VenueTrade]:
        """Every trade of the 24 h before the start, oldest first."""
        return self.past.trades(coin, self.accounts)

    def day(self, coin: int) -> DayTotals:
        """Totals of the last 24 h."""
        return day_totals(self.stores[coin], self.live[coin])

    def bars(self, coin: int, first_minute: int) -> Bars:
        """Minute bars from about `first_minute` on, the open one last; at most 30 days before the start."""
        store = self.stores[coin].bars
        if first_minute >= store.first or store.first > self.past.minute:
            return store.since(first_minute)
        month = self.past.month(coin)
        before = Bars(month.first, 1, month.rows[: store.first - month.first]).since(first_minute)
        return Bars(before.first, 1, np.concatenate([before.rows, store.rows]))

    def levels(self, coin: int, side: int, count: int = 20) -> list[Level]:
        """The book as the venue shows it: spoofs included."""
        return self.spoofs.show(coin, side, self.books.levels(coin, side, count))

    def mids(self) -> Floats:
        """Mid prices in USD of all live coins."""
        touch = self.books.touch
        return np.array([prices(touch[coin], int(places)).mean() for coin, places in enumerate(self._decimals)])

    def touch_prices(self, coin: int) -> tuple[float, float]:
        """Best bid and best ask in USD."""
        bid, ask = prices(self.books.touch[coin], self.live[coin].price_decimals).tolist()
        return bid, ask

    def last_price(self, coin: int) -> float:
        """Price of the newest trade in USD."""
        return float(prices(self.stores[coin].bars.rows[-1, bar.CLOSE], self.live[coin].price_decimals))

    def _step(self) -> Step:
        self.factors.step()
        before = self.books.touch.copy()
        sizes = self.books.size[:, :, 0].copy()
        rolled = self._roll()
        trades = self._trade()
        self._requote()
        self._steps += 1
        self.now_ms += STEP_MS
        if self._steps % REFRESH_STEPS == 0:
            self.books.refresh(self._depth())
        if self._steps % SECOND_STEPS == 0:
            mids = self.mids()
            self.contexts.step(mids)
            self._forced = self.traders.second(mids)
            self.spoofs.place(self.now_ms, 1.0, self.books)
        self.spoofs.pull(self.now_ms, self.books)
        changed = (before != self.books.touch) | (sizes != self.books.size[:, :, 0])
        return Step(self.now_ms, trades, frozenset(np.flatnonzero(changed.any(axis=1)).tolist()), rolled)

    def _roll(self) -> bool:
        """Close the minute when this step lies in the next one: a step's trades are stamped within it."""
        if self.now_ms // MINUTE_MS == self.stores[0].minute:
            return False
        for store in self.stores:
            store.roll()
        return True

    def _trade(self) -> dict[int, list[VenueTrade]]:
        counts = self.flow.arrivals(self.factors.level(), self.factors.shocked)
        trades = self._liquidate()
        # A step that reaches into the next minute belongs to the bars of this one, and so do its trades.
        span = min(STEP_MS, MINUTE_MS - self.now_ms % MINUTE_MS)
        for coin in np.flatnonzero(counts).tolist():
            offsets = np.sort(self._rng.integers(0, span, counts[coin])).tolist()
            several = trades.setdefault(coin, [])
            for offset in offsets:
                several += self._execute(self.flow.order(coin, self._displacement(coin)), self.now_ms + offset)
        for coin, several in trades.items():
            self.recent[coin].extend(several)
            self.fills.add(several)
        return trades

    def _liquidate(self) -> dict[int, list[VenueTrade]]:
        """Send the forced orders that are due, before all others."""
        trades: dict[int, list[VenueTrade]] = {}
        for order in self._forced:
            trades.setdefault(order.coin, []).extend(self._execute(order, self.now_ms))
        self._forced = []
        return trades

    def _displacement(self, coin: int) -> float:
        """How far fair is from the mid, in typical moves of a second, within ±3."""
        bid, ask = self.touch_prices(coin)
        distance = np.log(self.factors.fair()[coin] / ((bid + ask) / 2)) / self.factors.sigma()[coin]
        return float(np.clip(distance, -3.0, 3.0))

    def _execute(self, order: Order, time_ms: int) -> list[VenueTrade]:
        """Match a market order with the book and let it move the price (square-root impact)."""
        listing = self.live[order.coin]
        side = ASK if order.sign > 0 else BID
        self._order_serial += 1
        trades = [
            self._print(order, level.tick, lots, time_ms)
            for level in self.books.take(order.coin, side, order.lots)
            for lots in self._makers(level)
        ]
        done = sum(trade.lots for trade in trades) * listing.lot * listing.price
        share = done / (listing.day_volume_musd * 1e6)
        self.factors.push(order.coin, order.sign * IMPACT * listing.sigma * 86_400**0.5 * share**0.5)
        return trades

    def _makers(self, level: Level) -> list[int]:
        """How the lots taken at one price fall to resting orders: at most `ORDERS_A_SWEEP` of them."""
        orders = min(level.orders, ORDERS_A_SWEEP, level.lots)
        if orders == 1:
            return [level.lots]
        cuts = np.unique(self._rng.integers(1, level.lots, orders - 1))
        return [int(part) for part in np.diff(cuts, prepend=0, append=level.lots)]

    def _print(self, order: Order, index: int, lots: int, time_ms: int) -> VenueTrade:
        coin, listing = order.coin, self.live[order.coin]
        uniform = self._rng.random(2)
        maker = self.flow.maker(coin, order.sign, float(uniform[0]), order.account)
        buyer, seller = (order.account, maker) if order.sign > 0 else (maker, order.account)
        price = float(prices(index, listing.price_decimals))
        fees = (TAKER_FEE, MAKER_FEE) if order.sign > 0 else (MAKER_FEE, TAKER_FEE)
        bought = self.ledger.apply(coin, buyer, lots, price, listing.lot, fees[0])
        sold = self.ledger.apply(coin, seller, -lots, price, listing.lot, fees[1])
        self.contexts.trade(coin, lots, float(uniform[1]))
        self.stores[coin].trade(index, lots)
        self._serial += 1
        mark = float(self.traders.marks[coin]) if order.forced else 0.0
        return VenueTrade(
            coin, order.sign, index, lots, time_ms, self._serial, self._order_serial, buyer, seller, bought, sold, mark
        )

    def _requote(self) -> None:
        """Makers follow the fair price, busy ones nearly at once."""
        bids, asks = self._targets()
        due = self._rng.random(len(bids)) < self._quoting
        moved = (bids != self.books.touch[:, BID]) | (asks != self.books.touch[:, ASK])
        for coin in np.flatnonzero(due & moved).tolist():
            self.books.requote(coin, int(bids[coin]), int(asks[coin]))

    def _targets(self) -> tuple[Integers, Integers]:
        """Where best bid and ask belong: around fair, wider in lively times."""
        fair = self.factors.fair()
        half = self._half_spread * np.sqrt(np.maximum(self.factors.level(), 0.5))
        bids = np.round(positions(fair * (1.0 - half), self._decimals) - 0.25).astype(np.int64)
        asks = np.round(positions(fair * (1.0 + half), self._decimals) + 0.25).astype(np.int64)
        return bids, np.maximum(asks, bids + 1)

    def _depth(self) -> Floats:
        """Depth by coin and side: thin in lively times, thicker on the side the price comes from."""
        lean = np.tanh(6.0 * self.factors.lean())
        calm = self.factors.level() ** -0.5
        result: Floats = np.stack([calm * (1.0 + 0.5 * lean), calm * (1.0 - 0.5 * lean)], axis=1)
        return result


def _half_spread(listing: Listing, leader: Listing) -> float:
    """Half the usual spread as a fraction of the price: the less a coin trades, the wider."""
    scale = float((leader.day_volume_musd / listing.day_volume_musd) ** SPREAD_EXPONENT)
    return TIGHTEST_SPREAD_BPS * scale / 2.0 / 1e4
