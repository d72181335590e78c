from pathlib import Path

import pytest
from store_samples import NOW_MS, call, candle, opened, outcome, paper_fill, paper_saved, paper_trade, rows_of

from app.config.settings import StoreSettings
from app.core.clock import ManualClock
from app.store.commit import commit
from app.store.database import open_memory
from app.store.pending import Batch
from app.store.retention import Retention
from app.store.rows import FeedHole
from app.store.schema import CALLS, CANDLES, PAPER_FILLS, PAPER_STATE, PAPER_TRADES, SCHEMA
from app.store.store import Store
from app.store.token_tables import StoredPrediction, StoredTokenOutcome
from app.store.whale_rows import StoredPosition, StoredTrader
from app.store.whale_tables import TRADER_POSITIONS

DAY_MS = 86_400_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "live.sqlite"


async def settled(store: Store) -> None:
    """Wait until nothing is left to delete."""
    while store._retention.due_in_s() == 0:
        await store.flush()


@pytest.mark.asyncio
async def test_old_rows_go_at_the_start_and_outcomes_with_their_calls(path: Path) -> None:
    old, new = call(1, made_at_ms=NOW_MS), call(2, made_at_ms=NOW_MS + 91 * DAY_MS)
    clock = ManualClock()
    async with opened(path, clock) as store:
        for row in (old, new, outcome(old), outcome(new), candle(), FeedHole("BTC", NOW_MS, NOW_MS, NOW_MS)):
            store.put(row)
        assert await store.flush()
    clock.advance(91 * DAY_MS / 1000)
    async with opened(path, clock) as store:
        await settled(store)
        assert await store.reader().calls() == [new]
    assert [rows_of(path, name) for name in ("outcomes", "candles", "feed_holes")] == [1, 0, 0]


@pytest.mark.asyncio
async def test_old_rows_go_each_hour_while_the_store_runs(path: Path) -> None:
    clock = ManualClock()
    async with opened(path, clock, settings=StoreSettings(commit_ms=100, keep_days=1)) as store:
        await settled(store)
        store.put(candle())
        await store.flush()
        clock.advance(2 * DAY_MS / 1000)
        store.put(candle(2 * 1_440))
        await settled(store)
        assert [row.open_ms for row in await store.reader().select(CANDLES)] == [NOW_MS + 2 * DAY_MS]


@pytest.mark.asyncio
@pytest.mark.parametrize("is_away", [False, True], ids=["", "by way of memory"])
async def test_a_clock_that_is_ahead_makes_no_young_row_old(path: Path, *, is_away: bool) -> None:
    kept, late = [call(number) for number in (1, 2)], call(3, made_at_ms=NOW_MS + 400 * DAY_MS)
    async with opened(path) as store:
        store.put(kept[0])
        assert await store.put_durably(kept[1])
    ahead = ManualClock(wall_ns=(NOW_MS + 400 * DAY_MS) * 1_000_000)
    async with opened(path, ahead) as store:
        store.put(late)
        await settled(store)
        if is_away:
            await store._place.leave_file("another program holds it")
            ahead.advance(11)
        ahead.advance(3_601)
        await settled(store)
        assert await store.reader().calls() == [late, *reversed(kept)]
    async with opened(path, ManualClock()) as store:
        await settled(store)
        assert len(await store.reader().calls()) == 3


@pytest.mark.asyncio
async def test_rows_age_in_a_run_that_goes_on_and_after_a_pause_with_the_next_run(path: Path) -> None:
    clock = ManualClock()
    async with opened(path, clock) as store:
        assert await store.put_durably(call(1))
    clock.advance(200 * DAY_MS / 1000)
    async with opened(path, clock) as store:
        await settled(store)
        assert [each.evidence for each in await store.reader().calls()] == [1]
        clock.advance(91 * DAY_MS / 1000)
        store.put(call(2, made_at_ms=NOW_MS + 290 * DAY_MS))
        await settled(store)
        assert [each.evidence for each in await store.reader().calls()] == [2]
    clock.advance(30 * DAY_MS / 1000)
    async with opened(path, clock) as store:
        store.put(call(3, made_at_ms=NOW_MS + 321 * DAY_MS))
        await settled(store)
        assert [each.evidence for each in await store.reader().calls()] == [3, 2]


