import asyncio
import hashlib
import sqlite3
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from store_samples import NOW_MS, SETTINGS, call, candle, candles, opened, outcome, rows_of

from app.core.calls import Call, CostModel, Outcome
from app.core.clock import ManualClock
from app.core.errors import DataError
from app.core.events import Action, Candle, Freshness, ScalperRead
from app.core.whale_events import TraderMoved
from app.store.connect import close_quietly
from app.store.database import inspect, open_file, open_memory, open_read_only
from app.store.rows import (
    Choice,
    FeedHole,
    PaperFill,
    PaperSaved,
    PaperTrade,
    StoredMarket,
    StoredRun,
    StoredScan,
    StoredVerdict,
    WalletCursor,
    WalletNote,
)
from app.store.schema import CALLS, CANDLES, PAPER_STATE, SCHEMA, Migration, Schema
from app.store.store import Store
from app.store.table import Condition, Table, flat_table
from app.store.token_tables import TABLES as TOKEN_TABLES
from app.store.token_tables import StoredPrediction
from app.store.whale_rows import StoredTrader
from app.store.whale_tables import TABLES

NUMBERS = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e299, max_value=1e299)
INTEGERS = st.integers(min_value=-(2**63), max_value=2**63 - 1)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
ROWS: dict[type, st.SearchStrategy[Any]] = {
    StoredRun: st.builds(
        StoredRun,
        session_id=TEXTS,
        source=TEXTS,
        app_version=TEXTS,
        python_version=TEXTS,
        settings_sha256=TEXTS,
        started_ms=INTEGERS,
        ended_ms=st.none() | INTEGERS,
    ),
    Call: st.builds(
        Call,
        source=TEXTS,
        claimant=TEXTS,
        claimant_version=TEXTS,
        kind=TEXTS,
        subject=TEXTS,
        claim=TEXTS,
        probability=st.floats(0, 1),
        direction=st.sampled_from((-1, 0, 1)),
        made_at_ms=INTEGERS,
        available_at_ms=INTEGERS,
        input_age_ms=INTEGERS,
        reference_kind=TEXTS,
        reference_price=NUMBERS,
        bid=NUMBERS,
        ask=NUMBERS,
        horizon_s=INTEGERS,
        cost=st.builds(CostModel, NUMBERS, NUMBERS),
        regime=TEXTS,
        baseline_id=TEXTS,
        evidence=INTEGERS,
    ),
    Outcome: st.builds(
        Outcome,
        call_id=TEXTS,
        status=st.sampled_from(("graded", "ungraded")),
        decided_at_ms=INTEGERS,
        reason=TEXTS,
        entry_bid=st.none() | NUMBERS,
        exit_at_ms=st.none() | INTEGERS,
        event_happened=st.none() | st.booleans(),
        hit=st.none() | st.booleans(),
        edge_bps=st.none() | NUMBERS,
    ),
    FeedHole: st.builds(FeedHole, TEXTS, INTEGERS, INTEGERS, INTEGERS),
    Candle: st.builds(
        Candle, TEXTS, st.sampled_from(("1m", "1h")), INTEGERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS, INTEGERS
    ),
    PaperFill: st.builds(
        PaperFill,
        number=INTEGERS,
        at_ms=INTEGERS,
        coin=TEXTS,
        direction=st.sampled_from((-1, 1)),
        reason=TEXTS,
        opener=TEXTS,
        size=NUMBERS,
        decided_ms=INTEGERS,
        due_ms=INTEGERS,
        priced_ms=INTEGERS,
        mid=st.none() | NUMBERS,
        touch_price=NUMBERS,
        average_price=NUMBERS,
        worst_price=NUMBERS,
        levels=INTEGERS,
        beyond_size=NUMBERS,
        fee_usd=NUMBERS,
        slippage_bps=st.none() | NUMBERS,
        taken_over=st.booleans(),
    ),
    ScalperRead: st.builds(
        ScalperRead,
        coin=TEXTS,
        at_ms=INTEGERS,
        asked_ms=INTEGERS,
        reason=TEXTS,
        model=TEXTS,
        version=TEXTS,
        momentum=st.floats(0, 100),
        pressure=st.floats(0, 100),
        continuation=st.floats(0, 100),
        freshness=st.sampled_from(get_args(Freshness)),
        action=st.sampled_from(get_args(Action)),
        confidence=st.integers(1, 10),
        sentence=TEXTS,
        direction=st.sampled_from((-1, 0, 1)),
        in_position=st.booleans(),
    ),
    PaperTrade: st.builds(
        PaperTrade,
        number=INTEGERS,
        closed_ms=INTEGERS,
        opened_ms=INTEGERS,
        coin=TEXTS,
        direction=st.sampled_from((-1, 1)),
        size=NUMBERS,
        leverage=INTEGERS,
        opener=TEXTS,
        reason=TEXTS,
        entry_price=NUMBERS,
        exit_price=NUMBERS,
        gross_usd=NUMBERS,
        fees_usd=NUMBERS,
        funding_usd=NUMBERS,
        result_usd=NUMBERS,
        result_bps=NUMBERS,
        unseen_ms=INTEGERS,
    ),
    PaperSaved: st.builds(PaperSaved, saved_ms=INTEGERS, state=st.binary(max_size=200)),
    StoredVerdict: st.builds(
        StoredVerdict,
        wallet=TEXTS,
        at_ms=INTEGERS,
        config_sha256=TEXTS,
        stage=st.integers(1, 3),
        wallet_class=TEXTS,
        score=st.none() | st.floats(0, 1),
        verdict=st.binary(max_size=200),
    ),
    WalletCursor: st.builds(
        WalletCursor,
        wallet=TEXTS,
        scanned_ms=INTEGERS,
        board=TEXTS,
        board_pnl=st.none() | NUMBERS,
        board_volume=st.none() | NUMBERS,
        last_trade_s=st.none() | INTEGERS,
        trades=st.binary(max_size=200),
    ),
    StoredMarket: st.builds(
        StoredMarket,
        condition_id=TEXTS,
        seen_ms=INTEGERS,
        category=TEXTS,
        resolved=st.booleans(),
        market=st.binary(max_size=200),
    ),
    WalletNote: st.builds(
        WalletNote,
        wallet=TEXTS,
        changed_ms=INTEGERS,
        alias=TEXTS,
        tag=TEXTS,
        note=TEXTS,
        review=st.sampled_from(("new", "accepted", "rejected")),
        followed=st.booleans(),
    ),
    Choice: st.builds(Choice, name=TEXTS, value=TEXTS, changed_ms=INTEGERS),
    StoredScan: st.builds(
        StoredScan,
        scan_id=TEXTS,
        plan_sha256=TEXTS,
        started_ms=INTEGERS,
        ended_ms=st.none() | INTEGERS,
        scored=INTEGERS,
        not_scored=INTEGERS,
    ),
}
FIELDS: dict[Any, st.SearchStrategy[Any]] = {
    str: TEXTS,
    int: INTEGERS,
    float: NUMBERS,
    bool: st.booleans(),
    bytes: st.binary(max_size=200),
    int | None: st.none() | INTEGERS,
    float | None: st.none() | NUMBERS,
    bool | None: st.none() | st.booleans(),
}


