"""One wallet opened up: its verdict in lines, the trades behind it, and its equity. Pure."""

import math

from app.core.text import clean
from app.engine.protocol_wallets import WalletDetail, WalletPositionView, WalletRow
from app.ui import format as shown
from app.ui.panels.markets import waiting_sentence
from app.ui.panels.paper import signed_usd
from app.ui.panels.row_keys import told_apart
from app.ui.panels.told_lines import LINE_COLUMNS, line_rows
from app.ui.panels.wallet_lines import verdict_lines
from app.ui.panels.wallets import NO_SCANNER, simulated_mark, wallet_name
from app.ui.state import DeckView
from app.ui.theme import Role
from app.ui.widgets.columns import Cell, Column, Row, TableView
from app.ui.widgets.equity_curve import CurveView, Point, finite
from app.wallets.behind import ChaseRow

_ASKING = "Waiting for what the engine knows of it."
_POSITION_COLUMNS = (
    Column("closed", 16, "left", priority=1, words="closed at"),
    Column("event", 24, "left", priority=4, flexible=True, worded=True),
    Column("category", 12, "left", priority=5, worded=True),
    Column("size $", 8, priority=2, words="size in USDC"),
    Column("result $", 10, words="result in USDC"),
    Column("entry", 5, priority=6, words="entry price"),
    Column("hold", 5, priority=3),
    Column("H", 1, "left", priority=1, words="hedged"),
)
_CHASE_COLUMNS = (
    Column("lost at", 16, "left", priority=2),
    Column("category", 12, "left", priority=5, worded=True),
    Column("lost $", 8, priority=4, words="lost in USDC"),
    Column("size $", 8, priority=3, words="size in USDC"),
    Column("next at", 16, "left", priority=6, words="next position at"),
    Column("next $", 8, priority=3, words="size of next position in USDC"),
    Column("times", 6, words="times as large"),
    Column("chased", 6, "left", priority=1),
)


