import asyncio
import os
import threading
from pathlib import Path

import msgspec
import pytest
from store_samples import (
    NOW_MS,
    SETTINGS,
    call,
    candle,
    candles,
    change_mode,
    integrity,
    mode_of,
    names_in,
    opened,
    outcome,
    paper_fill,
    paper_saved,
    paper_trade,
    rows_of,
)

from app.core.clock import ManualClock
from app.store.rows import FeedHole, StoredRun
from app.store.schema import CALLS, CANDLES, FEED_HOLES, OUTCOMES, PAPER_FILLS, PAPER_STATE, PAPER_TRADES, RUNS
from app.store.status import StoreStatus
from app.store.store import Store


def accounted(status: StoreStatus) -> int:
    return status.written + status.unsaved + status.pending + status.known + status.refused + status.dropped


def threads_left() -> list[str]:
    """Threads that do not end; one that was told to may need a moment."""
    others = [thread for thread in threading.enumerate() if thread is not threading.main_thread()]
    for thread in others:
        thread.join(timeout=5)
    return [thread.name for thread in others if thread.is_alive()]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "demo.sqlite"


@pytest.mark.asyncio
async def test_every_kind_of_row_comes_back_as_it_was_put(path: Path) -> None:
    claim = call()
    decided = outcome(claim, reason="", exit_bid=1.5, hit=True, event_happened=False, edge_bps=-3.25)
    run = StoredRun(
        session_id="s1",
        source="demo",
        app_version="1",
        python_version="3.11",
        settings_sha256="ab",
        started_ms=NOW_MS,
    )
    hole = FeedHole("BTC", NOW_MS, NOW_MS + 2, NOW_MS + 3)
    async with opened(path) as store:
        assert all(map(store.put, (run, claim, decided, hole, candle())))
        assert await store.flush()
        reader = store.reader()
        assert await reader.select(RUNS) == [run]
        assert await reader.select(CALLS) == [claim]
        assert await reader.select(OUTCOMES) == [decided]
        assert await reader.select(FEED_HOLES) == [hole]
        assert await reader.select(CANDLES) == [candle()]


@pytest.mark.asyncio
async def test_a_row_with_a_known_key_is_kept_once_and_a_run_takes_its_end(path: Path) -> None:
    run = StoredRun(
        session_id="s", source="demo", app_version="1", python_version="3", settings_sha256="", started_ms=NOW_MS
    )
    async with opened(path) as store:
        store.put(candle())
        store.put(candle())
        store.put(run)
        store.put(msgspec.structs.replace(run, ended_ms=NOW_MS + 2))
        await store.flush()
        assert store.status().known == 1
        assert [row.ended_ms for row in await store.reader().select(RUNS)] == [NOW_MS + 2]
    assert rows_of(path, "candles") == 1


@pytest.mark.asyncio
async def test_there_is_one_paper_ledger_and_the_last_one_saved_counts(path: Path) -> None:
    async with opened(path) as store:
        store.put(paper_saved(NOW_MS, b"before"))
        store.put(paper_fill())
        store.put(paper_fill())
        store.put(paper_trade())
        store.put(paper_saved(NOW_MS + 1, b"\x00after\xff"))
        assert await store.flush()
        assert store.status().known == 1
        assert not await store.put_durably(paper_saved(NOW_MS + 2, b"x" * 1_000_001))
        assert "paper_state refused a row" in store.status().refusal
    async with opened(path) as store:
        assert await store.reader().select(PAPER_STATE) == [paper_saved(NOW_MS + 1, b"\x00after\xff")]
        assert await store.reader().select(PAPER_FILLS) == [paper_fill()]
        assert await store.reader().select(PAPER_TRADES) == [paper_trade()]
    assert rows_of(path, "paper_state") == 1


@pytest.mark.asyncio
async def test_rows_put_before_the_store_is_open_are_written(path: Path) -> None:
    store = Store(path, SETTINGS, ManualClock())
    assert store.put(candle())
    assert store.status().state == "opening"
    await store.open()
    assert await store.flush()
    status = await store.close()
    assert (status.state, status.written) == ("closed", 1)


@pytest.mark.asyncio
async def test_a_durable_row_is_on_disk_when_the_wait_ends(path: Path) -> None:
    async with opened(path) as store:
        store.put(candle(1))
        assert await store.put_durably(candle(2))
        assert rows_of(path, "candles") == 2
        assert store.status().pending == 0


@pytest.mark.asyncio
async def test_closing_writes_what_is_pending(path: Path) -> None:
    store = Store(path, SETTINGS, ManualClock())
    await store.open()
    for row in candles(5_000):
        store.put(row)
    status = await store.close()
    assert (status.state, status.written, status.pending) == ("closed", 5_000, 0)
    assert rows_of(path, "candles") == 5_000
    assert not store.put(candle(9_999))
    assert await store.close() == store.status()
    assert store.status().dropped == 1


@pytest.mark.asyncio
async def test_what_does_not_fit_the_queue_is_counted(path: Path) -> None:
    store = Store(path, SETTINGS, ManualClock(), capacity=10)
    taken = [store.put(row) for row in candles(12)]
    assert taken == [True] * 10 + [False] * 2
    await store.open()
    await store.flush()
    status = await store.close()
    assert (status.written, status.dropped) == (10, 2)
    assert accounted(status) == 12


