import asyncio
import contextlib
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest
from store_samples import NOW_MS, call, candle, candles, names_in, opened, outcome

from app.core.errors import DataError
from app.core.events import Candle
from app.store.reader import Reader, open_reader
from app.store.schema import CANDLES, SCHEMA, Migration, Schema
from app.store.table import Condition

NEWER = Schema(SCHEMA.tables, (*SCHEMA.migrations, Migration("more", ("CREATE TABLE more (a INTEGER)",))))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "live.sqlite"


@pytest.mark.asyncio
async def test_conditions_limit_and_order(path: Path) -> None:
    async with opened(path) as store:
        for row in (*candles(10), candle(3, coin="ETH")):
            store.put(row)
        await store.flush()
        reader = store.reader()
        where = (Condition("coin", "=", "BTC"), Condition("open_ms", ">=", candle(4).open_ms))
        assert await reader.select(CANDLES, where, limit=2) == [candle(9), candle(8)]
        assert await reader.select(CANDLES, where, limit=2, newest_first=False) == [candle(4), candle(5)]


@pytest.mark.asyncio
async def test_decided_and_undecided_calls(path: Path) -> None:
    calls = [call(number) for number in range(6)]
    other = call(7, claimant="ai")
    outcomes = [outcome(calls[0], hit=True), outcome(calls[3], status="ungraded", reason="a gap"), outcome(other)]
    async with opened(path) as store:
        for row in (*calls, other, *outcomes):
            store.put(row)
        await store.flush()
        reader = store.reader()
        decided = [pair async for pair in reader.decided()]
        assert decided == [(calls[0], outcomes[0]), (calls[3], outcomes[1]), (other, outcomes[2])]
        assert [pair async for pair in reader.decided(claimant="ai")] == [(other, outcomes[2])]
        assert [pair async for pair in reader.decided(NOW_MS + 1, NOW_MS + 4)] == [(calls[3], outcomes[1])]
        assert [row async for row in reader.undecided(NOW_MS + 2)] == [calls[2], calls[4], calls[5]]
        assert await reader.calls(NOW_MS + 5) == [other, calls[5]]


@pytest.mark.asyncio
async def test_pages_meet_without_a_gap_or_an_overlap(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.store.reader._PAGE_ROWS", 7)
    calls = [call(number, made_at_ms=NOW_MS + number // 5) for number in range(40)]
    async with opened(path) as store:
        for row in calls:
            store.put(row)
        await store.flush()
        found = [row async for row in store.reader().undecided()]
    assert len(found) == 40
    assert {row.call_id for row in found} == {row.call_id for row in calls}
    assert [row.made_at_ms for row in found] == [row.made_at_ms for row in calls]


@pytest.mark.asyncio
async def test_another_program_reads_while_one_writes(path: Path) -> None:
    async with opened(path) as store:
        assert await store.put_durably(candle())
        async with open_reader(path) as reader:
            assert await reader.select(CANDLES) == [candle()]
            assert await store.put_durably(candle(1))
            assert await reader.select(CANDLES) == [candle(1), candle()]
        assert await store.put_durably(candle(2))
        assert store.status().state == "saved"


@pytest.mark.asyncio
async def test_reading_does_not_make_a_database(path: Path) -> None:
    with pytest.raises(DataError, match="does not exist yet"):
        async with open_reader(path):
            pass
    assert names_in(path.parent) == set()


@pytest.mark.asyncio
async def test_a_database_of_another_version_is_refused(path: Path) -> None:
    async with opened(path, schema=NEWER):
        pass
    with pytest.raises(DataError, match=f"version {NEWER.version}, this tapedeck knows {SCHEMA.version}"):
        async with open_reader(path):
            pass
    path.unlink()
    async with opened(path):
        pass
    with pytest.raises(DataError, match=f"needed is {NEWER.version}"):
        async with open_reader(path, NEWER):
            pass


@pytest.mark.asyncio
async def test_a_damaged_database_is_refused(path: Path) -> None:
    path.write_bytes(b"no database at all " * 500)
    with pytest.raises(DataError, match="is not a database"):
        async with open_reader(path):
            pass


@pytest.mark.asyncio
async def test_a_row_that_somebody_spoiled_is_an_error_of_the_data(path: Path) -> None:
    async with opened(path) as store:
        assert await store.put_durably(candle())
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE candles SET high = 'high'")
        connection.commit()
    async with open_reader(path) as reader:
        with pytest.raises(DataError, match="candles holds a row that cannot be read"):
            await reader.select(CANDLES)


@pytest.mark.asyncio
async def test_a_reader_follows_the_store_and_ends_with_it(path: Path) -> None:
    async with opened(path) as store:
        reader: Reader = store.reader()
        store.put(candle())
        await store.flush()
        assert await reader.select(CANDLES) == [candle()]
    with pytest.raises(DataError, match="not open"):
        await reader.select(CANDLES)


@pytest.mark.asyncio
async def test_a_number_sqlite_cannot_hold_is_an_error_of_the_data(path: Path) -> None:
    async with opened(path) as store:
        with pytest.raises(DataError, match="cannot be read now"):
            await store.reader().calls(2**70)


@pytest.mark.asyncio
async def test_others_have_their_turn_while_many_rows_are_checked(path: Path) -> None:
    turns = 0
    at_turn: Counter[int] = Counter()

    async def take_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    def build(values: dict[str, Any]) -> Candle:
        at_turn[turns] += 1
        return CANDLES.build(values)

    async with opened(path) as store:
        for row in candles(1_700):
            store.put(row)
        await store.flush()
        other = asyncio.create_task(take_turns())
        found = await store.reader().select(msgspec.structs.replace(CANDLES, build=build), limit=5_000)
        other.cancel()
    assert len(found) == 1_700
    assert max(at_turn.values()) <= 500
