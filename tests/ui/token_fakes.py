"""New tokens and the health of their model, for panels."""

import math
from typing import Any

import msgspec
from deck_fakes import WALL_MS, snapshot

from app.engine.inference_health import InferenceHealth
from app.engine.protocol import Snapshot
from app.engine.protocol_detail import CandleView
from app.engine.protocol_token_detail import (
    TokenAttributions,
    TokenDetail,
    TokenEffect,
    TokenFeature,
    TokenWorking,
)
from app.engine.protocol_tokens import FeatureDriftRow, HeadScoreRow, ModelTrust, TokenRow, TokensView

AT_MS = WALL_MS
MINT = "6Mix12LiHrQFojaQEnfPUC65Qkwd6X4Y5Qg93oFbordr"
HEALTH = InferenceHealth(
    mode="ML", mode_reason="", version="simulated-1", origin="SIMULATED", made_at_s=AT_MS // 1_000 - 3 * 86_400,
    workers=3, workers_wanted=3, restarts=1, uptime_pct=99.95, latency_ms_p50=1.2, latency_ms_p95=3.4,
    latency_ms_p99=9.87, answers=120, answers_per_min=16, cancelled=0, waiting=0, errors={}, error_pct=0.0,
    prediction_hit_pct=71.4, reloads=0, refused=0, refused_reason="",
)  # fmt: skip
DOWN = msgspec.structs.replace(HEALTH, mode="STRATEGY-ONLY", mode_reason="workers were lost 4 times", workers=0)


def token(**changes: Any) -> TokenRow:
    told = TokenRow(
        mint=MINT, name="DRIP / SOL", exchange="raydium", at_ms=AT_MS - 42_000, age_s=5_400, candles=18,
        ruling="REJECTED", reasons=("rug 0.440 is above 0.3", "combined 0.512 is below 0.65"), mode="ML",
        mode_reason="", p_rise=0.712, gain_pct=8.94, p_rug=0.44, strategy=0.5, combined=0.6272, size=0.0,
        price=0.0000206751, liquidity_usd=21_095.39, holders=12, seen=("EMA 12 turned up",),
        arithmetic="0.6 × 0.712 + 0.4 × 0.500 = 0.627", version="simulated-1",
    )  # fmt: skip
    return msgspec.structs.replace(told, **changes)


APPROVED = token(
    mint="9" + MINT[1:],
    name="YAK / SOL",
    ruling="APPROVED",
    reasons=(),
    p_rise=0.83,
    p_rug=0.02,
    combined=0.7,
    size=0.85,
)
UNKNOWN = token(
    mint="8" + MINT[1:], name="", ruling="NOT JUDGED", reasons=("2 candles; 12 are needed",), mode="STRATEGY-ONLY",
    p_rise=None, p_rug=None, gain_pct=None, combined=None, price=None, liquidity_usd=None, holders=None, seen=(),
    arithmetic="",
)  # fmt: skip


TRUST = ModelTrust(
    version="simulated-1", rows=944, tokens=111,
    drift=(
        FeatureDriftRow("turnover", 3.3, "drifted", 0.7, 1.0),
        FeatureDriftRow("empty_slots", 0.18, "moved", 1.0, 1.0),
        FeatureDriftRow("holders", 0.12, "within chance", 0.71, 0.7),
        FeatureDriftRow("liquidity_usd", 0.04, "steady", 0.99, 1.0),
    ),
    scores=(
        HeadScoreRow("P(rise)", 173, 0.1392, 0.2499, 0.0691, 0.1229, 0.0125),
        HeadScoreRow("P(rug)", 4, 0.2, 0.19, 0.3, 0.1113, 0.0144),
    ),
    least_tokens=30, least_outcomes=30,
)  # fmt: skip


def tokens(**changes: Any) -> TokensView:
    told = TokensView(
        rows=(token(), APPROVED, UNKNOWN), mode="ML", waiting=12, watched=66, judged=240, held_back=31,
        passed_over={"no trades": 56}, ended={"drained": 2}, padded_pct=64.0, model=HEALTH,
        trust=TRUST, labelled=610, unlabelled=1_276, unknown={"candles could not be had": 3},
    )  # fmt: skip
    return msgspec.structs.replace(told, **changes)


def judging(view: TokensView | None = None, **changes: Any) -> Snapshot:
    """A snapshot of an engine that looks for tokens."""
    return msgspec.structs.replace(snapshot(**changes), wall_ms=AT_MS, tokens=view or tokens())


def feature(name: str, group: str, value: float | None, told: float | None = None) -> TokenFeature:
    return TokenFeature(name, group, value is not None, value or 0.0, told, f"how {name} is reckoned")


