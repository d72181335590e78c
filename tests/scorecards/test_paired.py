"""A claimant beside its twin: what may be said, and what may not."""

from typing import NamedTuple

import msgspec
import numpy as np
import pytest
from scorecard_samples import Events, a_call, events, outcome_of

from app.core.calls import Call, Outcome
from app.measures.blocks import Estimate
from app.scorecards.paired import (
    LEAST_EFFECTIVE_N,
    PairedDifference,
    SideRecord,
    edge_on,
    leaning,
    paired_differences,
    side_of,
    side_records,
    too_few,
)
from app.scorecards.scorecard import Pair


class Sample(NamedTuple):
    """Calls of a model, and those of its twins by id."""

    own: list[Pair]
    twins: dict[str, Pair]


def outcome(call: Call, moved: float, half_spread: float = 0.0) -> Outcome:
    """A graded outcome of a call at 100 whose mid moved by so much."""
    after = 100.0 + moved
    happened = call.direction * moved > 0
    return Outcome(
        call_id=call.call_id,
        status="graded",
        decided_at_ms=call.available_at_ms + 1_000 * call.horizon_s,
        entry_bid=100.0 - half_spread,
        entry_ask=100.0 + half_spread,
        exit_bid=after - half_spread,
        exit_ask=after + half_spread,
        mid_move_bps=100.0 * moved,
        event_happened=happened,
        hit=happened,
        brier=(call.probability - happened) ** 2,
        edge_bps=0.0,
    )


def sample(up: Events, own: object, twin: object, *, kind: str = "continuation", step_s: float = 60) -> Sample:
    """Calls `step_s` apart that claim a rise of the mid with these probabilities; it moves by 0.1 either way."""
    drawn = np.broadcast_to(np.asarray(own, float), up.shape), np.broadcast_to(np.asarray(twin, float), up.shape)
    calls: list[Pair] = []
    twins: dict[str, Pair] = {}
    for place, (rose, mine, other) in enumerate(zip(up, *drawn, strict=True)):
        moved = 0.1 if rose else -0.1
        twin_call = a_call(place * step_s, probability=float(other), kind=kind)
        call = a_call(
            place * step_s, probability=float(mine), kind=kind, claimant="ai m", baseline_id=twin_call.call_id
        )
        calls.append((call, outcome(call, moved)))
        twins[twin_call.call_id] = (twin_call, outcome(twin_call, moved))
    return Sample(calls, twins)


def difference(drawn: Sample) -> PairedDifference:
    (found,) = paired_differences(drawn.own, drawn.twins)
    return found


def sides(pairs: list[Pair]) -> SideRecord:
    (found,) = side_records(pairs)
    return found


def value(estimate: Estimate) -> float:
    assert estimate.value is not None
    return estimate.value


@pytest.mark.parametrize(
    ("kind", "direction", "probability", "side", "leans"),
    [
        ("continuation", 1, 0.6, 1, 1),
        ("continuation", 1, 0.4, -1, -1),
        ("continuation", -1, 0.6, -1, -1),
        ("continuation", -1, 0.4, 1, 1),
        ("continuation", 1, 0.5, 0, 0),
        ("action", 1, 0.2, 1, -1),
        ("conflict", -1, 0.9, -1, -1),
    ],
)
def test_an_action_is_its_side_and_a_continuation_the_likelier_one(
    kind: str, direction: int, probability: float, side: int, leans: int
) -> None:
    call = a_call(kind=kind, direction=direction, probability=probability)
    assert (side_of(call), leaning(call)) == (side, leans)


def test_the_edge_of_a_side_is_that_of_the_worked_example() -> None:
    call = a_call(available_at_ms=a_call().available_at_ms)
    graded = outcome_of(call, {1: 100.0, 61: 100.3})
    assert edge_on(1, call, graded) == pytest.approx(18.0)
    assert edge_on(-1, call, graded) == pytest.approx(-42.0)
    assert edge_on(0, call, graded) == 0.0
    assert graded.edge_bps == edge_on(1, call, graded)


def test_who_says_what_its_twin_says_differs_in_nothing() -> None:
    found = difference(sample(events(200, 0.5), 0.6, 0.6))
    assert (found.n, found.same_side) == (200, 200)
    assert (value(found.brier_gain), value(found.edge_gain_bps)) == (0.0, 0.0)
    assert found.brier_words == "not distinguishable from its twin"
    assert found.edge_words == "not distinguishable from its twin"


