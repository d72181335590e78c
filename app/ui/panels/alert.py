"""One alert opened up: what it says, the positions before and after, and what followed those like it. Pure."""

import math
from collections.abc import Iterator, Sequence
from statistics import median

from app.core.text import clean
from app.engine.protocol_whales import AlertDetail, PastAlert, TraderMoveRow, WhaleAlertRow
from app.ui import format as shown
from app.ui.panels.markets import waiting_sentence
from app.ui.panels.row_keys import told_apart
from app.ui.panels.signals import signal_words
from app.ui.panels.told_lines import LINE_COLUMNS, Line, line_rows
from app.ui.panels.trader_moves import change_cell, move_coin_cell, move_identity, moved_at, size_cell
from app.ui.panels.wallets import simulated_mark, wallet_name
from app.ui.panels.whales import (
    NO_TRADERS,
    alert_of,
    kind_words,
    move_words,
    number,
    rarity_cell,
    record_words,
    severity_cell,
    side_words,
)
from app.ui.state import DeckView
from app.ui.theme import Role
from app.ui.widgets.columns import Cell, Column, Row, TableView

_ASKING = "Waiting for what the engine knows of it."
_GONE = "This alert does not stand any more: it ran out, or newer ones took its place."
_UNKNOWN = Cell(shown.DASH, "muted")
_MOVE_COLUMNS = (
    Column("who", 13, "left", worded=True),
    Column("did", 6, "left", priority=1),
    Column("coin", 8, "left", priority=6),
    Column("before", 10, priority=2, words="size before"),
    Column("after", 10, priority=2, words="size after"),
    Column("change $", 9, priority=3),
    Column("price", 10, priority=5),
    Column("at", 8, "left", priority=4),
    Column("by", 6, "left", priority=7, words="learned by"),
    Column("address", 42, "left", priority=8),
)
_PAST_COLUMNS = (
    Column("at", 16, "left", priority=1),
    Column("coin", 8, "left"),
    Column("side", 6, "left", priority=2),
    Column("price", 10, priority=6),
    Column("15m bp", 8, priority=4, words="move after 15m bp"),
    Column("1h bp", 8, priority=3, words="move after 1h bp"),
    Column("4h bp", 8, priority=5, words="move after 4h bp"),
)


def alert_view(view: DeckView, alert_id: str, width: int) -> TableView:
    """All that is said of an alert, in lines for a table of `width` cells: nothing is cut."""
    detail = _detail(view, alert_id)
    if detail is None:
        return TableView(f"Alert{simulated_mark(view)}", LINE_COLUMNS, (), _waiting(view))
    alert = detail.alert
    coin, kind = clean(alert.coin, 24), kind_words(alert.kind)
    lines = tuple(_lines(detail, view, is_whole=_is_opened(view, alert_id)))
    rows = line_rows(lines, width, view.outdated)
    return TableView(f"{coin} {kind}{simulated_mark(view)} · {alert.severity}", LINE_COLUMNS, rows, "")


def alert_moves_view(view: DeckView, alert_id: str) -> TableView:
    """Who moved: each position before and after, and whom else the alert is about."""
    detail, name = _detail(view, alert_id), "Positions before and after"
    if detail is None:
        return TableView(name, _MOVE_COLUMNS, (), _waiting(view))
    moved = {move.trader for move in detail.moves}
    keys = told_apart(tuple(map(move_identity, detail.moves)), newest_first=True)
    rows = [_move_row(move, key, dimmed=view.outdated) for move, key in zip(detail.moves, keys, strict=True)]
    rows += [_trader_row(trader, dimmed=view.outdated) for trader in detail.traders if trader not in moved]
    title = f"{name} {len(detail.moves)} · UTC" if detail.moves else name
    empty = "No followed trader stands behind it." if _is_opened(view, alert_id) else _ASKING
    return TableView(title, _MOVE_COLUMNS, tuple(rows), empty)


