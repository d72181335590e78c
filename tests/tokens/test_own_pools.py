"""Discovery goes by what venues tell of a token's own pool, and lately; what is over is asked about once more."""

import msgspec
import pytest
from discovery_day import Day
from token_client import NOW_S, Known, KnownLaunches, known

from app.config.token_venues import TokensSettings
from app.core.text import clean
from app.core.tokens import PoolState
from app.feeds import token_questions as ask
from app.feeds.token_rows import Rows
from app.tokens.answers import NoAnswer, Pools
from app.tokens.found import CandlesCame, Ended, StatesBack, StatesMissing
from app.tokens.watched import MOST_UNTOLD, Seen

HOUR_S = 3_600


def day_of(*launches: Known, has_key: bool = False) -> Day:
    return Day(KnownLaunches(list(launches)), NOW_S, TokensSettings(minimum_liquidity_usd=100.0), has_key=has_key)


def some(count: int) -> list[Known]:
    return [known(number, 2 * HOUR_S - 10 * number) for number in range(count)]


def states_of(day: Day, number: int, **other: object) -> list[PoolState]:
    """What DexScreener says of a token that is watched, with some of it changed."""
    state = day.discovery.watched[known(number, 0).mint].state
    return [msgspec.structs.replace(state, **other)]


def told(day: Day, states: list[PoolState]) -> list[object]:
    """DexScreener answers about the first token with these pairs."""
    return [*day.discovery.answered(ask.pairs([known(1, 0).mint]), Pools(Rows(tuple(states))), day.now_s)]


def test_a_token_is_not_judged_by_a_state_that_is_too_old_and_is_once_it_is_told_again() -> None:
    day = day_of(known(1, 2 * HOUR_S))
    day.run(60)
    [token] = day.discovery.watched.values()
    day.down.add("dexscreener")
    events = day.run(HOUR_S, 5)
    assert [event for event in events if isinstance(event, StatesMissing)] == [StatesMissing(90, "it is down")]
    assert all(each.at_s - each.state_s <= 90 for each in day.seen())
    assert len([each for each in events if isinstance(each, Seen)]) <= 1
    assert token.known(day.now_s) is None
    day.down.clear()
    back = [event for event in day.run(60, 5) if not isinstance(event, CandlesCame)]
    assert [type(event) for event in back] == [StatesBack, Seen]
    assert day.discovery.watched == {token.listed.mint: token}


def test_candles_that_are_too_old_are_no_basis_for_what_is_judged_by_hand() -> None:
    day = day_of(known(1, 2 * HOUR_S))
    day.run(60)
    [token] = day.discovery.watched.values()
    day.down.add("geckoterminal candles")
    day.run(900, 20)
    assert token.known(day.now_s) is not None
    day.run(600, 20)
    assert token.known(day.now_s) is None


def test_price_and_money_of_another_pool_are_not_taken_for_those_of_the_tokens_own() -> None:
    day = day_of(known(1, 2 * HOUR_S))
    day.run(60)
    [token] = day.discovery.watched.values()
    [own] = states_of(day, 1)
    other = states_of(day, 1, pool="Z" * 40, price_usd=12.0, liquidity_usd=1e9)
    assert told(day, [*other, own]) == []
    assert token.state == own
    for _ in range(4):
        # The token is still listed, so it is not over; of its own pool nothing new is known.
        assert told(day, other) == []
    assert token.state == own
    day.now_s += 91
    assert told(day, other) == []
    assert token.known(day.now_s) is None
    assert told(day, [own]) == []
    seen = token.known(day.now_s)
    assert seen is not None
    assert (seen.price, seen.liquidity_usd) == (own.price_usd, own.liquidity_usd)


def test_a_token_whose_own_pool_is_told_no_more_ends_at_last() -> None:
    day = day_of(known(1, 2 * HOUR_S))
    day.run(60)
    [own], other = states_of(day, 1), states_of(day, 1, pool="Z" * 40)
    assert [told(day, other) for _ in range(MOST_UNTOLD - 1)] == [[]] * (MOST_UNTOLD - 1)
    assert told(day, [own]) == []
    assert [told(day, other) for _ in range(MOST_UNTOLD - 1)] == [[]] * (MOST_UNTOLD - 1)
    assert told(day, other) == [Ended(known(1, 0).mint, "no longer listed")]


