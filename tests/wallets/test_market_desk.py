from typing import Any

from scan_samples import condition
from wallet_facts import market

from app.core.text import clean
from app.feeds.polymarket.pages import Page
from app.feeds.polymarket.questions import Question
from app.wallets.answers import NoAnswer
from app.wallets.market_desk import MarketDesk

HOUR_S = 3_600


def found(*markets: Any) -> Page[Any]:
    return Page(markets, tuple(each.condition_id for each in markets))


def told(desk: MarketDesk, question: Question, *markets: Any, now_s: float = 0) -> frozenset[str]:
    return desk.take(question, found(*markets), now_s)


def test_an_open_market_is_asked_for_again_when_it_is_old_until_it_is_resolved() -> None:
    desk = MarketDesk(HOUR_S)
    for now_s, pays in ((0, None), (HOUR_S + 1, None), (2 * HOUR_S + 2, 1.0)):
        assert desk.want([condition(1)], now_s) == {condition(1)}
        (question,) = desk.questions(now=True)
        if pays is None:
            assert told(desk, question) == frozenset()
            (question,) = desk.questions(now=True)
        assert told(desk, question, market(condition(1), yes_pays=pays), now_s=now_s) == {condition(1)}
        assert desk.want([condition(1)], now_s + HOUR_S) == frozenset()
    assert desk.want([condition(1)], 100 * HOUR_S) == frozenset()
    assert [seen_s for _, seen_s in desk.news()] == [0, HOUR_S + 1, 2 * HOUR_S + 2]


def test_hazard_11_an_open_market_that_was_told_while_the_clock_was_ahead_is_asked_for_again() -> None:
    desk = MarketDesk(HOUR_S)
    desk.know(market(condition(1), yes_pays=None), 100 * HOUR_S)
    assert desk.want([condition(1)], 0) == {condition(1)}


def test_one_that_nobody_knows_is_not_asked_for_at_once_again() -> None:
    desk = MarketDesk(HOUR_S)
    desk.want([condition(1)], 0)
    for _ in range(2):
        (question,) = desk.questions(now=True)
        settled = told(desk, question)
    assert settled == {condition(1)}
    assert desk.want([condition(1)], HOUR_S) == frozenset()
    assert desk.told().markets == {}


def test_one_that_could_not_be_asked_for_is_asked_for_by_the_next_who_wants_it() -> None:
    desk = MarketDesk(HOUR_S)
    desk.want([condition(1)], 0)
    (question,) = desk.questions(now=True)
    assert desk.take(question, NoAnswer(clean("503")), 0) == {condition(1)}
    assert desk.told([condition(1)]).failures == {condition(1): "503"}
    assert desk.want([condition(1)], 1) == {condition(1)}
    assert desk.failures == {}


def test_a_call_goes_when_it_is_full_or_when_told() -> None:
    desk = MarketDesk(HOUR_S)
    desk.want(map(condition, range(120)), 0)
    assert [len(question.query) - 3 for question in desk.questions(now=False)] == [50, 50]
    assert [len(question.query) - 3 for question in desk.questions(now=True)] == [20]


def test_forgetting_keeps_what_is_about_to_be_told_with_its_time() -> None:
    desk = MarketDesk(HOUR_S)
    for number in (1, 2):
        desk.know(market(condition(number), yes_pays=1.0), 10 * number)
    desk.forget({condition(2)})
    assert set(desk.told().markets) == {condition(2)}
    assert desk.told().seen_s == {condition(2): 20}
    assert desk.want([condition(1), condition(2)], 0) == {condition(1)}


def test_a_market_that_was_not_asked_for_is_not_taken() -> None:
    desk = MarketDesk(HOUR_S)
    desk.want([condition(1)], 0)
    (question,) = desk.questions(now=True)
    told(desk, question, market(condition(9), yes_pays=1.0))
    assert desk.markets == {}
