"""Polymarket's words become values, or are refused with a reason; nothing else escapes."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from polymarket_samples import AT_S, CONDITION, OTHER_WALLET, TOKEN, WALLET, activity_row, page, position_row, trade_row

from app.core.errors import FrameError
from app.feeds.polymarket import gamma, parse
from app.feeds.polymarket.pages import Page

PARSERS: list[Callable[[bytes], object]] = [
    parse.parse_activity,
    parse.parse_positions,
    parse.parse_leaderboard,
    parse.parse_holders,
    parse.parse_stats,
    parse.parse_pnl,
    gamma.parse_markets,
]


def test_a_trade_gets_its_amount_from_size_and_price() -> None:
    [trade] = parse.parse_activity(page([trade_row(proxy_wallet=WALLET.upper().replace("0X", "0x"))])).rows
    assert (trade.wallet, trade.kind, trade.size, trade.price, trade.at_s) == (WALLET, "BUY", 22.84, 0.52, AT_S)
    assert (trade.usdc, trade.token_id, trade.condition_id) == (22.84 * 0.52, TOKEN, CONDITION)
    # 999 and an empty slug say that the venue does not know.
    assert (trade.outcome_index, trade.event_slug) == (None, "")


def test_an_activity_keeps_the_amount_that_the_venue_names() -> None:
    [trade] = parse.parse_activity(page([activity_row(side="SELL")])).rows
    assert (trade.kind, trade.usdc, trade.outcome_index, trade.event_slug) == ("SELL", 12.0, 1, "an-event")


def test_a_page_is_turned_round_to_oldest_first() -> None:
    rows = [trade_row(timestamp=AT_S + at, size=size) for at, size in ((5, 1.0), (5, 2.0), (3, 3.0), (4, 4.0))]
    assert [trade.size for trade in parse.parse_activity(page(rows)).rows] == [3.0, 4.0, 2.0, 1.0]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("SPLIT", ("SPLIT", 22.84)),
        ("MERGE", ("MERGE", 22.84)),
        ("REDEEM", ("REDEEM", 22.84)),
        ("MAKER_REBATE", ("REBATE", 0.0)),
        ("REWARD", ("REBATE", 0.0)),
        ("YIELD", ("REBATE", 0.0)),
    ],
)
def test_kinds_of_activity(kind: str, expected: tuple[str, float]) -> None:
    row = {**activity_row(), "type": kind, "side": "", "token_id": "", "outcome_index": 999, "price": 0}
    [activity] = parse.parse_activity(page([row])).rows
    assert (activity.kind, activity.size) == expected
    assert (activity.usdc, activity.token_id, activity.price) == (12.0, "", 0.0)


def test_what_is_no_bet_is_passed_over_and_not_refused() -> None:
    rows = [{**activity_row(), "type": kind} for kind in ("DEPOSIT", "WITHDRAWAL", "TIP", "MIGRATION", "CONVERSION")]
    answer = parse.parse_activity(page([*rows, activity_row()]))
    assert (len(answer.rows), answer.passed_over, answer.refused) == (1, 5, 0)


BAD_FIELDS: list[tuple[str, Any]] = [
    ("proxy_wallet", "0x12"),
    ("proxy_wallet", WALLET + "\n"),
    ("proxy_wallet", "0x" + "０" * 40),
    ("token_id", "12\x1b[31m"),
    ("condition_id", "a b"),
    ("condition_id", ""),
    ("token_id", ""),
    ("side", ""),
    ("side", "HOLD"),
    ("size", -1.0),
    ("size", None),
    ("size", "nan"),
    ("size", "inf"),
    ("size", "1e400"),
    ("size", "1_000"),
    ("price", 1.01),
    ("price", -0.1),
    ("timestamp", 0),
    ("timestamp", AT_S * 1_000),
    ("type", "DANCE"),
    ("usdc_size", -1.0),
    ("outcome_index", -1),
]


@pytest.mark.parametrize(("field", "value"), BAD_FIELDS)
def test_one_bad_row_is_left_out_and_counted(field: str, value: Any) -> None:
    answer = parse.parse_activity(page([trade_row(size=1.0), trade_row(**{field: value}), trade_row(size=3.0)], "next"))
    assert [trade.size for trade in answer.rows] == [3.0, 1.0]
    assert (answer.refused, answer.passed_over, answer.next_cursor) == (1, 0, "next")
    assert answer.refusal.startswith("activity: ")
    assert answer.refusal.isprintable()


def test_a_page_without_a_usable_row_is_refused() -> None:
    with pytest.raises(FrameError, match=r"none of 2 rows can be used; activity: .*size"):
        parse.parse_activity(page([trade_row(size=-1), trade_row(size=None)]))


def test_null_data_is_an_empty_page() -> None:
    assert parse.parse_activity(b'{"data":null}') == Page((), ())
    assert parse.parse_stats(b'{"data":null}') is None
    assert parse.parse_pnl(b'{"data":null}') == Page((), ())


def test_a_cursor_counts_only_where_there_is_more() -> None:
    body = json.dumps({"data": [trade_row()], "pagination": {"has_more": False, "next_cursor": "again"}}).encode()
    assert parse.parse_activity(body).next_cursor == ""
    assert parse.parse_activity(page([trade_row()], "on")).next_cursor == "on"


@pytest.mark.parametrize("parser", PARSERS)
@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "truncated"),
        (page(None)[:-20], "truncated"),
        (page([trade_row()])[:-200], "truncated|Expected"),
        (b"<!doctype html><title>Just a moment</title>", "HTML instead of JSON"),
        (b"\n <html>", "HTML instead of JSON"),
        (b'{"error":"no","code":"internal"}', "data|conditionId|slug|title|question"),
        (b'{"data":7}', "Expected|missing"),
        (b"\xff\xfe", "malformed|invalid"),
        (b"[" * 100_000, "."),
        (b'{"data":' * 100_000, "."),
    ],
)
def test_a_body_that_is_no_answer_names_route_and_reason(
    parser: Callable[[bytes], object], body: bytes, reason: str
) -> None:
    with pytest.raises(FrameError, match=f"^polymarket [a-z]+: .*({reason})") as raised:
        parser(body)
    assert str(raised.value).isprintable()


def test_positions() -> None:
    [position] = parse.parse_positions(page([position_row()])).rows
    assert (position.status, position.current_size, position.total_size, position.cost_usdc) == ("OPEN", 100, 100, 50)
    assert (position.average_price, position.unrealized_pnl_usdc, position.last_event_s) == (0.5, 25.0, AT_S)
    # The venue tells the cost of what is left; of what was sold it says nothing.
    [partly_sold] = parse.parse_positions(page([position_row(total_size=400.0)])).rows
    assert partly_sold.cost_usdc is None


def test_null_is_not_known_and_never_zero() -> None:
    unknown = ("avg_price", "entry_cost_usdc", "realized_pnl", "unrealized_pnl", "outcome_index", "last_event_at")
    [position] = parse.parse_positions(page([position_row(**dict.fromkeys(unknown))])).rows
    assert position.average_price is position.cost_usdc is position.outcome_index is position.last_event_s is None
    assert position.realized_pnl_usdc is position.unrealized_pnl_usdc is None


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"size": 5, "curPrice": 0.4}, "OPEN"),
        ({"size": 5, "curPrice": 0, "redeemable": True}, "REDEEMABLE_LOST"),
        ({"size": 5, "curPrice": 1, "redeemable": True}, "REDEEMABLE"),
        ({"curPrice": 1}, "CLOSED"),
    ],
)
def test_positions_of_the_first_version_get_a_status(changes: dict[str, Any], status: str) -> None:
    row = {"proxyWallet": WALLET, "asset": TOKEN, "conditionId": CONDITION, "totalBought": 5, "avgPrice": 0.6}
    [position] = parse.parse_positions(json.dumps([{**row, **changes}]).encode()).rows
    assert (position.status, position.total_size) == (status, 5.0)


def test_leaders_of_both_versions_keep_volume_in_its_unit() -> None:
    row = {"rank": 3, "user_id": WALLET, "pnl": -5.5, "volume": 9.0, "user_name": "a\x1b[31mb"}
    [leader] = parse.parse_leaderboard(page([row])).rows
    assert (leader.rank, leader.pnl_usdc, leader.volume_shares, leader.volume_usdc) == (3, -5.5, 9.0, None)
    assert leader.name == "a[31mb"
    old = [{"rank": "3", "proxyWallet": WALLET, "userName": "x", "vol": 9.0, "pnl": None}]
    [leader] = parse.parse_leaderboard(json.dumps(old).encode()).rows
    assert (leader.rank, leader.pnl_usdc, leader.volume_shares, leader.volume_usdc) == (3, None, None, 9.0)


def test_holders_of_all_outcomes_come_in_one_list() -> None:
    def token(token_id: str, *wallets: str) -> dict[str, Any]:
        return {
            "token_id": token_id,
            "holders": [{"proxy_wallet": wallet, "token_id": token_id, "amount": 5.0} for wallet in wallets],
        }

    answer = parse.parse_holders(page([token("1", WALLET, "nobody"), token("2", OTHER_WALLET)]))
    assert [(holder.wallet, holder.token_id) for holder in answer.rows] == [(WALLET, "1"), (OTHER_WALLET, "2")]
    assert answer.refused == 1
    old = [{"token": "1", "holders": [{"proxyWallet": WALLET, "asset": "1", "amount": 2, "outcomeIndex": 0}]}]
    [holder] = parse.parse_holders(json.dumps(old).encode()).rows
    assert (holder.size, holder.outcome_index) == (2.0, 0)


def test_a_new_wallet_has_figures_that_are_not_known() -> None:
    body = page({"proxy_wallet": WALLET, "trades": 0, "biggest_win": None, "join_date": 0, "all_time_pnl": None})
    stats = parse.parse_stats(body)
    assert stats is not None
    assert (stats.markets_traded, stats.trade_count, stats.joined_s, stats.realized_pnl_usdc) == (0, None, None, None)


def test_results_come_oldest_first() -> None:
    points = [{"timestamp": at, "realized_pnl": pnl} for at, pnl in ((20, 2.0), (10, None), (None, 7.0))]
    answer = parse.parse_pnl(page({"points": points}))
    assert [(point.at_s, point.realized_pnl_usdc) for point in answer.rows] == [(10, None), (20, 2.0)]
    assert answer.refused == 1


def test_the_venues_own_errors_are_read_and_cleaned() -> None:
    body = b'{"error":"slow\\u001b[2J down","code":"rate_limited","retryable":true,"trace_id":"t"}'
    error = parse.parse_error(body)
    assert error is not None
    assert (error.error, error.code, error.retryable) == ("slow[2J down", "rate_limited", True)
    assert parse.parse_error(b"<html>") is None


@pytest.mark.parametrize("parser", PARSERS)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(parser: Callable[[bytes], object], body: bytes) -> None:
    outcome = "read"
    try:
        parser(body)
    except FrameError as error:
        outcome = str(error)
    assert outcome.isprintable()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


@given(st.lists(st.tuples(st.sampled_from(sorted(activity_row())), JSON), max_size=4))
def test_a_row_whose_fields_are_anything_is_read_or_refused(changes: list[tuple[str, Any]]) -> None:
    answer = parse.parse_activity(page([activity_row(), {**activity_row(), **dict(changes)}]))
    assert len(answer.rows) + answer.refused + answer.passed_over == 2
    assert all(0 <= row.price <= 1 and 0 <= row.size < 1e15 and 0 <= row.usdc < 1e30 for row in answer.rows)
    assert all(row.event_slug.isprintable() and row.token_id.isprintable() for row in answer.rows)
