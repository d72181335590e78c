"""A sweep's results in a SQLite file of their own: written as they come, gone on with where a sweep ended."""

import contextlib
import csv
import io
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from app.core.errors import DataError, UsageError
from app.core.text import clean
from app.screener.sweep_runs import Run
from app.screener.sweep_space import Point

_VERSION = 1
_FIGURES = tuple(name for name in Run.__struct_fields__ if name != "daily")
_SCHEMA = f"""
CREATE TABLE sweep (name TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL);
CREATE TABLE points (number INTEGER PRIMARY KEY NOT NULL, settings TEXT NOT NULL);
CREATE TABLE runs ({", ".join(_FIGURES)}, daily BLOB NOT NULL, PRIMARY KEY (point, market));
"""


class SweepFile:
    """One sweep. All methods raise `DataError` where the file cannot be read or written."""

    def __init__(self, connection: sqlite3.Connection, name: str) -> None:
        self._connection, self._name = connection, name

    def done(self) -> set[tuple[int, str]]:
        """The runs that are there: number of the point, and market."""
        with self._told():
            return set(self._connection.execute("SELECT point, market FROM runs"))

    def put(self, runs: Iterable[Run]) -> None:
        """Add runs; one that is there already stays."""
        places = ", ".join("?" * (len(_FIGURES) + 1))
        rows = [(*(getattr(run, name) for name in _FIGURES), np.array(run.daily).tobytes()) for run in runs]
        with self._told(), self._connection:
            self._connection.executemany(f"INSERT OR IGNORE INTO runs VALUES ({places})", rows)  # noqa: S608 - ours

    def runs(self) -> list[Run]:
        """All runs, by point and market."""
        with self._told():
            rows = self._connection.execute(f"SELECT {', '.join(_FIGURES)}, daily FROM runs ORDER BY point, market")  # noqa: S608
            return [_run(row) for row in rows]

    def points(self) -> list[Point]:
        """The points, by number from 0."""
        with self._told():
            rows = self._connection.execute("SELECT settings FROM points ORDER BY number").fetchall()
            return [msgspec.json.decode(text, type=dict[str, str]) for (text,) in rows]

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, msgspec.MsgspecError, ValueError) as error:
            raise DataError(f"{self._name} cannot be used ({clean(str(error), 120)}); name a new file") from error


@contextlib.contextmanager
def open_sweep(path: Path, about: Mapping[str, Any], points: Sequence[Point]) -> Iterator[SweepFile]:
    """The file of a sweep, made new or gone on with.

    `about` is everything its results depend on. Raises `DataError` for a file of another sweep, `UsageError` for one
    that no sweep wrote.
    """
    name, told = clean(path.name, 100), msgspec.json.encode(about, order="sorted").decode()
    if not path.parent.is_dir():
        raise UsageError(f"{path.parent} is no folder; make it or name another file")
    with contextlib.closing(sqlite3.connect(path)) as connection:
        try:
            before = connection.execute("SELECT value FROM sweep WHERE name = 'about'").fetchone()
        except sqlite3.OperationalError:
            before = None
        except sqlite3.DatabaseError as error:
            raise UsageError(f"{name} exists already and was not written by a sweep; name a new file") from error
        if before is None:
            _make(connection, name, told, points)
        elif before[0] != told:
            raise DataError(f"{name} holds another sweep ({_differing(before[0], about)} differ); name a new file")
        yield SweepFile(connection, name)


def _make(connection: sqlite3.Connection, name: str, told: str, points: Sequence[Point]) -> None:
    if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise UsageError(f"{name} exists already and was not written by a sweep; name a new file")
    with connection:
        # One transaction: a file that is cut off here holds nothing at all.
        for statement in filter(str.strip, _SCHEMA.split(";")):
            connection.execute(statement)
        connection.execute("INSERT INTO sweep VALUES ('about', ?)", (told,))
        connection.execute("INSERT INTO sweep VALUES ('version', ?)", (str(_VERSION),))
        rows = [(number, msgspec.json.encode(point).decode()) for number, point in enumerate(points)]
        connection.executemany("INSERT INTO points VALUES (?, ?)", rows)


def _differing(before: str, about: Mapping[str, Any]) -> str:
    try:
        old = msgspec.json.decode(before, type=dict[str, Any])
    except msgspec.MsgspecError:
        return "its settings"
    now = msgspec.to_builtins(about)
    return ", ".join(name for name in now if old.get(name) != now[name]) or "its settings"


def _run(row: tuple[Any, ...]) -> Run:
    values = dict(zip(_FIGURES, row[:-1], strict=True))
    return msgspec.convert({**values, "daily": np.frombuffer(row[-1], dtype=np.float64).tolist()}, Run)


def csv_of(runs: Sequence[Run], points: Sequence[Point]) -> bytes:
    """A line a run: its point's settings, the market, and all figures but those of days."""
    keys = list(points[0]) if points else []
    figures = [name for name in _FIGURES if name != "first_day"]
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([*keys, *figures])
    for run in runs:
        writer.writerow([*points[run.point].values(), *(getattr(run, name) for name in figures)])
    return text.getvalue().encode()
