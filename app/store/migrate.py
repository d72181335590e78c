"""Brings a database to the schema of this program, one transaction a migration."""

import sqlite3

import aiosqlite

from app.core.errors import DataError
from app.core.text import clean
from app.store.schema import Migration, Schema
from app.store.transaction import transaction

_RECORDS = "CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, name TEXT, applied_ms INTEGER)"


async def version_of(connection: aiosqlite.Connection, name: str) -> int:
    """Number of the last migration of the database `name`; 0 when it is empty.

    Raises `DataError` when it holds tables that tapedeck never made.
    """
    tables = {row[0] for row in await connection.execute_fetchall("SELECT name FROM sqlite_master")}
    if "migrations" in tables:
        rows = list(await connection.execute_fetchall("SELECT max(number) FROM migrations"))
        return int(rows[0][0] or 0)
    if tables:
        raise DataError(f"{clean(name)} is a database of another program; move it away")
    return 0


def check_version(version: int, schema: Schema, name: str) -> None:
    """Raises `DataError` when the database is of a newer program than this one."""
    if version > schema.version:
        raise DataError(
            f"{clean(name)} is of version {version}, this tapedeck knows {schema.version}; "
            "install the newer tapedeck again, or move the file away"
        )


async def has_tables(connection: aiosqlite.Connection, schema: Schema) -> bool:
    """Whether everything the migrations made is there, word for word; what somebody added does no harm."""
    rows = await connection.execute_fetchall("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")
    made = {statement.strip() for migration in schema.migrations for statement in migration.statements}
    return made <= {row[0] for row in rows}


async def migrate(connection: aiosqlite.Connection, schema: Schema, version: int, now_ms: int) -> None:
    """Apply the migrations after `version`. Each is there whole with its record, or not at all.

    Raises `DataError` when the database does not take one as it stands, `sqlite3.Error` when it cannot be written.
    """
    for number, migration in enumerate(schema.migrations[version:], start=version + 1):
        try:
            async with transaction(connection):
                await _apply(connection, migration, number, now_ms)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_ERROR:
                raise
            raise DataError(
                f"the database is of version {number - 1} and does not take version {number} "
                f"({clean(str(error), 120)}); it is as it was before, use the tapedeck that wrote it"
            ) from error


async def _apply(connection: aiosqlite.Connection, migration: Migration, number: int, now_ms: int) -> None:
    await connection.execute(_RECORDS)
    for statement in migration.statements:
        await connection.execute(statement)
    await connection.execute("INSERT INTO migrations VALUES (?, ?, ?)", (number, migration.name, now_ms))
