"""Fast books are followed for the coins that somebody reads or looks at, and for no others."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec
import numpy as np
import pytest
from core_driver import Driver
from hypothesis import given
from hypothesis import strategies as st
from virtual_loop import VirtualClock, VirtualLoop, run_virtual, sqlite_at_once

from app.config.settings import EngineSettings, HyperliquidSettings, MarketsSettings, ScalperSettings, Settings
from app.config.whale_settings import WhalesSettings
from app.core.record import AT_REST, BOOKS_CONNECTION, Connected, Dropped, Kind
from app.demo.server import serve
from app.demo.session import Session
from app.demo.subscriptions import OrderBook
from app.demo.venue import Venue
from app.engine.core import Core
from app.engine.looks import MOST_LOOKS
from app.engine.protocol import LookAt
from app.engine.venue_run import VenueRun, live_source

COINS = tuple(f"C{number}" for number in range(40))
NOT_READ = ScalperSettings(enabled=False)


def a_driver(scalper: ScalperSettings = NOT_READ) -> Driver:
    driver = Driver(Settings(markets=MarketsSettings(favourites=("C0",), top=len(COINS)), scalper=scalper))
    driver.start()
    driver.list_markets(COINS)
    return driver


def look(driver: Driver, coin: str, client: int = 0) -> None:
    driver.put(Kind.COMMAND, msgspec.msgpack.encode(LookAt(coin, "1s", client=client)))


def followed(driver: Driver) -> list[str | None]:
    """Coins whose fast books the venue sends, going by what was asked of it."""
    coins = [wanted.coin for wanted in driver.asked.subscriptions if wanted.fast]
    for unwanted in driver.asked.unsubscribed:
        assert unwanted.fast
        coins.remove(unwanted.coin)
    return coins


def test_a_coin_that_is_looked_at_is_followed_until_nobody_looks() -> None:
    driver = a_driver()
    look(driver, "C7")
    driver.tick(1)
    assert followed(driver) == ["C7"]
    look(driver, "C8")
    driver.tick(1)
    assert followed(driver) == ["C8"]
    look(driver, "")
    driver.tick(1)
    assert followed(driver) == []


def test_the_books_of_coins_that_are_read_stay() -> None:
    driver = a_driver(ScalperSettings(coins=("C1",)))
    look(driver, "C1")
    driver.tick(1)
    look(driver, "")
    driver.tick(1)
    assert followed(driver) == ["C1"]


def test_a_coin_that_is_only_passed_by_costs_no_message() -> None:
    driver = a_driver()
    for coin in COINS:
        look(driver, coin)
    look(driver, "")
    driver.tick(1)
    assert not any(wanted.fast for wanted in driver.asked.subscriptions)


def test_what_cannot_be_looked_at_changes_nothing() -> None:
    driver = a_driver()
    look(driver, "C7")
    look(driver, "NOPE")
    driver.tick(1)
    assert followed(driver) == ["C7"]


@given(st.lists(st.tuples(st.sampled_from([*COINS, ""]), st.integers(0, 2**40))))
def test_however_many_look_the_books_are_bounded_and_change_slowly(looks: list[tuple[str, int]]) -> None:
    driver = a_driver()
    newest: dict[int, str] = {}
    for coin, client in looks:
        look(driver, coin, client)
        newest.pop(client, None)
        newest |= {client: coin} if coin else {}
        before = len(driver.asked.subscriptions) + len(driver.asked.unsubscribed)
        driver.tick(1)
        assert len(driver.asked.subscriptions) + len(driver.asked.unsubscribed) <= before + 8
        assert len(followed(driver)) <= MOST_LOOKS + 4
    for _ in range(10):
        driver.tick(1)
    assert set(followed(driver)) <= set(newest.values())
    assert len(newest) > MOST_LOOKS or set(followed(driver)) == set(newest.values())


def test_a_replay_of_the_looks_ends_with_the_same_books() -> None:
    driver = a_driver(ScalperSettings(coins=("C1",)))
    for coin, client in (("C3", 0), ("C4", 1), ("", 0), ("C5", 1), ("C1", 2)):
        look(driver, coin, client)
        driver.tick(1)
    again = Core("tape", driver.settings)
    for record in driver.records:
        again.dispatch(record)
    assert again._fast_books._followed == driver.core._fast_books._followed == dict.fromkeys(("C1", "C5"))
    assert again.journal.log_sha256 == driver.core.journal.log_sha256


def test_a_socket_that_rests_because_nobody_looks_is_no_trouble() -> None:
    driver = a_driver()
    books = driver.core.connections.books
    look(driver, "C7")
    driver.tick(1)
    driver.put(Kind.CONNECT, Connected("hyperliquid", BOOKS_CONNECTION))
    assert books.state(driver.now_ms) == "waiting"
    look(driver, "")
    driver.tick(1)
    said = driver.core.journal.log_tail
    driver.put(Kind.DROP, Dropped("hyperliquid", BOOKS_CONNECTION, "nothing is wanted of it"))
    assert (books.state(driver.now_ms), books.drops, driver.core.journal.log_tail) == ("idle", 0, said)
    look(driver, "C7")
    driver.tick(1)
    assert books.state(driver.now_ms) == "connecting"
    driver.put(Kind.CONNECT, Connected("hyperliquid", BOOKS_CONNECTION))
    assert (books.state(driver.now_ms), books.reconnects) == ("waiting", 0)
    driver.put(Kind.DROP, Dropped("hyperliquid", BOOKS_CONNECTION, "reset by peer", 1.5))
    assert (books.state(driver.now_ms), books.drops) == ("down", 1)


def test_a_look_that_comes_while_the_socket_closes_makes_no_drop_of_its_rest() -> None:
    driver = a_driver()
    books = driver.core.connections.books
    look(driver, "C7")
    driver.tick(1)
    driver.put(Kind.CONNECT, Connected("hyperliquid", BOOKS_CONNECTION))
    look(driver, "")
    driver.tick(1)
    look(driver, "C8")
    driver.tick(1)
    driver.put(Kind.DROP, Dropped("hyperliquid", BOOKS_CONNECTION, AT_REST))
    assert (books.state(driver.now_ms), books.drops) == ("connecting", 0)


def test_a_tape_that_begins_after_the_look_shows_no_drop_of_a_socket_that_rests() -> None:
    driver = a_driver()
    books = driver.core.connections.books
    driver.put(Kind.CONNECT, Connected("hyperliquid", BOOKS_CONNECTION))
    driver.put(Kind.DROP, Dropped("hyperliquid", BOOKS_CONNECTION, AT_REST))
    assert (books.state(driver.now_ms), books.drops) == ("idle", 0)


def test_a_market_forgets_the_fast_book_that_is_followed_no_longer() -> None:
    driver = a_driver()
    look(driver, "C7")
    driver.tick(1)
    driver.open("l2Book", "C7", "fast")
    sides = [[{"px": "1", "sz": "1", "n": 1}], [{"px": "2", "sz": "1", "n": 1}]]
    driver.frame("l2Book", "C7", {"coin": "C7", "time": driver.now_ms, "levels": sides})
    assert driver.core.markets["C7"].newest_book() is not None
    look(driver, "")
    driver.tick(1)
    assert driver.core.markets["C7"].newest_book() is None


@pytest.mark.parametrize("tick_s", [0.05, 0.25])
def test_a_storm_of_looks_sends_the_venue_a_fraction_of_the_messages_it_takes(tick_s: float) -> None:
    driver = a_driver()
    before = len(driver.asked.subscriptions)
    for turn in range(round(60 / tick_s)):
        for client in range(MOST_LOOKS):
            look(driver, COINS[(turn * MOST_LOOKS + client) % len(COINS)], client)
        driver.tick(tick_s)
    assert 100 < len(driver.asked.subscriptions) + len(driver.asked.unsubscribed) - before <= 488


def test_garbage_on_the_socket_of_fast_books_does_not_keep_it_fresh() -> None:
    driver = a_driver()
    books = driver.core.connections.books
    driver.put(Kind.CONNECT, Connected("hyperliquid", BOOKS_CONNECTION))
    look(driver, "C7")
    driver.tick(1)
    driver.open("l2Book", "C7", "fast")
    driver.frame("l2Book", "C7", {"coin": "C7", "time": "soon"})
    assert (books.age_ms(driver.now_ms), books.state(driver.now_ms)) == (None, "waiting")
    sides = [[{"px": "1", "sz": "1", "n": 1}], [{"px": "2", "sz": "1", "n": 1}]]
    driver.frame("l2Book", "C7", {"coin": "C7", "time": driver.now_ms - 20_000, "levels": sides})
    assert (books.age_ms(driver.now_ms), books.state(driver.now_ms)) == (20_000, "stale")


# On the wire, against the simulated venue, in virtual time.


class Served:
    """A run that reads nothing, on the simulated venue."""

    def __init__(self, run: VenueRun, venue: Venue, clock: VirtualClock) -> None:
        self.run = run
        self.venue = venue
        self.clock = clock

    def look(self, coin: str) -> None:
        ok, said = self.run.command(LookAt(coin, "1s"))
        assert ok, said

    def sessions(self) -> list[Session]:
        """The venue's sessions with a fast book."""
        return [session for session in self.venue._sessions if self.fast_books(session)]

    def fast_books(self, session: Session) -> list[str]:
        return [each.coin for each in session.subscriptions if isinstance(each, OrderBook) and each.fast]

    @property
    def followed(self) -> list[str]:
        return [coin for session in self.sessions() for coin in self.fast_books(session)]

    def book_age_ms(self, coin: str) -> int:
        book = self.run.core.markets[coin].newest_book()
        assert book is not None
        return self.run.core.now_ms - book.time_ms

    async def oldest_book_ms(self, coin: str, seconds: int) -> int:
        """The largest age that the newest book of a coin has in the next seconds."""
        ages = []
        for _ in range(4 * seconds):
            await asyncio.sleep(0.25)
            ages.append(self.book_age_ms(coin))
        return max(ages)

    def assert_every_message_is_accounted_for(self) -> None:
        told, connections = self.run.outside(), self.run.core.connections
        in_wait = (*self.run._inbox._pending.values(), *self.run._arrivals)
        waiting = sum(arrival.kind == Kind.FRAME for arrival in in_wait)
        used = connections.data.frames + connections.books.frames
        answers = told.data.control + told.books.control
        superseded = told.data.superseded + told.books.superseded
        assert told.data.received + told.books.received == answers + superseded + used + waiting
        assert self.run.core.parse_errors == 0


