"""How much a trader counts: the worked example of docs/whales.md, missing parts, shrinking, monotonicity."""

from math import inf, isfinite, nan

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from score_samples import DAY_MS, NOW_MS, WEIGHTS, address, ranked, window

from app.config.whale_settings import TraderWeightsSettings
from app.whales.performance import Performance
from app.whales.trader_weights import (
    PARTS,
    Crowd,
    PartName,
    TraderFacts,
    TraderWeight,
    crowd_of,
    crowd_weight,
    latest_trade,
    part_values,
    recency_value,
    renormalised,
    shrunk,
    size_value,
    trader_weight,
    vote_of,
)

KNOWN = Performance(
    days=60, returns=60, sharpe=1.5, sortino=4.0, consistency=0.6, max_drawdown=0.2, closed=40, trip_days=30.0,
    win_rate=0.5, profit_factor=1.5,
)  # fmt: skip
FACTS = TraderFacts(trader=address(1), equity_usd=12e6, performance=KNOWN, last_traded_ms=NOW_MS - DAY_MS, regime=0.5)


def weigh(facts: TraderFacts = FACTS, settings: TraderWeightsSettings = WEIGHTS) -> TraderWeight:
    return trader_weight(facts, Crowd(), settings, NOW_MS)


def changed(**changes: object) -> TraderFacts:
    return msgspec.structs.replace(FACTS, **changes)


def values(weight: TraderWeight) -> dict[str, float | None]:
    return {each.name: each.value for each in weight.dimensions}


def test_worked_example() -> None:
    """Sixty days of own record and sixty of prior: each part lies half way between the account's and the crowd's."""
    weight = weigh()
    performance = weight.dimensions[0]
    assert {part.name: part.own for part in performance.parts} == {
        "sharpe": 0.5, "sortino": 1.0, "consistency": 0.6, "drawdown": 0.8, "win_rate": 0.5, "profit_factor": 0.5,
    }  # fmt: skip
    assert {part.name: round(part.value or 0, 4) for part in performance.parts} == {
        "sharpe": 0.25, "sortino": 0.5, "consistency": 0.55, "drawdown": 0.65, "win_rate": 0.5,
        "profit_factor": 0.3889,
    }  # fmt: skip
    assert performance.value == pytest.approx(0.4589, abs=1e-4)
    assert values(weight)["size"] == pytest.approx(2.5 / 3)
    assert values(weight)["recency"] == pytest.approx((0.5 + 0.9057 + 0.9772) / 3, abs=1e-4)
    assert weight.total == pytest.approx(0.4 * 0.4589 + 0.3 * 0.8333 + 0.2 * 0.7943 + 0.1 * 0.5, abs=1e-4)
    assert weight.coverage == 1


def test_what_is_missing_takes_no_part_and_shows_in_the_coverage() -> None:
    weight = weigh(changed(performance=Performance(), regime=None))
    assert values(weight)["performance"] is None
    assert weight.total == pytest.approx((0.3 * 2.5 / 3 + 0.2 * 0.7943) / 0.5, abs=1e-4)
    assert weight.coverage == pytest.approx(0.5)


def test_a_performance_without_fills_covers_four_fifths() -> None:
    part = weigh(changed(performance=msgspec.structs.replace(KNOWN, win_rate=None, profit_factor=None))).dimensions[0]
    assert part.coverage == pytest.approx(0.8)
    assert part.value == pytest.approx((0.25 * 0.25 + 0.2 * 0.5 + 0.2 * 0.55 + 0.15 * 0.65) / 0.8)
    assert [each.value for each in part.parts][-2:] == [None, None]


def test_nothing_known_is_no_weight() -> None:
    nothing = TraderFacts(trader=address(1), equity_usd=nan, performance=Performance(), last_traded_ms=None)
    weight = weigh(nothing)
    assert (weight.total, weight.coverage) == (0, 0)


@pytest.mark.parametrize(
    ("equity", "tier"),
    [(2e7, 3), (2e7 - 1, 2.5), (1e7, 2.5), (5e6, 2), (1e6, 1.5), (1e5, 1), (1e5 - 1, 0.5), (0, 0.5), (-5, 0.5)],
)
def test_tiers_begin_at_their_sizes(equity: float, tier: float) -> None:
    assert size_value(equity, WEIGHTS) == pytest.approx(tier / 3)


