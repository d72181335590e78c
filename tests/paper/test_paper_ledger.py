import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paper_samples import (
    COIN,
    DAY_MS,
    NOW_MS,
    QUIET,
    a_book,
    a_quote,
    a_view,
    decided,
    look,
    of_kind,
    opened,
    tick,
)

from app.config.settings import CostsSettings, PaperSettings
from app.paper.events import (
    BreakerTripped,
    Fill,
    FundingPaid,
    OrderCancelled,
    OrderPlaced,
    PositionClosed,
)
from app.paper.ledger import PaperLedger

HOUR_MS = 3_600_000
DUE_MS = NOW_MS + 300


def a_ledger(settings: PaperSettings = QUIET) -> PaperLedger:
    return PaperLedger(settings, CostsSettings(), NOW_MS)


def with_settings(**changes: float) -> PaperLedger:
    fields = {"take_profit_bps": 0.0, "stop_bps": 0.0, "time_stop_s": 0.0, "daily_loss_limit": 1e9, **changes}
    return PaperLedger(PaperSettings(**fields), CostsSettings(), NOW_MS)  # type: ignore[arg-type]


def test_an_order_fills_at_the_first_price_at_or_after_decision_and_latency() -> None:
    ledger = a_ledger()
    (placed,) = decided(ledger.open(a_view(NOW_MS), 1, "hand"))
    assert isinstance(placed, OrderPlaced)
    assert (placed.order.due_ms, placed.order.size, placed.order.mid) == (DUE_MS, 10.0, 100.0)
    assert ledger.wanted == {COIN}
    assert look(ledger, a_view(DUE_MS - 1)) == []
    assert look(ledger, a_view(DUE_MS, quote=a_quote(DUE_MS - 1, 99.5, 100.5))) == []
    (fill,) = look(ledger, a_view(DUE_MS + 40, 100.0, 101.0, quote=a_quote(DUE_MS, 100.0, 101.0)))
    assert isinstance(fill, Fill)
    assert (fill.at_ms, fill.priced_ms, fill.average_price, fill.levels) == (DUE_MS + 40, DUE_MS, 101.0, 1)
    assert fill.slippage_bps == pytest.approx(100.0)
    assert fill.fee_usd == pytest.approx(10 * 101 * 4.5e-4)
    assert ledger.orders == ()


def test_a_long_pays_the_ask_and_is_paid_the_bid() -> None:
    ledger = a_ledger()
    position = opened(ledger)
    assert (position.entry_price, position.close_price, position.unrealised_usd) == (100.5, 99.5, -10.0)
    ledger.close(a_view(NOW_MS + 1_000), "hand")
    (fill, closed) = look(ledger, a_view(NOW_MS + 2_000, 104.5, 105.5))
    assert isinstance(closed, PositionClosed)
    assert (fill.order.direction, closed.exit_price, closed.gross_usd) == (-1, 104.5, 40.0)
    assert (closed.by, closed.reason, closed.held_ms) == ("hand", "hand", 1_700)
    assert closed.result_usd == pytest.approx(40 - 4.5e-4 * 10 * (100.5 + 104.5))
    assert closed.result_bps == pytest.approx(1e4 * closed.result_usd / 1_005)
    assert ledger.account.cash_usd == pytest.approx(10_000 + closed.result_usd)
    assert (ledger.account.wins, ledger.account.losses, ledger.account.trades) == (1, 0, 1)


def test_a_large_order_walks_the_book_and_says_so() -> None:
    ledger = with_settings(order_usd=1_500.0)
    ledger.open(a_view(NOW_MS), 1, "hand")
    (fill,) = look(ledger, a_view(DUE_MS, quote=None, book=a_book(DUE_MS)))
    assert (fill.levels, fill.touch_price, fill.beyond_size) == (2, 101.0, 5.0)
    assert fill.worst_price == pytest.approx(102 * 1.001)
    assert fill.average_price == pytest.approx((5 * 101 + 5 * 102 + 5 * 102 * 1.001) / 15)