def verdict_view(view: DeckView, address: str, width: int) -> TableView:
    """All that is said of a wallet, in lines for a table of `width` cells: nothing is cut."""
    detail, name = _detail(view, address), f"{_name(view, address)}{simulated_mark(view)}"
    if detail is None:
        return TableView(name, LINE_COLUMNS, (), _waiting(view, address))
    verdict = f" · {detail.row.wallet_class}" if detail.row is not None else ""
    lines = tuple(verdict_lines(detail, view.lag_ms // 1_000))
    rows = line_rows(lines, width, view.outdated)
    return TableView(f"{name}{verdict}", LINE_COLUMNS, rows, "")


def positions_view(view: DeckView, address: str) -> TableView:
    """The closed positions behind the pillars, newest first."""
    detail = _detail(view, address)
    if detail is None:
        return TableView("Closed positions", _POSITION_COLUMNS, (), _waiting(view, address))
    keys = told_apart(tuple(map(_position_identity, detail.positions)), newest_first=True)
    closed = zip(detail.positions, keys, strict=True)
    rows = tuple(_position_row(position, key, dimmed=view.outdated) for position, key in closed)
    won = sum(position.pnl_usdc > 0 for position in detail.positions)
    hedged = " · H: hedged" if any(position.hedged for position in detail.positions) else ""
    title = f"Closed positions {len(rows)} · {won} above zero{hedged} · UTC" if rows else "Closed positions"
    return TableView(title, _POSITION_COLUMNS, rows, _none_yet(detail, "No closed position is known of this wallet."))


def chases_view(view: DeckView, address: str) -> TableView:
    """Losses, each with the position that was opened next: what stands behind the pillar behaviour."""
    detail = _detail(view, address)
    name = "Losses and what followed"
    if detail is None:
        return TableView(name, _CHASE_COLUMNS, (), _waiting(view, address))
    keys = told_apart(tuple(map(_chase_identity, detail.chases)))
    rows = tuple(_chase_row(chase, key, dimmed=view.outdated) for chase, key in zip(detail.chases, keys, strict=True))
    chased = sum(chase.chased for chase in detail.chases)
    title = f"{name} · {chased} of {len(rows)} chased · UTC" if rows else name
    return TableView(title, _CHASE_COLUMNS, rows, _none_yet(detail, "No loss was followed by another position."))


def wallet_equity(view: DeckView, address: str) -> CurveView:
    """The sum of results over time."""
    detail = _detail(view, address)
    points = _points(detail)
    if detail is None or len(points) < 2 or points[-1][0] <= points[0][0]:
        empty = _waiting(view, address) if detail is None else _none_yet(detail, "No curve: it needs two results.")
        return CurveView("Sum of results", (), "", empty)
    total, low, high = points[-1][1], min(result for _, result in points), max(result for _, result in points)
    title = f"Sum of results {signed_usd(total)} USDC"
    ends = f"{shown.date(points[0][0])} to {shown.date(points[-1][0])}"
    words = f"{ends} · low {signed_usd(low)} · high {signed_usd(high)} · after each closed position, USDC"
    role: Role = "stale" if view.outdated else "down" if total < 0 else "up"
    return CurveView(title, points, words, "", role)


def wallet_equity_table(view: DeckView, address: str) -> TableView:
    """The points of the curve as a table to copy, oldest first."""
    columns = (Column("time", 20, "left"), Column("total", 14, priority=1, words="sum of results in USDC"))
    name, points = f"{_name(view, address)} results", _points(_detail(view, address))
    keys = told_apart([str(at_ms) for at_ms, _ in points])
    rows = tuple(
        Row(
            key,
            (Cell(shown.moment(at_ms)), Cell(signed_usd(total))),
            view.outdated,
            values=(at_ms, total),
            name=name,
        )
        for key, (at_ms, total) in zip(keys, points, strict=True)
    )
    return TableView("Sum of results", columns, rows, _waiting(view, address))


def _points(detail: WalletDetail | None) -> tuple[Point, ...]:
    return finite(tuple((at_s * 1_000, total) for at_s, total in detail.equity)) if detail is not None else ()


def _detail(view: DeckView, address: str) -> WalletDetail | None:
    """What is known of a wallet: all of it once the engine sends it, its row of the list before."""
    if view.shown is None:
        return None
    opened = view.shown.wallet
    if opened is not None and opened.address == address:
        return opened
    row = _listed(view, address)
    if row is None:
        return None
    held = view.frozen_s is not None
    waiting = "It was not open then: step forward, or let the display go on." if held else _ASKING
    return WalletDetail(address=address, row=row, waiting_for=waiting)


def _listed(view: DeckView, address: str) -> WalletRow | None:
    wallets = view.shown.wallets if view.shown is not None else None
    rows = wallets.rows if wallets is not None else ()
    return next((row for row in rows if row.address == address), None)


def _name(view: DeckView, address: str) -> str:
    detail = _detail(view, address)
    return wallet_name(address, detail.row.alias if detail is not None and detail.row is not None else "")


def _waiting(view: DeckView, address: str) -> str:
    if view.shown is None or view.outdated:
        return waiting_sentence(view)
    if view.shown.wallets is None:
        return NO_SCANNER
    return f"Waiting for what the engine knows of {wallet_name(address, '')}…"


def _none_yet(detail: WalletDetail, none: str) -> str:
    said = str(clean(detail.waiting_for, 200)).rstrip(".")
    return f"{said}." if said else none


def _position_identity(position: WalletPositionView) -> str:
    return f"{position.closed_s} {position.event} {position.size_usdc} {position.pnl_usdc} {position.entry_price}"


def _chase_identity(chase: ChaseRow) -> str:
    return f"{chase.lost_at_s} {chase.lost_category} {chase.lost_usdc} {chase.next_at_s} {chase.next_size_usdc}"


def _position_row(position: WalletPositionView, key: str, *, dimmed: bool) -> Row:
    closed_ms = position.closed_s * 1_000
    event, category = str(clean(position.event, 200)), str(clean(position.category, 40))
    words = event_words(event)
    cells = (
        Cell(_time(position.closed_s), "muted", shown.moment(closed_ms)),
        Cell(words or shown.DASH, "text", event),
        Cell(category or shown.DASH, "accent"),
        Cell(shown.compact(position.size_usdc)),
        _money_cell(position.pnl_usdc),
        Cell(shown.price(position.entry_price, 2)),
        Cell(hold_words(position.hold_s)),
        Cell("H", "warning", "hedged") if position.hedged else Cell("", "muted", "no"),
    )
    values = (
        position.closed_s, event, category, position.size_usdc, position.pnl_usdc, position.entry_price,
        position.hold_s, cells[7].value,
    )  # fmt: skip
    return Row(key, cells, dimmed, values=values, name=f"closed {_time(position.closed_s)}")


def _chase_row(chase: ChaseRow, key: str, *, dimmed: bool) -> Row:
    category = str(clean(chase.lost_category, 40))
    cells = (
        Cell(_time(chase.lost_at_s), "muted", shown.moment(chase.lost_at_s * 1_000)),
        Cell(category or shown.DASH, "accent"),
        Cell(shown.compact(chase.lost_usdc)),
        Cell(shown.compact(chase.lost_size_usdc)),
        Cell(_time(chase.next_at_s), "muted", shown.moment(chase.next_at_s * 1_000)),
        Cell(shown.compact(chase.next_size_usdc)),
        Cell(f"{chase.ratio:.2f}x" if math.isfinite(chase.ratio) else shown.DASH),
        Cell("chased", "warning") if chase.chased else Cell("no", "muted"),
    )
    values = (
        chase.lost_at_s, category, chase.lost_usdc, chase.lost_size_usdc, chase.next_at_s, chase.next_size_usdc,
        chase.ratio, cells[7].value,
    )  # fmt: skip
    return Row(key, cells, dimmed, values=values, name=f"lost {_time(chase.lost_at_s)}")


def _money_cell(usdc: float) -> Cell:
    role: Role = "muted" if not math.isfinite(usdc) or abs(usdc) < 0.005 else "up" if usdc > 0 else "down"
    return Cell(signed_usd(usdc), role)


def event_words(event: str) -> str:
    """An event's name: a slug in words, a hash by its ends."""
    words = event.replace("-", " ").strip()
    return wallet_name(words, "") if words.startswith("0x") else words


def hold_words(seconds: float | None) -> str:
    """How long something was held."""
    return shown.DASH if seconds is None else shown.age(seconds * 1_000)


def _time(at_s: int) -> str:
    at_ms = at_s * 1_000
    return f"{shown.date(at_ms)} {shown.clock(at_ms)[:5]}" if at_s > 0 else shown.DASH
