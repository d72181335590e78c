"""What a human sees of one market in a minute: a price each second, the last prints, the book three times.

Pure but for `BookShots`, which remembers the book of the last ten seconds.
"""

import math
from collections import deque
from collections.abc import Sequence
from itertools import takewhile

import msgspec
import numpy as np

from app.core.events import Book, Level, Side, Trade
from app.markets.market import AHEAD_MS
from app.measures.returns import Floats

WINDOW_S = 60
TRADES_KEPT = 50
SHOTS_KEPT = 3
SHOT_EVERY_MS = 5_000
LEVELS_KEPT = 5
FLOW_STEPS = 6
"""The minute's flow is told in steps of ten seconds."""


class BookShot(msgspec.Struct, frozen=True, gc=False):
    """The best five levels of each side as they stood at `at_ms`, best first."""

    at_ms: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


class MinuteTape(msgspec.Struct, frozen=True):
    """All prints of a minute, counted and added up.

    `flow` are bought and sold sizes of each ten seconds, oldest first; None where the tape does not reach back.
    """

    buys: int = 0
    sells: int = 0
    bought: float = 0.0
    sold: float = 0.0
    flow: tuple[tuple[float, float] | None, ...] = ((0.0, 0.0),) * FLOW_STEPS

    @property
    def average_size(self) -> float:
        """Mean size of the prints; 0 without any."""
        count = self.buys + self.sells
        return (self.bought + self.sold) / count if count else 0.0


def minute_tape(rows: Floats, at_ms: int, *, whole: bool) -> MinuteTape:
    """The prints of the minute up to `at_ms` from rows of (time in ms, size signed by the aggressor, …), in any order.

    What is dated ahead by more than clocks differ is left out. Without `whole` older prints were forgotten: ten seconds
    that begin before the oldest row are not known.
    """
    rows = rows[rows[:, 0] <= at_ms + AHEAD_MS]
    ages_s = np.maximum(0.0, (at_ms - rows[:, 0]) / 1_000)
    kept = ages_s < WINDOW_S
    sizes, steps = rows[kept, 1], (ages_s[kept] // (WINDOW_S // FLOW_STEPS)).astype(np.int64)
    bought = np.bincount(steps, np.maximum(sizes, 0.0), FLOW_STEPS)
    sold = np.bincount(steps, np.maximum(-sizes, 0.0), FLOW_STEPS)
    oldest_s = float(ages_s.max()) if len(ages_s) and not whole else math.inf
    step_s = WINDOW_S // FLOW_STEPS
    return MinuteTape(
        buys=int((sizes > 0).sum()),
        sells=int((sizes < 0).sum()),
        bought=float(bought.sum()),
        sold=float(sold.sum()),
        flow=tuple(
            (float(bought[step]), float(sold[step])) if (step + 1) * step_s <= oldest_s else None
            for step in reversed(range(FLOW_STEPS))
        ),
    )


class DataWindow(msgspec.Struct, frozen=True, kw_only=True):
    """One coin over the minute up to `at_ms`.

    `prices` are 61 mids a second apart, oldest first, None where none is known. `tape` are all prints of the minute,
    `trades` the last of them one by one, at most 50, oldest first. `books` are at most three shots about five seconds
    apart and the newest book, oldest first; `since_books` all prints since the first of them. `spread` is in price
    units, None where one side of the book is missing.
    """

    coin: str
    at_ms: int
    prices: tuple[float | None, ...]
    tape: MinuteTape = MinuteTape()
    trades: tuple[Trade, ...] = ()
    books: tuple[BookShot, ...] = ()
    since_books: tuple[Trade, ...] = ()
    spread: float | None = None

    @property
    def price(self) -> float | None:
        """The newest price."""
        return self.prices[-1]

    @property
    def price_minute_ago(self) -> float | None:
        """The price a minute ago."""
        return self.prices[0]

    @property
    def span_s(self) -> int:
        """For how many seconds back the price is known without a gap, at most 60."""
        known = takewhile(lambda price: price is not None, reversed(self.prices))
        return max(0, sum(1 for _ in known) - 1)

    @property
    def change(self) -> float | None:
        """Change over the minute, as a fraction; None where the minute is not whole."""
        return change(self.price_minute_ago, self.price)

    @property
    def tape_bias(self) -> float:
        """(bought − sold) / (bought + sold) by size over the minute, −1 to +1; 0 without any print."""
        bought, sold = self.tape.bought, self.tape.sold
        return (bought - sold) / (bought + sold) if bought + sold > 0 else 0.0

    def large_trades(self, factor: float) -> tuple[Trade, ...]:
        """Of the last prints those larger than `factor` times the minute's average, oldest first."""
        least = factor * self.tape.average_size
        return tuple(trade for trade in self.trades if trade.size > least)


class BookShots:
    """Three books of one coin, five seconds apart, and nothing older than the window."""

    def __init__(self) -> None:
        self._shots: deque[BookShot] = deque(maxlen=SHOTS_KEPT)

    def look(self, book: Book | None) -> None:
        """Keep a shot of the book when it is five seconds newer than the last one."""
        if book is None or (self._shots and book.time_ms - self._shots[-1].at_ms < SHOT_EVERY_MS):
            return
        self._shots.append(shot_of(book))

    def forget(self) -> None:
        """Have seen nothing: the clock was set back."""
        self._shots.clear()

    def of_last_minute(self, now_ms: int) -> tuple[BookShot, ...]:
        """The shots that are not older than a minute, oldest first."""
        return tuple(shot for shot in self._shots if now_ms - shot.at_ms <= 1_000 * WINDOW_S)


def shot_of(book: Book) -> BookShot:
    """The best five levels of each side of a book."""
    return BookShot(book.time_ms, book.bids[:LEVELS_KEPT], book.asks[:LEVELS_KEPT])


class PrintSizes:
    """The sizes of the last fifty prints, with their mean at hand."""

    def __init__(self) -> None:
        self._sizes: deque[float] = deque(maxlen=TRADES_KEPT)
        self._total = 0.0

    @property
    def average(self) -> float:
        """Mean size; 0 without any."""
        return self._total / len(self._sizes) if self._sizes else 0.0

    def add(self, size: float) -> None:
        """One more print."""
        if len(self._sizes) == TRADES_KEPT:
            self._total -= self._sizes[0]
        self._sizes.append(size)
        self._total += size


def change(before: float | None, after: float | None) -> float | None:
    """Change as a fraction; None where a price is unknown."""
    return None if not before or after is None else after / before - 1


def sum_of(trades: Sequence[Trade], side: Side) -> float:
    """Size traded by aggressors of one side."""
    return sum(trade.size for trade in trades if trade.side is side)
