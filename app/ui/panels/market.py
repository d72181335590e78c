"""One market opened up: what its chart, tape, ladder and lines show. Pure: a view of the deck in, views out."""

from collections.abc import Sequence
from functools import lru_cache

from app.core.text import clean
from app.engine.protocol import MarketRow
from app.engine.protocol_detail import LevelView, MarketDetail, ReadPoint, TradeView
from app.ui import format as shown
from app.ui.panels.markets import waiting_sentence
from app.ui.panels.signals import signal_facts
from app.ui.state import DeckView
from app.ui.theme import Role
from app.ui.widgets.candle_canvas import ChartView
from app.ui.widgets.columns import Cell, Column, Row, TableView

LARGE_PERCENTILE = 99.0
"""Prints no smaller than this share of the market's are marked; only once enough of them are known."""
_ENOUGH_TRADES = 100
_EVEN = 0.005
# As the rules have them; importing those would keep the first paint waiting for numpy.
MINUTE_S = 60
LONGEST_HOLE_MS = 5_000
_BAR_CELLS = 8
_BESIDE_TITLE = 2
_BAR = "█"

_TAPE_COLUMNS = (
    Column("time", 8, "left", priority=2),
    Column("side", 6, "left", priority=1),
    Column("price", 10),
    Column("size", 9),
    Column("pct", 4, priority=3, words="percentile of size"),
    Column("mark", 5, "left", priority=4),
)
_LADDER_COLUMNS = (
    Column("bid", 8, priority=3, words="depth of bids"),
    Column("size", 9, priority=1),
    Column("price", 10),
    Column("orders", 6, priority=4),
    Column("ask", 8, "left", priority=2, words="depth of asks"),
)


def chart_view(view: DeckView, coin: str, interval: str) -> ChartView:
    """The candles of a coin, as far as the engine has told them."""
    row, detail = _found(view, coin)
    title = f"{clean(coin, 32)} · {interval} · UTC"
    if view.shown is None or detail is None or detail.interval != interval:
        return ChartView(title, (), 60_000, 0, 2, (), _waiting(view, coin))
    decimals = row.price_decimals if row else 2
    return ChartView(
        title,
        detail.candles,
        detail.interval_ms,
        view.shown.wall_ms - view.shown.wall_ms % detail.interval_ms,
        decimals,
        detail.holes,
        detail.waiting_for or "No candle yet: waiting for the first trade.",
        dimmed=view.outdated or (row is not None and row.stale),
        notice=detail.waiting_for,
    )


def tape_view(view: DeckView, coin: str) -> TableView:
    """Time and sales, the newest print first; a hole in the tape is a row of its own."""
    row, detail = _found(view, coin)
    if detail is None:
        return TableView("Time & sales", _TAPE_COLUMNS, (), _waiting(view, coin))
    decimals = row.price_decimals if row else 2
    dimmed = view.outdated or (row is not None and row.stale)
    rows = _with_holes(detail, decimals, dimmed=dimmed)
    return TableView("Time & sales · UTC", _TAPE_COLUMNS, rows, "No trade yet.")


def ladder_view(view: DeckView, coin: str, levels: int, width: int = 80) -> TableView:
    """The book in `width` cells: asks above, bids below, `levels` of each, with bars against the largest size shown.

    Whole books come every few seconds, fast ones of the best levels twice a second, quotes more often still: levels
    that the quote has passed are dimmed.
    """
    row, detail = _found(view, coin)
    if detail is None:
        return TableView("Book", _LADDER_COLUMNS, (), _waiting(view, coin))
    decimals = row.price_decimals if row else 2
    best_bids, best_asks = detail.bids[:levels], detail.asks[:levels]
    largest = max((level.size for level in (*best_bids, *best_asks)), default=0.0)
    dimmed = view.outdated or (row is not None and row.stale)
    bid, ask = (row.bid, row.ask) if row else (None, None)
    asks = [
        _level(level, decimals, largest, 1, dimmed=dimmed or (ask is not None and level.price < ask))
        for level in reversed(best_asks)
    ]
    bids = [
        _level(level, decimals, largest, -1, dimmed=dimmed or (bid is not None and level.price > bid))
        for level in best_bids
    ]
    spread = (_spread(best_bids[0], best_asks[0], decimals),) if best_bids and best_asks else ()
    return TableView(
        _ladder_title(detail, view, levels, width), _LADDER_COLUMNS, (*asks, *spread, *bids), "No book yet."
    )


