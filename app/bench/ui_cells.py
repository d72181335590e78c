"""The numbers that every arm of the bench shows, and how they change. Pure: the same seed gives the same changes."""

from typing import NamedTuple

import numpy as np

PANELS, ROWS, COLUMNS = 5, 20, 6
CHANGED_ROWS = 4
"""So many rows of each panel change in a step, by one cell each. The first column is the row's name and stays."""
CELL_WIDTH = 5
TITLES = ("name", *(f"col {number}" for number in range(1, COLUMNS)))
_HIGHEST, _MIDDLE = 999.9, 500.0


class Change(NamedTuple):
    """The place of a cell that has another number now."""

    panel: int
    row: int
    column: int


class Cells:
    """Five panels of twenty rows."""

    def __init__(self, generator: np.random.Generator) -> None:
        self._generator = generator
        self._order = np.tile(np.arange(ROWS), (PANELS, 1))
        self.values = [[[0.0] * COLUMNS for _ in range(ROWS)] for _ in range(PANELS)]

    def step(self) -> list[Change]:
        """Change a fifth of the rows of every panel; what changed."""
        rows = self._generator.permuted(self._order, axis=1)[:, :CHANGED_ROWS].tolist()
        columns = self._generator.integers(1, COLUMNS, (PANELS, CHANGED_ROWS)).tolist()
        numbers = self._generator.uniform(0, _HIGHEST, (PANELS, CHANGED_ROWS)).tolist()
        changes: list[Change] = []
        for panel in range(PANELS):
            for row, column, number in zip(rows[panel], columns[panel], numbers[panel], strict=True):
                self.values[panel][row][column] = number
                changes.append(Change(panel, row, column))
        return changes

    def text(self, panel: int, row: int, column: int) -> str:
        """What stands in a cell: `CELL_WIDTH` characters."""
        return f"{self.values[panel][row][column]:5.1f}" if column else f"C{row:03d} "

    def high(self, panel: int, row: int, column: int) -> bool:
        """Whether a cell has the colour of high numbers."""
        return self.values[panel][row][column] > _MIDDLE
