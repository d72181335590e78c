"""An outcome whose call is in the file reaches it, though the file was away when it was put."""

import contextlib
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from store_samples import NOW_MS, call, candles, opened, outcome, rows_of

from app.core.calls import Call
from app.core.clock import ManualClock
from app.store.commit import commit
from app.store.database import open_memory
from app.store.pending import Batch
from app.store.retention import Retention
from app.store.schema import OUTCOMES, SCHEMA
from app.store.store import Store

pytestmark = pytest.mark.asyncio
RETRY_S = 11.0
FILED, LATER, NOWHERE = call(1), call(2), call(3)
Back = Callable[[], Awaitable[None]]
Away = Callable[[Path, ManualClock, Call], contextlib.AbstractAsyncContextManager[tuple[Store, Back]]]


@contextlib.asynccontextmanager
async def full_disk(path: Path, clock: ManualClock, filed: Call) -> AsyncIterator[tuple[Store, Back]]:
    """A store that has run out of disk, and what gives it back."""

    async def freed() -> None:
        clock.advance(RETRY_S)

    async with opened(path, clock) as store:
        await store.put_durably(filed)
        ((pages,),) = await store._place.connection.execute_fetchall("PRAGMA page_count")
        await store._place.connection.execute_fetchall(f"PRAGMA max_page_count = {pages}")
        for row in candles(2_000):
            store.put(row)
        await store.flush()
        yield store, freed


@contextlib.asynccontextmanager
async def second_instance(path: Path, clock: ManualClock, filed: Call) -> AsyncIterator[tuple[Store, Back]]:
    """A store whose file another one writes, and what ends that one."""

    async def ended() -> None:
        await first.close()
        clock.advance(RETRY_S)

    async with opened(path, ManualClock()) as first:
        await first.put_durably(filed)
        async with opened(path, clock) as store:
            yield store, ended


@pytest.mark.parametrize("away", [full_disk, second_instance])
async def test_hazard_14_an_outcome_survives_the_way_to_memory_and_back(tmp_path: Path, away: Away) -> None:
    path, clock = tmp_path / "live.sqlite", ManualClock()
    async with away(path, clock, FILED) as (store, comes_back):
        for row in (outcome(FILED), LATER, outcome(LATER), outcome(NOWHERE)):
            store.put(row)
        await store.flush()
        await store.flush()
        before = store.status()
        assert (before.state, before.refused) == ("not saved", 0)
        await comes_back()
        assert await store.flush()
        status = store.status()
        assert (status.state, status.refused, status.unsaved) == ("saved", 1, 0)
        assert "outcomes refused a row" in status.refusal
        decided = [pair async for pair in store.reader().decided()]
        assert decided == [(FILED, outcome(FILED)), (LATER, outcome(LATER))]
        assert [row async for row in store.reader().undecided()] == []
    assert rows_of(path, "outcomes") == 2


async def test_in_the_file_an_outcome_still_goes_with_its_call(tmp_path: Path) -> None:
    path = tmp_path / "live.sqlite"
    async with opened(path) as store:
        store.put(FILED)
        store.put(outcome(FILED))
        await store.flush()
        await store._place.connection.execute_fetchall("DELETE FROM calls")
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM outcomes").fetchone() == (0,)


async def test_outcomes_whose_calls_are_elsewhere_do_not_fill_the_memory() -> None:
    clock = ManualClock()
    connection = await open_memory(SCHEMA, clock)
    calls = [call(number, made_at_ms=NOW_MS + 60_000 * number) for number in range(10_000)]
    await commit(connection, SCHEMA, Batch({OUTCOMES.row: [outcome(each) for each in calls]}, []))
    retention = Retention(SCHEMA.of_memory(), clock, keep_days=None, maximum_bytes=600_000)
    while retention.due_in_s() == 0:
        await retention.step(connection)
    ((pages,),) = await connection.execute_fetchall("PRAGMA page_count")
    ((left, oldest),) = await connection.execute_fetchall("SELECT count(*), min(decided_at_ms) FROM outcomes")
    await connection.close()
    assert pages * 4096 <= 600_000
    assert 1_000 < left < 10_000
    assert oldest == outcome(calls[10_000 - left]).decided_at_ms