def reads_of(view: DeckView, coin: str) -> Sequence[ReadPoint]:
    """The rules' metrics over the last minutes, oldest first."""
    _, detail = _found(view, coin)
    return detail.reads if detail is not None else ()


def reads_note(view: DeckView, coin: str) -> str:
    """Why a metric of the newest read is not known, in a few words; empty when all are."""
    row, detail = _found(view, coin)
    if row is None or detail is None:
        return "waiting for the engine"
    if view.outdated or row.stale:
        return "no read of stale data"
    if not detail.reads:
        return "waiting for the first read"
    if detail.reads[-1].momentum is None:
        return f"momentum needs a whole minute; {_known_s(detail.reads)} s so far"
    if detail.reads[-1].continuation is not None:
        return ""
    one_sided = row.bid is None or row.ask is None
    return f"no claim: {'the quote has one side' if one_sided else 'the move of the minute is inside the spread'}"


def _known_s(reads: Sequence[ReadPoint]) -> int:
    """Seconds without a break that the newest reads span."""
    newest_ms = first_ms = reads[-1].at_ms
    for read in reversed(reads):
        if first_ms - read.at_ms > LONGEST_HOLE_MS:
            break
        first_ms = read.at_ms
    return min(MINUTE_S - 1, (newest_ms - first_ms) // 1_000)


def facts_line(view: DeckView, coin: str) -> str:
    """Price, changes, funding and open interest on one line."""
    row, detail = _found(view, coin)
    if row is None:
        when = "was not listed then" if view.frozen_s is not None else "is no longer listed"
        return "" if view.shown is None else f"{clean(coin, 32)} {when}"
    premium = None
    if detail is not None and detail.mark_price and detail.oracle_price:
        premium = 1e4 * (detail.mark_price / detail.oracle_price - 1)
    age_ms = None if row.age_ms is None else row.age_ms + view.lag_ms
    facts = (
        ("", shown.price(row.price, row.price_decimals)),
        ("age", f"{'stale ' if row.stale or view.outdated else ''}{shown.age(age_ms)}"),
        ("bid", shown.price(row.bid, row.price_decimals)),
        ("ask", shown.price(row.ask, row.price_decimals)),
        *signal_facts(coin, view)[:1],
        ("24h", shown.change(row.change_24h)),
        *signal_facts(coin, view)[1:],
        ("funding %/h", shown.hourly_rate(row.funding)),
        ("OI $", shown.compact(row.open_interest_usd)),
        ("vol 24h $", shown.compact(row.day_volume_usd)),
        ("mark−oracle bp", shown.basis_points(premium)),
    )
    return " · ".join(f"{name} {value}".strip() for name, value in facts)


def _found(view: DeckView, coin: str) -> tuple[MarketRow | None, MarketDetail | None]:
    if view.shown is None:
        return None, None
    row = next((market for market in view.shown.markets if market.coin == coin), None)
    detail = view.shown.detail
    return row, detail if detail is not None and detail.coin == coin else None


def _waiting(view: DeckView, coin: str) -> str:
    if view.shown is None or view.outdated:
        return waiting_sentence(view)
    if view.frozen_s is not None:
        return f"{clean(coin, 32)} was not open then; step forward, or let the display go on."
    return f"Waiting for the engine's view of {clean(coin, 32)}…"


def _with_holes(detail: MarketDetail, decimals: int, *, dimmed: bool) -> tuple[Row, ...]:
    """The prints, and between them the spans in which trades are missing."""
    holes = sorted(detail.holes, reverse=True)
    rows: list[Row] = []
    enough = len(detail.trades) >= _ENOUGH_TRADES
    for trade in detail.trades:
        while holes and trade.time_ms <= holes[0][0]:
            rows.append(_hole(*holes.pop(0)))
        rows.append(_print(trade, decimals, marked=enough, dimmed=dimmed))
    return tuple(rows)


@lru_cache(maxsize=2_048)
def _print(trade: TradeView, decimals: int, *, marked: bool, dimmed: bool) -> Row:
    role: Role = "up" if trade.side > 0 else "down"
    large = marked and trade.percentile >= LARGE_PERCENTILE
    cells = (
        Cell(shown.clock(trade.time_ms), "muted", shown.moment(trade.time_ms)),
        Cell("▲ buy" if trade.side > 0 else "▼ sell", role),
        Cell(shown.price(trade.price, decimals), role),
        Cell(shown.amount(trade.size), "accent" if large else "text"),
        Cell(f"{trade.percentile:.0f}", "accent" if large else "muted"),
        Cell("LARGE" if large else "", "accent"),
    )
    values = (trade.time_ms, "buy" if trade.side > 0 else "sell", trade.price, trade.size, trade.percentile, large)
    return Row(f"{trade.time_ms} {trade.trade_id} {trade.price} {trade.size}", cells, dimmed, values=values)


def _hole(from_ms: int, to_ms: int) -> Row:
    text = f"{(to_ms - from_ms) / 1000:.1f}s"
    cells = (Cell(shown.clock(to_ms), "warning"), Cell("? gap", "warning"), Cell(f"lost {text}", "warning"))
    return Row(f"hole {from_ms}", (*cells, Cell(""), Cell(""), Cell("gap", "warning")), name="gap")


def _level(level: LevelView, decimals: int, largest: float, side: int, *, dimmed: bool) -> Row:
    role: Role = "down" if side > 0 else "up"
    bar = _BAR * max(1, round(_BAR_CELLS * level.size / largest)) if largest > 0 else ""
    cells = (
        Cell(bar if side < 0 else "", role),
        Cell(shown.amount(level.size)),
        Cell(shown.price(level.price, decimals), role),
        Cell(str(level.orders), "muted"),
        Cell(bar if side > 0 else "", role),
    )
    depths = (None, level.size) if side > 0 else (level.size, None)
    values = (depths[0], level.size, level.price, level.orders, depths[1])
    name = f"{'ask' if side > 0 else 'bid'} {shown.price(level.price, decimals)}"
    return Row(f"{side} {level.price}", cells, dimmed, values=values, name=name)


def _spread(bid: LevelView, ask: LevelView, decimals: int) -> Row:
    width = ask.price - bid.price
    share = shown.basis_points(2e4 * width / (ask.price + bid.price))
    cells = (Cell(""), Cell("spread", "muted"), Cell(shown.price(width, decimals), "muted"), Cell(""))
    return Row("spread", (*cells, Cell(f"{share} bp", "muted")), values=(None, None, width, None, None), name="spread")


def _ladder_title(detail: MarketDetail, view: DeckView, levels: int, width: int) -> str:
    """Lean and age; the age of the levels beyond those of a fast book too, where any of them is shown."""
    if detail.book_age_ms is None:
        return "Book"
    lean, age = _lean(detail), shown.age(detail.book_age_ms + view.lag_ms)
    title = f"Book · {lean} · {age}"
    if len(title) > width - _BESIDE_TITLE:
        title = f"Book · {lean.partition(' over ')[0]} · {age}"
    if detail.deep_age_ms is None or levels <= detail.near_levels:
        return title
    return f"{title} · levels {detail.near_levels + 1}+ {shown.age(detail.deep_age_ms + view.lag_ms)}"


def _lean(detail: MarketDetail) -> str:
    """Which side is heavier, by (bids − asks) / (bids + asks), and over how many levels of each."""
    if detail.imbalance is None:
        sides = bool(detail.bids) + bool(detail.asks)
        return ("empty", "one side only", "passed by the quote")[sides]
    levels = f"{detail.imbalance_levels} level{'' if detail.imbalance_levels == 1 else 's'}"
    # What rounds to zero has no sign.
    return (
        f"imbalance {round(detail.imbalance, 2) + 0.0:{'+' if abs(detail.imbalance) >= _EVEN else ''}.2f} over {levels}"
    )
