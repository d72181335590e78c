"""Copying some seconds late, at the prices others traded at then."""

import pytest
from wallet_facts import DAY_S, NOW_S, START_S, act, known, market

from app.core.prediction_market import WalletActivity
from app.wallets.copying import Prints, copy_result, prints_of
from app.wallets.values import CopyResult

BUY = act("BUY", "a", 100, 40, START_S)
SELL = act("SELL", "a", 100, 60, START_S + 1_000)
PRINTS = {
    "a+": Prints(
        [START_S + 1, START_S + 5, START_S + 30, START_S + 1_002, START_S + 1_050], [0.41, 0.45, 0.5, 0.58, 0.5]
    )
}
OPEN, WON = market("a"), market("a", yes_pays=1.0, closed_s=START_S + DAY_S)


def copied(
    activity: list[WalletActivity], delay_s: int, prints: dict[str, Prints], *, cost_bps: float = 0.0, won: bool = False
) -> CopyResult | None:
    return copy_result(activity, prints, known(WON if won else OPEN), NOW_S, delay_s, cost_bps=cost_bps)


@pytest.mark.parametrize(("delay_s", "pnl"), [(0, 17), (2, 13), (10, 0)])
def test_the_first_price_after_the_delay_is_had(delay_s: int, pnl: float) -> None:
    found = copied([BUY, SELL], delay_s, PRINTS)
    assert found is not None
    assert found.pnl_usdc == pytest.approx(pnl)
    assert found.own_pnl_usdc == 20


def test_costs_are_paid_on_both_fills() -> None:
    found = copied([BUY, SELL], 2, PRINTS, cost_bps=100)
    assert found is not None
    assert found.pnl_usdc == pytest.approx(13 - 0.45 - 0.58)


def test_without_a_price_in_time_there_is_no_result() -> None:
    assert copied([BUY, SELL], 60, PRINTS) is None
    assert copied([BUY, SELL], 2, {}) is None


def test_what_is_held_to_the_end_is_paid_out() -> None:
    assert copied([BUY], 2, PRINTS) is None
    found = copied([BUY], 2, PRINTS, won=True)
    assert found == CopyResult(delay_s=2, pnl_usdc=55, own_pnl_usdc=60, positions=1, all_positions=1)


def test_only_what_can_be_copied_counts_and_the_rest_is_counted() -> None:
    unseen = act("BUY", "b", 10, 5, START_S)
    found = copied([BUY, SELL, unseen], 2, PRINTS)
    assert found is not None
    assert (found.positions, found.all_positions) == (1, 2)


def test_a_sale_without_a_purchase_or_a_merge_is_left_out() -> None:
    assert copied([SELL], 2, PRINTS) is None
    assert copied([BUY, act("MERGE", "a", 100, 100, START_S + 50), SELL], 2, PRINTS) is None


def test_prints_are_taken_from_whatever_order() -> None:
    assert prints_of([SELL, BUY, act("REBATE", "", 0, 1)]) == {"a+": Prints([START_S, START_S + 1_000], [0.4, 0.6])}
