"""Pages of trades as columns give the same positions as trades as values."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wallet_facts import DAY_S, NOW_S, START_S, WALLET, act, first_tag, known, market
from wallet_reference import uncompiled_positions

from app.core.compiling import Function
from app.core.prediction_market import WalletActivity
from app.feeds.polymarket.columns import TradePages, joined
from app.feeds.polymarket.columns import columns_of as trade_columns_of
from app.wallets.columns import PositionColumns, columns_of
from app.wallets.pages import compiled_positions, positions_of, token_table
from app.wallets.positions import ledger_of
from app.wallets.trades_kernel import _sorted_places

MARKETS = [
    market("a", yes_pays=1.0, closed_s=START_S + 40, tag="politics", event="e"),
    market("b", yes_pays=0.0, closed_s=START_S + 20, tag="sports", event="e"),
    market("c", tag="crypto"),
    market("d", yes_pays=0.5, tag="sports"),
    market("later", yes_pays=1.0, closed_s=NOW_S + DAY_S, tag="sports"),
]  # fmt: skip
trades = st.builds(
    lambda buy, name, yes, size, price: act("BUY" if buy else "SELL", name, size, size * price, yes=yes),
    st.booleans(),
    st.sampled_from(["a", "b", "c", "d", "later", "unknown", "other"]),
    st.booleans(),
    st.one_of(st.sampled_from([10.0, 20.0]), st.floats(0.5, 1_000)),
    st.floats(0.01, 0.99),
)
wallets = st.lists(st.lists(trades, max_size=20), max_size=4)


def in_time(activity: list[WalletActivity]) -> list[WalletActivity]:
    """Every second trade at the same time as the one before."""
    return [
        act(each.kind, each.condition_id, each.size, each.usdc, START_S + place // 2, yes=each.outcome_index == 0)
        for place, each in enumerate(activity)
    ]


def by_name(columns: PositionColumns) -> list[list[tuple[object, ...]]]:
    """The rows of each wallet; those that end or begin at the same time in any order."""
    rows = zip(
        np.array([*columns.categories, ""])[columns.category].tolist(),
        *(getattr(columns, name).round(6).tolist() for name in ("size_usdc", "cost_usdc", "pnl_usdc")),
        *(
            np.nan_to_num(getattr(columns, name), nan=-1).round(6).tolist()
            for name in ("hold_s", "entry_price", "weight")
        ),
        *(getattr(columns, name).tolist() for name in ("hedged", "opened_s", "closed_s")), strict=True,
    )  # fmt: skip
    listed = list(rows)
    return [sorted(listed[first:last]) for first, last in zip(columns.offsets[:-1], columns.offsets[1:], strict=True)]


def check(batch: list[list[WalletActivity]], run: Function, now_s: int = NOW_S) -> None:
    batch = [in_time(activity) for activity in batch]
    pages = joined([trade_columns_of(activity) for activity in batch])
    found = positions_of(pages, token_table(MARKETS, first_tag), now_s, run)
    ledgers = [ledger_of(WALLET, activity, known(*MARKETS), now_s) for activity in batch]
    assert by_name(found.columns) == by_name(columns_of(ledgers))
    assert found.columns.closed.tolist() == [len(ledger.closed) for ledger in ledgers]
    assert found.unmatched.tolist() == [ledger.unmatched for ledger in ledgers]
    assert found.unmatched_usdc.tolist() == pytest.approx([ledger.unmatched_usdc for ledger in ledgers])
    for first, last, closed in zip(
        found.columns.offsets, found.columns.offsets[1:], found.columns.closed, strict=False
    ):
        assert np.all(np.diff(found.columns.closed_s[first : first + closed]) >= 0)
        assert np.all(np.diff(found.columns.opened_s[first:last][found.columns.by_opening[first:last]]) >= 0)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(wallets, st.sampled_from([START_S - 1, START_S + 3, NOW_S]))
def test_pages_give_the_positions_of_the_ledger(batch: list[list[WalletActivity]], now_s: int) -> None:
    check(batch, uncompiled_positions(), now_s)


def one_token_in(conditions: int) -> TradePages:
    """A page whose trades name one token in so many conditions."""
    bets = [act("BUY", f"m{place}", 10.0, 5.0, START_S + place, token="1") for place in range(conditions)]
    return joined([trade_columns_of(bets), trade_columns_of(bets[:2])])


def test_a_token_that_is_traded_in_many_conditions_is_one_position() -> None:
    found = positions_of(one_token_in(50), token_table(MARKETS, first_tag), NOW_S, uncompiled_positions())
    assert found.columns.cost_usdc.tolist() == [250.0, 10.0]


@pytest.fixture(scope="module")
def compiled() -> Function:
    return compiled_positions()


@pytest.mark.nightly
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(batch=wallets, now_s=st.sampled_from([START_S + 3, NOW_S]))
def test_compiled_too(compiled: Function, batch: list[list[WalletActivity]], now_s: int) -> None:
    check(batch, compiled, now_s)


@pytest.mark.nightly
def test_a_token_in_many_conditions_is_one_position_when_compiled(compiled: Function) -> None:
    found = positions_of(one_token_in(1_000), token_table(MARKETS, first_tag), NOW_S, compiled)
    assert found.columns.cost_usdc.tolist() == [5_000.0, 10.0]


@given(st.lists(st.integers(0, 5), max_size=40))
def test_equal_times_keep_their_order(times: list[int]) -> None:
    keys, places, spare = np.array(times, np.int64), np.empty(len(times), np.int32), np.empty(len(times), np.int32)
    _sorted_places(keys, places, spare)
    assert places.tolist() == np.argsort(keys, kind="stable").tolist()
