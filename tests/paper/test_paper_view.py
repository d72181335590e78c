import math
from typing import Any

import msgspec
import pytest
from paper_samples import COIN, NOW_MS, a_book, a_quote, a_view, levels

from app.config.settings import MarketsSettings
from app.core.errors import FrameError
from app.core.events import Book, Level, Listing, Quote
from app.feeds.hyperliquid import parse
from app.markets.market import Market
from app.paper.view import view_of

HOSTILE = [math.nan, math.inf, -math.inf, -1.0, 1e300]


@pytest.mark.parametrize("number", [*HOSTILE, 0.0, 5e-324])
def test_hostile_prices_are_refused(number: float) -> None:
    with pytest.raises(FrameError, match="BTC"):
        a_view(NOW_MS, bid=None, ask=number)
    with pytest.raises(FrameError, match="BTC"):
        a_view(NOW_MS, mark_price=number)
    with pytest.raises(FrameError, match="BTC"):
        a_view(NOW_MS, quote=None, book=a_book(NOW_MS, bids=((number, 1.0),)))


@pytest.mark.parametrize("number", HOSTILE)
def test_hostile_sizes_and_rates_are_refused(number: float) -> None:
    with pytest.raises(FrameError, match="BTC"):
        a_view(NOW_MS, quote=a_quote(NOW_MS, 99.5, 100.5, size=number))
    with pytest.raises(FrameError, match="BTC"):
        a_view(NOW_MS, funding=number)


@pytest.mark.parametrize(
    "changes",
    [
        {"maximum_leverage": 0},
        {"maximum_leverage": 10**9},
        {"size_decimals": -1},
        {"size_decimals": 400},
        {"quote": a_quote(NOW_MS, 100.5, 99.5)},
        {"quote": a_quote(NOW_MS + 1, 99.5, 100.5)},
        {"quote": a_quote(0, 99.5, 100.5)},
        {"quote": a_quote(NOW_MS, 99.5, 100.5, coin="ETH")},
        {"book": a_book(NOW_MS, asks=((102.0, 1.0), (101.0, 1.0)))},
        {"book": a_book(NOW_MS, bids=((98.0, 1.0), (99.0, 1.0)))},
        {"book": a_book(NOW_MS, bids=((101.0, 1.0),))},
        {"book": Book("ETH", NOW_MS, ((), ()))},
    ],
)
def test_what_cannot_be_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(FrameError, match="waiting for the next"):
        a_view(NOW_MS, **changes)


def test_the_mid_needs_both_sides_and_whole_data() -> None:
    assert a_view(NOW_MS).mid == 100.0
    assert a_view(NOW_MS, bid=None).mid is None
    assert a_view(NOW_MS, trouble="cut off").mid is None
    assert a_view(NOW_MS, quote=None).mid is None


def test_a_long_closes_on_the_bid_and_a_short_on_the_ask() -> None:
    view = a_view(NOW_MS)
    assert (view.closing_price(1), view.closing_price(-1)) == (99.5, 100.5)
    assert a_view(NOW_MS, trouble="stale").closing_price(1) is None
    assert a_view(NOW_MS, bid=None).closing_price(1) is None


def a_market() -> Market:
    return Market(COIN, MarketsSettings(), parse.parse_book, parse.parse_quote, parse.parse_context)


def frame(channel: str, data: object) -> bytes:
    return msgspec.json.encode({"channel": channel, "data": data})


def test_a_market_is_shown_as_it_stands() -> None:
    market = a_market()
    market.on_listing(Listing(COIN, 5, 40))
    market.on_quote_frame(
        frame("bbo", {"coin": COIN, "time": NOW_MS, "bbo": [{"px": "99.5", "sz": "2", "n": 1}, None]}), NOW_MS
    )
    book = Book(COIN, NOW_MS - 10, (levels((99.0, 1.0)), levels((101.0, 3.0))))
    market.on_book_frame(frame("l2Book", msgspec.to_builtins(book)), NOW_MS)
    view = view_of(market, NOW_MS + 15_000, stale_after_ms=15_000, cut_off=False)
    assert (view.quote, view.books) == (Quote(COIN, NOW_MS, Level(99.5, 2.0, 1), None), (book,))
    assert (view.maximum_leverage, view.size_decimals, view.trouble) == (40, 5, "")
    assert view_of(market, NOW_MS, stale_after_ms=15_000, cut_off=True).trouble == "cut off"
    assert view_of(market, NOW_MS + 15_001, stale_after_ms=15_000, cut_off=False).trouble == "stale"


def test_a_market_without_data_is_stale() -> None:
    view = view_of(a_market(), NOW_MS, stale_after_ms=15_000, cut_off=False)
    assert (view.trouble, view.touch, view.maximum_leverage) == ("stale", None, None)


def test_a_fast_book_is_shown_and_keeps_no_dead_market_alive() -> None:
    market = a_market()
    slow, fast = a_book(NOW_MS - 4_000), a_book(NOW_MS, bids=((99.9, 1.0),), asks=((100.1, 1.0),))
    market.on_book_frame(frame("l2Book", msgspec.to_builtins(slow)), NOW_MS - 4_000)
    market.on_fast_book_frame(frame("l2Book", msgspec.to_builtins(fast)), NOW_MS)
    view = view_of(market, NOW_MS, stale_after_ms=15_000, cut_off=False)
    assert view.books == (fast, slow)
    assert (view.closing_price(1), view.closing_price(-1), view.trouble) == (99.9, 100.1, "")
    assert view_of(market, NOW_MS + 11_001, stale_after_ms=15_000, cut_off=False).trouble == "stale"


def test_a_fast_book_that_cannot_be_is_left_out_and_forgotten_with_its_stream() -> None:
    market = a_market()
    slow, absurd = a_book(NOW_MS - 1_000), a_book(NOW_MS, bids=((1e-13, 1.0),))
    market.on_book_frame(frame("l2Book", msgspec.to_builtins(slow)), NOW_MS - 1_000)
    market.on_fast_book_frame(frame("l2Book", msgspec.to_builtins(absurd)), NOW_MS)
    view = view_of(market, NOW_MS, stale_after_ms=15_000, cut_off=False)
    assert (view.books, view.closing_price(1), view.trouble) == ((slow,), 99.0, "")
    assert len(market.books()) == 2
    market.forget_fast_book()
    assert market.books() == (slow,)
