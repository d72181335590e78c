import csv
import gzip
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.config.settings import MarketsSettings
from app.core.errors import FrameError
from app.core.events import Book, Candle, Level, Listing, MarketContext, Quote, Side, Trade
from app.markets.candles import DAY_MS
from app.markets.market import Market

T = TypeVar("T")
NOW_MS = 1_756_904_100_000
"""A whole minute."""
TICKS = Path(__file__).parents[2] / "../shared/data/ticks"


def decoder(kind: type[T]) -> Callable[[bytes], T]:
    def decode_frame(frame: bytes) -> T:
        try:
            return msgspec.json.decode(frame, type=kind)
        except msgspec.DecodeError as error:
            raise FrameError(f"not a frame: {error}") from error

    return decode_frame


def a_market(listing: Listing | str = "BTC", stale_after_s: float = 15.0) -> Market:
    settings = MarketsSettings(stale_after_s=stale_after_s)
    return Market(listing, settings, decoder(Book), decoder(Quote), decoder(MarketContext))


def a_trade(time_ms: int, price: float = 100.0, trade_id: int = 1, side: Side = Side.BUY) -> Trade:
    return Trade("BTC", side, price, 1.0, time_ms, trade_id)


def levels(*prices: float) -> tuple[Level, ...]:
    return tuple(Level(price, 1.0, 1) for price in prices)


def a_book(time_ms: int, bids: Sequence[float] = (99.0, 98.0), asks: Sequence[float] = (101.0, 102.0)) -> bytes:
    return msgspec.json.encode(Book("BTC", time_ms, (levels(*bids), levels(*asks))))


def a_quote(time_ms: int, bid: float | None = 99.5, ask: float | None = 100.5) -> bytes:
    sides = (None if price is None else Level(price, 1.0, 1) for price in (bid, ask))
    return msgspec.json.encode(Quote("BTC", time_ms, *sides))


CONTEXT = MarketContext("BTC", 0.0000125, 20.0, 80.0, 5e6, 101.0, 100.9, None)


def test_before_any_data_nothing_is_known() -> None:
    market = a_market()
    assert market.stale(NOW_MS)
    assert not market.on_second(NOW_MS)
    row = (market.price, market.bid, market.ask, market.spread_bps, market.newest_ms, market.rules(), market.funding)
    assert row == (None,) * 7
    assert (market.change_1m, market.change_1h, market.change_24h) == (None, None, None)
    assert (market.price_decimals, market.facts(NOW_MS)) == (2, None)


def test_touch_and_price_come_from_the_freshest() -> None:
    market = a_market()
    market.on_book_frame(a_book(NOW_MS), NOW_MS)
    assert (market.bid, market.ask, market.price) == (99.0, 101.0, 100.0)
    market.on_quote_frame(a_quote(NOW_MS + 1, 99.5, 100.0), NOW_MS + 1)
    assert (market.bid, market.ask, market.price) == (99.5, 100.0, 99.75)
    market.on_book_frame(a_book(NOW_MS + 2), NOW_MS + 2)
    assert market.price == 100.0
    market.on_trades([a_trade(NOW_MS + 3, 101.0)], NOW_MS + 3)
    assert market.price == 101.0
    assert market.newest_ms == NOW_MS + 3


def test_spread_in_basis_points() -> None:
    market = a_market()
    market.on_quote_frame(a_quote(NOW_MS, 99.5, 100.5), NOW_MS)
    assert market.spread_bps == pytest.approx(100.0)


def test_an_empty_side_leaves_the_trade_as_price() -> None:
    market = a_market()
    market.on_trades([a_trade(NOW_MS - 500, 100.5)], NOW_MS)
    market.on_quote_frame(a_quote(NOW_MS, 99.0, None), NOW_MS)
    assert (market.bid, market.ask, market.mid, market.spread_bps, market.price) == (99.0, None, None, None, 100.5)
    assert market.facts(NOW_MS) is None


