"""A fixed-size buffer of numbers that forgets the oldest: newest-last views without copying the rest."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


class Ring:
    """The last `capacity` rows of `columns` float64 values. Memory is flat from the start."""

    def __init__(self, capacity: int, columns: int) -> None:
        # Twice the capacity lets a row be written once and read as one contiguous view until the halves are swapped.
        self._rows: NDArray[np.float64] = np.zeros((2 * capacity, columns))
        self._capacity = capacity
        self._start = self._end = 0

    def __len__(self) -> int:
        return self._end - self._start

    def append(self, *row: float) -> None:
        """Add one row, dropping the oldest when full."""
        self._make_room(1)
        self._rows[self._end] = row
        self._advance(1)

    def extend(self, rows: NDArray[np.float64]) -> None:
        """Add rows, oldest first, dropping as many of the oldest as do not fit; of too many rows the last ones stay."""
        rows = rows[-self._capacity :]
        self._make_room(len(rows))
        self._rows[self._end : self._end + len(rows)] = rows
        self._advance(len(rows))

    def _make_room(self, count: int) -> None:
        """Move what stays to the front where `count` rows (≤ capacity) would not fit behind it."""
        if self._end + count > len(self._rows):
            staying = min(self._capacity - count, len(self))
            self._rows[:staying] = self._rows[self._end - staying : self._end]
            self._start, self._end = 0, staying

    def _advance(self, count: int) -> None:
        self._end += count
        self._start = max(self._start, self._end - self._capacity)

    def view(self) -> NDArray[np.float64]:
        """All rows, oldest first: a read-only view, valid until the next append."""
        rows: NDArray[Any] = self._rows[self._start : self._end]
        rows.flags.writeable = False
        return rows
