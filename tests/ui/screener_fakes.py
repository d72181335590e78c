"""The screener as an engine would tell of it: a day of candidates, what the strategy holds, and one bar."""

import math
from typing import Any

import msgspec
from deck_fakes import DEMO, WALL_MS, snapshot

from app.engine.protocol import Snapshot
from app.engine.protocol_detail import CandleView
from app.engine.protocol_screen import (
    BacktestRecord,
    BarDetail,
    CandidateRow,
    CheckView,
    CoinRow,
    PositionRow,
    ResearchView,
    ScreenerView,
    SweepResult,
    SweepView,
    SweptTrial,
    WalkedForward,
)

HOUR_MS = 3_600_000
LAST_BAR_MS = WALL_MS - WALL_MS % HOUR_MS - HOUR_MS
RULES = (
    "Screen: score ≥ 0.75 and one of sma_20_cross, sma_50_cross, atr_regime, volume_spike, session_break; "
    "volatility is high from 80% of its last 100, volume spikes beyond 2 σ ([batch_mode]).",
    "Entry: mode confirm, confidence ≥ 0.4, 2 of 3 trends; weights 0.3 0.25 0.15 0.3 ([fusion]).",
    "Exit: stop 2 ATR or a swing, 50% at 1 R, trail 2.5 ATR, at most 72 bars ([strategy]).",
    "Costs: fee 4.5 bp and slippage 1 bp a fill, funding 1 bp in 8 h. Hourly bars; nothing is sent anywhere.",
)
REASONS = (
    "close crossed above SMA 20", "volume spike (3.1x its mean)",
    "close crossed below SMA 50; volume spike (2.4x its mean)",
    "ATR regime changed (above 84% of its last 100)",
)  # fmt: skip


def candidate(number: int, **changes: Any) -> CandidateRow:
    """A candidate some hours ago."""
    coin = ("BTC", "ETH", "SOL", "HYPE", "DOGE")[number % 5]
    side = -1 if number % 3 == 2 else 1
    row = CandidateRow(
        coin=coin,
        bar_ms=LAST_BAR_MS - number * HOUR_MS,
        side=side,
        score=0.94 - 0.017 * number,
        reason=REASONS[number % 4],
        close=(67_123.5, 3_412.25, 148.31, 31.07, 0.12345)[number % 5],
        decimals=5 if coin == "DOGE" else 2,
        fusion=side * (0.44 - 0.05 * number),
        entry=0,
        why_not=f"confidence of fusion {abs(0.44 - 0.05 * number):.3f}, needs ≥ 0.4",
    )
    return msgspec.structs.replace(row, **changes)


CANDIDATES = (candidate(0, entry=1, why_not=""), *(candidate(number) for number in range(1, 9)))
POSITIONS = (
    PositionRow(coin="BTC", side=1, state="next open", decided_ms=LAST_BAR_MS),
    PositionRow(
        coin="SOL", side=-1, state="open", decided_ms=LAST_BAR_MS - 9 * HOUR_MS, opened_ms=LAST_BAR_MS - 8 * HOUR_MS,
        entry=150.12, stop=153.4, price=148.31, result_bps=120.6,
    ),
    PositionRow(
        coin="ETH", side=1, state="ended", decided_ms=LAST_BAR_MS - 80 * HOUR_MS,
        opened_ms=LAST_BAR_MS - 79 * HOUR_MS, closed_ms=LAST_BAR_MS - 40 * HOUR_MS, entry=3_300.0, stop=3_240.0,
        price=3_391.5, result_usd=141.2, result_bps=268.1, reason="stop",
    ),
    PositionRow(
        coin="DOGE", side=1, state="ended", decided_ms=LAST_BAR_MS - 200 * HOUR_MS,
        opened_ms=LAST_BAR_MS - 199 * HOUR_MS, closed_ms=LAST_BAR_MS - 190 * HOUR_MS, entry=0.125, stop=0.123,
        price=0.123, decimals=5, result_usd=-103.7, result_bps=-171.0, reason="stop",
    ),
)  # fmt: skip


def coin_row(coin: str, **changes: Any) -> CoinRow:
    """A coin that is well."""
    row = CoinRow(
        coin=coin, bars=721, waiting=0, missing=0, newest_ms=LAST_BAR_MS, score=0.61, fusion=0.18, candidates=2, held=0,
        trades=0, won=0, result_usd=0.0, equity_usd=10_000.0, trouble="",
    )  # fmt: skip
    return msgspec.structs.replace(row, **changes)


COIN_ROWS = (
    coin_row("BTC"),
    coin_row("ETH", held=0, fusion=-0.22, trades=1, won=1, result_usd=141.2, equity_usd=10_141.2),
    coin_row("SOL", held=-1),
    coin_row("HYPE", score=None, bars=300, trouble="not enough history: 300 hours, and the score needs 480; known in "
             "about 8 days of running"),
    coin_row("DOGE", missing=3, trades=1, result_usd=-103.7, equity_usd=9_896.3,
             trouble="3 of 723 hours are missing: features go on over the gap as if there were "
             "none; a restart asks for all of them again"),
    coin_row("XRP", bars=0, newest_ms=None, score=None, fusion=None, candidates=0, trades=0, won=0, equity_usd=None,
             awaits="its last 30 days are asked for"),
)  # fmt: skip


