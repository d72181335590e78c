"""Keeps a database within its age and size, in steps so small that the writer never waits long."""

from typing import Any

import aiosqlite

from app.core.clock import Clock
from app.store.schema import Schema
from app.store.table import Table
from app.store.transaction import transaction

_EVERY_NS = 3_600 * 10**9
_EVERY_ROWS = 50_000
_STEP_ROWS = 2_000
_STEP_PAGES = 256
_SLICE_MS = 3_600_000
_DAY_MS = 86_400_000
_EVER_MS = -(2**62)
_USED_SQL = (
    "SELECT (page_count - freelist_count) * page_size FROM pragma_page_count, pragma_freelist_count, pragma_page_size"
)


class Retention:
    """Deletes rows older than `keep_days` (None: age does not count), or than their table keeps any.

    What is old is so by the clock, and by the newest row the database was opened with and the time that has passed
    since: of a clock that is ahead, no row dies young. Above `maximum_bytes` the oldest hour of all tables goes too,
    again and again, until the rest fits. It runs at the start, each hour, and after 50,000 rows.
    """

    def __init__(self, schema: Schema, clock: Clock, *, keep_days: float | None, maximum_bytes: int) -> None:
        self._tables = [table for table in schema.tables if table.age_column]
        self._clock = clock
        self._keep_ms = None if keep_days is None else round(keep_days * _DAY_MS)
        self._maximum_bytes = maximum_bytes
        self._rows = 0
        self._due_ns = clock.monotonic_ns()
        self._known_ms, self._known_ns = self._wall_ms(), clock.monotonic_ns()

    def found(self, newest_ms: int | None) -> None:
        """A database was opened whose newest row is of that time; None: it holds none.

        What this run has written does not count for more: it may be dated by a clock that is ahead.
        """
        if newest_ms is not None and newest_ms < self._passed_ms():
            self._known_ms, self._known_ns = newest_ms, self._clock.monotonic_ns()

    def wrote(self, rows: int) -> None:
        """Take note of rows that were added."""
        self._rows += rows
        if self._rows >= _EVERY_ROWS:
            self.start()

    def start(self) -> None:
        """Be due at once."""
        self._rows = 0
        self._due_ns = self._clock.monotonic_ns()

    def due_in_s(self) -> float:
        """Seconds until the next step; 0 when it is time."""
        return max(0.0, (self._due_ns - self._clock.monotonic_ns()) / 1e9)

    async def step(self, connection: aiosqlite.Connection) -> int:
        """One step: delete some rows, or give some free pages back to the disk. How many rows went, children included.

        Raises `sqlite3.Error`.
        """
        deleted = await self._delete(connection)
        if deleted == 0 and not await _shrink(connection):
            self._due_ns = self._clock.monotonic_ns() + _EVERY_NS
        return deleted

    async def _delete(self, connection: aiosqlite.Connection) -> int:
        cutoff_ms = await self._cutoff_ms(connection)
        before = connection.total_changes
        async with transaction(connection):
            for table in self._tables:
                await connection.execute(table.expire_sql(), (max(cutoff_ms, self._oldest_ms(table)), _STEP_ROWS))
        return connection.total_changes - before

    def _oldest_ms(self, table: Table[Any]) -> int:
        """From when on rows of this table stay, whatever the others may; where age counts at all."""
        if table.most_days is None or self._keep_ms is None:
            return _EVER_MS
        return self._now_ms() - table.most_days * _DAY_MS

    async def _cutoff_ms(self, connection: aiosqlite.Connection) -> int:
        cutoff_ms = _EVER_MS if self._keep_ms is None else self._now_ms() - self._keep_ms
        if await _number(connection, _USED_SQL) <= self._maximum_bytes:
            return cutoff_ms
        ages = [await _number(connection, table.oldest_sql()) for table in self._tables]
        known = [age for age in ages if age is not None]
        return max(cutoff_ms, min(known) + _SLICE_MS) if known else cutoff_ms

    def _now_ms(self) -> int:
        return min(self._wall_ms(), self._passed_ms())

    def _passed_ms(self) -> int:
        """What the time is by the newest row and by what has passed since."""
        return self._known_ms + (self._clock.monotonic_ns() - self._known_ns) // 1_000_000

    def _wall_ms(self) -> int:
        return self._clock.wall_ns() // 1_000_000


async def newest_row_ms(connection: aiosqlite.Connection, schema: Schema) -> int | None:
    """The age of the newest row of all tables; None where there is none. Raises `sqlite3.Error`."""
    ages = [await _number(connection, table.newest_sql()) for table in schema.tables if table.age_column]
    # A row somebody spoiled may hold anything there.
    return max((age for age in ages if isinstance(age, int)), default=None)


async def _shrink(connection: aiosqlite.Connection) -> bool:
    """Give free pages back; False when there is none left."""
    if not await _number(connection, "PRAGMA freelist_count"):
        return False
    await connection.execute_fetchall(f"PRAGMA incremental_vacuum({_STEP_PAGES})")
    return True


async def _number(connection: aiosqlite.Connection, sql: str) -> Any:  # noqa: ANN401 - an integer, or None for no rows
    rows = list(await connection.execute_fetchall(sql))
    return rows[0][0]
