"""Which digits of a table's cells just moved, and which way. Pure: time is counted by whoever asks."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from app.ui.theme import Role
from app.ui.widgets.columns import Column, Row

FlashLevel = Literal["off", "calm", "full"]
LASTS_S = 0.4


class Moved(NamedTuple):
    """From character `start` on a cell's text is new; `role` tells the way it moved."""

    start: int
    role: Role


def moved(columns: Sequence[Column], before: Row, after: Row) -> Mapping[int, Moved]:
    """The cells of a row whose number moved, by column: in columns that flash, and only the digits that changed."""
    found: dict[int, Moved] = {}
    for place, column in enumerate(columns):
        old, new = before.cells[place].text, after.cells[place].text
        if not column.flashes or old == new:
            continue
        was, now = before.value(place), after.value(place)
        if isinstance(was, float) and isinstance(now, float) and was != now:
            found[place] = Moved(_first_change(old, new), "up" if now > was else "down")
    return found


def _first_change(old: str, new: str) -> int:
    """The place of the first digit that changed; a number that gains or loses a digit is new as a whole."""
    if len(old) != len(new):
        return 0
    return next((place for place, (was, now) in enumerate(zip(old, new, strict=True)) if was != now), 0)


def all_moved(
    columns: Sequence[Column], before: Iterable[Row], after: Iterable[Row]
) -> Mapping[str, Mapping[int, Moved]]:
    """What moved in every row that was there before, by its key."""
    if not any(column.flashes for column in columns):
        return {}
    known = {row.key: row for row in before}
    pairs = ((known[row.key], row) for row in after if row.key in known and known[row.key] is not row)
    return {row.key: cells for old, row in pairs if (cells := moved(columns, old, row))}
