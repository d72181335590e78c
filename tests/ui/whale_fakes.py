"""Followed traders as an engine tells of them: alerts, signals, one alert and one trader opened up."""

from typing import Any

import msgspec
from deck_fakes import DEMO, WALL_MS, snapshot

from app.core.whale_events import AlertRecord, SmartMoneySignal
from app.engine.protocol import Snapshot
from app.engine.protocol_whales import (
    AlertDetail,
    DigestView,
    FillRow,
    PastAlert,
    PositionRow,
    RegimeView,
    SilenceRow,
    TrackerView,
    TraderDetail,
    TraderMoveRow,
    WeightPart,
    WhaleAlertRow,
    WhalesView,
)

HOUR_MS = 3_600_000


def trader(n: int = 1) -> str:
    """The address of the trader number `n`."""
    return f"0x{n:04x}{'fedcba9876543210' * 2}{n * 7:04x}"


def alert(n: int = 1, **changes: Any) -> WhaleAlertRow:
    """A whale of 24 M that opened a long in BTC three minutes ago."""
    row = WhaleAlertRow(
        alert_id=f"alert-{n}",
        kind="whale_move",
        severity="CRITICAL",
        coin="BTC",
        at_ms=WALL_MS - 185_000,
        direction=1,
        text="big fish opened long BTC: 0 → 31.3, $2.1 M at 67,100",
        value_usd=2_100_000.0,
        percentile=99.82,
        price=67_100.0,
        who="big fish",
        traders=(trader(1),),
        tier="≥ $20 M",
        flags=(),
        record=AlertRecord(n=12, hits=7, median_move_bps=9.2),
    )
    return msgspec.structs.replace(row, **changes)


ALERTS = (
    alert(1),
    alert(2, kind="whales_together", severity="HIGH", coin="ETH", at_ms=WALL_MS - 240_000, direction=-1, times=7,
          text="2 whales sold $4.2 M of ETH within 5 min: big fish, 0x0002…000e", value_usd=4_200_000.0, price=3_410.5,
          who="big fish, 0x0002…000e", traders=(trader(1), trader(2)), percentile=97.4, flags=("short record",),
          record=AlertRecord(n=1_204, hits=611, median_move_bps=-0.3)),
    alert(3, kind="whale_bias_flip", severity="MEDIUM", coin="SOL", at_ms=WALL_MS - 600_000, direction=0, tier="",
          text="whales flipped to short in SOL: bias +0.21 → −0.17", value_usd=812_000.0, price=148.0, percentile=None,
          who="", traders=(), record=None),
    alert(4, kind="large_trade", severity="LOW", coin="FARTCOIN", at_ms=WALL_MS - 3_500_000, direction=-1,
          text="somebody sold $610 k of FARTCOIN at 1.12", value_usd=610_000.0, price=1.12, percentile=99.99,
          who="0x0009…003f", traders=(trader(9),), tier="", record=AlertRecord(n=0, hits=0, median_move_bps=None)),
)  # fmt: skip

TRACKER = TrackerView(
    tracked=300,
    fresh=288,
    by_stream=10,
    by_trade=41,
    by_poll=237,
    oldest_s=98.0,
    weight_used=612,
    weight_limit=1_200,
    stream_cap=10,
    leaderboard_age_s=10_800,
    leaderboard_rows=47_012,
    leaderboard_refused=312,
    positions_seen=5_120,
    positions_saved=412,
    trade_coins=176,
    listed_coins=178,
)
STALE_TRACKER = msgspec.structs.replace(TRACKER, fresh=120, oldest_s=1_800.0)
REGIME = RegimeView(coin="BTC", name="calm rise", age_s=7_200, at_least=False, probability=0.82, multiplier=0.9)
UNKNOWN_REGIME = RegimeView(
    coin="BTC", name=None, age_s=None, at_least=False, probability=None, multiplier=1.0, why="no model"
)


