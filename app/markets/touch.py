"""The best bid and offer, and what makes books and quotes impossible. Pure."""

from itertools import pairwise

import msgspec

from app.core.errors import FrameError
from app.core.events import Book, Level, Quote


class Touch(msgspec.Struct, frozen=True, gc=False):
    """Best bid and offer at `time_ms`; None where a side is empty."""

    bid: Level | None
    ask: Level | None
    time_ms: int


def check_book(book: Book) -> None:
    """Raise `FrameError` for a book that is unsorted or crossed."""
    if any(better.price <= worse.price for better, worse in pairwise(book.bids)):
        raise FrameError(f"{book.coin}: bids are not sorted; waiting for the next book")
    if any(better.price >= worse.price for better, worse in pairwise(book.asks)):
        raise FrameError(f"{book.coin}: asks are not sorted; waiting for the next book")
    _check_touch(book.coin, book.bids[0] if book.bids else None, book.asks[0] if book.asks else None)


def check_quote(quote: Quote) -> None:
    """Raise `FrameError` for a quote that is crossed."""
    _check_touch(quote.coin, quote.bid, quote.ask)


def _check_touch(coin: str, bid: Level | None, ask: Level | None) -> None:
    if bid is not None and ask is not None and bid.price >= ask.price:
        raise FrameError(f"{coin}: bid {bid.price} is not below ask {ask.price}; waiting for the next frame")