@pytest.mark.asyncio
async def test_a_row_that_its_table_refuses_does_not_take_others_along(path: Path) -> None:
    wrong = [
        candle(1, interval="5m"),
        outcome(call(99)),
        call(1, bid=float("nan")),
        call(2, ask=float("inf")),
        call(3, evidence=2**70),
        call(4, subject="\ud800"),
        call(5, probability=2.0),
    ]
    async with opened(path) as store:
        for row in (candle(2), *wrong, call(6)):
            store.put(row)
        assert not await store.put_durably(candle(3, interval="5m"))
        assert await store.put_durably(candle(4))
        status = store.status()
        assert (status.state, status.written, status.refused) == ("saved", 3, len(wrong) + 1)
        assert "candles refused a row" in status.refusal
        assert accounted(status) == len(wrong) + 4


@pytest.mark.asyncio
async def test_a_row_no_table_holds_is_a_mistake_of_the_caller(path: Path) -> None:
    async with opened(path) as store:
        with pytest.raises(TypeError, match="no table holds a str"):
            store.put("text")
        assert store.status().dropped == 0


@pytest.mark.asyncio
async def test_a_temporary_store_keeps_nothing(tmp_path: Path) -> None:
    async with opened(None) as store:
        store.put(call())
        assert not await store.put_durably(candle())
        status = store.status()
        assert (status.state, status.reason, status.written) == ("temporary", "", 2)
        assert await store.reader().calls() == [call()]
    assert names_in(tmp_path) == set()


@pytest.mark.asyncio
async def test_hazard_24_files_are_private(path: Path) -> None:
    umask = os.umask(0o000)
    try:
        async with opened(path) as store:
            assert await store.put_durably(candle())
            assert await store.reader().select(CANDLES) == [candle()]
            modes = {name: mode_of(path.parent / name) for name in names_in(path.parent)}
    finally:
        os.umask(umask)
    assert set(modes) == {f"demo.sqlite{end}" for end in ("", "-wal", "-shm", ".lock")}
    assert set(modes.values()) == {0o600}
    assert mode_of(path.parent) == 0o700


@pytest.mark.asyncio
async def test_an_existing_file_is_made_private(path: Path) -> None:
    async with opened(path):
        pass
    change_mode(path, 0o644)
    async with opened(path) as store:
        assert store.status().state == "saved"
    assert mode_of(path) == 0o600


@pytest.mark.asyncio
async def test_the_age_of_the_last_commit_is_shown(path: Path) -> None:
    clock = ManualClock()
    async with opened(path, clock) as store:
        assert store.status().last_commit_age_ms is None
        await store.put_durably(candle())
        clock.advance(1.5)
        assert store.status().last_commit_age_ms == 1_500


@pytest.mark.asyncio
async def test_hazard_16_a_cancelled_wait_does_not_take_the_row_back(path: Path) -> None:
    async with opened(path) as store:
        wait = asyncio.create_task(store.put_durably(candle()))
        await asyncio.sleep(0)
        wait.cancel()
        with pytest.raises(asyncio.CancelledError):
            await wait
        assert await store.flush()
    assert rows_of(path, "candles") == 1


@pytest.mark.parametrize("steps", range(0, 60, 3))
def test_hazard_16_a_loop_that_ends_writes_what_is_pending(path: Path, steps: int) -> None:
    """`asyncio.run` cancels every task when `main` returns: here after so many turns of the loop."""

    async def main() -> None:
        store = Store(path, SETTINGS, ManualClock())
        for row in candles(50):
            store.put(row)
        opening = asyncio.create_task(store.open())
        if steps % 2:
            await opening
        waiting = asyncio.create_task(store.put_durably(candle(50)))
        for _ in range(steps):
            await asyncio.sleep(0)
        del opening, waiting

    asyncio.run(main())
    assert threads_left() == []
    if path.exists() and steps % 2:
        assert rows_of(path, "candles") >= 50
        assert integrity(path) == "ok"


@pytest.mark.asyncio
async def test_hazard_16_closing_goes_on_when_its_wait_is_cancelled(path: Path) -> None:
    store = Store(path, SETTINGS, ManualClock())
    await store.open()
    for row in candles(1_000):
        store.put(row)
    closing = asyncio.create_task(store.close())
    await asyncio.sleep(0)
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    status = await store.close()
    assert (status.state, status.written) == ("closed", 1_000)


@pytest.mark.asyncio
async def test_no_thread_stays_behind(path: Path) -> None:
    async with opened(path) as store:
        await store.reader().select(CANDLES)
    assert threads_left() == []


@pytest.mark.asyncio
async def test_a_store_that_was_never_opened_can_be_closed(path: Path) -> None:
    store = Store(path, SETTINGS, ManualClock())
    store.put(candle())
    status = await store.close()
    assert (status.state, status.dropped) == ("closed", 1)


def test_a_status_says_which_rows_are_not_on_disk_and_why() -> None:
    status = StoreStatus(state="not saved", name="x", reason="the disk is full", refusal="calls refused a row")
    assert status.lost == ""
    lost = msgspec.structs.replace(status, written=9, unsaved=1_200, refused=1, dropped=2).lost
    assert lost == (
        "1,200 rows in memory only: the disk is full; 1 row refused: calls refused a row; "
        "2 rows dropped: the disk is full"
    )
    assert msgspec.structs.replace(status, reason="", dropped=1).lost == "1 row dropped"
    assert msgspec.structs.replace(status, unsaved=7, refused=1).gone == "1 row refused: calls refused a row"
