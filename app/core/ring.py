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
        if self._end == len(self._rows):
            self._rows[: self._capacity - 1] = self._rows[self._end - self._capacity + 1 :]
            self._start, self._end = 0, self._capacity - 1
        self._rows[self._end] = row
        self._end += 1
        if self._end - self._start > self._capacity:
            self._start += 1

    def view(self) -> NDArray[np.float64]:
        """All rows, oldest first: a read-only view, valid until the next append."""
        rows: NDArray[Any] = self._rows[self._start : self._end]
        rows.flags.writeable = False
        return rows
