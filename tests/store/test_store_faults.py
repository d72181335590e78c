import asyncio
import contextlib
import sqlite3
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store_samples import SETTINGS, candle, candles, integrity, names_in, opened, rows_of

from app.core.clock import ManualClock
from app.core.errors import NotSavedError
from app.store.database import open_memory
from app.store.faults import is_damage
from app.store.lock import lock_file
from app.store.schema import CALLS, CANDLES, FEED_HOLES, OUTCOMES, RUNS, SCHEMA, Schema
from app.store.status import StoreStatus
from app.store.store import Store

RETRY_S = 11.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "live.sqlite"


def accounted(status: StoreStatus) -> int:
    return status.written + status.unsaved + status.pending + status.known + status.refused + status.dropped


async def filled(path: Path, count: int, schema: Schema = SCHEMA) -> None:
    """A database with rows in its main file, none in its log."""
    async with opened(path, schema=schema) as store:
        for row in candles(count):
            store.put(row)
        assert await store.flush()


def damaged_files(path: Path) -> set[str]:
    found = {name for name in names_in(path.parent) if name.startswith(f"{path.name}.damaged-")}
    return {name for name in found if not name.endswith(("-wal", "-shm"))}


def overwrite(path: Path, position: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(position)
        file.write(data)


def flip(path: Path, position: int, length: int) -> None:
    with path.open("r+b") as file:
        file.seek(position)
        data = file.read(length)
        file.seek(position)
        file.write(bytes(byte ^ 0xFF for byte in data))


def truncate(path: Path, size: int) -> None:
    with path.open("r+b") as file:
        file.truncate(size)


@pytest.mark.asyncio
async def test_hazard_12_a_second_instance_is_named_and_takes_over_later(path: Path) -> None:
    clock = ManualClock()
    first = Store(path, SETTINGS, ManualClock())
    await first.open()
    async with opened(path, clock) as second:
        status = second.status()
        assert status.state == "not saved"
        assert f"process {lock_file(path).read_text()}" in status.reason
        assert "tapedeck attach" in status.reason
        second.put(candle(1))
        assert not await second.put_durably(candle(2))
        assert second.status().unsaved == 2
        assert len(await second.current_reader().select(CANDLES)) == 2
        with pytest.raises(NotSavedError, match=r"another tapedeck \(process"):
            await second.reader().select(CANDLES)
        assert await first.put_durably(candle(2))
        await first.close()
        clock.advance(RETRY_S)
        assert await second.put_durably(candle(3))
        status = second.status()
        assert (status.state, status.reason, status.unsaved) == ("saved", "", 0)
        assert (status.written, status.known) == (2, 1)
        assert len(await second.reader().select(CANDLES)) == 3
    assert rows_of(path, "candles") == 3


@pytest.mark.asyncio
async def test_a_lock_file_left_by_a_killed_program_holds_nobody(path: Path) -> None:
    lock_file(path).write_text("999999")
    async with opened(path) as store:
        assert store.status().state == "saved"


@pytest.mark.asyncio
async def test_hazard_12_a_database_another_program_holds_is_left_and_taken_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.store.connect._BUSY_TIMEOUT_S", 0.05)
    clock = ManualClock()
    async with opened(path, clock) as store:
        assert await store.put_durably(candle(1))
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as foreign:
            foreign.execute("BEGIN IMMEDIATE")
            store.put(candle(2))
            await store.flush()
            await store.flush()
            status = store.status()
            assert (status.state, status.unsaved, status.pending) == ("not saved", 1, 0)
            assert "another program holds it" in status.reason
            clock.advance(RETRY_S)
            assert not await store.put_durably(candle(3))
            foreign.execute("ROLLBACK")
        clock.advance(RETRY_S)
        assert await store.put_durably(candle(4))
        assert store.status().written == 4
    assert rows_of(path, "candles") == 4


async def fill_up(store: Store) -> None:
    """Leave the file no room to grow, as a full disk does."""
    await store.flush()
    if store.status().state == "not saved":
        return
    ((pages,),) = await store._place.connection.execute_fetchall("PRAGMA page_count")
    await store._place.connection.execute_fetchall(f"PRAGMA max_page_count = {pages}")


@pytest.mark.asyncio
async def test_hazard_14_a_full_disk_moves_the_store_to_memory_and_back(path: Path) -> None:
    clock = ManualClock()
    async with opened(path, clock) as store:
        await fill_up(store)
        for row in candles(5_000):
            store.put(row)
        await store.flush()
        await store.flush()
        status = store.status()
        assert (status.state, status.unsaved, accounted(status)) == ("not saved", 5_000, 5_000)
        assert "disk is full; free some space" in status.reason
        assert len(await store.current_reader().select(CANDLES, limit=10_000)) == 5_000
        with pytest.raises(NotSavedError, match="the disk is full; free some space"):
            await store.reader().select(CANDLES)
        assert integrity(path) == "ok"
        clock.advance(RETRY_S)
        assert await store.put_durably(candle(5_000))
        assert (store.status().state, store.status().written) == ("saved", 5_001)
    assert rows_of(path, "candles") == 5_001


@pytest.mark.asyncio
async def test_hazard_14_rows_of_a_full_disk_are_tried_once_more_at_the_end(path: Path) -> None:
    store = Store(path, SETTINGS, ManualClock())
    await store.open()
    await fill_up(store)
    for row in candles(5_000):
        store.put(row)
    status = await store.close()
    assert (status.state, status.written, status.unsaved) == ("closed", 5_000, 0)
    assert rows_of(path, "candles") == 5_000


@pytest.mark.asyncio
async def test_a_directory_that_cannot_be_made_leaves_the_store_in_memory(tmp_path: Path) -> None:
    blocked = tmp_path / "state"
    blocked.write_text("a file in the way")
    clock = ManualClock()
    async with opened(blocked / "live.sqlite", clock) as store:
        assert store.status().state == "not saved"
        assert "cannot be made" in store.status().reason
        assert not await store.put_durably(candle(1))
        blocked.unlink()
        clock.advance(RETRY_S)
        assert await store.put_durably(candle(2))
    assert rows_of(blocked / "live.sqlite", "candles") == 2


@pytest.mark.asyncio
async def test_rows_that_never_reach_the_disk_are_counted_at_the_end(tmp_path: Path) -> None:
    blocked = tmp_path / "state"
    blocked.write_text("a file in the way")
    store = Store(blocked / "live.sqlite", SETTINGS, ManualClock())
    await store.open()
    store.put(candle())
    status = await store.close()
    assert (status.state, status.unsaved, status.written) == ("closed", 1, 0)
    assert "cannot be made" in status.reason


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", ["directory", "link"])
async def test_something_else_in_the_place_of_the_database_is_left_alone(path: Path, kind: str) -> None:
    if kind == "directory":
        path.mkdir()
    else:
        path.symlink_to(path.with_name("elsewhere"))
    async with opened(path) as store:
        assert store.status().state == "not saved"
        assert "not a plain file" in store.status().reason
    assert "elsewhere" not in names_in(path.parent)


@pytest.mark.asyncio
async def test_hazard_15_what_is_no_database_is_moved_aside(path: Path) -> None:
    path.write_bytes(b"this is not a database, but long enough to look at. " * 100)
    async with opened(path) as store:
        status = store.status()
        assert (status.state, status.moved_aside) == ("saved", "live.sqlite.damaged-20231114-221320")
        assert await store.put_durably(candle())
    assert damaged_files(path) == {status.moved_aside}
    assert rows_of(path, "candles") == 1


@pytest.mark.asyncio
async def test_an_empty_file_is_an_empty_database(path: Path) -> None:
    path.touch()
    async with opened(path) as store:
        assert (store.status().state, store.status().moved_aside) == ("saved", "")


@pytest.mark.asyncio
@pytest.mark.parametrize("parts", [1, 4, 7])
async def test_hazard_15_a_truncated_database_is_moved_aside(path: Path, parts: int) -> None:
    await filled(path, 3_000)
    truncate(path, path.stat().st_size * parts // 8 - 100)
    async with opened(path) as store:
        assert store.status().state == "saved"
        assert store.status().moved_aside
        assert await store.put_durably(candle())
    assert len(damaged_files(path)) == 1


@pytest.mark.asyncio
async def test_two_damaged_databases_of_one_second_are_both_kept(path: Path) -> None:
    for content in (b"first " * 1_000, b"second " * 1_000):
        path.write_bytes(content)
        async with opened(path):
            pass
    assert damaged_files(path) == {
        "live.sqlite.damaged-20231114-221320",
        "live.sqlite.damaged-20231114-221320-2",
    }


@pytest.mark.asyncio
async def test_hazard_15_flipped_bytes_anywhere_never_stop_the_store(path: Path) -> None:
    """Each page is hit in its header, its middle and its end: saved always, moved aside where the check sees it."""
    few = Schema((RUNS, CALLS, OUTCOMES, FEED_HOLES, CANDLES), SCHEMA.migrations[:1])
    await filled(path, 400, few)
    original = path.read_bytes()
    found = 0
    for page in range(0, len(original), 4096):
        for offset in (0, 100, 2_048, 4_000):
            path.write_bytes(original)
            flip(path, page + offset, 24)
            async with opened(path, schema=few) as store:
                status = store.status()
                assert status.state == "saved", f"page {page}, offset {offset}: {status.reason}"
                assert await store.put_durably(candle(10_000)), f"page {page}, offset {offset}"
                found += bool(status.moved_aside)
    assert found >= len(original) // 4096


@pytest.mark.asyncio
async def test_hazard_15_damage_that_shows_while_running_is_survived(path: Path) -> None:
    await filled(path, 20_000)
    clock = ManualClock()
    async with opened(path, clock) as store:
        overwrite(path, 4096, b"\xff" * (path.stat().st_size - 4096))
        for row in candles(200):
            store.put(row)
        await store.flush()
        await store.flush()
        status = store.status()
        assert (status.state, accounted(status)) == ("not saved", 200)
        assert "damaged" in status.reason
        clock.advance(RETRY_S)
        assert await store.put_durably(candle(201))
        assert store.status().moved_aside
    assert rows_of(path, "candles") == 201
    assert integrity(path) == "ok"


async def left_in_a_transaction(store: Store) -> None:
    await store._place.connection.execute_fetchall("BEGIN")


async def closed_underneath(store: Store) -> None:
    connection = store._place.connection
    await connection._execute(connection._conn.close)  # type: ignore[no-untyped-call]


@pytest.mark.asyncio
@pytest.mark.parametrize("trouble", [left_in_a_transaction, closed_underneath])
async def test_hazard_15_a_healthy_file_is_not_moved_aside_for_an_error_of_ours(
    path: Path, trouble: Callable[[Store], Awaitable[None]]
) -> None:
    clock = ManualClock()
    async with opened(path, clock) as store:
        assert await store.put_durably(candle(1))
        await trouble(store)
        assert not await store.put_durably(candle(2))
        assert store.status().state == "not saved"
        assert "`tapedeck doctor` checks it" in store.status().reason
        clock.advance(RETRY_S)
        assert await store.put_durably(candle(3))
        assert (store.status().state, store.status().moved_aside) == ("saved", "")
    assert damaged_files(path) == set()
    assert rows_of(path, "candles") == 3


@pytest.mark.asyncio
async def test_a_table_that_is_dropped_while_running_is_found_at_the_next_try(path: Path) -> None:
    clock = ManualClock()
    async with opened(path, clock) as store:
        assert await store.put_durably(candle(1))
        await store._place.connection.execute_fetchall("DROP TABLE candles")
        assert not await store.put_durably(candle(2))
        assert "no such table" in store.status().reason
        clock.advance(RETRY_S)
        assert await store.put_durably(candle(3))
        assert store.status().moved_aside
    assert rows_of(path, "candles") == 2


@pytest.mark.parametrize(
    ("code", "damaged"),
    [
        (sqlite3.SQLITE_CORRUPT, True),
        (sqlite3.SQLITE_CORRUPT | 1 << 8, True),
        (sqlite3.SQLITE_NOTADB, True),
        (sqlite3.SQLITE_ERROR, False),
        (sqlite3.SQLITE_MISUSE, False),
        (sqlite3.SQLITE_FULL, False),
        (sqlite3.SQLITE_IOERR, False),
        (None, False),
    ],
)
def test_only_damage_is_damage(code: int | None, *, damaged: bool) -> None:
    error = sqlite3.OperationalError("x")
    if code is not None:
        error.sqlite_errorcode = code
    assert is_damage(error) == damaged


@pytest.mark.asyncio
async def test_a_file_that_is_removed_while_running_is_made_anew(path: Path) -> None:
    async with opened(path) as store:
        assert await store.put_durably(candle(1))
        path.unlink()
        assert await store.put_durably(candle(2))
        assert store.status().state == "saved"
    assert rows_of(path, "candles") == 1


@pytest.mark.asyncio
async def test_a_damaged_log_loses_only_itself(path: Path) -> None:
    log = path.with_name("live.sqlite-wal")
    async with opened(path) as store:
        assert await store.put_durably(candle(1))
        copies = path.read_bytes(), log.read_bytes()
    path.write_bytes(copies[0])
    log.write_bytes(copies[1][: len(copies[1]) // 2] + bytes(500))
    async with opened(path) as store:
        assert store.status().state == "saved"
        assert await store.put_durably(candle(2))
    assert integrity(path) == "ok"


@pytest.mark.asyncio
async def test_memory_that_fails_is_told_and_does_not_spin() -> None:
    async with opened(None) as store:
        await fill_up(store)
        for row in candles(5_000):
            store.put(row)
        assert not await store.flush()
        status = store.status()
        assert (status.dropped, status.pending) == (5_000, 0)
        assert "memory failed" in status.reason
        store.put(candle())
        await store.flush()
        assert accounted(store.status()) == 5_001


@pytest.mark.asyncio
async def test_a_store_that_fails_for_an_unknown_cause_says_so(path: Path) -> None:
    store = Store(path, SETTINGS, ManualClock())
    await store.open()

    def broken() -> bool:
        raise RuntimeError("unforeseen")

    store._place.vanished = broken  # type: ignore[method-assign]
    store.put(candle())
    status = await store.close()
    assert (status.state, status.dropped + status.written) == ("closed", 1)
    assert "unforeseen" in status.reason


@pytest.mark.asyncio
async def test_a_store_that_has_died_says_not_saved_and_counts_what_comes(path: Path) -> None:
    store = Store(path, SETTINGS, ManualClock())
    await store.open()

    def broken() -> bool:
        raise RuntimeError("unforeseen")

    store._place.vanished = broken  # type: ignore[method-assign]
    await store.flush()
    for row in candles(3):
        store.put(row)
    assert not await store.put_durably(candle(4))
    status = store.status()
    assert (status.state, status.dropped) == ("not saved", 4)
    assert status.gone == "4 rows dropped: the store failed (unforeseen); start tapedeck again"
    with pytest.raises(NotSavedError, match="unforeseen"):
        await store.reader().select(CANDLES)
    assert (await store.close()).state == "closed"


@pytest.mark.asyncio
async def test_a_store_without_a_file_and_without_memory_says_not_saved(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def none_left(*_: object) -> None:
        raise sqlite3.OperationalError("out of memory")

    path.mkdir()
    monkeypatch.setattr("app.store.place.open_memory", none_left)
    async with opened(path) as store:
        assert store.status().state == "not saved"
        assert "out of memory" in store.status().reason


@pytest.mark.asyncio
async def test_memory_is_a_whole_database() -> None:
    connection = await open_memory(SCHEMA, ManualClock())
    names = {row[0] for row in await connection.execute_fetchall("SELECT name FROM sqlite_master")}
    await connection.close()
    assert {table.name for table in SCHEMA.tables} <= names


@pytest.mark.asyncio
async def test_closing_does_not_wait_beyond_its_deadline(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.store.connect._BUSY_TIMEOUT_S", 0.5)
    monkeypatch.setattr("app.store.store._GRACE_S", 0.0)
    store = Store(path, SETTINGS, ManualClock())
    await store.open()
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as foreign:
        foreign.execute("BEGIN IMMEDIATE")
        store.put(candle())
        status = await store.close(deadline_s=0.0)
        assert (status.state, status.pending) == ("saved", 1)
        assert store._task is not None
        await store._task
        assert (store.status().state, store.status().dropped) == ("closed", 1)


@given(st.lists(st.sampled_from(("row", "again", "refused", "durable", "full", "retry", "flush")), max_size=30))
@settings(max_examples=40, deadline=None)
def test_every_row_that_was_put_is_accounted_for(steps: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        put, status = asyncio.run(perform(Path(folder) / "live.sqlite", steps))
        assert accounted(status) == put
        assert (status.pending, status.unsaved, status.dropped) == (0, 0, 0)
        assert rows_of(Path(folder) / "live.sqlite", "candles") == status.written


async def perform(path: Path, steps: list[str]) -> tuple[int, StoreStatus]:
    """How many rows were put, and the status at the end."""
    clock, put = ManualClock(), 0
    store = Store(path, SETTINGS, clock)
    await store.open()
    for number, step in enumerate(steps):
        if step == "full":
            await fill_up(store)
        elif step == "retry":
            clock.advance(RETRY_S)
        elif step == "flush":
            await store.flush()
        elif step == "durable":
            put += 1
            await store.put_durably(candle(number * 1_000))
        else:
            row = candle(0 if step == "again" else number * 1_000, interval="5m" if step == "refused" else "1m")
            copies = [candle(number * 1_000 + copy) for copy in range(500)] if step == "row" else [row] * 20
            put += len(copies)
            for copy in copies:
                store.put(copy)
    return put, await store.close()