def test_who_knows_more_than_its_twin_is_better_and_the_other_way_round() -> None:
    up = events(400, 0.5)
    knows, guesses = np.where(up, 0.7, 0.3), 0.6
    better = difference(sample(up, knows, guesses))
    worse = difference(sample(up, guesses, knows))
    assert better.brier_words == "better than its twin"
    assert better.edge_words == "above its twin"
    assert worse.brier_words == "worse than its twin"
    assert worse.edge_words == "below its twin"
    assert value(better.brier_gain) == pytest.approx(-value(worse.brier_gain))
    assert value(better.brier_gain) > 0 < value(better.edge_gain_bps)
    assert value(better.edge_gain_bps) == pytest.approx(-value(worse.edge_gain_bps))


def test_noise_beside_noise_cannot_be_told_apart_in_most_samples() -> None:
    said = []
    for seed in range(20):
        generator = np.random.default_rng(1_000 + seed)
        up = events(300, 0.5, seed)
        own, twin = generator.uniform(0.3, 0.7, 300), generator.uniform(0.3, 0.7, 300)
        said.append(difference(sample(up, own, twin)).brier_words)
    assert said.count("not distinguishable from its twin") >= 17


def test_calls_that_overlap_count_once() -> None:
    found = difference(sample(events(400, 0.5), 0.7, 0.4, step_s=1))
    assert (found.n, found.effective_n) == (400, 7)
    assert found.brier_words == found.edge_words == "too few"
    assert too_few(found.effective_n) == "too few: 7 that do not overlap, 30 are needed to say anything"
    assert too_few(LEAST_EFFECTIVE_N) == ""


def test_a_call_without_a_graded_twin_is_counted_and_takes_no_part() -> None:
    drawn = sample(events(100, 0.5), 0.6, 0.4)
    gone, torn = drawn.own[3][0].baseline_id, drawn.own[7][0].baseline_id
    twins = {call_id: pair for call_id, pair in drawn.twins.items() if call_id != gone}
    twin, _ = twins[torn]
    twins[torn] = (twin, Outcome(call_id=torn, status="ungraded", decided_at_ms=0, reason="gap"))
    found = difference(Sample(drawn.own, twins))
    assert (found.n, found.without_twin) == (98, 2)


def test_nobody_to_compare_with_is_not_measurable() -> None:
    found = difference(Sample(sample(events(50, 0.5), 0.6, 0.4).own, {}))
    assert (found.n, found.without_twin, found.brier_gain.value) == (0, 50, None)
    assert found.brier_words == found.edge_words == "not measurable"


def test_always_saying_the_way_the_market_goes_anyway_gains_nothing() -> None:
    found = sides(sample(events(400, 0.7), 0.9, 0.5).own)
    assert (found.always, value(found.gain)) == ("up", 0.0)
    assert value(found.hit_rate) == value(found.always_rate) > 0.6
    assert found.gain_words == "not distinguishable from always the same way"


def test_who_stays_out_takes_no_side() -> None:
    up = events(200, 0.5)
    found = sides(sample(up, np.where(np.arange(200) % 2, 0.5, 0.6), 0.5).own)
    assert (found.n, found.stayed_out) == (100, 100)


def test_who_knows_the_way_is_above_and_pays_its_costs() -> None:
    up = events(400, 0.5)
    found = sides(sample(up, np.where(up, 0.8, 0.2), 0.5).own)
    assert (value(found.hit_rate), found.gain_words) == (1.0, "above always the same way")
    assert value(found.edge_bps) == pytest.approx(10.0 - 10.0)


def test_a_mid_that_stands_still_is_nobodys_hit() -> None:
    call = a_call(probability=0.6)
    still = msgspec.structs.replace(outcome(call, 0.0), mid_move_bps=0.0)
    found = sides([(call, still)])
    assert (value(found.hit_rate), value(found.always_rate)) == (0.0, 0.0)


def test_kinds_and_horizons_are_kept_apart_and_order_does_not_matter() -> None:
    up = events(60, 0.5)
    actions, reads = sample(up, 0.6, 0.4, kind="action"), sample(up, 0.6, 0.4)
    pairs, twins = [*actions.own, *reads.own], {**actions.twins, **reads.twins}
    found = paired_differences(pairs, twins)
    assert [(each.kind, each.horizon_s, each.n) for each in found] == [("action", 60, 60), ("continuation", 60, 60)]
    assert paired_differences(pairs[::-1], twins) == found
    assert paired_differences([], {}) == ()
    assert side_records([]) == ()
