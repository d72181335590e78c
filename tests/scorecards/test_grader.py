from collections.abc import Iterator
from dataclasses import dataclass
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scorecard_samples import CALL, START_MS, a_call, outcome_of, quote

from app.core.calls import SET_BACK, Call, CostModel
from app.scorecards.grader import ENDED, HOLE, STALE, Graded, Grader

END_MS = START_MS + 100_000_000
NO_EXIT = "no quote within 5 s of the horizon: gap"
NO_ENTRY = "no quote within 5 s of when it could first be acted on: gap"


def test_entry_and_exit_are_the_first_quotes_from_their_moments_on() -> None:
    outcome = outcome_of(a_call(10), {9: 1.0, 11: 100.0, 12: 50.0, 69: 70.0, 70.5: 101.0, 71: 10.0})
    assert (outcome.entry_at_ms, outcome.exit_at_ms) == (START_MS + 11_000, START_MS + 70_500)
    assert outcome.mid_move_bps == pytest.approx(100.0)
    assert outcome.graded_horizon_ms == 60_500


def test_quotes_at_the_very_moments_count() -> None:
    outcome = outcome_of(CALL, {0: 100.0, 60: 101.0})
    assert (outcome.entry_at_ms, outcome.exit_at_ms) == (START_MS, START_MS + 60_000)


@pytest.mark.parametrize(
    ("quotes", "reason"),
    [
        ({}, NO_ENTRY),
        ({5.001: 100.0, 60: 100.0}, NO_ENTRY),
        ({0: 100.0}, NO_EXIT),
        ({5: 100.0, 65.001: 100.0}, NO_EXIT),
    ],
)
def test_a_gap_is_ungraded(quotes: dict[float, float], reason: str) -> None:
    outcome = outcome_of(CALL, quotes)
    assert (outcome.status, outcome.reason) == ("ungraded", reason)


def test_quotes_at_the_end_of_the_tolerance_still_count() -> None:
    assert outcome_of(CALL, {5: 100.0, 65: 101.0}).status == "graded"


def test_a_gap_between_the_moments_does_not_matter() -> None:
    assert outcome_of(CALL, {1: 100.0, 61: 101.0}).status == "graded"


@pytest.mark.parametrize(("bid", "ask"), [(nan, 100.0), (100.0, inf), (101.0, 100.0), (0.0, 100.0), (-1.0, 1.0)])
def test_an_unusable_quote_is_no_quote(bid: float, ask: float) -> None:
    grader = Grader()
    grader.file(CALL)
    grader.quote("BTC", bid, ask, START_MS)
    ((_, outcome),) = grader.finish(END_MS)
    assert outcome.reason == NO_ENTRY


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"input_age_ms": 15_001}, STALE),
        ({"probability": nan}, "a number of the call is out of range"),
        ({"probability": 1.5}, "a number of the call is out of range"),
        ({"reference_price": inf}, "a number of the call is out of range"),
        ({"direction": 2}, "a number of the call is out of range"),
        ({"cost": CostModel(nan, 0.0)}, "a number of the call is out of range"),
        ({"direction": 0}, "the claim has no direction to check the mid against"),
        ({"reference_kind": "mark"}, "the reference price is not a mid"),
        ({"horizon_s": 5}, "the horizon is not longer than the tolerance"),
        ({"horizon_s": -60}, "the horizon is not longer than the tolerance"),
    ],
)
def test_what_can_never_be_graded_says_why(changes: dict[str, object], reason: str) -> None:
    outcome = outcome_of(a_call(**changes), {0: 100.0, 60: 101.0})  # type: ignore[arg-type]
    assert (outcome.status, outcome.reason, outcome.decided_at_ms) == ("ungraded", reason, START_MS)


