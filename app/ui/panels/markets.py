"""The Markets panel: one row a coin. Pure: a view of the deck in, a table's view out."""

from collections.abc import Sequence
from functools import cache

import msgspec

from app.core.text import clean
from app.engine.protocol import MarketRow, MetricSource, ScalperView
from app.ui import format as shown
from app.ui.panels.metrics import FRESHNESS_RANKS, Metrics, by_cell, metric_cells, metrics_of, signed_momentum
from app.ui.panels.signals import NO_SIGNALS, SIGNAL_COLUMNS, Signals, signal_cells, signal_values, signals_of
from app.ui.state import DeckView
from app.ui.theme import Role
from app.ui.widgets.columns import Cell, Column, Row, TableView, Value


@cache
def market_columns(metric_source: MetricSource) -> tuple[Column, ...]:
    """The columns; those of the metrics stand under the name of what made them, and under AI tell row by row."""
    # A row without a read shows the rules' metrics there: the head must not call them the AI's.
    source = "RULES" if metric_source == "rules" else "AI/RULES"
    by = (Column("by", 8, "left", priority=5, group=source, words="metrics by"),) if metric_source == "ai" else ()
    return (
        Column("coin", 9, "left"),
        Column("price", 10, flashes=True),
        Column("bid", 10, priority=16, flashes=True),
        Column("ask", 10, priority=17, flashes=True),
        Column("1m", 8, priority=6, words="change 1m"),
        Column("1h", 8, priority=3, words="change 1h"),
        Column("24h", 8, priority=2, words="change 24h"),
        Column("last hour", 20, "left", priority=15),
        *by,
        Column("mom", 4, priority=4, group=source, words="momentum"),
        Column("press", 5, priority=5, group=source, words="pressure"),
        Column("cont", 4, priority=7, group=source, words="continuation"),
        Column("freshness", 10, "left", priority=11, group=source, ranked=True),
        *SIGNAL_COLUMNS,
        Column("sprd bp", 7, priority=9, words="spread bp"),
        Column("fund %/h", 8, priority=10, words="funding %/h"),
        Column("OI $", 6, priority=14, words="open interest $"),
        Column("vol 24h", 7, priority=13, words="volume 24h $"),
        Column("age", 10, priority=1),
    )


def markets_view(view: DeckView) -> TableView:
    """The Markets panel of a deck."""
    snapshot = view.shown
    if snapshot is None:
        return TableView("Markets", market_columns("rules"), (), waiting_sentence(view))
    markets = [as_of_now(market, view) for market in snapshot.markets]
    signals = signals_of(view)
    rows = tuple(market_row(market, snapshot.metric_source, signals) for market in markets)
    title = f"Markets {len(rows)} · metrics {snapshot.metric_source.upper()}{_first_minute(markets)}"
    empty = snapshot.waiting_for or "No markets yet; the engine has not said what it waits for."
    return TableView(title, market_columns(snapshot.metric_source), rows, empty)


def _first_minute(markets: Sequence[MarketRow]) -> str:
    """What the columns wait for that need a whole minute of prices, as long as no market has one."""
    seconds = min((market.minute_in_s for market in markets), default=0)
    if not seconds:
        return ""
    # After a hole the price of a minute ago may be known, though not every second since.
    missing = "momentum" if any(market.change_1m is not None for market in markets) else "1m and momentum"
    return f" · {missing} in {seconds} s"


def waiting_sentence(view: DeckView) -> str:
    """What a panel says before the first snapshot."""
    if view.connection == "failed":
        return f"No connection to the engine: {clean(view.reason, 300).rstrip('.')}. Press {view.quit_key} to leave."
    if view.connection == "ended":
        return f"The engine ended before it sent anything. Press {view.quit_key} to leave."
    if view.connection == "connected":
        return "Connected; waiting for the engine's first snapshot…"
    return "connecting to the engine…"


def as_of_now(market: MarketRow, view: DeckView) -> MarketRow:
    """A coin with the ages it has by now; one that nobody vouches for any more is stale and has no metrics.

    Where nothing comes any more, nothing is to be waited for.
    """
    playback = view.shown.playback if view.shown is not None else None
    if market.minute_in_s and (view.outdated or (playback is not None and playback.ended)):
        market = msgspec.structs.replace(market, minute_in_s=0)
    if not view.lag_ms and not view.outdated:
        return market
    age_ms = None if market.age_ms is None else market.age_ms + view.lag_ms
    aged = msgspec.structs.replace(market, age_ms=age_ms, scalper=_aged(market.scalper, view.lag_ms))
    return msgspec.structs.replace(aged, stale=True, rules=None) if view.outdated else aged


