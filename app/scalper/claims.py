"""A read as claims that can be graded, each with the rules' claim of the same instant as the one to beat. Pure."""

from collections.abc import Iterator

import msgspec

from app.config.settings import CostsSettings, RulesSettings
from app.core.calls import Call
from app.core.events import RulesRead, ScalperRead
from app.markets.mid_claims import MarketFacts, MidClaim, mid_call
from app.markets.reads import rules_version

HORIZONS_S = (30, 60, 300)


def read_calls(
    read: ScalperRead,
    rules: RulesRead | None,
    facts: MarketFacts | None,
    settings: RulesSettings,
    costs: CostsSettings,
    source: str,
    sequence: int,
) -> Iterator[Call]:
    """The calls of a read, each after its twin by the rules where these claim anything.

    Every read claims its continuation; one whose action takes a side, LONG or SHORT, claims that as well. There is
    nothing without a market to act on. The probability is the read's continuation, taken for the direction of the call.
    """
    if facts is None:
        return
    for kind, direction in _claims(read):
        for horizon_s in HORIZONS_S:
            own = MidClaim(
                claimant=f"ai {read.model}",
                version=read.version,
                kind=kind,
                probability=_towards(direction, _meant(read), read.continuation),
                direction=direction,
                horizon_s=horizon_s,
                made_at_ms=read.at_ms,
            )
            twin = _twin(own, rules, settings)
            if twin is not None:
                baseline = mid_call(twin, read.coin, facts, costs, source, sequence)
                yield baseline
                own = msgspec.structs.replace(own, baseline_id=baseline.call_id)
            yield mid_call(own, read.coin, facts, costs, source, sequence)


def _claims(read: ScalperRead) -> Iterator[tuple[str, int]]:
    """What a read claims: kind and direction."""
    yield "continuation", _meant(read)
    action = {"LONG": 1, "SHORT": -1}.get(read.action, 0)
    if action:
        yield "conflict" if read.conflict else "action", action


def _meant(read: ScalperRead) -> int:
    """The direction that the read's continuation is about, as the persona says: up for a minute that went nowhere."""
    return read.direction or 1


def _twin(claim: MidClaim, rules: RulesRead | None, settings: RulesSettings) -> MidClaim | None:
    """The same claim with the rules' probability; None where the rules claim nothing."""
    if rules is None or rules.continuation is None or not rules.direction:
        return None
    probability = _towards(claim.direction, rules.direction, rules.continuation)
    return msgspec.structs.replace(claim, claimant="rules", version=rules_version(settings), probability=probability)


def _towards(direction: int, of: int, continuation: float) -> float:
    """The probability of a move in `direction`, from a continuation in percent of a move in the direction `of`."""
    return continuation / 100 if direction == of else 1 - continuation / 100
