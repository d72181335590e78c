"""A rejected token waits, unless it has changed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.tokens.rejections import MOST, Look, Rejections

_LOOK = Look(2.0, 10_000.0, 300.0)


@given(st.floats(0, 10_000), st.floats(1, 10_000))
def test_it_waits_for_its_time(after_s: float, holds_s: float) -> None:
    rejections = Rejections(holds_s)
    assert rejections.may_judge("mint", _LOOK, 0.0)
    rejections.note("mint", _LOOK, 5.0)
    assert rejections.may_judge("mint", _LOOK, 5.0 + after_s) == (5.0 + after_s - 5.0 >= holds_s)
    assert rejections.may_judge("other", _LOOK, 5.0)


@pytest.mark.parametrize(
    ("look", "changed"),
    [
        (_LOOK, False),
        (_LOOK._replace(price=2.19), False),
        (_LOOK._replace(price=2.2), True),
        (_LOOK._replace(price=1.8), True),
        (_LOOK._replace(liquidity_usd=8_999.0), True),
        (_LOOK._replace(holders=329.0), False),
        (_LOOK._replace(holders=330.0), True),
        (_LOOK._replace(holders=None), True),
    ],
)
def test_a_tenth_is_a_change_and_so_is_what_was_not_known(look: Look, changed: bool) -> None:
    rejections = Rejections(900)
    rejections.note("mint", _LOOK, 0.0)
    assert rejections.may_judge("mint", look, 1.0) == changed
    rejections.note("mint", look, 1.0)
    assert not rejections.may_judge("mint", look, 2.0)


def test_what_is_not_known_twice_is_no_change() -> None:
    rejections = Rejections(900)
    rejections.note("mint", Look(1.0, None, None), 0.0)
    assert not rejections.may_judge("mint", Look(1.0, None, None), 1.0)
    rejections.forget("mint")
    assert rejections.may_judge("mint", Look(1.0, None, None), 1.0)


def test_only_so_many_are_remembered() -> None:
    rejections = Rejections(900)
    for number in range(MOST + 5):
        rejections.note(f"mint {number}", _LOOK, 0.0)
    assert len(rejections) == MOST
    assert rejections.may_judge("mint 4", _LOOK, 1.0)
    assert not rejections.may_judge("mint 5", _LOOK, 1.0)


def test_after_the_clock_was_set_back_a_token_is_held_as_long_as_if_it_were_rejected_then() -> None:
    rejections, look = Rejections(600.0), Look(1.0, None, None)
    rejections.note("a", look, 10_000.0)
    rejections.clock_set_back(5_000.0)
    assert not rejections.may_judge("a", look, 5_599.0)
    assert rejections.may_judge("a", look, 5_600.0)
