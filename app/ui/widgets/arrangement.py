"""How a person has arranged a table: filtered, sorted, and held still while they are in it. Pure."""

from collections.abc import Iterator
from dataclasses import replace

from app.ui.widgets.columns import Row, TableView
from app.ui.widgets.filtering import Filter
from app.ui.widgets.ordering import Ordering, ordered, sort_column
from app.ui.widgets.suggestions import nothing_passes


class Arrangement:
    """Makes the view that is shown from the view that is given.

    While `held`, rows keep their places: those that are gone leave, new ones come at the end, and `moved` counts the
    rows that would stand elsewhere. Without ordering and filter the view is shown as it is given, held or not.
    `clear_key` takes the filter away; the sentence in place of the rows names it.
    """

    def __init__(self) -> None:
        self.ordering: Ordering | None = None
        self.filter: Filter | None = None
        self.held = False
        self.moved = 0
        self.clear_key = "esc"
        self._places: dict[str, int] = {}

    @property
    def active(self) -> bool:
        """Whether there is anything that is arranged."""
        return self.ordering is not None or self.filter is not None

    def arrange(self, given: TableView) -> TableView:
        """The view that is shown."""
        if not self.active:
            self.moved, self._places = 0, {}
            return given
        passing = given.rows if self.filter is None else tuple(filter(self.filter.passes, given.rows))
        live = ordered(passing, given.columns, self.ordering)
        rows = self._in_their_places(live) if self.held else live
        self.moved = sum(shown is not other for shown, other in zip(rows, live, strict=True))
        self._places = {row.key: place for place, row in enumerate(rows)}
        return replace(given, rows=rows, empty=self._empty(given))

    def _empty(self, given: TableView) -> str:
        if self.filter is None or not given.rows:
            return given.empty
        return nothing_passes(self.filter, given.columns, self.clear_key)

    def words(self, given: TableView, shown: TableView) -> Iterator[str]:
        """What a title says of it."""
        if self.ordering is not None and sort_column(given.columns, self.ordering) is not None:
            pinned = ", ★ first" if any(row.pinned for row in shown.rows) else ""
            yield f"by {self.ordering.column} {self.ordering.arrow}{pinned}"
        if self.filter is not None:
            yield self.filter.title
            yield f"{len(shown.rows)} of {len(given.rows)}"
        if self.moved:
            yield f"{self.moved} moved"

    def _in_their_places(self, live: tuple[Row, ...]) -> tuple[Row, ...]:
        last = len(self._places)
        return tuple(sorted(live, key=lambda row: self._places.get(row.key, last)))