def signal(coin: str, **changes: Any) -> SmartMoneySignal:
    """Traders who lean long in a coin."""
    row = SmartMoneySignal(
        coin=coin,
        at_ms=WALL_MS,
        lean="LONG",
        bias=0.43,
        breadth=0.3,
        concentration=0.12,
        effective_traders=14.2,
        confidence=0.81,
        change_1h=0.08,
        long_traders=61,
        short_traders=24,
        stale_traders=12,
        value_usd=412e6,
        plain_lean="LONG",
        plain_bias=0.31,
    )
    return msgspec.structs.replace(row, **changes)


SIGNALS = (
    signal("BTC"),
    signal("ETH", lean="SHORT", bias=-0.27, change_1h=None, long_traders=18, short_traders=44),
    signal("SOL", lean="NEUTRAL", bias=0.001, long_traders=4, short_traders=1_044),
)
SILENCES = (
    SilenceRow("coin", "DOGE", WALL_MS + 1_200_000, 3),
    SilenceRow("kind", "large_trade", None, 9),
)
DIGEST = DigestView(
    from_ms=WALL_MS - 9 * HOUR_MS,
    to_ms=WALL_MS - HOUR_MS,
    held=12,
    alerts=(alert(5, severity="HIGH", coin="HYPE", at_ms=WALL_MS - 3 * HOUR_MS),),
)


def whales(**changes: Any) -> WhalesView:
    """Four alerts, signals in three coins, and 300 traders of whom most are fresh."""
    told = WhalesView(alerts=ALERTS, signals=SIGNALS, tracker=TRACKER, regime=REGIME)
    return msgspec.structs.replace(told, **changes)


NO_ALERTS = whales(
    alerts=(),
    signals=(),
    regime=UNKNOWN_REGIME,
    tracker=msgspec.structs.replace(
        TRACKER, tracked=0, fresh=0, by_stream=0, by_trade=0, by_poll=0, oldest_s=None, weight_used=None,
        stream_cap=None, leaderboard_age_s=None, leaderboard_rows=0, leaderboard_refused=0, positions_seen=0,
        positions_saved=0,
    ),
    waiting_for="The venue's leaderboard is being fetched",
)  # fmt: skip
NO_LEADERBOARD = whales(
    tracker=msgspec.structs.replace(
        STALE_TRACKER, leaderboard_age_s=None, leaderboard_rows=0, leaderboard_refused=0,
        message="No leaderboard: the venue answered 403; it is asked again in 10 min",
    ),
    unsaved="the disk is full; make room and start again",
)  # fmt: skip


def move(n: int = 1, **changes: Any) -> TraderMoveRow:
    """The big fish opened a long in BTC."""
    row = TraderMoveRow(
        trader=trader(n),
        who="big fish" if n == 1 else f"{trader(n)[:6]}…{trader(n)[-4:]}",
        coin="BTC",
        kind="OPEN",
        size_before=0.0,
        size_after=31.3,
        price=67_100.0,
        change_usd=2_100_230.0,
        at_ms=WALL_MS - 185_000,
        learned="trade",
    )
    return msgspec.structs.replace(row, **changes)


def alert_detail(n: int = 1, **changes: Any) -> AlertDetail:
    """The first alert opened up: one move, one more trader, three past alerts."""
    detail = AlertDetail(
        alert=ALERTS[n - 1],
        moves=(move(1),),
        traders=(trader(1), trader(2)),
        past=(
            PastAlert(coin="BTC", at_ms=WALL_MS - 2 * HOUR_MS, direction=1, price=66_900.0, move_15m_bps=4.2,
                      move_1h_bps=21.4, move_4h_bps=None),
            PastAlert(coin="ETH", at_ms=WALL_MS - 9 * HOUR_MS, direction=-1, price=3_399.0, move_15m_bps=3.0,
                      move_1h_bps=-14.1, move_4h_bps=-141.3),
            PastAlert(coin="kPEPE", at_ms=WALL_MS - 30 * HOUR_MS, direction=0, price=0.0098, move_15m_bps=0.0,
                      move_1h_bps=-6.0, move_4h_bps=None),
        ),
    )  # fmt: skip
    return msgspec.structs.replace(detail, **changes)


