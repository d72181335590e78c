"""One coin opened up: what is shown is what the core holds, and looking changes nothing that is derived."""

import msgspec
import pytest
from core_driver import START_MS, Driver

from app.core.record import Kind
from app.engine.market_detail import market_detail
from app.engine.protocol import LookAt, MarketDetail


@pytest.fixture
def driver() -> Driver:
    driver = Driver()
    driver.start()
    driver.list_markets()
    for channel in ("trades", "bbo", "l2Book"):
        driver.open(channel, "BTC")
    return driver


def detail(driver: Driver, interval: str = "1m") -> MarketDetail:
    found = market_detail(driver.core, "BTC", interval)
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
    assert market_detail(driver.core, "NOPE", "1m") is None


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