@pytest.mark.parametrize(
    "frame",
    [
        a_book(NOW_MS, bids=(101.0,), asks=(101.0,)),
        a_book(NOW_MS, bids=(102.0,), asks=(101.0,)),
        a_book(NOW_MS, bids=(98.0, 99.0)),
        a_book(NOW_MS, asks=(102.0, 101.0)),
        a_book(NOW_MS + DAY_MS + 1),
        a_book(NOW_MS).replace(b"BTC", b"ETH"),
        b"{}",
        b"\xff",
    ],
)
def test_hazard_7_a_bad_book_means_no_book_and_is_counted_once(frame: bytes) -> None:
    market = a_market()
    market.on_book_frame(a_book(NOW_MS), NOW_MS)
    assert market.book() is not None
    market.on_book_frame(frame, NOW_MS)
    assert (market.book(), market.book(), market.parse_errors) == (None, None, 1)
    assert market.last_error
    market.on_book_frame(a_book(NOW_MS), NOW_MS)
    assert market.book() is not None
    assert market.parse_errors == 1


def test_a_crossed_quote_falls_back_to_the_book() -> None:
    market = a_market()
    market.on_book_frame(a_book(NOW_MS), NOW_MS)
    market.on_quote_frame(a_quote(NOW_MS + 1, 100.5, 100.5), NOW_MS + 1)
    assert (market.price, market.parse_errors) == (100.0, 1)


def test_duplicates_and_trades_far_ahead_change_only_counters() -> None:
    market = a_market()
    market.on_trades([a_trade(NOW_MS)], NOW_MS)
    before = market.candles["1m"].candles()
    assert not market.on_trades([a_trade(NOW_MS)], NOW_MS)
    assert not market.on_trades([a_trade(NOW_MS + DAY_MS + 1, trade_id=2)], NOW_MS)
    assert (market.tape.duplicates, market.refused) == (1, 1)
    assert market.candles["1m"].candles() == before


