"""What a wallet made over a call's horizon, told by the venue's history of its results."""

from collections.abc import Iterable
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scorecard_samples import CALL, START_MS

from app.core.prediction_market import PnlPoint
from app.scorecards.profits import NOT_AFTER, NOT_BEFORE, WALLET_PROFIT, profit_graded
from app.scorecards.scorecard import scorecards

START_S, DAY_S = START_MS // 1_000, 86_400
CLAIM = msgspec.structs.replace(
    CALL, claimant="wallets", kind=WALLET_PROFIT, reference_kind=WALLET_PROFIT, direction=1, probability=0.9,
    available_at_ms=START_MS, horizon_s=30 * DAY_S,
)  # fmt: skip
DECIDED_MS = START_MS + 31 * DAY_S * 1_000


def point(day: float, realized: float | None, unrealized: float | None = 0.0) -> PnlPoint:
    return PnlPoint(
        at_s=START_S + round(day * DAY_S), realized_pnl_usdc=realized, unrealized_pnl_usdc=unrealized,
        volume_usdc=None, trade_count=None,
    )  # fmt: skip


def outcome_of(*points: PnlPoint) -> tuple[str, str, bool | None]:
    outcome = profit_graded(CLAIM, points, DECIDED_MS)
    return outcome.status, outcome.reason, outcome.event_happened


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ((point(-1, 100), point(29, 101)), ("graded", "", True)),
        ((point(-1, 100), point(29, 100)), ("graded", "", False)),
        ((point(0, 100), point(30, 99)), ("graded", "", False)),
        ((point(-1, 100, -50), point(29, 60, 40)), ("graded", "", True)),
        ((point(-1, 100), point(29, 90), point(30.01, 900)), ("graded", "", False)),
        ((point(-2, 500), point(-1, 100), point(29, 200)), ("graded", "", True)),
        ((point(-1, 100), point(20, 200), point(29, None)), ("graded", "", True)),
        ((point(-1, 100),), ("ungraded", NOT_AFTER, None)),
        ((point(-1, 100), point(31, 900)), ("ungraded", NOT_AFTER, None)),
        ((point(1, 100), point(29, 900)), ("ungraded", NOT_BEFORE, None)),
        ((point(-1, None), point(29, 900)), ("ungraded", NOT_BEFORE, None)),
        ((point(-1, 1_000, None), point(29, 1_000, -400)), ("ungraded", NOT_BEFORE, None)),
        ((point(-1, 1_000, -50), point(29, 1_010, None)), ("ungraded", NOT_AFTER, None)),
        ((), ("ungraded", NOT_BEFORE, None)),
    ],
)
def test_the_profit_is_the_change_from_the_call_to_the_horizon(
    points: tuple[PnlPoint, ...], expected: tuple[str, str, bool | None]
) -> None:
    assert outcome_of(*points) == expected


def test_a_graded_profit_has_a_brier_score_and_no_price() -> None:
    outcome = profit_graded(CLAIM, [point(-0.5, 10), point(29.5, 20)], DECIDED_MS)
    assert outcome.brier == pytest.approx(0.01)
    assert (outcome.hit, outcome.edge_bps, outcome.mid_move_bps, outcome.entry_bid) == (True, None, None, None)
    assert outcome.graded_horizon_ms == round(29.5 * DAY_S * 1_000)
    (card,) = scorecards([(CLAIM, outcome)])
    assert (card.n_graded, card.base_rate.value, card.hit_rate.value, card.edge_bps.value) == (1, 1.0, 1.0, None)


def _mirrored(points: Iterable[PnlPoint]) -> list[PnlPoint]:
    return [msgspec.structs.replace(each, realized_pnl_usdc=-(each.realized_pnl_usdc or 0.0)) for each in points]


@given(
    st.lists(st.tuples(st.integers(-40, 40), st.integers(-1_000, 1_000)), unique_by=lambda each: each[0], max_size=12),
    st.randoms(use_true_random=False),
)
def test_order_does_not_matter_and_nobody_wins_both_ways(totals: list[tuple[int, int]], order: Random) -> None:
    points = [point(day, total) for day, total in totals]
    shuffled = order.sample(points, len(points))
    outcome = profit_graded(CLAIM, points, DECIDED_MS)
    assert profit_graded(CLAIM, shuffled, DECIDED_MS) == outcome
    other = profit_graded(CLAIM, _mirrored(points), DECIDED_MS)
    assert outcome.status == other.status
    assert not (outcome.event_happened and other.event_happened)
