"""Made-up traders for the tests of what is made of them."""

from collections.abc import Iterable
from typing import Any

from hypothesis import strategies as st

from app.config.whale_settings import SmartMoneySettings, TraderWeightsSettings, WhalesSettings
from app.core.events import Side
from app.core.text import clean
from app.core.traders import (
    EquityHistory,
    HistoryPoint,
    RankedTrader,
    TraderFill,
    TraderPosition,
    TraderState,
    Window,
    WindowResult,
)
from app.whales.leaderboard import TraderScore, in_places, scored
from app.whales.round_trips import RoundTrips, TripRecord, in_order
from app.whales.trader_weights import TraderWeight

NOW_MS = 1_790_000_000_000
DAY_MS = 86_400_000
WEIGHTS, SMART_MONEY = TraderWeightsSettings(), SmartMoneySettings()


def address(number: int) -> str:
    return f"0x{number:040x}"


def window(roi: float = 0.0, *, pnl: float | None = None, volume: float = 1e6) -> WindowResult:
    return WindowResult(pnl_usd=1e6 * roi if pnl is None else pnl, roi=roi, volume_usd=volume)


def ranked(number: int = 1, **changes: Any) -> RankedTrader:
    """An account of a million that trades a good deal and wins a little."""
    row = {
        "trader": address(number),
        "name": clean(""),
        "equity_usd": 1e6,
        "day": window(0.001, volume=1e6),
        "week": window(0.01, volume=7e6),
        "month": window(0.05, volume=30e6),
        "all_time": window(0.5, volume=900e6),
    }
    return RankedTrader(**{**row, **changes})


def history(
    pnl: list[float],
    *,
    equity: float = 1e6,
    days: float = 1.0,
    window: Window = "month",
    flows: list[float] | None = None,
) -> EquityHistory:
    """Points `days` apart, the last at NOW_MS: cumulative results on a starting equity, and what was paid in."""
    paid = flows or [0.0] * len(pnl)
    points = tuple(
        HistoryPoint(
            at_ms=NOW_MS - round((len(pnl) - 1 - index) * days * DAY_MS),
            equity_usd=equity + made + sum(paid[: index + 1]),
            pnl_usd=made,
        )
        for index, made in enumerate(pnl)
    )
    return EquityHistory(window=window, points=points, volume_usd=1e6)


def fill(
    start: float, signed: float, *, pnl: float = 0.0, fee: float = 0.0, at_s: int = 0, coin: str = "BTC"
) -> TraderFill:
    """A fill that takes a position from `start` to `start + signed`."""
    return TraderFill(
        trader=address(1),
        coin=coin,
        side=Side.BUY if signed > 0 else Side.SELL,
        price=100.0,
        size=abs(signed),
        at_ms=NOW_MS + at_s * 1_000,
        trade_id=at_s + 1,
        start_size=start,
        closed_pnl_usd=pnl,
        fee_usd=fee,
        crossed=True,
        direction=clean(""),
    )


def position(coin: str, value_usd: float) -> TraderPosition:
    """A position worth so much at a price of 10 USD, short where the value is negative."""
    return TraderPosition(
        coin=coin,
        size=value_usd / 10,
        value_usd=abs(value_usd),
        entry_price=10.0,
        unrealized_pnl_usd=0.0,
        liquidation_price=None,
        leverage=1.0,
        margin_usd=0.0,
    )


def state(number: int, values: dict[str, float], *, equity: float = 1e6, at_ms: int = NOW_MS) -> TraderState:
    return TraderState(
        trader=address(number),
        at_ms=at_ms,
        equity_usd=equity,
        positions_usd=sum(map(abs, values.values())),
        margin_usd=0.0,
        withdrawable_usd=0.0,
        positions=tuple(position(coin, value) for coin, value in sorted(values.items()) if value),
    )


def weight(number: int, vote: float = 0.5, coverage: float = 1.0) -> TraderWeight:
    """A trader of full weight, of which its vote alone counts in signals."""
    return TraderWeight(trader=address(number), total=1.0, vote=vote, coverage=coverage, dimensions=())


COINS = ("BTC", "ETH", "SOL")
BOOKS = st.dictionaries(st.sampled_from(COINS), st.floats(-3e6, 3e6, allow_nan=False), max_size=3)


def ranking(rows: Iterable[RankedTrader], settings: WhalesSettings) -> list[TraderScore]:
    """The scores of rows, in their places."""
    return in_places(scored(row, settings) for row in rows)


def trips_of(fills: Iterable[TraderFill]) -> TripRecord:
    """The record of fills in any order, each of which is there once."""
    trips = RoundTrips()
    for one in in_order(fills):
        trips.add(one)
    return trips.record
