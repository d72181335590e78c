import pytest
from hypothesis import given
from hypothesis import strategies as st
from wallet_facts import DAY_S, NOW_S, START_S, act, known, market

from app.wallets.behind import categories_of, chases_of, equity_of
from app.wallets.judging import with_payouts
from app.wallets.measure import measure
from app.wallets.positions import ledger_of
from app.wallets.thresholds import Thresholds
from app.wallets.values import Ledger, Measures

RATIO = Thresholds().chase_ratio


def bets(*sizes: tuple[str, float, float]) -> Ledger:
    """Bets a day apart, each over within an hour: market, cost, proceeds; markets are tagged by their first letter."""
    acts = []
    for day, (name, cost, proceeds) in enumerate(sizes):
        at_s = START_S + day * DAY_S
        acts += [act("BUY", name, cost * 2, cost, at_s), act("SELL", name, cost * 2, proceeds, at_s + 3_600)]
    names = {name for name, _, _ in sizes}
    return ledger_of(acts[0].wallet, acts, known(*(market(name, tag=name[0]) for name in names)), NOW_S)


def measures_of(ledger: Ledger) -> Measures:
    return measure([ledger], NOW_S, Thresholds())[0]


def test_categories_are_shares_of_what_was_paid_in() -> None:
    rows = categories_of(bets(("a1", 60, 90), ("b1", 30, 0), ("a2", 10, 10)))
    assert [(row.category, row.positions, row.cost_usdc, row.pnl_usdc) for row in rows] == [
        ("a", 2, 70, 30),
        ("b", 1, 30, -30),
    ]
    assert [row.share for row in rows] == [0.7, 0.3]


def test_a_loss_is_chased_by_a_position_of_more_than_half_as_much_again() -> None:
    fine = chases_of(bets(("a1", 100, 0), ("a2", 120, 240)), RATIO)
    chased = chases_of(bets(("a1", 100, 0), ("a2", 200, 400)), RATIO)
    assert [(row.ratio, row.chased) for row in (*fine, *chased)] == [(1.2, False), (2.0, True)]
    assert (chased[0].lost_usdc, chased[0].lost_category, chased[0].next_size_usdc) == (100, "a", 200)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(1, 1_000), st.floats(0, 2)), min_size=1, max_size=12))
def test_what_is_shown_is_what_was_measured(drawn: list[tuple[str, float, float]]) -> None:
    ledger = bets(*((f"{tag}{day}", cost, cost * part) for day, (tag, cost, part) in enumerate(drawn)))
    measures = measures_of(ledger)
    rows, chases, equity = categories_of(ledger), chases_of(ledger, RATIO), equity_of(ledger)
    assert rows[0].share == pytest.approx(measures.top_category_share)
    assert sum(row.positions for row in rows) == measures.positions
    assert (len(chases), sum(row.chased for row in chases)) == (measures.losses_followed, measures.losses_chased)
    assert equity[-1].total_usdc == pytest.approx(measures.pnl_usdc, abs=1e-6)


def resolved(name: str, *, yes_pays: float | None) -> Ledger:
    """A bet at 0.5 that was sold even, on a market that paid so later."""
    told = known(market(name, yes_pays=yes_pays, closed_s=START_S + 9 * DAY_S))
    acts = [act("BUY", name, 100, 50, START_S), act("SELL", name, 100, 50, START_S + 3_600)]
    return ledger_of(acts[0].wallet, acts, told, NOW_S)


@pytest.mark.parametrize(("pays", "surplus", "variance"), [(1.0, 0.5, 0.25), (0.0, -0.5, 0.25), (None, 0.0, 0.0)])
def test_a_bet_that_was_sold_counts_by_what_its_market_paid(
    pays: float | None, surplus: float, variance: float
) -> None:
    ledger = resolved("m", yes_pays=pays)
    told = known(market("m", yes_pays=pays, closed_s=START_S + 9 * DAY_S))
    measures = with_payouts(measures_of(ledger), ledger, told, NOW_S)
    assert (measures.surplus, measures.surplus_variance) == pytest.approx((surplus, variance))


def test_a_payout_that_lies_ahead_is_not_known() -> None:
    ledger = resolved("m", yes_pays=1.0)
    told = known(market("m", yes_pays=1.0, closed_s=NOW_S + 1))
    assert with_payouts(measures_of(ledger), ledger, told, NOW_S).surplus == pytest.approx(0.0)


def test_bets_on_one_event_count_as_one() -> None:
    names = ("m1", "m2")
    told = known(*(market(name, yes_pays=1.0, closed_s=START_S + 9 * DAY_S, event="e") for name in names))
    acts = [act("BUY", name, 100, 50, START_S) for name in names]
    ledger = ledger_of(acts[0].wallet, acts, told, NOW_S)
    measures = with_payouts(measures_of(ledger), ledger, told, NOW_S)
    assert (measures.surplus, measures.surplus_variance) == pytest.approx((0.5, 0.25))


def test_held_bets_measure_the_same_by_their_payouts() -> None:
    told = known(*(market(f"m{n}", yes_pays=float(n % 2), closed_s=START_S + 9 * DAY_S) for n in range(7)))
    acts = [act("BUY", f"m{n}", 100, 10 + 11 * n, START_S + n) for n in range(7)]
    ledger = ledger_of(acts[0].wallet, acts, told, NOW_S)
    measures = measures_of(ledger)
    assert with_payouts(measures, ledger, told, NOW_S).surplus == pytest.approx(measures.surplus)
    assert with_payouts(measures, ledger, told, NOW_S).surplus_variance == pytest.approx(measures.surplus_variance)
