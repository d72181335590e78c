"""What becomes of predictions: labelled when their horizons end, also of tokens that died, and never by less."""

import numpy as np
import pytest

from app.core.calls import SET_BACK
from app.core.text import clean
from app.core.tokens import PoolState, TokenCandle
from app.feeds.token_questions import BIRDEYE, GECKOTERMINAL, Question, pairs, pool_candles
from app.feeds.token_rows import Rows
from app.tokens.answers import Answer, Candles, NoAnswer, Pools
from app.tokens.candles import SLOT_S, CandleTable
from app.tokens.labels import RISE_HORIZON_S, RUG_HORIZON_S, Entry
from app.tokens.outcomes import (
    GONE,
    NO_CANDLES,
    NO_LIQUIDITY,
    NO_PRICE,
    NOT_TOLD,
    PATIENCE_S,
    Outcomes,
    Predicted,
    Said,
)
from app.tokens.pages import LONGEST_AGAIN_S, TokenPool
from app.tokens.watched import QUIET_S

MINT, POOL = "M" * 42, "P" * 42
HERE = TokenPool(MINT, POOL)
AT_S = 1_790_232_000 // SLOT_S * SLOT_S + 60
DAY_S, HOUR_S = RUG_HORIZON_S, RISE_HORIZON_S
WHOLE = pool_candles(POOL, 1_000)
NOTHING = Candles(Rows((), 0))
"""No candle at all: not even those that led to the prediction."""
DIED = Candles(Rows((TokenCandle(AT_S // SLOT_S * SLOT_S, 1.0, 1.0, 1.0, 1.0, 10.0),), 0))
"""The last trade was when the prediction was made."""


def predicted(
    *, price: float = 1.0, liquidity: float | None = 1_000.0, at_s: int = AT_S, pool: str = POOL
) -> Predicted:
    return Predicted(MINT, pool, at_s * 1_000, Entry(at_s, price, liquidity), Said("v", 0.5, 0.5))


def state(liquidity: float | None, pool: str = POOL) -> Pools:
    words = clean("x")
    row = PoolState(
        mint=MINT, pool=pool, dex=words, name=words, quote_mint="", created_s=None, price_usd=None,
        liquidity_usd=liquidity, market_cap_usd=None, diluted_value_usd=None, volume_24h_usd=None, buys_1h=None,
        sells_1h=None,
    )  # fmt: skip
    return Pools(Rows((row,), 0))


def table(*closes: float) -> CandleTable:
    times = AT_S // SLOT_S * SLOT_S + SLOT_S * np.arange(len(closes))
    prices = np.array(closes)
    return CandleTable(SLOT_S, times, prices, prices, prices, prices, np.ones(len(closes)))


def _candles(*closes: float) -> list[TokenCandle]:
    first_s = AT_S // SLOT_S * SLOT_S
    return [TokenCandle(first_s + SLOT_S * n, price, price, price, price, 1.0) for n, price in enumerate(closes)]


def asked(outcomes: Outcomes, from_s: int, until_s: int) -> list[tuple[int, Question]]:
    found = []
    for now_s in range(from_s, until_s, 30):
        found += [(now_s, question) for question in outcomes.questions(now_s)]
        for _, question in [each for each in found if each[0] == now_s]:
            outcomes.answered(question, NoAnswer(clean("down")), now_s)
    return found


def test_an_hour_is_labelled_by_candles_that_come_by_themselves_and_not_before() -> None:
    outcomes = Outcomes()
    assert outcomes.take(predicted()) == []
    assert outcomes.candles(HERE, table(1.0, 1.5), AT_S + HOUR_S + 9) == []
    [labelled] = outcomes.candles(HERE, table(1.0, 1.5), AT_S + HOUR_S + 10)
    assert (labelled.horizon_s, labelled.labels.rises, labelled.reason) == (HOUR_S, True, "")
    assert labelled.labels.gain_pct == pytest.approx(48.5)
    assert labelled.predicted == predicted()
    assert outcomes.open == 1


def test_after_the_clock_was_set_back_looks_and_candles_are_asked_for_again_and_levels_are_noted() -> None:
    outcomes = Outcomes()
    outcomes.take(predicted())
    late_s, back_s = AT_S + DAY_S + 60, AT_S + DAY_S - 230
    outcomes.answered(pairs([MINT]), state(900.0), late_s)
    assert [question.venue for question in outcomes.questions(late_s)] == [GECKOTERMINAL]
    outcomes.answered(WHOLE, NoAnswer(clean("down")), late_s)
    outcomes.clock_set_back(back_s)
    assert [question.venue for question in outcomes.questions(back_s)] == [GECKOTERMINAL]
    assert pairs([MINT]) in outcomes.questions(back_s + 900)
    outcomes.answered(pairs([MINT]), state(800.0), back_s + 900)
    levels = outcomes.levels(POOL)
    assert levels is not None
    assert levels.time_s.tolist() == [back_s, back_s + 900]


def test_hazard_11_what_is_open_when_the_clock_is_set_back_by_a_candle_or_more_is_given_up() -> None:
    outcomes = Outcomes()
    outcomes.take(predicted())
    outcomes.questions(AT_S + 600)
    given_up = outcomes.clock_set_back(AT_S + 300)
    assert {(each.predicted, each.horizon_s, each.reason) for each in given_up} == {
        (predicted(), HOUR_S, SET_BACK),
        (predicted(), DAY_S, SET_BACK),
    }
    assert (outcomes.open, outcomes.unknown) == (0, {SET_BACK: 2})
    assert outcomes.candles(HERE, table(1.0, 1.5), AT_S + HOUR_S + 10) == []
    assert outcomes.levels(POOL) is None
    outcomes.take(predicted())
    assert outcomes.clock_set_back(AT_S + 200) == []
    assert outcomes.open == 2


def test_a_gain_after_the_pool_drained_is_none() -> None:
    outcomes = Outcomes()
    outcomes.take(predicted())
    outcomes.answered(pairs([MINT]), state(50.0), AT_S + 300)
    [labelled] = outcomes.candles(HERE, table(1.0, 1.0, 9.0), AT_S + HOUR_S + 10)
    assert labelled.labels.rises is False


@pytest.mark.parametrize(
    ("looks", "drains", "reason"),
    [
        (((3_600, 900.0), (DAY_S - 60, 800.0)), False, ""),
        (((3_600, 900.0), (7_200, 20.0)), True, ""),
        (((DAY_S + 60, 700.0),), False, ""),
        (((3_600, 900.0), (DAY_S + 60, 20.0)), None, NOT_TOLD),
        (((3_600, 900.0),), None, NOT_TOLD),
        ((), None, NOT_TOLD),
    ],
)
def test_a_day_is_labelled_by_candles_and_looks_at_the_pool(
    looks: tuple[tuple[int, float], ...], drains: bool | None, reason: str
) -> None:
    outcomes = Outcomes()
    outcomes.take(predicted())
    for after_s, value in looks:
        outcomes.answered(pairs([MINT]), state(value), AT_S + after_s)
    [hour, day] = outcomes.answered(WHOLE, DIED, AT_S + DAY_S + 100)
    # A token that died has no candles: its price stayed where it was.
    assert hour.labels.rises is False
    assert hour.labels.gain_pct == pytest.approx(-1.0)
    assert (day.labels.falls, day.labels.drains, day.labels.rugs, day.reason) == (False, drains, drains, reason)
    assert outcomes.open == 0
    assert outcomes.levels(POOL) is None
    assert dict(outcomes.unknown) == ({reason: 1} if reason else {})


def test_what_a_venue_no_longer_lists_or_never_told_is_not_made_up() -> None:
    outcomes = Outcomes()
    outcomes.take(predicted())
    outcomes.take(predicted(liquidity=None, at_s=AT_S + 1))
    outcomes.answered(pairs([MINT]), state(10.0, pool="Q" * 42), AT_S + DAY_S - 60)
    days = [each for each in outcomes.answered(WHOLE, DIED, AT_S + DAY_S + 100) if each.horizon_s == DAY_S]
    assert [(each.labels.drains, each.reason) for each in days] == [(None, GONE), (None, NO_LIQUIDITY)]
    assert [each.reason for each in outcomes.take(predicted(price=0.0))] == [NO_PRICE] * 2


def test_candles_and_liquidity_are_asked_for_until_they_can_be_had_no_more() -> None:
    outcomes = Outcomes()
    outcomes.take(predicted())
    until_s = AT_S + DAY_S + PATIENCE_S[DAY_S] + 60
    early = asked(outcomes, AT_S, AT_S + HOUR_S + 1_200)
    assert {question.name for _, question in early} == {"pairs"}
    assert [question.parts for _, question in early][:1] == [(MINT,)]
    later = asked(outcomes, AT_S + HOUR_S + 1_200, until_s)
    assert [at_s for at_s, question in later if question == WHOLE][-1] > until_s - LONGEST_AGAIN_S - 60
    assert [(each.horizon_s, each.reason) for each in outcomes.overdue(until_s)] == [
        (HOUR_S, f"{NO_CANDLES}: GeckoTerminal cannot be reached"),
        (DAY_S, f"{NO_CANDLES}: GeckoTerminal cannot be reached"),
    ]
    assert outcomes.open == 0
    assert asked(outcomes, until_s, until_s + HOUR_S) == []


def of_candles(outcomes: Outcomes, from_s: int, until_s: int, answers: dict[str, Answer]) -> list[tuple[int, str]]:
    """When which venue is asked for candles, where each answers so."""
    found = []
    for now_s in range(from_s, until_s, 30):
        for question in outcomes.questions(now_s):
            if question.name == "candles":
                found.append((now_s - from_s, question.venue))
                assert outcomes.is_mine(question)
                outcomes.answered(question, answers[question.venue], now_s)
            else:
                outcomes.answered(question, NoAnswer(clean("down")), now_s)
    return found


@pytest.mark.parametrize("failure", [NoAnswer(clean("no such pool"), 404), NOTHING])
def test_birdeye_is_asked_with_a_key_where_geckoterminal_has_nothing(failure: Answer) -> None:
    late_s = AT_S + HOUR_S + 1_230
    with_key, without = Outcomes(has_key=True), Outcomes()
    for outcomes in (with_key, without):
        outcomes.take(predicted())
    told = of_candles(with_key, late_s, late_s + 120, {GECKOTERMINAL: failure, BIRDEYE: DIED})
    assert told == [(0, GECKOTERMINAL), (30, BIRDEYE)]
    assert (with_key.open, with_key.labelled, dict(with_key.unknown)) == (1, 1, {})
    assert {venue for _, venue in of_candles(without, late_s, late_s + 120, {GECKOTERMINAL: failure})} == {
        GECKOTERMINAL
    }
    assert without.labelled == 0


def test_birdeye_is_asked_from_early_enough_for_the_last_candle_of_a_token_that_was_quiet_at_the_prediction() -> None:
    outcomes, late_s = Outcomes(has_key=True), AT_S + HOUR_S + 1_230
    outcomes.take(predicted())
    [first] = [each for each in outcomes.questions(late_s) if each.venue == GECKOTERMINAL]
    outcomes.answered(first, NoAnswer(clean("no such pool"), 404), late_s)
    [question] = [each for each in outcomes.questions(late_s + 5) if each.venue == BIRDEYE]
    # It traded last an hour and a half before, and is asked for with no more than two candles' room.
    from_s = int(dict(question.query)["time_from"])
    assert AT_S - QUIET_S - 3 * SLOT_S < from_s < AT_S - QUIET_S
    traded = [TokenCandle(AT_S // SLOT_S * SLOT_S - 5_400, 1.0, 1.0, 1.0, 1.0, 1.0)]
    told = [candle for candle in traded if candle.time_s >= from_s]
    [labelled] = outcomes.answered(question, Candles(Rows(tuple(told))), late_s + 6)
    assert (labelled.labels.rises, labelled.reason) == (False, "")


def test_candles_of_one_pool_label_nothing_of_another_pool_of_the_same_token() -> None:
    outcomes, other = Outcomes(), "Q" * 42
    outcomes.take(predicted())
    outcomes.take(predicted(price=12.0, at_s=AT_S + 300, pool=other))
    assert outcomes.candles(HERE, table(1.0, 1.0), AT_S + 600) == []
    by_itself = outcomes.candles(HERE, table(1.0, 1.5), AT_S + 2 * HOUR_S)
    assert [each.predicted.pool for each in by_itself] == [POOL]
    assert outcomes.open == 3
    asked = [each for each in outcomes.questions(AT_S + DAY_S + 600) if each.name == "candles"]
    assert [each.subject for each in asked] == [other]
    days = outcomes.answered(WHOLE, DIED, AT_S + DAY_S + 600)
    assert [(each.predicted.pool, each.horizon_s) for each in days] == [(POOL, DAY_S)]
    of_other = outcomes.answered(asked[0], Candles(Rows(tuple(_candles(12.0, 12.0, 15.0)))), AT_S + DAY_S + 600)
    assert [(each.predicted.pool, each.horizon_s) for each in of_other] == [(other, HOUR_S), (other, DAY_S)]
    assert of_other[0].labels.gain_pct == pytest.approx(100 * (15 / 12 * 0.99 - 1))
    assert outcomes.open == 0


def test_a_look_at_a_token_tells_of_all_its_pools_that_are_waited_for() -> None:
    outcomes, other = Outcomes(), "Q" * 42
    for pool in (POOL, other):
        outcomes.take(predicted(pool=pool))
    assert outcomes.questions(AT_S + 900) == [pairs([MINT])]
    rows = (*state(900.0).rows.rows, *state(70.0, pool=other).rows.rows)
    outcomes.answered(pairs([MINT]), Pools(Rows(rows)), AT_S + 900)
    for pool, value in ((POOL, 900.0), (other, 70.0)):
        levels = outcomes.levels(pool)
        assert levels is not None
        assert levels.value.tolist() == [value]


def test_what_nobody_gives_is_asked_for_ever_more_seldom_and_counted_with_its_reason() -> None:
    outcomes = Outcomes()
    outcomes.take(predicted())
    late_s = AT_S + HOUR_S + 1_230
    answers: dict[str, Answer] = {GECKOTERMINAL: NoAnswer(clean("gone"), 404)}
    told = of_candles(outcomes, late_s, late_s + PATIENCE_S[HOUR_S], answers)
    assert [at_s for at_s, _ in told] == [0, 300, 900, 2_100, 4_500]
    [late] = outcomes.overdue(AT_S + HOUR_S + PATIENCE_S[HOUR_S] + 60)
    assert late.reason == f"{NO_CANDLES}: GeckoTerminal knows no such pool"
    assert dict(outcomes.unknown) == {late.reason: 1}


def test_candles_that_do_not_reach_back_to_the_prediction_label_nothing() -> None:
    outcomes = Outcomes()
    outcomes.take(predicted())
    later = Candles(Rows((TokenCandle(AT_S // SLOT_S * SLOT_S + SLOT_S, 9.0, 9.0, 9.0, 9.0, 1.0),), 0))
    assert outcomes.answered(WHOLE, later, AT_S + HOUR_S + 1_300) == []
    [late] = outcomes.overdue(AT_S + HOUR_S + PATIENCE_S[HOUR_S] + 60)
    assert late.reason == f"{NO_CANDLES}: its candles do not reach back so far"


def test_of_candles_that_come_by_themselves_too_only_those_count_that_reach_back() -> None:
    """A run that takes up old predictions sees only the newest candles of their tokens."""
    outcomes, later = Outcomes(), predicted(at_s=AT_S + HOUR_S)
    outcomes.restore([(HOUR_S, [predicted(), later])], AT_S + 5 * HOUR_S)
    newest = table(1.0, 1.0, 9.0)
    newest = newest._replace(time_s=newest.time_s + HOUR_S)
    [labelled] = outcomes.candles(HERE, newest, AT_S + 5 * HOUR_S)
    assert (labelled.predicted, labelled.labels.rises) == (later, True)
    assert outcomes.waits(MINT, predicted().at_ms, HOUR_S)
    assert not outcomes.waits(MINT, later.at_ms, HOUR_S)
