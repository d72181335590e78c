"""One row opened up: a line for each of its columns, and the same as one text. Pure."""

from collections.abc import Iterator, Sequence

from rich.cells import cell_len

from app.core.text import clean
from app.ui import format as shown
from app.ui.state import DeckView
from app.ui.widgets.columns import Cell, Column, Row, TableView
from app.ui.widgets.lines import wrap

_LONGEST = 2_000
_GONE = "no longer listed"


def detail_view(panel: str, columns: Sequence[Column], row: Row, width: int, *, gone: bool) -> TableView:
    """Every column of `row` as name and value, long values wrapped to a table of `width` cells.

    A row that is `gone` from its panel is shown as it was last seen, dimmed.
    """
    names = max(cell_len(column.name) for column in columns)
    layout = (Column("name", names, "left"), Column("value", 8, "left", priority=1, flexible=True))
    rows = tuple(
        Row(f"{column.name} {line}", (Cell("" if line else column.name, "muted"), Cell(text, cell.role)), dimmed)
        for dimmed in (row.dimmed or gone,)
        for column, cell in zip(columns, row.cells, strict=True)
        for line, text in enumerate(wrap(clean(cell.value, _LONGEST) or shown.DASH, max(8, width - names - 1)))
    )
    title = f"{clean(row.title, 40)} · {panel}{f' · {_GONE}' if gone else ''}"
    return TableView(title, layout, rows, "")


def gone_row(row: Row) -> Row:
    """A row as it was last seen, which says in its name that its panel has it no longer."""
    return row._replace(name=f"{clean(row.title, 40)} ({_GONE})", dimmed=True)


def row_text(view: DeckView, columns: Sequence[Column], row: Row) -> str:
    """A row on one line, for elsewhere: source, time, the row's own name, then `name=value` pairs.

    The time is the engine's, as of when the ages hold: for a held display, now and not when it was held.

    Columns without a value are left out; a value with a blank stands in quotation marks.
    """
    begin, first = [row.title], 0 if row.name else 1
    if view.shown is not None:
        source = view.shown.source
        begin = [
            clean(source.label, 12),
            clean(source.detail, 80),
            shown.moment(view.shown.wall_ms + view.lag_ms),
            *begin,
        ]
    return str(
        clean(" ".join(word for word in (*begin, *_pairs(columns[first:], row.cells[first:])) if word), _LONGEST)
    )


def _pairs(columns: Sequence[Column], cells: Sequence[Cell]) -> Iterator[str]:
    for column, cell in zip(columns, cells, strict=True):
        if cell.value not in ("", shown.DASH):
            value = f'"{cell.value}"' if " " in cell.value else cell.value
            yield f"{column.name.replace(' ', '_')}={value}"
