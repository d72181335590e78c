"""The whole record: recent trades joined with the venue's list of all positions, and the history of results by day."""

from typing import Any

import msgspec
import numpy as np
import pytest
from wallet_facts import DAY_S, NOW_S, START_S, WALLET, act, known, ledger, market

from app.core.prediction_market import PnlPoint, WalletPosition
from app.core.text import clean
from app.wallets.daily import daily_record
from app.wallets.measure import measure
from app.wallets.record import record_of
from app.wallets.thresholds import Thresholds
from app.wallets.values import Ledger


def row(name: str, **changes: Any) -> WalletPosition:
    values: dict[str, Any] = {
        "wallet": WALLET, "token_id": name + "+", "condition_id": name, "status": "CLOSED", "current_size": 0.0,
        "total_size": 100.0, "average_price": 0.4, "cost_usdc": 40.0, "realized_pnl_usdc": 60.0,
        "unrealized_pnl_usdc": 0.0, "event_slug": clean(""), "title": clean(name), "outcome": clean("Yes"),
        "outcome_index": 0, "opposite_token_id": name + "-", "last_event_s": START_S,
    }  # fmt: skip
    return WalletPosition(**{**values, **changes})


def win_rate(record: Ledger) -> float | None:
    (measures,) = measure([record], NOW_S, Thresholds())
    return measures.win_rate


def record(*rows: WalletPosition, trades: Ledger | None = None) -> Ledger:
    return record_of(trades or ledger([]), rows, known(market("a", yes_pays=1.0, closed_s=START_S + DAY_S)), NOW_S)


LOST = {"status": "REDEEMABLE_LOST", "current_size": 100.0, "realized_pnl_usdc": 0.0, "unrealized_pnl_usdc": -40.0}


def test_losers_that_nobody_redeemed_count() -> None:
    assert win_rate(record(row("a"), row("b"))) == 1.0
    assert win_rate(record(row("a"), row("b"), row("c", **LOST), row("d", **LOST))) == 0.5


@pytest.mark.parametrize(
    "changes",
    [
        {"realized_pnl_usdc": -40.0, "unrealized_pnl_usdc": 0.0},
        {"realized_pnl_usdc": -40.0, "unrealized_pnl_usdc": None},
        {"realized_pnl_usdc": None, "unrealized_pnl_usdc": None},
        {"cost_usdc": None},
    ],
)
def test_a_loss_is_known_however_the_venue_tells_it(changes: dict[str, Any]) -> None:
    (position,) = record(row("c", **{**LOST, **changes})).closed
    assert (position.cost_usdc, position.pnl_usdc) == (40, -40)


def test_hazard_3_a_position_that_ended_in_a_time_to_come_makes_no_short_record_a_long_one() -> None:
    (position,) = record(row("c", last_event_s=NOW_S + 5_000_000_000)).closed
    assert position.closed_s == 0
    markets = known(market("a", yes_pays=1.0, closed_s=NOW_S + 5_000_000_000))
    (position,) = record_of(ledger([]), [row("a")], markets, NOW_S).closed
    assert position.closed_s == START_S


def test_a_winner_that_waits_to_be_redeemed_is_over_and_an_open_position_is_not() -> None:
    found = record(
        row("a", status="REDEEMABLE", realized_pnl_usdc=0.0, unrealized_pnl_usdc=60.0), row("b", status="OPEN")
    )
    assert [(each.condition_id, each.pnl_usdc, each.closed_s) for each in found.closed] == [("a", 60, START_S + DAY_S)]


@pytest.mark.parametrize(
    ("status", "last_event_s", "closed_s"),
    [
        ("CLOSED", START_S, START_S),
        ("CLOSED", START_S + 90 * DAY_S, START_S + DAY_S),
        ("CLOSED", None, START_S + DAY_S),
        ("REDEEMABLE", START_S, START_S + DAY_S),
        ("REDEEMABLE_LOST", START_S, START_S + DAY_S),
    ],
)
def test_a_position_is_over_when_it_was_sold_or_its_market_paid_whichever_came_first(
    status: str, last_event_s: int | None, closed_s: int
) -> None:
    held = {} if status == "CLOSED" else {"current_size": 100.0, "realized_pnl_usdc": 0.0, "unrealized_pnl_usdc": 60.0}
    (position,) = record(row("a", status=status, last_event_s=last_event_s, **held)).closed
    assert position.closed_s == closed_s


def test_what_was_sold_long_ago_is_no_result_of_this_month() -> None:
    resolved = known(market("a", yes_pays=1.0, closed_s=NOW_S - 5 * DAY_S))
    rows = [
        row("a", last_event_s=NOW_S - 200 * DAY_S),
        row("b", last_event_s=NOW_S - 3 * DAY_S, realized_pnl_usdc=-10.0),
    ]
    (measures,) = measure([record_of(ledger([]), rows, resolved, NOW_S)], NOW_S, Thresholds())
    assert measures.roi_30d == -0.25


