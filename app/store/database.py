"""Opens databases: the one that is written, one in memory, and read-only views. Damaged files are moved aside."""

import asyncio
import contextlib
import os
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import aiosqlite
import msgspec

from app.config.locations import ensure
from app.core.clock import Clock
from app.core.errors import DataError
from app.core.text import clean
from app.store.connect import close_quietly, connect
from app.store.faults import is_damage, makes_no_sense
from app.store.lock import FileLock, acquire
from app.store.migrate import check_version, has_tables, migrate, version_of
from app.store.retention import newest_row_ms
from app.store.schema import Schema

_CHECK_LIMIT_S = 2.0
_NOT_AS_MADE = "its tables are not as they were made"
ABSENT = (0, 0)
_SIDE_FILES = ("-wal", "-shm")
_SAFETY = ("PRAGMA trusted_schema = OFF", "PRAGMA mmap_size = 0", "PRAGMA cell_size_check = ON")
# Vacuum mode goes first: it can only be set while the file is empty. `fullfsync` is what macOS needs for FULL to hold.
_WRITING = (
    "PRAGMA auto_vacuum = INCREMENTAL",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA fullfsync = ON",
    "PRAGMA checkpoint_fullfsync = ON",
    "PRAGMA journal_size_limit = 16777216",
)
# In memory a row may come whose parent is in the file: who is nowhere to be found is known when both come together.
_WITH_PARENTS = "PRAGMA foreign_keys = ON"


class Inspection(msgspec.Struct, frozen=True):
    """What a look at a file found: its version, and what is wrong with it (empty: nothing)."""

    version: int
    damage: str


class OpenedFile(msgspec.Struct, frozen=True):
    """A database file with its only writing connection.

    `newest_ms` is the age of the newest row it was found with, None without any; `moved_aside` names the damaged file
    that it replaces, if any.
    """

    connection: aiosqlite.Connection
    lock: FileLock
    identity: tuple[int, int]
    newest_ms: int | None = None
    moved_aside: str = ""

    async def close(self) -> None:
        """Close the connection, then let other programs in."""
        await close_quietly(self.connection)
        self.lock.release()


async def open_file(path: Path, schema: Schema, clock: Clock, *, damaged: bool = False) -> OpenedFile:
    """Lock, check, create or migrate the database at `path`, mode 0600; `damaged` says it is known to be.

    Raises `DataError` when another tapedeck has it, when it is of a newer or another program (it is not touched then),
    or when its directory or the file cannot be used; `sqlite3.Error` when SQLite cannot.
    """
    ensure(path.parent)
    lock = acquire(path)
    try:
        found = await _examine(path, schema, damaged=damaged)
        moved = move_aside(path, clock) if found.damage else ""
        _create(path)
        connection, newest_ms = await _open_writing(path, schema, 0 if moved else found.version, clock)
    except BaseException:
        lock.release()
        raise
    return OpenedFile(connection, lock, identity(path), newest_ms, moved)


