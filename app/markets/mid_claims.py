"""Claims about where a market's mid will be: what every claimant on a market files."""

from decimal import Decimal

import msgspec

from app.config.settings import CostsSettings
from app.core.calls import Call, CostModel


class MarketFacts(msgspec.Struct, frozen=True, gc=False):
    """The market at `at_ms`, when the claim can first be acted on; `newest_ms` is the time of its newest data."""

    at_ms: int
    bid: float
    ask: float
    newest_ms: int


class MidClaim(msgspec.Struct, frozen=True, kw_only=True):
    """That the mid will be beyond today's in `direction` (+1, −1) after `horizon_s`, with a probability of 0-1."""

    claimant: str
    version: str
    kind: str
    probability: float
    direction: int
    horizon_s: int
    made_at_ms: int
    baseline_id: str = ""


def mid_call(claim: MidClaim, coin: str, facts: MarketFacts, costs: CostsSettings, source: str, sequence: int) -> Call:
    """The claim as a call. `source` is live, demo or tape; `sequence` the number of the input that triggered it."""
    mid = (facts.bid + facts.ask) / 2
    side = "above" if claim.direction > 0 else "below"
    return Call(
        source=source,
        claimant=claim.claimant,
        claimant_version=claim.version,
        kind=claim.kind,
        subject=coin,
        claim=f"mid of {coin} at +{claim.horizon_s} s {side} {_plain(mid)}",
        probability=claim.probability,
        direction=claim.direction,
        made_at_ms=claim.made_at_ms,
        available_at_ms=facts.at_ms,
        input_age_ms=facts.at_ms - facts.newest_ms,
        reference_kind="mid",
        reference_price=mid,
        bid=facts.bid,
        ask=facts.ask,
        horizon_s=claim.horizon_s,
        cost=CostModel(taker_fee_bps=costs.taker_fee_bps, slippage_bps=costs.slippage_bps),
        baseline_id=claim.baseline_id,
        evidence=sequence,
    )


def _plain(price: float) -> str:
    """Fifteen significant digits hold every price the venue knows and drop the noise of halving a sum of floats."""
    return f"{Decimal(f'{price:.15g}'):f}"