def test_tiers_without_weights_of_their_own() -> None:
    few = msgspec.structs.replace(WEIGHTS, tier_weights=(2.0, 1.0))
    assert (size_value(3e7, few), size_value(1.5e7, few), size_value(1, few)) == (1, 0.5, 0.5)
    assert size_value(3e7, msgspec.structs.replace(WEIGHTS, tier_weights=(0.0, 0.0))) == 0


@pytest.mark.parametrize(("age_days", "value"), [(0, 1.0), (1, 0.7943), (7, 0.4529), (30, 0.1838), (365, 0.0001)])
def test_recency_halves_over_a_day_a_week_and_a_month(age_days: int, value: float) -> None:
    assert recency_value(NOW_MS - age_days * DAY_MS, NOW_MS) == pytest.approx(value, abs=1e-4)


def test_a_trade_after_now_is_one_of_now() -> None:
    assert recency_value(NOW_MS + DAY_MS, NOW_MS) == 1


def test_the_latest_trade_that_a_leaderboard_allows() -> None:
    still = window(volume=0.0)
    assert latest_trade(ranked(), NOW_MS) == NOW_MS
    assert latest_trade(ranked(day=still), NOW_MS) == NOW_MS - DAY_MS
    assert latest_trade(ranked(day=still, week=still), NOW_MS) == NOW_MS - 7 * DAY_MS
    assert latest_trade(ranked(day=still, week=still, month=still), NOW_MS) == NOW_MS - 30 * DAY_MS
    assert latest_trade(ranked(day=still, week=still, month=still, all_time=still), NOW_MS) is None


def test_a_record_as_long_as_the_prior_counts_half() -> None:
    assert shrunk(1.0, 0.0, 60, 60) == 0.5
    assert shrunk(1.0, 0.2, 0, 60) == 0.2
    assert shrunk(1.0, 0.2, 0, 0) == 0.2


def test_the_crowd_is_its_median_where_it_is_large_enough() -> None:
    crowd = [msgspec.structs.replace(KNOWN, sharpe=number / 10, win_rate=None) for number in range(21)]
    found = crowd_of(crowd)
    assert found.sharpe == pytest.approx(1 / 3)
    assert found == Crowd(
        sharpe=found.sharpe, sortino=1.0, consistency=0.6, drawdown=0.8, win_rate=0.5, profit_factor=0.5
    )
    assert crowd_of(crowd[:19]) == Crowd()
    assert crowd_of(reversed(crowd)) == crowd_of(crowd)


def test_a_vote_is_the_square_of_what_a_weight_exceeds_the_crowds_by() -> None:
    """The worked example's weight beside a crowd of 0.55."""
    found = trader_weight(FACTS, Crowd(weight=0.55), WEIGHTS, NOW_MS)
    assert found.total == weigh().total
    assert found.vote == pytest.approx((found.total - 0.55) ** 2)
    assert found.vote == pytest.approx(0.0085, abs=1e-4)
    assert weigh().vote == weigh().total ** 2
    assert vote_of(0.55, 0.55) == vote_of(0.2, 0.55) == 0


def test_the_crowds_weight_is_the_median_where_there_are_enough() -> None:
    weights = [msgspec.structs.replace(weigh(), total=number / 100) for number in range(21)]
    assert crowd_weight(weights) == 0.1
    assert crowd_weight(weights[:19]) == crowd_weight([]) == 0
    assert crowd_weight([trader_weight(changed(performance=Performance()), Crowd(), WEIGHTS, NOW_MS)] * 30) == 0


def test_whose_performance_is_not_known_votes_as_one_of_the_crowd_would() -> None:
    """Parts of a crowd that neither wins nor loses give 0.258; size 0.833 and recency 0.794 stand as they are."""
    unknown = changed(performance=Performance(), regime=None)
    found = trader_weight(unknown, Crowd(weight=0.5), WEIGHTS, NOW_MS)
    assert found.total == pytest.approx(0.818, abs=1e-3)
    assert found.vote == pytest.approx(((0.4 * 0.2583 + 0.3 * 0.8333 + 0.2 * 0.7944) / 0.9 - 0.5) ** 2, abs=1e-4)


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_a_vote_lies_within_its_bounds_and_never_falls_with_the_weight(total: float, more: float, crowd: float) -> None:
    low, high = sorted((total, more))
    assert 0 <= vote_of(low, crowd) <= vote_of(high, crowd) <= high


