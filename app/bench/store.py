"""The store: rows a second on disk, against a commit a row, and how long a row waits to be acknowledged."""

import asyncio
import statistics
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TypeVar

import msgspec

from app.bench.report import Bench, Target
from app.config.settings import StoreSettings
from app.core.clock import Clock, SystemClock
from app.core.errors import DataError
from app.store.database import open_file
from app.store.schema import Migration, Schema
from app.store.store import Store
from app.store.table import flat_table

Figure = TypeVar("Figure")

_ROUNDS = 5
_GROUPED_ROWS = 100_000
_BURST_ROWS = 20_000
_SINGLE_ROWS = 1_000
_ACKNOWLEDGED_ROWS = 400
_STREAM_ROWS = 200
_STREAM_PAUSE_S = 0.01


class Fill(msgspec.Struct, frozen=True, gc=False):
    """Ten columns, three of them text."""

    fill_id: int
    coin: str
    account: str
    side: str
    at_ms: int
    price: float
    size: float
    fee: float
    profit: float
    position: float


FILLS = flat_table("fills", Fill, ("fill_id",), age_column="at_ms")
_MADE = Migration(
    "fills",
    (
        """
        CREATE TABLE fills (
            fill_id INTEGER PRIMARY KEY,
            coin TEXT NOT NULL,
            account TEXT NOT NULL,
            side TEXT NOT NULL,
            at_ms INTEGER NOT NULL,
            price REAL NOT NULL,
            size REAL NOT NULL,
            fee REAL NOT NULL,
            profit REAL NOT NULL,
            position REAL NOT NULL
        )
        """,
        "CREATE INDEX fills_by_age ON fills (at_ms)",
    ),
)
SCHEMA = Schema(tables=(FILLS,), migrations=(_MADE,))


def fill(number: int, at_ms: int) -> Fill:
    """One row, different from its neighbours."""
    account = f"0x{number * 2_654_435_761 % 2**64:040x}"
    return Fill(number, f"COIN{number % 30}", account, "B", at_ms, 100.5 + number, 0.25, 0.01, -1.5, 3.75)


def measure() -> dict[str, float]:
    """Medians of five rounds, both arms in each round, on the disk of the temporary directory."""
    clock = SystemClock()
    at_ms = clock.wall_ns() // 1_000_000
    rows = [fill(number, at_ms) for number in range(_GROUPED_ROWS)]
    rounds = [_round(rows, clock) for _ in range(_ROUNDS)]
    grouped, single = (statistics.median(rates) for rates in zip(*rounds, strict=True))
    waits_ms = [wait for _ in range(_ROUNDS) for wait in _fresh(_acknowledge, clock)]
    return {
        "rows_per_s_full": round(grouped),
        "rows_per_s_row_commit": round(single),
        "ratio_vs_row_commit": round(grouped / single, 1),
        "ack_ms_p50": round(statistics.median(waits_ms), 2),
        "ack_ms_p99": round(statistics.quantiles(waits_ms, n=100)[98], 2),
    }


def _round(rows: list[Fill], clock: Clock) -> tuple[float, float]:
    async def grouped(path: Path, clock: Clock) -> float:
        return await _write_grouped(path, clock, rows)

    async def single(path: Path, clock: Clock) -> float:
        return await _write_singly(path, clock, rows[:_SINGLE_ROWS])

    return _fresh(grouped, clock), _fresh(single, clock)


def _fresh(arm: Callable[[Path, Clock], Coroutine[None, None, Figure]], clock: Clock) -> Figure:
    """Run one arm on a new database."""
    with tempfile.TemporaryDirectory(prefix="tapedeck-bench-") as folder:
        return asyncio.run(arm(Path(folder) / "bench.sqlite", clock))


async def _write_grouped(path: Path, clock: Clock, rows: list[Fill]) -> float:
    """Rows a second through the store, from the first `put` until the last is on disk."""
    store = await _opened(path, clock)
    try:
        started_ns = clock.monotonic_ns()
        for start in range(0, len(rows), _BURST_ROWS):
            for row in rows[start : start + _BURST_ROWS]:
                store.put(row)
            await store.flush()
        seconds = (clock.monotonic_ns() - started_ns) / 1e9
    finally:
        status = await store.close()
    if status.written != len(rows):
        raise DataError(f"the store wrote {status.written} of {len(rows)} rows ({status.reason}); measure again")
    return len(rows) / seconds


async def _write_singly(path: Path, clock: Clock, rows: list[Fill]) -> float:
    """Rows a second through a connection that is set up the same, a commit a row."""
    file = await open_file(path, SCHEMA, clock)
    sql = FILLS.insert_sql()
    try:
        started_ns = clock.monotonic_ns()
        for row in rows:
            await file.connection.execute(sql, FILLS.values(row))
        return len(rows) / ((clock.monotonic_ns() - started_ns) / 1e9)
    finally:
        await file.close()


async def _acknowledge(path: Path, clock: Clock) -> list[float]:
    """Milliseconds each durable row waited while others streamed in at about 20,000 a second."""
    store = await _opened(path, clock)
    stream = asyncio.create_task(_stream(store, clock))
    try:
        return [await _wait_ms(store, clock, -number) for number in range(1, _ACKNOWLEDGED_ROWS + 1)]
    finally:
        stream.cancel()
        await asyncio.wait({stream})
        await store.close()


async def _stream(store: Store, clock: Clock) -> None:
    number, at_ms = 0, clock.wall_ns() // 1_000_000
    while True:
        for _ in range(_STREAM_ROWS):
            store.put(fill(number, at_ms))
            number += 1
        await asyncio.sleep(_STREAM_PAUSE_S)


async def _wait_ms(store: Store, clock: Clock, number: int) -> float:
    row = fill(number, clock.wall_ns() // 1_000_000)
    started_ns = clock.monotonic_ns()
    if not await store.put_durably(row):
        raise DataError(f"the store did not save a row ({store.status().reason}); measure again")
    return (clock.monotonic_ns() - started_ns) / 1e6


async def _opened(path: Path, clock: Clock) -> Store:
    store = Store(path, StoreSettings(), clock, schema=SCHEMA)
    await store.open()
    return store


STORE = Bench(
    "store",
    "rows a second on disk, against a commit a row; the wait for an acknowledgement",
    measure,
    {"rows_per_s_full": Target(">=", 100_000), "ratio_vs_row_commit": Target(">=", 30)},
)