def test_a_kind_with_an_event_of_its_own_needs_no_direction() -> None:
    grader = Grader(events={"burst": lambda call, mid: abs(mid / call.reference_price - 1) > 0.01})
    for probability, mid_kind in ((0.2, "burst"), (0.3, "burst")):
        grader.file(a_call(direction=0, kind=mid_kind, probability=probability))
    quote(grader, 0, 100.0)
    quote(grader, 60, 102.0)
    outcomes = [outcome for _, outcome in grader.finish(END_MS)]
    assert [(outcome.event_happened, outcome.hit, outcome.edge_bps) for outcome in outcomes] == [(True, None, None)] * 2
    assert [outcome.brier for outcome in outcomes] == pytest.approx([0.64, 0.49])


@pytest.mark.parametrize(
    ("hole", "status"), [((-5, 0), "graded"), ((-5, 0.001), "ungraded"), ((30, 31), "ungraded"), ((60, 61), "graded")]
)
def test_a_hole_inside_the_horizon_is_ungraded(hole: tuple[float, float], status: str) -> None:
    grader = Grader()
    grader.file(CALL)
    quote(grader, 0, 100.0)
    grader.hole("BTC", START_MS + round(hole[0] * 1000), START_MS + round(hole[1] * 1000))
    quote(grader, 60, 101.0)
    ((_, outcome),) = grader.finish(END_MS)
    assert (outcome.status, outcome.reason) == (status, HOLE if status == "ungraded" else "")


def test_a_hole_in_another_coin_does_not_matter() -> None:
    grader = Grader()
    grader.file(CALL)
    quote(grader, 0, 100.0)
    grader.hole("ETH", START_MS, START_MS + 60_000)
    quote(grader, 60, 101.0)
    assert [outcome.status for _, outcome in grader.finish(END_MS)] == ["graded"]


def test_the_end_of_the_run_leaves_open_calls_ungraded() -> None:
    grader = Grader()
    grader.file(a_call(0))
    grader.file(a_call(10))
    quote(grader, 0, 100.0)
    ended = grader.finish(START_MS + 12_000)
    assert [(outcome.reason, outcome.decided_at_ms) for _, outcome in ended] == [(ENDED, START_MS + 12_000)] * 2
    assert grader.finish(START_MS + 12_000) == []


def test_hazard_11_no_claim_that_is_open_when_the_clock_is_set_back_is_graded() -> None:
    grader = Grader()
    grader.file(a_call(-60))
    quote(grader, -60, 100.0)
    grader.file(a_call(0))
    quote(grader, 0, 101.0)
    grader.file(a_call(1))
    back_ms = START_MS - 3_600_000
    grader.clock_set_back(back_ms)
    told = grader.advance(back_ms)
    assert [outcome.status for _, outcome in told] == ["graded", "ungraded", "ungraded"]
    assert [(outcome.reason, outcome.decided_at_ms) for _, outcome in told[1:]] == [(SET_BACK, back_ms)] * 2
    for second in range(-10, 120):
        quote(grader, second, 999.0)
    assert grader.finish(END_MS) == []


def test_memory_is_bounded_and_the_overflow_is_told() -> None:
    grader = Grader(open_cap=3)
    for second in range(5):
        grader.file(a_call(second))
    refused = [outcome.reason for _, outcome in grader.advance(START_MS + 4_000)]
    assert refused == ["more than 3 calls are open"] * 2
    assert len(grader.advance(START_MS + 20_000)) == 3


def test_every_call_has_one_outcome_in_order_of_decision() -> None:
    grader = Grader()
    for second in range(0, 300, 15):
        for coin in ("BTC", "ETH"):
            grader.file(a_call(second, subject=coin))
    decided: list[Graded] = []
    for second in range(400):
        quote(grader, second, 100.0)
        decided += grader.advance(START_MS + second * 1000)
    assert len({pair.outcome.call_id for pair in decided}) == len(decided) == 40
    assert {pair.outcome.status for pair in decided if pair.call.subject == "ETH"} == {"ungraded"}
    assert [pair.outcome.decided_at_ms for pair in decided] == sorted(pair.outcome.decided_at_ms for pair in decided)


