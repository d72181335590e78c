"""One thing opened up: lines about it, the tables behind it, and a curve where there is one."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from textual.app import ComposeResult
from textual.containers import Container
from textual.widget import Widget

from app.ui.screens.base import Panel, Selection, show_failure
from app.ui.screens.panels import PanelScreen
from app.ui.state import DeckView
from app.ui.theme import Palette
from app.ui.widgets.arranged_table import ArrangedTable
from app.ui.widgets.columns import TableView
from app.ui.widgets.equity_curve import CurveView, EquityCurve
from app.ui.widgets.live_table import LiveTable

_ALL_FROM_HEIGHT = 32
_BORDERS = 2


class Lines(NamedTuple):
    """What is said of it: the panel's id and name, and what makes its lines for a table of so many cells."""

    id: str
    name: str
    view: Callable[[DeckView, int], TableView]


class Curve(NamedTuple):
    """A curve: its id and name, what makes it, and its points as a table to copy."""

    id: str
    name: str
    view: Callable[[DeckView], CurveView]
    points: Callable[[DeckView], TableView]


class OpenedScreen(PanelScreen):
    """The lines are always in view, unless another panel has the screen to itself."""

    DEFAULT_CSS = """
    OpenedScreen #opened { height: 1fr; layout: grid; grid-size: 1; grid-rows: 2fr 1fr 1fr 8; }
    OpenedScreen.-wide #opened { grid-size: 2; grid-columns: 1fr 1fr; grid-rows: 2fr 2fr 1fr; }
    OpenedScreen.-wide .lines { row-span: 3; }
    OpenedScreen #opened.-alone, OpenedScreen #opened.-few { layout: vertical; }
    OpenedScreen.-narrow EquityCurve, OpenedScreen.-short EquityCurve { border: none; border-top: solid $border; }
    """

    def __init__(
        self,
        palette: Palette,
        lines: Lines,
        tables: Sequence[tuple[ArrangedTable, Panel]],
        curve: Curve | None = None,
    ) -> None:
        """Each panel of `tables` has the name that palette and footer call it."""
        super().__init__(palette)
        self._said = LiveTable(id=lines.id)
        self._said.add_class("lines")
        self._lines_of, self._curve_of = lines, curve
        self._arranged = tuple(tables)
        self._curve = None if curve is None else EquityCurve(id=curve.id)

    def compose_body(self) -> ComposeResult:
        with Container(id="opened"):
            yield from self.panels()

    def named_panels(self) -> Mapping[str, Widget]:
        named: dict[str, Widget] = {self._lines_of.name: self._said}
        named |= {panel.name: table for table, panel in self._arranged}
        if self._curve is not None and self._curve_of is not None:
            named[self._curve_of.name] = self._curve
        return named

    def tables(self) -> list[ArrangedTable]:
        return [table for table, _ in self._arranged]

    def lay_out(self, *, alone: bool) -> None:
        """Lay the panels out anew; alone, one has the screen."""
        few = not alone and self.size.height < _ALL_FROM_HEIGHT
        opened = self.query_one("#opened")
        opened.set_class(alone, "-alone")
        opened.set_class(few, "-few")
        if few:
            # The lines are always there: above the first table, or above what is in focus.
            below = self._arranged[0][0] if self._current in (None, self._said) else self._current
            for panel in self.panels()[1:]:
                panel.display = panel is below

    def drawn_for(self) -> tuple[object, ...]:
        return (*super().drawn_for(), self._lines_width)

    def show_panels(self, view: DeckView) -> None:
        """Bring every part up to date; one that fails says so in its own frame."""
        self.draw("lines", lambda: self._said.show(self._lines(view)), partial(show_failure, self._said))
        for table, panel in self._arranged:
            self.draw(panel.id, partial(_show, table, panel, view), partial(show_failure, table))
        curve, curve_of = self._curve, self._curve_of
        if curve is not None and curve_of is not None:
            self.draw("curve", lambda: curve.show(curve_of.view(view)), curve.fail)

    def selection(self) -> Selection | None:
        """The row of the table in focus; of the curve, its newest point; else the first of the lines."""
        if self._curve_of is not None and self.focused is self._curve:
            table = self._curve_of.points(self._drawn_view)
            panel = Panel(self._curve_of.name.lower(), self._curve_of.points)
            return Selection(panel, table.columns, table.rows[-1], table.rows) if table.rows else None
        for shown, panel in self._arranged:
            if shown is self.focused:
                return None if shown.row is None else Selection(panel, shown.view.columns, shown.row, shown.view.rows)
        row, lines = self._said.row, self._said.view
        return None if row is None else Selection(Panel(self.NAME, self._lines), lines.columns, row, lines.rows)

    def _lines(self, view: DeckView) -> TableView:
        return self._lines_of.view(view, self._lines_width)

    @property
    def _lines_width(self) -> int:
        """How wide the lines may be."""
        return self._said.size.width or self.size.width - _BORDERS


def _show(table: ArrangedTable, panel: Panel, view: DeckView) -> None:
    table.show(panel.view(view))
