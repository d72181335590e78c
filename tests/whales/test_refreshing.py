import numpy as np
import pytest
from trader_samples import NOBODY, NOW_MS, a_trade, address
from trader_world import World

from app.config.whale_settings import WhalesSettings
from app.whales.asking_pace import AskingPace
from app.whales.refreshing import ANSWER_MS, AskFor, Refreshing

SETTINGS = WhalesSettings()
ALICE, BOB, CAROL = address(1), address(2), address(3)


def refreshing(**values: float) -> Refreshing:
    """Alice, Bob and Carol are followed and known as of now."""
    one = Refreshing(SETTINGS)
    one.follow({ALICE: 1.0, BOB: 1.0, CAROL: 1.0} | values, NOW_MS)
    one.restore({ALICE: NOW_MS, BOB: NOW_MS, CAROL: NOW_MS}, NOW_MS)
    return one


def answer(one: Refreshing, trader: str, venue_ms: int, now_ms: int, is_news: bool = False) -> None:
    one.learned(trader, venue_ms, now_ms, is_news)
    one.answered(trader, now_ms)


def names(questions: tuple[AskFor, ...]) -> list[tuple[str, str]]:
    return [(question.trader, question.reason) for question in questions]


def test_nobody_is_followed_by_a_trade_of_strangers() -> None:
    one = refreshing()
    assert one.saw_trade(a_trade(buyer=NOBODY, seller="<script>", time_ms=NOW_MS + 1), NOW_MS + 1) == ()
    assert one.saw_trade(a_trade(BOB, ALICE, time_ms=NOW_MS + 1), NOW_MS + 1) == (BOB, ALICE)
    assert one.saw_trade(a_trade(BOB.upper().replace("X", "x"), BOB, time_ms=NOW_MS + 2), NOW_MS + 2) == (BOB,)


def test_a_burst_of_fills_is_one_question() -> None:
    one = refreshing()
    for number in range(100):
        one.saw_trade(a_trade(ALICE, time_ms=NOW_MS + 1 + number), NOW_MS + number)
    assert one.ask(NOW_MS + 149, 9, 9) == ()
    assert one.next_ms(NOW_MS + 149) == NOW_MS + 150
    assert names(one.ask(NOW_MS + 150, 9, 9)) == [(ALICE, "trade")]
    one.saw_trade(a_trade(ALICE, time_ms=NOW_MS + 160), NOW_MS + 160)
    assert one.ask(NOW_MS + 10_000, 9, 0) == ()
    answer(one, ALICE, NOW_MS + 170, NOW_MS + 300)
    assert one.ask(NOW_MS + 9_000, 9, 9) == ()
    assert (one.counts.trades, one.counts.joined, one.counts.trade, one.counts.behind) == (101, 100, 1, 0)


def test_an_answer_older_than_the_trade_is_asked_for_again() -> None:
    one = refreshing()
    one.saw_trade(a_trade(ALICE, time_ms=NOW_MS + 100), NOW_MS + 100)
    one.ask(NOW_MS + 250, 9, 0)
    answer(one, ALICE, NOW_MS + 99, NOW_MS + 300)
    assert one.counts.behind == 1
    assert names(one.ask(NOW_MS + 600, 9, 0)) == [(ALICE, "trade")]
    answer(one, ALICE, NOW_MS + 100, NOW_MS + 700)
    assert one.ask(NOW_MS + 9_000, 9, 0) == ()


def test_a_state_that_came_otherwise_spares_the_question() -> None:
    one = refreshing()
    one.saw_trade(a_trade(ALICE, time_ms=NOW_MS + 100), NOW_MS + 100)
    one.learned(ALICE, NOW_MS + 100, NOW_MS + 120, is_news=True)
    assert one.ask(NOW_MS + 250, 9, 0) == ()
    one.saw_trade(a_trade(ALICE, time_ms=NOW_MS + 90), NOW_MS + 300)
    assert one.ask(NOW_MS + 9_000, 9, 0) == ()


