"""What a read claims: its continuation always, its action where that takes a side, each beside the rules."""

from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.config.settings import CostsSettings, RulesSettings
from app.core.calls import Call
from app.core.events import Action, Freshness, RulesRead, ScalperRead
from app.markets.mid_claims import MarketFacts
from app.scalper.claims import HORIZONS_S, read_calls

NOW_MS = 1_790_000_000_000
FACTS = MarketFacts(NOW_MS, 99.0, 101.0, NOW_MS - 50)
RULES = RulesRead(
    coin="BTC", at_ms=NOW_MS, momentum=60.0, direction=1, pressure=55.0, continuation=52.0, freshness="FRESH"
)
READ = ScalperRead(
    coin="BTC", at_ms=NOW_MS, asked_ms=NOW_MS - 900, reason="periodic", model="mistral", version="1", momentum=60.0,
    pressure=65.0, continuation=62.0, freshness="FRESH", action="NONE", confidence=7, sentence="x", direction=1,
)  # fmt: skip


def filed(read: ScalperRead, rules: RulesRead | None = RULES, facts: MarketFacts | None = FACTS) -> list[Call]:
    return list(read_calls(read, rules, facts, RulesSettings(), CostsSettings(), "live", 7))


def own(calls: list[Call]) -> list[Call]:
    return [call for call in calls if call.claimant == "ai mistral"]


READS = st.builds(
    lambda **changes: msgspec.structs.replace(READ, **changes),
    direction=st.sampled_from((-1, 0, 1)),
    continuation=st.floats(0, 100),
    action=st.sampled_from(get_args(Action)),
    freshness=st.sampled_from(get_args(Freshness)),
)
RULES_READS = st.none() | st.builds(
    lambda **changes: msgspec.structs.replace(RULES, **changes),
    direction=st.sampled_from((-1, 0, 1)),
    continuation=st.none() | st.floats(0, 100),
)


@given(read=READS, rules=RULES_READS)
def test_every_read_claims_its_continuation_and_only_a_side_claims_an_action(
    read: ScalperRead, rules: RulesRead | None
) -> None:
    calls = filed(read, rules)
    mine = own(calls)
    meant = read.direction or 1
    continuations = [call for call in mine if call.kind == "continuation"]
    assert [(call.horizon_s, call.direction) for call in continuations] == [(each, meant) for each in HORIZONS_S]
    assert {call.probability for call in continuations} == {read.continuation / 100}
    acting = [call for call in mine if call.kind != "continuation"]
    side = {"LONG": 1, "SHORT": -1}.get(read.action)
    assert [call.direction for call in acting] == ([side] * 3 if side else [])
    for call in acting:
        assert call.kind == ("conflict" if read.conflict else "action")
        likely = read.continuation / 100
        assert call.probability == pytest.approx(likely if side == meant else 1 - likely)


@given(read=READS, rules=RULES_READS)
def test_each_claim_has_the_rules_of_the_instant_as_twin_where_they_claim_anything(
    read: ScalperRead, rules: RulesRead | None
) -> None:
    calls = filed(read, rules)
    claims = rules is not None and rules.continuation is not None and rules.direction != 0
    twins = {call.call_id: call for call in calls if call.claimant == "rules"}
    assert len(twins) <= len(own(calls))
    for call in own(calls):
        assert bool(call.baseline_id) == claims
        if claims:
            twin = twins[call.baseline_id]
            assert (twin.claim, twin.direction, twin.horizon_s) == (call.claim, call.direction, call.horizon_s)


@pytest.mark.parametrize("changes", [{"action": "NONE"}, {"action": "EXIT", "in_position": True}])
def test_an_action_that_takes_no_side_is_no_claim(changes: dict[str, Any]) -> None:
    assert {call.kind for call in filed(msgspec.structs.replace(READ, **changes))} == {"continuation"}


def test_a_minute_that_went_nowhere_is_claimed_upwards() -> None:
    calls = own(filed(msgspec.structs.replace(READ, direction=0, action="SHORT")))
    assert {(call.kind, call.direction, round(call.probability, 9)) for call in calls} == {
        ("continuation", 1, 0.62),
        ("action", -1, 0.38),
    }


def test_nothing_is_claimed_without_a_market() -> None:
    assert filed(READ, facts=None) == []
