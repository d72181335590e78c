"""One protocol, two transports: a deck cannot tell which one it has."""

import asyncio
import stat
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio

from app.config.settings import Settings
from app.core.clock import SystemClock
from app.core.errors import DataError, VenueError
from app.core.record import Kind, Record
from app.engine.core import Core
from app.engine.engine import Engine
from app.engine.frames import pack
from app.engine.freeze import Outside
from app.engine.link_server import LinkServer
from app.engine.local_link import LocalLink
from app.engine.protocol import (
    PROTOCOL_VERSION,
    CancelJob,
    Command,
    Hello,
    LookAt,
    SetMetricSource,
    SourceView,
    StartJob,
)
from app.engine.protocol_wallets import LookAtWallet
from app.engine.socket_link import SocketLink

pytestmark = pytest.mark.asyncio


class HandRun:
    """A run whose inputs a test gives."""

    source = SourceView("demo", "DEMO", "by hand")

    def __init__(self) -> None:
        self.core = Core("demo", Settings())
        self.changed: Callable[[], None] = lambda: None
        self.stopped = False

    def outside(self) -> Outside:
        return Outside()

    async def start(self, changed: Callable[[], None]) -> None:
        self.changed = changed
        changed()

    async def finished(self) -> None:
        await asyncio.Event().wait()

    def command(self, command: Command) -> tuple[bool, str]:
        return self.core.apply(command)

    async def stop(self) -> None:
        self.stopped = True

    def tick(self) -> None:
        sequence = self.core.sequence + 1
        self.core.dispatch(Record(sequence, sequence * 10**9, 0, 0, Kind.TIMER, b""))
        self.changed()


