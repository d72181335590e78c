"""Candles as characters: shape, scale, gaps and holes, whatever comes in."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engine.protocol_detail import CandleView
from app.ui.widgets.candle_canvas import Canvas, draw

MINUTE = 60_000
END = 1_700_000_040_000
"""A whole minute."""


def candle(minutes_ago: int, open_: float, high: float, low: float, close: float, volume: float = 1.0) -> CandleView:
    return CandleView(END - minutes_ago * MINUTE, open_, high, low, close, volume)


def picture(canvas: Canvas) -> list[str]:
    return ["".join(text[row] for text, _ in canvas.columns) for row in range(len(canvas.columns[0][0]))]


def test_rising_and_falling_have_their_own_shapes() -> None:
    canvas = draw([candle(1, 1, 9, 0, 8), candle(0, 8, 9, 0, 1)], MINUTE, END, (2, 8))
    rising, falling = (text for text, _ in canvas.columns)
    assert set("█▀▄") & set(rising)
    assert set("┃╹╻╽╿") & set(falling)
    assert not set(rising) & set("┃╹╻")
    assert [role for _, role in canvas.columns] == ["up", "down"]


def test_in_plain_characters_they_have_too() -> None:
    canvas = draw([candle(1, 1, 9, 0, 8), candle(0, 8, 9, 0, 1)], MINUTE, END, (2, 8), marks="ascii")
    rising, falling = (text for text, _ in canvas.columns)
    assert "#" in rising
    assert "=" in falling
    assert all(character.isascii() for character in rising + falling)


def test_a_flat_candle_is_a_line() -> None:
    (text, role), = draw([candle(0, 5, 5, 5, 5)], MINUTE, END, (1, 4)).columns  # fmt: skip
    assert role == "text"
    assert text.strip() in {"▔", "▁", "━"}


def test_a_minute_without_trades_is_a_blank_column() -> None:
    canvas = draw([candle(2, 1, 2, 1, 2), candle(0, 1, 2, 1, 2)], MINUTE, END, (4, 6))
    assert [bucket is not None for bucket in canvas.buckets] == [False, True, False, True]
    assert canvas.columns[2][0].strip() == ""


@pytest.mark.parametrize(
    ("hole", "columns"),
    [
        ((END - MINUTE, END - 1), [False, True, False]),
        ((END - MINUTE + 10, END + 5), [False, True, True]),
        ((END + MINUTE, END + 2 * MINUTE), [False, False, False]),
    ],
)
def test_columns_with_missing_trades_are_told(hole: tuple[int, int], columns: list[bool]) -> None:
    canvas = draw([candle(0, 1, 2, 1, 2)], MINUTE, END, (3, 6), [hole])
    assert list(canvas.holes) == columns


def test_volume_is_drawn_from_the_bottom_the_largest_highest() -> None:
    canvas = draw([candle(1, 1, 2, 1, 2, volume=1), candle(0, 1, 2, 1, 2, volume=8)], MINUTE, END, (2, 20))
    small, large = (text[-4:] for text, _ in canvas.columns)
    assert large == "████"
    assert small.strip() == "▄"


def test_nothing_to_draw_has_no_scale() -> None:
    assert draw([], MINUTE, END, (5, 5)).scale is None
    assert draw([candle(900, 1, 2, 1, 2)], MINUTE, END, (5, 5)).scale is None


prices = st.floats(1e-9, 1e12) | st.sampled_from([math.nan, math.inf])
candles = st.builds(
    lambda ago, a, b, c, d, volume: CandleView(END - ago * MINUTE, a, max(a, b, c, d), min(a, b, c, d), d, volume),
    st.integers(-3, 30), prices, prices, prices, prices, st.floats(0, 1e12),
)  # fmt: skip


@given(st.lists(candles, max_size=30), st.integers(1, 40), st.integers(1, 30), st.sampled_from(["blocks", "ascii"]))
def test_any_candles_fill_the_grid_exactly(given_: list[CandleView], width: int, rows: int, marks: str) -> None:
    canvas = draw(given_, MINUTE, END, (width, rows), marks=marks)  # type: ignore[arg-type]
    assert len(canvas.columns) == len(canvas.buckets) == len(canvas.holes) == width
    assert all(len(text) == rows for text, _ in canvas.columns)
    if canvas.scale is not None:
        assert len(picture(canvas)) == rows


@given(st.floats(1e-6, 1e9), st.floats(1.0001, 10))
def test_the_scale_holds_every_price_it_was_made_of(low: float, factor: float) -> None:
    canvas = draw([CandleView(END, low, low * factor, low, low * factor, 1.0)], MINUTE, END, (1, 12))
    assert canvas.scale is not None
    assert 0 <= canvas.scale.row(low * factor) <= canvas.scale.row(low) < canvas.scale.rows
    assert canvas.scale.low < canvas.scale.price(5) < canvas.scale.high