def position(coin: str = "BTC", **changes: Any) -> PositionRow:
    """31.3 BTC long, a quarter above liquidation."""
    row = PositionRow(
        coin=coin,
        size=31.3,
        value_usd=2_101_000.0,
        entry_price=67_100.0,
        mark_price=67_123.5,
        unrealized_pnl_usd=735.5,
        liquidation_price=50_300.0,
        liquidation_share=0.2506,
        leverage=4.0,
        size_at_last_look=None,
    )
    return msgspec.structs.replace(row, **changes)


def fill(**changes: Any) -> FillRow:
    """A taker's purchase of bitcoin."""
    told = FillRow(
        at_ms=WALL_MS - 200_000, coin="BTC", did="Open Long", side="buy", size=31.3, price=67_100.0, start_size=0.0,
        closed_pnl_usd=0.0, fee_usd=735.1, crossed=True,
    )  # fmt: skip
    return msgspec.structs.replace(told, **changes)


def trader_detail(n: int = 1, **changes: Any) -> TraderDetail:
    """The big fish opened up, who was looked at an hour ago."""
    detail = TraderDetail(
        trader=trader(n),
        name="big fish",
        is_tracked=True,
        flags=("one window",),
        tier="≥ $20 M",
        rank=12,
        score=71.2,
        weight=0.64,
        coverage=0.8,
        parts=(
            WeightPart("performance", 0.46, 0.4, "60% of it is known"),
            WeightPart("sharpe", 0.25, 0.25, "own 1.50, 60 days"),
            WeightPart("win rate", None, 0.10, "not known"),
            WeightPart("size", 1.0, 0.3, "100% of it is known"),
            WeightPart("recency", 0.79, 0.2, "100% of it is known"),
            WeightPart("regime", None, 0.1, "0% of it is known"),
        ),
        equity_usd=24_300_000.0,
        margin_usd=2_100_000.0,
        age_s=12.4,
        learned="trade",
        positions=(
            position(),
            position("ETH", size=-800.0, value_usd=2_729_800.0, entry_price=3_300.0, mark_price=3_412.25,
                     unrealized_pnl_usd=-89_800.0, liquidation_price=3_500.0, liquidation_share=0.0257, leverage=20.0,
                     size_at_last_look=-500.0),
            position("SOL", size=1_000.0, value_usd=148_310.0, entry_price=None, mark_price=None,
                     unrealized_pnl_usd=0.0, liquidation_price=None, liquidation_share=None, leverage=1.0,
                     size_at_last_look=1_000.0),
        ),
        moves=(
            move(1),
            move(1, coin="ETH", kind="ADD", size_before=-500.0, size_after=-800.0, change_usd=-1_020_000.0,
                 price=3_400.0, at_ms=WALL_MS - 1_800_000, learned="poll"),
            move(1, coin="DOGE", kind="CLOSE", size_before=1e6, size_after=0.0, change_usd=-123_000.0, price=0.123,
                 at_ms=WALL_MS - 7_200_000, learned="stream"),
        ),
        fills=(
            fill(),
            fill(at_ms=WALL_MS - 7_200_000, coin="DOGE", did="Close Long", side="sell", size=1e6, price=0.123,
                 start_size=1e6, closed_pnl_usd=-4_100.0, fee_usd=-12.3, crossed=False),
            fill(at_ms=WALL_MS - 9_000_000, coin="SOL", did="Liquidated Cross Long", side="sell", size=2_000.0,
                 price=148.0, start_size=3_000.0, closed_pnl_usd=-51_000.0, fee_usd=0.0, liquidated=True),
        ),
        equity=tuple((WALL_MS - (30 - day) * 86_400_000, 20e6 + day * 150e3 - (day % 6) * 90e3) for day in range(30)),
        last_look_ms=WALL_MS - HOUR_MS,
        alias="big fish",
    )  # fmt: skip
    return msgspec.structs.replace(detail, **changes)


def followed(told: WhalesView | None = None, sequence: int = 1, **changes: Any) -> Snapshot:
    """A demo's snapshot with followed traders."""
    return snapshot(sequence, **{"source": DEMO, "whales": told or whales(), **changes})