def test_size_is_rounded_down_to_what_is_traded_and_leverage_to_what_is_listed() -> None:
    ledger = with_settings(order_usd=199.0, leverage=50)
    (placed,) = decided(ledger.open(a_view(NOW_MS, size_decimals=0, maximum_leverage=3), 1, "hand"))
    order = placed.order
    assert (order.size, order.leverage, order.maximum_leverage) == (1.0, 3, 3)


def test_a_fill_waits_for_whole_data_and_is_given_up_after_its_patience() -> None:
    ledger = a_ledger()
    ledger.open(a_view(NOW_MS), 1, "hand")
    for trouble in ("stale", "cut off"):
        assert look(ledger, a_view(DUE_MS + 10_000, trouble=trouble)) == []
    (cancelled,) = tick(ledger, DUE_MS + 10_001)
    assert isinstance(cancelled, OrderCancelled)
    assert "no usable price within 10 s" in cancelled.why
    assert (ledger.positions, ledger.orders, ledger.account.cash_usd) == ((), (), 10_000.0)


def test_a_price_that_comes_too_late_fills_nothing() -> None:
    ledger = a_ledger()
    ledger.open(a_view(NOW_MS), 1, "hand")
    (event,) = look(ledger, a_view(DUE_MS + 10_001))
    assert isinstance(event, OrderCancelled)


def test_an_order_that_closes_waits_as_long_as_it_takes() -> None:
    ledger = a_ledger()
    opened(ledger)
    ledger.close(a_view(NOW_MS + 1_000, trouble="cut off"), "hand")
    assert look(ledger, a_view(NOW_MS + 500_000, trouble="cut off")) == []
    assert tick(ledger, NOW_MS + 600_000) == []
    (fill, closed) = look(ledger, a_view(NOW_MS + 700_000))
    assert (fill.order.mid, fill.slippage_bps, closed.unseen_ms) == (None, None, 699_700)


@pytest.mark.parametrize("trouble", ["stale", "cut off"])
def test_nothing_is_opened_on_data_that_is_not_whole(trouble: str) -> None:
    ledger = a_ledger()
    assert "is stale or cut off" in ledger.open(a_view(NOW_MS, trouble=trouble), 1, "hand").refusal
    assert "nobody offers it" in ledger.open(a_view(NOW_MS, bid=None), 1, "hand").refusal


def test_what_cannot_be_done_is_refused_with_the_next_step() -> None:
    ledger = a_ledger()
    assert "no paper position in BTC" in ledger.close(a_view(NOW_MS), "hand").refusal
    assert "to flip: open one" in ledger.flip(a_view(NOW_MS), "hand").refusal
    assert "listing of BTC" in ledger.open(a_view(NOW_MS, maximum_leverage=None), 1, "hand").refusal
    assert "no size of BTC" in ledger.open(a_view(NOW_MS, 99_999.0, 100_001.0, size_decimals=0), 1, "hand").refusal
    ledger.open(a_view(NOW_MS), 1, "hand")
    assert "on its way" in ledger.open(a_view(NOW_MS), -1, "hand").refusal
    look(ledger, a_view(DUE_MS))
    assert "close or flip it" in ledger.open(a_view(DUE_MS), 1, "hand").refusal
    ledger.close(a_view(DUE_MS), "hand")
    assert "closing already (hand)" in ledger.close(a_view(DUE_MS), "hand").refusal
    assert "on its way" in ledger.flip(a_view(DUE_MS), "hand").refusal


def test_margin_must_be_free() -> None:
    ledger = with_settings(order_usd=9_000.0, leverage=1)
    opened(ledger)
    assert ledger.free_usd == pytest.approx(10_000 - 90 * 100.5 - ledger.account.fees_usd)
    refusal = ledger.open(a_view(DUE_MS, coin="ETH"), 1, "hand").refusal
    assert "9,000.00 paper dollars of margin are needed and 950.93 are free" in refusal


def test_margin_that_is_gone_at_the_fill_cancels_the_order() -> None:
    ledger = with_settings(order_usd=49_000.0)
    ledger.open(a_view(NOW_MS), 1, "hand")
    (cancelled,) = look(ledger, a_view(DUE_MS, 109.0, 110.0))
    assert isinstance(cancelled, OrderCancelled)
    assert "margin and fee" in cancelled.why
    assert ledger.position(COIN) is None