FEATURES = (
    feature("liquidity_usd", "context", 9.9569, 21_095.39),
    feature("market_cap_usd", "context", None),
    feature("holders", "context", 2.5649, 12.0),
    feature("age_s", "context", 8.5942, 5_400.0),
    feature("volume_24h_usd", "context", 10.3, 29_700.0),
    feature("trades_1h", "context", 3.5835, 35.0),
    feature("turnover", "context", 0.8778, 1.4079),
    feature("rsi_14", "indicators", 0.12),
    *(feature(name, "indicators", None) for name in ("macd_line", "macd_signal", "macd_histogram")),
    feature("ema_12", "indicators", -0.031),
    *(feature(name, "indicators", None) for name in ("ema_26", "bollinger_width")),
    feature("candles", "window", 0.18, 18.0),
    feature("candles_1h", "window", 1.0, 12.0),
    feature("highest", "window", 0.21),
    feature("lowest", "window", -0.4),
    feature("mean_close", "window", -0.08),
    feature("deviation", "window", 0.113),
    feature("mean_body", "window", 0.04),
    feature("mean_range", "window", 0.071),
    feature("volume_1h", "window", 0.62),
)
EFFECTS = (
    TokenEffect("chart", "", (0.31, 4.1, 0.02)),
    TokenEffect("context", "", (0.084, 1.25, 0.15)),
    TokenEffect("indicators", "", (-0.01, 0.1, 0.0)),
    TokenEffect("prices", "chart", (0.05, 1.0, -0.04)),
    TokenEffect("volumes", "chart", (0.011, 0.2, 0.0)),
    TokenEffect("older candles", "chart", (0.22, 3.0, 0.07)),
    TokenEffect("liquidity_usd", "context", (0.002, 0.0, 0.12)),
    TokenEffect("market_cap_usd", "context", None),
    *(TokenEffect(name, "context", (0.01, 0.1, 0.01)) for name in ("holders", "age_s", "volume_24h_usd")),
    *(TokenEffect(name, "context", (0.001, 0.1, -0.01)) for name in ("trades_1h", "turnover")),
    TokenEffect("rsi_14", "indicators", (-0.01, 0.1, 0.0)),
    *(TokenEffect(name, "indicators", None) for name in ("macd_line", "macd_signal", "macd_histogram")),
    TokenEffect("ema_12", "indicators", (0.0, 0.0, 0.0)),
    *(TokenEffect(name, "indicators", None) for name in ("ema_26", "bollinger_width")),
)
APART = TokenAttributions(
    "simulated-1", whole=(0.712, 8.94, 0.44), nothing=(0.3, 3.2, 0.25), beyond=(0.028, 0.29, 0.02), effects=EFFECTS
)
WORKINGS = (
    TokenWorking("patterns", "0.5: no opinion, nothing seen"),
    TokenWorking("reversal", "0.5: no opinion, EMA 12 turned up"),
    TokenWorking("strategies", "(0.5 + 0.5) / 2 = 0.5"),
    TokenWorking("combined", "0.6 × 0.712 + 0.4 × 0.5 = 0.6272"),
    TokenWorking("candles", "18 ≥ 12", True),
    TokenWorking("p(rug)", "0.44 > 0.3", False),
    TokenWorking("p(rise)", "0.712 ≥ 0.7", True),
    TokenWorking("combined", "0.6272 < 0.65", False),
    TokenWorking("size", "0: REJECTED"),
)


def token_candles(count: int = 18) -> tuple[CandleView, ...]:
    """Candles that end with the slot before the verdict, one slot in five without one."""
    end_ms = (AT_MS - 42_000) // 300_000 * 300_000
    found, price = [], 1.6e-5
    for place in range(count):
        after = price * (1 + 0.06 * math.sin(1 + place))
        low, high = 0.99 * min(price, after), 1.01 * max(price, after)
        open_ms = end_ms - (count - place + (count - place) // 5) * 300_000
        found.append(CandleView(open_ms, price, high, low, after, 120.0 + 40 * (place % 4)))
        price = after
    return tuple(found)


def token_detail(**changes: Any) -> TokenDetail:
    told = TokenDetail(
        row=token(), pool="Po" + MINT[2:], seen_ms=AT_MS - 42_000, interval_ms=300_000, slots=100,
        candles=token_candles(), volumes_missing=0, features=FEATURES, said=(0.712, 8.94, 0.44), workings=WORKINGS,
        attributions=APART,
    )  # fmt: skip
    return msgspec.structs.replace(told, **changes)
