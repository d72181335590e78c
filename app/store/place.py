"""Where rows go: the file while it can be written, memory while it cannot."""

import asyncio
import logging
import sqlite3
from pathlib import Path

import aiosqlite

from app.core.clock import Clock
from app.core.errors import DataError, NotSavedError
from app.core.text import clean
from app.store.commit import Committed, copy
from app.store.connect import close_quietly
from app.store.database import (
    OpenedFile,
    identity,
    open_file,
    open_memory,
    open_read_only,
)
from app.store.faults import explain, is_damage
from app.store.schema import Schema

_RETRY_NS = 10 * 10**9
_log = logging.getLogger(__name__)


class Place:
    """The database in use. Without a `path` it is in memory by intention, else only until the file can be used."""

    def __init__(self, path: Path | None, schema: Schema, clock: Clock) -> None:
        self._path = path
        self._schema = schema
        self._clock = clock
        self._file: OpenedFile | None = None
        self._memory: aiosqlite.Connection | None = None
        self._reading: aiosqlite.Connection | None = None
        self._reading_lock = asyncio.Lock()
        self._retry_ns = 0
        self._damaged = False
        self.reason = ""
        self.moved_aside = ""
        self.newest_ms: int | None = None
        """The age of the newest row that the file was opened with last."""

    @property
    def name(self) -> str:
        """The file's name, or that there is none."""
        return "memory" if self._path is None else clean(self._path.name)

    @property
    def temporary(self) -> bool:
        """Whether no file is wanted."""
        return self._path is None

    @property
    def is_open(self) -> bool:
        """Whether there is a database to write to."""
        return self._file is not None or self._memory is not None

    @property
    def on_disk(self) -> bool:
        """Whether what is committed is on disk."""
        return self._file is not None

    @property
    def connection(self) -> aiosqlite.Connection:
        """The only connection that writes. Raises `DataError` when nothing is open."""
        connection = self._memory if self._file is None else self._file.connection
        if connection is None:
            raise DataError(f"the store of {self.name} is not open")
        return connection

    def retry_in_s(self) -> float | None:
        """Seconds until the file should be tried again; None when it is in use or not wanted."""
        if self._path is None or self._file is not None:
            return None
        return max(0.0, (self._retry_ns - self._clock.monotonic_ns()) / 1e9)

    def vanished(self) -> bool:
        """Whether the file was removed or replaced under the program, which SQLite does not notice."""
        return self._file is not None and self._path is not None and identity(self._path) != self._file.identity

    async def open(self) -> None:
        """Open the file, or memory when it cannot be used; `reason` then says why."""
        if self._path is None or not await self._open_file(self._path):
            self._memory = await open_memory(self._schema, self._clock)

    async def leave_file(self, reason: str, *, at_once: bool = False) -> None:
        """Go on in memory; the file is tried again in ten seconds, or `at_once`."""
        self.reason = reason
        self._plan_retry(0 if at_once else _RETRY_NS)
        _log.error("not saved: %s", reason)
        await self._close_file()
        if self._memory is None:
            self._memory = await open_memory(self._schema, self._clock)

    async def leave_failed_file(self, error: sqlite3.Error) -> None:
        """Go on in memory after SQLite refused to write; a damaged file is moved aside when it is tried again."""
        self._damaged = self._damaged or is_damage(error)
        await self.leave_file(explain(error, self.name))

    async def return_to_file(self) -> Committed | None:
        """Try the file, and bring over what is in memory: what became of it; None: still in memory."""
        memory = self._memory
        if self._path is None or memory is None or not await self._open_file(self._path):
            return None
        try:
            copied = await copy(memory, self.connection, self._schema)
        except sqlite3.Error as error:
            await self.leave_failed_file(error)
            return None
        self._memory = None
        await close_quietly(memory)
        _log.info("%s is written again", self.name)
        return copied

    async def reading_saved(self) -> aiosqlite.Connection:
        """Like `reading`, but raises `NotSavedError` while a file that is wanted is not in use."""
        if self._path is not None and self._file is None:
            raise NotSavedError(self.reason or f"the store of {self.name} is not open")
        return await self.reading()

    async def reading(self) -> aiosqlite.Connection:
        """A connection for reading: of its own on a file, the writer's in memory. Raises `DataError`."""
        if self._file is None or self._path is None:
            return self.connection
        async with self._reading_lock:
            if self._reading is None:
                self._reading = await open_read_only(self._path)
            return self._reading

    async def interrupt(self) -> None:
        """Make the statement that runs fail."""
        if self.is_open:
            await self.connection.interrupt()

    async def close(self) -> None:
        """Close everything; the file can be opened by others."""
        await self._close_file()
        if self._memory is not None:
            memory, self._memory = self._memory, None
            await close_quietly(memory)

    async def _open_file(self, path: Path) -> bool:
        self._plan_retry(_RETRY_NS)
        try:
            self._file = await open_file(path, self._schema, self._clock, damaged=self._damaged)
        except sqlite3.Error as error:
            self._damaged = self._damaged or is_damage(error)
            self._refuse(explain(error, self.name))
        except DataError as error:
            self._refuse(str(error))
        except OSError as error:
            self._refuse(f"{self.name} cannot be opened ({error.strerror}); check its directory")
        else:
            self.reason, self._damaged = "", False
            self.moved_aside = self._file.moved_aside or self.moved_aside
            self.newest_ms = self._file.newest_ms
        return self._file is not None

    def _refuse(self, reason: str) -> None:
        if reason != self.reason:
            _log.error("not saved: %s", reason)
        self.reason = reason

    def _plan_retry(self, wait_ns: int) -> None:
        self._retry_ns = self._clock.monotonic_ns() + wait_ns

    async def _close_file(self) -> None:
        if self._reading is not None:
            reading, self._reading = self._reading, None
            await close_quietly(reading)
        if self._file is not None:
            file, self._file = self._file, None
            await file.close()
