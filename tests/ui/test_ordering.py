"""The order of rows: by number and not by text, pinned first, what is not known last."""

import math

import pytest
from deck_fakes import WALL_MS, feed, market, snapshot
from hypothesis import given
from hypothesis import strategies as st

from app.engine.protocol import LogLine, MarketRow
from app.ui.panels.event_log import log_view
from app.ui.panels.feeds import feeds_view
from app.ui.panels.markets import market_columns, market_row, markets_view
from app.ui.state import DeckView
from app.ui.widgets.columns import Cell, Column, Row, Value
from app.ui.widgets.ordering import Ordering, next_ordering, ordered

COLUMNS = (Column("name", 6, "left"), Column("size", 6))
VALUES = st.none() | st.floats() | st.integers(-(2**70), 2**70) | st.text(max_size=4)


def row(name: str, size: Value, *, pinned: bool = False) -> Row:
    return Row(name, (Cell(name), Cell(str(size))), pinned=pinned, values=(name, size))


@st.composite
def rows(draw: st.DrawFn) -> tuple[Row, ...]:
    drawn = draw(st.lists(st.tuples(VALUES, st.booleans()), max_size=12))
    return tuple(row(str(index), size, pinned=pinned) for index, (size, pinned) in enumerate(drawn))


def names(found: tuple[Row, ...]) -> str:
    return "".join(row.key for row in found)


@given(rows(), st.booleans())
def test_every_row_is_there_once_pinned_ones_first_and_the_unknown_last(given_: tuple[Row, ...], down: bool) -> None:
    found = ordered(given_, COLUMNS, Ordering("size", down))
    assert sorted(names(found)) == sorted(names(given_))
    assert [row.pinned for row in found] == sorted((row.pinned for row in found), reverse=True)
    for pinned in (True, False):
        unknown = [row.value(1) is None for row in found if row.pinned is pinned]
        assert unknown == sorted(unknown)


@given(rows(), st.booleans())
def test_numbers_are_in_order_and_equal_ones_as_they_came(given_: tuple[Row, ...], down: bool) -> None:
    found = [row for row in ordered(given_, COLUMNS, Ordering("size", down)) if not row.pinned]
    keys = [(value, int(row.key)) for row in found if isinstance(value := row.value(1), float | int)]
    assert keys == sorted(keys, key=lambda pair: ((-pair[0] if down else pair[0]), pair[1]))


@given(rows(), st.sampled_from([None, Ordering("absent")]))
def test_without_an_ordering_rows_stay_as_given(given_: tuple[Row, ...], ordering: Ordering | None) -> None:
    assert ordered(given_, COLUMNS, ordering) == given_


def test_texts_are_sorted_without_regard_to_capitals() -> None:
    found = ordered([row(name, 1) for name in "bCaB"], COLUMNS, Ordering("name", descending=False))
    assert names(found) == "abBC"


def test_what_is_not_finite_or_not_said_is_unknown() -> None:
    assert [row("x", value).value(1) for value in (math.nan, math.inf, "", "–", None)] == [None] * 5
    assert Row("x", (Cell("–"), Cell(" 5 "))).value(0) is None
    assert Row("x", (Cell("–"), Cell(" 5 "))).value(1) == "5"


def test_the_sort_goes_round_the_columns() -> None:
    first = next_ordering(COLUMNS, None, 1)
    assert first == Ordering("name", descending=False)
    assert next_ordering(COLUMNS, first, 1) == Ordering("size")
    assert next_ordering(COLUMNS, Ordering("size"), 1) == first
    assert next_ordering(COLUMNS, None, -1) == Ordering("size")
    assert next_ordering(COLUMNS, Ordering("hidden"), 1) == first
    assert next_ordering((), None, 1) is None


def test_changes_are_sorted_by_their_numbers_and_favourites_come_first() -> None:
    coins = (("A", -0.2), ("B", 0.1), ("C", None), ("D", 0.02), ("E", -0.003))
    found = [market_row(market(coin, 1.0, change_24h=change, favourite=coin == "E")) for coin, change in coins]
    columns = market_columns("rules")
    assert names(ordered(found, columns, Ordering("24h"))) == "EBDAC"
    assert names(ordered(found, columns, Ordering("24h", descending=False))) == "EADBC"


def test_every_panel_gives_a_value_for_each_cell() -> None:
    shown = snapshot(log=(LogLine(WALL_MS, "warning", "rest", "late"),), feeds=(feed(retry_in_s=2.0),))
    view = DeckView("connected", newest=shown, shown=shown)
    for panel in (markets_view(view), feeds_view(view), log_view(view)):
        assert panel.rows
        assert {len(row.values) for row in panel.rows} == {len(panel.columns)}


def test_values_are_in_the_units_shown() -> None:
    titles = [column.title for column in market_columns("rules")]
    full = market("BTC", 2.5, change_1h=0.0123, funding=0.00002, age_ms=1_500, open_interest_usd=2e9)
    value = dict(zip(titles, market_row(full).values, strict=True))
    assert (value["price"], value["OI $"], value["age"], value["freshness"]) == (2.5, 2e9, 1.5, 0)
    assert value["1h"] == pytest.approx(1.23)
    assert value["fund %/h"] == pytest.approx(0.002)


@given(st.booleans(), st.none() | st.floats(-1, 1))
def test_a_value_is_known_exactly_where_the_cell_says_something(stale: bool, number: float | None) -> None:
    coin = MarketRow(coin="X", price=number, change_1m=number, spread_bps=number, funding=number, stale=stale)
    found = market_row(coin)
    for index, cell in enumerate(found.cells[:-1]):
        assert (found.value(index) is None) == (cell.value in ("–", "off"))