def plain_rows(row: Any) -> st.SearchStrategy[Any]:
    fields = {field.name: FIELDS.get(field.type, TEXTS) for field in msgspec.structs.fields(row)}
    named = {"kind": st.sampled_from(("OPEN", "FLIP")), "learned": st.sampled_from(("trade", "poll"))}
    if row is TraderMoved:
        fields |= named
    if row is StoredTrader:
        fields["score"] = st.none() | st.floats(0, 100)
    if row is StoredPrediction:
        fields |= {"p_rise": st.floats(0, 1), "p_rug": st.floats(0, 1)}
    return st.builds(row, **fields)


ROWS |= {table.row: plain_rows(table.row) for table in (*TABLES, *TOKEN_TABLES)}
WIDER = Schema(
    SCHEMA.tables, (*SCHEMA.migrations, Migration("notes", ("CREATE TABLE notes (at_ms INTEGER PRIMARY KEY)",)))
)
BROKEN = Schema(
    SCHEMA.tables, (*SCHEMA.migrations, Migration("half", ("CREATE TABLE half (a INTEGER)", "CREATE TABLE half (b)")))
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "live.sqlite"


async def database_columns(table: Table[Any]) -> list[str]:
    connection = await open_memory(SCHEMA, ManualClock())
    try:
        return [row[1] for row in await connection.execute_fetchall(f"PRAGMA table_info({table.name})")]
    finally:
        await close_quietly(connection)


@pytest.mark.parametrize("table", SCHEMA.tables, ids=lambda table: table.name)
def test_a_table_has_the_columns_of_its_row(table: Table[Any]) -> None:
    assert asyncio.run(database_columns(table)) == list(table.columns)


async def there_and_back(table: Table[Any], rows: list[Any]) -> list[Any]:
    connection = await open_memory(SCHEMA, ManualClock())
    try:
        await connection.execute("PRAGMA foreign_keys = OFF")
        await connection.executemany(table.insert_sql(), map(table.values, rows))
        return [table.read(values) for values in await connection.execute_fetchall(table.copy_sql())]
    finally:
        await close_quietly(connection)


@pytest.mark.parametrize("table", SCHEMA.tables, ids=lambda table: table.name)
@given(data=st.data())
def test_hazard_17_any_row_comes_back_as_it_went_in(table: Table[Any], data: st.DataObject) -> None:
    row = data.draw(ROWS[table.row])
    assert asyncio.run(there_and_back(table, [row])) == [row]


@pytest.mark.asyncio
@pytest.mark.parametrize("name", ["x'); DROP TABLE calls; --", '"', "\x00", "%s ? :a", "\u202e", "\U000e0041"])
async def test_hazard_17_a_name_is_only_ever_a_value(path: Path, name: str) -> None:
    async with opened(path) as store:
        store.put(call(1, subject=name, claimant=name))
        assert await store.put_durably(candle(1, coin=name))
        reader = store.reader()
        assert [row.coin for row in await reader.select(CANDLES, (Condition("coin", "=", name),))] == [name]
        assert [row.subject for row in await reader.calls()] == [name]


@pytest.mark.parametrize(
    ("column", "comparison"), [("coin; DROP TABLE candles", "="), ("nothing", "="), ("coin", "= 1 OR 1")]
)
def test_hazard_17_a_condition_takes_known_words_only(column: str, comparison: Any) -> None:
    with pytest.raises(ValueError, match=r"no column|not a comparison"):
        CANDLES.select_sql((Condition(column, comparison, 1),), newest_first=True)


@pytest.mark.parametrize("name", ["a b", "1a", "a;", "", "ä", "A"])
def test_hazard_17_a_table_takes_plain_names_only(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be a name"):
        flat_table(name, Candle, ("coin",))


def test_a_key_must_be_a_column() -> None:
    with pytest.raises(ValueError, match="no column nothing"):
        flat_table("candles", Candle, ("nothing",))


def test_a_row_that_makes_no_sense_is_an_error_of_the_data() -> None:
    values = [*CALLS.values(call())]
    values[CALLS.columns.index("probability")] = "much"
    with pytest.raises(DataError, match="table calls holds a row that cannot be read"):
        CALLS.read(values)
    with pytest.raises(DataError, match="table calls"):
        CALLS.read(values[:3])


@pytest.mark.asyncio
async def test_an_older_database_is_brought_up_and_keeps_its_rows(path: Path) -> None:
    async with opened(path) as store:
        assert await store.put_durably(candle())
    async with opened(path, schema=WIDER) as store:
        assert (store.status().state, store.status().moved_aside) == ("saved", "")
        assert await store.reader().select(CANDLES) == [candle()]
    assert (await inspect(path, WIDER)).version == WIDER.version
    assert rows_of(path, "notes") == 0
    assert rows_of(path, "migrations") == WIDER.version


@pytest.mark.asyncio
@pytest.mark.parametrize("version", range(1, SCHEMA.version))
async def test_a_database_of_every_released_version_is_brought_up(path: Path, version: int) -> None:
    migrations = SCHEMA.migrations[:version]
    made = "".join(statement for migration in migrations for statement in migration.statements)
    tables = tuple(table for table in SCHEMA.tables if f"CREATE TABLE {table.name} (" in made)
    assert len(tables) >= 5
    released = Schema(tables, migrations)
    async with opened(path, schema=released) as store:
        assert await store.put_durably(candle())
    async with opened(path) as store:
        assert (store.status().state, store.status().moved_aside) == ("saved", "")
        assert await store.reader().select(CANDLES) == [candle()]
        assert await store.reader().select(PAPER_STATE) == []
    assert (await inspect(path, SCHEMA)).version == SCHEMA.version


def test_released_migrations_are_as_they_were_released() -> None:
    digests = [hashlib.sha256(msgspec.json.encode(migration)).hexdigest()[:16] for migration in SCHEMA.migrations]
    assert digests[:1] == ["308d27ce6991a798"]


@pytest.mark.asyncio
async def test_a_newer_database_is_refused_and_not_touched(path: Path) -> None:
    async with opened(path, schema=WIDER) as store:
        assert await store.put_durably(candle())
    before = path.read_bytes()
    store = Store(path, SETTINGS, ManualClock())
    status = await store.open()
    assert status.state == "not saved"
    assert f"version {WIDER.version}, this tapedeck knows {SCHEMA.version}" in status.reason
    assert not await store.put_durably(candle(2))
    await store.close()
    assert path.read_bytes() == before


@pytest.mark.asyncio
async def test_another_programs_database_is_refused_and_not_touched(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")
    connection.close()
    before = path.read_bytes()
    async with opened(path) as store:
        assert store.status().state == "not saved"
        assert "of another program" in store.status().reason
    assert path.read_bytes() == before


@pytest.mark.asyncio
async def test_a_migration_that_fails_leaves_nothing_behind(path: Path) -> None:
    async with opened(path) as store:
        assert await store.put_durably(candle())
    with pytest.raises(DataError, match=f"does not take version {BROKEN.version}"):
        await open_file(path, BROKEN, ManualClock())
    assert await inspect(path, SCHEMA) == await inspect(path, BROKEN)
    assert (await inspect(path, SCHEMA)).version == SCHEMA.version
    async with opened(path) as store:
        assert await store.reader().select(CANDLES) == [candle()]


@pytest.mark.asyncio
async def test_tables_that_were_changed_by_hand_count_as_damage(path: Path) -> None:
    async with opened(path):
        pass
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE candles")
    connection.close()
    async with opened(path) as store:
        assert store.status().moved_aside
        assert await store.put_durably(candle())


@pytest.mark.asyncio
async def test_a_check_that_takes_too_long_is_broken_off(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(path) as store:
        for row in candles(20_000):
            store.put(row)
    monkeypatch.setattr("app.store.database._CHECK_LIMIT_S", 0.0)
    async with opened(path) as store:
        assert (store.status().state, store.status().moved_aside) == ("saved", "")


@pytest.mark.asyncio
async def test_safety_settings_are_in_force(path: Path) -> None:
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "trusted_schema": 0, "mmap_size": 0}
    async with opened(path) as store:
        assert await pragmas(store._place.connection, wanted) == wanted
        assert await pragmas(store._place.connection, ["auto_vacuum", "busy_timeout"]) == {
            "auto_vacuum": 2,
            "busy_timeout": 5_000,
        }
        reading = await open_read_only(path)
        try:
            assert await pragmas(reading, ["query_only", "trusted_schema"]) == {"query_only": 1, "trusted_schema": 0}
            with pytest.raises(sqlite3.OperationalError, match="readonly"):
                await reading.execute("DELETE FROM calls")
        finally:
            await close_quietly(reading)


async def pragmas(connection: Any, names: Any) -> dict[str, Any]:
    found = {}
    for name in names:
        ((found[name],),) = await connection.execute_fetchall(f"PRAGMA {name}")
    return found


@pytest.mark.asyncio
async def test_an_outcome_goes_with_its_call(path: Path) -> None:
    async with opened(path) as store:
        store.put(outcome(call(made_at_ms=NOW_MS)))
        store.put(call(made_at_ms=NOW_MS))
        assert await store.flush()
        assert (store.status().written, store.status().refused) == (2, 0)