def test_who_makes_markets_all_day_is_asked_ever_more_slowly_and_news_ends_that() -> None:
    one, waits, now_ms = refreshing(), list[int](), NOW_MS
    for number in range(10):
        one.saw_trade(a_trade(ALICE, time_ms=now_ms + 1), now_ms)
        due_ms = one.next_ms(now_ms)
        assert due_ms is not None
        waits.append(due_ms - now_ms)
        assert names(one.ask(due_ms, 9, 0)) == [(ALICE, "trade")]
        now_ms = due_ms + 10
        answer(one, ALICE, due_ms + 5, now_ms, is_news=number == 8)
    assert waits == [150, 300, 600, 1_200, 2_400, 4_800, 9_600, 9_600, 9_600, 150]


def test_a_pause_ends_it_too() -> None:
    one = refreshing()
    one.saw_trade(a_trade(ALICE, time_ms=NOW_MS + 1), NOW_MS + 1)
    one.ask(NOW_MS + 151, 9, 0)
    answer(one, ALICE, NOW_MS + 160, NOW_MS + 170)
    one.saw_trade(a_trade(ALICE, time_ms=NOW_MS + 10_500), NOW_MS + 10_500)
    assert one.next_ms(NOW_MS + 10_500) == NOW_MS + 10_650


def test_whales_go_first_where_many_wait() -> None:
    one = refreshing(**{BOB: 50.0})
    for trader in (ALICE, BOB, CAROL):
        one.saw_trade(a_trade(trader, time_ms=NOW_MS + 1), NOW_MS + 1)
    assert names(one.ask(NOW_MS + 200, 1, 0)) == [(BOB, "trade")]


def test_polls_go_by_value_times_age_but_nobody_gets_too_old() -> None:
    one = refreshing(**{BOB: 50.0, CAROL: 2.0})
    now_ms = NOW_MS + 30_000
    assert names(one.ask(now_ms, 9, 1)) == [(BOB, "poll")]
    answer(one, BOB, now_ms, now_ms)
    assert names(one.ask(now_ms + 5_000, 9, 9)) == [(CAROL, "poll"), (ALICE, "poll")]
    one.failed(CAROL, now_ms + 5_000)
    one.failed(ALICE, now_ms + 5_000)
    urgent_ms = NOW_MS + 102_000
    one.saw_trade(a_trade(BOB, time_ms=urgent_ms - 500), urgent_ms - 500)
    assert {name for name, reason in names(one.ask(urgent_ms, 2, 0)) if reason == "urgent"} == {ALICE, CAROL}


def test_who_was_never_asked_comes_before_polls_and_the_valuable_first() -> None:
    one = Refreshing(SETTINGS)
    one.follow({ALICE: 1.0, BOB: 3.0, CAROL: 2.0}, NOW_MS)
    one.restore({CAROL: NOW_MS - 50_000}, NOW_MS)
    assert names(one.ask(NOW_MS, 3, 1)) == [(BOB, "first"), (ALICE, "first"), (CAROL, "poll")]
    carol = one.tracked.get(CAROL)
    assert carol is not None
    assert carol.age_ms(NOW_MS) == 50_000


def test_trades_of_the_most_valuable_go_before_those_who_grow_too_old() -> None:
    one = refreshing()
    one.follow({ALICE: 1.0, BOB: 1_000.0, CAROL: 2.0}, NOW_MS)
    now_ms = NOW_MS + 103_000
    one.saw_trade(a_trade(BOB, ALICE, time_ms=now_ms - 400), now_ms - 400)
    assert names(one.ask(now_ms, 1, 0, first_from=100.0)) == [(BOB, "trade")]
    assert {reason for _, reason in names(one.ask(now_ms, 9, 0, first_from=100.0))} == {"urgent"}


def test_a_stream_spares_polls_until_it_is_silent() -> None:
    one = refreshing()
    one.follow_by_stream([ALICE])
    one.saw_trade(a_trade(ALICE, BOB, time_ms=NOW_MS + 1), NOW_MS + 1)
    assert names(one.ask(NOW_MS + 299, 9, 0)) == [(BOB, "trade")]
    answer(one, BOB, NOW_MS + 89_000, NOW_MS + 89_000)
    assert names(one.ask(NOW_MS + 1_201, 9, 0)) == [(ALICE, "trade")]
    answer(one, ALICE, NOW_MS + 1_300, NOW_MS + 1_400)
    assert names(one.ask(NOW_MS + 90_000, 9, 9)) == [(CAROL, "poll")]
    assert names(one.ask(NOW_MS + 103_300, 9, 0)) == [(ALICE, "urgent")]


