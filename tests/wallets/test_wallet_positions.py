"""What a position is: partial fills, splits, merges, redemptions, rebates, and what markets pay out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wallet_facts import DAY_S, START_S, act, ledger, market

from app.core.prediction_market import WalletActivity
from app.wallets.values import Ledger

HOUR_S = 3_600


def test_partial_fills_are_one_position() -> None:
    (position,) = ledger(
        [
            act("BUY", "a", 100, 40, START_S),
            act("BUY", "a", 100, 60, START_S + HOUR_S),
            act("SELL", "a", 50, 30, START_S + 2 * HOUR_S),
            act("SELL", "a", 150, 105, START_S + 4 * HOUR_S),
        ]
    ).closed
    assert (position.opened_s, position.closed_s) == (START_S, START_S + 4 * HOUR_S)
    assert (position.cost_usdc, position.proceeds_usdc) == (100, 135)
    assert position.size_usdc == 100
    assert position.entry_price == pytest.approx(0.5)
    # Entered half an hour in on average: 50 shares held 1.5 h, 150 held 3.5 h.
    assert position.hold_s == pytest.approx((50 * 1.5 + 150 * 3.5) / 200 * HOUR_S)


def test_size_is_the_most_at_stake_and_cost_all_that_was_paid() -> None:
    activity = []
    for hour in range(10):
        activity.append(act("BUY", "a", 100, 50, START_S + 2 * hour * HOUR_S))
        activity.append(act("SELL", "a", 90 if hour < 9 else 190, 46, START_S + (2 * hour + 1) * HOUR_S))
    (position,) = ledger(activity).closed
    assert position.cost_usdc == 500
    assert position.size_usdc < 110
    assert position.hold_s is not None
    assert position.hold_s < 2 * HOUR_S


def test_a_lost_market_is_a_loss_whether_redeemed_or_not() -> None:
    lost = market("a", yes_pays=0.0, closed_s=START_S + DAY_S)
    (position,) = ledger([act("BUY", "a", 100, 60)], lost).closed
    assert position.pnl_usdc == -60
    assert position.closed_s == START_S + DAY_S
    (redeemed,) = ledger([act("BUY", "a", 100, 60), act("REDEEM", "a", 100, 0, START_S + 9 * DAY_S)], lost).closed
    assert redeemed == position


def test_a_redemption_closes_at_the_end_of_its_market() -> None:
    won = market("a", yes_pays=1.0, closed_s=START_S + DAY_S)
    (position,) = ledger([act("BUY", "a", 100, 60), act("REDEEM", "a", 100, 100, START_S + 9 * DAY_S)], won).closed
    assert (position.pnl_usdc, position.closed_s, position.hold_s) == (40, START_S + DAY_S, DAY_S)


def test_a_redemption_of_an_unknown_market_goes_to_the_shares_it_fits() -> None:
    activity = [
        act("BUY", "a", 100, 60, yes=True),
        act("BUY", "a", 30, 9, START_S + 5, yes=False),
        act("REDEEM", "a", 100, 100, START_S + DAY_S),
    ]
    assert sorted((each.token_id, each.pnl_usdc) for each in ledger(activity).closed) == [("a+", 40), ("a-", -9)]


def test_nothing_is_settled_before_its_time() -> None:
    later = market("a", yes_pays=1.0, closed_s=START_S + DAY_S)
    found = ledger([act("BUY", "a", 100, 60)], later, now_s=START_S + 10)
    assert found.closed == ()
    assert [(each.cost_usdc, each.shares) for each in found.opened] == [(60, 100)]


def test_a_split_costs_half_a_side_and_is_no_opinion() -> None:
    split = [act("SPLIT", "a", 100, 100), act("SELL", "a", 100, 70, START_S + HOUR_S)]
    found = ledger(split, market("a", yes_pays=1.0, closed_s=START_S + DAY_S))
    assert [(each.token_id, each.pnl_usdc) for each in found.closed] == [("a+", 20), ("a-", -50)]
    assert all(each.entry_price is None and each.hedged for each in found.closed)


def test_a_split_that_is_merged_again_is_neither_win_nor_loss() -> None:
    found = ledger([act("SPLIT", "a", 100, 100), act("MERGE", "a", 100, 100, START_S + 60)], market("a"))
    assert [each.pnl_usdc for each in found.closed] == [0, 0]


def test_a_merge_is_shared_out_by_what_the_sides_cost() -> None:
    pair = [
        act("BUY", "a", 100, 40),
        act("BUY", "a", 100, 55, START_S + 1, yes=False),
        act("MERGE", "a", 100, 100, START_S + 60),
    ]
    found = {each.token_id: each for each in ledger(pair).closed}
    assert found["a+"].pnl_usdc == pytest.approx(40 * (100 / 95 - 1))
    assert found["a-"].pnl_usdc == pytest.approx(55 * (100 / 95 - 1))
    assert all(each.hedged and each.entry_price is None for each in found.values())


def test_a_rebate_is_no_profit() -> None:
    found = ledger([act("BUY", "a", 10, 5), act("REBATE", "", 0, 3), act("SELL", "a", 10, 5, START_S + 1)])
    assert found.rebates_usdc == 3
    assert [each.pnl_usdc for each in found.closed] == [0]


def test_what_was_bought_before_the_activity_begins_has_no_result() -> None:
    found = ledger([act("SELL", "a", 100, 70), act("REDEEM", "b", 50, 50), act("MERGE", "c", 10, 10)])
    assert found.closed == ()
    assert (found.unmatched, found.unmatched_usdc) == (3, 130)


def test_more_sold_than_seen_bought_counts_in_part() -> None:
    found = ledger([act("BUY", "a", 40, 20), act("SELL", "a", 100, 70, START_S + 1)])
    assert [each.proceeds_usdc for each in found.closed] == [pytest.approx(28)]
    assert found.unmatched_usdc == pytest.approx(42)


def test_dust_that_rounding_leaves_is_no_position() -> None:
    found = ledger([act("BUY", "a", 1000, 500), act("SELL", "a", 999.5, 600, START_S + 1)])
    assert [each.pnl_usdc for each in found.closed] == [100]
    assert found.opened == ()


def test_a_new_position_in_the_same_outcome_is_another_position() -> None:
    activity = [
        act("BUY", "a", 10, 5, START_S),
        act("SELL", "a", 10, 4, START_S + 1),
        act("BUY", "a", 10, 5, START_S + 2),
        act("SELL", "a", 10, 6, START_S + 3),
    ]
    assert [each.pnl_usdc for each in ledger(activity).closed] == [-1, 1]


trades = st.lists(
    st.builds(
        lambda buy, name, yes, size, price: act("BUY" if buy else "SELL", name, size, size * price, yes=yes),
        st.booleans(),
        st.sampled_from("ab"),
        st.booleans(),
        st.floats(1, 1_000),
        st.floats(0.01, 0.99),
    ),
    max_size=30,
)


def in_order(activity: list[WalletActivity]) -> list[WalletActivity]:
    return [
        act(each.kind, each.condition_id, each.size, each.usdc, START_S + place, yes=each.outcome_index == 0)
        for place, each in enumerate(activity)
    ]


def money(found: Ledger) -> float:
    """What all positions brought, less what they cost."""
    return sum(each.pnl_usdc for each in found.closed)


@given(trades)
def test_no_money_appears_or_is_lost(activity: list[WalletActivity]) -> None:
    """With every market resolved, the positions' results are all that was received less all that was paid."""
    ordered = in_order(activity)
    markets = [market("a", yes_pays=1.0, closed_s=START_S + DAY_S), market("b", yes_pays=0.0, closed_s=START_S + DAY_S)]
    found = ledger(ordered, *markets)
    assert found.opened == ()
    flow = sum(each.usdc if each.kind == "SELL" else -each.usdc for each in ordered)
    held = {"a+": 0.0, "b-": 0.0}
    for each in ordered:
        if each.token_id in held:
            change = each.size if each.kind == "BUY" else -each.size
            held[each.token_id] = max(0.0, held[each.token_id] + change)
    paid_out = sum(held.values())
    dust = 1.1 * len(ordered)  # a rest below a thousandth of 1000 shares is dropped at each close
    assert money(found) == pytest.approx(flow - found.unmatched_usdc + paid_out, abs=dust)


@given(trades)
def test_positions_are_sound(activity: list[WalletActivity]) -> None:
    for each in ledger(in_order(activity)).closed:
        assert 0 < each.size_usdc <= each.cost_usdc + 1e-9
        assert each.proceeds_usdc >= 0
        assert each.opened_s is not None
        assert each.closed_s >= each.opened_s
        assert each.hold_s is not None
        assert -1e-6 <= each.hold_s <= each.closed_s - each.opened_s + 1e-6
