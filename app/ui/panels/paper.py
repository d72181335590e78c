"""The paper ledger: sums, positions, trades that are over, equity, and what other screens say of it. Pure.

Every text here that could be taken for real money says "paper".
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

from app.core.text import clean
from app.engine.protocol import MarketRow, Snapshot
from app.engine.protocol_paper import PaperCopyView, PaperOrderView, PaperPositionView, PaperTradeView, PaperView
from app.ui import format as shown
from app.ui.panels.markets import as_of_now, waiting_sentence
from app.ui.panels.paper_ages import OLD_PRINT_S, any_old, by_now, is_old, price_age_cell
from app.ui.panels.paper_tokens import token_rows, token_sums
from app.ui.panels.whales import number
from app.ui.state import DeckView
from app.ui.theme import Role
from app.ui.widgets.columns import Cell, Column, Row, TableView
from app.ui.widgets.parts import Part

BANNER = "PAPER: no money, no orders anywhere"
NOT_BEGUN = "The paper ledger has not begun: the engine is still reading what was saved of it."

_RANK = 40
"""In the header: after source, troubled feeds, tape and recording, before feeds that are well."""
_NOTHING_USD = 0.005
_NOTHING_BPS = 0.05
_SMALL_PRICE = 1e-3
_POSITION_COLUMNS = (
    Column("coin", 9, "left"),
    Column("side", 7, "left", priority=1),
    Column("size", 9, priority=8),
    Column("entry", 10, priority=4, words="entry price"),
    Column("now", 10, priority=5, words="price now", flashes=True),
    Column("paper $", 10, priority=2, words="result in paper dollars", flashes=True),
    Column("bp", 7, priority=3, words="result bp"),
    Column("liq", 10, priority=7, words="liquidation price"),
    Column("held", 7, priority=4),
    Column("by", 5, "left", priority=10, words="opened by"),
    Column("age", 9, priority=9, words="age of price"),
    Column("waits for", 20, "left", priority=6, flexible=True),
)
_TRADE_COLUMNS = (
    Column("closed", 8, "left", priority=2, words="closed at"),
    Column("coin", 9, "left"),
    Column("side", 7, "left", priority=1),
    Column("held", 7, priority=6),
    Column("entry", 10, priority=7, words="entry price"),
    Column("exit", 10, priority=8, words="exit price"),
    Column("paper $", 10, priority=3, words="result in paper dollars"),
    Column("bp", 7, priority=4, words="result bp"),
    Column("by", 5, "left", priority=9, words="opened by"),
    Column("reason", 13, "left", priority=5),
)


class PaperKeys(NamedTuple):
    """The keys that sentences name, as the footer shows them."""

    long: str = "B"
    short: str = "S"
    close: str = "C"
    flip: str = "F"
    back: str = "esc"


def signed_usd(value: float) -> str:
    """Paper dollars with a sign: `+12.30`, `-1.20M`; what rounds to zero has none."""
    if not math.isfinite(value):
        return shown.DASH
    if abs(value) < _NOTHING_USD:
        return "0.00"
    sign = "+" if value > 0 else "-"
    return sign + (f"{abs(value):,.2f}" if abs(value) < 99_999.995 else shown.compact(abs(value)))


def paper_coin(row: Row) -> str:
    """The coin a row of positions or trades is about."""
    return row.key.rsplit(" ", 1)[0]


def positions_view(view: DeckView, keys: PaperKeys) -> TableView:
    """Open positions, and orders that are on their way to open one; those of stale prices are dimmed."""
    snapshot, paper = view.shown, _paper(view)
    if snapshot is None or paper is None:
        return TableView("Paper positions", _POSITION_COLUMNS, (), _waiting(view))
    rows = (
        *(_position_row(position, snapshot, view) for position in paper.positions),
        *(_copy_row(copy, view) for copy in paper.copies),
        *token_rows(paper.tokens, _result_cells, view),
        *(_order_row(order, snapshot, view) for order in paper.opening),
    )
    empty = (
        "The breaker is tripped: no paper position opens before 00:00 UTC."
        if paper.tripped
        else f"No paper position. {keys.back} goes back; on a coin there {keys.long} goes long on paper, "
        f"{keys.short} short."
    )
    return TableView(f"Paper positions {_count(paper)}", _POSITION_COLUMNS, rows, empty)


def trades_view(view: DeckView, keys: PaperKeys) -> TableView:
    """Positions that are over, the newest first."""
    snapshot, paper = view.shown, _paper(view)
    if snapshot is None or paper is None:
        return TableView("Closed paper trades", _TRADE_COLUMNS, (), _waiting(view))
    rows = tuple(_trade_row(trade, snapshot, dimmed=view.outdated) for trade in paper.closed)
    more = f"last {len(rows)} of {paper.trades:,}" if paper.trades > len(rows) else f"{len(rows)}"
    empty = f"No paper position was closed yet. {keys.close} closes the one under the cursor, {keys.flip} flips it."
    return TableView(f"Closed paper trades {more} · UTC", _TRADE_COLUMNS, rows, empty)


def sums_lines(view: DeckView, width: int, most: int) -> list[tuple[str, Role]]:
    """The sums in at most `most` lines of `width` cells; the last may be longer, and shows as many as fit."""
    paper = _paper(view)
    if paper is None:
        return [(_waiting(view), "muted")]
    lines = [""]
    for part in _sums(paper):
        joined = f"{lines[-1]} · {part}" if lines[-1] else part
        lines[-1:] = [joined] if len(joined) <= width - 2 or not lines[-1] else [lines[-1], part]
    kept = [*lines[: most - 1], " · ".join(lines[most - 1 :])] if len(lines) > most else lines
    role: Role = "stale" if view.outdated else "text"
    return [(line, "alert" if "TRIPPED" in line and role == "text" else role) for line in kept]


def paper_part(view: DeckView) -> Part | None:
    """What the header says while positions are open: what they would bring if they closed now."""
    paper = view.newest.paper if view.newest is not None else None
    if view.newest is None or paper is None or not _count(paper) or view.outdated:
        return None
    total_usd = _open_usd(paper)
    markets = (_market_of(view.newest, position.coin) for position in paper.positions)
    old = any(map(_is_stale, markets)) or any_old(paper)
    # The body may be held; this never is.
    now = " now" if view.frozen_s is not None else ""
    words = f"PAPER{now} {signed_usd(total_usd)}{' stale' if old else ''}"
    return Part((words,), _result_role(total_usd, stale=old), _RANK)


def paper_line(view: DeckView, coin: str) -> tuple[str, Role]:
    """The paper position of one coin, or the order that opens one, on a line; empty without."""
    snapshot, paper = view.shown, _paper(view)
    if snapshot is None or paper is None:
        return "", "muted"
    name = str(clean(coin, 24))
    position = next((position for position in paper.positions if position.coin == name), None)
    order = next((_order_word(order) for order in paper.opening if order.coin == name), "")
    if position is None:
        return (f"PAPER {order}: on its way", "accent") if order else ("", "muted")
    market = next((market for market in snapshot.markets if market.coin == coin), None)
    stale = view.outdated or _is_stale(market)
    words = _position_words(position, by_now(position.held_s, view), market, order)
    return " · ".join(words), _result_role(position.result_usd, stale=stale)


def _paper(view: DeckView) -> PaperView | None:
    return view.shown.paper if view.shown is not None else None


def _waiting(view: DeckView) -> str:
    return NOT_BEGUN if view.shown is not None and not view.outdated else waiting_sentence(view)


def _sums(paper: PaperView) -> Iterator[str]:
    if paper.tripped:
        yield "breaker TRIPPED until 00:00 UTC: everything closes, nothing opens"
    yield f"equity {_usd(paper.equity_usd)} paper $"
    yield f"today {signed_usd(paper.day_result_usd)} (limit {signed_usd(-paper.day_limit_usd)})"
    yield f"began with {_usd(paper.starting_usd)}"
    yield f"cash {_usd(paper.cash_usd)}"
    yield f"closed trades {signed_usd(paper.closed_usd)}"
    if _count(paper):
        yield f"open {signed_usd(_open_usd(paper))} if closed now"
        yield f"exit fees in that {_usd(paper.exit_fees_usd)}"
    yield f"fees {_usd(paper.fees_usd)}"
    yield f"funding {'received' if paper.funding_usd < 0 else 'paid'} {_usd(abs(paper.funding_usd))}"
    yield f"{paper.wins:,} won, {paper.losses:,} lost of {paper.trades:,} trades"
    yield f"follow {paper.follow}"
    if paper.copying or paper.copies:
        yield f"{len(paper.copies)} copies of wallets, {'on' if paper.copying else 'off: none is opened'}"
    yield from token_sums(paper.tokens)
    if not paper.tripped:
        yield "breaker ready"


def has_tokens(paper: PaperView) -> bool:
    """Whether a position in a token is open."""
    return paper.tokens is not None and bool(paper.tokens.positions)


def _count(paper: PaperView) -> int:
    """How many positions are open."""
    return len(paper.positions) + len(paper.copies) + (len(paper.tokens.positions) if paper.tokens else 0)


def _open_usd(paper: PaperView) -> float:
    """What closing everything now would bring."""
    tokens = paper.tokens.positions if paper.tokens is not None else ()
    usd = sum(each.result_usd for each in paper.positions) + sum(each.result_usd for each in paper.copies)
    return usd + sum(each.result_usd for each in tokens)


def _usd(value: float) -> str:
    return shown.price(value, 2) if abs(value) < 1e12 else shown.compact(value)


def _position_row(position: PaperPositionView, snapshot: Snapshot, view: DeckView) -> Row:
    found = _market_of(snapshot, position.coin)
    market = None if found is None else as_of_now(found, view)
    coin, side = str(clean(position.coin, 24)), _side(position.direction)
    decimals = _decimals(market, position.entry_price)
    prices = (position.entry_price, position.close_price, position.liquidation_price)
    entry, now, liquidation = (Cell(shown.price(price, decimals)) for price in prices)
    by, waits_for = str(clean(position.by, 12)), str(clean(position.waits_for, 60))
    held_s = by_now(position.held_s, view)
    cells = (
        Cell(coin, "accent"),
        _side_cell(position.direction),
        Cell(shown.amount(position.size)),
        entry,
        now,
        *_result_cells(position.result_usd, position.result_bps),
        liquidation,
        Cell(shown.duration(held_s)),
        Cell(by, "muted"),
        _age_cell(market),
        Cell(waits_for, "warning"),
    )
    age_s = None if market is None or market.age_ms is None else market.age_ms / 1_000
    values = (
        coin, side, position.size, position.entry_price, position.close_price, position.result_usd,
        position.result_bps, position.liquidation_price, held_s, by, age_s, waits_for,
    )  # fmt: skip
    key = f"{found.coin if found is not None else position.coin} position"
    stale = view.outdated or _is_stale(market)
    return Row(key, cells, stale, values=values, name=f"{coin} paper {side}")


def _copy_row(copy: PaperCopyView, view: DeckView) -> Row:
    """A copy of a wallet: what it is called stands for the coin, the outcome for what it waits for.

    It is dimmed when nobody has traded its outcome for long.
    """
    name, market = str(clean(copy.name, 26)), str(clean(copy.market, 60))
    said = f"{clean(copy.waits_for, 24)} · {market}" if copy.waits_for else market
    age_s, held_s = by_now(copy.age_s, view), by_now(copy.held_s, view)
    cells = (
        Cell(name, "accent"),
        _side_cell(1),
        Cell(shown.amount(copy.shares)),
        Cell(shown.price(copy.entry_price, 3)),
        Cell(shown.price(copy.close_price, 3)),
        *_result_cells(copy.result_usd, copy.result_bps),
        Cell(shown.DASH, "muted"),
        Cell(shown.duration(held_s)),
        Cell("copy", "muted"),
        price_age_cell(age_s, OLD_PRINT_S),
        Cell(said, "warning" if copy.waits_for else "text"),
    )
    values = (
        name, "long", copy.shares, copy.entry_price, copy.close_price, copy.result_usd, copy.result_bps, None,
        held_s, "copy", age_s, said,
    )  # fmt: skip
    dimmed = view.outdated or is_old(age_s, OLD_PRINT_S)
    return Row(f"{market} copy", cells, dimmed, values=values, name=f"{name} paper copy in {market}")


def _order_row(order: PaperOrderView, snapshot: Snapshot, view: DeckView) -> Row:
    """An order that is to open a position."""
    side, name = _order_word(order), order.coin
    coin, unknown = str(clean(name, 24)), Cell(shown.DASH, "muted")
    found = _market_of(snapshot, name)
    cells = (Cell(coin, "accent"), Cell(side, "accent"), *(unknown,) * 9, Cell("on its way", "accent"))
    key = f"{found.coin if found is not None else name} opening"
    return Row(key, cells, view.outdated, name=f"{coin} paper order, {side}")


def _order_word(order: PaperOrderView) -> str:
    return "buying" if order.direction > 0 else "selling"


def _trade_row(trade: PaperTradeView, snapshot: Snapshot, *, dimmed: bool) -> Row:
    found = _market_of(snapshot, trade.coin)
    coin, side = str(clean(trade.coin, 24)), _side(trade.direction)
    decimals = _decimals(found, trade.entry_price)
    by, reason = str(clean(trade.by, 12)), str(clean(trade.reason, 80))
    cells = (
        Cell(shown.clock(trade.closed_ms), "muted", shown.moment(trade.closed_ms)),
        Cell(coin, "accent"),
        _side_cell(trade.direction),
        Cell(shown.duration(trade.held_s)),
        Cell(_trade_price(trade.entry_price, decimals)),
        Cell(_trade_price(trade.exit_price, decimals)),
        *_result_cells(trade.result_usd, trade.result_bps),
        Cell(by, "muted"),
        Cell(reason, "warning" if reason in ("breaker", "liquidation") else "text"),
    )
    values = (
        trade.closed_ms, coin, side, trade.held_s, trade.entry_price, trade.exit_price, trade.result_usd,
        trade.result_bps, by, reason,
    )  # fmt: skip
    key = f"{found.coin if found is not None else trade.coin} {trade.number}"
    return Row(key, cells, dimmed, values=values, name=f"{coin} paper trade closed at {shown.clock(trade.closed_ms)}")


def _trade_price(price: float, decimals: int) -> str:
    """A token's price may have its first digit behind more zeros than a coin has places."""
    return number(price) if 0 < abs(price) < _SMALL_PRICE else shown.price(price, decimals)