def served(check: Callable[[Served], Coroutine[Any, Any, None]]) -> None:
    async def main(loop: VirtualLoop) -> None:
        clock = VirtualClock(loop)
        venue = Venue(seed=3, coins=6, start_ms=clock.now_ms())
        async with serve(venue, clock=clock) as server:
            settings = Settings(
                markets=MarketsSettings(top=6),
                engine=EngineSettings(tick_ms=250),
                scalper=NOT_READ,
                hyperliquid=HyperliquidSettings(websocket_url=server.websocket_url, rest_url=server.rest_url),
                whales=WhalesSettings(enabled=False),
            )
            run = VenueRun(live_source(settings), settings, clock, generator=np.random.default_rng(1))
            await run.start(lambda: None)
            try:
                await asyncio.sleep(5)
                await check(Served(run, venue, clock))
            finally:
                await run.stop()

    with sqlite_at_once():
        run_virtual(main)


def test_the_book_that_is_looked_at_comes_twice_a_second() -> None:
    async def check(served: Served) -> None:
        assert await served.oldest_book_ms("BTC", 12) > 3_000
        served.look("BTC")
        await asyncio.sleep(2)
        assert served.followed == ["BTC"]
        assert await served.oldest_book_ms("BTC", 12) < 1_500
        served.look("ETH")
        await asyncio.sleep(2)
        assert served.followed == ["ETH"]
        told = served.run.outside()
        assert (told.data.subscriptions, told.books.subscriptions) == (5 * 6, 1)
        served.assert_every_message_is_accounted_for()

    served(check)