# Whatever happens in a market: calls and quotes in order of time, of two coins.


@dataclass(frozen=True)
class Step:
    at_ms: int
    coin: str
    mid: float | None
    call: Call | None


@st.composite
def histories(draw: st.DrawFn) -> list[Step]:
    steps: list[Step] = []
    at_ms = START_MS
    for _ in range(draw(st.integers(1, 60))):
        at_ms += draw(st.sampled_from([0, 250, 1_000, 1_000, 3_000, 7_000]))
        coin = draw(st.sampled_from(["BTC", "ETH"]))
        if draw(st.integers(0, 3)):
            steps.append(Step(at_ms, coin, draw(st.integers(9_990, 10_010)) / 100, None))
        else:
            call = a_call(
                (at_ms - START_MS) / 1000,
                subject=coin,
                horizon_s=draw(st.sampled_from([10, 20, 60])),
                direction=draw(st.sampled_from([1, -1])),
                evidence=len(steps),
            )
            steps.append(Step(at_ms, coin, None, call))
    return steps


def play(steps: list[Step], advance_at: frozenset[int] = frozenset()) -> list[Graded]:
    """The outcomes of a history; `advance_at` are the steps after which the grader is asked."""
    grader = Grader()
    decided: list[Graded] = []
    for place, step in enumerate(steps):
        if step.call is not None:
            grader.file(step.call)
        if step.mid is not None:
            grader.quote(step.coin, step.mid - 0.01, step.mid + 0.01, step.at_ms)
        if place in advance_at:
            decided += grader.advance(step.at_ms)
    return decided + grader.finish(steps[-1].at_ms)


@given(histories(), st.data())
def test_it_does_not_matter_when_the_outcomes_are_asked_for(steps: list[Step], data: st.DataObject) -> None:
    at_once = play(steps)
    assert play(steps, data.draw(st.frozensets(st.integers(0, len(steps) - 1)))) == at_once
    assert len(at_once) == sum(step.call is not None for step in steps)


def other_mids(steps: list[Step], pair: Graded) -> Iterator[Step]:
    """The history with every quote changed that the outcome of `pair` does not name."""
    used = (pair.outcome.entry_at_ms, pair.outcome.exit_at_ms)
    filed = next(place for place, step in enumerate(steps) if step.call is pair.call)
    for place, step in enumerate(steps):
        if step.mid is not None and not (place > filed and step.coin == pair.call.subject and step.at_ms in used):
            yield Step(step.at_ms, step.coin, step.mid * 1.5, None)
        else:
            yield step


@given(histories())
def test_grading_looks_at_nothing_but_its_two_quotes(steps: list[Step]) -> None:
    for pair in play(steps):
        if pair.outcome.status == "graded":
            assert pair in play(list(other_mids(steps, pair)))


@given(histories())
def test_a_mirrored_market_mirrors_every_outcome(steps: list[Step]) -> None:
    def mirrored(step: Step) -> Step:
        call = None if step.call is None else a_call(0, **{**_fields(step.call), "direction": -step.call.direction})
        return Step(step.at_ms, step.coin, None if step.mid is None else 200 - step.mid, call)

    for (_, own), (_, other) in zip(play(steps), play([mirrored(step) for step in steps]), strict=True):
        assert own.status == other.status
        assert own.reason == other.reason
        if own.mid_move_bps is not None and own.edge_bps is not None:
            assert other.mid_move_bps == pytest.approx(-own.mid_move_bps, abs=1e-9)
            # Edges are in units of the mid at entry, which the mirror moves by at most 0.2 %.
            assert other.edge_bps == pytest.approx(own.edge_bps, rel=0.003, abs=0.1)


def _fields(call: Call) -> dict[str, object]:
    return {name: getattr(call, name) for name in ("made_at_ms", "available_at_ms", "subject", "horizon_s", "evidence")}