def test_closing_before_the_fill_withdraws_the_order() -> None:
    ledger = a_ledger()
    ledger.open(a_view(NOW_MS), 1, "hand")
    (cancelled,) = decided(ledger.close(a_view(NOW_MS + 10), "hand"))
    assert isinstance(cancelled, OrderCancelled)
    assert look(ledger, a_view(DUE_MS)) == []


def test_a_flip_closes_and_opens_the_opposite_from_one_picture() -> None:
    ledger = a_ledger()
    opened(ledger)
    now_ms = NOW_MS + 5_000
    closing, opening = (event.order for event in decided(ledger.flip(a_view(now_ms), "hand")))
    assert (closing.reason, closing.direction, opening.reason, opening.direction) == ("flip", -1, "open", -1)
    book = a_book(now_ms + 300, bids=((99.0, 15.0), (90.0, 100.0)))
    first, closed, second = look(ledger, a_view(now_ms + 300, quote=None, book=book))
    assert (first.average_price, closed.reason, second.average_price) == (99.0, "flip", pytest.approx(94.5))
    position = ledger.position(COIN)
    assert position is not None
    assert (position.direction, position.entry_price) == (-1, second.average_price)


def test_a_flip_that_finds_no_price_in_time_stays_a_close() -> None:
    ledger = a_ledger()
    opened(ledger)
    ledger.flip(a_view(NOW_MS + 1_000), "hand")
    (cancelled,) = tick(ledger, NOW_MS + 20_000)
    assert cancelled.order.opens
    fill, closed = look(ledger, a_view(NOW_MS + 30_000))
    assert (fill.order.reason, closed.reason, ledger.wanted) == ("flip", "flip", frozenset())


@pytest.mark.parametrize(
    ("changes", "bid", "reason"),
    [
        ({"take_profit_bps": 20.0}, 100.8, "take profit"),
        ({"stop_bps": 150.0}, 98.9, "stop"),
        ({"trailing_bps": 50.0}, 98.9, "trailing stop"),
    ],
)
def test_exits_by_price_are_orders_with_latency(changes: dict[str, float], bid: float, reason: str) -> None:
    ledger = with_settings(**changes)
    opened(ledger)
    (placed,) = look(ledger, a_view(NOW_MS + 1_000, bid, bid + 1))
    assert (placed.order.reason, placed.order.due_ms) == (reason, NOW_MS + 1_300)
    assert look(ledger, a_view(NOW_MS + 1_299, bid, bid + 1)) == []
    fill, closed = look(ledger, a_view(NOW_MS + 1_300, 97.0, 98.0))
    assert (fill.average_price, closed.exit_price, closed.reason) == (97.0, 97.0, reason)


def test_a_stop_that_was_reached_stays_reached() -> None:
    ledger = with_settings(stop_bps=150.0)
    opened(ledger)
    look(ledger, a_view(NOW_MS + 1_000, 98.0, 99.0))
    assert look(ledger, a_view(NOW_MS + 60_000, 98.0, 99.0, trouble="cut off")) == []
    _, closed = look(ledger, a_view(NOW_MS + 120_000, 110.0, 111.0))
    assert (closed.reason, closed.exit_price) == ("stop", 110.0)


def test_no_exit_is_decided_on_data_that_is_not_whole() -> None:
    ledger = with_settings(stop_bps=150.0)
    opened(ledger)
    assert look(ledger, a_view(NOW_MS + 1_000, 50.0, 51.0, trouble="stale")) == []
    assert [position.close_price for position in ledger.positions] == [99.5]


def test_the_time_stop_needs_no_price() -> None:
    ledger = with_settings(time_stop_s=300.0)
    opened(ledger)
    assert tick(ledger, DUE_MS + 299_999) == []
    (placed,) = tick(ledger, DUE_MS + 300_000)
    assert (placed.order.reason, placed.order.mid) == ("time stop", None)
    assert tick(ledger, DUE_MS + 301_000) == []


