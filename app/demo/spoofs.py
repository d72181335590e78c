"""Big orders that are not meant: they stand a few levels away for some seconds and are gone before the price comes."""

from typing import NamedTuple

import numpy as np

from app.demo.books import ASK, BID, Books, Level

SPOOF_EVERY_S = 150.0
SPOOF_SECONDS = (2.0, 14.0)
SPOOF_DISTANCE = (3, 9)
SPOOF_SIZE = (8.0, 20.0)
NEAREST = 2


class Spoof(NamedTuple):
    """One such order: where it stands, how big, and until when."""

    side: int
    tick: int
    lots: int
    until_ms: int


class Spoofs:
    """At most one per coin at a time. They are shown in books of 20 levels and never trade."""

    def __init__(self, coins: int, rng: np.random.Generator) -> None:
        self._rng = rng
        self._coins = coins
        self.standing: dict[int, Spoof] = {}

    def pull(self, now_ms: int, books: Books) -> None:
        """Take away those whose time is over or that the touch comes near."""
        for coin, spoof in list(self.standing.items()):
            away = spoof.tick - int(books.touch[coin, spoof.side])
            if now_ms >= spoof.until_ms or (away if spoof.side == ASK else -away) < NEAREST:
                del self.standing[coin]

    def place(self, now_ms: int, period_s: float, books: Books) -> None:
        """Place new ones: on average one a coin each `SPOOF_EVERY_S`, when asked every `period_s`."""
        uniform = self._rng.random((5, self._coins))
        for coin in np.flatnonzero(uniform[0] < period_s / SPOOF_EVERY_S).tolist():
            if coin not in self.standing:
                self.standing[coin] = _spoof(now_ms, coin, books, uniform[1:, coin].tolist())

    def show(self, coin: int, side: int, levels: list[Level]) -> list[Level]:
        """`levels` of one side of the book, with the spoof in its place when it lies within them."""
        spoof = self.standing.get(coin)
        if spoof is None or spoof.side != side:
            return levels
        return [
            Level(level.tick, level.lots + spoof.lots, level.orders + 1) if level.tick == spoof.tick else level
            for level in levels
        ]


def _spoof(now_ms: int, coin: int, books: Books, uniform: list[float]) -> Spoof:
    side = ASK if uniform[0] < 0.5 else BID
    levels = books.levels(coin, side)
    low, high = SPOOF_DISTANCE
    chosen = levels[min(low + int(uniform[1] * (high - low)), len(levels) - 1)]
    mean = sum(level.lots for level in levels) / len(levels)
    size = SPOOF_SIZE[0] + (SPOOF_SIZE[1] - SPOOF_SIZE[0]) * uniform[2]
    stays = SPOOF_SECONDS[0] + (SPOOF_SECONDS[1] - SPOOF_SECONDS[0]) * uniform[3]
    return Spoof(side, chosen.tick, max(1, round(mean * size)), now_ms + round(stays * 1000))
