"""Liquidations of accounts across a followed trader: one loss in many fills is one liquidation."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from score_samples import NOW_MS, address, fill

from app.core.traders import TraderFill
from app.whales.liquidations import liquidations_across

LOSER, OTHER = address(8), address(9)


def across(signed: float, price: float = 100.0, trade_id: int = 1, whom: str = LOSER, at_s: int = 0) -> TraderFill:
    one = fill(0, signed, at_s=at_s)
    return msgspec.structs.replace(one, price=price, trade_id=trade_id, liquidated_other=whom)


def test_fills_of_one_time_are_one_loss_at_their_mean_price() -> None:
    fills = [across(1, 100.0, 7), across(3, 96.0, 5), across(4, 90.0, 9, at_s=1), across(2, 50.0, 6, OTHER), fill(0, 1)]
    first, later, other = liquidations_across(fills)
    assert (first.trader, first.size, first.price, first.trade_id) == (LOSER, 4, 97.0, 5)
    assert (first.direction, first.at_ms) == (-1, NOW_MS)
    assert (later.size, later.price, later.at_ms) == (4, 90.0, NOW_MS + 1_000)
    assert (other.trader, other.size) == (OTHER, 2)
    assert [one.direction for one in liquidations_across([across(-1)])] == [1]


@given(sizes=st.lists(st.floats(1e-6, 1e9), min_size=1, max_size=50))
def test_nothing_is_lost_by_summing(sizes: list[float]) -> None:
    fills = [across(size, 90.0 + place % 5, place) for place, size in enumerate(sizes)]
    (one,) = liquidations_across(fills)
    assert one.size == pytest.approx(sum(sizes))
    assert one.size * one.price == pytest.approx(sum(each.size * each.price for each in fills))


def test_a_fill_of_nothing_is_no_loss() -> None:
    assert list(liquidations_across([across(0.0)])) == []
