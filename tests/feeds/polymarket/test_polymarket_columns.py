"""Columns of a page of trades."""

import pytest
from polymarket_samples import AT_S, page, trade_row

from app.core.errors import FrameError
from app.feeds.polymarket.columns import trade_columns


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