@pytest.mark.asyncio
async def test_a_spoiled_age_is_no_newest_row(path: Path) -> None:
    async with opened(path, ManualClock()) as store:
        assert await store.put_durably(call(1))
        await store._place.connection.execute_fetchall("UPDATE calls SET made_at_ms = 'lately'")
    async with opened(path, ManualClock()) as store:
        assert store.status().state == "saved"
        assert store._place.newest_ms is None


@pytest.mark.asyncio
async def test_predictions_go_sooner_than_the_rest_and_with_their_outcomes(path: Path) -> None:
    clock = ManualClock()
    said = StoredPrediction(
        mint="M", at_ms=NOW_MS, pool="P", seen_s=0, created_s=0, price=None, liquidity_usd=None, version="v",
        p_rise=0.5, gain_pct=0.0, p_rug=0.5, schema_sha256="", features=b"",
    )  # fmt: skip
    became = StoredTokenOutcome(
        mint="M", at_ms=NOW_MS, horizon_s=1, decided_ms=NOW_MS + 40 * DAY_MS, rises=None, gain_pct=None,
        high_gain_pct=None, falls=None, drains=None, reason="",
    )  # fmt: skip
    async with opened(path, clock) as store:
        for row in (said, became, candle()):
            store.put(row)
        clock.advance(29 * DAY_MS / 1000)
        await settled(store)
        assert [rows_of(path, name) for name in ("token_predictions", "token_outcomes", "candles")] == [1, 1, 1]
        clock.advance(2 * DAY_MS / 1000)
        await settled(store)
    assert [rows_of(path, name) for name in ("token_predictions", "token_outcomes", "candles")] == [0, 0, 1]


@pytest.mark.asyncio
async def test_above_the_size_the_oldest_hours_go_and_the_disk_gets_the_space_back() -> None:
    clock = ManualClock()
    connection = await open_memory(SCHEMA, clock)
    rows = [candle(minute) for minute in range(30_000)]
    await commit(connection, SCHEMA, Batch({CANDLES.row: list(rows)}, []))
    retention = Retention(SCHEMA, clock, keep_days=90, maximum_bytes=1_000_000)
    deleted, largest = 0, 0
    while retention.due_in_s() == 0:
        step = await retention.step(connection)
        deleted, largest = deleted + step, max(largest, step)
    ((pages,),) = await connection.execute_fetchall("PRAGMA page_count")
    ((oldest, left),) = await connection.execute_fetchall("SELECT min(open_ms), count(*) FROM candles")
    await connection.close()
    assert pages * 4096 <= 1_000_000
    assert (left, oldest) == (30_000 - deleted, rows[deleted].open_ms)
    assert 5_000 < left < 30_000
    assert 0 < largest <= 2_000


@pytest.mark.asyncio
async def test_an_empty_database_has_nothing_to_delete_and_rests_for_an_hour() -> None:
    clock = ManualClock()
    connection = await open_memory(SCHEMA, clock)
    retention = Retention(SCHEMA, clock, keep_days=1, maximum_bytes=0)
    assert await retention.step(connection) == 0
    assert retention.due_in_s() == 3_600
    retention.wrote(49_999)
    assert retention.due_in_s() == 3_600
    retention.wrote(1)
    assert retention.due_in_s() == 0
    await connection.close()


@pytest.mark.asyncio
async def test_what_memory_cannot_keep_while_the_file_is_away_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.store.store._MEMORY_BYTES", 300_000)
    blocked = tmp_path / "state"
    blocked.write_text("a file in the way")
    async with opened(blocked / "live.sqlite") as store:
        for number in range(15_000):
            store.put(candle(number))
        await store.flush()
        await settled(store)
        status = store.status()
        assert status.state == "not saved"
        assert status.dropped > 7_500
        assert status.dropped + status.unsaved == 15_000
        assert len(await store.current_reader().select(CANDLES, limit=15_000)) == status.unsaved


@pytest.mark.asyncio
async def test_rows_of_an_old_tape_are_kept() -> None:
    clock = ManualClock()
    clock.advance(1_000 * DAY_MS / 1000)
    async with opened(None, clock) as store:
        store.put(candle())
        await store.flush()
        await settled(store)
        assert await store.reader().select(CANDLES) == [candle()]


