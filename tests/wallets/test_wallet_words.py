"""Figures of a verdict in words."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.wallets.values import Doubt, Part
from app.wallets.words import counted, likelihood, part_figure


@given(st.floats(0, 1))
def test_nothing_is_told_as_certain_or_impossible(probability: float) -> None:
    assert likelihood(probability) not in ("0%", "100%")


@pytest.mark.parametrize(("probability", "said"), [(1.0, "more than 99%"), (0.94, "94%"), (0.0, "less than 1%")])
def test_a_probability_is_in_percent(probability: float, said: str) -> None:
    assert likelihood(probability) == said


@pytest.mark.parametrize(
    ("part", "said"),
    [
        (Part("categories above the small share", 1, 59, 0.0, "count"), "1"),
        (Part("share of sports", 0.888, 59, 0.11), "88.8%"),
        (Part("median hold", 26.51, 57, 0.0, "hours"), "26.5 h"),
        (Part("win rate", None, 0, 0.0), "not known"),
        (Part("drawdown", math.nan, 3, 0.0), "not known"),
    ],
)
def test_the_figure_of_a_part_has_its_unit(part: Part, said: str) -> None:
    assert part_figure(part) == said


def test_one_is_no_plural() -> None:
    assert (counted(1, "exit"), counted(1_200, "exit")) == ("1 exit", "1,200 exits")


def test_a_doubt_of_a_custom_rule_is_called_by_the_rule() -> None:
    assert Doubt(name="rule", rule="fast_month", text="30-day ROI of 100% is suspicious").flag == "fast_month"  # type: ignore[arg-type]
    assert Doubt(name="one hit", text="60% from one trade").flag == "one hit"  # type: ignore[arg-type]
