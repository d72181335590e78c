import msgspec
import pytest

from app.config.settings import CostsSettings, RulesSettings
from app.core.events import RulesRead
from app.markets.mid_claims import MarketFacts
from app.markets.reads import rules_call, rules_version

NOW_MS = 1_756_904_112_000
READ = RulesRead(coin="BTC", at_ms=NOW_MS, momentum=60, direction=1, pressure=70, continuation=54.5, freshness="FRESH")
FACTS = MarketFacts(NOW_MS, 105_050.0, 105_051.0, NOW_MS - 400)


def test_a_continuation_claim_is_written_out() -> None:
    call = rules_call(READ, FACTS, RulesSettings(), CostsSettings(), "live", 77)
    assert call is not None
    assert call.claim == "mid of BTC at +60 s above 105050.5"
    assert (call.probability, call.direction, call.reference_price) == (0.545, 1, 105_050.5)
    assert (call.made_at_ms, call.available_at_ms, call.input_age_ms) == (NOW_MS, NOW_MS, 400)
    assert (call.source, call.claimant, call.kind, call.subject, call.evidence) == (
        "live",
        "rules",
        "continuation",
        "BTC",
        77,
    )
    assert (call.cost.taker_fee_bps, call.cost.slippage_bps) == (4.5, 0.5)


@pytest.mark.parametrize(
    ("bid", "ask", "written"), [(0.1, 0.2, "0.15"), (0.000012, 0.000013, "0.0000125"), (99.0, 101.0, "100")]
)
def test_a_falling_move_claims_below_the_exact_mid(bid: float, ask: float, written: str) -> None:
    read = msgspec.structs.replace(READ, direction=-1)
    call = rules_call(
        read, MarketFacts(NOW_MS, bid, ask, NOW_MS), RulesSettings(horizon_s=30), CostsSettings(), "tape", 1
    )
    assert call is not None
    assert call.claim == f"mid of BTC at +30 s below {written}"
    assert (call.direction, call.horizon_s) == (-1, 30)


def test_no_claim_no_call() -> None:
    no_claim = msgspec.structs.replace(READ, continuation=None)
    assert rules_call(no_claim, FACTS, RulesSettings(), CostsSettings(), "live", 1) is None
    assert rules_call(READ, None, RulesSettings(), CostsSettings(), "live", 1) is None


def test_the_version_changes_with_the_settings_only() -> None:
    assert rules_version(RulesSettings()) == rules_version(RulesSettings())
    assert rules_version(RulesSettings()) != rules_version(RulesSettings(horizon_s=61))
    assert len(rules_version(RulesSettings())) == 12
