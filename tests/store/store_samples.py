"""Rows to store, and stores to put them in."""

import contextlib
import sqlite3
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from app.config.settings import StoreSettings
from app.core.calls import Call, CostModel, Outcome
from app.core.clock import Clock, ManualClock
from app.core.events import Candle
from app.store.rows import PaperFill, PaperSaved, PaperTrade
from app.store.schema import SCHEMA, Schema
from app.store.store import Store

SETTINGS = StoreSettings(commit_ms=100)
NOW_MS = 1_700_000_000_000


def call(number: int = 0, *, made_at_ms: int | None = None, **changes: Any) -> Call:
    made_at_ms = NOW_MS + number if made_at_ms is None else made_at_ms
    fields: dict[str, Any] = {
        "source": "demo",
        "claimant": "rules",
        "claimant_version": "1",
        "kind": "continuation",
        "subject": "BTC",
        "claim": "the move goes on",
        "probability": 0.625,
        "direction": 1,
        "made_at_ms": made_at_ms,
        "available_at_ms": made_at_ms + 5,
        "input_age_ms": 12,
        "reference_kind": "mid",
        "reference_price": 100.25,
        "bid": 100.0,
        "ask": 100.5,
        "horizon_s": 60,
        "cost": CostModel(4.5, 0.5),
        "evidence": number,
    }
    return Call(**{**fields, **changes})


def outcome(of: Call, **changes: Any) -> Outcome:
    fields: dict[str, Any] = {"call_id": of.call_id, "status": "graded", "decided_at_ms": of.available_at_ms + 60_000}
    return Outcome(**{**fields, **changes})


def candle(number: int = 0, coin: str = "BTC", interval: str = "1m") -> Candle:
    return Candle(coin, interval, NOW_MS + 60_000 * number, 1.0, 2.0, 0.5, 1.5, 10.25, number)


def candles(count: int) -> list[Candle]:
    return [candle(number) for number in range(count)]


def paper_fill(number: int = 1, at_ms: int = NOW_MS) -> PaperFill:
    return PaperFill(
        number=number,
        at_ms=at_ms,
        coin="BTC",
        direction=1,
        reason="open",
        opener="hand",
        size=0.01,
        decided_ms=at_ms - 300,
        due_ms=at_ms,
        priced_ms=at_ms,
        mid=100.0,
        touch_price=100.5,
        average_price=100.5,
        worst_price=100.5,
        levels=1,
        beyond_size=0.0,
        fee_usd=0.45,
        slippage_bps=None,
        taken_over=False,
    )


def paper_trade(number: int = 1, closed_ms: int = NOW_MS) -> PaperTrade:
    return PaperTrade(
        number=number,
        closed_ms=closed_ms,
        opened_ms=closed_ms - 60_000,
        coin="BTC",
        direction=-1,
        size=0.01,
        leverage=5,
        opener="ai",
        reason="take profit",
        entry_price=100.5,
        exit_price=100.0,
        gross_usd=0.005,
        fees_usd=0.001,
        funding_usd=0.0,
        result_usd=0.004,
        result_bps=39.8,
        unseen_ms=250,
    )


def paper_saved(saved_ms: int = NOW_MS, state: bytes = b"a ledger") -> PaperSaved:
    return PaperSaved(saved_ms=saved_ms, state=state)


@contextlib.asynccontextmanager
async def opened(
    path: Path | None, clock: Clock | None = None, *, schema: Schema = SCHEMA, settings: StoreSettings = SETTINGS
) -> AsyncIterator[Store]:
    store = Store(path, settings, clock or ManualClock(), schema=schema)
    try:
        await store.open()
        yield store
    finally:
        await store.close()


def rows_of(path: Path, table: str) -> int:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def integrity(path: Path) -> str:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return str(connection.execute("PRAGMA integrity_check").fetchone()[0])


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def names_in(folder: Path) -> set[str]:
    return {item.name for item in folder.iterdir()}


def change_mode(path: Path, mode: int) -> None:
    path.chmod(mode)
