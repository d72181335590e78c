"""Turns a rules read into a claim that can be graded."""

import hashlib
from decimal import Decimal

import msgspec

from app.config.settings import RulesSettings
from app.core.calls import Call, CostModel
from app.core.events import RulesRead
from app.markets.rules import RULES_VERSION


class MarketFacts(msgspec.Struct, frozen=True, gc=False):
    """The market at `at_ms`, when the claim can first be acted on; `newest_ms` is the time of its newest data."""

    at_ms: int
    bid: float
    ask: float
    newest_ms: int


def rules_version(settings: RulesSettings) -> str:
    """Twelve hexadecimal digits that change with the rules' formulas or their settings."""
    return hashlib.sha256(b"%d " % RULES_VERSION + msgspec.json.encode(settings)).hexdigest()[:12]


def rules_call(
    read: RulesRead, facts: MarketFacts | None, settings: RulesSettings, source: str, sequence: int
) -> Call | None:
    """The continuation claim of a read as a call; None where the rules claim nothing or the market is not known.

    `source` is live, demo or tape; `sequence` the number of the input that triggered the read.
    """
    if read.continuation is None or not read.direction or facts is None:
        return None
    mid = (facts.bid + facts.ask) / 2
    side = "above" if read.direction > 0 else "below"
    return Call(
        source=source,
        claimant="rules",
        claimant_version=rules_version(settings),
        kind="continuation",
        subject=read.coin,
        claim=f"mid of {read.coin} at +{settings.horizon_s} s {side} {_plain(mid)}",
        probability=read.continuation / 100,
        direction=read.direction,
        made_at_ms=read.at_ms,
        available_at_ms=facts.at_ms,
        input_age_ms=facts.at_ms - facts.newest_ms,
        reference_kind="mid",
        reference_price=mid,
        bid=facts.bid,
        ask=facts.ask,
        horizon_s=settings.horizon_s,
        cost=CostModel(taker_fee_bps=settings.taker_fee_bps, slippage_bps=settings.slippage_bps),
        evidence=sequence,
    )


def _plain(price: float) -> str:
    """Fifteen significant digits hold every price the venue knows and drop the noise of halving a sum of floats."""
    return f"{Decimal(f'{price:.15g}'):f}"