async def open_memory(schema: Schema, clock: Clock) -> aiosqlite.Connection:
    """An empty database of this schema that is gone when it is closed. It takes rows without their parents."""
    connection = await connect(":memory:")
    try:
        await _prepare(connection, (*_SAFETY, *_WRITING))
        await migrate(connection, schema, 0, clock.wall_ns() // 1_000_000)
    except BaseException:
        await close_quietly(connection)
        raise
    return connection


async def open_read_only(path: Path) -> aiosqlite.Connection:
    """A connection that cannot write, checkpoint or make the file. Raises `sqlite3.Error`."""
    connection = await connect(f"file:{quote(str(path))}?mode=ro", uri=True)
    try:
        await _prepare(connection, (*_SAFETY, "PRAGMA query_only = ON"))
    except BaseException:
        await close_quietly(connection)
        raise
    return connection


async def inspect(path: Path, schema: Schema) -> Inspection:
    """Version and health of an existing database, looked at without writing.

    The check stops after two seconds; what was not reached counts as healthy. Raises `DataError` for another program's
    database, `sqlite3.Error` when it cannot be read for another reason than damage.
    """
    try:
        connection = await open_read_only(path)
    except sqlite3.DatabaseError as error:
        return _judged(error)
    try:
        return await _look_at(connection, path, schema)
    except sqlite3.DatabaseError as error:
        return _judged(error)
    except UnicodeError:
        return Inspection(0, "a name in it is no text")
    finally:
        await close_quietly(connection)


def move_aside(path: Path, clock: Clock) -> str:
    """Rename a damaged database and its side files to `NAME.damaged-YYYYmmdd-HHMMSS`; the new name."""
    moment = datetime.fromtimestamp(clock.wall_ns() // 1_000_000_000, UTC)
    target = _free_name(path.with_name(f"{path.name}.damaged-{moment:%Y%m%d-%H%M%S}"))
    try:
        for suffix in (*_SIDE_FILES, ""):
            with contextlib.suppress(FileNotFoundError):
                path.with_name(path.name + suffix).rename(target.with_name(target.name + suffix))
    except OSError as error:
        raise DataError(f"{clean(path.name)} is damaged and cannot be moved aside ({error.strerror})") from error
    return target.name


def identity(path: Path) -> tuple[int, int]:
    """What tells this file from another of the same name; `ABSENT` when there is none."""
    try:
        found = path.stat()
    except OSError:
        return ABSENT
    return (found.st_dev, found.st_ino)


async def _examine(path: Path, schema: Schema, *, damaged: bool) -> Inspection:
    if not _is_there(path):
        return Inspection(0, "")
    if damaged:
        return Inspection(0, "a write found it damaged")
    found = await inspect(path, schema)
    check_version(found.version, schema, path.name)
    return found


def _is_there(path: Path) -> bool:
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise DataError(f"{clean(path.name)} is not a plain file; move it away")
    return path.exists()


async def _look_at(connection: aiosqlite.Connection, path: Path, schema: Schema) -> Inspection:
    damage = await find_damage(connection)
    if damage:
        return Inspection(0, damage)
    try:
        version = await version_of(connection, path.name)
        is_whole = version != schema.version or await has_tables(connection, schema)
    except sqlite3.OperationalError as error:
        if not makes_no_sense(error):
            raise
        return Inspection(0, _NOT_AS_MADE)
    return Inspection(version, "" if is_whole else _NOT_AS_MADE)


async def find_damage(connection: aiosqlite.Connection) -> str:
    """What SQLite's quick check complains of; empty when it does not, or took too long to say."""
    try:
        async with asyncio.timeout(_CHECK_LIMIT_S):
            rows = list(await connection.execute_fetchall("PRAGMA quick_check(1)"))
    except TimeoutError:
        await connection.interrupt()
        return ""
    return "" if rows and rows[0][0] == "ok" else clean(str(rows[0][0]) if rows else "no answer", 120)


def _judged(error: sqlite3.DatabaseError) -> Inspection:
    if is_damage(error):
        return Inspection(0, clean(str(error), 120))
    raise error


def _create(path: Path) -> None:
    """SQLite would create the file with the mode the umask leaves."""
    try:
        if path.exists():
            path.chmod(0o600)
        else:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600))
    except OSError as error:
        raise DataError(f"{clean(path.name)} cannot be created ({error.strerror}); check its directory") from error


async def _open_writing(
    path: Path, schema: Schema, version: int, clock: Clock
) -> tuple[aiosqlite.Connection, int | None]:
    """The connection, and the age of the newest row."""
    connection = await connect(path)
    try:
        await _prepare(connection, (*_SAFETY, *_WRITING, _WITH_PARENTS))
        await migrate(connection, schema, version, clock.wall_ns() // 1_000_000)
        newest_ms = await newest_row_ms(connection, schema)
    except BaseException:
        await close_quietly(connection)
        raise
    return connection, newest_ms


async def _prepare(connection: aiosqlite.Connection, pragmas: tuple[str, ...]) -> None:
    for pragma in pragmas:
        await connection.execute_fetchall(pragma)


def _free_name(wanted: Path) -> Path:
    """Two files damaged within one second must not replace each other."""
    name, number = wanted, 1
    while name.exists():
        number += 1
        name = wanted.with_name(f"{wanted.name}-{number}")
    return name
