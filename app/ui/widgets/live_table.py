"""The one table of the deck: fixed columns, cached lines, and only changed lines painted again."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from itertools import zip_longest

from rich.segment import Segment
from rich.style import Style
from textual.content import Content
from textual.events import Click, MouseScrollDown, MouseScrollUp, Resize
from textual.geometry import Region
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from app.core.text import clean
from app.ui.actions import bindings
from app.ui.theme import Palette
from app.ui.widgets.columns import Placed, Row, TableView, group_spans, place_columns
from app.ui.widgets.digit_flash import LASTS_S, FlashLevel, Moved, all_moved
from app.ui.widgets.lines import LineWidget, Piece, fit, joined, wrap
from app.ui.widgets.whole import JOINT, ranked_parts, whole_words

_WHEEL_ROWS = 3
_DOUBLE = 2
_LONGEST_TITLE = 160
_GROUPS_FROM_HEIGHT = 10
NOTHING_MOVED: Mapping[int, Moved] = {}
NOTHING = TableView("", (), (), "")


class LiveTable(LineWidget, can_focus=True, inherit_bindings=False):
    """A table that is shown a whole view at a time and paints what differs from the last one.

    The cursor stays with its row's key when rows move. A table that `follows` keeps to its end while the cursor is on
    the last row, one that `leads` to its beginning while it is on the first.
    """

    BINDINGS = bindings("table")
    DEFAULT_CSS = """
    LiveTable { height: 1fr; width: 1fr; background: $panel; border: round $border;
                border-title-color: $accent; border-title-style: bold; }
    LiveTable:focus { border: round $accent 40%; }
    """

    class Opened(Message):
        """A row was clicked twice: it is under the cursor now."""

    cursor: reactive[int] = reactive(0, repaint=False)

    def __init__(
        self,
        view: TableView = NOTHING,
        *,
        follows: bool = False,
        leads: bool = False,
        id: str | None = None,  # noqa: A002
    ) -> None:
        super().__init__(id=id)
        self.flash_level: FlashLevel = "off"
        self._view = view
        self._follows = follows
        self._leads = leads
        self._moved: dict[str, Mapping[int, Moved]] = {}
        self._title = ""
        self._top = 0
        self._width = 0
        self._placed: tuple[Placed, ...] = ()
        self._strips: dict[str, tuple[tuple[object, ...], Strip]] = {}

    def on_mount(self) -> None:
        self._draw_title()

    @property
    def row(self) -> Row | None:
        """The row under the cursor."""
        rows = self._view.rows
        return rows[self.cursor] if self.cursor < len(rows) else None

    @property
    def view(self) -> TableView:
        """What the table shows."""
        return self._view

    def show(self, view: TableView) -> None:
        """Show `view`; lines that are the same as before are not painted again."""
        if view == self._view:
            return
        before, old = self._view, self._window()
        self._view = view
        # Cells under other columns are not the same cells a moment ago.
        if self.flash_level != "off" and view.columns == before.columns:
            self._flash(old)
        self._keep_cursor(before)
        if view.columns != before.columns:
            self._relayout()
        elif not view.rows or not before.rows:
            self.refresh()
        else:
            self._refresh_changes(old)
        self._draw_title()

    def _flash(self, old: Iterable[Row]) -> None:
        """Light up what moved among the rows in view, for a moment."""
        found = all_moved(self._view.columns, old, self._window())
        if found:
            self._moved |= found
            self.set_timer(LASTS_S, partial(self._end_flash, found))

    def _end_flash(self, found: Mapping[str, Mapping[int, Moved]]) -> None:
        """Let go of what was lit then; a row that has moved again since stays lit."""
        ended = {key for key, cells in found.items() if self._moved.get(key) is cells}
        self._moved = {key: cells for key, cells in self._moved.items() if key not in ended}
        self._refresh_rows({place for place, row in enumerate(self._view.rows) if row.key in ended})

    def set_palette(self, palette: Palette) -> None:
        self._strips.clear()
        super().set_palette(palette)

    def render_line(self, y: int) -> Strip:
        if not self._view.rows:
            return self._empty_line(y, self.size.width)
        header_height = self._header_height
        if y < header_height:
            return self._title_line() if y == header_height - 1 else self._group_line()
        index = self._top + y - header_height
        if index >= len(self._view.rows):
            return self.blank(self._width)
        return self._row_line(self._view.rows[index], index == self.cursor)

    def action_move(self, rows: int) -> None:
        """Move the cursor by `rows`."""
        self._go(self.cursor + rows)

    def action_page(self, pages: int) -> None:
        """Move the cursor by `pages` of visible rows."""
        self.action_move(pages * max(1, self._page - 1))

    def action_first(self) -> None:
        """Go to the first row."""
        self._go(0)

    def action_last(self) -> None:
        """Go to the last row."""
        self._go(len(self._view.rows))

    def watch_cursor(self, before: int, after: int) -> None:
        top = self._top
        self._reveal(after)
        if self._top != top:
            self.refresh()
        else:
            self._refresh_rows({before, after})
        self._draw_title()

    def on_resize(self, event: Resize) -> None:
        self._top = max(0, min(self._top, len(self._view.rows) - self._page))
        self._relayout()
        self._reveal(self.cursor)
        self._draw_title()

    def on_click(self, event: Click) -> None:
        offset = event.get_content_offset(self)
        line = -1 if offset is None else offset.y - self._header_height
        if 0 <= line < min(self._page, len(self._view.rows) - self._top):
            self._go(self._top + line)
            if event.chain == _DOUBLE:
                self.post_message(self.Opened())

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        event.stop()
        self._scroll(_WHEEL_ROWS)

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        event.stop()
        self._scroll(-_WHEEL_ROWS)

    def _go(self, index: int) -> None:
        """Move the cursor as the user asked, and into view where the wheel had left it."""
        self.cursor = self._clamp(index)
        self._bring_into_view(self.cursor)

    @property
    def _header_height(self) -> int:
        grouped = any(column.group for column in self._view.columns)
        return 2 if grouped and self.size.height >= _GROUPS_FROM_HEIGHT else 1

    @property
    def _page(self) -> int:
        return max(1, self.size.height - self._header_height - self._footer_height)

    @property
    def _footer_height(self) -> int:
        """Lines below the rows."""
        return 0

    @property
    def _keeps_to_end(self) -> bool:
        return self._follows

    def _clamp(self, index: int) -> int:
        return max(0, min(index, len(self._view.rows) - 1))

    def _window(self) -> Sequence[Row]:
        return self._view.rows[self._top : self._top + self._page]

    def _keep_cursor(self, before: TableView) -> None:
        """Leave the cursor on the row it was on, and the row where it stood on the screen."""
        rows = self._view.rows
        if self._leads and self.cursor == 0:
            # Where the wheel has gone the window stays.
            self._top = max(0, min(self._top, len(rows) - self._page))
            return
        at_end = self._keeps_to_end and self.cursor >= len(before.rows) - 1
        key = before.rows[self.cursor].key if self.cursor < len(before.rows) else None
        if at_end or (self.cursor < len(rows) and rows[self.cursor].key == key):
            self.cursor = self._clamp(len(rows) if at_end else self.cursor)
        else:
            found = next((index for index, row in enumerate(rows) if row.key == key), self.cursor)
            self.cursor = self._clamp(found)
        self._top = max(0, min(self._top, len(rows) - self._page))

    def _refresh_changes(self, old: Sequence[Row]) -> None:
        pairs = enumerate(zip_longest(old, self._window()))
        self._refresh_lines(
            {line for line, (was, now) in pairs if was is None or now is None or was.looks != now.looks}
        )
        if len(self._strips) > 2 * len(self._view.rows) + 64:
            self._strips.clear()

    def _refresh_rows(self, indices: Iterable[int]) -> None:
        lines, page = (index - self._top for index in indices), self._page
        self._refresh_lines({line for line in lines if 0 <= line < page})

    def _refresh_lines(self, lines: Collection[int]) -> None:
        """Paint rows again, by their place among those in view."""
        header_height = self._header_height
        # Painting the border beside them costs less than cutting it off.
        left, width = self.styles.gutter.left, self.outer_size.width
        if lines:
            self.refresh(*(Region(-left, header_height + line, width, 1) for line in lines))

    def _relayout(self) -> None:
        self._width = self.size.width
        self._placed = place_columns(self._view.columns, self._width)
        self._strips.clear()
        self.refresh()

    def _reveal(self, index: int) -> None:
        if index < self._top:
            self._top = index
        elif index >= self._top + self._page:
            self._top = index - self._page + 1

    def _bring_into_view(self, index: int) -> None:
        top = self._top
        self._reveal(index)
        if self._top != top:
            self.refresh()
            self._draw_title()

    def _scroll(self, rows: int) -> None:
        top = max(0, min(self._top + rows, len(self._view.rows) - self._page))
        if top != self._top:
            self._top = top
            self.refresh()
            self._draw_title()

    def _draw_title(self) -> None:
        """The title's words, and which rows are shown when that is not all of them."""
        count = len(self._view.rows)
        rows = f"{self._top + 1}-{min(count, self._top + self._page)}" if count > self._page else ""
        first, *more = self._view.title.split(JOINT)
        parts = [(first, 0), *((part, 2) for part in more), *((word, 1) for word in self._arranged_words())]
        hidden = len(self._view.columns) - len(self._placed) if self._placed and count else 0
        columns = [(f"+{hidden} column{'' if hidden == 1 else 's'}", 4)] if hidden else []
        title = ranked_parts([*parts, *([(rows, 3)] if rows else []), *columns], min(_LONGEST_TITLE, self.title_room))
        if title != self._title:
            self._title = title
            self.border_title = Content(title)

    def _arranged_words(self) -> Iterable[str]:
        """What a person has made of the view, for the title; it goes before all but the title's first part."""
        return ()

    def _empty_line(self, y: int, width: int) -> Strip:
        lines = wrap(clean(self._view.empty, 400), max(2, width - 2))
        return self.strip([self.segment(f" {lines[y]}" if y < len(lines) else "", width, "muted")], width)

    def _group_line(self) -> Strip:
        segments: list[Segment] = []
        position = 0
        for title, start, cells in group_spans(self._view.columns, self._placed):
            segments.append(self.segment("", start - position))
            rule = f" {title} ".center(cells, "─") if len(title) + 2 <= cells else title
            segments.append(self.segment(rule, cells, "accent"))
            position = start + cells
        return self.strip(segments, self._width)

    def _title_line(self) -> Strip:
        return self._strip_of(self._pieces([self._column_title(at) for at in self._placed]))

    def _column_title(self, at: Placed) -> Piece:
        return self._view.columns[at.column].title, self.palette.style("muted")

    def _row_line(self, row: Row, under_cursor: bool) -> Strip:
        as_always = not under_cursor and row.key not in self._moved
        if as_always:
            cached = self._strips.get(row.key)
            if cached is not None and cached[0] == row.looks:
                return cached[1]
        pieces = self._row_pieces(row)
        if under_cursor:
            cursor = self.palette.style("cursor")
            pieces = [(text, style + cursor) for text, style in pieces]
        strip = self._strip_of(pieces)
        if as_always:
            self._strips[row.key] = (row.looks, strip)
        return strip

    def _row_pieces(self, row: Row) -> list[Piece]:
        styles = self.palette.styles
        cells = [row.cells[at.column] for at in self._placed]
        if row.dimmed:
            return self._pieces([(cell.text, styles["stale"]) for cell in cells])
        return self._pieces([(cell.text, styles[cell.role]) for cell in cells], self._moved.get(row.key, NOTHING_MOVED))

    def _pieces(self, cells: Sequence[Piece], moved: Mapping[int, Moved] = NOTHING_MOVED) -> list[Piece]:
        """A line's pieces from the cells of the columns shown."""
        blank, columns = self.palette.style("text"), self._view.columns
        pieces: list[Piece] = []
        position = 0
        for (text, style), at in zip(cells, self._placed, strict=True):
            pieces.append((" " * (at.start - position), blank))
            column = columns[at.column]
            fitted = fit(whole_words(text, at.width) if column.worded else text, at.width, column.align)
            lit = moved.get(at.column)
            pieces += [(fitted, style)] if lit is None else self._lit(fitted, text, style, lit)
            position = at.start + at.width
        pieces.append((" " * (self._width - position), blank))
        return pieces

    def _strip_of(self, pieces: list[Piece]) -> Strip:
        return Strip(joined(pieces), self._width)

    def _lit(self, fitted: str, text: str, style: Style, lit: Moved) -> list[Piece]:
        """A cell whose last digits moved: those stand out, the others look as always."""
        start = max(0, fitted.find(text)) + lit.start
        strong = Style(bold=True, reverse=self.flash_level == "full")
        return [(fitted[:start], style), (fitted[start:], self.palette.style(lit.role) + strong)]