def past_view(view: DeckView, alert_id: str) -> TableView:
    """Former alerts of the kind, and where the price went after each."""
    detail, name = _detail(view, alert_id), "Price after past alerts of the kind"
    if detail is None:
        return TableView(name, _PAST_COLUMNS, (), _waiting(view))
    keys = told_apart(tuple(map(_past_identity, detail.past)), newest_first=True)
    rows = tuple(_past_row(past, key, dimmed=view.outdated) for past, key in zip(detail.past, keys, strict=True))
    title = f"{name} {len(rows)} · {_medians(detail.past)} · UTC" if rows else name
    empty = "No alert of this kind was told before." if _is_opened(view, alert_id) else _ASKING
    return TableView(title, _PAST_COLUMNS, rows, empty)


def known_alert(view: DeckView, alert_id: str) -> WhaleAlertRow | None:
    """An alert as far as it is known, opened up or of the list."""
    detail = _detail(view, alert_id)
    return None if detail is None else detail.alert


def first_trader(view: DeckView, alert_id: str) -> str:
    """The address of the trader an alert is about first; empty where it is about none."""
    detail = _detail(view, alert_id)
    return detail.traders[0] if detail is not None and detail.traders else ""


def trader_of(row: Row) -> str:
    """The address of the trader a row of moves is about."""
    return row.key.partition(" ")[0]


def _lines(detail: AlertDetail, view: DeckView, *, is_whole: bool) -> Iterator[Line]:
    alert = detail.alert
    if not is_whole:
        yield Line("waiting", _ASKING, "accent")
    severity = severity_cell(alert.severity)
    now_ms = (view.shown.wall_ms if view.shown is not None else 0) + view.lag_ms
    when = f"{shown.age(now_ms - alert.at_ms)} ago, at {shown.clock(alert.at_ms)} UTC"
    yield Line("alert", f"{severity.text} · {kind_words(alert.kind)} · {when}", severity.role)
    yield Line("what", alert.text, "text")
    tier = f" · account {alert.tier}" if alert.tier else ""
    yield Line("who", f"{alert.who or 'not known'}{tier}", "accent")
    flags = ", ".join(alert.flags)
    yield Line("doubts", flags or "none", "warning" if flags else "muted")
    yield Line("how large", _size_words(alert))
    if alert.times > 1:
        yield Line("folded", f"{alert.times:,} times within its cool-down; this is the largest", "accent")
    yield Line("record", f"same way within 1h: {record_words(alert.record)}")
    yield Line("price", _price_words(alert, view))
    if view.shown is not None and view.shown.whales is not None:
        yield Line("all traders", signal_words(alert.coin, view))
    yield Line("id", alert.alert_id, "muted")


def _size_words(alert: WhaleAlertRow) -> str:
    rarity = rarity_cell(alert.percentile)
    rare = "rarity not known yet" if alert.percentile is None else f"{rarity.text}: {rarity.value}"
    return f"{shown.compact(alert.value_usd)} USD {side_words(alert.direction)} · {rare}"


def _price_words(alert: WhaleAlertRow, view: DeckView) -> str:
    """The price then, and how far it has moved by now."""
    markets = view.shown.markets if view.shown is not None else ()
    market = next((row for row in markets if row.coin == alert.coin), None)
    if market is None or not market.price or alert.price <= 0:
        return f"{number(alert.price)} then"
    then = f"{shown.price(alert.price, market.price_decimals)} then"
    moved = move_words(1e4 * (market.price / alert.price - 1))
    stale = "stale " if market.stale or view.outdated else ""
    return f"{then} · {stale}{shown.price(market.price, market.price_decimals)} now, {moved}"


def _medians(past: Sequence[PastAlert]) -> str:
    """The median move the way each alert went, with how many are known; direction 0 counts as up."""
    horizons = (("15m", "move_15m_bps"), ("1h", "move_1h_bps"), ("4h", "move_4h_bps"))
    words = []
    for name, field in horizons:
        moves = [(one.direction or 1) * move for one in past if (move := getattr(one, field)) is not None]
        known = [move for move in moves if math.isfinite(move)]
        words.append(f"{name} {move_words(median(known))} (n {len(known)})" if known else f"{name} not known (n 0)")
    return f"median its way {', '.join(words)}"


