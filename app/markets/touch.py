"""The best prices of one coin, from whichever picture of it is the newest. Pure."""

from collections.abc import Iterable

import msgspec

from app.core.events import Book, Level, Quote


class Touch(msgspec.Struct, frozen=True, gc=False):
    """Best bid and offer at `time_ms`; None where a side is empty."""

    bid: Level | None
    ask: Level | None
    time_ms: int


def touch_of(quote: Quote | None, books: Iterable[Book]) -> Touch | None:
    """Best bid and offer of the newest picture: the quote where it is as new as any book, else the first newest book.

    None where there is no picture. The quote says what a book's first levels say, and comes with each change of them.
    """
    book = max(books, key=lambda each: each.time_ms, default=None)
    if quote is not None and (book is None or quote.time_ms >= book.time_ms):
        return Touch(quote.bid, quote.ask, quote.time_ms)
    if book is None:
        return None
    return Touch(next(iter(book.bids), None), next(iter(book.asks), None), book.time_ms)
