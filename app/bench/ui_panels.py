"""Three ways to show the same five tables: the deck's own, and the two that Textual brings."""

from collections.abc import Sequence
from typing import Literal, Protocol

from rich.style import Style
from rich.text import Text
from textual.widget import Widget
from textual.widgets import DataTable, Static
from textual.widgets.data_table import ColumnKey, RowKey

from app.bench.ui_cells import CELL_WIDTH, COLUMNS, PANELS, ROWS, TITLES, Cells, Change
from app.ui.widgets.columns import Cell, Column, Row, TableView
from app.ui.widgets.live_table import LiveTable

Kind = Literal["live", "static", "datatable"]


class Panels(Protocol):
    """Five tables."""

    @property
    def widgets(self) -> Sequence[Widget]:
        """The tables, in order."""

    def fill(self) -> None:
        """Show all numbers; called once, when the widgets are mounted."""

    def show(self, changes: Sequence[Change]) -> None:
        """Bring the tables up to date."""


class LivePanels:
    """The deck's table, given a whole view at each paint, as the deck does."""

    def __init__(self, cells: Cells) -> None:
        self._cells = cells
        self._columns = tuple(Column(title, CELL_WIDTH, "left") for title in TITLES)
        self.widgets = tuple(LiveTable() for _ in range(PANELS))

    def fill(self) -> None:
        self.show(())

    def show(self, changes: Sequence[Change]) -> None:
        for panel, table in enumerate(self.widgets):
            rows = tuple(self._row(panel, row) for row in range(ROWS))
            table.show(TableView(title=f"Panel {panel}", columns=self._columns, rows=rows, empty=""))

    def _row(self, panel: int, row: int) -> Row:
        text, high = self._cells.text, self._cells.high
        cells = [
            Cell(text(panel, row, column), "up" if high(panel, row, column) else "down") for column in range(COLUMNS)
        ]
        return Row(f"{row}", tuple(cells))


class StaticPanels:
    """`Static.update` with a text in markup."""

    def __init__(self, cells: Cells) -> None:
        self._cells = cells
        self.widgets = tuple(Static() for _ in range(PANELS))

    def fill(self) -> None:
        self.show(())

    def show(self, changes: Sequence[Change]) -> None:
        for panel, static in enumerate(self.widgets):
            static.update("\n".join((" ".join(TITLES), *(self._line(panel, row) for row in range(ROWS)))))

    def _line(self, panel: int, row: int) -> str:
        text, high = self._cells.text, self._cells.high
        return " ".join(
            f"[{'green' if high(panel, row, column) else 'red'}]{text(panel, row, column)}[/]"
            for column in range(COLUMNS)
        )


class DataTablePanels:
    """`DataTable.update_cell` for each cell that changed."""

    def __init__(self, cells: Cells) -> None:
        self._cells = cells
        self._green, self._red = Style(color="green"), Style(color="red")
        self._columns: list[ColumnKey] = []
        self._rows: list[list[RowKey]] = []
        self.widgets: tuple[DataTable[Text], ...] = tuple(DataTable(cell_padding=0) for _ in range(PANELS))

    def fill(self) -> None:
        for panel, table in enumerate(self.widgets):
            self._columns = [table.add_column(title, width=CELL_WIDTH + 1, key=title) for title in TITLES]
            self._rows.append(
                [table.add_row(*(self._text(panel, row, column) for column in range(COLUMNS))) for row in range(ROWS)]
            )

    def show(self, changes: Sequence[Change]) -> None:
        for panel, row, column in changes:
            text = self._text(panel, row, column)
            self.widgets[panel].update_cell(self._rows[panel][row], self._columns[column], text)

    def _text(self, panel: int, row: int, column: int) -> Text:
        style = self._green if self._cells.high(panel, row, column) else self._red
        return Text(self._cells.text(panel, row, column), style)


def make_panels(kind: Kind, cells: Cells) -> Panels:
    """The five tables of that kind."""
    kinds: dict[Kind, type[LivePanels | StaticPanels | DataTablePanels]] = {
        "live": LivePanels,
        "static": StaticPanels,
        "datatable": DataTablePanels,
    }
    return kinds[kind](cells)
