"""What a human sees of one market in a minute: a price each second, the last prints, the book three times.

Pure but for `BookShots`, which remembers the book of the last ten seconds.
"""

from collections import deque
from collections.abc import Sequence

import msgspec

from app.core.events import Book, Level, Side, Trade

WINDOW_S = 60
TRADES_KEPT = 50
SHOTS_KEPT = 3
SHOT_EVERY_MS = 5_000
LEVELS_KEPT = 5


class BookShot(msgspec.Struct, frozen=True, gc=False):
    """The best five levels of each side as they stood at `at_ms`, best first."""

    at_ms: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


class DataWindow(msgspec.Struct, frozen=True, kw_only=True):
    """One coin over the minute up to `at_ms`.

    `prices` are 61 mids a second apart, oldest first, None where none is known; `trades` at most 50 of that minute,
    oldest first; `books` at most three shots, about five seconds apart, oldest first. `spread` is in price units, None
    where one side of the book is missing.
    """

    coin: str
    at_ms: int
    prices: tuple[float | None, ...]
    trades: tuple[Trade, ...] = ()
    books: tuple[BookShot, ...] = ()
    spread: float | None = None

    @property
    def price(self) -> float | None:
        """The newest price."""
        return self.prices[-1]

    @property
    def price_half_a_minute_ago(self) -> float | None:
        """The price thirty seconds ago."""
        return self.prices[WINDOW_S // 2]

    @property
    def price_minute_ago(self) -> float | None:
        """The price a minute ago."""
        return self.prices[0]

    @property
    def change(self) -> float | None:
        """Change over the minute, as a fraction."""
        return change(self.price_minute_ago, self.price)

    @property
    def average_size(self) -> float:
        """Mean size of the prints; 0 without any."""
        return sum(trade.size for trade in self.trades) / len(self.trades) if self.trades else 0.0

    @property
    def tape_bias(self) -> float:
        """(bought − sold) / (bought + sold) by size over the prints, −1 to +1; 0 without any."""
        bought, sold = (sum_of(self.trades, side) for side in Side)
        return (bought - sold) / (bought + sold) if bought + sold > 0 else 0.0

    def large_trades(self, factor: float) -> tuple[Trade, ...]:
        """The prints larger than `factor` times the average, oldest first."""
        least = factor * self.average_size
        return tuple(trade for trade in self.trades if trade.size > least)


class BookShots:
    """Three books of one coin, five seconds apart, and nothing older than the window."""

    def __init__(self) -> None:
        self._shots: deque[BookShot] = deque(maxlen=SHOTS_KEPT)

    def look(self, book: Book | None) -> None:
        """Keep a shot of the book when it is five seconds newer than the last one."""
        if book is None or (self._shots and book.time_ms - self._shots[-1].at_ms < SHOT_EVERY_MS):
            return
        self._shots.append(BookShot(book.time_ms, book.bids[:LEVELS_KEPT], book.asks[:LEVELS_KEPT]))

    def forget(self) -> None:
        """Have seen nothing: the clock was set back."""
        self._shots.clear()

    def of_last_minute(self, now_ms: int) -> tuple[BookShot, ...]:
        """The shots that are not older than a minute, oldest first."""
        return tuple(shot for shot in self._shots if now_ms - shot.at_ms <= 1_000 * WINDOW_S)


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
