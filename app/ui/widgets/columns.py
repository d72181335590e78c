"""What a live table shows, and which of its columns fit into a width. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from app.ui.format import DASH
from app.ui.theme import Role
from app.ui.widgets.lines import Align

Value = float | str | None

_MAXIMUM_GAP = 3


@dataclass(frozen=True)
class Column:
    """A column of fixed width in cells. Of two columns, the one with the smaller `priority` is kept longer.

    Neighbours with the same `group` share a title above their own. A `flexible` column takes the width that is left.
    `words` is the title in full, where there is room for it. In a column that `flashes`, digits that moved light up.
    What a row is sorted by in a `ranked` column is only its place in an order. In a `worded` one a text that is too
    long ends between two words.
    """

    title: str
    width: int
    align: Align = "right"
    priority: int = 0
    group: str = ""
    flexible: bool = False
    words: str = ""
    flashes: bool = False
    ranked: bool = False
    worded: bool = False

    @property
    def name(self) -> str:
        """What the column holds, in full and with its group."""
        return f"{self.group} {self.words or self.title}".strip()

    @property
    def fields(self) -> tuple[str, ...]:
        """How a question may call it, in snake case and without units: its name, that with the group, the title."""
        return tuple(dict.fromkeys(map(_snake, (self.words or self.title, self.name, self.title))))


class Cell(msgspec.Struct, frozen=True, gc=False):
    """A text and the role that styles it; `full` is what is meant, where the text is short for it or decorated.

    Thousands are made each second: the collector of garbage does not count them.
    """

    text: str
    role: Role = "text"
    full: str = ""

    @property
    def value(self) -> str:
        """The text in full, without what only decorates it."""
        return self.full or self.text.strip()


class Row(NamedTuple):
    """A row: a key that stays with it, a cell for each column, and whether it is dimmed as a whole.

    A `pinned` row comes before the others in every order. `values` are what the cells stand for, one for each: a
    number in the unit shown, a text, or None for what is not known. Without them the cells' texts count. `name` is what
    the row is called where its first cell does not say.
    """

    key: str
    cells: tuple[Cell, ...]
    dimmed: bool = False
    pinned: bool = False
    values: tuple[Value, ...] = ()
    name: str = ""

    @property
    def looks(self) -> tuple[str, tuple[Cell, ...], bool]:
        """All of the row that is painted: rows with the same looks need no new line."""
        return self[:3]

    @property
    def title(self) -> str:
        """What the row is called."""
        return self.name or self.cells[0].value

    def value(self, column: int) -> Value:
        """What the row is sorted and asked by in a column; None when that is not known."""
        value = self.values[column] if self.values else self.cells[column].value
        if isinstance(value, float):
            return value if math.isfinite(value) else None
        return None if value in ("", DASH) else value


@dataclass(frozen=True)
class TableView:
    """All a table shows. `empty` is the sentence shown while there are no rows."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    empty: str


class Placed(NamedTuple):
    """A column that is shown: its index in the view, where it starts and how wide it is."""

    column: int
    start: int
    width: int


def _snake(name: str) -> str:
    words = (word.strip(",.:") for word in name.lower().split())
    return "_".join(word for word in words if word.isalnum())


def place_columns(columns: Sequence[Column], width: int) -> tuple[Placed, ...]:
    """The columns that fit into `width` cells, in their order, chosen by priority.

    Columns stand one cell apart, or up to three when there is room. The first choice is always shown, cut if need be.
    """
    chosen: list[int] = []
    used = -1
    for index in sorted(range(len(columns)), key=lambda index: (columns[index].priority, index)):
        if not chosen or used + 1 + columns[index].width <= width:
            chosen.append(index)
            used += 1 + columns[index].width
    return _spread(columns, sorted(chosen), width, width - used)


def _spread(columns: Sequence[Column], chosen: list[int], width: int, spare: int) -> tuple[Placed, ...]:
    flexible = any(columns[index].flexible for index in chosen)
    gap = 1 if flexible or len(chosen) < 2 else min(_MAXIMUM_GAP, 1 + max(0, spare) // (len(chosen) - 1))
    placed: list[Placed] = []
    start = 0
    for index in chosen:
        cells = columns[index].width
        if columns[index].flexible:
            cells, spare = cells + max(0, spare), 0
        placed.append(Placed(index, start, max(0, min(cells, width - start))))
        start += cells + gap
    return tuple(placed)


def group_spans(columns: Sequence[Column], placed: Sequence[Placed]) -> list[tuple[str, int, int]]:
    """Each run of neighbouring shown columns with the same group: its title, start and width in cells."""
    spans: list[tuple[str, int, int]] = []
    for place in placed:
        group = columns[place.column].group
        end = place.start + place.width
        if spans and group and spans[-1][0] == group:
            spans[-1] = (group, spans[-1][1], end - spans[-1][1])
        else:
            spans.append((group, place.start, place.width))
    return [span for span in spans if span[0]]
