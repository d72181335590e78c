"""Discovery against the simulated venues: what it asks, what becomes ready, what ends, and what troubles do to it."""

from collections import Counter
from typing import get_args

import msgspec
import pytest
from discovery_day import Day, Remembered
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from token_client import NOW_S, Known, KnownLaunches, known

from app.config.token_venues import TokensSettings
from app.core.text import clean
from app.core.tokens import PoolState, TokenCandle, TokenHolders
from app.demo.tokens.made import MadeLaunches
from app.feeds import token_questions as ask
from app.feeds.token_rows import Rows
from app.tokens.answers import Candles, Holders, NoAnswer, Pools
from app.tokens.candles import SLOT_S
from app.tokens.discovery import AT_ONCE, MOST_ASKED
from app.tokens.features import WIDTH, context_of, features
from app.tokens.found import CandlesCame, Ended, Event, HoldersBack, HoldersMissing, Unknown
from app.tokens.watched import Seen

HOUR_S = 3_600
SETTINGS = TokensSettings(minimum_liquidity_usd=100.0)


def day_of(*launches: Known, has_key: bool = False, settings: TokensSettings = SETTINGS) -> Day:
    return Day(KnownLaunches(list(launches)), NOW_S, settings, has_key=has_key)


def some(count: int, age_s: int = 2 * HOUR_S) -> list[Known]:
    return [known(number, age_s - 10 * number) for number in range(count)]


