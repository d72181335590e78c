"""Rows that wait for the next commit."""

import asyncio
from collections.abc import Mapping
from typing import Any, NamedTuple

from app.store.table import Table


class Batch(NamedTuple):
    """Rows to commit together, by type, and who waits for them."""

    rows: dict[type, list[Any]]
    waiting: list[tuple[Any, asyncio.Future[bool]]]

    @property
    def size(self) -> int:
        """Number of rows."""
        return sum(map(len, self.rows.values()))


class Pending:
    """Holds at most `capacity` rows; what does not fit is dropped and counted."""

    def __init__(self, tables: Mapping[type, Table[Any]], capacity: int) -> None:
        self._capacity = capacity
        self._rows: dict[type, list[Any]] = {row: [] for row in tables}
        self._waiting: list[tuple[Any, asyncio.Future[bool]]] = []
        self.count = 0
        self.dropped = 0

    def __bool__(self) -> bool:
        return self.count > 0

    @property
    def urgent(self) -> bool:
        """Whether somebody waits."""
        return bool(self._waiting)

    def add(self, row: object) -> bool:
        """Take a row; False when there is no room. Raises `TypeError` for a row no table holds."""
        rows = self._rows.get(type(row))
        if rows is None:
            raise TypeError(f"no table holds a {type(row).__name__}")
        if self.count >= self._capacity:
            self.dropped += 1
            return False
        rows.append(row)
        self.count += 1
        return True

    def wait_for(self, row: object) -> asyncio.Future[bool]:
        """A future that tells what became of a row that was just added."""
        future = asyncio.get_running_loop().create_future()
        self._waiting.append((row, future))
        return future

    def take(self) -> Batch:
        """All rows; the queue is empty afterwards."""
        batch = Batch({row: rows for row, rows in self._rows.items() if rows}, self._waiting)
        self._rows = {row: [] for row in self._rows}
        self._waiting = []
        self.count = 0
        return batch

    def put_back(self, batch: Batch) -> None:
        """Put a batch that could not be committed before everything that came since, above the capacity if need be."""
        for row, rows in batch.rows.items():
            self._rows[row] = rows + self._rows[row]
        self._waiting = batch.waiting + self._waiting
        self.count += batch.size

    def drop_all(self) -> None:
        """Give up everything: counted, and whoever waits is told."""
        batch = self.take()
        self.dropped += batch.size
        settle(batch, saved=False)


def settle(batch: Batch, *, saved: bool, refused: frozenset[int] = frozenset()) -> None:
    """Tell those who wait; `refused` are the ids of the row objects the tables did not take."""
    for row, future in batch.waiting:
        if not future.done():
            future.set_result(saved and id(row) not in refused)