@pytest.mark.asyncio
async def test_what_a_temporary_store_cannot_keep_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.store.store._MEMORY_BYTES", 300_000)
    async with opened(None) as store:
        for number in range(15_000):
            store.put(candle(number))
        await store.flush()
        await settled(store)
        status = store.status()
        assert status.dropped > 7_500
        assert len(await store.reader().select(CANDLES, limit=15_000)) == status.written == 15_000 - status.dropped


def test_every_table_is_emptied_by_age_or_through_its_parent() -> None:
    parents = {
        "outcomes": "calls",
        "paper_state": "a single row that is somebody's balance",
        "wallet_notes": "what somebody wrote",
        "choices": "a few rows, one a setting",
        "whale_notes": "a single row with whom somebody follows and mutes",
    }
    assert {table.name for table in SCHEMA.tables if not table.age_column} == set(parents)
    assert CALLS.age_column == "made_at_ms"


@pytest.mark.asyncio
async def test_old_paper_fills_and_trades_go_and_the_ledger_stays(path: Path) -> None:
    clock = ManualClock()
    now_ms = NOW_MS + 91 * DAY_MS
    async with opened(path, clock) as store:
        for row in (paper_fill(), paper_trade(), paper_saved(), paper_fill(2, now_ms), paper_trade(2, now_ms)):
            store.put(row)
        assert await store.flush()
    clock.advance(91 * DAY_MS / 1000)
    async with opened(path, clock) as store:
        await settled(store)
        assert await store.reader().select(PAPER_FILLS) == [paper_fill(2, now_ms)]
        assert await store.reader().select(PAPER_TRADES) == [paper_trade(2, now_ms)]
        assert await store.reader().select(PAPER_STATE) == [paper_saved()]


@pytest.mark.asyncio
async def test_positions_of_those_whom_nobody_follows_any_more_go_and_those_of_the_followed_stay(path: Path) -> None:
    clock = ManualClock()
    later_ms = NOW_MS + 91 * DAY_MS
    rows = [
        stored_position("left"), stored_position("stays"), stored_position("left", "ETH", later_ms),
        stored_trader("left", NOW_MS), stored_trader("stays", NOW_MS), stored_trader("stays", later_ms),
    ]  # fmt: skip
    async with opened(path, clock) as store:
        for row in rows:
            store.put(row)
        assert await store.flush()
    clock.advance(91 * DAY_MS / 1000)
    async with opened(path, clock) as store:
        await settled(store)
        kept = await store.reader().select(TRADER_POSITIONS)
    assert [(row.trader, row.coin) for row in kept] == [("left", "ETH"), ("stays", "BTC")]


@pytest.mark.asyncio
async def test_what_does_not_age_hides_no_older_rows_where_room_is_short() -> None:
    clock = ManualClock()
    connection = await open_memory(SCHEMA, clock)
    rows: dict[type, list[object]] = {
        StoredPosition: [stored_position("stays", at_ms=NOW_MS - DAY_MS)],
        StoredTrader: [stored_trader("stays", NOW_MS + 30_000 * 60_000)],
        CANDLES.row: [candle(minute) for minute in range(30_000)],
    }
    await commit(connection, SCHEMA, Batch(rows, []))
    retention = Retention(SCHEMA, clock, keep_days=90, maximum_bytes=1_000_000)
    while retention.due_in_s() == 0:
        await retention.step(connection)
    ((pages,),) = await connection.execute_fetchall("PRAGMA page_count")
    ((positions,),) = await connection.execute_fetchall("SELECT count(*) FROM trader_positions")
    await connection.close()
    assert (pages * 4096 <= 1_000_000, positions) == (True, 1)


def stored_position(trader: str, coin: str = "BTC", at_ms: int = NOW_MS) -> StoredPosition:
    return StoredPosition(
        trader=trader, coin=coin, at_ms=at_ms, changed_ms=at_ms, equity_usd=1e6, size=1.0, value_usd=100.0,
        entry_price=None, unrealized_pnl_usd=0.0, liquidation_price=None, leverage=1.0, margin_usd=100.0,
        isolated=False,
    )  # fmt: skip


def stored_trader(trader: str, at_ms: int) -> StoredTrader:
    return StoredTrader(
        at_ms=at_ms, trader=trader, rank=1, standing="best", score=50.0, equity_usd=1e6, member=b"member"
    )
