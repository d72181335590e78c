"""Books of different depth make one side, by one rule for the screen and for paper fills."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from app.core.events import Level
from app.markets.depth import joined_side


def asks(*prices: float) -> tuple[Level, ...]:
    return tuple(Level(price, 1.0) for price in prices)


def prices(side: Sequence[Level]) -> list[float]:
    return [level.price for level in side]


def test_behind_a_whole_fast_side_comes_what_the_deep_one_has_beyond_it() -> None:
    near, deep = asks(1, 2, 3, 4, 5), asks(0.5, 2, 4.5, 6, 7, 8)
    assert prices(joined_side((near, deep), 1)) == [1, 2, 3, 4, 5, 6, 7, 8]


def test_a_fast_side_with_fewer_levels_is_all_there_is() -> None:
    deep = asks(1, 2, 3, 4, 5, 6, 7)
    for count in range(5):
        assert len(joined_side((deep[:count], deep), 1)) == count


def test_behind_a_deep_side_comes_nothing_of_an_older_one() -> None:
    assert prices(joined_side((asks(1, 2, 3, 4, 5, 6), asks(7, 8, 9, 10, 11)), 1)) == [1, 2, 3, 4, 5, 6]
    assert joined_side((), 1) == ()


@given(st.lists(st.lists(st.floats(1, 100), max_size=8, unique=True), max_size=3), st.sampled_from((1, -1)))
def test_what_is_joined_is_sorted(sides: list[list[float]], direction: int) -> None:
    found = prices(joined_side([asks(*sorted(side, key=lambda price: direction * price)) for side in sides], direction))
    assert found == sorted(set(found), key=lambda price: direction * price)
