"""One followed trader opened up: what it holds and how near liquidation, what it did, its equity, its weight. Pure."""

import math

from app.core.text import clean
from app.engine.protocol_whales import PositionRow, TraderDetail, TraderMoveRow
from app.ui import format as shown
from app.ui.panels.markets import waiting_sentence
from app.ui.panels.row_keys import told_apart
from app.ui.panels.told_lines import LINE_COLUMNS, line_rows
from app.ui.panels.trader_lines import trader_lines, waiting_words
from app.ui.panels.trader_moves import change_cell, move_coin_cell, move_identity, size_cell
from app.ui.panels.wallets import simulated_mark, wallet_name
from app.ui.panels.whales import NO_TRADERS, number
from app.ui.state import DeckView
from app.ui.theme import Role
from app.ui.widgets.columns import Cell, Column, Row, TableView
from app.ui.widgets.equity_curve import CurveView, Point, finite

_NEAR, _VERY_NEAR = 0.10, 0.03
_POSITION_COLUMNS = (
    Column("coin", 8, "left"),
    Column("size", 10, priority=1),
    Column("value $", 8, priority=2),
    Column("P&L $", 9, priority=4, words="unrealized P&L $"),
    Column("to liq", 7, priority=3, words="distance to liquidation %"),
    Column("liq price", 10, priority=8, words="liquidation price"),
    Column("entry", 10, priority=6, words="entry price"),
    Column("mark", 10, priority=7, words="mark price"),
    Column("lever", 5, priority=9, words="leverage"),
    Column("since look", 10, priority=5, words="change since last look"),
)
_MOVE_COLUMNS = (
    Column("at", 16, "left", priority=5),
    Column("did", 6, "left", priority=1),
    Column("coin", 8, "left"),
    Column("before", 10, priority=3, words="size before"),
    Column("after", 10, priority=3, words="size after"),
    Column("change $", 9, priority=2),
    Column("price", 10, priority=4),
    Column("by", 6, "left", priority=6, words="learned by"),
)


def trader_view(view: DeckView, trader: str, width: int) -> TableView:
    """All that is said of a trader, in lines for a table of `width` cells: nothing is cut."""
    detail, name = known_of(view, trader), f"{trader_name(view, trader)}{simulated_mark(view)}"
    if detail is None:
        return TableView(name, LINE_COLUMNS, (), waiting_for(view, trader))
    followed = "followed" if detail.is_tracked else "NOT FOLLOWED"
    rows = line_rows(tuple(trader_lines(detail, view)), width, view.outdated)
    return TableView(f"{name} · {followed}", LINE_COLUMNS, rows, "")


def trader_positions_view(view: DeckView, trader: str) -> TableView:
    """What the trader holds, the largest first."""
    detail = known_of(view, trader)
    if detail is None:
        return TableView("Positions", _POSITION_COLUMNS, (), waiting_for(view, trader))
    looked = detail.last_look_ms is not None
    largest = sorted(detail.positions, key=lambda position: -_known(position.value_usd))
    rows = tuple(_position_row(position, dimmed=view.outdated, looked=looked) for position in largest)
    total = sum(_known(position.value_usd) for position in detail.positions)
    title = f"Positions {len(rows)} · {shown.compact(total)} USD" if rows else "Positions"
    return TableView(title, _POSITION_COLUMNS, rows, _none_yet(detail, view, "It holds nothing."))


def trader_moves_view(view: DeckView, trader: str) -> TableView:
    """What the trader did, the newest first."""
    detail = known_of(view, trader)
    if detail is None:
        return TableView("Moves", _MOVE_COLUMNS, (), waiting_for(view, trader))
    keys = told_apart(tuple(map(move_identity, detail.moves)), newest_first=True)
    rows = tuple(_move_row(move, key, dimmed=view.outdated) for move, key in zip(detail.moves, keys, strict=True))
    title = f"Moves {len(rows)} · UTC" if rows else "Moves"
    return TableView(title, _MOVE_COLUMNS, rows, _none_yet(detail, view, "No move was seen since it is followed."))


def trader_equity(view: DeckView, trader: str) -> CurveView:
    """The account's equity over time."""
    detail = known_of(view, trader)
    points = _points(detail)
    if detail is None or len(points) < 2 or points[-1][0] <= points[0][0]:
        empty = (
            waiting_for(view, trader) if detail is None else _none_yet(detail, view, "Its past equity is not known.")
        )
        return CurveView("Equity", (), "", empty)
    low, high = min(usd for _, usd in points), max(usd for _, usd in points)
    change = points[-1][1] - points[0][1]
    title = f"Equity {shown.compact(points[-1][1])} USD"
    ends = f"{shown.date(points[0][0])} to {shown.date(points[-1][0])}"
    extremes = f"low {shown.compact(low)} · high {shown.compact(high)}"
    words = f"{ends} · {change_cell(change).text} · {extremes} · with what was paid in and out"
    role: Role = "stale" if view.outdated else "down" if change < 0 else "up"
    return CurveView(title, points, words, "", role)


