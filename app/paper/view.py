"""What the ledger is shown of one coin. Numbers that cannot be are refused here, before they cost anything."""

from itertools import pairwise
from typing import Literal

import msgspec

from app.core.errors import FrameError
from app.core.events import Book, Level, Quote
from app.markets.market import Market
from app.markets.touch import Touch, touch_of
from app.paper.events import Direction

Trouble = Literal["", "stale", "cut off"]
_LOWEST, _HIGHEST, _LARGEST = 1e-12, 1e12, 1e15


class CoinView(msgspec.Struct, frozen=True, kw_only=True):
    """One coin at `now_ms`, the engine's time.

    `quote` is the newest, `books` the newest of each depth, the newer first; `funding` is the hour's rate as a
    fraction. With `trouble` nothing is filled and no price counts: the data is stale, or none can come. Raises
    `FrameError` for numbers that cannot be.
    """

    coin: str
    now_ms: int
    quote: Quote | None = None
    books: tuple[Book, ...] = ()
    mark_price: float | None = None
    funding: float | None = None
    maximum_leverage: int | None = None
    size_decimals: int | None = None
    trouble: Trouble = ""

    def __post_init__(self) -> None:
        _check_numbers(self)
        for picture in (self.quote, *self.books):
            if picture is not None and (picture.coin != self.coin or not 0 < picture.time_ms <= self.now_ms):
                raise FrameError(f"{self.coin}: a price of another coin or of later than now; waiting for the next one")
        if self.quote is not None:
            _check_sides(self.coin, _one(self.quote.bid), _one(self.quote.ask))
        for book in self.books:
            _check_sides(self.coin, book.bids, book.asks)

    @property
    def touch(self) -> Touch | None:
        """Best bid and offer of the newest picture, fast books among them (the quote where they are equal)."""
        return touch_of(self.quote, self.books)

    @property
    def mid(self) -> float | None:
        """Halfway between best bid and offer; None where a side is missing or the data is in trouble."""
        touch = self.touch
        if self.trouble or touch is None or touch.bid is None or touch.ask is None:
            return None
        return (touch.bid.price + touch.ask.price) / 2

    def closing_price(self, direction: Direction) -> float | None:
        """What a position would close at by the touch: the bid for a long, the ask for a short; None in trouble."""
        touch = self.touch
        if self.trouble or touch is None:
            return None
        level = touch.bid if direction > 0 else touch.ask
        return None if level is None else level.price


def view_of(market: Market, now_ms: int, *, stale_after_ms: int, cut_off: bool) -> CoinView:
    """What the ledger is shown of `market`; `cut_off` says that no price can come: the feed is down.

    A best bid and offer older than `stale_after_ms` are stale, whatever trades came since; fast books alone, which come
    over a socket of their own, keep nothing alive, and one that cannot be used is left out. Raises `FrameError`.
    """
    touch, context, listing = market.touch, market.context(), market.listing
    stale = touch is None or now_ms - touch.time_ms > stale_after_ms
    return CoinView(
        coin=market.coin,
        now_ms=now_ms,
        quote=market.quote(),
        books=_usable_books(market),
        mark_price=context.mark_price if context else None,
        funding=context.funding if context else None,
        maximum_leverage=listing.maximum_leverage if listing else None,
        size_decimals=listing.size_decimals if listing else None,
        trouble="stale" if stale else "cut off" if cut_off else "",
    )


def _usable_books(market: Market) -> tuple[Book, ...]:
    """The books without a fast one whose numbers cannot be: it adds to the others, and may be left out."""
    slow = market.book()
    return tuple(book for book in market.books() if book is slow or _is_sound(book.bids, book.asks))


def _one(level: Level | None) -> tuple[Level, ...]:
    return () if level is None else (level,)


def _check_numbers(view: CoinView) -> None:
    sound = (
        (view.mark_price is None or _LOWEST <= view.mark_price <= _HIGHEST)
        and (view.funding is None or -1 < view.funding < 1)
        and (view.maximum_leverage is None or 1 <= view.maximum_leverage <= 1_000)
        and (view.size_decimals is None or 0 <= view.size_decimals <= 8)
    )
    if not sound:
        raise FrameError(f"{view.coin}: a mark price, funding rate or listing out of range; waiting for the next one")


def _check_sides(coin: str, bids: tuple[Level, ...], asks: tuple[Level, ...]) -> None:
    if not _is_sound(bids, asks):
        raise FrameError(f"{coin}: prices out of range, unsorted or crossed; waiting for the next ones")


def _is_sound(bids: tuple[Level, ...], asks: tuple[Level, ...]) -> bool:
    return (
        all(_LOWEST <= level.price <= _HIGHEST and 0 <= level.size < _LARGEST for level in (*bids, *asks))
        and all(better.price > worse.price for better, worse in pairwise(bids))
        and all(better.price < worse.price for better, worse in pairwise(asks))
        and not (bids and asks and bids[0].price >= asks[0].price)
    )
