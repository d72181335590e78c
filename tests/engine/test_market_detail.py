"""One coin opened up: what is shown is what the core holds, and looking changes nothing that is derived."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
import pytest
from core_driver import START_MS, Driver, trade
from hypothesis import given
from hypothesis import strategies as st

from app.core.events import Book, Candle, Level
from app.core.record import Dropped, Kind, Request
from app.engine.market_detail import MarketDetails, imbalance, joined_levels
from app.engine.protocol import LookAt, SetRecording
from app.engine.protocol_detail import LevelView, MarketDetail


@pytest.fixture
def driver() -> Driver:
    driver = Driver()
    driver.start()
    driver.list_markets()
    for channel in ("trades", "bbo", "l2Book"):
        driver.open(channel, "BTC")
    return driver


def detail(driver: Driver, interval: str = "1m", budget_wait_s: float = 0.0) -> MarketDetail:
    found = MarketDetails().of(driver.core, "BTC", interval, budget_wait_s)
    assert found is not None
    return found


def look(driver: Driver, coin: str, interval: str) -> tuple[bool, str]:
    driver.put(Kind.COMMAND, msgspec.msgpack.encode(LookAt(coin, interval)))
    return driver.core.command_result


def asked_for_candles(driver: Driver, coin: str, interval: str) -> int:
    return sum(
        (request.channel, request.subject, request.variant) == ("candleSnapshot", coin, interval)
        for request in driver.asked.requests
    )


def test_a_coin_nobody_follows_has_no_detail(driver: Driver) -> None:
    assert MarketDetails().of(driver.core, "NOPE", "1m") is None


def test_trades_come_newest_first_with_side_and_rank(driver: Driver) -> None:
    for number, side in enumerate("BABB"):
        driver.trade("BTC", 100 + number, tid=number + 1, side=side)
    trades = detail(driver).trades
    assert [(trade.trade_id, trade.side) for trade in trades] == [(4, 1), (3, 1), (2, -1), (1, 1)]
    # All are of one size: none is smaller than another.
    assert {trade.percentile for trade in trades} == {100.0}


def test_the_rank_of_a_print_is_the_share_that_is_no_larger(driver: Driver) -> None:
    sizes = ["1", "2", "3", "4"]
    trades = [
        {"coin": "BTC", "side": "B", "px": "100", "sz": size, "time": START_MS, "tid": number + 1}
        for number, size in enumerate(sizes)
    ]
    driver.frame("trades", "BTC", trades)
    assert [trade.percentile for trade in detail(driver).trades] == [100.0, 75.0, 50.0, 25.0]


def test_the_book_with_its_imbalance(driver: Driver) -> None:
    assert (detail(driver).bids, detail(driver).imbalance) == ((), None)
    sides = [[{"px": "99", "sz": "3", "n": 2}], [{"px": "101", "sz": "1", "n": 1}]]
    driver.frame("l2Book", "BTC", {"coin": "BTC", "time": START_MS, "levels": sides})
    seen = detail(driver)
    assert (seen.bids[0].price, seen.asks[0].price, seen.imbalance) == (99.0, 101.0, 0.5)


def a_book(*sides: Sequence[tuple[float, int]]) -> list[list[dict[str, object]]]:
    return [[{"px": str(price), "sz": "1", "n": orders} for price, orders in side] for side in sides]


def test_the_best_levels_are_those_of_the_fast_book_and_the_deeper_ones_keep_their_age(driver: Driver) -> None:
    deep = a_book([(99 - level, 1) for level in range(20)], [(101 + level, 1) for level in range(20)])
    near = a_book([(98.5 - level, 2) for level in range(5)], [(103.5 + level, 2) for level in range(5)])
    driver.open("l2Book", "BTC", "fast")
    driver.streams["fast", "BTC"] = driver.streams["l2Book", "BTC"]
    driver.open("l2Book", "BTC")
    driver.frame("l2Book", "BTC", {"coin": "BTC", "time": START_MS, "levels": deep})
    assert (detail(driver).near_levels, detail(driver).deep_age_ms) == (0, None)
    driver.now_ms += 4_000
    frame = {"channel": "l2Book", "data": {"coin": "BTC", "time": driver.now_ms, "levels": near}}
    driver.put(Kind.FRAME, json.dumps(frame).encode(), driver.streams["fast", "BTC"])
    driver.now_ms += 500
    driver.tick(0)
    seen = detail(driver)
    assert [level.price for level in seen.bids[:7]] == [98.5, 97.5, 96.5, 95.5, 94.5, 94, 93]
    assert [level.price for level in seen.asks[:7]] == [103.5, 104.5, 105.5, 106.5, 107.5, 108, 109]
    assert [level.orders for level in seen.bids[4:6]] == [2, 1]
    assert (seen.book_age_ms, seen.near_levels, seen.deep_age_ms) == (500, 5, 4_500)


def test_a_short_side_of_a_fast_book_is_all_there_is(driver: Driver) -> None:
    def side(direction: int, count: int) -> tuple[Level, ...]:
        return tuple(Level(100.0 + direction * level, 1.0, 1) for level in range(1, count + 1))

    def book(bids: int, asks: int) -> Book:
        return Book("BTC", START_MS, (side(-1, bids), side(1, asks)))

    bids, asks = joined_levels(book(2, 5), book(20, 20))
    assert (len(bids), len(asks)) == (2, 20)
    assert joined_levels(None, None) == ((), ())


def test_candles_are_those_of_the_interval_with_the_open_one_last(driver: Driver) -> None:
    driver.trade("BTC", 100, tid=1)
    driver.now_ms += 60_000
    driver.trade("BTC", 103, tid=2)
    assert [candle.close for candle in detail(driver, "1m").candles] == [100.0, 103.0]
    assert [(candle.open, candle.close) for candle in detail(driver, "1h").candles] == [(100.0, 103.0)]
    assert detail(driver, "5m").interval_ms == 300_000


def test_reads_are_kept_second_by_second(driver: Driver) -> None:
    driver.quote("BTC", 99, 101)
    driver.tick(1)
    driver.tick(1)
    assert [point.at_ms for point in detail(driver).reads] == [START_MS + 1_000, START_MS + 2_000]


def test_looking_asks_once_for_a_past_that_is_not_there(driver: Driver) -> None:
    assert look(driver, "BTC", "15m") == (True, "")
    assert look(driver, "BTC", "15m") == (True, "")
    assert asked_for_candles(driver, "BTC", "15m") == 1
    look(driver, "BTC", "1m")
    assert asked_for_candles(driver, "BTC", "1m") == 1
    look(driver, "BTC", "1s")
    assert asked_for_candles(driver, "BTC", "1s") == 0


def test_a_past_that_did_not_come_is_asked_for_again(driver: Driver) -> None:
    look(driver, "BTC", "15m")
    driver.answer(driver.asked.requests[-1], b"", status=500)
    look(driver, "BTC", "15m")
    assert asked_for_candles(driver, "BTC", "15m") == 2


@pytest.mark.parametrize(("coin", "interval", "words"), [("NOPE", "1m", "not followed"), ("BTC", "2m", "1s, 1m, 5m")])
def test_what_cannot_be_looked_at_is_said(driver: Driver, coin: str, interval: str, words: str) -> None:
    ok, message = look(driver, coin, interval)
    assert not ok
    assert words in message


def test_looking_derives_nothing(driver: Driver) -> None:
    driver.trade("BTC", 100, tid=1)
    before = driver.core.journal.log_sha256
    look(driver, "BTC", "5m")
    for interval in ("1s", "1m", "5m", "15m", "1h"):
        detail(driver, interval)
    assert driver.core.journal.log_sha256 == before


# What the candles wait for.


def asked_past(driver: Driver, interval: str) -> Request:
    """Look, and let the question be an input, as the client does."""
    look(driver, "BTC", interval)
    request = driver.asked.requests[-1]
    assert (request.subject, request.variant) == ("BTC", interval)
    driver.put(Kind.REQUEST, request)
    return request


def wire_candle(driver: Driver, interval: str, length_ms: int) -> dict[str, object]:
    start_ms = driver.now_ms - driver.now_ms % length_ms - length_ms
    return {
        "t": start_ms, "T": start_ms + length_ms - 1, "s": "BTC", "i": interval,
        "o": "100", "c": "101", "h": "102", "l": "99", "v": "5", "n": 3,
    }  # fmt: skip


def test_a_chart_says_that_its_past_is_asked_for_until_it_is_here(driver: Driver) -> None:
    driver.trade("BTC", 100, tid=1)
    request = asked_past(driver, "15m")
    assert detail(driver, "15m").waiting_for == "The 15m history is asked for…"
    assert len(detail(driver, "15m").candles) == 1
    driver.answer(request, [wire_candle(driver, "15m", 900_000)])
    assert (len(detail(driver, "15m").candles), detail(driver, "15m").waiting_for) == (2, "")


def test_a_past_that_waits_says_so_and_no_number_that_a_hurried_question_would_belie(driver: Driver) -> None:
    for request in driver.asked.requests[1:]:
        driver.put(Kind.REQUEST, request)
    asked_past(driver, "5m")
    asked_past(driver, "15m")
    for interval in ("5m", "15m"):
        assert detail(driver, interval).waiting_for == f"The {interval} history is asked for…"


def test_a_past_that_waits_for_nobody_is_hurried_by_a_look(driver: Driver) -> None:
    for request in driver.asked.requests[1:]:
        driver.put(Kind.REQUEST, request)
    before = len(driver.asked.requests)
    assert look(driver, "BTC", "1h")[0]
    assert (driver.asked.hurried, len(driver.asked.requests)) == ([("candleSnapshot", "BTC", "1h")], before)
    hours = next(each for each in driver.asked.requests if (each.subject, each.variant) == ("BTC", "1h"))
    driver.answer(hours, [wire_candle(driver, "1h", 3_600_000)])
    look(driver, "BTC", "1h")
    assert (len(driver.asked.hurried), len(driver.asked.requests)) == (1, before)


def test_a_past_that_waits_for_the_budget_says_how_long(driver: Driver) -> None:
    asked_past(driver, "5m")
    assert "waits for the request budget: 23 s" in detail(driver, "5m", budget_wait_s=23.2).waiting_for
    assert "budget" not in detail(driver, "5m", budget_wait_s=0.1).waiting_for


def test_a_past_that_waits_for_the_venue_says_the_trouble_and_the_next_try(driver: Driver) -> None:
    asked_past(driver, "5m")
    driver.put(Kind.DROP, Dropped("hyperliquid", "requests", "the venue refuses \x1b[31mrequests (429)", 8.0))
    words = detail(driver, "5m").waiting_for
    assert "the venue refuses" in words
    assert "(429); next try in 8 s" in words
    assert "\x1b" not in words


def test_a_past_that_did_not_come_says_why_until_it_is_asked_for_again(driver: Driver) -> None:
    driver.answer(asked_past(driver, "15m"), b"", status=500)
    assert "did not come: said 500; change the candles" in detail(driver, "15m").waiting_for
    asked_past(driver, "15m")
    assert "is asked for" in detail(driver, "15m").waiting_for


def test_an_answer_that_cannot_be_used_is_no_past(driver: Driver) -> None:
    driver.answer(asked_past(driver, "15m"), [{"t": "never"}])
    assert "did not come" in detail(driver, "15m").waiting_for


def test_after_a_long_break_the_past_is_waited_for_again(driver: Driver) -> None:
    driver.answer(asked_past(driver, "15m"), [wire_candle(driver, "15m", 900_000)])
    driver.drop()
    driver.tick(1_800)
    before = len(driver.asked.requests)
    driver.connect()
    for request in driver.asked.requests[before:]:
        driver.put(Kind.REQUEST, request)
    assert "is asked for" in detail(driver, "15m").waiting_for
    asked = next(request for request in driver.asked.requests[before:] if request.variant == "15m")
    driver.answer(asked, [wire_candle(driver, "15m", 900_000)])
    assert detail(driver, "15m").waiting_for == ""


def test_seconds_have_no_past_to_wait_for(driver: Driver) -> None:
    look(driver, "BTC", "1s")
    assert detail(driver, "1s").waiting_for == ""


def test_a_tape_says_what_it_does_not_hold(driver: Driver) -> None:
    driver.core.mode = "tape"
    look(driver, "BTC", "15m")
    assert detail(driver, "15m").waiting_for == "This tape has no 15m history: these candles are made of its trades"


# The book's lean.


def levels(*pairs: tuple[float, float]) -> list[LevelView]:
    return [LevelView(price, size, 1) for price, size in pairs]


BIDS = levels((99, 3), (98, 1), (97, 1))
ASKS = levels((101, 1), (102, 1), (103, 1))


def test_a_level_that_the_quote_has_passed_no_longer_leans_the_book() -> None:
    assert imbalance(BIDS, ASKS, None, None) == imbalance(BIDS, ASKS, 99, 101)
    assert imbalance(BIDS, ASKS, None, None)[0] == (5 - 3) / 8
    # The best bid was taken: two levels of each side are left to compare.
    assert imbalance(BIDS, ASKS, 98.5, 99.5)[0] == 0.0
    assert imbalance(BIDS, ASKS, 99, 102.5) == ((3 - 1) / 4, 1)


def test_a_side_without_a_standing_level_leans_nowhere() -> None:
    assert imbalance(BIDS, ASKS, 96, 96.5) == (None, 0)
    assert imbalance(BIDS, (), 99, None) == (None, 0)


@given(st.floats(90, 110), st.floats(0, 5))
def test_the_lean_of_a_mirrored_book_is_the_opposite(bid: float, spread: float) -> None:
    found, _ = imbalance(BIDS, ASKS, bid, bid + spread)
    mirrored_bids, mirrored_asks = (
        [LevelView(200 - level.price, level.size, 1) for level in side] for side in (ASKS, BIDS)
    )
    mirrored, _ = imbalance(mirrored_bids, mirrored_asks, 200 - bid - spread, 200 - bid)
    assert (found is None) == (mirrored is None)
    assert found is None or mirrored is None or found == pytest.approx(-mirrored)


# What is shared.


@dataclass
class Trading:
    """A market, and a detail of it that was made again after each of its inputs."""

    driver: Driver = field(default_factory=Driver)
    details: MarketDetails = field(default_factory=MarketDetails)
    tid: int = 0

    def __post_init__(self) -> None:
        self.driver.start()
        self.driver.list_markets()
        for channel in ("trades", "bbo", "l2Book"):
            self.driver.open(channel, "BTC")

    def trade(self, ago_ms: int) -> None:
        self.tid += 1
        row = trade("BTC", 100 + self.tid % 5, self.tid, self.driver.now_ms - ago_ms)
        self.driver.frame("trades", "BTC", [row])

    def venue_candle(self, interval: str, ago: int) -> None:
        length_ms = {"1m": 60_000, "15m": 900_000}[interval]
        open_ms = self.driver.now_ms - self.driver.now_ms % length_ms - ago * length_ms
        candle = Candle("BTC", interval, open_ms, 100.0, 104.0 + ago % 3, 98.0, 101.0, 5.0, 3)
        self.driver.core.markets["BTC"].merge_candles(interval, [candle], self.driver.now_ms)

    def book(self, size: int) -> None:
        sides = [[{"px": "99", "sz": str(size), "n": 2}], [{"px": "101", "sz": "1", "n": 1}]]
        self.driver.frame("l2Book", "BTC", {"coin": "BTC", "time": self.driver.now_ms, "levels": sides})

    def seen(self, interval: str) -> MarketDetail:
        found = self.details.of(self.driver.core, "BTC", interval)
        assert found is not None
        return found


steps = st.one_of(
    st.tuples(st.just("trade"), st.sampled_from([100, 4_000, 70_000, 200_000])),
    st.tuples(st.just("tick"), st.sampled_from([0.25, 1.0, 61.0, 120.0])),
    st.tuples(st.just("venue 1m"), st.integers(0, 6)),
    st.tuples(st.just("venue 15m"), st.integers(0, 3)),
    st.tuples(st.just("book"), st.integers(1, 9)),
    st.tuples(st.just("clock"), st.just(-30.0)),
)


@given(st.lists(steps, max_size=25), st.sampled_from(["1s", "1m", "15m"]))
def test_what_is_shared_is_what_would_be_made_anew(taken: list[tuple[str, float]], interval: str) -> None:
    market = Trading()
    for what, amount in taken:
        match what:
            case "trade":
                market.trade(int(amount))
            case "tick" | "clock":
                market.driver.tick(amount)
            case "book":
                market.book(int(amount))
            case _:
                market.venue_candle(what.removeprefix("venue "), int(amount))
        assert market.seen(interval) == detail(market.driver, interval)


def test_a_picture_shares_what_has_closed_with_the_one_before() -> None:
    market = Trading()
    for _ in range(5):
        market.trade(100)
        market.book(3)
        market.driver.tick(60)
    market.trade(100)
    first = market.seen("1m")
    market.trade(50)
    market.driver.tick(1)
    second = market.seen("1m")
    assert first.candles[-1] != second.candles[-1]
    assert all(one is other for one, other in zip(first.candles[:-1], second.candles[:-1], strict=True))
    assert all(one is other for one, other in zip(first.reads, second.reads, strict=False))
    assert second.bids is first.bids
    market.driver.tick(0.25)
    third = market.seen("1m")
    assert (third.candles, third.trades, third.reads) == (second.candles, second.trades, second.reads)
    assert third.candles is second.candles
    assert third.trades is second.trades
    assert third.reads is second.reads


def test_looking_around_keeps_a_bounded_number_of_views() -> None:
    market = Trading()
    market.trade(100)
    market.driver.list_markets([f"C{n}" for n in range(30)])
    for coin in market.driver.core.markets:
        for interval in ("1s", "1m", "5m", "15m", "1h"):
            assert market.details.of(market.driver.core, coin, interval) is not None
    assert len(market.details._opened) <= 8


def test_a_tape_that_is_wound_back_is_looked_at_afresh() -> None:
    market, other = Trading(), Trading()
    market.trade(100)
    assert market.seen("1m").candles
    assert market.details.of(other.driver.core, "BTC", "1m") == detail(other.driver, "1m")
    assert market.details._opened["BTC", "1m"]._market is other.driver.core.markets["BTC"]


@pytest.mark.parametrize("away_s", [31, 0])
def test_what_is_asked_again_goes_first_for_the_chart_that_is_open(driver: Driver, away_s: int) -> None:
    driver.put(Kind.COMMAND, LookAt("BTC", "1h"))
    driver.put(Kind.COMMAND, LookAt("ETH", "1h", client=1))
    driver.put(Kind.COMMAND, LookAt("", "1h", client=1))
    driver.asked.hurried.clear()
    if away_s:
        driver.drop()
        driver.now_ms += 1_000 * away_s
        driver.connect()
    else:
        driver.put(Kind.COMMAND, SetRecording(True))
    assert driver.asked.hurried == [("candleSnapshot", "BTC", "1h")]