def _position_words(position: PaperPositionView, held_s: float, market: MarketRow | None, order: str) -> Iterator[str]:
    decimals = _decimals(market, position.entry_price)
    yield f"PAPER {_side(position.direction)} {signed_usd(position.result_usd)} ({_signed_bps(position.result_bps)} bp)"
    yield f"entry {shown.price(position.entry_price, decimals)}"
    yield f"held {shown.duration(held_s)}"
    yield f"liq {shown.price(position.liquidation_price, decimals)}"
    yield f"size {shown.amount(position.size)}"
    if position.waits_for:
        yield str(clean(position.waits_for, 60))
    if order:
        yield f"then {order}"


def _side(direction: int) -> str:
    return "long" if direction > 0 else "short"


def _side_cell(direction: int) -> Cell:
    text = f"{shown.direction_arrow(direction)} {_side(direction)}"
    return Cell(text, "up" if direction > 0 else "down", _side(direction))


def _result_cells(usd: float, bps: float) -> tuple[Cell, Cell]:
    role = _result_role(usd, stale=False)
    return Cell(signed_usd(usd), role), Cell(_signed_bps(bps), role)


def _result_role(usd: float, *, stale: bool) -> Role:
    if stale:
        return "stale"
    return "muted" if abs(usd) < _NOTHING_USD else "up" if usd > 0 else "down"


