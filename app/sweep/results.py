"""Results of sweeps in a file of SQLite: a row a run, found again by a hash of all that it depends on."""

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from app.config.locations import ensure
from app.core.errors import DataError
from app.core.text import clean
from app.screener.sweep_run import RunFigures
from app.store.lock import acquire

_APPLICATION = 0x74647377
_VERSION = 1
_FIGURES = tuple(RunFigures.__struct_fields__)
_KINDS = {int: "INTEGER", bytes: "BLOB"}
_TABLES = (
    "CREATE TABLE IF NOT EXISTS bars (sha256 TEXT PRIMARY KEY, name TEXT NOT NULL, interval_ms INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS settings (sha256 TEXT PRIMARY KEY, json TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS runs (key TEXT PRIMARY KEY, program TEXT NOT NULL, bars TEXT NOT NULL, "
    "marks TEXT NOT NULL, first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL, settings TEXT NOT NULL, "
    + ", ".join(f"{field.name} {_KINDS.get(field.type, 'REAL')}" for field in msgspec.structs.fields(RunFigures))
    + ")",
    "CREATE INDEX IF NOT EXISTS runs_by_bars ON runs (bars, first_ms, last_ms)",
)
_LAST_DAY = 84_006
"""2200-01-01 in days since 1970: no bars are later (`app.screener.bars`)."""
_SAFETY = ("PRAGMA trusted_schema = OFF", "PRAGMA cell_size_check = ON", "PRAGMA journal_mode = WAL")


class Where(NamedTuple):
    """What a run is over: the hashes of the bars up to its end and of the candidates and series that were named beside
    them (empty without any), its ends."""

    bars: str
    marks: str
    first_ms: int
    last_ms: int


class StoredRun(NamedTuple):
    """A run to be kept: its key, the program's version, what it is over, the hash of its settings, what it came to."""

    key: str
    program: str
    where: Where
    settings: str
    figures: RunFigures


class Results:
    """An open file of results. Every `put` is in it for good when it returns."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def known(self, keys: Iterable[str]) -> dict[str, RunFigures]:
        """What those of these runs came to that are in the file."""
        query = f"SELECT {', '.join(_FIGURES)} FROM runs WHERE key = ?"  # noqa: S608 - names of our own columns
        found = ((key, self._connection.execute(query, (key,)).fetchone()) for key in keys)
        return {key: _figures(row) for key, row in found if row is not None}

    def tried(self, where: Where, program: str) -> dict[str, RunFigures]:
        """What all settings that were ever tried over these bars came to, by the hash of the settings."""
        query = (
            f"SELECT settings, {', '.join(_FIGURES)} FROM runs "  # noqa: S608 - names of our own columns
            "WHERE bars = ? AND marks = ? AND first_ms = ? AND last_ms = ? AND program = ? ORDER BY settings"
        )
        return {row[0]: _figures(row[1:]) for row in self._connection.execute(query, (*where, program))}

    def name(self, bars: Mapping[str, tuple[str, int]], settings: Mapping[str, bytes]) -> None:
        """Write down what hashes stand for: names and intervals of bars, and settings as JSON."""
        with self._connection:
            rows = [(key, *told) for key, told in bars.items()]
            self._connection.executemany("INSERT OR REPLACE INTO bars VALUES (?, ?, ?)", rows)
            texts = [(key, told.decode()) for key, told in settings.items()]
            self._connection.executemany("INSERT OR IGNORE INTO settings VALUES (?, ?)", texts)

    def put(self, runs: Iterable[StoredRun]) -> None:
        """Keep runs."""
        places = ", ".join("?" * (7 + len(_FIGURES)))
        rows = [(run.key, run.program, *run.where, run.settings, *msgspec.structs.astuple(run.figures)) for run in runs]
        with self._connection:
            self._connection.executemany(f"INSERT OR REPLACE INTO runs VALUES ({places})", rows)  # noqa: S608


@contextlib.contextmanager
def open_results(path: Path) -> Iterator[Results]:
    """The results in this file, which is made where it is not there, for one program at a time.

    Raises `DataError` for a file that is something else, that another program writes, or that cannot be written.
    """
    ensure(path.parent)
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise DataError(f"{path} is not a plain file; name another for --results")
    lock = acquire(path)
    try:
        with contextlib.closing(sqlite3.connect(path)) as connection:
            _prepare(connection, path)
            yield Results(connection)
    # What a damaged file is said to hold may be no text.
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise DataError(
            f"{path} cannot be used for results of sweeps ({clean(str(error), 120)}); name another file with --results"
        ) from error
    finally:
        lock.release()


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if (application, version) != (_APPLICATION, _VERSION) and tables:
        raise DataError(f"{path} is a database of another program or version; name another file with --results")
    try:
        path.chmod(0o600)
    except OSError as error:
        raise DataError(f"{path} is not yours alone ({error.strerror}); name another file with --results") from error
    for statement in (*_SAFETY, f"PRAGMA application_id = {_APPLICATION}", f"PRAGMA user_version = {_VERSION}"):
        connection.execute(statement)
    with connection:
        for statement in _TABLES:
            connection.execute(statement)


def _figures(row: tuple[object, ...]) -> RunFigures:
    """A row of a file that anybody may have changed. Raises `DataError` where it is no run."""
    try:
        figures = msgspec.convert(dict(zip(_FIGURES, row, strict=True)), RunFigures, strict=False)
        _check_returns(figures)
        return figures
    except ValueError as error:
        raise DataError(
            f"a run in the file of results is damaged ({clean(str(error), 120)}); name a new file"
        ) from error


def _check_returns(figures: RunFigures) -> None:
    """Raises `ValueError` for returns that are no whole, finite numbers of days there can be bars of."""
    returns = figures.daily()
    if not 0 <= figures.first_day <= figures.first_day + len(returns) <= _LAST_DAY:
        raise ValueError("its days are none of any bars")
    if not np.isfinite(returns).all():
        raise ValueError("a return of a day in it is not finite")