def test_those_who_look_at_trades_get_each_once_and_as_it_came() -> None:
    market = a_market()
    ahead = a_trade(NOW_MS + DAY_MS // 2, trade_id=2)
    market.on_trades([a_trade(NOW_MS), ahead], NOW_MS)
    assert market.fresh_trades == [a_trade(NOW_MS), ahead]
    market.on_trades([a_trade(NOW_MS), ahead, a_trade(NOW_MS + 1, trade_id=3)], NOW_MS)
    assert market.fresh_trades == [a_trade(NOW_MS + 1, trade_id=3)]
    market.on_trades([a_trade(NOW_MS)], NOW_MS)
    assert market.fresh_trades == []


def test_trades_close_candles_of_all_intervals() -> None:
    market = a_market()
    market.on_trades([a_trade(NOW_MS, trade_id=1)], NOW_MS)
    closed = market.on_trades([a_trade(NOW_MS + 60_000, trade_id=2)], NOW_MS + 60_000)
    assert [event.candle.interval for event in closed] == ["1s", "1m"]


def test_time_closes_candles() -> None:
    market = a_market()
    market.on_trades([a_trade(NOW_MS)], NOW_MS)
    closed = market.on_second(NOW_MS + 3_000)
    assert [(event.candle.interval, event.candle.open_ms) for event in closed] == [("1s", NOW_MS)]


def test_an_older_trade_is_not_the_last_one() -> None:
    market = a_market()
    market.on_trades([a_trade(NOW_MS, 100.0, 1)], NOW_MS)
    market.on_trades([a_trade(NOW_MS - 5, 90.0, 2)], NOW_MS)
    assert market.price == 100.0


def test_data_dated_ahead_is_as_old_as_its_arrival() -> None:
    market = a_market()
    market.on_quote_frame(a_quote(NOW_MS + DAY_MS), NOW_MS)
    market.on_trades([a_trade(NOW_MS + DAY_MS // 2)], NOW_MS)
    assert market.newest_ms == NOW_MS
    assert market.stale(NOW_MS + 15_001)


def test_stale_data_switches_the_rules_off() -> None:
    market = a_market()
    market.on_quote_frame(a_quote(NOW_MS), NOW_MS)
    market.on_second(NOW_MS + 15_000)
    assert market.rules() is not None
    market.on_second(NOW_MS + 16_000)
    assert market.rules() is None
    assert market.stale(NOW_MS + 16_000)
    assert market.price == 100.0


def run_minutes(market: Market, minutes: int, per_second: float) -> int:
    """A quote a second whose mid rises by `per_second`, from 100; returns the last second's time."""
    for second in range(60 * minutes + 1):
        now_ms = NOW_MS + 1_000 * second
        mid = 100 + per_second * second
        market.on_quote_frame(a_quote(now_ms, mid - 0.005, mid + 0.005), now_ms)
        market.on_second(now_ms)
    return NOW_MS + 60_000 * minutes


def test_a_rising_minute_reads_as_one() -> None:
    market = a_market()
    now_ms = run_minutes(market, 1, 0.01)
    read = market.rules()
    assert read is not None
    assert (read.coin, read.at_ms, read.direction, read.freshness) == ("BTC", now_ms, 1, "EXHAUSTED")
    assert read.momentum is not None
    assert read.momentum > 95
    assert read.continuation is not None
    assert market.change_1m == pytest.approx(0.006)
    facts = market.facts(now_ms)
    assert facts is not None
    assert (facts.bid, facts.ask, facts.newest_ms) == (market.bid, market.ask, now_ms)


def test_days_of_silence_leave_sound_numbers() -> None:
    market = a_market()
    later_ms = run_minutes(market, 2, 0.01) + 10 * DAY_MS
    market.on_second(later_ms - 1_000)
    market.on_quote_frame(a_quote(later_ms), later_ms)
    market.on_second(later_ms)
    read = market.rules()
    assert read is not None
    assert (read.momentum, read.pressure, read.continuation, market.change_1m) == (None, 50, None, None)


def test_before_a_whole_minute_the_rules_claim_nothing() -> None:
    market = a_market()
    for second in range(59):
        market.on_quote_frame(a_quote(NOW_MS + 1_000 * second, 99.0 + second, 99.5 + second), NOW_MS + 1_000 * second)
        market.on_second(NOW_MS + 1_000 * second)
    read = market.rules()
    assert read is not None
    assert (read.direction, read.momentum, read.continuation) == (0, None, None)


def test_what_needs_a_whole_minute_says_how_long_it_waits_and_waits_again_after_a_hole() -> None:
    market = a_market()
    assert market.minute_in_s(NOW_MS) == 60
    waits = []
    for second in (*range(62), *range(80, 82)):
        market.on_quote_frame(a_quote(NOW_MS + 1_000 * second), NOW_MS + 1_000 * second)
        market.on_second(NOW_MS + 1_000 * second)
        waits.append(market.minute_in_s(NOW_MS + 1_000 * second))
        read = market.rules()
        assert read is not None
        assert (read.momentum is None) == (waits[-1] > 0)
    assert waits[:3] + waits[58:] == [60, 59, 58, 2, 1, 0, 0, 60, 59]


def test_a_freshness_is_told_once_it_has_held() -> None:
    market = a_market()
    told = []
    for second in range(70):
        now_ms = NOW_MS + 1_000 * second
        market.on_quote_frame(a_quote(now_ms, 99.0 + second / 100, 99.5 + second / 100), now_ms)
        market.on_second(now_ms)
        read = market.rules()
        told.append((read.freshness if read is not None else None, market.lasting_freshness))
    first = next(place for place, (word, _) in enumerate(told) if word is not None)
    assert [lasting for _, lasting in told[first : first + 4]] == [None, None, None, told[first][0]]


def test_the_hour_comes_from_samples_else_from_candles() -> None:
    market = a_market()
    candle = Candle("BTC", "1m", NOW_MS - 3_660_000, 79.0, 81.0, 78.0, 80.0, 1.0, 3)
    market.merge_candles("1m", [candle], NOW_MS)
    market.on_quote_frame(a_quote(NOW_MS), NOW_MS)
    market.on_second(NOW_MS)
    assert market.change_1h == pytest.approx(0.25)
    now_ms = run_minutes(market, 60, 0.001)
    assert now_ms == NOW_MS + 3_600_000
    assert market.change_1h == pytest.approx(0.036)


def test_context_from_frame_and_from_answer() -> None:
    market = a_market()
    market.on_quote_frame(a_quote(NOW_MS), NOW_MS)
    market.on_context_frame(msgspec.json.encode(CONTEXT), NOW_MS)
    assert market.context() == CONTEXT
    assert (market.funding, market.open_interest_usd, market.day_volume_usd) == (0.0000125, 2_020.0, 5e6)
    assert market.change_24h == pytest.approx(0.25)
    market.on_context(msgspec.structs.replace(CONTEXT, funding=0.5, previous_day_price=0.0))
    assert (market.funding, market.change_24h) == (0.5, None)
    market.on_context_frame(b"[]", NOW_MS)
    assert (market.context(), market.parse_errors) == (None, 1)


def test_decimals_follow_the_listing() -> None:
    market = a_market()
    market.on_quote_frame(a_quote(NOW_MS, 1.5, 1.6), NOW_MS)
    assert market.price_decimals == 4
    market.on_listing(Listing("BTC", 4, 50))
    assert market.price_decimals == 2
    assert a_market(Listing("ETH", 4, 50)).coin == "ETH"


frames = st.one_of(
    st.tuples(st.just("trade"), st.integers(0, 120), st.integers(90, 110)),
    st.tuples(st.just("book"), st.integers(90, 110), st.integers(90, 110)),
    st.tuples(st.just("quote"), st.integers(90, 110), st.integers(90, 110)),
    st.tuples(st.just("second"), st.integers(1, 20), st.just(0)),
    st.tuples(st.just("look"), st.just(0), st.just(0)),
)


def play(market: Market, calls: list[tuple[str, int, int]], *, look: bool) -> list[object]:
    now_ms = NOW_MS
    told: list[object] = []
    for kind, first, second in calls:
        if kind == "trade":
            told.append(market.on_trades([a_trade(now_ms - 1_000 * first, float(second), first * 1_000 + 1)], now_ms))
        elif kind == "book":
            market.on_book_frame(a_book(now_ms, (float(first),), (float(second),)), now_ms)
        elif kind == "quote":
            market.on_quote_frame(a_quote(now_ms, float(first), float(second)), now_ms)
        elif kind == "second":
            now_ms += 1_000 * first
            told += [market.on_second(now_ms), market.rules(), market.price, market.change_1m, market.facts(now_ms)]
        elif look:
            assert market.touch is None or market.touch.time_ms <= now_ms
    return told


@given(st.lists(frames, max_size=80))
def test_the_same_calls_give_the_same_results_whoever_looks(calls: list[tuple[str, int, int]]) -> None:
    assert play(a_market(), calls, look=True) == play(a_market(), calls, look=False)


@given(st.lists(frames, max_size=80))
def test_rules_are_off_exactly_when_stale(calls: list[tuple[str, int, int]]) -> None:
    market = a_market(stale_after_s=5.0)
    play(market, calls, look=False)
    now_ms = NOW_MS + 10_000_000
    market.on_second(now_ms)
    assert market.stale(now_ms)
    assert market.rules() is None


@pytest.mark.real
@pytest.mark.skipif(not TICKS.exists(), reason="needs ../shared")
def test_real_books_and_trades_give_reads() -> None:
    market = a_market()
    inputs = sorted(real_books() + real_trades(), key=lambda pair: pair[0])
    second, reads = 0, 0
    for now_ms, data in inputs:
        if now_ms // 1_000 > second:
            second = now_ms // 1_000
            market.on_second(1_000 * second)
            reads += market.rules() is not None
        if isinstance(data, Trade):
            market.on_trades([data], now_ms)
        else:
            market.on_book_frame(data, now_ms)
    assert reads > 100
    assert (market.parse_errors, market.refused) == (0, 0)
    assert market.price == pytest.approx(111_000, rel=0.02)


def real_books() -> list[tuple[int, Trade | bytes]]:
    with gzip.open(TICKS / "hyperliquid_orderbooks_BTC_2025-09-03.csv.gz", "rt") as file:
        rows = list(csv.DictReader(file))
    return [(round(1_000 * float(row["timestamp"])), real_book(row)) for row in rows]


def real_book(row: dict[str, str]) -> bytes:
    bids, asks = (
        tuple(Level(float(row[f"{side}_price_{depth}"]), float(row[f"{side}_size_{depth}"])) for depth in range(20))
        for side in ("bid", "ask")
    )
    return msgspec.json.encode(Book("BTC", int(row["exchange_timestamp"]), (bids, asks)))


def real_trades() -> list[tuple[int, Trade | bytes]]:
    with gzip.open(TICKS / "hyperliquid_trades_BTC_2025-09-03.csv.gz", "rt") as file:
        rows = list(csv.DictReader(file))
    return [(round(1_000 * float(row["timestamp"])), real_trade(row)) for row in rows]


def real_trade(row: dict[str, str]) -> Trade:
    side = Side.BUY if row["side"] == "buy" else Side.SELL
    time_ms, trade_id = int(row["exchange_timestamp"]), int(row["trade_id"])
    return Trade("BTC", side, float(row["price"]), float(row["size"]), time_ms, trade_id)
