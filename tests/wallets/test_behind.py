import pytest
from hypothesis import given
from hypothesis import strategies as st
from wallet_facts import DAY_S, NOW_S, START_S, act, known, market

from app.wallets.behind import categories_of, chases_of, equity_of
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
