import pytest
from hypothesis import given
from hypothesis import strategies as st
from scorecard_samples import CALL, START_MS, a_call

from app.scorecards.grading import Touch, graded, moved_its_way, round_trip_bps, ungraded

ENTRY = Touch(99.99, 100.01, START_MS + 1_000)
EXIT = Touch(100.29, 100.31, START_MS + 60_000)

prices = st.floats(50, 150)
spreads = st.floats(0, 1)


def test_the_worked_example_of_the_documentation() -> None:
    outcome = graded(CALL, ENTRY, EXIT, moved_its_way)
    assert outcome.status == "graded"
    assert outcome.mid_move_bps == pytest.approx(30.0)
    assert (outcome.event_happened, outcome.hit) == (True, True)
    assert outcome.brier == pytest.approx(0.16)
    assert outcome.edge_bps == pytest.approx(28.0 - 10.0)
    assert outcome.graded_horizon_ms == 60_000
    assert (outcome.entry_bid, outcome.entry_ask, outcome.entry_at_ms) == ENTRY
    assert (outcome.exit_bid, outcome.exit_ask, outcome.exit_at_ms) == EXIT
    assert outcome.decided_at_ms == EXIT.at_ms


def test_the_same_market_against_a_short() -> None:
    outcome = graded(a_call(direction=-1), ENTRY, EXIT, moved_its_way)
    assert (outcome.event_happened, outcome.hit) == (False, False)
    assert outcome.brier == pytest.approx(0.36)
    assert outcome.edge_bps == pytest.approx(-32.0 - 10.0)


@pytest.mark.parametrize("direction", [1, -1])
def test_an_unchanged_mid_is_not_the_event(direction: int) -> None:
    wider = Touch(99.9, 100.1, EXIT.at_ms)
    assert wider.mid == CALL.reference_price
    outcome = graded(a_call(direction=direction), ENTRY, wider, moved_its_way)
    assert (outcome.event_happened, outcome.hit) == (False, False)


def test_a_claim_without_a_direction_has_no_hit_and_no_edge() -> None:
    outcome = graded(a_call(direction=0), ENTRY, EXIT, lambda call, mid: mid > call.reference_price * 1.002)
    assert (outcome.event_happened, outcome.hit, outcome.edge_bps) == (True, None, None)


@given(prices, spreads, prices, spreads, st.sampled_from([1, -1]))
def test_a_mirrored_market_gives_a_mirrored_edge(
    entry_mid: float, entry_half: float, exit_mid: float, exit_half: float, direction: int
) -> None:
    entry = Touch(entry_mid - entry_half, entry_mid + entry_half, 1)
    after = Touch(exit_mid - exit_half, exit_mid + exit_half, 2)
    mirrored_mid = 2 * entry_mid - exit_mid
    mirrored = Touch(mirrored_mid - exit_half, mirrored_mid + exit_half, 2)
    own = round_trip_bps(a_call(direction=direction), entry, after)
    assert round_trip_bps(a_call(direction=-direction), entry, mirrored) == pytest.approx(own, abs=1e-6)


@given(prices, spreads, prices, spreads)
def test_both_sides_together_lose_the_spreads_and_the_costs(
    entry_mid: float, entry_half: float, exit_mid: float, exit_half: float
) -> None:
    entry = Touch(entry_mid - entry_half, entry_mid + entry_half, 1)
    after = Touch(exit_mid - exit_half, exit_mid + exit_half, 2)
    both = sum(round_trip_bps(a_call(direction=direction), entry, after) for direction in (1, -1))
    assert both == pytest.approx(-20 - 20_000 * (entry_half + exit_half) / entry.mid, abs=1e-6)


def test_ungraded_says_why_and_no_more() -> None:
    outcome = ungraded(CALL, "because", 7)
    assert (outcome.call_id, outcome.status, outcome.reason, outcome.decided_at_ms) == (
        CALL.call_id,
        "ungraded",
        "because",
        7,
    )
    assert (outcome.hit, outcome.brier, outcome.edge_bps, outcome.event_happened) == (None, None, None, None)


@pytest.mark.parametrize(
    ("bid", "ask", "usable"),
    [(1, 2, True), (1, 1, True), (2, 1, False), (0, 1, False), (float("nan"), 1, False), (1, float("inf"), False)],
)
def test_a_touch_that_is_crossed_or_no_number_is_of_no_use(bid: float, ask: float, usable: bool) -> None:
    assert Touch(bid, ask, 1).usable is usable
