"""The best prices of one coin, from whichever picture of it is the newest. Pure."""

from collections.abc import Iterable
from itertools import pairwise

import msgspec

from app.core.errors import FrameError
from app.core.events import Book, Level, Quote


class Touch(msgspec.Struct, frozen=True, gc=False):
    """Best bid and offer at `time_ms`; None where a side is empty."""

    bid: Level | None
    ask: Level | None
    time_ms: int

    @property
    def spread(self) -> float | None:
        """Best offer less best bid; None where a side is empty."""
        return None if self.bid is None or self.ask is None else self.ask.price - self.bid.price

    @property
    def spread_bps(self) -> float | None:
        """The spread as a share of the mid, in basis points; None where a side is empty."""
        if self.bid is None or self.ask is None:
            return None
        return 2e4 * (self.ask.price - self.bid.price) / (self.ask.price + self.bid.price)

    @property
    def mid(self) -> float | None:
        """Halfway between the two; None where a side is empty."""
        return None if self.bid is None or self.ask is None else (self.bid.price + self.ask.price) / 2


def touch_of(quote: Quote | None, books: Iterable[Book]) -> Touch | None:
    """Best bid and offer of the newest picture: the quote where it is as new as any book, else the first newest book.

    None where there is no picture. The quote says what a book's first levels say, and comes with each change of them.
    """
    book: Book | None = None
    for each in books:
        if book is None or each.time_ms > book.time_ms:
            book = each
    if quote is not None and (book is None or quote.time_ms >= book.time_ms):
        return Touch(quote.bid, quote.ask, quote.time_ms)
    if book is None:
        return None
    return Touch(next(iter(book.bids), None), next(iter(book.asks), None), book.time_ms)


def check_book(book: Book) -> None:
    """Raises `FrameError` for a book whose sides are not sorted, or cross."""
    if any(better.price <= worse.price for better, worse in pairwise(book.bids)):
        raise FrameError(f"{book.coin}: bids are not sorted; waiting for the next book")
    if any(better.price >= worse.price for better, worse in pairwise(book.asks)):
        raise FrameError(f"{book.coin}: asks are not sorted; waiting for the next book")
    _check_touch(book.coin, book.bids[0] if book.bids else None, book.asks[0] if book.asks else None)


def check_quote(quote: Quote) -> None:
    """Raises `FrameError` for a quote whose sides cross."""
    _check_touch(quote.coin, quote.bid, quote.ask)


def _check_touch(coin: str, bid: Level | None, ask: Level | None) -> None:
    if bid is not None and ask is not None and bid.price >= ask.price:
        raise FrameError(f"{coin}: bid {bid.price} is not below ask {ask.price}; waiting for the next frame")
