"""Questions name their route and query, survive the way over the engine, and walk an answer to its end."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polymarket_samples import CONDITION, WALLET

from app.core.errors import DataError
from app.core.record import Request
from app.feeds.polymarket import limits, questions
from app.feeds.polymarket.pages import Page
from app.feeds.polymarket.walk import Walk

ALL = [
    questions.stats(WALLET),
    questions.trades(WALLET),
    questions.trades(WALLET, 1_789_000_000),
    questions.activity(WALLET, 0),
    questions.positions(WALLET, "REDEEMABLE_LOST"),
    questions.pnl(WALLET),
    questions.leaderboard("week", "politics", "VOLUME"),
    questions.holders(CONDITION),
    questions.market_trades([CONDITION], 500),
    questions.market_trades(),
    questions.markets([CONDITION, "0x2"], closed=True),
]


def test_queries_as_the_venue_reads_them() -> None:
    assert questions.trades(WALLET).query == (("user", WALLET), ("taker_only", "false"), ("limit", "100"))
    # Zero would be three years back: a start is at least one.
    assert ("start", "1") in questions.activity(WALLET, 0).query
    closed = (("user", WALLET), ("status", "CLOSED"), ("limit", "500"), ("sort_by", "TIMESTAMP"))
    assert questions.positions(WALLET, "CLOSED").query == closed
    assert questions.positions(WALLET, "OPEN").query[-2:] == (("sort_by", "TIMESTAMP"), ("include_archived", "true"))
    assert ("filter_amount", "500") in questions.market_trades([CONDITION, "0x2"], 500).query
    assert ("condition", f"{CONDITION},0x2") in questions.market_trades([CONDITION, "0x2"]).query
    assert questions.markets([CONDITION, "0x2"], closed=True).query == (
        ("condition_ids", CONDITION), ("condition_ids", "0x2"), ("include_tag", "true"), ("closed", "true"),
        ("limit", "2"),
    )  # fmt: skip


def test_lists_that_do_not_fit_one_call_are_refused() -> None:
    with pytest.raises(ValueError, match="21 markets in one question; at most 20 fit"):
        questions.market_trades(["0x1"] * 21)
    for ids in ([], ["0x1"] * 51):
        with pytest.raises(ValueError, match="1 to 50 fit"):
            questions.markets(ids, closed=False)


def test_every_route_counts_in_groups_that_have_a_limit() -> None:
    assert {question.name for question in ALL} == set(limits.ROUTES)
    for route in limits.ROUTES.values():
        assert route.groups[0] == route.api
        assert set(route.groups) <= set(limits.CALLS)


@pytest.mark.parametrize("question", ALL)
def test_a_question_survives_the_way_over_the_engine(question: questions.Question) -> None:
    asked = question.after("abc")
    request = Request(7, "polymarket", asked.name, questions.request_body(asked), asked.subject, asked.variant)
    packed = msgspec.msgpack.decode(msgspec.msgpack.encode(request), type=Request)
    assert questions.from_request(packed) == question.after("abc")


@pytest.mark.parametrize(
    "request_",
    [
        Request(1, "hyperliquid", "stats", b"[]"),
        Request(1, "polymarket", "../admin", b"[]"),
        Request(1, "polymarket", "stats", b"{}"),
        Request(1, "polymarket", "stats", b'[["user"]]'),
        Request(1, "polymarket", "stats", b"\xff"),
    ],
)
def test_a_request_that_asks_nothing_of_the_venue_is_refused(request_: Request) -> None:
    with pytest.raises(DataError, match="request 1 "):
        questions.from_request(request_)


def test_filters_go_along_with_the_cursor() -> None:
    question = questions.trades(WALLET, 5).after("one").after("two")
    assert question.query == (*questions.trades(WALLET, 5).query, ("cursor", "two"))


def page(*rows: int, cursor: str = "") -> Page[int]:
    return Page(rows, rows, next_cursor=cursor)


def walked(question: questions.Question, *pages: Page[int], page_cap: int = 9) -> Walk[int]:
    walk: Walk[int] = Walk(question, page_cap)
    for each in pages:
        assert walk.question is not None
        walk.take(each)
    return walk


def test_a_walk_ends_whole_with_the_last_cursor() -> None:
    walk = walked(questions.holders(CONDITION), page(1, 2, cursor="a"), page(3))
    result = walk.result()
    assert (result.rows, result.pages, result.is_whole, result.stopped) == ((1, 2, 3), 2, True, "")
    assert walk.question is None


def test_later_pages_of_activity_are_older_and_come_first() -> None:
    assert walked(questions.trades(WALLET), page(5, 6, cursor="a"), page(3, 4)).result().rows == (3, 4, 5, 6)


def test_rows_that_came_before_are_left_out_and_counted() -> None:
    result = walked(questions.holders(CONDITION), page(1, 2, 2, cursor="a"), page(2, 3)).result()
    assert (result.rows, result.repeated) == ((1, 2, 2, 3), 1)


@pytest.mark.parametrize(
    ("pages", "reason"),
    [
        ((page(1, cursor="a"), page(2, cursor="b"), page(3, cursor="a")), "cursor twice"),
        ((page(1, cursor="a"), page(1, cursor="b")), "page twice"),
        ((page(1, cursor="a"), page(2, cursor="b"), page(3, cursor="c"), page(4, cursor="d")), "more than 4 pages"),
    ],
)
def test_a_walk_that_cannot_end_well_says_why(pages: tuple[Page[int], ...], reason: str) -> None:
    walk = walked(questions.holders(CONDITION), *pages, page_cap=4)
    assert walk.question is None
    assert not walk.result().is_whole
    assert reason in walk.result().stopped


def test_a_walk_that_goes_on_is_not_whole() -> None:
    assert not walked(questions.holders(CONDITION), page(1, cursor="a")).result().is_whole


@given(st.lists(st.tuples(st.lists(st.integers(0, 9), max_size=4), st.sampled_from(["", "a", "b", "c"])), max_size=12))
def test_a_walk_ends_and_loses_nothing(plan: list[tuple[list[int], str]]) -> None:
    walk: Walk[int] = Walk(questions.holders(CONDITION), 9)
    seen: set[int] = set()
    for rows, cursor in plan:
        if walk.question is None:
            break
        walk.take(page(*rows, cursor=cursor))
        seen.update(rows)
    assert set(walk.result().rows) == seen
    # Three cursors can be followed once each.
    assert walk.result().pages <= 4
