"""What follows traders when this machine's clock is set back: nothing waits for the time that was.

Old data may look younger than it is for one deadline, never longer (docs/architecture.md).
"""

import msgspec
import pytest
from alert_samples import a_cause, a_desk, records
from hypothesis import given
from hypothesis import strategies as st
from score_samples import SMART_MONEY, WEIGHTS, state, weight
from trader_samples import HOUR_MS, NOW_MS, a_state, a_trade, address

from app.config.settings import CostsSettings
from app.config.whale_settings import AlertsSettings, WhalesSettings
from app.core.whale_events import SmartMoneySignal
from app.markets.mid_claims import MarketFacts
from app.whales.alert_book import AlertBook
from app.whales.calls import SignalCalls
from app.whales.moves import KnownTrader
from app.whales.past_alerts import PastAlerts
from app.whales.performance import Performance
from app.whales.refreshing import Refreshing
from app.whales.saving import Saving
from app.whales.smart_money import MINUTE_MS, SmartMoney
from app.whales.weighing import TraderRecord, Weighing

ALICE, BOB = address(1), address(2)
BACK_MS = NOW_MS - HOUR_MS
SETTINGS, ALERTS = WhalesSettings(), AlertsSettings()


@given(
    steps=st.lists(st.tuples(st.sampled_from(["trade", "ask", "answer", "fail"]), st.integers(1, 40_000)), max_size=30),
    back_ms=st.integers(2_000, 10 * HOUR_MS),
)
def test_nobody_is_dated_after_the_new_time_and_all_are_asked_for_again(
    steps: list[tuple[str, int]], back_ms: int
) -> None:
    one, now_ms = Refreshing(SETTINGS), NOW_MS
    one.follow({ALICE: 1.0, BOB: 500.0}, now_ms)
    for what, later_ms in steps:
        now_ms += later_ms
        if what == "trade":
            one.saw_trade(a_trade(ALICE, BOB, time_ms=now_ms), now_ms)
        elif what == "ask":
            one.ask(now_ms, 2, 2)
        elif what == "fail":
            one.failed(ALICE, now_ms)
        else:
            one.learned(BOB, now_ms, now_ms, is_news=False)
            one.answered(BOB, now_ms)
    now_ms -= back_ms
    one.clock_set_back(now_ms)
    for each in one.tracked.all():
        dated = (each.added_ms, each.asked_since_ms, each.not_before_ms, each.known_ms, each.traded_ms, each.due_ms)
        assert all(at_ms is None or at_ms <= now_ms for at_ms in (*dated, each.asked_ms))
    asked = {question.trader for at_ms in range(0, 150_000, 1_000) for question in one.ask(now_ms + at_ms, 2, 2)}
    assert asked == {ALICE, BOB}


def test_questions_in_flight_are_lost_thirty_seconds_after_the_step() -> None:
    one = Refreshing(SETTINGS)
    one.follow({ALICE: 1.0}, NOW_MS)
    assert one.ask(NOW_MS, 1, 1)
    one.clock_set_back(BACK_MS)
    one.forget_lost(BACK_MS + 29_999)
    assert one.in_flight() == 1
    one.forget_lost(BACK_MS + 30_000)
    assert one.in_flight() == 0


def test_alerts_run_out_cool_down_and_speak_again_as_if_they_had_just_come() -> None:
    book = AlertBook(ALERTS, records)
    book.take(a_cause("a"), NOW_MS)
    book.snooze("coin", "ETH", NOW_MS)
    book.clock_set_back(BACK_MS)
    (alert,) = book.standing()
    assert (alert.at_ms, alert.expires_ms) == (BACK_MS, BACK_MS + round(ALERTS.expires_s * 1_000))
    assert book.take(a_cause("b"), BACK_MS + 1_000).fate == "folded"
    assert book.take(a_cause("c"), BACK_MS + round(ALERTS.cool_down_s * 1_000)).fate == "told"
    snooze_ms = round(ALERTS.snooze_s * 1_000)
    assert book.take(a_cause("d", coin="ETH"), BACK_MS + snooze_ms - 1).fate == "snoozed"
    assert book.take(a_cause("e", coin="ETH"), BACK_MS + snooze_ms).fate == "told"


def test_what_quiet_hours_hold_back_began_no_later_than_now() -> None:
    book = AlertBook(AlertsSettings(quiet_from="00:00", quiet_to="23:59"), records)
    book.take(a_cause("a"), NOW_MS)
    book.clock_set_back(BACK_MS)
    quiet = book.state().quiet
    assert quiet is not None
    assert (quiet.from_ms, quiet.to_ms, quiet.alerts[0].at_ms) == (BACK_MS, BACK_MS, BACK_MS)