def test_of_a_token_whose_own_pool_is_not_told_only_one_that_was_asked_for_is_watched() -> None:
    listed, wanted = known(1, 2 * HOUR_S), known(2, 2 * HOUR_S)
    day = day_of(listed, wanted)
    day.down.add("dexscreener")
    day.run(30)
    day.discovery.want(wanted.mint, day.now_s)
    day.down.clear()
    words, question = clean("x"), ask.pairs([listed.mint, wanted.mint])
    answer = day._answer(question)
    assert isinstance(answer, Pools)
    moved = tuple(msgspec.structs.replace(row, pool="Z" * 40, dex=words) for row in answer.rows.rows)
    day.discovery.answered(question, Pools(Rows(moved)), day.now_s)
    assert {token.listed.pool for token in day.discovery.watched.values()} == {"Z" * 40}
    assert set(day.discovery.watched) == {wanted.mint}
    assert day.discovery.counts().passed_over == {"unknown to DexScreener": 1}


def over_and_held(has_key: bool) -> tuple[Day, str]:
    """A token that is over, and whose candles are wanted in an hour; its pool."""
    day = day_of(*some(2), has_key=has_key)
    day.run(60)
    token = day.discovery.watched[known(1, 0).mint]
    day.discovery.hold(token.listed.mint, NOW_S + HOUR_S)
    assert token.state is not None
    left = msgspec.structs.replace(token.state, liquidity_usd=1.0)
    day.discovery.answered(ask.pairs([token.listed.mint]), Pools(Rows((left,))), day.now_s)
    return day, token.listed.pool


@pytest.mark.parametrize("has_key", [False, True])
def test_a_token_that_is_over_and_whose_candles_cannot_be_had_is_asked_for_once_of_each_venue(has_key: bool) -> None:
    day, pool = over_and_held(has_key)
    mint = known(1, 0).mint
    day.down |= {pool, mint}
    before = len(day.asked)
    day.run(2 * HOUR_S, 10)
    asked = [(at_s, question) for at_s, question in day.asked[before:] if question.subject in (pool, mint)]
    assert [question.venue for _, question in asked if question.name == "candles"] == (
        ["geckoterminal", "birdeye"] if has_key else ["geckoterminal"]
    )
    assert all(at_s >= NOW_S + HOUR_S for at_s, _ in asked)


def test_a_token_that_is_over_waits_its_turn_among_those_that_are_watched() -> None:
    day, pool = over_and_held(has_key=False)
    watched = known(0, 0)
    day.discovery.watched[watched.mint].candles_due_s = NOW_S + HOUR_S - 60
    asked = [question.subject for question in day.discovery.questions(NOW_S + HOUR_S) if question.name == "candles"]
    assert asked == [watched.pool, pool]


def test_an_answer_that_comes_after_a_token_is_over_has_it_asked_for_no_sooner() -> None:
    day, pool = over_and_held(has_key=False)
    day.discovery.answered(ask.pool_candles(pool, 102), NoAnswer(clean("late"), 404), day.now_s)
    before = len(day.asked)
    day.run(HOUR_S, 20)
    asked = [at_s for at_s, question in day.asked[before:] if question.subject == pool]
    assert [at_s >= NOW_S + HOUR_S for at_s in asked] == [True]


def test_a_token_that_is_over_and_held_is_judged_when_somebody_asks_for_it() -> None:
    day, _ = over_and_held(has_key=False)
    mint = known(1, 0).mint
    day.run(20)
    assert day.discovery.want(mint, day.now_s)
    assert [event.listed.mint for event in day.run(10) if isinstance(event, Seen)] == [mint]
    assert day.discovery.watched[mint].held_until_s == NOW_S + HOUR_S
