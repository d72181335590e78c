"""The order of a table's rows: by the values of one column, pinned rows first. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.ui.format import DOWN, UP
from app.ui.widgets.columns import Column, Row, Value


@dataclass(frozen=True)
class Ordering:
    """Sorted by the column with this title."""

    column: str
    descending: bool = True

    @property
    def arrow(self) -> str:
        """`▼` for the largest first, `▲` for the smallest."""
        return DOWN if self.descending else UP


def sort_column(columns: Sequence[Column], ordering: Ordering | None) -> int | None:
    """The index of the column to sort by, None where there is none of that title."""
    if ordering is None:
        return None
    return next((index for index, column in enumerate(columns) if column.title == ordering.column), None)


def ordered(rows: Iterable[Row], columns: Sequence[Column], ordering: Ordering | None) -> tuple[Row, ...]:
    """The rows in order: pinned ones first, values not known last in either direction, equal ones as they came.

    Without an ordering, or without its column, the rows stay in the order given.
    """
    column = sort_column(columns, ordering)
    if column is None or ordering is None:
        return tuple(rows)
    return tuple(row for part in _pinned_first(rows) for row in _sorted(part, column, ordering.descending))


def next_ordering(shown: Sequence[Column], ordering: Ordering | None, step: int) -> Ordering | None:
    """The ordering `step` columns further among those shown, round the ends; at first by the first (or last) one.

    Numbers begin with the largest, texts (which stand left) with the smallest.
    """
    titles = [column.title for column in shown]
    if not titles:
        return ordering
    if ordering is not None and ordering.column in titles:
        at = titles.index(ordering.column) + step
    else:
        at = 0 if step > 0 else -1
    column = shown[at % len(titles)]
    return Ordering(column.title, descending=column.align != "left")


def _pinned_first(rows: Iterable[Row]) -> tuple[list[Row], list[Row]]:
    pinned: list[Row] = []
    others: list[Row] = []
    for row in rows:
        (pinned if row.pinned else others).append(row)
    return pinned, others


def _sorted(rows: list[Row], column: int, descending: bool) -> list[Row]:
    known: list[tuple[tuple[bool, float, str], Row]] = []
    unknown: list[Row] = []
    for row in rows:
        value = row.value(column)
        if value is None:
            unknown.append(row)
        else:
            known.append((_key(value), row))
    known.sort(key=lambda pair: pair[0], reverse=descending)
    return [*(row for _, row in known), *unknown]


def _key(value: Value) -> tuple[bool, float, str]:
    """Numbers and texts in one column can be compared too: numbers are smaller."""
    return (True, 0.0, value.casefold()) if isinstance(value, str) else (False, value or 0.0, "")
