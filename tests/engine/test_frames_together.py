"""Frames that waited together are one input: what comes of them is what each alone would have given."""

import json

import msgspec
import pytest
from core_driver import Driver, trade
from hypothesis import given
from hypothesis import strategies as st

from app.core.record import FRAMES_BYTES, Kind, pack_frames

PRINTS = st.tuples(st.integers(1, 12), st.integers(-70_000, 4_000), st.sampled_from((99.5, 100.0, 101.0)))


def a_driver() -> Driver:
    driver = Driver()
    driver.start()
    driver.list_markets()
    for coin in ("BTC", "ETH"):
        driver.open("trades", coin)
        driver.open("l2Book", coin)
    driver.tick()
    return driver


def frame_of(driver: Driver, *prints: tuple[int, int, float], coin: str = "BTC") -> bytes:
    """A frame of trades: id, time against the engine's in ms, and price of each."""
    data = [trade(coin, price, tid, driver.now_ms + after_ms) for tid, after_ms, price in prints]
    return json.dumps({"channel": "trades", "data": data}, separators=(",", ":")).encode()


def put_together(driver: Driver, frames: list[bytes], channel: str = "trades") -> None:
    driver.put(Kind.FRAMES, pack_frames(frames), driver.streams[channel, "BTC"])


def put_alone(driver: Driver, frames: list[bytes]) -> None:
    for frame in frames:
        driver.put(Kind.FRAME, frame, driver.streams["trades", "BTC"])


def state(driver: Driver) -> tuple[object, ...]:
    """All that trades may change."""
    core, market = driver.core, driver.core.markets["BTC"]
    candles = {interval: market.candles[interval].candles() for interval in ("1s", "1m", "1h")}
    health = core.connections.data
    counts = core.events, core.parse_errors, health.frames, health.holes, market.tape.duplicates, market.refused
    return market.tape.trades(), market.price, candles, counts, core.journal.log_sha256


@given(st.lists(st.lists(PRINTS, max_size=3), min_size=1, max_size=6))
def test_together_is_as_one_by_one(prints: list[list[tuple[int, int, float]]]) -> None:
    together, alone = a_driver(), a_driver()
    frames = [frame_of(alone, *those) for those in prints]
    put_together(together, frames)
    put_alone(alone, frames)
    for driver in (together, alone):
        driver.tick(3)
    assert state(together) == state(alone)


def test_one_that_is_of_no_use_costs_none_of_the_others() -> None:
    driver = a_driver()
    sound = [frame_of(driver, (number, -100, 100.0)) for number in (1, 2)]
    frames = driver.core.connections.data.frames
    put_together(driver, [sound[0], sound[1][:-20], frame_of(driver, (3, -100, 100.0), coin="ETH"), sound[1]])
    assert [kept.trade_id for kept in driver.core.markets["BTC"].tape.trades()] == [1, 2]
    assert (driver.core.parse_errors, driver.core.connections.data.frames - frames) == (2, 4)
    # What the others held is asked for.
    assert [request.channel for request in driver.asked.requests].count("recentTrades") == 1


def test_trades_of_another_coin_are_refused_in_company_too() -> None:
    driver = a_driver()
    put_together(
        driver, [frame_of(driver, (number, -100, 100.0), coin=coin) for number, coin in enumerate(("BTC", "ETH"), 1)]
    )
    assert [kept.coin for kept in driver.core.markets["BTC"].tape.trades()] == ["BTC"]
    assert driver.core.parse_errors == 1


def test_frames_of_other_streams_are_taken_one_by_one() -> None:
    driver = a_driver()
    books = [
        msgspec.json.encode(
            {"channel": "l2Book", "data": {"coin": "BTC", "time": driver.now_ms + after, "levels": [[], []]}}
        )
        for after in (-20, -10)
    ]
    put_together(driver, books, "l2Book")
    book = driver.core.markets["BTC"].book()
    assert book is not None
    assert book.time_ms == driver.now_ms - 10
    assert driver.core.connections.data.frames == len(books)


@pytest.mark.parametrize("payload", [b"", b"\x91", b"\x91\x01", b"{}", pack_frames([bytes(FRAMES_BYTES)])])
def test_what_is_no_list_of_frames_is_refused(payload: bytes) -> None:
    driver = a_driver()
    driver.put(Kind.FRAMES, payload, driver.streams["trades", "BTC"])
    assert driver.core.parse_errors == 1
    assert driver.core.connections.data.frames == 0
