"""Turns a rules read into a claim that can be graded."""

import hashlib

import msgspec

from app.config.settings import CostsSettings, RulesSettings
from app.core.calls import Call
from app.core.events import RulesRead
from app.markets.mid_claims import MarketFacts, MidClaim, mid_call
from app.markets.rules import RULES_VERSION


def rules_version(settings: RulesSettings) -> str:
    """Twelve hexadecimal digits that change with the rules' formulas or their settings."""
    return hashlib.sha256(b"%d " % RULES_VERSION + msgspec.json.encode(settings)).hexdigest()[:12]


def rules_call(
    read: RulesRead,
    facts: MarketFacts | None,
    settings: RulesSettings,
    costs: CostsSettings,
    source: str,
    sequence: int,
) -> Call | None:
    """The continuation claim of a read as a call; None where the rules claim nothing or the market is not known.

    `source` is live, demo or tape; `sequence` the number of the input that triggered the read.
    """
    if read.continuation is None or not read.direction or facts is None:
        return None
    claim = MidClaim(
        claimant="rules",
        version=rules_version(settings),
        kind="continuation",
        probability=read.continuation / 100,
        direction=read.direction,
        horizon_s=settings.horizon_s,
        made_at_ms=read.at_ms,
    )
    return mid_call(claim, read.coin, facts, costs, source, sequence)