def _move_row(move: TraderMoveRow, key: str, *, dimmed: bool) -> Row:
    who = str(clean(move.who, 80)) or wallet_name(move.trader, "")
    address = str(clean(move.trader, 64))
    cells = (
        Cell(who, "accent"),
        Cell(move.kind),
        move_coin_cell(move.coin),
        size_cell(move.size_before),
        size_cell(move.size_after),
        change_cell(move.change_usd),
        Cell(number(move.price)),
        moved_at(move.at_ms),
        Cell(move.learned, "muted"),
        Cell(address, "muted"),
    )
    values = (
        who, move.kind, move.coin, move.size_before, move.size_after, move.change_usd, move.price, move.at_ms,
        move.learned, address,
    )  # fmt: skip
    return Row(key, cells, dimmed, values=values, name=f"{who} {move.kind}")


def _trader_row(trader: str, *, dimmed: bool) -> Row:
    """A trader the alert is about, of whom no change of a position is known."""
    address = str(clean(trader, 64))
    cells = (Cell(wallet_name(trader, ""), "accent"), *(_UNKNOWN,) * 8, Cell(address, "muted"))
    return Row(f"{trader} no move", cells, dimmed, name=wallet_name(trader, ""))


def _past_identity(past: PastAlert) -> str:
    """Without where the price went, which is told later."""
    return f"{past.at_ms} {past.coin} {past.direction} {past.price}"


def _past_row(past: PastAlert, key: str, *, dimmed: bool) -> Row:
    at = f"{shown.date(past.at_ms)} {shown.clock(past.at_ms)[:5]}"
    coin = str(clean(past.coin, 24))
    moves = (past.move_15m_bps, past.move_1h_bps, past.move_4h_bps)
    cells = (
        Cell(at, "muted", shown.moment(past.at_ms)),
        Cell(coin, "accent"),
        Cell(side_words(past.direction), "muted"),
        Cell(number(past.price)),
        *(_followed_cell(move, past.direction) for move in moves),
    )
    values = (past.at_ms, coin, side_words(past.direction), past.price, *moves)
    return Row(key, cells, dimmed, values=values, name=f"{coin} {at}")


def _followed_cell(move_bps: float | None, direction: int) -> Cell:
    """How far the price moved, and whether it went the way of the alert."""
    if move_bps is None or not math.isfinite(move_bps):
        return _UNKNOWN
    text = f"{move_bps:+.0f}" if abs(move_bps) >= 99.95 else f"{move_bps:+.1f}"
    if not direction or abs(move_bps) < 0.05:
        return Cell(text if abs(move_bps) >= 0.05 else "0.0")
    hit = (move_bps > 0) == (direction > 0)
    role: Role = "up" if hit else "down"
    return Cell(f"{text}{'✓' if hit else '✗'}", role)


def _is_opened(view: DeckView, alert_id: str) -> bool:
    """Whether the engine has told all of it."""
    opened = view.shown.alert if view.shown is not None else None
    return opened is not None and opened.alert.alert_id == alert_id


def _detail(view: DeckView, alert_id: str) -> AlertDetail | None:
    """What is known of an alert: all of it once the engine sends it, its row of the list before."""
    if view.shown is None:
        return None
    opened = view.shown.alert
    if opened is not None and opened.alert.alert_id == alert_id:
        return opened
    row = alert_of(view, alert_id)
    return None if row is None else AlertDetail(alert=row, moves=(), traders=row.traders, past=())


def _waiting(view: DeckView) -> str:
    if view.shown is None or view.outdated:
        return waiting_sentence(view)
    if view.shown.whales is None:
        return NO_TRADERS
    return "It was not open then: step forward, or let the display go on." if view.frozen_s is not None else _GONE
