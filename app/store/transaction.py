"""A transaction that takes the write lock at once: upgrading a read lock fails without waiting."""

import contextlib
import sqlite3
from collections.abc import AsyncIterator

import aiosqlite


@contextlib.asynccontextmanager
async def transaction(connection: aiosqlite.Connection) -> AsyncIterator[None]:
    """Commit at the end of the block, roll back when it raises or is cancelled."""
    try:
        await connection.execute("BEGIN IMMEDIATE")
        yield
        await connection.execute("COMMIT")
    except BaseException:
        await _roll_back(connection)
        raise


async def _roll_back(connection: aiosqlite.Connection) -> None:
    # A cancelled statement still runs to its end, so only one that is queued behind it knows what is left to undo;
    # after some errors SQLite has rolled back itself.
    with contextlib.suppress(sqlite3.OperationalError):
        await connection.execute("ROLLBACK")