def test_a_fill_of_a_stream_that_tells_no_positions_is_asked_for_at_once() -> None:
    one = refreshing()
    one.follow_by_stream([ALICE])
    one.saw_trade(a_trade(ALICE, time_ms=NOW_MS + 1), NOW_MS + 1)
    one.saw_fill(ALICE, NOW_MS + 1, NOW_MS + 10)
    assert names(one.ask(NOW_MS + 160, 9, 0)) == [(ALICE, "trade")]


def test_failures_wait_longer_each_time_and_a_lost_question_ends() -> None:
    one, now_ms = refreshing(), NOW_MS + 102_000
    assert len(one.ask(now_ms, 1, 0)) == 1
    waits = []
    for _ in range(7):
        trader = next(trader for trader in (ALICE, BOB, CAROL) if trader in one._in_flight)
        one.failed(trader, now_ms)
        tracked = one.tracked.get(trader)
        assert tracked is not None
        waits.append(tracked.not_before_ms - now_ms)
        now_ms = tracked.not_before_ms
        tracked.state_venue_ms = tracked.known_ms = 1
        one._rank(tracked)
        assert names(one.ask(now_ms, 1, 0)) == [(trader, "urgent")]
    assert waits == [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 32_000]
    assert one.ask(now_ms + ANSWER_MS - 1, 0, 0) == ()
    assert one.in_flight() == 1
    assert one.ask(now_ms + ANSWER_MS, 0, 0) == ()
    assert (one.in_flight(), one.counts.failed) == (0, 8)


def test_a_venue_whose_clock_stands_is_not_asked_without_end() -> None:
    one, asked = refreshing(), 0
    for now_ms in range(NOW_MS + 50_000, NOW_MS + 110_000, 100):
        for question in one.ask(now_ms, 9, 9):
            asked += 1
            answer(one, question.trader, NOW_MS, now_ms)
    assert asked == 3 * 6


def test_who_leaves_is_forgotten_and_who_returns_has_still_one_question_in_flight() -> None:
    one = refreshing()
    one.saw_trade(a_trade(ALICE, BOB, time_ms=NOW_MS + 1), NOW_MS + 1)
    assert len(one.ask(NOW_MS + 200, 1, 0)) == 1
    change = one.follow({CAROL: 1.0}, NOW_MS + 200)
    assert (change.added, set(change.removed)) == ((), {ALICE, BOB})
    assert one.follow({ALICE: 1.0, BOB: 1.0}, NOW_MS + 300).added == (ALICE, BOB)
    assert len(one.ask(NOW_MS + 400, 9, 9)) == 1
    for trader in (ALICE, BOB):
        answer(one, trader, NOW_MS + 350, NOW_MS + 500)
    answer(one, CAROL, NOW_MS + 350, NOW_MS + 500)
    assert one.in_flight() == 0
    assert CAROL not in one.tracked


@pytest.mark.parametrize(("seed", "asks_per_min"), [(0, 600), (1, 600), (2, 408)])
def test_five_hundred_traders_stay_fresh_and_bursts_are_answered_soon(seed: int, asks_per_min: int) -> None:
    """Ten virtual minutes with some 100 bursts in each, and 12 traders who never rest.

    600 questions a minute are 1,200 of weight, 408 what is left while histories are fetched at the usual shares.
    """
    world = World(SETTINGS, traders=500, asks_per_min=asks_per_min, seed=seed, news=0.05)
    generator = np.random.default_rng(seed)
    makers = list(world.values)[:12]
    bursts: list[tuple[int, str]] = []
    for step in range(12_000):
        if generator.random() < 0.09:
            bursts.append((step + int(generator.integers(1, 3)), address(int(generator.integers(12, 500)))))
        bursts = [(until, trader) for until, trader in bursts if until >= step]
        for trader in [trader for _, trader in bursts] + [one for one in makers if generator.random() < 0.3]:
            world.trade(trader)
        world.step()
    assert all(one.known_ms is not None for one in world.refreshing.tracked.all())
    assert world.oldest_ms <= 120_000
    assert world.most_in_window <= asks_per_min
    rested = np.array([one for trader, all_ in world.latencies.items() if trader not in makers for one in all_])
    assert len(rested) > 900
    if asks_per_min == 600:
        assert np.percentile(rested, 50) <= 500
        assert np.percentile(rested, 95) <= 2_000
    assert world.refreshing.counts.trade > 500


