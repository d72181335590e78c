"""New tokens and the health of their model, for panels."""

from typing import Any

import msgspec
from deck_fakes import WALL_MS, snapshot

from app.engine.inference_health import InferenceHealth
from app.engine.protocol import Snapshot
from app.engine.protocol_tokens import TokenRow, TokensView

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


def tokens(**changes: Any) -> TokensView:
    told = TokensView(
        rows=(token(), APPROVED, UNKNOWN), mode="ML", waiting=12, watched=66, judged=240, held_back=31,
        passed_over={"no trades": 56}, ended={"drained": 2}, padded_pct=64.0, model=HEALTH,
    )  # fmt: skip
    return msgspec.structs.replace(told, **changes)


def judging(view: TokensView | None = None, **changes: Any) -> Snapshot:
    """A snapshot of an engine that looks for tokens."""
    return msgspec.structs.replace(snapshot(**changes), wall_ms=AT_MS, tokens=view or tokens())
