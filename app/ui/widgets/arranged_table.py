"""The live table of a panel: sorted, filtered by a line or a watchlist, and held still while the cursor is in it."""

from collections.abc import Iterator, Mapping

from rich.cells import set_cell_size
from rich.style import Style
from textual.events import Key, Paste
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip

from app.core.errors import UsageError
from app.ui.widgets.arrangement import Arrangement
from app.ui.widgets.columns import Placed, TableView
from app.ui.widgets.filter_line import FilterLine
from app.ui.widgets.filtering import Filter, Unfinished, next_watchlist, parse_filter, read_typed
from app.ui.widgets.live_table import NOTHING, LiveTable
from app.ui.widgets.ordering import Ordering, next_ordering


class ArrangedTable(LiveTable):
    """A live table that a person may arrange.

    While its cursor is on the first row the order lives. Moved away from it, the cursor is in the table: every row
    then keeps its place until the cursor is back on the first one, or the arrangement is changed.
    """

    class Said(Message):
        """A sentence for the flash line."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(
        self,
        view: TableView = NOTHING,
        *,
        follows: bool = False,
        leads: bool = False,
        id: str | None = None,  # noqa: A002
    ) -> None:
        super().__init__(view, follows=follows, leads=leads, id=id)
        self.watchlists: Mapping[str, str] = {}
        self._given = view
        self._arrangement = Arrangement()
        self._filter_line: FilterLine | None = None
        self._told: set[str] = set()

    @property
    def ordering(self) -> Ordering | None:
        """How the rows are sorted; None for the order given. Setting it brings the cursor to the first row."""
        return self._arrangement.ordering

    @ordering.setter
    def ordering(self, ordering: Ordering | None) -> None:
        if ordering != self._arrangement.ordering:
            self._arrangement.ordering = ordering
            self._arrange_anew()

    @property
    def filter_text(self) -> str:
        """The filter in force; empty for none. Setting a wrong one says so and leaves the one before in force."""
        return self._arrangement.filter.text if self._arrangement.filter is not None else ""

    @filter_text.setter
    def filter_text(self, text: str) -> None:
        mistake = self._try_filter(text)
        if mistake:
            self.post_message(self.Said(mistake))

    @property
    def watchlist(self) -> str:
        """The name of the saved filter in force; empty for none."""
        return self._arrangement.filter.name if self._arrangement.filter is not None else ""

    @property
    def clear_key(self) -> str:
        """The key that takes the filter away, as a person reads it."""
        return self._arrangement.clear_key

    @clear_key.setter
    def clear_key(self, key: str) -> None:
        self._arrangement.clear_key = key

    def show(self, view: TableView) -> None:
        """Show `view` as it is arranged; lines that are the same as before are not painted again."""
        if view == self._given:
            return
        columns_changed = view.columns != self._given.columns
        self._given = view
        if columns_changed and self._arrangement.filter is not None:
            self._read_filter_anew(self._arrangement.filter)
        super().show(self._arrangement.arrange(view))

    def action_sort(self, step: int) -> None:
        """Sort by the column `step` further right among those shown."""
        shown = [self._view.columns[at.column] for at in self._placed]
        self.ordering = next_ordering(shown, self.ordering, step)

    def action_flip_sort(self) -> None:
        """Sort the other way round."""
        if self.ordering is None:
            self.post_message(self.Said("Nothing is sorted yet; choose a column first."))
        else:
            self.ordering = Ordering(self.ordering.column, not self.ordering.descending)

    def action_unsort(self) -> None:
        """Return to the order given."""
        self.ordering = None

    def action_filter(self) -> None:
        """Open the line that filters while it is typed."""
        self._filter_line = FilterLine(self.filter_text, self._arrangement.filter)
        self._line_changed_height()

    def action_next_watchlist(self) -> None:
        """Show the next saved filter; after the last, everything."""
        if not self.watchlists:
            self.post_message(
                self.Said("No watchlist for this table; [deck.watchlists] in config.toml makes some for the markets.")
            )
            return
        found, mistakes = next_watchlist(self.watchlists, self.watchlist, self._given.columns)
        self._set_filter(found)
        untold = [mistake for mistake in mistakes if mistake not in self._told]
        if untold:
            self._told.update(untold)
            self.post_message(self.Said(" ".join(untold)))

    def check_consume_key(self, key: str, character: str | None) -> bool:
        return self._filter_line is not None and character is not None and character.isprintable()

    def on_key(self, event: Key) -> None:
        if self._filter_line is not None:
            taken = self._typed(self._filter_line, event)
        else:
            # A binding would be run after the next keys have come here: those of a fast typist would go astray.
            bound = self.screen.active_bindings.get(event.key)
            taken = bound is not None and bound.node is self and bound.binding.action == "filter"
            if taken:
                self.action_filter()
        if taken:
            event.stop()
            event.prevent_default()

    def on_paste(self, event: Paste) -> None:
        if self._filter_line is not None:
            event.stop()
            self._filter_line.editor.insert(event.text)
            self._line_edited(self._filter_line)
            self._refresh_line()

    def render_line(self, y: int) -> Strip:
        if self._filter_line is not None and y == self.size.height - 1:
            return self._filter_line.draw(self.size.width, self.palette)
        return super().render_line(y)

    def _typed(self, line: FilterLine, event: Key) -> bool:
        """Give a key to the filter line; whether it means something there."""
        outcome = line.editor.press(event.key, event.character if event.is_printable else None)
        if outcome == "edited":
            self._line_edited(line)
        elif outcome == "left":
            self._set_filter(None)
        elif outcome == "kept" and line.whole is not None:
            self._set_filter(line.whole)
        if outcome == "left" or (outcome == "kept" and line.means_something):
            self._filter_line = None
            self._line_changed_height()
        else:
            self._refresh_line()
        return outcome != "ignored"

    def _line_edited(self, line: FilterLine) -> None:
        """Put in force what is typed; while it is wrong or unfinished, what the line stands on."""
        line.mistake, line.missing, line.whole = "", "", None
        try:
            found = read_typed(line.editor.text, self._given.columns, self._given.rows)
        except UsageError as error:
            line.mistake, found = f"{error}.", line.base
        if isinstance(found, Unfinished):
            line.missing, line.whole, found = found.reason, found.whole, line.base
        elif found is None or found.kind != "words":
            line.base = found
        self._set_filter(found)

    def _try_filter(self, text: str) -> str:
        """Put a filter in force; why it is wrong, if it is."""
        try:
            self._set_filter(parse_filter(text, self._given.columns))
        except UsageError as error:
            return f"{error}."
        return ""

    def _set_filter(self, found: Filter | None) -> None:
        before = self._arrangement.filter
        if found != before:
            self._arrangement.filter = found
            self._arrange_anew()

    def _read_filter_anew(self, before: Filter) -> None:
        """Fields are found by the columns: others may not have them all."""
        try:
            self._arrangement.filter = parse_filter(before.text, self._given.columns, before.name)
        except UsageError as error:
            self._arrangement.filter = None
            self.post_message(self.Said(f"The filter {before.text} is off: {error}."))

    def _arrange_anew(self) -> None:
        """Arrange by the rules that hold now, whatever stood where, with the cursor where the table begins."""
        self._arrangement.held = False
        super().show(self._arrangement.arrange(self._given))
        self._go(len(self._view.rows) if self._keeps_to_end else 0)
        self.refresh()
        self._draw_title()

    def _go(self, index: int) -> None:
        super()._go(index)
        held, self._arrangement.held = self._arrangement.held, self.cursor > 0
        if held and not self._arrangement.held:
            super().show(self._arrangement.arrange(self._given))
            self._draw_title()

    def _keep_cursor(self, before: TableView) -> None:
        if self._arrangement.active and not self._arrangement.held and not self._keeps_to_end:
            self.cursor = 0
            self._top = max(0, min(self._top, len(self._view.rows) - self._page))
        else:
            super()._keep_cursor(before)

    @property
    def _keeps_to_end(self) -> bool:
        return self._follows and self._arrangement.ordering is None

    @property
    def _footer_height(self) -> int:
        return 1 if self._filter_line is not None else 0

    def _line_changed_height(self) -> None:
        self._reveal(self.cursor)
        self.refresh()
        self._draw_title()

    def _refresh_line(self) -> None:
        self.refresh(Region(0, self.size.height - 1, self.size.width, 1))

    def _arranged_words(self) -> Iterator[str]:
        return self._arrangement.words(self._given, self._view)

    def _column_title(self, at: Placed) -> tuple[str, Style]:
        title, style = super()._column_title(at)
        ordering = self._arrangement.ordering
        if ordering is None or title != ordering.column:
            return title, style
        # The arrow has to fit, so the title gives way to it.
        kept = set_cell_size(title, max(0, at.width - 1)).rstrip()
        return kept + ordering.arrow, self.palette.style("accent")