def test_a_row_without_a_result_is_counted_and_left_out() -> None:
    found = record(row("a", realized_pnl_usdc=None), row("b", cost_usdc=None, average_price=None))
    assert (found.closed, found.unmatched) == ((), 2)


WAITS = {"status": "REDEEMABLE", "current_size": 100.0}


@pytest.mark.parametrize(
    ("changes", "pnl_usdc"),
    [
        ({"realized_pnl_usdc": None, "unrealized_pnl_usdc": 60.0}, 60.0),
        ({"realized_pnl_usdc": None, "unrealized_pnl_usdc": 30.0, "current_size": 50.0}, None),
        ({"realized_pnl_usdc": 5.0, "unrealized_pnl_usdc": None}, None),
    ],
)
def test_a_part_of_a_result_that_is_not_told_is_not_zero(changes: dict[str, Any], pnl_usdc: float | None) -> None:
    found = record(row("a", **{**WAITS, **changes}))
    assert [each.pnl_usdc for each in found.closed] == ([] if pnl_usdc is None else [pytest.approx(pnl_usdc)])
    assert found.unmatched == (pnl_usdc is None)


def test_trades_tell_more_than_the_list_unless_they_begin_in_the_midst() -> None:
    trades = ledger([act("BUY", "a", 100, 40), act("SELL", "a", 100, 100, START_S + 60)])
    (whole,) = record(row("a"), trades=trades).closed
    assert (whole.opened_s, whole.hold_s) == (START_S, 60)
    (listed,) = record(row("a", total_size=1_000.0, cost_usdc=400.0, realized_pnl_usdc=1.0), trades=trades).closed
    assert (listed.opened_s, listed.cost_usdc) == (None, 400)


def test_both_outcomes_held_are_no_bet() -> None:
    found = record(row("a"), row("a", token_id="a-", opposite_token_id="a+"), row("b"))
    assert {each.token_id: each.entry_price for each in found.closed} == {"a+": None, "a-": None, "b+": 0.4}


def points(*totals: float | None) -> list[PnlPoint]:
    return [
        PnlPoint(
            at_s=START_S + day * DAY_S, realized_pnl_usdc=total, unrealized_pnl_usdc=0.0, volume_usdc=None,
            trade_count=None,
        )
        for day, total in enumerate(totals)
    ]  # fmt: skip


def test_the_daily_record() -> None:
    changes = np.random.default_rng(3).normal(1, 10, 100)
    found = daily_record(points(0.0, *np.cumsum(changes).tolist()))
    assert found is not None
    assert found.volatility_usdc == pytest.approx(changes.std(ddof=1))
    assert found.sharpe == pytest.approx(changes.mean() / changes.std(ddof=1) * 365**0.5)


@pytest.mark.parametrize(("start", "step"), [(0.0, 0.1), (1e6, 0.1), (-3e5, 1 / 3), (7.0, 0.0)])
def test_results_that_grow_by_the_same_each_day_have_no_sharpe_ratio(start: float, step: float) -> None:
    found = daily_record(points(*(start + step * day for day in range(100))))
    assert found is not None
    assert (found.sharpe, found.volatility_usdc) == (None, 0.0)


def test_what_the_venue_rounds_is_no_volatility() -> None:
    found = daily_record(points(*(round(day / 3, 6) for day in range(100))))
    assert found is not None
    assert (found.sharpe, found.volatility_usdc) == (None, 0.0)


def test_a_short_daily_record_has_no_sharpe_ratio() -> None:
    found = daily_record(points(5.0, 12.0, 3.0, None, 4.0))
    assert found is not None
    assert (found.days, found.sharpe, found.max_drawdown_usdc) == (5, None, 9.0)
    assert daily_record(points(None)) is None
    assert daily_record([]) is None


def test_a_day_whose_open_results_are_not_known_is_no_day_without_any() -> None:
    known = points(*(1_000.0 + day % 7 for day in range(60)))
    held = [msgspec.structs.replace(each, unrealized_pnl_usdc=-400.0) for each in known]
    gaps = [
        msgspec.structs.replace(each, unrealized_pnl_usdc=None) if place % 10 == 5 else each
        for place, each in enumerate(held)
    ]
    whole, found = daily_record(held), daily_record(gaps)
    assert whole is not None
    assert found is not None
    assert found.max_drawdown_usdc == whole.max_drawdown_usdc == 6.0
    later_unknown = [*held, msgspec.structs.replace(gaps[5], at_s=held[-1].at_s + 60)]
    assert daily_record(later_unknown) == whole


@pytest.mark.parametrize(("days", "is_known"), [(29, False), (30, True)])
def test_thirty_days_are_enough(days: int, *, is_known: bool) -> None:
    found = daily_record(points(*(float(day % 7) for day in range(days))))
    assert found is not None
    assert found.days == days
    assert (found.sharpe is not None, found.volatility_usdc is not None) == (is_known, is_known)


def test_days_that_are_missing_had_no_change() -> None:
    some = points(*(float(day // 2) for day in range(80)))
    assert daily_record(some[::2] + some[-1:]) == daily_record(points(*(float(day // 2) for day in range(80))))
