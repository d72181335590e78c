"""A table with lines below its rows: the long text of the row under the cursor, and a note on all of them."""

from functools import lru_cache

from textual.strip import Strip

from app.core.text import clean
from app.ui.theme import Role
from app.ui.widgets.arranged_table import ArrangedTable
from app.ui.widgets.columns import Cell, TableView
from app.ui.widgets.lines import wrap
from app.ui.widgets.whole import whole_parts

_LONGEST = 1_500
_LEAST_ROWS = 2
_FROM_HEIGHT = 4
_SPARES_FROM_HEIGHT = 14
_Lines = list[tuple[str, Role]]


class NotedTable(ArrangedTable):
    """The note has one line at least, and as many as the rows leave it.

    Above it stands, while rows and note leave room, what the flexible column could not show of the row under the
    cursor.
    """

    spared = 1
    """How many lines the rows leave in any case, in a table of at least 14 lines."""
    _note: tuple[str, Role] = ("", "muted")
    _drawn: tuple[_Lines, int] = ([], 0)

    def note(self, text: str, role: Role = "muted") -> None:
        """Say `text` below the rows; nothing is said when it is empty."""
        self._note = (text, role)
        self._draw_foot()

    def show(self, view: TableView) -> None:
        super().show(view)
        self._draw_foot()

    def watch_cursor(self, before: int, after: int) -> None:
        super().watch_cursor(before, after)
        self._draw_foot()

    def render_line(self, y: int) -> Strip:
        lines, width = self._foot(), self.size.width
        place = y - (self.size.height - super()._footer_height - len(lines))
        if 0 <= place < len(lines):
            text, role = lines[place]
            return self.strip([self.segment(f" {text}", width, role)], width)
        return super().render_line(y)

    @property
    def _footer_height(self) -> int:
        return super()._footer_height + len(self._foot())

    def _draw_foot(self) -> None:
        """Paint anew when the lines below the rows have changed: the rows may have moved with them."""
        drawn = self._foot(), self.size.height
        if drawn != self._drawn:
            self._drawn = drawn
            self.refresh()
            self._draw_title()

    def _foot(self) -> _Lines:
        """The lines there is room for; the last of the note is cut when there are more."""
        height, rows = self.size.height - super()._footer_height, len(self._view.rows)
        if height < _FROM_HEIGHT:
            return []
        text, role = self._note
        lines = _wrapped(text, self.size.width)
        spared = self.spared if height >= _SPARES_FROM_HEIGHT else 1
        room = max(spared, height - self._header_height - max(_LEAST_ROWS, rows))
        if len(lines) > room:
            lines = (*lines[: room - 1], whole_parts(" ".join(lines[room - 1 :]), self.size.width - 2))
        more, cell = self._hidden()
        above = _wrapped(more, self.size.width)
        kept = above if len(above) + len(lines) < room else ()
        return [*((line, cell.role) for line in kept), *((line, role) for line in lines)]

    def _hidden(self) -> tuple[str, Cell]:
        """What the flexible column holds of the row under the cursor, where it is not shown in full."""
        columns, row = self._view.columns, self.row
        place = next((place for place, column in enumerate(columns) if column.flexible), None)
        if row is None or place is None or not row.cells[place].value:
            return "", Cell("")
        cell = row.cells[place]
        width = next((at.width for at in self._placed if at.column == place), 0)
        return "" if len(cell.value) <= width else f"{row.title}: {cell.value}", cell


def note_lines(text: str, width: int) -> int:
    """How many lines a whole note takes in a table of `width` cells."""
    return len(_wrapped(text, width))


@lru_cache(maxsize=64)
def _wrapped(text: str, width: int) -> tuple[str, ...]:
    return tuple(wrap(clean(text, _LONGEST), max(2, width - 2))) if text else ()
