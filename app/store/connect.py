"""Connections whose thread has always ended when they are closed or not made."""

import asyncio
import contextlib
import sqlite3
import threading
from concurrent.futures import Future
from pathlib import Path

import aiosqlite

_BUSY_TIMEOUT_S = 5.0
_JOIN_TIMEOUT_S = 5.0
_CHUNK_ROWS = 64


async def connect(database: Path | str, *, uri: bool = False) -> aiosqlite.Connection:
    """A connection in autocommit mode that waits up to five seconds for a lock. Raises `sqlite3.Error`."""
    made: Future[tuple[threading.Thread, sqlite3.Connection]] = Future()

    def connector() -> sqlite3.Connection:
        connection = sqlite3.connect(
            database, timeout=_BUSY_TIMEOUT_S, isolation_level=None, uri=uri, check_same_thread=False
        )
        made.set_result((threading.current_thread(), connection))
        return connection

    connection = aiosqlite.Connection(connector, _CHUNK_ROWS)
    try:
        return await connection
    except asyncio.CancelledError:
        # aiosqlite has told the thread to stop, but does not wait: it could answer to a loop that is closed by then.
        with contextlib.suppress(TimeoutError):
            thread, raw = made.result(_JOIN_TIMEOUT_S)
            thread.join(_JOIN_TIMEOUT_S)
            raw.close()
        raise


async def close_quietly(connection: aiosqlite.Connection) -> None:
    """Close, whatever state the connection is in; its thread ends."""
    with contextlib.suppress(sqlite3.Error, ValueError):
        await connection.close()
