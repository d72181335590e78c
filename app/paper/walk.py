"""What an order pays: level by level through the side it takes, never the mid and never better than the touch."""

from collections.abc import Sequence
from typing import NamedTuple

from app.core.events import Level
from app.markets.depth import joined_side
from app.paper.events import BASIS_POINTS, Direction
from app.paper.view import CoinView

BOOK_AGE_MS = 10_000
"""A book older than the newest price by more than this says nothing about the depth behind that price."""


class Walked(NamedTuple):
    """Average, first and last price an order pays, how many levels it takes, and the size no level showed."""

    average_price: float
    touch_price: float
    worst_price: float
    levels: int
    beyond_size: float


def levels_to_take(view: CoinView, direction: Direction) -> tuple[Level, ...]:
    """What a buyer (+1) or seller (−1) meets, best first; empty without a price or while the data is in trouble.

    The first level is the newest best price. Behind it come the books that are not too old, joined as everywhere.
    """
    touch = view.touch
    if view.trouble or touch is None:
        return ()
    best = touch.ask if direction > 0 else touch.bid
    if best is None:
        return ()
    books = [book for book in view.books if touch.time_ms - book.time_ms <= BOOK_AGE_MS]
    side = joined_side((book.asks if direction > 0 else book.bids for book in books), direction)
    behind = (level for level in side if direction * (level.price - best.price) > 0)
    return tuple(level for level in (best, *behind) if level.size > 0)


def walk(
    levels: Sequence[Level], size: float, direction: Direction, *, beyond_bps: float, taken: float = 0.0
) -> Walked:
    """Take `size` coins from `levels` (not empty), of which the first `taken` coins are gone already.

    What the levels do not cover is paid `beyond_bps` worse than the last of them.
    """
    left, cost, used, price = size, 0.0, 0, levels[0].price
    for level in levels:
        there = max(0.0, level.size - taken)
        taken = max(0.0, taken - level.size)
        part = min(there, left)
        if part > 0:
            left, cost, used, price = left - part, cost + part * level.price, used + 1, level.price
        if left <= 0:
            break
    else:
        price = levels[-1].price * (1 + direction * beyond_bps / BASIS_POINTS)
        cost += left * price
    touch = levels[0].price
    return Walked(_between(touch, cost / size, price), touch, price, used, max(0.0, left))


def _between(one: float, value: float, other: float) -> float:
    """Rounding must not make an average better than its best part or worse than its worst."""
    return min(max(value, min(one, other)), max(one, other))