def test_when_nobody_looks_the_socket_rests_and_the_next_look_wakes_it() -> None:
    async def check(served: Served) -> None:
        for _ in range(2):
            served.look("BTC")
            await asyncio.sleep(3)
            books = served.sessions()
            assert served.followed == ["BTC"]
            served.look("")
            await asyncio.sleep(2)
            assert (served.followed, books[0] in served.venue._sessions) == ([], True)
            await asyncio.sleep(10)
            assert books[0] not in served.venue._sessions
            assert served.run.core.connections.books.state(served.run.core.now_ms) == "idle"
        # Longer than the silence after which a socket of which something is wanted is made again.
        await asyncio.sleep(90)
        books_feed = served.run.core.connections.books
        assert (books_feed.drops, books_feed.reconnects) == (0, 0)
        served.assert_every_message_is_accounted_for()

    served(check)


@pytest.mark.parametrize("left", [False, True])
def test_a_socket_that_was_cut_follows_again_what_is_still_looked_at(left: bool) -> None:
    async def check(served: Served) -> None:
        served.look("BTC")
        await asyncio.sleep(3)
        served.sessions()[0].cut = "for a test"
        await asyncio.sleep(0.2)
        if left:
            served.look("ETH")
        await asyncio.sleep(8)
        assert served.followed == (["ETH"] if left else ["BTC"])
        assert served.run.core.connections.books.drops == 1
        assert await served.oldest_book_ms("ETH" if left else "BTC", 5) < 1_500

    served(check)
