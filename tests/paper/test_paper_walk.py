from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paper_samples import NOW_MS, a_book, a_quote, a_view, levels

from app.core.events import Level
from app.paper.events import Direction
from app.paper.walk import BOOK_AGE_MS, levels_to_take, walk

SIDES = st.lists(st.tuples(st.floats(0.01, 5.0), st.floats(1e-5, 50.0)), min_size=1, max_size=12)
DIRECTIONS: st.SearchStrategy[Direction] = st.sampled_from((1, -1))


def a_side(steps: Sequence[tuple[float, float]], direction: int) -> tuple[Level, ...]:
    """Levels that get worse for a taker of `direction`, step by step."""
    price, found = 1_000.0, []
    for step, size in steps:
        price += direction * step
        found.append(Level(price, size))
    return tuple(found)


def prices(found: Sequence[Level]) -> list[float]:
    return [level.price for level in found]


def test_a_size_the_touch_covers_pays_the_touch() -> None:
    walked = walk(levels((101.0, 5.0), (102.0, 5.0)), 5.0, 1, beyond_bps=10)
    assert walked == (101.0, 101.0, 101.0, 1, 0.0)


def test_a_larger_size_walks_level_by_level() -> None:
    walked = walk(levels((101.0, 5.0), (102.0, 5.0), (104.0, 5.0)), 11.0, 1, beyond_bps=10)
    assert walked.average_price == pytest.approx((5 * 101 + 5 * 102 + 104) / 11)
    assert (walked.touch_price, walked.worst_price, walked.levels, walked.beyond_size) == (101.0, 104.0, 3, 0.0)


@pytest.mark.parametrize(("direction", "worst"), [(1, 102.0 * 1.001), (-1, 102.0 * 0.999)])
def test_what_no_level_covers_is_paid_beyond_the_worst(direction: Direction, worst: float) -> None:
    side = levels((101.0, 5.0), (102.0, 5.0)) if direction > 0 else levels((103.0, 5.0), (102.0, 5.0))
    walked = walk(side, 20.0, direction, beyond_bps=10)
    assert walked.beyond_size == 10.0
    assert walked.worst_price == pytest.approx(worst)
    assert walked.average_price == pytest.approx((5 * side[0].price + 5 * 102 + 10 * worst) / 20)


@given(steps=SIDES, size=st.floats(1e-5, 1e3), direction=DIRECTIONS, beyond_bps=st.floats(0, 1_000))
def test_no_price_is_better_than_the_touch(
    steps: list[tuple[float, float]], size: float, direction: Direction, beyond_bps: float
) -> None:
    side = a_side(steps, direction)
    walked = walk(side, size, direction, beyond_bps=beyond_bps)
    assert direction * (walked.average_price - side[0].price) >= 0
    assert direction * (walked.worst_price - walked.average_price) >= 0
    assert walked.beyond_size == pytest.approx(max(0.0, size - sum(level.size for level in side)), abs=1e-9)


@given(steps=SIDES, sizes=st.tuples(st.floats(1e-4, 100), st.floats(1e-4, 100)), direction=DIRECTIONS)
def test_two_orders_at_one_picture_pay_what_one_of_both_sizes_would(
    steps: list[tuple[float, float]], sizes: tuple[float, float], direction: Direction
) -> None:
    side = a_side(steps, direction)
    first = walk(side, sizes[0], direction, beyond_bps=10)
    second = walk(side, sizes[1], direction, beyond_bps=10, taken=sizes[0])
    both = walk(side, sum(sizes), direction, beyond_bps=10)
    paid = sizes[0] * first.average_price + sizes[1] * second.average_price
    assert paid == pytest.approx(sum(sizes) * both.average_price, rel=1e-9)
    assert direction * (second.average_price - first.average_price) >= -1e-9


@given(steps=SIDES, sizes=st.tuples(st.floats(1e-4, 100), st.floats(1e-4, 100)), direction=DIRECTIONS)
def test_more_is_never_cheaper(
    steps: list[tuple[float, float]], sizes: tuple[float, float], direction: Direction
) -> None:
    side = a_side(steps, direction)
    less, more = (walk(side, size, direction, beyond_bps=10).average_price for size in sorted(sizes))
    assert direction * (more - less) >= -1e-9


@given(steps=SIDES, size=st.floats(1e-4, 100))
def test_a_mirrored_side_costs_the_mirrored_price(steps: list[tuple[float, float]], size: float) -> None:
    bought = walk(a_side(steps, 1), size, 1, beyond_bps=0)
    sold = walk(a_side(steps, -1), size, -1, beyond_bps=0)
    assert bought.average_price + sold.average_price == pytest.approx(2_000.0)
    assert bought.worst_price + sold.worst_price == pytest.approx(2_000.0)
    assert (bought.levels, bought.beyond_size) == (sold.levels, sold.beyond_size)