def bar_detail(**changes: Any) -> BarDetail:
    """The newest candidate opened up."""
    candles = tuple(
        CandleView(
            LAST_BAR_MS - (119 - n) * HOUR_MS, 66_000 + 9 * n, 66_180 + 9 * n, 65_900 + 9 * n,
            66_050 + 9 * n + 80 * math.sin(n), 120.0,
        )
        for n in range(120)
    )  # fmt: skip
    full = BarDetail(
        coin="BTC",
        bar_ms=LAST_BAR_MS,
        candles=candles,
        passed=True,
        side=1,
        reason=REASONS[0],
        features=(("SMA 20", 67_010.2), ("SMA 50", 66_801.9), ("RSI 14", 61.2), ("ATR 14", 310.5), ("ATR rank", 0.41),
                  ("ADX 14 of 4 h", 31.0), ("trend of days", 1.0), ("score", 0.94), ("MACD", None)),
        domains=(("structure", 0.6, "× 0.3 = +0.180"), ("liquidity", 0.0, "× 0.25 = +0.000"),
                 ("blocks", 0.5, "× 0.15 = +0.075"), ("momentum", 0.62, "× 0.3 = +0.186"),
                 ("fusion", 0.441, "their weighted sum")),
        screen=(
            CheckView("a sentinel struck", "yes", "one of 5", True),
            CheckView("close crosses SMA 20", "close 67,123.50, SMA 67,010.20: struck", "the other side than before",
                      True),
            CheckView("volume spikes", "1,204.00: not", "> 1,411.30, its mean of 20 + 2 σ", None),
            CheckView("score", "0.940 = ADX 0.186 + RSI 0.156 + trends 0.300 + calm 0.2", "≥ 0.75", True),
            CheckView("side of most trends", "long", "long or short", True),
        ),
        entry_checks=(
            CheckView("candidate", "yes", "yes", True),
            CheckView("position at the close", "none", "none", True),
            CheckView("confidence of fusion", "0.441", "≥ 0.4", True),
            CheckView("side of fusion", "long", "long, mode confirm", True),
            CheckView("trends on its side", "3 of 3: bars up, 4 h up, days up", "≥ 2", True),
            CheckView("ATR of the price", "0.463 %", "≤ 5 %", True),
            CheckView("volatility index", "not known", "no limit", None),
        ),
        entry=1,
        position=POSITIONS[0],
    )  # fmt: skip
    return msgspec.structs.replace(full, **changes)


BACKTEST = BacktestRecord(
    made_ms=WALL_MS - 5_400_000,
    title="ETHUSDT_1h.parquet, 1h, 2025-06-15T00:00:00Z to 2025-09-30T23:00:00Z: 2,592 bars",
    compared=(
        ("return", "+7.80%", "+58.84%"),
        ("Sharpe ratio of a year, ± 1 standard error", "2.58 ± 1.84", "2.82 ± 1.84"),
        ("maximum drawdown", "4.03%", "23.41%"),
    ),
    lines=(
        "10 trades, 5 won (50%); they made +848.86 USD before 57.16 of fees and 12.03 of funding; slippage is in the "
        "prices.",
        "A trade made +109.78 bp of its notional (too few for an interval) in the mean.",
    ),
    assumptions=("Every fill pays 4.5 bp of fees and is 1 bp worse than its price.",),
    settings="mode confirm, threshold 0.4, minimum score 0.75",
)
RESEARCH = ResearchView(backtest=BACKTEST, backtest_age_s=5_400, source_words="--source demo --set demo.seed=7")
ARGUMENTS = (
    "--asset ETH --source demo --set demo.seed=7 --grid fusion.entry_threshold_confidence=.20,.30,.40,.50 --folds 4"
)
RUNNING_SWEEP = SweepView(arguments=ARGUMENTS, state="running", done=6, total=16, elapsed_s=30.0, left_s=50.0)
STOPPED_SWEEP = SweepView(
    arguments=ARGUMENTS, state="stopped", done=6, total=16,
    message="Interrupted: 6 of 16 runs are done and kept; the same command goes on.",
)  # fmt: skip
FAILED_SWEEP = SweepView(arguments=ARGUMENTS, state="failed", message="the venue tells no hours of ETH; check its name")
DONE_SWEEP = SweepView(
    arguments=ARGUMENTS, state="done", done=16, total=16,
    result=SweepResult(
        runs=16, known_before=6, markets=("ETH, DEMO, simulated, seed 7",), folds=4, days=31,
        trials=tuple(
            SweptTrial(number=n + 1, values={"fusion.entry_threshold_confidence": 0.2 + 0.1 * n}, sharpe=1.1 - 0.6 * n,
                       total_return=0.021 - 0.012 * n, maximum_drawdown=0.03, trades=8 - 2 * n, won=4 - n)
            for n in range(4)
        ),
        doubts=("4 different accounts came of what was tried over these bars.",
                "The best has a Sharpe ratio of 1.10; luck alone would give the best of so many 1.31."),
        walk_forward=WalkedForward(-0.4, -0.0061),
    ),
)  # fmt: skip


def screener(**changes: Any) -> ScreenerView:
    """A screener that has looked at everything."""
    full = ScreenerView(
        rules=RULES, research=RESEARCH, candidates=CANDIDATES, positions=POSITIONS, coins=COIN_ROWS,
        waiting_for="The past 30 days of 1 of 6 coins are on their way, some coins a minute: the venue's request "
        "budget is shared",
    )  # fmt: skip
    return msgspec.structs.replace(full, **changes)


NOTHING_YET = ScreenerView(
    rules=RULES,
    waiting_for="The past 30 days of 30 of 30 coins are on their way, some coins a minute: the venue's request "
    "budget is shared",
)


def screened(view: ScreenerView | None = None, **changes: Any) -> Snapshot:
    """A demo's snapshot of a deck that has the Screener open."""
    return snapshot(source=DEMO, screener=view or screener(), **changes)
