"""What a trader bought and sold, fill by fill, as the venue tells it. Pure."""

import math

from app.core.text import clean
from app.engine.protocol_whales import FillRow
from app.ui import format as shown
from app.ui.panels.row_keys import told_apart
from app.ui.panels.trader import known_of, waiting_for
from app.ui.panels.trader_moves import change_cell, move_coin_cell, size_cell
from app.ui.panels.wallets import is_tape
from app.ui.panels.whales import number
from app.ui.state import DeckView
from app.ui.widgets.columns import Cell, Column, Row, TableView

_COLUMNS = (
    Column("at", 16, "left", priority=5),
    Column("did", 14, "left", priority=6),
    Column("coin", 8, "left"),
    Column("size", 10, priority=1, words="bought or sold"),
    Column("price", 10, priority=2),
    Column("before", 10, priority=7, words="size before"),
    Column("P&L $", 9, priority=3, words="closed P&L $"),
    Column("fee $", 8, priority=4),
    Column("as", 6, "left", priority=8, words="maker or taker"),
)


def trader_fills_view(view: DeckView, trader: str) -> TableView:
    """The newest fills of a trader, the newest first."""
    detail = known_of(view, trader)
    if detail is None:
        return TableView("Fills", _COLUMNS, (), waiting_for(view, trader))
    keys = told_apart(tuple(map(_identity, detail.fills)), newest_first=True)
    rows = tuple(_row(fill, key, dimmed=view.outdated) for fill, key in zip(detail.fills, keys, strict=True))
    waiting = "Not on the tape: nobody had this trader open then" if is_tape(view) else clean(detail.fills_waiting, 120)
    return TableView(f"Fills {len(rows)} · UTC" if rows else "Fills", _COLUMNS, rows, f"{waiting}." if waiting else "")


def _identity(fill: FillRow) -> str:
    return f"{fill.at_ms} {fill.coin} {fill.side} {fill.size} {fill.price} {fill.start_size}"


def _row(fill: FillRow, key: str, *, dimmed: bool) -> Row:
    signed = fill.size if fill.side == "buy" else -fill.size
    did = clean(fill.did, 24)
    cells = (
        Cell(f"{shown.date(fill.at_ms)} {shown.clock(fill.at_ms)[:5]}", "muted", shown.moment(fill.at_ms)),
        Cell(f"! {did}", "alert", did) if fill.liquidated else Cell(str(did)),
        move_coin_cell(fill.coin),
        size_cell(signed),
        Cell(number(fill.price)),
        size_cell(fill.start_size),
        change_cell(fill.closed_pnl_usd) if fill.closed_pnl_usd else Cell(shown.DASH, "muted"),
        _fee_cell(fill.fee_usd),
        Cell("taker" if fill.crossed else "maker", "muted"),
    )
    values = (
        fill.at_ms, str(did), fill.coin, signed, fill.price, fill.start_size, fill.closed_pnl_usd, fill.fee_usd,
        "taker" if fill.crossed else "maker",
    )  # fmt: skip
    return Row(key, cells, dimmed, values=values, name=f"{clean(fill.coin, 24)} {did}")


def _fee_cell(usd: float) -> Cell:
    """What was paid; a rebate has a minus."""
    return Cell(f"{usd:,.2f}" if abs(usd) < 1e5 else shown.compact(usd)) if math.isfinite(usd) else Cell(shown.DASH)
