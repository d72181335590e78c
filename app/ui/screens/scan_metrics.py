"""How the newest scan of wallets performs."""

from textual.app import ComposeResult

from app.engine.protocol import JobName
from app.ui.panels.scan_metrics import scan_metrics_view
from app.ui.panels.wallets import wallet_keys
from app.ui.screens.base import DeckScreen, Panel, Selection
from app.ui.state import DeckView
from app.ui.theme import Palette
from app.ui.widgets.columns import TableView
from app.ui.widgets.live_table import LiveTable

_BORDERS = 2


class ScanMetrics(DeckScreen):
    """Lines of figures; warnings first."""

    NAME = "scan"

    def __init__(self, palette: Palette) -> None:
        super().__init__(palette)
        self._table = LiveTable(id="scan-metrics")

    def compose_body(self) -> ComposeResult:
        yield self._table

    def job(self) -> JobName | None:
        return "wallets"

    def show_panels(self, view: DeckView) -> None:
        self._table.show(self._lines(view))

    def selection(self) -> Selection | None:
        row, shown = self._table.row, self._table.view
        return None if row is None else Selection(Panel("scan metrics", self._lines), shown.columns, row, shown.rows)

    def _lines(self, view: DeckView) -> TableView:
        return scan_metrics_view(view, self.size.width - _BORDERS, wallet_keys(self.actions))
