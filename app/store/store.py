"""The one writer of a database: rows are put without waiting and committed together, several times a second."""

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from app.config.settings import StoreSettings
from app.core.clock import Clock
from app.core.text import clean
from app.store.commit import Committed, commit
from app.store.pending import Batch, Pending, settle
from app.store.place import Place
from app.store.reader import Reader
from app.store.retention import Retention
from app.store.schema import SCHEMA, Schema
from app.store.status import StoreState, StoreStatus

_CAPACITY = 100_000
_MEMORY_BYTES = 64_000_000
_GRACE_S = 1.0
_log = logging.getLogger(__name__)


class Store:
    """The database of one source. Without a path it is temporary: in memory, gone when it is closed.

    It never raises for what happens to its file: `status` says whether rows reach the disk, and why not. It belongs to
    the event loop it is opened in.
    """

    def __init__(
        self,
        path: Path | None,
        settings: StoreSettings,
        clock: Clock,
        *,
        schema: Schema = SCHEMA,
        capacity: int = _CAPACITY,
    ) -> None:
        self._schema = schema
        self._clock = clock
        self._commit_s = settings.commit_ms / 1000
        self._place = Place(path, schema, clock)
        self._pending = Pending(schema.by_row(), capacity)
        self._retention_on_disk = Retention(
            schema, clock, keep_days=settings.keep_days, maximum_bytes=settings.maximum_mb * 1_000_000
        )
        # Rows of an old tape are old, and rows that wait for the file go there whatever their age: only size counts.
        self._retention_in_memory = Retention(schema.of_memory(), clock, keep_days=None, maximum_bytes=_MEMORY_BYTES)
        self._arrived, self._urgent, self._opened = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._closing = self._abandoned = self._ended = self._failed = self._is_wanted_closed = False
        self._in_flight = self._written = self._unsaved = self._known = self._refused = self._lost = 0
        self._refusal = ""
        self._committed_ns: int | None = None

    async def open(self) -> StoreStatus:
        """Check, migrate and open the database, and begin to write; what was put before is not lost.

        Takes about two seconds at most for the check of a large file, five more where another program holds it.
        """
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="store")
        await self._opened.wait()
        return self.status()

    def put(self, row: object) -> bool:
        """Take a row for the next commit, at most `commit_ms` away; False when the queue is full or the store closed.

        A row that is not taken is counted as dropped. Raises `TypeError` for a row no table holds.
        """
        if self._closing:
            self._lost += 1
            return False
        taken = self._pending.add(row)
        self._arrived.set()
        return taken

    async def put_durably(self, row: object) -> bool:
        """Commit a row at once, together with all that is pending: True when it is on disk.

        False when it is not: dropped, refused by its table, or in memory only. Cancelling the wait does not take the
        row back. Before `open` this waits for it.
        """
        if not self.put(row):
            return False
        return await self._wait_for(row)

    async def flush(self) -> bool:
        """Commit at once what was put so far: True when it is on disk."""
        return False if self._closing else await self._wait_for(None)

    def reader(self) -> Reader:
        """Queries on what is saved, of this run and all before. They raise `NotSavedError` while rows go to memory: an
        empty answer then would pass for a database that holds nothing."""
        return Reader(self._place.reading_saved, self._place.name)

    def current_reader(self) -> Reader:
        """Queries on where rows go now: while they are not saved, on those of this time alone."""
        return Reader(self._place.reading, self._place.name)

    def status(self) -> StoreStatus:
        """Where rows go, and the count of all."""
        age_ns = None if self._committed_ns is None else self._clock.monotonic_ns() - self._committed_ns
        return StoreStatus(
            state=self._state(),
            name=self._place.name,
            reason=self._place.reason,
            written=self._written,
            unsaved=self._unsaved,
            pending=self._pending.count + self._in_flight,
            known=self._known,
            refused=self._refused,
            dropped=self._pending.dropped + self._lost,
            last_commit_age_ms=None if age_ns is None else age_ns // 1_000_000,
            moved_aside=self._place.moved_aside,
            refusal=self._refusal,
        )

    async def close(self, deadline_s: float = 5.0) -> StoreStatus:
        """Write what is pending and close; what could not be written within `deadline_s` is counted as dropped.

        Cancelling the wait does not stop it. Closing twice is harmless.
        """
        self._closing = self._is_wanted_closed = True
        self._arrived.set()
        self._urgent.set()
        if self._task is None:
            self._ended = True
            self._pending.drop_all()
            return self.status()
        _, late = await asyncio.wait({self._task}, timeout=deadline_s)
        if late:
            self._abandoned = True
            await self._place.interrupt()
            await asyncio.wait({self._task}, timeout=_GRACE_S)
        return self.status()

    async def _wait_for(self, row: object) -> bool:
        future = self._pending.wait_for(row)
        self._arrived.set()
        self._urgent.set()
        return await future

    async def _run(self) -> None:
        """Ends when the store closes, or when the loop ends and cancels it: then too, everything is written first."""
        try:
            await self._serve()
        finally:
            self._closing = True
            try:
                await self._finish()
            finally:
                await self._end()

    async def _serve(self) -> None:
        with self._failure_told():
            await self._place.open()
            self._retention_on_disk.found(self._place.newest_ms)
            self._opened.set()
            while not self._closing:
                await self._rest()
                await self._turn()

    @contextlib.contextmanager
    def _failure_told(self) -> Iterator[None]:
        """A store that dies of whatever must say so, and not take the deck along."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - see above
            self._failed = True
            self._place.reason = f"the store failed ({clean(str(error), 120)}); start tapedeck again"
            _log.exception("the store of %s failed", self._place.name)

    async def _rest(self) -> None:
        """Wait for rows or for what else is due, and for more rows unless somebody waits for an answer."""
        if await _within(self._patience_s(), self._arrived) and not self._pending.urgent:
            await _within(self._commit_s, self._urgent)
        self._arrived.clear()
        self._urgent.clear()

    def _patience_s(self) -> float:
        retry_s = self._place.retry_in_s()
        due_s = self._retention.due_in_s()
        return due_s if retry_s is None else min(due_s, retry_s)

    async def _turn(self) -> None:
        try:
            await self._watch_file()
            await self._write()
            if self._retention.due_in_s() == 0 and not self._closing:
                await self._retain()
        except sqlite3.Error as error:
            await self._give_way(error)

    async def _watch_file(self) -> None:
        if self._place.vanished():
            reason = f"{self._place.name} was removed or replaced by another program; a new one is tried"
            await self._place.leave_file(reason, at_once=True)
        if self._place.retry_in_s() == 0:
            await self._return_to_file()

    async def _return_to_file(self) -> None:
        copied = await self._place.return_to_file()
        if copied is not None:
            self._written += copied.new
            self._known += self._unsaved - copied.new - copied.refused
            self._refused += copied.refused
            self._refusal = copied.refusal or self._refusal
            self._unsaved = 0
            self._committed_ns = self._clock.monotonic_ns()
            self._retention_on_disk.found(self._place.newest_ms)
            self._retention_on_disk.start()

    async def _write(self) -> None:
        batch = self._pending.take()
        if not batch.rows:
            settle(batch, saved=self._place.on_disk)
            return
        self._in_flight = batch.size
        try:
            committed = await commit(self._place.connection, self._schema, batch)
        except BaseException:
            # Keys make it harmless to write a row again, so it does not matter whether this commit came through.
            self._pending.put_back(batch)
            raise
        finally:
            self._in_flight = 0
        self._count(batch, committed)

    def _count(self, batch: Batch, committed: Committed) -> None:
        if self._place.on_disk or self._place.temporary:
            self._written += committed.new
            self._committed_ns = self._clock.monotonic_ns()
        else:
            self._unsaved += committed.new
        self._known += committed.known
        self._refused += committed.refused
        self._refusal = committed.refusal or self._refusal
        self._retention.wrote(committed.new)
        settle(batch, saved=self._place.on_disk, refused=frozenset(committed.refused_ids))

    @property
    def _retention(self) -> Retention:
        return self._retention_on_disk if self._place.on_disk else self._retention_in_memory

    async def _retain(self) -> None:
        deleted = await self._retention.step(self._place.connection)
        if self._place.on_disk:
            return
        self._lost += deleted
        if self._place.temporary:
            self._written -= deleted
        else:
            self._unsaved -= deleted

    async def _give_way(self, error: sqlite3.Error) -> None:
        """What could not be written stays pending for memory, unless it is memory that failed."""
        if self._place.on_disk:
            await self._place.leave_failed_file(error)
        else:
            self._place.reason = (
                f"the database in memory failed ({clean(str(error), 120)}); free some memory and start tapedeck again"
            )
            self._pending.drop_all()

    async def _finish(self) -> None:
        if self._abandoned or not self._place.is_open:
            return
        with self._failure_told():
            await self._turn()
            if self._pending:
                await self._turn()
            if self._unsaved:
                await self._return_to_file()

    async def _end(self) -> None:
        self._pending.drop_all()
        await self._place.close()
        self._ended = True
        self._opened.set()

    def _state(self) -> StoreState:
        if self._failed and not (self._ended and self._is_wanted_closed):
            return "not saved"
        if self._ended:
            return "closed"
        if self._place.temporary:
            return "temporary" if self._place.is_open else "opening"
        if not self._place.is_open:
            return "opening"
        return "saved" if self._place.on_disk else "not saved"


async def _within(seconds: float, event: asyncio.Event) -> bool:
    """Wait for `event`, at most so long; whether it came."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
