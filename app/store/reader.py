"""Reads a database for panels and commands. Every row that comes out is checked against its type."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import aiosqlite

from app.core.calls import Call, Outcome
from app.core.errors import DataError
from app.core.text import clean
from app.store.connect import close_quietly
from app.store.database import ABSENT, find_damage, identity, open_read_only
from app.store.faults import explain
from app.store.migrate import check_version, version_of
from app.store.queries import CALL_WIDTH, DECIDED, UNDECIDED
from app.store.schema import CALLS, OUTCOMES, SCHEMA, Schema
from app.store.table import Condition, Table

Row = TypeVar("Row")

FOREVER_MS = 2**62
_PAGE_ROWS = 2_000
_TURN_ROWS = 500
"""Rows that are checked in one go, in one to ten milliseconds: a reader shares its loop with a deck and a feed."""


class Reader:
    """Queries. All raise `DataError` when the database cannot be read or holds a row that is not what it should be."""

    def __init__(self, connect: Callable[[], Awaitable[aiosqlite.Connection]], name: str) -> None:
        self._connect = connect
        self._name = name

    async def select(
        self, table: Table[Row], where: Sequence[Condition] = (), *, limit: int = 1_000, newest_first: bool = True
    ) -> list[Row]:
        """Rows of a table that meet all conditions, at most `limit`, by age."""
        sql = table.select_sql(where, newest_first=newest_first)
        parameters = (*(condition.value for condition in where), limit)
        return [table.read(values) async for values in _in_turns(await self._fetch(sql, parameters))]

    async def damage(self) -> str:
        """What is wrong with the database file; empty when nothing was found."""
        try:
            return await find_damage(await self._connect())
        except sqlite3.Error as error:
            raise DataError(explain(error, self._name)) from error

    async def calls(self, since_ms: int = 0, *, limit: int = 1_000) -> list[Call]:
        """The newest calls made at `since_ms` or later, newest first."""
        return await self.select(CALLS, (Condition("made_at_ms", ">=", since_ms),), limit=limit)

    async def decided(
        self, since_ms: int = 0, until_ms: int = FOREVER_MS, claimant: str = ""
    ) -> AsyncIterator[tuple[Call, Outcome]]:
        """All calls made in [since, until) that have an outcome, graded or not, oldest first; of all claimants or one.

        Read in pages, so that a long read neither fills memory nor keeps the log of the writer from shrinking.
        """
        async for values in self._pages(DECIDED, since_ms, until_ms, claimant):
            yield CALLS.read(values[:CALL_WIDTH]), OUTCOMES.read(values[CALL_WIDTH:])

    async def undecided(self, since_ms: int = 0, until_ms: int = FOREVER_MS, claimant: str = "") -> AsyncIterator[Call]:
        """All calls made in [since, until) without an outcome, oldest first."""
        async for values in self._pages(UNDECIDED, since_ms, until_ms, claimant):
            yield CALLS.read(values)

    async def _pages(self, sql: str, since_ms: int, until_ms: int, claimant: str) -> AsyncIterator[Sequence[Any]]:
        made_at, call_id = CALLS.columns.index("made_at_ms"), CALLS.columns.index("call_id")
        after: tuple[int, str] = (since_ms, "")
        while True:
            page = await self._fetch(sql, (*after, until_ms, claimant, _PAGE_ROWS))
            async for values in _in_turns(page):
                yield values
            if len(page) < _PAGE_ROWS:
                return
            after = (page[-1][made_at], page[-1][call_id])

    async def _fetch(self, sql: str, parameters: Iterable[Any]) -> list[Sequence[Any]]:
        try:
            connection = await self._connect()
            return list(await connection.execute_fetchall(sql, parameters))
        except sqlite3.Error as error:
            raise DataError(explain(error, self._name)) from error
        except (ValueError, OverflowError) as error:
            raise DataError(f"{self._name} cannot be read now ({clean(str(error))}); try again") from error


@contextlib.asynccontextmanager
async def open_reader(path: Path, schema: Schema = SCHEMA) -> AsyncIterator[Reader]:
    """A reader of a database nobody in this process writes; another process may.

    Raises `DataError` when it is absent, damaged, or of another version than this program.
    """
    name = clean(path.name)
    if identity(path) == ABSENT:
        raise DataError(f"{name} does not exist yet; a run of tapedeck makes it")
    try:
        connection = await open_read_only(path)
    except sqlite3.Error as error:
        raise DataError(explain(error, name)) from error
    try:
        await _check_version(connection, schema, name)
        yield Reader(_always(connection), name)
    finally:
        await close_quietly(connection)


async def _in_turns(rows: Iterable[Sequence[Any]]) -> AsyncIterator[Sequence[Any]]:
    """The rows; after each piece of them it is everybody else's turn."""
    for place, values in enumerate(rows, start=1):
        yield values
        if place % _TURN_ROWS == 0:
            await asyncio.sleep(0)


def _always(connection: aiosqlite.Connection) -> Callable[[], Awaitable[aiosqlite.Connection]]:
    async def connect() -> aiosqlite.Connection:
        return connection

    return connect


async def _check_version(connection: aiosqlite.Connection, schema: Schema, name: str) -> None:
    try:
        version = await version_of(connection, name)
    except sqlite3.Error as error:
        raise DataError(explain(error, name)) from error
    check_version(version, schema, name)
    if version < schema.version:
        raise DataError(f"{name} is of version {version}, needed is {schema.version}; a run of tapedeck brings it up")