def test_an_open_trade_of_many_prints_is_whole_a_moment_after_the_step() -> None:
    desk = a_desk()
    for number in range(1_000):
        desk.traded(a_trade(ALICE, size=0.1, time_ms=BACK_MS - 5_000 + number), NOW_MS)
    desk.tick(NOW_MS + 100)
    desk.traded(a_trade(ALICE, size=10.0, time_ms=BACK_MS), NOW_MS + 200)
    desk.clock_set_back(BACK_MS)
    assert [taken.fate for taken in desk.tick(BACK_MS + 100)[0]] == ["told"]


def test_prices_after_an_alert_are_awaited_from_the_step_on() -> None:
    past = PastAlerts()
    told = AlertBook(ALERTS, records).take(a_cause("a", price=100.0), NOW_MS).alert
    assert told is not None
    past.told(told)
    past.clock_set_back(BACK_MS)
    past.look(BACK_MS + 899_999, lambda _: 101.0)
    assert past.of("whale_move")[0].moves_bps == (None, None, None)
    past.look(BACK_MS + 900_000, lambda _: 101.0)
    assert past.of("whale_move")[0].moves_bps[0] is not None


def test_a_bias_is_noted_again_in_the_minute_after_the_step() -> None:
    money = SmartMoney(SMART_MONEY)
    money.weight_changed(weight(1), 50)
    money.state_changed(state(1, {"BTC": 1e6}, at_ms=NOW_MS))
    money.with_past = 1
    money.minute(NOW_MS)
    money.clock_set_back(BACK_MS)
    for minute in range(1, 62):
        money.minute(BACK_MS + minute * MINUTE_MS)
        change = money.signal("BTC", BACK_MS + minute * MINUTE_MS).change_1h
        assert change == (None if minute < 61 else 0.0)


def test_a_lean_that_stands_files_calls_one_horizon_after_the_step() -> None:
    calls = SignalCalls(SMART_MONEY, WEIGHTS)
    told = SmartMoneySignal(
        coin="BTC", at_ms=NOW_MS, lean="LONG", bias=0.6, breadth=0.5, concentration=0.2,
        effective_traders=6.5, confidence=0.9,
        change_1h=None, long_traders=8, short_traders=2, stale_traders=0, value_usd=1e7, plain_bias=0.1,
        plain_lean="NEUTRAL",
    )  # fmt: skip

    def filed(at_ms: int) -> int:
        facts = MarketFacts(at_ms, 99.0, 101.0, at_ms)
        signal = msgspec.structs.replace(told, at_ms=at_ms)
        return len(calls.file(signal, facts, CostsSettings(), "live", 1))

    assert filed(NOW_MS) == 6
    calls.clock_set_back(BACK_MS)
    assert filed(BACK_MS + HOUR_MS - 1) == 0
    assert filed(BACK_MS + HOUR_MS) == 2


def test_a_small_change_is_saved_when_it_has_waited_since_the_step() -> None:
    saving, wait_ms = Saving(SETTINGS), round(SETTINGS.saved_every_s * 1_000)
    saving.to_save(KnownTrader(a_state({"BTC": 100.0}), NOW_MS), NOW_MS)
    saving.clock_set_back(BACK_MS)
    changed = KnownTrader(a_state({"BTC": 100.1}), NOW_MS)
    assert saving.to_save(changed, BACK_MS + wait_ms - 1) is None
    assert saving.to_save(changed, BACK_MS + wait_ms) is not None


def test_a_history_holds_no_longer_than_it_may_from_the_step_on() -> None:
    weighing = Weighing(WEIGHTS, HOUR_MS)
    weighing.follow(ALICE, 1e6, None)
    weighing.restore([(ALICE, TraderRecord(asked_ms=NOW_MS, performance=Performance()))])
    weighing.asked(ALICE, NOW_MS)
    weighing.clock_set_back(BACK_MS)
    assert weighing.in_need([(ALICE, 1.0)], BACK_MS + HOUR_MS - 1) is None
    assert weighing.in_need([(ALICE, 1.0)], BACK_MS + HOUR_MS) == ALICE


def test_a_trade_is_as_old_as_the_step_at_least() -> None:
    weighing = Weighing(WEIGHTS, HOUR_MS)
    weighing.follow(ALICE, 1e6, NOW_MS)
    back_ms = NOW_MS - 240 * HOUR_MS
    weighing.clock_set_back(back_ms)
    (made,) = weighing.work(back_ms + 24 * HOUR_MS)
    assert made.dimensions[2].value == pytest.approx(0.79, abs=0.01)
