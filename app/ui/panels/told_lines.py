"""What is known of one thing, in lines of words: a name and a sentence each. Pure."""

from functools import lru_cache
from typing import NamedTuple

from app.core.text import clean
from app.ui import format as shown
from app.ui.theme import Role
from app.ui.widgets.columns import Cell, Column, Row
from app.ui.widgets.lines import wrap

_NAME_CELLS = 14
_LONGEST = 2_000
LINE_COLUMNS = (
    Column("what", _NAME_CELLS, "left"),
    Column("said", 8, "left", priority=1, flexible=True),
)


class Line(NamedTuple):
    """A name, what there is to say, and how it looks."""

    name: str
    text: str
    role: Role = "text"


@lru_cache(maxsize=64)
def line_rows(lines: tuple[Line, ...], width: int, dimmed: bool) -> tuple[Row, ...]:
    """Lines wrapped to a table of `width` cells; each keeps its whole text for a copy."""
    room = max(8, width - _NAME_CELLS - 1)
    return tuple(
        Row(
            f"{place} {part}",
            (Cell("" if part else line.name, "muted", line.name), Cell(text, line.role, whole)),
            dimmed,
            values=(line.name, whole),
        )
        for place, line in enumerate(lines)
        for whole in (str(clean(line.text, _LONGEST)) or shown.DASH,)
        for part, text in enumerate(wrap(whole, room))
    )