def test_no_burst_is_asked_for_twice() -> None:
    """Bursts of a tenth of a second, each of a trader that rests for five before the next: one question each."""
    world = World(SETTINGS, traders=50)
    generator = np.random.default_rng(3)
    bursts = 0
    for _ in range(40):
        for trader in generator.choice(50, size=5, replace=False):
            bursts += 1
            world.trade(address(int(trader)))
            world.trade(address(int(trader)))
        for _ in range(100):
            world.step()
    trades = sum(question.reason == "trade" for _, question in world.asked)
    assert 0.8 * bursts < trades <= bursts
    assert max(max(latencies) for latencies in world.latencies.values()) <= 1_000


@pytest.mark.parametrize(("lag_ms", "loss"), [(1_500, 0.0), (0, 0.2)])
def test_a_lagging_venue_and_lost_answers_delay_but_nothing_is_missed(lag_ms: int, loss: float) -> None:
    world = World(SETTINGS, traders=200, lag_ms=lag_ms, loss=loss)
    generator = np.random.default_rng(4)
    for step in range(6_000):
        if step < 5_000 and generator.random() < 0.05:
            world.trade(address(int(generator.integers(0, 200))))
        world.step()
    assert world._unseen == {}
    assert world.oldest_ms <= 120_000


def test_a_pace_never_exceeds_its_window_and_leaves_a_reserve_to_bursts() -> None:
    pace, spent = AskingPace(600, 60, 60), list[int]()
    for now_ms in range(0, 180_000, 10):
        allowed, _ = pace.allowed(now_ms)
        pace.spend(allowed, 0)
        spent += [now_ms] * allowed
    times = np.array(spent)
    in_window = np.searchsorted(times, times + 60_000, side="left") - np.arange(len(times))
    assert 590 <= in_window.max() <= 600
    pace = AskingPace(600, 60, 60)
    for now_ms in range(0, 60_000, 10):
        allowed, polls = pace.allowed(now_ms)
        pace.spend(polls, polls)
        assert allowed >= 30


def test_the_stalest_are_asked_for_by_hand_after_the_urgent_and_before_trades() -> None:
    one = refreshing(**{address(4): 1.0})
    urgent_ms = NOW_MS + round(SETTINGS.oldest_s * 1000)
    one.restore({CAROL: NOW_MS + 60_000, BOB: NOW_MS + 50_000}, NOW_MS + 60_000)
    one.saw_trade(a_trade(CAROL, time_ms=urgent_ms - 1_000), urgent_ms - 1_000)
    assert one.ask_stalest(3) == 3
    asked = [(ALICE, "urgent"), (address(4), "urgent"), (BOB, "hand"), (CAROL, "trade")]
    assert names(one.ask(urgent_ms, 9, 0)) == asked


def test_a_round_by_hand_is_over_once_each_was_answered_failed_or_left() -> None:
    one = refreshing()
    assert one.ask_stalest(9) == 3
    assert names(one.ask(NOW_MS, 2, 0)) == [(ALICE, "hand"), (BOB, "hand")]
    answer(one, ALICE, NOW_MS + 10, NOW_MS + 20)
    one.failed(BOB, NOW_MS + 20)
    assert list(one.by_hand.waiting) == [CAROL]
    one.follow({ALICE: 1.0, BOB: 1.0}, NOW_MS + 30)
    assert (one.by_hand.size, one.by_hand.answered, list(one.by_hand.waiting)) == (3, 1, [])
