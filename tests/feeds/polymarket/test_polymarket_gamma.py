"""Markets of the catalogue: their tags, their category, and what became of them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from polymarket_samples import CONDITION, market_row

from app.core.errors import FrameError
from app.core.prediction_market import PredictionMarket
from app.feeds.polymarket.categories import CATEGORIES, category
from app.feeds.polymarket.gamma import parse_markets


def market(**changes: Any) -> PredictionMarket:
    [only] = parse_markets(json.dumps([market_row(**changes)]).encode()).rows
    return only


def test_a_resolved_market() -> None:
    resolved = market()
    assert (resolved.condition_id, resolved.event_slug, resolved.tags) == (CONDITION, "an-event", ("politics", "war"))
    assert (resolved.token_ids, resolved.payouts, resolved.closed_s) == (("11", "12"), (1.0, 0.0), 1_775_417_853)


@pytest.mark.parametrize(
    ("changes", "payouts"),
    [
        ({"closed": False}, None),
        ({"closed": False, "outcomePrices": '["0.5", "0.5"]'}, None),
        ({"umaResolutionStatus": "proposed"}, None),
        ({"umaResolutionStatus": None}, (1.0, 0.0)),
        ({"outcomePrices": '["0", "0"]'}, None),
        ({"outcomePrices": None}, None),
        ({"outcomePrices": ""}, None),
        ({"outcomePrices": ["0", 1]}, (0.0, 1.0)),
        ({"outcomePrices": '["0.5", "0.5"]', "umaResolutionStatus": None}, (0.5, 0.5)),
        ({"outcomePrices": '["0.9", "0.1"]', "umaResolutionStatus": None}, None),
        ({"outcomePrices": '["0.75", "0.25"]'}, (0.75, 0.25)),
        ({"outcomePrices": '["0.00000041", "0.99999959"]', "umaResolutionStatus": None}, (0.0, 1.0)),
        ({"outcomePrices": '["1", "0", "0"]'}, None),
        ({"closed": None}, (1.0, 0.0)),
        ({"closed": None, "closedTime": None}, None),
    ],
)
def test_what_a_share_paid_is_known_only_of_a_resolved_market(
    changes: dict[str, Any], payouts: tuple[float, ...] | None
) -> None:
    assert market(**changes).payouts == payouts


def test_newer_markets_have_positions_for_tokens() -> None:
    assert market(clobTokenIds=None, positionIds='["21", "22"]').token_ids == ("21", "22")
    assert market(clobTokenIds=["31", "32"]).token_ids == ("31", "32")


@pytest.mark.parametrize("closed", ["2026-04-05T19:37:33Z", "2026-04-05T19:37:33.25Z", "2026-04-05 21:37:33+02"])
def test_dates_as_gamma_writes_them(closed: str) -> None:
    assert market(closedTime=closed).closed_s == 1_775_417_853


@pytest.mark.parametrize(
    "closed",
    ["", "yesterday", "9" * 500, "0001-01-01T00:00:00+23:00", "2286-11-20T17:46:40Z", "9999-12-31T23:59:59Z", None],
)
def test_a_date_that_is_none_is_not_known(closed: str | None) -> None:
    assert market(closedTime=closed).closed_s is None


def test_the_last_moment_that_is_a_date() -> None:
    assert market(closedTime="2286-11-20T17:46:39Z").closed_s == 9_999_999_999


@pytest.mark.parametrize("ids", [["1" * 81, "2"], json.dumps(["1" * 81, "2"])])
def test_a_token_of_too_many_digits_is_refused(ids: object) -> None:
    assert market(clobTokenIds=["1" * 80, "2"]).token_ids == ("1" * 80, "2")
    with pytest.raises(FrameError, match="none of 1 rows can be used"):
        market(clobTokenIds=ids)


def test_tags_may_stand_in_the_market_its_event_or_nowhere() -> None:
    event = {"slug": "an-event", "tags": [{"slug": "Sports"}]}
    assert market(tags=None, events=[event]).tags == ("sports",)
    assert market(tags=None).tags == ()
    assert market(tags=["NBA", "x\x1b[1m"]).tags == ("nba", "x[1m")


@pytest.mark.parametrize(
    "changes",
    [
        {"conditionId": ""},
        {"conditionId": "a b"},
        {"clobTokenIds": "[1"},
        {"clobTokenIds": '["\\u001b"]'},
        {"outcomePrices": '["2"]'},
        {"outcomePrices": '["nan", "0"]'},
    ],
)
def test_a_bad_market_is_left_out_and_counted(changes: dict[str, Any]) -> None:
    body = json.dumps({"markets": [market_row(), market_row(**changes)], "next_cursor": "x"}).encode()
    answer = parse_markets(body)
    assert (len(answer.rows), answer.refused, answer.next_cursor) == (1, 1, "")
    assert answer.refusal.startswith("markets: ")


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (("nba", "sports"), "sports"),
        (("crypto", "finance", "politics"), "politics"),
        (("mention-markets", "politics"), "politics"),
        (("mentions",), "mentions"),
        (("economy", "fed"), "economics"),
        (("pop-culture",), "culture"),
        (("Weather",), "weather"),
        (("all", "breaking-news"), "other"),
        ((), "other"),
    ],
)
def test_category_of_tags(tags: tuple[str, ...], expected: str) -> None:
    assert category(tags) == expected


@given(st.lists(st.sampled_from([*CATEGORIES, "ai", "nba", "elections"]), max_size=5), st.randoms())
def test_the_order_of_tags_does_not_matter_and_more_of_them_never_lower_it(tags: list[str], random: Any) -> None:
    shuffled = random.sample(tags, len(tags))
    assert category(shuffled) == category(tags)
    ranks = [CATEGORIES.index(category([tag])) for tag in tags]
    assert CATEGORIES.index(category(tags)) == min(ranks, default=len(CATEGORIES) - 1)