def test_a_buyer_meets_the_asks_and_a_seller_the_bids() -> None:
    view = a_view(NOW_MS, quote=None, book=a_book(NOW_MS))
    assert prices(levels_to_take(view, 1)) == [101.0, 102.0]
    assert prices(levels_to_take(view, -1)) == [99.0, 98.0]


def test_behind_a_newer_quote_come_the_levels_that_are_worse() -> None:
    for bid, ask, asks, bids in (
        (99.5, 100.5, [100.5, 101.0, 102.0], [99.5, 99.0, 98.0]),
        (100.8, 101.5, [101.5, 102.0], [100.8, 99.0, 98.0]),
        (98.0, 101.0, [101.0, 102.0], [98.0]),
    ):
        view = a_view(NOW_MS, bid, ask, book=a_book(NOW_MS - 1))
        assert prices(levels_to_take(view, 1)) == asks
        assert prices(levels_to_take(view, -1)) == bids


def test_a_book_that_is_newer_stands_alone() -> None:
    view = a_view(NOW_MS, quote=a_quote(NOW_MS - 1, 99.5, 100.5), book=a_book(NOW_MS))
    assert prices(levels_to_take(view, 1)) == [101.0, 102.0]


def test_an_old_book_says_nothing_behind_a_new_quote() -> None:
    for age_ms, expected in ((BOOK_AGE_MS, [100.5, 101.0, 102.0]), (BOOK_AGE_MS + 1, [100.5])):
        assert prices(levels_to_take(a_view(NOW_MS, book=a_book(NOW_MS - age_ms)), 1)) == expected


def test_without_a_side_or_in_trouble_there_is_nothing_to_take() -> None:
    assert levels_to_take(a_view(NOW_MS, 99.5, None), 1) == ()
    assert levels_to_take(a_view(NOW_MS, quote=None), 1) == ()
    assert levels_to_take(a_view(NOW_MS, trouble="stale"), 1) == ()
    assert levels_to_take(a_view(NOW_MS, trouble="cut off"), 1) == ()
    assert levels_to_take(a_view(NOW_MS, quote=a_quote(NOW_MS, 99.5, 100.5, size=0.0)), 1) == ()


def test_of_two_books_the_newer_comes_first_and_the_older_only_adds_depth() -> None:
    fast = a_book(
        NOW_MS,
        bids=((99.5, 1.0), (99.4, 1.0), (99.3, 1.0), (99.1, 1.0), (99.0, 1.0)),
        asks=((100.5, 1.0), (100.6, 1.0), (100.7, 1.0), (100.9, 1.0), (101.0, 1.0)),
    )
    slow = a_book(NOW_MS - 4_000, bids=((99.2, 9.0), (98.5, 9.0)), asks=((100.8, 9.0), (101.5, 9.0)))
    view = a_view(NOW_MS, quote=None, books=(fast, slow))
    assert prices(levels_to_take(view, 1)) == [100.5, 100.6, 100.7, 100.9, 101.0, 101.5]
    assert prices(levels_to_take(view, -1)) == [99.5, 99.4, 99.3, 99.1, 99.0, 98.5]


def test_a_short_side_of_the_newest_book_is_all_there_is() -> None:
    fast = a_book(NOW_MS, asks=((100.5, 1.0), (101.0, 1.0)))
    slow = a_book(NOW_MS - 4_000, asks=((100.8, 9.0), (101.5, 9.0)))
    assert prices(levels_to_take(a_view(NOW_MS, quote=None, books=(fast, slow)), 1)) == [100.5, 101.0]


def test_a_quote_newer_than_the_fast_book_goes_before_both() -> None:
    fast = a_book(NOW_MS - 100, asks=((100.5, 1.0), (100.6, 1.0), (100.7, 1.0), (100.9, 1.0), (101.0, 1.0)))
    slow = a_book(NOW_MS - 5_000, asks=((100.9, 9.0), (101.5, 9.0)))
    view = a_view(NOW_MS, 99.5, 100.6, books=(fast, slow))
    assert prices(levels_to_take(view, 1)) == [100.6, 100.7, 100.9, 101.0, 101.5]


@given(
    ages_ms=st.tuples(st.integers(0, 20_000), st.integers(0, 20_000)),
    sides=st.tuples(SIDES, SIDES),
    direction=DIRECTIONS,
)
def test_levels_only_get_worse_whatever_books_there_are(
    ages_ms: tuple[int, int], sides: tuple[list[tuple[float, float]], ...], direction: Direction
) -> None:
    books = []
    for age_ms, steps in sorted(zip(ages_ms, sides, strict=True), key=lambda each: each[0]):
        side = [(level.price, level.size) for level in a_side(steps, direction)]
        books.append(
            a_book(
                NOW_MS - age_ms, **{"asks" if direction > 0 else "bids": side, "bids" if direction > 0 else "asks": ()}
            )
        )
    found = prices(levels_to_take(a_view(NOW_MS, quote=None, books=tuple(books)), direction))
    assert found == sorted(set(found), reverse=direction < 0)
    assert found[0] == (books[0].asks if direction > 0 else books[0].bids)[0].price