def trader_equity_table(view: DeckView, trader: str) -> TableView:
    """The points of the curve as a table to copy, oldest first."""
    columns = (Column("time", 20, "left"), Column("equity $", 14, priority=1))
    name, points = f"{trader_name(view, trader)} equity", _points(known_of(view, trader))
    keys = told_apart([str(at_ms) for at_ms, _ in points])
    rows = tuple(
        Row(
            key,
            (Cell(shown.moment(at_ms)), Cell(f"{usd:,.2f}")),
            view.outdated,
            False,
            (at_ms, usd),
            name,
        )
        for key, (at_ms, usd) in zip(keys, points, strict=True)
    )
    return TableView("Equity", columns, rows, waiting_for(view, trader))


def trader_name(view: DeckView, trader: str) -> str:
    """What a trader is called: its name, else the ends of its address."""
    detail = known_of(view, trader)
    return wallet_name(trader, detail.name if detail is not None else "")


def is_followed(view: DeckView, trader: str) -> bool | None:
    """Whether a trader is followed; None where the engine has not told."""
    detail = known_of(view, trader)
    return None if detail is None else detail.is_tracked


def known_of(view: DeckView, trader: str) -> TraderDetail | None:
    """What the engine tells of a trader that is open; None before it does."""
    opened = view.shown.trader if view.shown is not None else None
    return opened if opened is not None and opened.trader == trader else None


def waiting_for(view: DeckView, trader: str) -> str:
    """What a panel of a trader waits for of whom nothing is known."""
    if view.shown is None or view.outdated:
        return waiting_sentence(view)
    if view.shown.whales is None:
        return NO_TRADERS
    if view.frozen_s is not None:
        return "It was not open then: step forward, or let the display go on."
    return f"Waiting for what the engine knows of {wallet_name(trader, '')}…"


def _none_yet(detail: TraderDetail, view: DeckView, none: str) -> str:
    said = waiting_words(detail, view)
    return f"{said}." if said else none


def _points(detail: TraderDetail | None) -> tuple[Point, ...]:
    return finite(detail.equity) if detail is not None else ()


def _known(usd: float) -> float:
    return usd if math.isfinite(usd) else 0.0


def _position_row(position: PositionRow, *, dimmed: bool, looked: bool) -> Row:
    change = _since_look(position) if looked else None
    cells = (
        move_coin_cell(position.coin),
        size_cell(position.size),
        Cell(shown.compact(position.value_usd)),
        change_cell(position.unrealized_pnl_usd),
        _liquidation_cell(position.liquidation_share),
        _price_cell(position.liquidation_price),
        _price_cell(position.entry_price),
        _price_cell(position.mark_price),
        Cell(f"{position.leverage:.3g}x" if math.isfinite(position.leverage) else shown.DASH, "muted"),
        _change_cell(position, change),
    )
    share = position.liquidation_share
    values = (
        position.coin, position.size, position.value_usd, position.unrealized_pnl_usd,
        None if share is None else share * 100, position.liquidation_price, position.entry_price, position.mark_price,
        position.leverage, change,
    )  # fmt: skip
    return Row(position.coin, cells, dimmed, values=values)


def _since_look(position: PositionRow) -> float:
    """By how many coins the position has grown since it was looked at before; all of it where it is new."""
    return position.size - (position.size_at_last_look or 0.0)


def _change_cell(position: PositionRow, change: float | None) -> Cell:
    if change is None or not math.isfinite(change):
        return Cell(shown.DASH, "muted")
    if position.size_at_last_look is None:
        return Cell("new", "accent", f"new, {size_cell(change).text}")
    return Cell("same", "muted") if change == 0 else size_cell(change)


def _liquidation_cell(share: float | None) -> Cell:
    """How far the mark is from liquidation; near ones are marked by more than a colour."""
    if share is None or not math.isfinite(share):
        return Cell(shown.DASH, "muted")
    text = f"{share * 100:.1f}%" if share < 9.995 else ">999%"
    if share < _VERY_NEAR:
        return Cell(f"!!{text}", "alert", text)
    return Cell(f"!{text}", "warning", text) if share < _NEAR else Cell(text)


def _price_cell(price: float | None) -> Cell:
    return Cell(shown.DASH, "muted") if price is None else Cell(number(price))


def _move_row(move: TraderMoveRow, key: str, *, dimmed: bool) -> Row:
    at = f"{shown.date(move.at_ms)} {shown.clock(move.at_ms)[:5]}"
    cells = (
        Cell(at, "muted", shown.moment(move.at_ms)),
        Cell(move.kind),
        move_coin_cell(move.coin),
        size_cell(move.size_before),
        size_cell(move.size_after),
        change_cell(move.change_usd),
        Cell(number(move.price)),
        Cell(move.learned, "muted"),
    )
    values = (
        move.at_ms, move.kind, move.coin, move.size_before, move.size_after, move.change_usd, move.price, move.learned,
    )  # fmt: skip
    return Row(key, cells, dimmed, values=values, name=f"{clean(move.coin, 24)} {move.kind}")
