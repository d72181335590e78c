"""One wallet opened up: verdict, the trades behind it, equity, and what the user makes of it."""

from functools import partial

from app.engine.protocol import JobName
from app.ui.panels.wallet_detail import (
    chases_view,
    positions_view,
    verdict_view,
    wallet_equity,
    wallet_equity_table,
)
from app.ui.screens.base import Panel
from app.ui.screens.opened import Curve, Lines, OpenedScreen
from app.ui.theme import Palette
from app.ui.widgets.arranged_table import ArrangedTable
from app.ui.widgets.noted_table import NotedTable


class WalletScreen(OpenedScreen):
    """Follows one wallet; what is written about it stays on this machine."""

    NAME = "wallet"

    def __init__(self, palette: Palette, address: str) -> None:
        self.address = address
        positions = Panel("wallet positions", partial(positions_view, address=address), "Closed positions")
        losses = Panel("losses and what followed", partial(chases_view, address=address), "Losses")
        super().__init__(
            palette,
            Lines("verdict", "Verdict", lambda view, width: verdict_view(view, address, width)),
            (
                (NotedTable(leads=True, id="wallet-positions"), positions),
                (ArrangedTable(id="losses"), losses),
            ),
            Curve(
                "wallet-equity",
                "Sum of results",
                partial(wallet_equity, address=address),
                partial(wallet_equity_table, address=address),
            ),
        )

    @property
    def wallet(self) -> str:
        return self.address

    def job(self) -> JobName | None:
        return "wallets"
