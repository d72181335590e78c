"""The dashboard: the panels of the deck. A further panel is a line in `PANELS`."""

from collections.abc import Mapping
from dataclasses import replace

from textual.app import ComposeResult
from textual.containers import Container
from textual.widget import Widget

from app.ui.panels.markets import markets_view
from app.ui.panels.ml_health import TOKENS, ml_health_note, ml_health_view
from app.ui.panels.scalper import lasting_note, model_note, scalper_coin, scalper_view
from app.ui.panels.wallets import WALLETS, wallet_keys, wallets_note, wallets_view
from app.ui.panels.whale_note import whales_note
from app.ui.panels.whales import WHALES, whale_coin, whale_keys, whales_view
from app.ui.screens.base import FOR_ALERTS, Panel
from app.ui.screens.panels import PanelScreen
from app.ui.state import DeckView
from app.ui.theme import Palette, Role
from app.ui.widgets.columns import TableView
from app.ui.widgets.noted_table import note_lines

_ALL_FROM_HEIGHT = 36
_HIGH_FROM = 56
_PAIRED_FROM = 110
_BESIDE_ROWS = 3
"""Lines of a panel that are no rows: its frame and the columns' titles."""
_SCALPER_HEIGHTS = (7, 10)
"""The least, and that of a panel without rows: three coins and a note fit in, so nothing moves when they come."""


class Dashboard(PanelScreen):
    """The first screen."""

    NAME = "dashboard"
    PANELS = (
        Panel("markets", markets_view, "Markets", job="markets", coin_of=lambda row: row.key),
        Panel("scalper", scalper_view, "Scalper's read", job="read", coin_of=scalper_coin, note=model_note),
        Panel(
            WALLETS,
            wallets_view,
            "Wallet targets",
            job="wallets",
            note=wallets_note,
            wallet_of=lambda row: row.key,
            leads=True,
            # Hundreds of rows would leave a scan no line to tell of itself, and a reason none to be read in.
            spared=5,
        ),
        Panel(
            WHALES,
            whales_view,
            "Whale alerts",
            job="whales",
            note=whales_note,
            coin_of=whale_coin,
            leads=True,
            spared=3,
        ),
        Panel(TOKENS, ml_health_view, "ML health", job="tokens", note=ml_health_note, leads=True, spared=5),
    )
    DEFAULT_CSS = """
    Dashboard #followed { height: 14; layout: vertical; }
    Dashboard.-paired #followed { height: 8; layout: horizontal; }
    Dashboard #tokens { height: 6; }
    Dashboard.-high #followed { height: 20; }
    Dashboard.-high.-paired #followed { height: 14; }
    Dashboard.-high #tokens { height: 10; }
    Dashboard.-maximised #followed, Dashboard.-maximised #tokens { height: 1fr; }
    """

    def __init__(self, palette: Palette) -> None:
        super().__init__(palette)
        self._scalper_height: str | int = 0
        self._lasting_note = ""
        self._tables = [(table, self._with_keys(panel)) for table, panel in self._tables]

    @property
    def alone(self) -> bool:
        return super().alone or self.size.height < _ALL_FROM_HEIGHT

    def compose_body(self) -> ComposeResult:
        """Wallets and whales stand side by side where there is room."""
        tables = [table for table, _ in self._tables]
        yield from tables[:2]
        with Container(id="followed"):
            yield from tables[2:4]
        yield from tables[4:]

    def offer_watchlists(self, watchlists: Mapping[str, str]) -> None:
        """Let the markets be filtered by these questions, by name."""
        self.tables()[0].watchlists = watchlists

    def named_panels(self) -> Mapping[str, Widget]:
        return {panel.name: table for table, panel in self._tables}

    def show_panels(self, view: DeckView) -> None:
        super().show_panels(view)
        self._fit_scalper()

    def idle_actions(self, view: DeckView) -> frozenset[str]:
        """Besides those of every screen: what is for alerts alone has nothing to act on in another panel."""
        focused = self.focused
        on_alerts = focused is not None and focused.id == WHALES
        return super().idle_actions(view) | (frozenset() if on_alerts else FOR_ALERTS)

    def _with_keys(self, panel: Panel) -> Panel:
        """The panel as it is drawn here: the sentences of wallets and whales name the keys in force."""
        if panel.id == "scalper":
            return replace(panel, note=self._scalper_note)
        if panel.id == WALLETS:
            return replace(panel, view=self._wallets_view, note=self._wallets_note)
        return replace(panel, note=self._whales_note) if panel.id == WHALES else panel

    def _scalper_note(self, view: DeckView) -> tuple[str, Role]:
        # Kept while the panel is drawn: what fails here fails in the panel alone.
        self._lasting_note = lasting_note(view)
        return model_note(view)

    def _whales_note(self, view: DeckView) -> tuple[str, Role]:
        return whales_note(view, whale_keys(self.actions))

    def _wallets_view(self, view: DeckView) -> TableView:
        return wallets_view(view, wallet_keys(self.actions))

    def _wallets_note(self, view: DeckView) -> tuple[str, Role]:
        return wallets_note(view, wallet_keys(self.actions))

    def lay_out(self, *, alone: bool) -> None:
        self.set_class(alone, "-maximised")
        # What stands alone has all the height, however high and wide the screen is.
        self.set_class(not alone and self.size.height >= _HIGH_FROM, "-high")
        self.set_class(not alone and self.size.width >= _PAIRED_FROM, "-paired")
        followed = self.query_one("#followed")
        followed.display = any(panel.display for panel in followed.children)
        self._fit_scalper()

    def _fit_scalper(self) -> None:
        """Give the scalper's panel the lines it has to show, but never more than a third of the screen."""
        # Not looked for in the tree: the last paint may come when the screen is being taken down.
        table = next(table for table, panel in self._tables if panel.id == "scalper")
        least, empty = _SCALPER_HEIGHTS
        rows = len(table.view.rows)
        wanted = rows + _BESIDE_ROWS + note_lines(self._lasting_note, self.size.width - 2) if rows else empty
        height = "1fr" if self.alone else max(least, min(wanted, self.size.height // 3))
        if height != self._scalper_height:
            self._scalper_height = height
            table.styles.height = height