def _signed_bps(value: float) -> str:
    if abs(value) < _NOTHING_BPS:
        return "0.0"
    return f"{'+' if value > 0 else ''}{shown.basis_points(value)}"


def _age_cell(market: MarketRow | None) -> Cell:
    """How old the newest data of the coin is, as the Markets panel says it."""
    if market is None:
        return Cell("unlisted", "warning")
    age = shown.age(market.age_ms)
    if market.stale:
        return Cell(f"stale {age}", "stale")
    return Cell(f"gap {age}", "warning") if market.hole else Cell(age, "muted")


def _is_stale(market: MarketRow | None) -> bool:
    """Whether nobody vouches for the price of a coin; one that is not listed has none."""
    return market is None or market.stale


def _market_of(snapshot: Snapshot, coin: str) -> MarketRow | None:
    """The market of a coin as the ledger names it: cleaned, and cut where it is long."""
    exact = next((market for market in snapshot.markets if market.coin == coin), None)
    return exact or next((market for market in snapshot.markets if clean(market.coin, 24) == coin), None)


def _decimals(market: MarketRow | None, price: float) -> int:
    """Places of a coin's prices; of one that is not listed, as many as leave four digits or more."""
    if market is not None:
        return market.price_decimals
    return 2 if price >= 100 else 6
