"""What can be copied of a panel: a cell, its row, all rows, as text or as JSON. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from app.core.text import clean
from app.ui import format as shown
from app.ui.panels.detail import row_text
from app.ui.state import DeckView
from app.ui.widgets.columns import Cell, Column, Row, TableView

LONGEST = 60_000
"""Terminals drop longer clipboard texts; the largest that is sent, in characters."""

_COLUMNS = (
    Column("copy", 24, "left", priority=0),
    Column("text", 20, "left", priority=1, flexible=True),
)


class Copyable(NamedTuple):
    """Something to copy: its name and its text."""

    name: str
    text: str


def copyables(view: DeckView, panel: str, columns: Sequence[Column], row: Row, rows: Sequence[Row]) -> list[Copyable]:
    """Everything that can be copied from where the cursor is: the row, the panel's `rows`, and each cell."""
    lines = (row_text(view, columns, each) for each in rows)
    objects = (_object(view, panel, columns, each) for each in rows)
    whole = [
        Copyable("row", row_text(view, columns, row)),
        Copyable("row as JSON", _json(_object(view, panel, columns, row))),
        Copyable("panel", "\n".join(lines)),
        Copyable("panel as JSON", "\n".join(map(_json, objects))),
    ]
    return [*whole, *_cells(columns, row)]


def copy_view(items: Sequence[Copyable]) -> TableView:
    """The choice as a table; the key of a row is its place."""
    rows = tuple(
        Row(str(place), (Cell(clean(name, 40), "accent"), Cell(clean(_first_line(text), 400))))
        for place, (name, text) in enumerate(items)
    )
    return TableView("Copy what?", _COLUMNS, rows, "There is nothing to copy.")


def shortened(text: str) -> tuple[str, bool]:
    """`text` as far as a terminal takes it, cut at the end of a line, and whether it was cut."""
    if len(text) <= LONGEST:
        return text, False
    return text[:LONGEST].rpartition("\n")[0] or text[:LONGEST], True


def _cells(columns: Sequence[Column], row: Row) -> Iterator[Copyable]:
    for column, cell in zip(columns, row.cells, strict=True):
        if cell.value not in ("", shown.DASH):
            yield Copyable(column.name, str(clean(cell.value, 2_000)))


def _object(view: DeckView, panel: str, columns: Sequence[Column], row: Row) -> Mapping[str, object]:
    """A row with where it is from and when it held; numbers in the units shown, null for what is not known."""
    facts: dict[str, object] = {"panel": panel, "row": _fields(columns, row)}
    if view.shown is None:
        return facts
    source = view.shown.source
    about = {"source": str(clean(source.label, 12)), "detail": str(clean(source.detail, 80))}
    return {**about, "at": shown.moment(view.shown.wall_ms + view.lag_ms), **facts}


def _fields(columns: Sequence[Column], row: Row) -> Mapping[str, object]:
    found: dict[str, object] = {"name": str(clean(row.name, 80))} if row.name else {}
    for place, column in enumerate(columns):
        value = row.value(place)
        if column.ranked and value is not None:
            value = row.cells[place].value
        found[column.fields[0]] = str(clean(value, 2_000)) if isinstance(value, str) else value
    return found


def _json(facts: Mapping[str, object]) -> str:
    return msgspec.json.encode(facts).decode()


def _first_line(text: str) -> str:
    first, _, rest = text.partition("\n")
    return f"{first} … {rest.count(chr(10)) + 2} lines" if rest else first
