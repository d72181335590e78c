"""The virtual loop: time jumps when nothing else is left to do, and only then."""

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import aiosqlite
import pytest
from virtual_loop import DeadlockError, VirtualClock, VirtualLoop, run_virtual, sqlite_at_once
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

DAY_S = 86_400


@pytest.fixture
def sqlite_of_the_loop() -> Iterator[None]:
    with sqlite_at_once():
        yield


def test_a_day_of_timers_takes_no_time() -> None:
    async def main(loop: VirtualLoop) -> tuple[int, float]:
        for _ in range(DAY_S // 60):
            await asyncio.sleep(60)
        return loop.jumps, loop.time()

    jumps, elapsed_s = run_virtual(main)
    # One jump a minute and no more: nothing waited in between.
    assert jumps == DAY_S // 60
    assert elapsed_s == pytest.approx(DAY_S)


def test_timers_fire_in_order_at_their_time() -> None:
    async def main(loop: VirtualLoop) -> list[tuple[str, float]]:
        log: list[tuple[str, float]] = []

        async def after(delay_s: float, name: str) -> None:
            await asyncio.sleep(delay_s)
            log.append((name, loop.time()))

        await asyncio.gather(after(3600, "late"), after(1, "early"), after(60, "middle"))
        return log

    assert [(name, round(at_s, 6)) for name, at_s in run_virtual(main)] == [
        ("early", 1), ("middle", 60), ("late", 3600)
    ]  # fmt: skip


def test_both_clocks_move_with_the_loop() -> None:
    async def main(loop: VirtualLoop) -> tuple[int, int]:
        clock = VirtualClock(loop)
        wall_ns, monotonic_ns = clock.wall_ns(), clock.monotonic_ns()
        await asyncio.sleep(7200)
        clock.wall_offset_s = -3600
        return clock.wall_ns() - wall_ns, clock.monotonic_ns() - monotonic_ns

    assert run_virtual(main) == (3_600_000_000_000, 7_200_000_000_000)


def test_time_does_not_jump_while_an_executor_works() -> None:
    async def main(loop: VirtualLoop) -> list[str]:
        order: list[str] = []
        release = threading.Event()

        def work() -> str:
            assert release.wait(10)
            return "work"

        async def timer() -> None:
            await asyncio.sleep(60)
            order.append("timer")

        waiting = asyncio.create_task(timer())
        working = loop.run_in_executor(None, work)
        # The other thread ends only after the loop has had every occasion to jump.
        threading.Timer(0.1, release.set).start()
        order.append(await working)
        await waiting
        return order

    assert run_virtual(main) == ["work", "timer"]


@pytest.mark.usefixtures("sqlite_of_the_loop")
def test_sqlite_takes_no_time_and_no_thread(tmp_path: Path) -> None:
    async def main(loop: VirtualLoop) -> tuple[float, int]:
        threads = threading.active_count()
        async with asyncio.timeout(5), aiosqlite.connect(tmp_path / "held.db") as database:
            await database.execute("CREATE TABLE numbers (n INTEGER)")
            await database.executemany("INSERT INTO numbers VALUES (?)", [(n,) for n in range(20_000)])
            await database.commit()
            async with database.execute("SELECT count(*) FROM numbers") as cursor:
                row = await cursor.fetchone()
            with pytest.raises(sqlite3.OperationalError, match="no such table"):
                await database.execute("SELECT * FROM words")
            assert threading.active_count() == threads
        assert row is not None
        return loop.time(), row[0]

    assert run_virtual(main) == (0.0, 20_000)
    assert sqlite3.connect(tmp_path / "held.db").execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_loop_that_waits_for_nothing_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("virtual_loop.PATIENCE_S", 0.1)

    async def main(_: VirtualLoop) -> None:
        await asyncio.Event().wait()

    with pytest.raises(DeadlockError):
        run_virtual(main)


async def _chatter(loop: VirtualLoop) -> tuple[int, int, float]:
    """Six hours of a real server that drops every client after some time; how much was heard."""
    heard = connections = 0

    async def server(socket: ServerConnection) -> None:
        for number in range(100):
            await asyncio.sleep(3.7)
            await socket.send(str(number))
        socket.transport.abort()

    async with serve(server, "127.0.0.1", 0) as listening:
        url = f"ws://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        while loop.time() < DAY_S / 4:
            connections += 1
            with contextlib.suppress(ConnectionClosed):
                async with connect(url) as socket:
                    async for _ in socket:
                        heard += 1
            await asyncio.sleep(1)
    return heard, connections, round(loop.time(), 6)


def test_real_sockets_run_on_it_and_two_runs_agree() -> None:
    first = run_virtual(_chatter)
    assert first == run_virtual(_chatter)
    assert first[:2] == (5_900, 59)