def test_a_liquidation_comes_at_once_and_before_what_was_on_its_way() -> None:
    ledger = with_settings(leverage=20)
    position = opened(ledger)
    assert position.liquidation_price == pytest.approx(100.5 * 0.95 / (1 - 1 / 80))
    ledger.flip(a_view(NOW_MS + 1_000), "hand")
    events = look(ledger, a_view(NOW_MS + 1_100, 96.6, 97.6))
    closing, opening, placed, fill, closed = events
    assert {closing.why, opening.why} == {"the position was liquidated first"}
    assert (placed.order.due_ms, fill.at_ms, closed.reason) == (NOW_MS + 1_100,) * 2 + ("liquidation",)
    assert (fill.taken_over, fill.average_price, closed.exit_price) == (False, 96.6, 96.6)
    assert ledger.wanted == frozenset()


def test_a_gap_through_the_bankruptcy_price_costs_the_margin() -> None:
    ledger = with_settings(leverage=20)
    position = opened(ledger)
    closed = of_kind(look(ledger, a_view(NOW_MS + 1_100, 60.0, 61.0)), PositionClosed)[0]
    assert closed.gross_usd == pytest.approx(-position.margin_usd)
    assert ledger.account.cash_usd == pytest.approx(10_000 - position.margin_usd - position.fees_usd)


def test_funding_is_paid_each_full_hour_at_the_rate_last_seen_before_it() -> None:
    ledger = a_ledger()
    opened(ledger)
    assert look(ledger, a_view(NOW_MS + HOUR_MS - 1_000, funding=0.0001, mark_price=100.0)) == []
    (paid,) = look(ledger, a_view(NOW_MS + HOUR_MS, funding=0.5, mark_price=90.0))
    assert isinstance(paid, FundingPaid)
    assert (paid.hours, paid.rate) == (1, 0.0001)
    assert paid.paid_usd == pytest.approx(0.1)
    (paid,) = tick(ledger, NOW_MS + 3 * HOUR_MS)
    assert (paid.hours, paid.rate) == (2, 0.5)
    assert ledger.account.funding_usd == pytest.approx(0.1 + paid.paid_usd)


def test_funding_that_could_not_be_known_is_paid_when_it_is() -> None:
    ledger = a_ledger()
    opened(ledger, direction=-1)
    assert tick(ledger, NOW_MS + HOUR_MS) == []
    (paid,) = look(ledger, a_view(NOW_MS + HOUR_MS + 1_000, funding=0.0001, mark_price=100.0))
    assert paid.paid_usd == pytest.approx(-0.1)


def test_a_position_is_followed_by_equity() -> None:
    ledger = a_ledger()
    position = opened(ledger)
    assert ledger.equity_usd == pytest.approx(10_000 - position.fees_usd - 10)
    look(ledger, a_view(NOW_MS + 60_000, 109.5, 110.5))
    assert ledger.equity_usd == pytest.approx(10_000 - position.fees_usd + 90)
    assert [point.equity_usd for point in ledger.curve.points] == pytest.approx([9_989.54775, 10_089.54775])


# The breaker.


