"""Writes a batch in one transaction."""

from collections.abc import Callable, Sequence
from typing import Any

import aiosqlite
import msgspec

from app.core.text import clean
from app.store.faults import ROW_ERRORS
from app.store.pending import Batch
from app.store.schema import Schema
from app.store.table import Table
from app.store.transaction import transaction

_COPY_ROWS = 2_000
_Values = Callable[[Any], Sequence[Any]]


class Committed(msgspec.Struct):
    """What became of rows: `new` ones are there now, the rest were `known` or `refused`.

    `refused_ids` are the ids of the row objects of a batch, valid while it lives; `refusal` says why the last was.
    """

    new: int = 0
    known: int = 0
    refused: int = 0
    refused_ids: set[int] = msgspec.field(default_factory=set)
    refusal: str = ""


async def commit(connection: aiosqlite.Connection, schema: Schema, batch: Batch) -> Committed:
    """Write all rows, parents first, and return when they are on disk. Raises `sqlite3.Error`; nothing is there then.

    A row the table refuses (a nan, a text that is no Unicode, an unknown parent) does not stop the others.
    """
    result = Committed()
    async with transaction(connection):
        for table in schema.tables:
            rows = batch.rows.get(table.row)
            if rows:
                await _insert(connection, table, rows, table.values, result)
    return result


async def copy(source: aiosqlite.Connection, target: aiosqlite.Connection, schema: Schema) -> Committed:
    """Write all rows of one database into another, in one transaction. Raises `sqlite3.Error`; nothing is there then.

    A row the target refuses, because its parent is in neither, does not stop the others.
    """
    result = Committed()
    async with transaction(target):
        for table in schema.tables:
            async with source.execute(table.copy_sql()) as rows:
                while some := await rows.fetchmany(_COPY_ROWS):
                    await _insert(target, table, list(some), tuple, result)
    return result


async def _insert(
    connection: aiosqlite.Connection, table: Table[Any], rows: Sequence[Any], values: _Values, result: Committed
) -> None:
    await connection.execute("SAVEPOINT rows")
    try:
        # The iterator turns rows into values on the connection's thread, so a large batch does not hold the loop.
        cursor = await connection.executemany(table.insert_sql(), map(values, rows))
    except ROW_ERRORS as error:
        await connection.execute("ROLLBACK TO rows")
        await _sort_out(connection, table, rows, values, result, error)
    else:
        result.new += cursor.rowcount
        result.known += len(rows) - cursor.rowcount
    await connection.execute("RELEASE rows")


async def _sort_out(
    connection: aiosqlite.Connection, table: Table[Any], rows: Sequence[Any], values: _Values, result: Committed,
    error: Exception,
) -> None:  # fmt: skip
    """Some of `rows` are refused: try each half, down to single rows."""
    if len(rows) == 1:
        result.refused += 1
        result.refused_ids.add(id(rows[0]))
        result.refusal = f"{table.name} refused a row ({clean(str(error), 120)})"
        return
    middle = len(rows) // 2
    await _insert(connection, table, rows[:middle], values, result)
    await _insert(connection, table, rows[middle:], values, result)
