"""When sockets may be opened, whatever others of the same venue were told, and what becomes of one that hands over."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from http import HTTPStatus
from typing import Any

import msgspec
import numpy as np
import pytest
from virtual_loop import VirtualClock, VirtualLoop, run_virtual
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from app.core.record import Dropped, Kind
from app.feeds.budget import WINDOW_S, WeightBudget
from app.feeds.http import NO_HEADERS
from app.feeds.hyperliquid.streams import DATA_LANE, StreamClient, ping_frame
from app.feeds.hyperliquid.user_streams import UserStreams
from app.feeds.hyperliquid.wire import WireSubscription
from app.feeds.inbox import Inbox
from app.feeds.websocket import ConnectionSettings

LIFETIME_S = 1_000.0
_dropped = msgspec.msgpack.Decoder(Dropped).decode


class Venue:
    """Acknowledges what it is asked and quotes once a second. `answers` are what handshakes get, 101 when none is left.

    A socket whose handshake got 0 is opened and told nothing.
    """

    def __init__(self, answers: Iterable[int], headers: Mapping[str, str]) -> None:
        self.knocked_s: list[float] = []
        self.asked: list[list[str]] = []
        """What came over each socket that was opened."""
        self.open: list[int] = []
        self.on_knock: Callable[[], None] = lambda: None
        """Called while a handshake waits for its answer."""
        self._answers = list(answers)
        self._headers = headers

    def admit(self, connection: ServerConnection, _: Request) -> Response | None:
        self.knocked_s.append(asyncio.get_running_loop().time())
        self.on_knock()
        status = self._answers.pop(0) if self._answers else 101
        if status >= 300:
            response = connection.respond(HTTPStatus(status), "no")
            for name, value in self._headers.items():
                response.headers.pop(name, None)
                response.headers[name] = value
            return response
        connection.is_mute = status == 0  # type: ignore[attr-defined]
        return None

    async def handle(self, socket: ServerConnection) -> None:
        number = len(self.asked)
        self.asked.append([])
        self.open.append(number)
        quoting = asyncio.create_task(self._quote(socket))
        try:
            async for message in socket:
                await self._take(socket, number, msgspec.json.decode(message))
        except ConnectionClosed:
            pass
        finally:
            quoting.cancel()
            self.open.remove(number)

    async def _take(self, socket: ServerConnection, number: int, frame: dict[str, Any]) -> None:
        if frame["method"] == "ping":
            return
        about = frame["subscription"]
        self.asked[number].append(f"{frame['method']} {about['type']} {about.get('coin') or about.get('user')}")
        if not socket.is_mute:  # type: ignore[attr-defined]
            await socket.send(msgspec.json.encode({"channel": "subscriptionResponse", "data": frame}), text=True)

    async def _quote(self, socket: ServerConnection) -> None:
        while not socket.is_mute:  # type: ignore[attr-defined]
            await socket.send('{"channel":"bbo","data":{"coin":"BTC","time":1,"bbo":[null,null]}}')
            await asyncio.sleep(1)


class House:
    """What clients of one venue are made with."""

    def __init__(self, venue: Venue, url: str, clock: VirtualClock, per_minute: int) -> None:
        self.venue = venue
        self.clock = clock
        self.inbox = Inbox(clock)
        self.generator = np.random.default_rng(1)
        self.budget = WeightBudget(per_minute, clock)
        self.settings = ConnectionSettings(
            url=url, ping=ping_frame(), ping_every_s=20, silence_limit_s=30, lifetime_s=LIFETIME_S, frame_cap=65_536,
            budget_ms=2,
        )  # fmt: skip
        self._tasks: list[asyncio.Task[None]] = []

    def client(self) -> StreamClient:
        client = StreamClient(DATA_LANE, self.settings, self.inbox, self.clock, self.generator, self.budget)
        client.subscribe([quotes("BTC")])
        return client

    def run(self, client: StreamClient) -> asyncio.Task[None]:
        self._tasks.append(asyncio.create_task(client.run()))
        return self._tasks[-1]

    async def until_knocked(self, times: int) -> None:
        while True:
            if len(self.venue.knocked_s) >= times:
                return
            await asyncio.sleep(0.1)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def quotes(coin: str) -> WireSubscription:
    return WireSubscription(type="bbo", coin=coin)


def asks(wait: str) -> dict[str, str]:
    """Headers that ask to be left alone."""
    return {"Retry-After": wait}


def at_the_door(
    answers: Iterable[int],
    check: Callable[[House], Coroutine[Any, Any, None]],
    *,
    headers: Mapping[str, str] = NO_HEADERS,
    per_minute: int = 20,
) -> None:
    """Run `check` in virtual time beside a venue that answers handshakes so; `headers` go with what is no socket."""

    async def main(loop: VirtualLoop) -> None:
        venue = Venue(answers, headers)
        async with serve(
            venue.handle, "127.0.0.1", 0, process_request=venue.admit, compression=None, ping_interval=None,
            close_timeout=0.1,
        ) as server:  # fmt: skip
            url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/ws"
            house = House(venue, url, VirtualClock(loop), per_minute)
            try:
                await check(house)
            finally:
                await house.close()

    run_virtual(main)


@pytest.mark.parametrize(
    ("status", "headers", "least_s"),
    [
        (429, asks("7"), 7), (429, {}, 60), (418, {}, 300), (403, {}, 60), (503, {}, 0), (503, asks("50"), 50),
    ],
)  # fmt: skip
def test_a_refused_handshake_is_obeyed(status: int, headers: Mapping[str, str], least_s: float) -> None:
    async def check(house: House) -> None:
        client = house.client()
        house.run(client)
        await asyncio.sleep(0.9 * LIFETIME_S)
        refused_s, opened_s = house.venue.knocked_s
        assert least_s <= opened_s - refused_s <= least_s + 1
        drops = [_dropped(each.payload) for each in await house.inbox.fetch() if each.kind == Kind.DROP]
        assert [f"refused the connection ({status})" in drop.reason for drop in drops] == [True]
        assert drops[0].retry_in_s == pytest.approx(opened_s - refused_s, abs=0.01)

    at_the_door([status], check, headers=headers)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_hazard_22_a_handshake_that_is_sent_elsewhere_goes_nowhere(status: int) -> None:
    async def check(house: House) -> None:
        house.run(house.client())
        await asyncio.sleep(0.4)
        assert len(house.venue.knocked_s) == 1
        (drop,) = [_dropped(each.payload) for each in await house.inbox.fetch() if each.kind == Kind.DROP]
        assert drop.reason.startswith(f"{house.settings.url} sends us elsewhere ({status} to /there), which is refused")

    at_the_door([status], check, headers={"Location": "/there"})


@pytest.mark.parametrize(("status", "headers", "least_s"), [(418, {}, 300), (429, asks("100"), 100)])
def test_hazard_6_a_ban_of_one_socket_keeps_all_others_away(
    status: int, headers: Mapping[str, str], least_s: float
) -> None:
    async def check(house: House) -> None:
        house.run(house.client())
        await asyncio.sleep(1)
        others = [house.client(), house.client()]
        for other in others:
            house.run(other)
        await asyncio.sleep(least_s - 2)
        assert len(house.venue.knocked_s) == 1
        await asyncio.sleep(40)
        assert len(house.venue.knocked_s) == 4
        assert all(other.is_connected for other in others)

    at_the_door([status], check, headers=headers)


def test_hazard_6_a_ban_interrupts_no_wait_of_a_socket_that_broke_before_it() -> None:
    async def check(house: House) -> None:
        first, second = house.client(), house.client()
        house.run(first)
        await asyncio.sleep(0.4)
        house.budget.close_for(200)
        house.run(second)
        house.venue.knocked_s.clear()
        await asyncio.sleep(150)
        assert house.venue.knocked_s == []
        await asyncio.sleep(80)
        assert first.is_connected
        assert second.is_connected

    at_the_door([503], check)


def test_hazard_6_sockets_that_wait_for_the_same_place_take_it_one_after_another() -> None:
    async def check(house: House) -> None:
        for _ in range(4):
            house.run(house.client())
        await asyncio.sleep(3 * WINDOW_S + 1)
        assert house.venue.knocked_s == pytest.approx([0, WINDOW_S, 2 * WINDOW_S, 3 * WINDOW_S], abs=0.1)

    at_the_door([], check, per_minute=1)


def test_hazard_6_a_refused_successor_waits_as_long_as_it_was_told_and_the_old_socket_hears_all() -> None:
    async def check(house: House) -> None:
        client = house.client()
        house.run(client)
        await house.until_knocked(2)
        await asyncio.sleep(5)
        client.subscribe([quotes("ETH")])
        client.unsubscribe([quotes("BTC")])
        other = house.client()
        house.run(other)
        await asyncio.sleep(690)
        assert len(house.venue.knocked_s) == 2
        assert house.venue.asked[0] == ["subscribe bbo BTC", "subscribe bbo ETH", "unsubscribe bbo BTC"]
        await asyncio.sleep(20)
        assert other.is_connected
        assert sorted(house.venue.asked[1:]) == [["subscribe bbo BTC"], ["subscribe bbo ETH"]]
        assert house.venue.open == [1, 2]

    at_the_door([101, 429], check, headers=asks("700"))


@pytest.mark.parametrize(("answer", "told"), [(503, []), (101, [["subscribe bbo BTC", "subscribe bbo ETH"]])])
def test_what_is_asked_while_a_successor_is_on_its_way_reaches_the_socket_that_stands(
    answer: int, told: list[list[str]]
) -> None:
    async def check(house: House) -> None:
        client = house.client()
        house.run(client)
        await asyncio.sleep(1)
        house.venue.on_knock = lambda: client.subscribe([quotes("ETH")])
        await asyncio.sleep(LIFETIME_S)
        assert house.venue.asked == [["subscribe bbo BTC", "subscribe bbo ETH"], *told]

    at_the_door([101, answer], check)


def test_hazard_6_sockets_that_were_opened_together_are_not_renewed_together() -> None:
    async def check(house: House) -> None:
        for _ in range(4):
            house.run(house.client())
        await house.until_knocked(8)
        renewed_s = house.venue.knocked_s[4:]
        assert 0.95 * LIFETIME_S <= min(renewed_s) < max(renewed_s) <= LIFETIME_S + 0.1
        assert max(renewed_s) - min(renewed_s) > 0.01 * LIFETIME_S
        await asyncio.sleep(5)
        assert house.venue.open == [4, 5, 6, 7]

    at_the_door([], check)


def test_a_socket_that_is_wanted_again_while_none_may_be_opened_gives_no_reason_of_the_past() -> None:
    async def check(house: House) -> None:
        client = house.client()
        running = house.run(client)
        await asyncio.sleep(10)
        running.cancel()
        house.budget.close_for(30)
        await house.inbox.fetch()
        house.run(client)
        await asyncio.sleep(1)
        (drop,) = [_dropped(each.payload) for each in await house.inbox.fetch() if each.kind == Kind.DROP]
        assert drop.reason.startswith("the venue takes no new connections yet")
        assert drop.retry_in_s == 30
        await asyncio.sleep(30)
        assert client.is_connected

    at_the_door([503], check)


def test_the_old_socket_learns_what_a_successor_was_told_that_delivered_nothing() -> None:
    async def check(house: House) -> None:
        client = house.client()
        house.run(client)
        await house.until_knocked(2)
        await asyncio.sleep(10)
        client.subscribe([quotes("ETH")])
        client.unsubscribe([quotes("BTC")])
        await asyncio.sleep(30)
        assert house.venue.asked[1] == ["subscribe bbo BTC", "subscribe bbo ETH", "unsubscribe bbo BTC"]
        assert house.venue.asked[0] == ["subscribe bbo BTC", "unsubscribe bbo BTC", "subscribe bbo ETH"]
        assert house.venue.open == [0]
        assert client.is_connected
        await asyncio.sleep(600)
        assert house.venue.open == [2]
        assert house.venue.asked[2] == ["subscribe bbo ETH"]

    at_the_door([101, 0], check)


def test_accounts_that_a_mute_successor_was_asked_for_are_still_streamed_by_the_old_socket() -> None:
    async def check(house: House) -> None:
        first, second, third = (f"0x{number:040x}" for number in range(3))
        client = UserStreams(house.settings, house.inbox, house.clock, house.generator, house.budget)
        client.want([first, second])
        house.run(client)
        await asyncio.sleep(5)
        before = len(house.venue.asked[0])
        assert client.streamed == (first, second)
        await house.until_knocked(2)
        await asyncio.sleep(5)
        client.want([second, third])
        await asyncio.sleep(40)
        assert client.streamed == (second, third)
        assert house.venue.asked[0][before:] == [
            f"unsubscribe userFills {first}", f"unsubscribe clearinghouseState {first}",
            f"subscribe userFills {third}", f"subscribe clearinghouseState {third}",
        ]  # fmt: skip
        assert client.most is None

    at_the_door([101, 0], check)