def test_the_breaker_closes_everything_and_holds_until_the_next_utc_day() -> None:
    ledger = with_settings(daily_loss_limit=100.0)
    opened(ledger)
    ledger.open(a_view(NOW_MS + 900, coin="ETH"), 1, "hand")
    events = look(ledger, a_view(NOW_MS + 1_000, 90.0, 91.0))
    (tripped,), (cancelled,) = of_kind(events, BreakerTripped), of_kind(events, OrderCancelled)
    (placed,) = of_kind(events, OrderPlaced)
    midnight_ms = (NOW_MS // DAY_MS + 1) * DAY_MS
    assert (tripped.until_ms, tripped.limit_usd) == (midnight_ms, 100.0)
    assert tripped.loss_usd == pytest.approx(105 + ledger.account.fees_usd)
    assert (cancelled.order.coin, placed.order.coin, placed.order.reason) == ("ETH", COIN, "breaker")
    (_, closed) = look(ledger, a_view(NOW_MS + 2_000, 90.0, 91.0))
    assert closed.reason == "breaker"
    for now_ms in (NOW_MS + 3_000, midnight_ms - 1):
        assert "nothing opens before 00:00 UTC" in ledger.open(a_view(now_ms), 1, "hand").refusal
    assert decided(ledger.open(a_view(midnight_ms), 1, "hand"))


def test_the_breaker_counts_what_was_realised_and_what_is_not_yet() -> None:
    ledger = with_settings(daily_loss_limit=100.0)
    opened(ledger)
    ledger.close(a_view(NOW_MS + 1_000), "hand")
    look(ledger, a_view(NOW_MS + 2_000, 94.5, 95.5))
    assert ledger.account.cash_usd < 9_940
    opened(ledger, NOW_MS + 3_000)
    assert of_kind(look(ledger, a_view(NOW_MS + 4_000, 97.0, 98.0)), BreakerTripped) == []
    assert of_kind(look(ledger, a_view(NOW_MS + 5_000, 96.4, 97.4)), BreakerTripped) != []


def test_a_loss_of_yesterday_is_not_todays() -> None:
    ledger = with_settings(daily_loss_limit=100.0)
    opened(ledger)
    look(ledger, a_view(NOW_MS + 1_000, 92.0, 93.0))
    assert not ledger.account.tripped
    tick(ledger, NOW_MS + DAY_MS)
    assert of_kind(look(ledger, a_view(NOW_MS + DAY_MS + 1_000, 84.0, 85.0)), BreakerTripped) == []
    assert of_kind(look(ledger, a_view(NOW_MS + DAY_MS + 2_000, 81.0, 82.0)), BreakerTripped) != []


# The clock.


def test_a_clock_that_is_set_back_leaves_nothing_in_the_future() -> None:
    ledger = with_settings(daily_loss_limit=100.0, time_stop_s=60.0)
    opened(ledger, NOW_MS + 5 * DAY_MS)
    ledger.close(a_view(NOW_MS + 5 * DAY_MS + 1_000), "hand")
    ledger.clock_set_back(NOW_MS)
    assert ledger.orders[0].due_ms == NOW_MS + 300
    _, closed = look(ledger, a_view(NOW_MS + 300))
    assert closed.held_ms == 300
    assert [point.at_ms for point in ledger.curve.points] == [NOW_MS + 300]


def test_a_ledger_restored_on_a_clock_that_is_behind_goes_on() -> None:
    ledger = a_ledger()
    opened(ledger, NOW_MS + DAY_MS)
    restored = PaperLedger(QUIET, CostsSettings(), NOW_MS, ledger.state())
    assert restored.state().at_ms == NOW_MS
    restored.close(a_view(NOW_MS + 10), "hand")
    assert of_kind(look(restored, a_view(NOW_MS + 310)), PositionClosed) != []


def test_a_jump_of_more_than_a_week_pays_nothing_and_a_week_is_paid() -> None:
    ledger = a_ledger()
    opened(ledger)
    look(ledger, a_view(NOW_MS + 1_000, funding=0.00001, mark_price=100.0))
    (paid,) = of_kind(tick(ledger, NOW_MS + 365 * DAY_MS), FundingPaid)
    assert (paid.hours, paid.paid_usd, ledger.account.funding_usd) == (365 * 24, 0.0, 0.0)
    (paid,) = of_kind(tick(ledger, NOW_MS + 372 * DAY_MS), FundingPaid)
    assert paid.hours == 168
    assert paid.paid_usd > 0


def test_a_clock_that_was_a_year_ahead_stops_funding_and_breaker_for_an_hour_and_a_day() -> None:
    ledger = with_settings(daily_loss_limit=100.0)
    opened(ledger)
    look(ledger, a_view(NOW_MS + 1_000, funding=0.00001, mark_price=100.0))
    tick(ledger, NOW_MS + 365 * DAY_MS)
    ledger.clock_set_back(NOW_MS + 2_000)
    (paid,) = of_kind(tick(ledger, NOW_MS + 3 * HOUR_MS), FundingPaid)
    assert paid.hours == 2
    (tripped,) = of_kind(look(ledger, a_view(NOW_MS + 3 * HOUR_MS + 1, 80.0, 81.0)), BreakerTripped)
    assert tripped.until_ms == (NOW_MS // DAY_MS + 2) * DAY_MS


def test_a_saved_day_or_hour_of_the_far_future_is_bounded() -> None:
    ledger = a_ledger()
    opened(ledger)
    state = ledger.state()
    position = msgspec.structs.replace(state.positions[0], funded_hour=2**52)
    state = msgspec.structs.replace(
        state, account=msgspec.structs.replace(state.account, day=2**52), positions=(position,)
    )
    later_ms = state.at_ms + 1_000
    restored = PaperLedger(QUIET, CostsSettings(), later_ms, state)
    assert restored.account.day == later_ms // DAY_MS + 1
    assert restored.positions[0].funded_hour == later_ms // HOUR_MS + 1


def test_a_clock_that_jumps_ahead_and_back_pays_no_hour_twice() -> None:
    ledger = a_ledger()
    opened(ledger)
    look(ledger, a_view(NOW_MS + 1_000, funding=0.001, mark_price=100.0))
    ahead_ms = NOW_MS + HOUR_MS
    (paid,) = of_kind(tick(ledger, ahead_ms), FundingPaid)
    assert paid.hours == 1
    for _ in range(3):
        ledger.clock_set_back(NOW_MS + 2_000)
        assert of_kind(tick(ledger, ahead_ms), FundingPaid) == []
    assert [event.hours for event in of_kind(tick(ledger, NOW_MS + 2 * HOUR_MS), FundingPaid)] == [1]


def test_a_clock_that_jumps_ahead_and_back_does_not_arm_the_breaker_again() -> None:
    ledger = with_settings(daily_loss_limit=100.0)
    opened(ledger)
    tick(ledger, NOW_MS + DAY_MS)
    ledger.clock_set_back(NOW_MS + 1_000)
    (tripped,) = of_kind(look(ledger, a_view(NOW_MS + 2_000, 80.0, 81.0)), BreakerTripped)
    assert tripped.until_ms == (NOW_MS // DAY_MS + 2) * DAY_MS
    refusal = ledger.open(a_view(NOW_MS + 3_000), 1, "hand").refusal
    assert "this machine's clock was set back" in refusal
    assert "before 00:00 UTC" in ledger.open(a_view(NOW_MS + DAY_MS), 1, "hand").refusal
    assert decided(ledger.open(a_view(NOW_MS + 2 * DAY_MS), 1, "hand"))


CLOCK = st.lists(st.integers(-3 * DAY_MS, 3 * DAY_MS), min_size=1, max_size=30)


@given(jumps=CLOCK)
def test_whatever_the_clock_does_hours_and_days_are_at_most_one_ahead_of_it(jumps: list[int]) -> None:
    ledger = with_settings(order_usd=10.0)
    opened(ledger)
    look(ledger, a_view(NOW_MS + 1_000, funding=0.0001, mark_price=100.0))
    now_ms = NOW_MS + 1_000
    for jump in jumps:
        before_ms, now_ms = now_ms, max(NOW_MS - DAY_MS, now_ms + jump)
        if now_ms < before_ms:
            ledger.clock_set_back(now_ms)
        tick(ledger, now_ms)
        assert 0 <= ledger.account.day - now_ms // DAY_MS <= 1
        assert 0 <= ledger.positions[0].funded_hour - now_ms // HOUR_MS <= 1


@given(jumps=st.lists(st.integers(-HOUR_MS, HOUR_MS), min_size=1, max_size=30))
def test_small_steps_of_the_clock_pay_each_hour_once(jumps: list[int]) -> None:
    ledger = with_settings(order_usd=10.0)
    opened(ledger)
    look(ledger, a_view(NOW_MS + 1_000, funding=0.0001, mark_price=100.0))
    now_ms = latest_ms = NOW_MS + 1_000
    hours = 0
    for jump in jumps:
        before_ms, now_ms = now_ms, max(latest_ms - HOUR_MS, now_ms + jump)
        latest_ms = max(latest_ms, now_ms)
        if now_ms < before_ms:
            ledger.clock_set_back(now_ms)
        hours += sum(event.hours for event in of_kind(tick(ledger, now_ms), FundingPaid))
    assert hours == latest_ms // HOUR_MS - NOW_MS // HOUR_MS