def _aged(scalper: ScalperView | None, lag_ms: int) -> ScalperView | None:
    if scalper is None or scalper.ai is None:
        return scalper
    return msgspec.structs.replace(scalper, ai=msgspec.structs.replace(scalper.ai, age_ms=scalper.ai.age_ms + lag_ms))


def market_row(market: MarketRow, metric_source: MetricSource = "rules", signals: Signals = NO_SIGNALS) -> Row:
    """One coin as a row, with the metrics of a source and the traders' signal where it has any.

    It is dimmed when its data is stale.
    """
    metrics = metrics_of(market, metric_source)
    funding = shown.hourly_rate(market.funding)
    coin = clean(market.coin, 24)
    cells = (
        Cell(f"★{coin}", "accent", coin) if market.favourite else Cell(f" {coin}"),
        *(Cell(shown.price(price, market.price_decimals)) for price in (market.price, market.bid, market.ask)),
        _minute_change(market),
        _change(market.change_1h),
        _change(market.change_24h),
        _trend(market),
        *((by_cell(metrics),) if metric_source == "ai" else ()),
        *metric_cells(metrics, _why_no_metrics(market)),
        *signal_cells(market.coin, signals),
        Cell(shown.basis_points(market.spread_bps)),
        Cell(funding, "down" if funding.startswith("-") else "text"),
        Cell(shown.compact(market.open_interest_usd)),
        Cell(shown.compact(market.day_volume_usd)),
        _age(market),
    )
    return Row(market.coin, cells, market.stale, market.favourite, _values(market, metrics, metric_source, signals))


def _values(
    market: MarketRow, metrics: Metrics | None, metric_source: MetricSource, signals: Signals
) -> tuple[Value, ...]:
    """What the row is sorted and asked by, in the units shown."""
    return (
        market.coin,
        market.price,
        market.bid,
        market.ask,
        _percent(market.change_1m),
        _percent(market.change_1h),
        _percent(market.change_24h),
        _percent(_trend_change(market)),
        *((metrics.by if metrics is not None else None,) if metric_source == "ai" else ()),
        *_metric_values(metrics),
        *signal_values(market.coin, signals),
        market.spread_bps,
        _percent(market.funding),
        market.open_interest_usd,
        market.day_volume_usd,
        None if market.age_ms is None else market.age_ms / 1_000,
    )


def _metric_values(metrics: Metrics | None) -> tuple[Value, ...]:
    if metrics is None:
        return (None, None, None, None)
    return (
        signed_momentum(metrics.momentum, metrics.direction),
        metrics.pressure,
        metrics.continuation,
        FRESHNESS_RANKS.get(metrics.freshness),
    )


def _trend(market: MarketRow) -> Cell:
    """The last hour as bars between its lowest and its highest price."""
    change = _trend_change(market)
    role: Role = "muted" if not change else "up" if change > 0 else "down"
    return Cell(shown.sparkline(market.trend), role, shown.change(change))


def _trend_change(market: MarketRow) -> float | None:
    known = [price for price in market.trend if price is not None]
    return known[-1] / known[0] - 1 if len(known) > 1 and known[0] > 0 else None


def _percent(fraction: float | None) -> float | None:
    return None if fraction is None else fraction * 100


def _change(fraction: float | None) -> Cell:
    text = shown.change(fraction)
    role: Role = "up" if text[0] == shown.UP else "down" if text[0] == shown.DOWN else "muted"
    return Cell(text, role)


def _minute_change(market: MarketRow) -> Cell:
    """The change over a minute; before a whole one is known, in how many seconds it will be."""
    # A minute candle's close is a minute old for an instant alone: shown then, it would come and go.
    if market.change_1m is None and market.minute_in_s and not market.stale and not market.hole:
        return Cell(f"in {market.minute_in_s}s", "muted", shown.DASH)
    return _change(market.change_1m)


def _why_no_metrics(market: MarketRow) -> str:
    return "gap" if market.hole else "off" if market.stale else shown.DASH


def _age(market: MarketRow) -> Cell:
    age = shown.age(market.age_ms)
    if market.stale:
        return Cell(f"stale {age}", "stale")
    return Cell(f"gap {age}", "warning") if market.hole else Cell(age, "muted")
