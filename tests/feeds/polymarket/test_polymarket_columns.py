"""Columns of a page are those of its parse, whatever is on the page."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polymarket_samples import AT_S, OTHER_WALLET, WALLET, activity_row, page, trade_row

from app.core.errors import FrameError
from app.feeds.polymarket.columns import TradeColumns, columns_of, trade_columns
from app.feeds.polymarket.parse import parse_activity


def same(ours: TradeColumns, expected: TradeColumns) -> None:
    columns = [name for name in ours._fields if isinstance(getattr(ours, name), np.ndarray)]
    assert len(columns) == 7
    for name in columns:
        column, other = getattr(ours, name), getattr(expected, name)
        assert column.dtype == other.dtype, name
        np.testing.assert_array_equal(column, other, name)
    assert ours[7:] == expected[7:]


def of_the_parse(body: bytes) -> TradeColumns:
    answer = parse_activity(body)
    columns = columns_of(answer.rows)
    return columns._replace(refused=answer.refused, refusal=answer.refusal, next_cursor=answer.next_cursor)


def test_columns_of_a_page() -> None:
    rows = [
        trade_row(timestamp=AT_S + 2, side="SELL", size=2.0, price=1.0005, token_id="7", condition_id="a"),
        trade_row(timestamp=AT_S + 1, size=4.0, price=0.5, token_id="8", condition_id="a"),
        trade_row(timestamp=AT_S, size=1.0, price=0.25, token_id="7", condition_id="b", usdc_size=0.3),
    ]
    columns = trade_columns(page(rows, "next"))
    assert columns.size.tolist() == [1.0, 4.0, 2.0]
    assert columns.price.tolist() == [0.25, 0.5, 1.0]
    assert columns.usdc.tolist() == [0.3, 2.0, 2.0 * 1.0005]
    assert (columns.at_s - AT_S).tolist() == [0, 1, 2]
    assert columns.is_buy.tolist() == [True, True, False]
    assert (columns.token.tolist(), columns.token_ids) == ([0, 1, 0], ("7", "8"))
    assert (columns.condition.tolist(), columns.condition_ids) == ([0, 1, 1], ("b", "a"))
    assert (columns.refused, columns.next_cursor) == (0, "next")


def test_an_empty_page_has_empty_columns() -> None:
    for body in (page([]), page(None), b"[]"):
        columns = trade_columns(body)
        assert columns.size.size == columns.token.size == 0
        assert (columns.token_ids, columns.condition_ids) == ((), ())


def test_a_bad_row_is_left_out_and_what_is_no_page_is_refused() -> None:
    columns = trade_columns(page([trade_row(size=1.0), trade_row(token_id="1\x1b"), trade_row(size="nan")]))
    assert (columns.size.tolist(), columns.refused) == ([1.0], 2)
    with pytest.raises(FrameError, match="HTML"):
        trade_columns(b"<html>")


@pytest.mark.parametrize(
    "change",
    [
        {"token_id": ""},
        {"condition_id": ""},
        {"side": ""},
        {"type": "REDEEM", "usdc_size": 3.0},
        {"type": "TIP"},
        {"type": "DANCE"},
        {"proxy_wallet": "0x1"},
        {"condition_id": "a b"},
        {"token_id": "\x1b"},
        {"timestamp": AT_S - 9},
        {"timestamp": AT_S + 9},
        {"price": 1.0009},
        {"usdc_size": 0.0},
        {"event_slug": 7},
    ],
)
def test_one_row_that_differs_is_taken_as_the_parse_takes_it(change: dict[str, Any]) -> None:
    other = {"token_id": "7", "condition_id": "b", "side": "SELL", **change}
    body = page([trade_row(size=1.0), trade_row(size=2.0, **other), trade_row(size=3.0)], "c")
    same(trade_columns(body), of_the_parse(body))


ROWS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "proxy_wallet": st.sampled_from([WALLET, OTHER_WALLET, WALLET.upper(), "0x1"]),
        "side": st.sampled_from(["BUY", "SELL", ""]),
        "token_id": st.sampled_from(["1", "2", "3", "", "a b"]),
        "condition_id": st.sampled_from(["c", "d", "", "\x1b"]),
        "size": st.floats(0, 1e9) | st.none(),
        "price": st.floats(0, 1.001),
        "timestamp": st.integers(AT_S, AT_S + 5),
        "usdc_size": st.floats(0, 1e9) | st.none(),
        "type": st.sampled_from(["TRADE", "TRADE", "REDEEM", "TIP", "DANCE"]),
        "event_slug": st.sampled_from(["x", None, 7]),
        "transaction_hash": st.sampled_from(["0x1", None, []]),
        "outcome_index": st.sampled_from([0, 1, 999, None, -1]),
    },
)
SOUND: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "side": st.sampled_from(["BUY", "SELL"]),
        "token_id": st.sampled_from(["1", "2", "3"]),
        "condition_id": st.sampled_from(["c", "d", ""]),
        "size": st.floats(0, 1e9),
        "price": st.floats(0, 1.001),
        "timestamp": st.integers(AT_S, AT_S + 50),
    },
    optional={"usdc_size": st.floats(0, 1e9) | st.none()},
)


@given(st.lists(ROWS | SOUND, max_size=8) | st.lists(SOUND, max_size=20), st.booleans())
def test_columns_are_those_of_the_parse(changes: list[dict[str, Any]], is_activity: bool) -> None:
    base = activity_row() if is_activity else trade_row()
    body = page([{**base, **change} for change in changes], "c")
    try:
        expected = of_the_parse(body)
    except FrameError:
        with pytest.raises(FrameError):
            trade_columns(body)
        return
    same(trade_columns(body), expected)
