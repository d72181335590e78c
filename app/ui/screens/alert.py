"""One alert opened up: what it says, the positions behind it before and after, and what followed those like it."""

from dataclasses import replace
from functools import partial

from app.engine.protocol import JobName
from app.ui.panels.alert import alert_moves_view, alert_view, first_trader, past_view, trader_of
from app.ui.screens.base import Panel, Selection
from app.ui.screens.opened import Lines, OpenedScreen
from app.ui.theme import Palette
from app.ui.widgets.arranged_table import ArrangedTable


class AlertScreen(OpenedScreen):
    """Follows one alert; enter on a move opens its trader, on a line the first of them."""

    NAME = "alert"
    DEFAULT_CSS = """
    AlertScreen #opened { grid-rows: 1fr 1fr 1fr; }
    AlertScreen.-wide #opened { grid-rows: 1fr 1fr; }
    AlertScreen.-wide .lines { row-span: 2; }
    """

    def __init__(self, palette: Palette, alert_id: str) -> None:
        self.alert_id = alert_id
        moves = Panel(
            "positions before and after", partial(alert_moves_view, alert_id=alert_id), "Positions", trader_of=trader_of
        )
        past = Panel("past alerts", partial(past_view, alert_id=alert_id), "Past alerts")
        super().__init__(
            palette,
            Lines("said", "Alert", lambda view, width: alert_view(view, alert_id, width)),
            ((ArrangedTable(id="alert-moves"), moves), (ArrangedTable(id="past-alerts"), past)),
        )

    @property
    def alert(self) -> str:
        return self.alert_id

    def job(self) -> JobName | None:
        return "whales"

    def selection(self) -> Selection | None:
        chosen = super().selection()
        if chosen is None or chosen.panel.id != self.NAME:
            return chosen
        trader = first_trader(self._drawn_view, self.alert_id)
        return replace(chosen, panel=replace(chosen.panel, trader_of=lambda _: trader))
