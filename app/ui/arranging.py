"""Between the screens and a saved layout: reading the one from the other, and back."""

from app.ui.layouts import Layout, TableLayout
from app.ui.screens.base import DeckScreen
from app.ui.screens.dashboard import Dashboard
from app.ui.screens.market import MarketScreen
from app.ui.screens.panels import PanelScreen
from app.ui.widgets.arranged_table import ArrangedTable
from app.ui.widgets.ordering import Ordering


def layout_of(dashboard: Dashboard, shown: DeckScreen, theme: str) -> Layout:
    """How the deck is arranged now; `shown` is the deck's screen on top."""
    market = shown if isinstance(shown, MarketScreen) else None
    return Layout(
        theme=theme,
        alone=shown.number_alone if isinstance(shown, PanelScreen) else 0,
        coin=market.coin if market else "",
        interval=market.interval if market else "1m",
        tables={table.id or "": _table_layout(table) for table in dashboard.tables()},
    )


def arrange_tables(dashboard: Dashboard, layout: Layout) -> None:
    """Sort and filter the dashboard's tables as a layout says; one it does not name goes back to how it began."""
    for table in dashboard.tables():
        saved = layout.tables.get(table.id or "", TableLayout())
        table.ordering = Ordering(saved.column, saved.descending) if saved.column else None
        table.filter_text = saved.filter


def _table_layout(table: ArrangedTable) -> TableLayout:
    ordering = table.ordering
    filter_text = "" if table.watchlist else table.filter_text
    if ordering is None:
        return TableLayout(filter=filter_text)
    return TableLayout(ordering.column, ordering.descending, filter_text)
