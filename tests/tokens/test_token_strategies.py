"""Strategies see what docs/tokens.md defines, and the opposite of it in a chart that stands on its head."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.tokens.candles import SLOTS, Window
from app.tokens.strategies import patterns_of, strategies, turns_of

Candle = tuple[float, float, float, float]
Prices = NDArray[np.float64]

_FALL: list[Candle] = [(110, 110, 107, 107), (107, 107, 104, 104), (104, 104, 100, 100)]
_SHAPES: dict[str, list[Candle]] = {
    "hammer": [(100, 100.2, 96, 99.5)],
    "bullish engulfing": [(100, 100, 97, 98), (98, 102, 97, 101)],
    "morning star": [(100, 100, 94, 94), (94, 95, 93, 94.5), (94.5, 99, 94, 98)],
    "three white soldiers": [(100, 103, 100, 103), (103, 106, 103, 106), (106, 109, 106, 109)],
}
_MIRRORED = {
    "hammer": "shooting star",
    "bullish engulfing": "bearish engulfing",
    "morning star": "evening star",
    "three white soldiers": "three black crows",
}


def _prices(candles: Sequence[Candle]) -> Prices:
    return np.array(candles, dtype=np.float64)


def _upside_down(prices: Prices) -> Prices:
    """A chart on its head, still above 0."""
    return 1_000.0 - prices[:, [0, 2, 1, 3]]


def _window(prices: Prices, empty_at_end: int = 0) -> Window:
    values, mask = np.full((SLOTS, 5), np.nan), np.zeros(SLOTS, dtype=bool)
    end = SLOTS - empty_at_end
    values[end - len(prices) : end, :4] = prices
    mask[end - len(prices) : end] = True
    return Window(values, mask)


@pytest.mark.parametrize("name", _SHAPES)
def test_each_pattern_is_seen_and_upside_down_its_opposite(name: str) -> None:
    prices = _prices([*_FALL, *_SHAPES[name]])
    assert patterns_of(prices) == (name,)
    assert patterns_of(_upside_down(prices)) == (_MIRRORED[name],)
    assert strategies(_window(prices)).patterns == 0.75
    assert strategies(_window(_upside_down(prices))).patterns == 0.25


@pytest.mark.parametrize("name", ["hammer", "bullish engulfing", "morning star"])
def test_a_turn_needs_something_to_turn(name: str) -> None:
    rise: list[Candle] = [(90, 93, 90, 93), (93, 96, 93, 96), (96, 100, 96, 100)]
    assert name not in patterns_of(_prices([*rise, *_SHAPES[name]]))
    assert name not in patterns_of(_prices(_SHAPES[name]))


@pytest.mark.parametrize(
    ("name", "candle", "changed"),
    [
        ("hammer", 0, (100, 101.5, 96, 99.5)),  # an upper shadow
        ("hammer", 0, (100, 100, 96, 98)),  # a body of half the length
        ("bullish engulfing", 1, (98, 99.5, 97, 99.4)),  # covers only a part
        ("bullish engulfing", 1, (98, 102, 97, 100)),  # covers it just
        ("morning star", 2, (94.5, 97, 94, 96.9)),  # stays below the middle
        ("morning star", 1, (94, 97, 93, 96.5)),  # no small body
        ("three white soldiers", 1, (103, 109, 103, 105)),  # a long upper shadow
        ("three white soldiers", 2, (104, 106, 104, 106)),  # closes no higher
    ],
)
def test_what_is_nearly_a_pattern_is_none(name: str, candle: int, changed: Candle) -> None:
    shape = list(_SHAPES[name])
    shape[candle] = changed
    assert name not in patterns_of(_prices([*_FALL, *shape]))


def test_an_old_pattern_says_nothing() -> None:
    prices = _prices([*_FALL, *_SHAPES["hammer"]])
    assert [strategies(_window(prices, empty)).patterns for empty in (2, 3)] == [0.75, 0.5]


def _walk(seed: int, count: int) -> Prices:
    """Candles at random, each opening where the one before closed."""
    rng = np.random.default_rng(seed)
    closes = 500 + np.cumsum(rng.normal(0, 3, count))
    opened = np.concatenate([[500.0], closes])[:count]
    high = np.maximum(opened, closes) + rng.exponential(1.5, count)
    low = np.minimum(opened, closes) - rng.exponential(1.5, count)
    return np.column_stack([opened, high, low, closes])


@given(st.integers(0, 10_000), st.integers(0, SLOTS))
def test_what_is_said_upside_down_is_the_opposite(seed: int, count: int) -> None:
    prices = _walk(seed, count)
    said, mirrored = (strategies(_window(each)) for each in (prices, _upside_down(prices)))
    assert said.patterns + mirrored.patterns == pytest.approx(1.0)
    assert said.reversal + mirrored.reversal == pytest.approx(1.0)
    assert 0 <= said.confidence <= 1


@given(st.integers(0, 10_000), st.integers(1, SLOTS), st.sampled_from([1e-12, 0.125, 1024.0]))
def test_the_unit_of_the_price_does_not_matter(seed: int, count: int, unit: float) -> None:
    prices = _walk(seed, count)
    assert strategies(_window(prices * unit)) == strategies(_window(prices))


def test_without_candles_there_is_no_opinion() -> None:
    said = strategies(_window(np.zeros((0, 4))))
    assert (said.patterns, said.reversal, said.seen) == (0.5, 0.5, ())


def test_a_fall_that_ends_turns_up_in_every_sign() -> None:
    closes = np.concatenate([np.linspace(200, 100, 45), [104, 112, 121]])
    assert turns_of(closes) == {"RSI": 1, "MACD": 1, "EMA 12": 1}
    assert turns_of(1_000 - closes) == {"RSI": -1, "MACD": -1, "EMA 12": -1}
    prices = np.column_stack([closes] * 4)
    assert strategies(_window(prices)).reversal == 1.0
    assert "RSI turned up" in strategies(_window(prices)).seen


def test_a_fall_that_goes_on_turns_nothing() -> None:
    assert set(turns_of(np.linspace(200, 100, 60)).values()) == {0}


@pytest.mark.parametrize(
    ("count", "known"),
    [
        (0, ()),
        (14, ()),
        (15, ("EMA 12",)),
        (19, ("EMA 12",)),
        (20, ("EMA 12", "RSI")),
        (36, ("EMA 12", "RSI")),
        (37, ("EMA 12", "MACD", "RSI")),
    ],
)
def test_a_sign_is_known_from_so_many_candles(count: int, known: tuple[str, ...]) -> None:
    assert tuple(sorted(turns_of(_walk(1, count)[:, 3]))) == known