class House:
    """An engine with its socket."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.run = HandRun()
        self.engine = Engine(self.run, SystemClock(), snapshot_hz=10)
        self.local = LocalLink(self.engine, LinkServer(self.engine, path))


@pytest_asyncio.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    house = House(tmp_path / "engine.sock")
    await house.local.connect()
    yield house
    await house.local.close()


async def test_both_transports_show_the_same(house: House) -> None:
    remote = SocketLink(house.path)
    welcome = await remote.connect()
    assert welcome.source == house.run.source
    house.run.tick()
    assert await house.local.snapshot() == await remote.snapshot()
    await remote.close()


async def test_snapshots_conflate_to_the_newest(house: House) -> None:
    await house.local.snapshot()
    for _ in range(50):
        house.run.tick()
    snapshot = await house.local.snapshot()
    assert snapshot is not None
    assert snapshot.sequence == 50


async def test_commands_get_their_own_results(house: House) -> None:
    remote = SocketLink(house.path)
    await remote.connect()
    results = await asyncio.gather(
        remote.send(CancelJob("read")), remote.send(SetMetricSource("rules")), house.local.send(StartJob("markets"))
    )
    assert [result.ok for result in results] == [False, True, True]
    assert results[0].message == "Nothing is being read by hand"
    await remote.close()


async def test_each_of_many_commands_gets_its_own_result(house: House) -> None:
    remote = SocketLink(house.path)
    await remote.connect()
    for _ in range(5):
        commands: list[Command] = [
            SetMetricSource("rules"),
            CancelJob("read"),
            SetMetricSource("ai"),
            CancelJob("read"),
        ]
        results = await asyncio.gather(*map(remote.send, commands))
        assert [result.ok for result in results] == [True, False, True, False]
        assert not remote._waiting
    await remote.close()


async def test_detaching_leaves_the_engine_running(house: House) -> None:
    remote = SocketLink(house.path)
    await remote.connect()
    await remote.close()
    house.run.tick()
    assert not house.engine.ended
    again = SocketLink(house.path)
    assert (await again.connect()).source.mode == "demo"
    await again.close()


async def test_an_engine_that_ends_ends_every_deck(house: House) -> None:
    remote = SocketLink(house.path)
    await remote.connect()
    await house.engine.stop()
    while await house.local.snapshot() is not None:
        pass
    while await remote.snapshot() is not None:
        pass
    assert house.run.stopped
    assert not (await remote.send(StartJob("markets"))).ok
    await remote.close()


async def test_the_socket_is_its_owners_alone(house: House) -> None:
    assert stat.S_IMODE(house.path.stat().st_mode) == 0o600


async def test_another_version_is_refused_with_the_reason(house: House) -> None:
    reader, writer = await asyncio.open_unix_connection(house.path)
    writer.write(pack(Hello(999, "9.9")))
    answer = await reader.read(400)
    assert b"use one version of tapedeck" in answer
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize(
    "noise", [b"", b"\x00", b"\xff\xff\xff\xff", b"\x05\x00\x00\x00hello", b"GET / HTTP/1.1\r\n\r\n"]
)
async def test_noise_on_the_socket_harms_nobody(house: House, noise: bytes) -> None:
    reader, writer = await asyncio.open_unix_connection(house.path)
    writer.write(noise)
    writer.write_eof()
    assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()
    house.run.tick()
    assert await house.local.snapshot() is not None


async def test_a_second_engine_is_told_and_a_dead_socket_is_replaced(house: House, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="Another engine is running"):
        await LinkServer(house.engine, house.path).start()
    dead = tmp_path / "dead.sock"
    server = await asyncio.start_unix_server(lambda *_: None, dead)
    server.close()
    dead.touch()
    replacement = LinkServer(house.engine, dead)
    await replacement.start()
    await replacement.stop()
    assert not dead.exists()


async def test_nobody_home_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(VenueError, match="No engine is running"):
        await SocketLink(tmp_path / "none.sock").connect()


async def test_an_engine_that_hangs_is_not_said_to_be_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(-1)
        writer.close()

    monkeypatch.setattr("app.engine.socket_link._HANDSHAKE_TIMEOUT_S", 0.05)
    server = await asyncio.start_unix_server(hang, tmp_path / "hung.sock")
    with pytest.raises(VenueError, match=r"did not greet within 0\.05 s: it hangs, is suspended, or its machine"):
        await SocketLink(tmp_path / "hung.sock").connect()
    server.close()


async def test_a_lying_engine_cannot_fill_the_memory(tmp_path: Path) -> None:
    async def lie(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\xff\xff\xff\x7f")
        await writer.drain()
        writer.close()

    server = await asyncio.start_unix_server(lie, tmp_path / "liar.sock")
    with pytest.raises(VenueError, match="at most"):
        await SocketLink(tmp_path / "liar.sock").connect()
    server.close()


async def test_messages_are_tagged_for_both_ends() -> None:
    assert msgspec.msgpack.decode(pack(Hello(1, "x"))[4:]) == {"type": "hello", "protocol": 1, "client": "x"}


async def test_each_deck_looks_at_its_own_coin(house: House) -> None:
    first, second = house.local, SocketLink(house.path)
    await first.connect()
    await second.connect()
    house.run.core._intake.market("BTC")
    assert (await first.send(LookAt("BTC", "1m"))).ok
    assert (await second.send(LookAt("BTC", "5m"))).ok
    assert not (await second.send(LookAt("NOPE"))).ok
    await sees(house, first, "1m")
    await sees(house, second, "5m")
    assert (await first.send(LookAt(""))).ok
    await sees(house, first, None)
    await second.close()


async def test_a_deck_that_is_gone_looks_at_nothing(house: House) -> None:
    house.run.core._intake.market("BTC")
    house.run.core._intake.market("ETH")
    remote = SocketLink(house.path)
    await remote.connect()
    assert (await house.local.send(LookAt("ETH", client=7))).ok
    assert (await remote.send(LookAt("BTC"))).ok
    assert set(house.run.core._fast_books._looks) == {"BTC", "ETH"}
    await remote.close()
    async with asyncio.timeout(5):
        while "BTC" in house.run.core._fast_books._looks:
            house.run.tick()
            await house.local.snapshot()
    # What a client says of who it is does not count.
    assert house.run.core._fast_books._looks.of(0) == "ETH"


async def test_a_deck_that_is_gone_looks_at_no_wallet(house: House) -> None:
    openings = house.run.core.wallets.openings
    remote = SocketLink(house.path)
    await remote.connect()
    ours, theirs = "0x" + "1" * 40, "0x" + "2" * 40
    assert (await house.local.send(LookAtWallet(ours, client=7))).ok
    assert (await remote.send(LookAtWallet(theirs))).ok
    assert set(openings._looks) == {ours, theirs}
    await remote.close()
    async with asyncio.timeout(5):
        while theirs in openings._looks:
            house.run.tick()
            await house.local.snapshot()
    assert openings._looks.of(0) == ours


async def sees(house: House, link: LocalLink | SocketLink, interval: str | None) -> None:
    """Wait until a deck's snapshots hold the candles it asked for; what it saw before may still be on its way."""
    async with asyncio.timeout(5):
        while True:
            house.run.tick()
            snapshot = await link.snapshot()
            assert snapshot is not None
            if (snapshot.detail.interval if snapshot.detail else None) == interval:
                return


async def test_an_engine_that_has_ended_takes_no_commands(house: House) -> None:
    await house.engine.stop()
    assert await house.engine.command(StartJob("markets")) == (False, "The engine has ended")


async def test_a_client_that_does_not_read_keeps_nobody_from_ending(house: House) -> None:
    _, writer = await asyncio.open_unix_connection(house.path)
    writer.write(pack(Hello(PROTOCOL_VERSION, "1")))
    await writer.drain()
    for _ in range(20):
        house.run.tick()
        await asyncio.sleep(0)
    async with asyncio.timeout(3):
        await house.local.close()
    writer.close()


async def test_a_client_whose_snapshot_cannot_be_sent_is_let_go_and_does_not_wait(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OverflowError("can't serialize ints < -2**63 or > 2**64 - 1")

    attached = SocketLink(house.path)
    await attached.connect()
    assert await attached.snapshot() is not None
    monkeypatch.setattr(house.engine, "looked_at", fail)
    house.run.changed()
    async with asyncio.timeout(5):
        while await attached.snapshot() is not None:
            pass
    await attached.close()
    assert not house.engine.ended
