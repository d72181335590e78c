"""What is too long for a line is left out whole: no number is ever cut."""

import re

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from app.ui.widgets.whole import first_fitting, whole_parts, whole_words

NUMBER = re.compile(r"[-+]?[0-9][0-9,.]*%?")
numbers = st.floats(-1e9, 1e9).map(lambda value: f"{value:,.2f}")
parts = st.lists(st.one_of(numbers, st.sampled_from(["bid", "age stale 14s", "24h ▲+1.37%", "日本"])), min_size=1)


@given(parts.map(" · ".join), st.integers(0, 200))
def test_every_number_that_is_said_is_whole(text: str, width: int) -> None:
    line = whole_parts(text, width)
    assert cell_len(line) <= width
    assert set(NUMBER.findall(line)) <= set(NUMBER.findall(text))
    assert line == text or cell_len(text) > width


@given(st.lists(numbers, min_size=1).map(" ".join), st.integers(0, 200))
def test_a_sentence_ends_between_two_words(text: str, width: int) -> None:
    line = whole_words(text, width)
    assert cell_len(line) <= width
    assert set(line.removesuffix("…").split()) <= set(text.split())
    assert not re.search(r"[0-9]…", line)


def test_parts_that_fit_are_kept_in_their_order_and_the_first_one_always() -> None:
    text = "84,160 · age 0.2s · funding %/h +0.0013 · OI $ 4.60B"
    assert whole_parts(text, 80) == text
    assert whole_parts(text, 34) == "84,160 · age 0.2s · OI $ 4.60B"
    assert whole_parts(text, 12) == "84,160"
    assert whole_parts("84,160", 4) == "…"
    assert whole_parts("AI 2s ago: momentum 7▲ pressure 32", 20) == "AI 2s ago: momentum…"


def test_a_long_word_that_is_no_number_is_begun() -> None:
    assert whole_words("https://example.com/is/long", 12) == "https://exa…"
    assert whole_words("at 1234567890123", 12) == "at…"


def test_the_longest_wording_that_fits_is_taken() -> None:
    assert first_fitting(("O 1 H 2 V 3", "O 1 H 2", "C 2"), 8) == "O 1 H 2"
    assert first_fitting(("O 1",), 2) == ""
