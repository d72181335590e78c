"""A few accounts are streamed over a socket of their own, as many as the venue takes, whatever it refuses and drops."""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from virtual_loop import VirtualClock, VirtualLoop, run_virtual
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from app.core.clock import ManualClock
from app.core.record import AT_REST, Dropped, Kind, StreamOpened
from app.demo.limits import USERS
from app.demo.server import serve as serve_simulated
from app.demo.venue import Venue as SimulatedVenue
from app.feeds.budget import WeightBudget
from app.feeds.hyperliquid.parse_traders import parse_fills_frame
from app.feeds.hyperliquid.streams import ping_frame
from app.feeds.hyperliquid.user_streams import UserStreams
from app.feeds.inbox import Arrival, Inbox
from app.feeds.websocket import ConnectionSettings

_opened = msgspec.msgpack.Decoder(StreamOpened).decode
_dropped = msgspec.msgpack.Decoder(Dropped).decode
SHARED = Path(__file__).parents[3].parent / "shared"
REAL = SHARED / "wire" / "hyperliquid" / "ws_userFills_and_user_cap_2026-10.jsonl"
CAP_ERROR = b'{"channel":"error","data":"Cannot track more than 3 total users."}'


def trader(number: int) -> str:
    return f"0x{number:040x}"


TRADERS = [trader(number) for number in range(6)]


class Venue:
    """Counts accounts over all sockets, frees those of a broken one after two seconds, and repeats its refusals."""

    def __init__(self, cap: int) -> None:
        self.cap = cap
        self.storm = 1
        self.held: dict[str, set[tuple[int, str]]] = {}
        self.sockets: list[ServerConnection] = []
        self.asked: list[tuple[str, str]] = []

    async def handle(self, socket: ServerConnection) -> None:
        self.sockets.append(socket)
        try:
            async for message in socket:
                await self._take(socket, msgspec.json.decode(message))
        except ConnectionClosed:
            pass
        finally:
            self.sockets.remove(socket)
        await asyncio.sleep(2)
        for held in self.held.values():
            held -= {each for each in held if each[0] == id(socket)}

    async def _take(self, socket: ServerConnection, frame: dict[str, Any]) -> None:
        if frame["method"] == "ping":
            await socket.send('{"channel":"pong"}')
            return
        wanted = frame["subscription"]
        user, place = wanted["user"], (id(socket), wanted["type"])
        self.asked.append((frame["method"], user))
        self.held = {each: held for each, held in self.held.items() if held}
        if frame["method"] == "unsubscribe":
            self.held.get(user, set()).discard(place)
        elif user not in self.held and len(self.held) >= self.cap:
            for _ in range(self.storm):
                await socket.send(CAP_ERROR, text=True)
            return
        else:
            self.held.setdefault(user, set()).add(place)
        await socket.send(msgspec.json.encode({"channel": "subscriptionResponse", "data": frame}), text=True)
        if frame["method"] == "subscribe":
            await self.tell(socket, wanted["type"], user)

    async def tell(self, socket: ServerConnection, kind: str, user: str) -> None:
        body = {"fills": [], "isSnapshot": True} if kind == "userFills" else {"dex": "", "clearinghouseState": {}}
        await socket.send(msgspec.json.encode({"channel": kind, "data": {"user": user, **body}}), text=True)

    @property
    def tracked(self) -> set[str]:
        return {user for user, held in self.held.items() if held}


def a_connection(url: str) -> ConnectionSettings:
    return ConnectionSettings(
        url=url,
        ping=ping_frame(),
        ping_every_s=20,
        silence_limit_s=30,
        lifetime_s=3_600,
        frame_cap=1 << 20,
        budget_ms=2,
    )


