"""Whatever comes in, what comes out is harmless and fits."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from app.core.text import clean

HOSTILE = {
    "\x1b]52;c;aGk=\x07name": "]52;c;aGk=name",
    "a\x9b31mb": "a31mb",
    "\u202eevil": "evil",
    "zero\u200bwidth": "zerowidth",
    "tag\U000e0041s": "tags",
    "line\nbreak": "linebreak",
}


def test_hazard_1_known_attacks_lose_their_teeth() -> None:
    assert {text: clean(text) for text in HOSTILE} == HOSTILE


def test_ordinary_names_stay_as_they_are() -> None:
    for name in ("BTC", "kPEPE", "xyz:SP500", "日本", "[/b] [@click=app.quit]x"):
        assert clean(name) == name


def test_combining_marks_do_not_pile_up() -> None:
    for mark in "\u0316\u0488\u20e3\ufe0f\u0e31":
        assert len(clean("e" + mark * 50)) == 3


def test_a_long_text_is_cut_with_an_ellipsis() -> None:
    assert clean("x" * 10_000, 8) == "xxxxxxx…"
    assert clean("日" * 10, 8) == "日日日…"


@given(st.text(max_size=300), st.integers(1, 80))
def test_nothing_dangerous_survives_and_the_width_holds(text: str, limit: int) -> None:
    result = clean(text, limit)
    assert not [c for c in result if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")]
    width = sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in result)
    assert width <= limit


@given(st.text(max_size=100))
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)
