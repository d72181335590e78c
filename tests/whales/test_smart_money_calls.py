"""When the signal files calls, and that each pair differs in nothing but its probability."""

from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from score_samples import NOW_MS, SMART_MONEY, WEIGHTS

from app.config.settings import CostsSettings
from app.core.calls import Call
from app.core.whale_events import Lean, SmartMoneySignal
from app.markets.mid_claims import MarketFacts
from app.whales.calls import BASELINE, CLAIMANT, SignalCalls, probability, signal_version

HOUR_MS = 3_600_000
FACTS = MarketFacts(NOW_MS, 99.0, 101.0, NOW_MS - 50)
SIGNAL = SmartMoneySignal(
    coin="BTC", at_ms=NOW_MS, lean="LONG", bias=0.6, breadth=0.5, concentration=0.2, effective_traders=6.5,
    confidence=0.9, change_1h=None, long_traders=8, short_traders=2, stale_traders=0, value_usd=1e7,
    plain_bias=0.1, plain_lean="NEUTRAL",
)  # fmt: skip


def signal(**changes: Any) -> SmartMoneySignal:
    return msgspec.structs.replace(SIGNAL, **changes)


def file(calls: SignalCalls, told: SmartMoneySignal, facts: MarketFacts | None = FACTS) -> tuple[Call, ...]:
    return calls.file(told, facts, CostsSettings(), "live", 7)


def fresh() -> SignalCalls:
    return SignalCalls(SMART_MONEY, WEIGHTS)


def test_a_new_lean_files_a_pair_a_horizon() -> None:
    calls = file(fresh(), SIGNAL)
    assert [(call.claimant, call.horizon_s) for call in calls] == [
        (name, hours * 3_600) for hours in (1, 4, 24) for name in (BASELINE, CLAIMANT)
    ]
    assert {(call.kind, call.direction, call.subject) for call in calls} == {("lean", 1, "BTC")}
    assert [call.probability for call in calls[:2]] == [pytest.approx(0.505), pytest.approx(0.53)]
    for baseline, own in zip(calls[::2], calls[1::2], strict=True):
        assert own.baseline_id == baseline.call_id
        assert not baseline.baseline_id
        same = {"probability": 0.5, "claimant": "", "baseline_id": ""}
        assert msgspec.structs.replace(own, **same) == msgspec.structs.replace(baseline, **same)


def test_a_lean_that_stands_files_again_when_a_horizon_is_over() -> None:
    """Over two days, asked each minute: each hour, each four hours, each day."""
    calls = fresh()
    filed: list[Call] = []
    for minute in range(48 * 60):
        filed += file(calls, signal(at_ms=NOW_MS + minute * 60_000))
    own = [call.horizon_s // 3_600 for call in filed if call.claimant == CLAIMANT]
    assert {hours: own.count(hours) for hours in (1, 4, 24)} == {1: 48, 4: 12, 24: 2}
    assert len({call.call_id for call in filed}) == len(filed)


def test_a_lean_that_comes_and_goes_files_no_more_than_one_that_stands() -> None:
    calls = fresh()
    file(calls, SIGNAL)
    assert file(calls, signal(lean="NEUTRAL", at_ms=NOW_MS + 1)) == ()
    assert file(calls, signal(at_ms=NOW_MS + 2)) == ()
    assert {call.horizon_s for call in file(calls, signal(at_ms=NOW_MS + HOUR_MS))} == {3_600}


def test_a_lean_that_turns_files_at_once() -> None:
    calls = fresh()
    file(calls, SIGNAL)
    turned = file(calls, signal(lean="SHORT", bias=-0.6, at_ms=NOW_MS + 1))
    assert [call.direction for call in turned] == [-1] * 6
    assert turned[1].probability == pytest.approx(0.53)
    assert turned[0].probability == pytest.approx(0.495)


def test_where_only_the_baseline_leans_both_are_asked() -> None:
    """The better weights must also be seen where they say nothing."""
    calls = file(fresh(), signal(lean="NEUTRAL", bias=0.05, plain_bias=-0.5, plain_lean="SHORT"))
    assert {(call.kind, call.direction) for call in calls} == {("plain lean", -1)}
    assert [call.probability for call in calls[:2]] == [pytest.approx(0.525), pytest.approx(0.4975)]


def test_nothing_is_filed_without_a_market_or_a_lean_and_nothing_is_lost_by_it() -> None:
    calls = fresh()
    assert file(calls, SIGNAL, facts=None) == file(calls, signal(lean="NEUTRAL")) == ()
    assert len(file(calls, signal(at_ms=NOW_MS + 1))) == 6


def test_coins_do_not_wait_for_one_another() -> None:
    calls = fresh()
    assert len(file(calls, SIGNAL)) == len(file(calls, signal(coin="ETH"))) == 6


def test_the_version_follows_the_settings() -> None:
    other = msgspec.structs.replace(WEIGHTS, size=0.5)
    assert signal_version(SMART_MONEY, WEIGHTS) != signal_version(SMART_MONEY, other)
    assert file(fresh(), SIGNAL)[0].claimant_version == signal_version(SMART_MONEY, WEIGHTS)


@given(st.floats(-1, 1), st.sampled_from((-1, 1)))
def test_a_probability_claims_little_and_the_sides_add_up(bias: float, direction: int) -> None:
    assert 0.45 <= probability(bias, direction) <= 0.55
    assert probability(bias, direction) + probability(bias, -direction) == pytest.approx(1)


@given(
    st.lists(
        st.tuples(st.integers(0, 600), st.sampled_from(get_args(Lean)), st.sampled_from(get_args(Lean))), max_size=60
    )
)
def test_calls_of_one_side_and_horizon_never_overlap(walk: list[tuple[int, str, str]]) -> None:
    calls, at_ms = fresh(), NOW_MS
    filed: list[Call] = []
    for minutes, lean, plain in walk:
        at_ms += minutes * 60_000
        filed += file(calls, signal(at_ms=at_ms, lean=lean, plain_lean=plain))
    last: dict[tuple[object, ...], Call] = {}
    for call in filed:
        card = call.claimant, call.kind, call.direction, call.horizon_s
        if card in last:
            assert call.made_at_ms - last[card].made_at_ms >= call.horizon_s * 1_000
        last[card] = call
