"""Trades of coins that are no markets: who of the followed traded is learned at once, and no more is made of it."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from whale_driver import STRANGER, WhaleDriver, address, settings

from app.config.settings import MarketsSettings, Settings
from app.config.whale_settings import WhalesSettings
from app.core.record import AT_REST, COINS_CONNECTION, FOR_TRADERS, Connected, Kind, StreamOpened
from app.core.record import Dropped as Gone
from app.engine.core import Core
from app.engine.watch import CHANNELS, MarketWatch
from app.engine.whale_coins import SUBSCRIPTIONS, WhaleCoins

WHALE = address(0)
STREAM = 3_000_002


def followed() -> WhaleDriver:
    """BTC and ETH are markets, PEPE is only listed."""
    driver = WhaleDriver(settings())
    driver.held[WHALE] = {"PEPE": 1e6}
    driver.follow()
    driver.put(Kind.CONNECT, Connected("hyperliquid", COINS_CONNECTION))
    driver.put(Kind.STREAM, StreamOpened(STREAM, "hyperliquid", "websocket", "trades", "PEPE", FOR_TRADERS))
    driver.streams["trades", "PEPE"] = STREAM
    return driver


def test_a_trade_of_a_coin_that_is_no_market_has_its_trader_asked_for_at_once() -> None:
    driver = followed()
    assert driver.asked.coins_watched == ["PEPE"]
    driver.trades(WHALE, "PEPE", 3e6)
    driver.tick(0.2)
    assert [request.subject for request in driver.waiting()] == [WHALE]
    driver.carry()
    move = driver.moves[-1]
    assert (move.coin, move.size_before, move.size_after, move.learned) == ("PEPE", 1e6, 3e6, "trade")
    assert driver.alerts[-1].coin == "PEPE"
    assert set(driver.core.markets) == {"BTC", "ETH"}
    assert driver.core.connections.coins.frames == 1


def test_of_strangers_nothing_is_kept_but_the_price() -> None:
    driver = followed()
    before = len(driver.asked_at)
    users = [STRANGER, "0x" + "e" * 40]
    printed = {"coin": "PEPE", "side": "B", "px": "1.5", "sz": "1e7", "time": driver.now_ms, "tid": 1, "users": users}
    driver.frame("trades", "PEPE", [printed])
    driver.tick(0.2)
    assert (driver.waiting(), driver.moves, driver.alerts, len(driver.asked_at)) == ([], [], [], before)
    assert driver.whales.coins.prices == {"PEPE": 1.5}
    assert driver.whales.coins.trades == 1


def test_how_many_coins_are_watched_is_told_as_the_venue_streams_them() -> None:
    driver = followed()
    tracker = driver.view().tracker
    assert (tracker.trade_coins, tracker.listed_coins) == (3, 3)
    driver.put(Kind.DROP, Gone("hyperliquid", COINS_CONNECTION, "reset by peer", 1.0))
    assert driver.view().tracker.trade_coins == 2
    driver.put(Kind.DROP, Gone("hyperliquid", COINS_CONNECTION, AT_REST))
    assert driver.view().tracker.listed_coins == 3


def test_a_message_that_cannot_be_read_is_counted_and_spoils_no_market() -> None:
    driver = followed()
    driver.frame("trades", "PEPE", [{"coin": "BTC"}])
    assert driver.core.connections.coins.parse_errors == 1
    assert driver.core.connections.data.parse_errors == 0
    assert driver.asked.requests[-1].channel != "recentTrades"


def test_a_replay_takes_the_same_trades_for_the_same() -> None:
    driver = followed()
    driver.trades(WHALE, "PEPE", 3e6)
    driver.run(3)
    again = Core("tape", driver.settings)
    for record in driver.records:
        again.dispatch(record)
    assert driver.core.journal.trader_moves
    assert again.journal.log_sha256 == driver.core.journal.log_sha256
    assert set(again.markets) == {"BTC", "ETH"}


def test_nothing_is_watched_where_nobody_is_followed() -> None:
    chosen = msgspec.structs.replace(settings(), whales=WhalesSettings(enabled=False))
    driver = WhaleDriver(chosen)
    driver.follow()
    assert driver.asked.coins_watched == []


class Watched:
    """Notes what is watched."""

    def __init__(self) -> None:
        self.coins: list[str] = []

    def watch_trades(self, coins: Any) -> None:
        self.coins = list(coins)


def chosen_of(volumes: dict[str, float], held: dict[str, float], markets: set[str], limit: int) -> list[str]:
    watch, watched = MarketWatch("hyperliquid"), Watched()
    watch.effects = watched  # type: ignore[assignment]
    coins = WhaleCoins(WhalesSettings(trade_coins=limit), watch, markets, frozenset(), lambda trade, now_ms: None)
    coins.list(volumes)
    coins.choose(held)
    return watched.coins


def test_what_is_held_goes_before_what_is_traded_most() -> None:
    volumes = {"A": 5.0, "B": 4.0, "C": 3.0, "D": 2.0, "E": 1.0}
    assert chosen_of(volumes, {"E": 10.0, "D": 20.0, "GONE": 99.0}, {"A"}, 4) == ["D", "E", "B"]


@given(
    listed=st.integers(0, 400), markets=st.integers(0, 200), limit=st.integers(0, 900),
    held=st.dictionaries(st.integers(0, 399), st.floats(0, 1e9), max_size=20),
)  # fmt: skip
def test_never_more_is_subscribed_than_the_venue_takes(
    listed: int, markets: int, limit: int, held: dict[int, float]
) -> None:
    names = [f"C{number}" for number in range(listed)]
    own = set(names[:markets])
    volumes = {name: float(place % 7) for place, name in enumerate(names)}
    chosen = chosen_of(volumes, {f"C{number}": value for number, value in held.items()}, own, limit)
    assert len(chosen) == len(set(chosen))
    assert not own & set(chosen)
    assert set(chosen) <= set(names)
    assert not chosen or len(chosen) + len(own) <= limit
    assert not chosen or len(chosen) + (len(CHANNELS) + 1) * len(own) < SUBSCRIPTIONS
    worst = min((held.get(int(name[1:]), 0.0) for name in chosen), default=0.0)
    assert all(held.get(int(name[1:]), 0.0) <= worst for name in set(names) - own - set(chosen) if chosen)


@pytest.mark.parametrize("top", [1, 2])
def test_a_coin_that_becomes_a_market_is_not_watched_twice(top: int) -> None:
    chosen = Settings(markets=MarketsSettings(favourites=("BTC",), top=top), whales=WhalesSettings(tracked=8))
    driver = WhaleDriver(chosen)
    driver.follow()
    assert set(driver.asked.coins_watched).isdisjoint(driver.core.markets)