class House:
    """A client of the venue, and all inputs it has made."""

    def __init__(self, client: UserStreams, venue: Venue, inbox: Inbox) -> None:
        self.client = client
        self.venue = venue
        self.inputs: list[Arrival] = []
        self._inbox = inbox

    async def pass_time(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        if self._inbox.waiting:
            self.inputs += await self._inbox.fetch()

    def opened(self, channel: str) -> list[str]:
        told = [_opened(each.payload) for each in self.inputs if each.kind == Kind.STREAM]
        return [each.subject for each in told if each.channel == channel]

    def frames(self) -> list[bytes]:
        return [each.payload for each in self.inputs if each.kind == Kind.FRAME]


def in_house(cap: int, check: Callable[[House], Coroutine[Any, Any, None]]) -> None:
    async def main(loop: VirtualLoop) -> None:
        clock, venue = VirtualClock(loop), Venue(cap)
        inbox = Inbox(clock)
        async with serve(venue.handle, "127.0.0.1", 0, compression=None, ping_interval=None) as server:
            settings = a_connection(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/ws")
            client = UserStreams(settings, inbox, clock, np.random.default_rng(1), WeightBudget(20, clock))
            running = asyncio.create_task(client.run_when_wanted())
            house = House(client, venue, inbox)
            try:
                await check(house)
            finally:
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)

    run_virtual(main)


def test_as_many_as_the_venue_takes_are_streamed_and_the_rest_is_not_asked_for_again() -> None:
    async def check(house: House) -> None:
        house.client.want(TRADERS)
        await house.pass_time(3)
        assert house.client.streamed == tuple(TRADERS[:3])
        assert house.client.most == 3
        assert house.opened("userFills") == house.opened("clearinghouseState") == TRADERS[:3]
        assert house.venue.tracked == set(TRADERS[:3])
        assert house.venue.asked.count(("subscribe", TRADERS[3])) == 1
        assert house.client.subscriptions == 6
        await house.pass_time(3_600)
        assert house.client.refusals < 15

    in_house(3, check)


def test_a_storm_of_errors_is_counted_and_told_once() -> None:
    async def check(house: House) -> None:
        house.venue.storm = 500
        house.client.want(TRADERS)
        await house.pass_time(30)
        assert [frame for frame in house.frames() if b"Cannot track" in frame] == [CAP_ERROR]
        assert house.client.refusals >= 1_000
        assert house.client.untold_errors == house.client.refusals - 1
        assert house.client.streamed == tuple(TRADERS[:3])
        data = len(house.frames())
        assert house.client.received_frames == data + house.client.superseded_frames + house.client.control_frames

    in_house(3, check)


def test_after_a_break_all_come_back_once_the_venue_has_noticed_it() -> None:
    async def check(house: House) -> None:
        house.client.want(TRADERS)
        await house.pass_time(3)
        house.venue.sockets[0].transport.abort()
        await house.pass_time(0.2)
        assert house.client.streamed == ()
        await house.pass_time(60)
        assert house.client.streamed == tuple(TRADERS[:3])
        assert house.venue.tracked == set(TRADERS[:3])
        assert house.opened("userFills") == TRADERS[:3] * 2
        numbers = {each.stream for each in house.inputs if each.kind == Kind.STREAM}
        assert len(numbers) == 1 + 6

    in_house(3, check)


def test_accounts_are_exchanged_while_it_runs() -> None:
    async def check(house: House) -> None:
        house.client.want(TRADERS[:4])
        await house.pass_time(2)
        house.client.want([TRADERS[5], TRADERS[1]])
        await house.pass_time(2)
        assert set(house.client.streamed) == house.venue.tracked == {TRADERS[1], TRADERS[5]}
        assert house.client.subscriptions == 4

    in_house(3, check)


def test_quiet_accounts_do_not_cost_the_connection_and_an_unwanted_socket_rests() -> None:
    async def check(house: House) -> None:
        await house.pass_time(60)
        assert house.venue.sockets == []
        house.client.want(TRADERS[:1])
        await house.pass_time(600)
        drops = [_dropped(each.payload).reason for each in house.inputs if each.kind == Kind.DROP]
        assert drops == []
        house.client.want([])
        await house.pass_time(20)
        drops = [_dropped(each.payload).reason for each in house.inputs if each.kind == Kind.DROP]
        assert drops == [AT_REST]
        assert (house.client.streamed, house.venue.sockets) == ((), [])
        house.client.want(TRADERS[:2])
        await house.pass_time(20)
        assert house.client.streamed == tuple(TRADERS[:2])

    in_house(3, check)


def test_a_venue_that_takes_nobody_keeps_the_socket_and_the_hope() -> None:
    async def check(house: House) -> None:
        house.client.want(TRADERS[:2])
        await house.pass_time(100)
        assert (house.client.streamed, house.client.most) == ((), 0)
        assert house.client.is_connected
        house.venue.cap = 3
        await house.pass_time(200)
        assert house.client.streamed == tuple(TRADERS[:2])

    in_house(0, check)


def test_a_socket_that_is_relieved_hands_its_accounts_over() -> None:
    async def check(house: House) -> None:
        house.client.want(TRADERS[:3])
        await house.pass_time(3_650)
        assert len(house.venue.sockets) == 1
        assert house.client.streamed == tuple(TRADERS[:3])
        assert house.opened("userFills") == TRADERS[:3] * 2
        assert house.client.refusals == 0

    in_house(3, check)


def test_frames_of_an_account_come_under_its_stream_fills_whole_and_states_newest() -> None:
    async def check(house: House) -> None:
        house.client.want(TRADERS[:1])
        await house.pass_time(2)
        house.inputs.clear()
        (socket,) = house.venue.sockets
        for _ in range(3):
            await house.venue.tell(socket, "userFills", TRADERS[0])
            await house.venue.tell(socket, "clearinghouseState", TRADERS[0])
        await house.pass_time(1)
        fills = [each for each in house.inputs if b"userFills" in each.payload]
        states = [each for each in house.inputs if b"clearinghouseState" in each.payload]
        assert (len(fills), len(states)) == (3, 1)
        assert len({each.stream for each in fills} | {each.stream for each in states}) == 2
        assert house.client.superseded_frames >= 2

    in_house(3, check)


def test_of_the_simulated_venue_fifteen_accounts_are_streamed_and_their_fills_can_be_read() -> None:
    async def main(loop: VirtualLoop) -> None:
        clock = VirtualClock(loop)
        inbox = Inbox(clock)
        venue = SimulatedVenue(seed=7, coins=3, start_ms=clock.now_ms())
        async with serve_simulated(venue, clock=clock) as server:
            client = UserStreams(
                a_connection(server.websocket_url), inbox, clock, np.random.default_rng(1), WeightBudget(20, clock)
            )
            client.want([trader(number) for number in range(100, 120)])
            running = asyncio.create_task(client.run_when_wanted())
            await asyncio.sleep(5)
            assert (len(client.streamed), client.most, client.refusals) == (USERS, USERS, 1)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        arrivals = await inbox.fetch()
        told = [each.payload for each in arrivals if each.kind == Kind.FRAME]
        assert sum(b"Cannot track more than 15 total users" in frame for frame in told) == 1
        fills = [frame for frame in told if frame.startswith(b'{"channel":"userFills"')]
        read = [parse_fills_frame(frame, msgspec.json.decode(frame)["data"]["user"]) for frame in fills]
        assert sum(frame.is_snapshot for frame in read) == USERS

    run_virtual(main)


@pytest.mark.asyncio
async def test_large_errors_are_told_once_each_and_not_kept() -> None:
    clock = ManualClock()
    connection, budget = a_connection("ws://127.0.0.1:9"), WeightBudget(9, clock)
    client = UserStreams(connection, Inbox(clock), clock, np.random.default_rng(1), budget)
    client.connected(1)
    for number in [*range(32), 0, 31, 32]:
        client.received(b'{"channel":"error","data":"%s %d"}' % (b"x" * 100_000, number))
    assert client.untold_errors == 3
    assert sum(sys.getsizeof(told) for told in client._told) < 10_000


@pytest.mark.real
@pytest.mark.skipif(not REAL.is_file(), reason="needs the shared folder with real payloads")
@pytest.mark.asyncio
async def test_a_real_refusal_ends_the_asking_and_is_told_once() -> None:
    lines = REAL.read_bytes().splitlines()
    accounts = [msgspec.json.decode(line)["data"]["subscription"]["user"] for line in lines if b"subscribe" in line]
    clock = ManualClock()
    inbox = Inbox(clock)
    client = UserStreams(
        a_connection("ws://127.0.0.1:9"), inbox, clock, np.random.default_rng(1), WeightBudget(9, clock)
    )
    client.connected(1)
    client.want([*accounts, trader(1), trader(2)])
    admitting = asyncio.create_task(client._admit())
    for line in lines:
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        for _ in range(300 if b"Cannot track" in line else 1):
            assert client.received(line)
    admitting.cancel()
    assert client.streamed == tuple(accounts)
    assert (client.most, client.refusals, client.untold_errors) == (len(accounts), 300, 299)
    frames = [each.payload for each in await inbox.fetch() if each.kind == Kind.FRAME]
    assert [b"Cannot track" in frame for frame in frames].count(True) == 1
    assert lines[1] in frames