def test_an_hour_of_the_simulated_venue() -> None:
    day = Day(Remembered(MadeLaunches(7)), NOW_S, SETTINGS)
    day.run(1_200, 4)
    seen = day.seen()
    slots = Counter((each.listed.mint, each.at_s // SLOT_S) for each in seen)
    assert len({mint for mint, _ in slots}) > 30
    assert set(slots.values()) == {1}
    assert all(each.window.candles >= 12 for each in seen)
    assert all(each.features().flat().shape == (WIDTH,) for each in seen[:50])
    counts = day.discovery.counts()
    assert counts.watched <= SETTINGS.watched
    assert counts.passed_over["no trades"] > 0
    assert sum(counts.ended.values()) > 0


def test_the_same_answers_give_the_same_questions_and_events() -> None:
    source = Remembered(MadeLaunches(9))
    one, two = (Day(source, NOW_S, SETTINGS, has_key=True) for _ in range(2))
    for day in (one, two):
        day.run(240, 4)
    assert one.asked == two.asked
    assert [type(event) for event in one.events] == [type(event) for event in two.events]
    vectors = [[each.features().flat().tobytes() for each in day.seen()] for day in (one, two)]
    assert vectors[0] == vectors[1]
    assert len(vectors[0]) > 20


def test_features_are_those_of_what_the_venues_said() -> None:
    day = day_of(known(1, 3 * HOUR_S))
    day.run(60)
    [seen] = day.seen()
    state, holders = seen.state, seen.holders
    assert state is not None
    assert holders is not None
    assert (state.liquidity_usd, holders.count) == (5_180, 40)
    expected = features(seen.table, context_of(state, holders, seen.at_s), seen.at_s)
    assert seen.features().flat().tobytes() == expected.flat().tobytes()


def test_a_token_becomes_ready_when_it_is_old_enough_and_again_in_each_slot() -> None:
    day = day_of(known(1, 0))
    assert day.run(12 * SLOT_S - 10, 5) == []
    assert {question.name for _, question in day.asked} == {"new_pools"}
    day.run(3 * SLOT_S, 5)
    assert [each.at_s // SLOT_S - NOW_S // SLOT_S for each in day.seen()] == [12, 13, 14, 15]


def test_candles_of_an_old_token_are_asked_for_less_often() -> None:
    young, old = day_of(known(1, 2 * HOUR_S)), day_of(known(1, 7 * HOUR_S))
    for day in (young, old):
        day.run(HOUR_S, 5)
    asked = [sum(question.name == "candles" for _, question in day.asked) for day in (young, old)]
    assert asked == [12, 4] or asked == [13, 5]


def test_only_pools_on_the_exchanges_that_count_are_watched() -> None:
    raydium, curve = known(1, 2 * HOUR_S), known(2, 2 * HOUR_S, "pump-fun")
    day = day_of(raydium, curve, settings=TokensSettings(exchanges=("pump-fun",)))
    day.run(60)
    assert {each.listed.mint for each in day.seen()} == {curve.mint}
    assert day.discovery.counts().passed_over == {"another exchange": 1}


def test_dead_tokens_are_not_watched_and_not_taken_up_again() -> None:
    day = day_of(known(1, 2 * HOUR_S, dead=True))
    day.run(300)
    assert (day.seen(), day.discovery.watched) == ([], {})
    assert day.discovery.counts().passed_over == {"no trades": 1}
    assert sum(question.name == "pairs" for _, question in day.asked) == 1


def test_a_token_that_stops_trading_ends() -> None:
    day = day_of(known(1, 9 * HOUR_S), settings=TokensSettings(watch_h=24.0))
    day.run(HOUR_S, 20)
    assert day.discovery.watched
    day.run(3 * HOUR_S, 20)
    assert [event for event in day.events if isinstance(event, Ended)] == [Ended(known(1, 0).mint, "no trades")]
    assert day.discovery.watched == {}


@pytest.mark.parametrize("ahead_s", [SLOT_S, 5_000_000_100])
def test_hazard_3_a_candle_dated_ahead_is_counted_and_is_neither_the_last_price_nor_the_last_trade(
    ahead_s: int,
) -> None:
    day = day_of(known(1, 2 * HOUR_S))
    day.run(60)
    [token] = day.discovery.watched.values()
    slot_s = day.now_s // SLOT_S * SLOT_S
    traded, ahead = (TokenCandle(at_s, 1.0, 1.0, 1.0, price, 5.0) for at_s, price in
                     ((slot_s - SLOT_S, 1.0), (slot_s + ahead_s, 999.0)))  # fmt: skip
    question, before = ask.pool_candles(token.listed.pool, 102), day.discovery.counts().refused_rows
    day.discovery.answered(question, Candles(Rows((traded, ahead))), day.now_s)
    seen = token.known(day.now_s)
    assert seen is not None
    assert seen._replace(state=None).price == 1.0
    assert token.ending(slot_s + 3 * HOUR_S, 24 * HOUR_S) == "no trades"
    assert day.discovery.counts().refused_rows == before + 1


def test_hazard_11_a_token_found_while_the_clock_was_ahead_is_looked_at_as_soon_as_others() -> None:
    day = day_of(known(1, 600))
    day.run(60)
    assert day.discovery.counts().waiting == 1
    back_s = day.now_s - 20 * HOUR_S
    day.discovery.clock_set_back(back_s)
    mint = known(1, 600).mint
    assert ask.pairs([mint]) not in day.discovery.questions(back_s + 12 * SLOT_S - 1)
    assert ask.pairs([mint]) in day.discovery.questions(back_s + 12 * SLOT_S)


def test_hazard_11_a_token_asked_for_while_the_clock_was_ahead_is_not_watched_for_ever() -> None:
    day = day_of(known(1, 2 * HOUR_S))
    mint = known(1, 0).mint
    day.discovery.want(mint, day.now_s)
    day.run(60)
    back_s = day.now_s - 20 * HOUR_S
    day.discovery.clock_set_back(back_s)
    assert day.discovery.watched[mint].ending(back_s + 2 * HOUR_S, 24 * HOUR_S) == "asked for long ago"


def test_a_pool_that_loses_nine_tenths_of_its_liquidity_ends() -> None:
    day = day_of(known(1, 2 * HOUR_S))
    day.run(60)
    [token] = day.discovery.watched.values()
    question = ask.pairs([token.listed.mint])
    assert token.state is not None
    left = msgspec.structs.replace(token.state, liquidity_usd=512.0)
    events = day.discovery.answered(question, Pools(Rows((left,))), day.now_s)
    assert events == [Ended(token.listed.mint, "drained")]


def test_a_full_watch_keeps_what_trades_most() -> None:
    launches = [known(number, HOUR_S + 600 * (1 + number)) for number in range(8)]
    day = day_of(*launches, settings=TokensSettings(watched=3, minimum_liquidity_usd=0.0))
    day.run(120)
    assert set(day.discovery.watched) == {launch.mint for launch in launches[-3:]}


@pytest.mark.parametrize("is_waited_for", [False, True])
def test_a_token_that_somebody_waits_for_makes_no_room(is_waited_for: bool) -> None:
    least, more, young = known(1, HOUR_S + 600), known(2, HOUR_S + 1_200), known(3, HOUR_S - 900)
    day = day_of(least, more, young, settings=TokensSettings(watched=2, minimum_liquidity_usd=0.0))
    day.down.add("geckoterminal candles")
    day.run(60)
    assert set(day.discovery.watched) == {least.mint, more.mint}
    if is_waited_for:
        assert day.discovery.want(least.mint, day.now_s)
    state = day.discovery.watched[least.mint].state
    assert state is not None
    busy = msgspec.structs.replace(state, mint=young.mint, pool=young.pool, volume_24h_usd=1e9)
    events = day.discovery.answered(ask.pairs([young.mint]), Pools(Rows((busy,))), day.now_s)
    assert events == [Ended((more if is_waited_for else least).mint, "made room")]


def test_tokens_of_all_pages_are_found_and_then_only_the_first_is_asked_for() -> None:
    day = day_of(*some(95), settings=TokensSettings(watched=200))
    day.run(600, 4)
    pages = Counter(dict(question.query)["page"] for _, question in day.asked if question.name == "new_pools")
    assert len(day.discovery.watched) == 95
    assert pages["1"] >= 15
    assert {page: count for page, count in pages.items() if page != "1"} == {str(page): 1 for page in range(2, 6)} | (
        {"6": 1} if "6" in pages else {}
    )


def test_never_more_is_open_than_a_venue_is_asked_at_once() -> None:
    day = day_of(*some(60), has_key=True)
    discovery = day.discovery
    discovery.answered(ask.new_pools(), day._answer(ask.new_pools()), NOW_S)
    for later in range(30):
        for question in discovery.questions(NOW_S + later):
            if question.name == "pairs":
                discovery.answered(question, day._answer(question), NOW_S + later)
        per_venue = Counter(question.venue for question in discovery._open)
        assert all(count <= AT_ONCE[venue] for venue, count in per_venue.items())
    assert per_venue["geckoterminal"] == AT_ONCE["geckoterminal"]
    # Questions whose answers never come hold their places for ten minutes, not for ever.
    assert len(discovery.questions(NOW_S + 700)) > 0


def test_missing_numbers_of_holders_are_told_once_and_again_when_they_are_back() -> None:
    day = day_of(*some(12))
    day.down.add("geckoterminal holders")
    told = [event for event in day.run(120) if not isinstance(event, Seen | CandlesCame)]
    assert told == [HoldersMissing(5, "it is down")]
    assert len({each.listed.mint for each in day.seen()}) == 12
    assert {each.holders for each in day.seen()} == {None}
    day.down.clear()
    assert [event for event in day.run(900) if not isinstance(event, Seen | CandlesCame)] == [HoldersBack()]
    assert day.seen()[-1].holders is not None


def test_with_a_key_birdeye_tells_holders_and_candles_that_the_other_does_not() -> None:
    day = day_of(*some(3), has_key=True)
    day.down |= {"geckoterminal holders", "geckoterminal candles"}
    day.run(60)
    assert len({each.listed.mint for each in day.seen()}) == 3
    assert {each.holders.count for each in day.seen() if each.holders} == {40}
    assert {question.name for _, question in day.asked if question.venue == "birdeye"} == {"overview", "candles"}


def test_without_a_key_birdeye_is_never_asked() -> None:
    day = day_of(*some(3))
    day.down |= {"geckoterminal holders", "geckoterminal candles"}
    day.run(300)
    assert day.seen() == []
    assert {question.venue for _, question in day.asked} == {"geckoterminal", "dexscreener"}


def test_a_venue_of_states_that_is_down_for_long_loses_no_token() -> None:
    day = day_of(*some(40))
    day.down.add("dexscreener")
    day.run(HOUR_S, 20)
    assert day.discovery.counts().waiting == 40
    assert sum(question.venue == "dexscreener" for _, question in day.asked) < 150
    day.down.clear()
    day.run(300)
    assert len({each.listed.mint for each in day.seen()}) == 40


def test_a_token_that_somebody_asks_for_is_judged_whatever_it_is() -> None:
    young, dead = known(1, 900), known(2, 3 * HOUR_S, dead=True)
    day = day_of(young, dead, settings=TokensSettings(exchanges=("orca",)))
    day.run(60)
    for launch in (young, dead):
        assert day.discovery.want(launch.mint, day.now_s)
    nobody = "Z" * 40
    assert day.discovery.want(nobody, day.now_s)
    events = day.run(30)
    assert {each.listed.mint: each.window.candles for each in events if isinstance(each, Seen)} == {
        young.mint: 4,
        dead.mint: 0,
    }
    assert [event for event in events if isinstance(event, Unknown)] == [
        Unknown(nobody, "DexScreener knows no pair of it")
    ]
    # A token that is watched is judged again at once, in the same slot too.
    day.discovery.want(young.mint, day.now_s)
    again = [each.listed.mint for each in day.run(10) if isinstance(each, Seen)]
    assert again == [young.mint]
    day.run(2 * HOUR_S, 10)
    assert day.discovery.watched == {}


def test_so_many_tokens_can_be_asked_for_at_a_time() -> None:
    day = day_of(*some(MOST_ASKED + 1))
    assert [day.discovery.want(launch.mint, NOW_S) for launch in some(MOST_ASKED + 1)] == [True] * MOST_ASKED + [False]


ANSWERS = st.sampled_from(["right", "none", "of another kind"])


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ANSWERS, min_size=20, max_size=60), st.booleans())
def test_no_answer_breaks_it_and_what_it_keeps_is_bounded(answers: list[str], has_key: bool) -> None:
    day = day_of(*some(12), has_key=has_key, settings=TokensSettings(watched=4))
    holders = Holders(TokenHolders(mint=known(1, 0).mint, count=None, top_10_share=None, as_of_s=None))
    none, pools = NoAnswer(clean("no")), Pools(Rows[PoolState](()))
    for number, kind in enumerate(answers):
        now_s = NOW_S + 20 * number
        for question in day.discovery.questions(now_s):
            day.now_s = now_s
            other = pools if question.name in ("holders", "overview") else holders
            answer = {"right": day._answer(question), "none": none, "of another kind": other}[kind]
            for event in day.discovery.answered(question, answer, now_s):
                assert isinstance(event, get_args(Event))
        assert len(day.discovery.watched) <= 4


@pytest.mark.parametrize("venue", ["geckoterminal", "dexscreener", "birdeye"])
def test_failures_are_counted_by_venue(venue: str) -> None:
    day = day_of(*some(2), has_key=True)
    if venue == "birdeye":
        day.down.add("geckoterminal holders")
    day.down.add(venue)
    day.run(60)
    assert day.discovery.counts().failed[venue] > 0
