"""Order books of all coins, as depth by distance from the touch.

For each coin and side (0 bids, 1 asks) `size[coin, side, j]` is what rests j ticks behind the best price, in lots; zero
is a hole. Each price keeps a character (`ideal`) that its size returns to, so levels live on while the touch moves. The
best price always holds something, and the best bid is always below the best ask.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from app.demo.grid import Floats, Integers
from app.demo.listings import Listing

BID, ASK = 0, 1
DEPTH = 48
HOLE_ODDS = 0.2
CHARACTER_SPREAD = 0.9
TOP_ORDERS = 9.0
REFRESH_ODDS = 0.12
FLICKER = 0.3
ORDERS_A_LEVEL = 8.0


class Level(NamedTuple):
    """What rests at one tick (a grid index): lots, and how many orders make them up."""

    tick: int
    lots: int
    orders: int


class Books:
    """All order books; `touch[coin]` is the grid index of best bid and best ask."""

    def __init__(self, listings: Sequence[Listing], touch: Integers, rng: np.random.Generator) -> None:
        self._rng = rng
        self.touch = touch
        mean = np.array([listing.mean_order_lots for listing in listings])
        self._profile = mean[:, None] * TOP_ORDERS * _shape()
        self._order_lots = np.maximum(mean * TOP_ORDERS / ORDERS_A_LEVEL, 1.0)
        self._ideal = np.stack([[self._fresh(coin, 0, DEPTH) for _ in range(2)] for coin in range(len(listings))])
        self._ideal[:, :, 0] = np.maximum(self._ideal[:, :, 0], 1.0)
        self.size = np.ceil(self._ideal).astype(np.int64)

    def levels(self, coin: int, side: int, count: int = 20) -> list[Level]:
        """The first `count` prices with something on them, from the best outwards."""
        sizes = self.size[coin, side]
        where = np.flatnonzero(sizes)[:count].tolist()
        best, step = int(self.touch[coin, side]), -1 if side == BID else 1
        return [self._level(coin, best + step * j, int(sizes[j])) for j in where]

    def best(self, coin: int, side: int) -> Level:
        """The best price of one side."""
        return self._level(coin, int(self.touch[coin, side]), int(self.size[coin, side, 0]))

    def take(self, coin: int, side: int, lots: int) -> list[Level]:
        """Take up to `lots` from one side, best price first; what was taken, by level. Half the book is the limit."""
        taken: list[Level] = []
        sizes = self.size[coin, side]
        step = -1 if side == BID else 1
        for j in np.flatnonzero(sizes)[: DEPTH // 2].tolist():
            here = min(lots, int(sizes[j]))
            taken.append(self._level(coin, int(self.touch[coin, side]) + step * j, here))
            sizes[j] -= here
            lots -= here
            if lots == 0:
                break
        self._close_up(coin, side)
        return taken

    def requote(self, coin: int, bid: int, ask: int) -> None:
        """Move the touch to `bid` < `ask`. A side in the way of the other retreats first."""
        self._retreat(coin, BID, int(self.touch[coin, BID]) - bid)
        self._retreat(coin, ASK, ask - int(self.touch[coin, ASK]))
        self._improve(coin, BID, min(bid, int(self.touch[coin, ASK]) - 1) - int(self.touch[coin, BID]))
        self._improve(coin, ASK, int(self.touch[coin, ASK]) - max(ask, int(self.touch[coin, BID]) + 1))

    def refresh(self, depth: Floats) -> None:
        """Some levels return to their character; `depth[coin, side]` scales it (1 normal)."""
        chosen = self._rng.random(self.size.shape) < REFRESH_ODDS
        flicker = np.exp(FLICKER * self._rng.standard_normal(self.size.shape, dtype=np.float32))
        wanted = np.ceil(self._ideal * depth[:, :, None] * flicker).astype(np.int64)
        np.copyto(self.size, wanted, where=chosen)

    def _level(self, coin: int, index: int, lots: int) -> Level:
        return Level(index, lots, 1 + int(lots / self._order_lots[coin]))

    def _improve(self, coin: int, side: int, ticks: int) -> None:
        """Put `ticks` new prices in front."""
        if ticks <= 0:
            return
        new = min(ticks, DEPTH)
        front = self._fresh(coin, 0, new)
        front[0] = max(front[0], 1.0)
        for rows, values in ((self._ideal, front), (self.size, np.ceil(front))):
            row = rows[coin, side]
            row[new:] = row[: DEPTH - new].copy()
            row[:new] = values
        self.touch[coin, side] += ticks if side == BID else -ticks

    def _retreat(self, coin: int, side: int, ticks: int) -> None:
        """Take away the first `ticks` prices, and holes behind them."""
        if ticks <= 0:
            return
        gone = min(ticks, DEPTH)
        back = self._fresh(coin, DEPTH - gone, gone)
        for rows, values in ((self._ideal, back), (self.size, np.ceil(back))):
            row = rows[coin, side]
            row[: DEPTH - gone] = row[gone:].copy()
            row[DEPTH - gone :] = values
        self.touch[coin, side] += -ticks if side == BID else ticks
        self._close_up(coin, side)

    def _close_up(self, coin: int, side: int) -> None:
        """Make the first price that holds something the best one."""
        if self.size[coin, side, 0]:
            return
        filled = np.flatnonzero(self.size[coin, side])
        if len(filled):
            self._retreat(coin, side, int(filled[0]))
        else:
            self._ideal[coin, side, 0] = self.size[coin, side, 0] = 1

    def _fresh(self, coin: int, first: int, count: int) -> Floats:
        """Characters of `count` new prices, `first` ticks behind the touch."""
        spread = CHARACTER_SPREAD * self._rng.standard_normal(count) - CHARACTER_SPREAD**2 / 2
        lots = self._profile[coin, first : first + count] * np.exp(spread)
        result: Floats = np.where(self._rng.random(count) < HOLE_ODDS, 0.0, lots)
        return result


def _shape() -> Floats:
    """Mean depth by distance, 1 at the touch: thicker behind it, then even."""
    distance = np.arange(DEPTH, dtype=np.float64)
    result: Floats = 1.0 + 1.6 * (1.0 - np.exp(-distance / 6.0))
    return result
