"""What fits into a width: columns of a table, parts of a line, text of a cell."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from app.core.text import clean
from app.ui.panels.markets import market_columns
from app.ui.widgets.columns import Column, Placed, group_spans, place_columns
from app.ui.widgets.lines import Align, fit, wrap
from app.ui.widgets.parts import GAP, Part, choose

COLUMNS = market_columns("rules")


def titles(width: int) -> list[str]:
    return [COLUMNS[placed.column].title for placed in place_columns(COLUMNS, width)]


def test_narrow_tables_keep_what_matters_most() -> None:
    assert titles(60) == ["coin", "price", "1h", "24h", "mom", "press", "age"]


def test_spread_and_funding_come_before_what_can_wait() -> None:
    assert {"lean", "bias"} <= set(titles(88))
    assert {"lean", "bias", "sprd bp"} <= set(titles(98))
    assert {"lean", "bias", "sprd bp", "fund %/h"} <= set(titles(107))
    assert "freshness" not in titles(107)


def test_the_traders_lean_is_there_from_80_on() -> None:
    assert "lean" in titles(78)


def test_what_has_no_room_at_120_comes_with_width() -> None:
    hidden = {"bid", "ask", "last hour", "holders", "OI $", "vol 24h"}
    assert titles(118) == [column.title for column in COLUMNS if column.title not in hidden]
    assert titles(140) == [column.title for column in COLUMNS if column.title not in ("bid", "ask", "last hour")]
    assert titles(170) == [column.title for column in COLUMNS if column.title not in ("bid", "ask")]
    assert titles(198) == [column.title for column in COLUMNS]


@given(st.integers(min_value=0, max_value=300))
def test_columns_never_pass_the_edge_nor_each_other(width: int) -> None:
    placed = place_columns(COLUMNS, width)
    ends = [place.start + place.width for place in placed]
    assert placed
    assert all(end <= width for end in ends)
    assert all(end < after.start for end, after in zip(ends, placed[1:], strict=False))
    assert [place.column for place in placed] == sorted(place.column for place in placed)


def test_a_flexible_column_takes_what_is_left() -> None:
    columns = (Column("time", 8), Column("event", 10, "left", flexible=True))
    assert place_columns(columns, 50) == (Placed(0, 0, 8), Placed(1, 9, 41))


def test_group_spans_its_columns() -> None:
    placed = place_columns(COLUMNS, 118)
    spans = group_spans(COLUMNS, placed)
    assert [title for title, _, _ in spans] == ["RULES", "TRADERS"]
    for (_, start, width), ends in zip(spans, (("mom", "freshness"), ("lean", "bias")), strict=True):
        first, last = (next(at for at in placed if COLUMNS[at.column].title == name) for name in ends)
        assert start == first.start
        assert start + width == last.start + last.width


@given(st.text(), st.integers(min_value=0, max_value=40), st.sampled_from(["left", "right", "center"]))
def test_a_fitted_text_has_exactly_its_width_and_no_controls(text: str, width: int, align: Align) -> None:
    fitted = fit(text, width, align)
    assert cell_len(fitted) == width
    assert not any(unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp") for character in fitted)


def test_a_line_keeps_low_ranks_and_shortens_the_rest() -> None:
    parts = [
        Part((" LIVE ",), "live", 0),
        Part(("hyperliquid ● ok 0.3s", "hype ● 0.3s"), "up", 50),
        Part(("rest ✕ down", "rest ✕"), "alert", 40),
    ]
    assert choose(parts, 60)[1] == ("hyperliquid ● ok 0.3s", "up")
    assert choose(parts, 30) == [(" LIVE ", "live"), ("hype ● 0.3s", "up"), ("rest ✕", "alert")]
    assert choose(parts, 16) == [(" LIVE ", "live"), ("rest ✕", "alert")]
    assert choose(parts, 2) == [(" LIVE ", "live")]


FEEDS = [Part((f"{name} ● ok 0.3s", f"{name} ●"), "up", 50, counted=True) for name in ("one", "two", "three")]


def test_what_is_counted_and_has_no_room_is_said() -> None:
    parts = [Part((" LIVE ",), "live", 0), *FEEDS]
    assert choose(parts, 80) == [(" LIVE ", "live"), *((feed.wordings[0], "up") for feed in FEEDS)]
    assert choose(parts, 30) == [(" LIVE ", "live"), ("one ●", "up"), ("two ●", "up"), ("three ●", "up")]
    assert choose(parts, 26) == [(" LIVE ", "live"), ("one ●", "up"), ("two ●", "up"), ("+1", "up")]
    assert choose(parts, 10) == [(" LIVE ", "live"), ("+3", "up")]
    assert choose(parts, 7) == [(" LIVE ", "live")]


@given(st.integers(min_value=6, max_value=120), st.integers(min_value=0, max_value=12))
def test_a_line_stays_in_its_width_and_counts_right(width: int, feeds: int) -> None:
    line = choose([Part((" LIVE ",), "live", 0), *(FEEDS * 4)[:feeds]], width)
    assert sum(cell_len(text) + GAP for text, _ in line) - GAP <= width
    counted = [int(text) for text, _ in line if text.startswith("+")]
    shown = sum("●" in text for text, _ in line)
    assert shown + sum(counted) == feeds or width < 11


@given(st.text(), st.integers(min_value=2, max_value=40))
def test_wrapped_lines_fit_and_lose_nothing_but_blanks(text: str, width: int) -> None:
    lines = wrap(clean(text, 200), width)
    assert all(cell_len(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == clean(text, 200).replace(" ", "")


def test_an_empty_line_is_empty() -> None:
    assert choose([], 20) == []