measure = st.none() | st.floats(-200, 200)
share = st.none() | st.floats(0, 1)
performances = st.builds(
    Performance, days=st.integers(0, 5_000), sharpe=measure, sortino=measure, consistency=share, max_drawdown=share,
    trip_days=st.floats(0, 5_000), win_rate=share, profit_factor=st.none() | st.floats(0, 100),
)  # fmt: skip
facts = st.builds(
    TraderFacts, trader=st.just(address(1)), equity_usd=st.floats(-1e9, 1e12), performance=performances,
    last_traded_ms=st.none() | st.integers(1, NOW_MS), regime=share,
)  # fmt: skip
weights = st.floats(0, 100)
settings = st.builds(
    lambda **changes: msgspec.structs.replace(WEIGHTS, **changes),
    performance=weights, size=weights, recency=weights, regime=weights, sharpe=weights, prior_days=st.floats(0, 3_650),
)  # fmt: skip


@given(facts, settings)
def test_a_weight_is_a_share_whatever_is_known_and_set(told: TraderFacts, chosen: TraderWeightsSettings) -> None:
    weight = weigh(told, chosen)
    assert 0 <= weight.total <= 1
    assert 0 <= weight.coverage <= 1
    assert all(each.value is None or 0 <= each.value <= 1 for each in weight.dimensions)
    assert all(each.value is not None or each.coverage == 0 for each in weight.dimensions)


@given(facts, st.sampled_from(("equity_usd", "last_traded_ms", "regime")), st.floats(0, 1e9))
def test_larger_later_and_fitter_never_counts_less(told: TraderFacts, name: str, more: float) -> None:
    before = getattr(told, name)
    if before is None:
        return
    better = min(1.0, before + more) if name == "regime" else before + int(more)
    assert weigh(msgspec.structs.replace(told, **{name: better})).total >= weigh(told).total - 1e-12


@given(
    performances, st.sampled_from(("sharpe", "sortino", "consistency", "win_rate", "profit_factor")), st.floats(0, 50)
)
def test_better_performance_never_counts_less(performance: Performance, name: str, more: float) -> None:
    before = getattr(performance, name)
    if before is None:
        return
    better = msgspec.structs.replace(performance, **{name: before + more})
    assert weigh(changed(performance=better)).total >= weigh(changed(performance=performance)).total - 1e-12


@given(st.integers(0, 2_000), st.integers(0, 2_000))
def test_a_longer_record_is_believed_more(days: int, more: int) -> None:
    good = msgspec.structs.replace(KNOWN, sharpe=9.0)
    short, long = (msgspec.structs.replace(good, days=each) for each in (days, days + more))
    own = [weigh(changed(performance=each)).dimensions[0].parts[0].value or 0.0 for each in (short, long)]
    assert own[0] <= own[1] <= 1


@given(st.sampled_from((nan, inf, -inf)), st.sampled_from(PARTS))
def test_no_number_that_is_none_gets_through(bad: float, part: PartName) -> None:
    name = "max_drawdown" if part == "drawdown" else part
    hurt = msgspec.structs.replace(KNOWN, **{name: bad})
    assert part_values(hurt)[part] is None
    assert isfinite(weigh(changed(performance=hurt, regime=bad)).total)


@given(st.lists(st.tuples(st.floats(0, 100), st.none() | st.floats(0, 1)), max_size=8))
def test_a_mean_lies_among_its_values(pairs: list[tuple[float, float | None]]) -> None:
    mean, coverage = renormalised(pairs)
    known = [value for weight, value in pairs if value is not None and weight > 0]
    assert 0 <= coverage <= 1 + 1e-12
    assert (mean is None) == (not known)
    if mean is not None:
        assert min(known) <= mean <= max(known)
