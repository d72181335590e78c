from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paper_samples import (
    NOW_MS,
    PLAYED,
    SETTINGS,
    STEPS,
    Script,
    Step,
    booked_usd,
    of_kind,
)

from app.config.settings import CostsSettings, PaperSettings
from app.paper.events import BreakerTripped, Fill, OrderCancelled, OrderPlaced, PaperEvent, PositionClosed
from app.paper.ledger import PaperLedger
from app.paper.state import decode_state, encode_state

COSTS = CostsSettings()


def played(settings: PaperSettings, steps: Sequence[Step], costs: CostsSettings = COSTS, **how: float) -> Script:
    script = Script(PaperLedger(settings, costs, NOW_MS), **how)  # type: ignore[arg-type]
    script.play(steps)
    return script


def last_at_ms(event: PaperEvent) -> int:
    return event.order.decided_ms if isinstance(event, OrderPlaced) else getattr(event, "at_ms", NOW_MS)


@PLAYED
@given(settings=SETTINGS, steps=STEPS)
def test_cash_is_what_the_events_say(settings: PaperSettings, steps: list[Step]) -> None:
    script = played(settings, steps)
    ledger = script.ledger
    assert ledger.account.cash_usd == pytest.approx(10_000 + booked_usd(script.events), abs=1e-6)
    unrealised = sum(position.unrealised_usd for position in ledger.positions)
    assert ledger.equity_usd == pytest.approx(ledger.account.cash_usd + unrealised)
    if not ledger.positions:
        results = sum(closed.result_usd for closed in of_kind(script.events, PositionClosed))
        assert ledger.account.cash_usd == pytest.approx(10_000 + results, abs=1e-6)


@PLAYED
@given(settings=SETTINGS, steps=STEPS)
def test_counts_are_those_of_the_events(settings: PaperSettings, steps: list[Step]) -> None:
    script = played(settings, steps)
    closed, account = of_kind(script.events, PositionClosed), script.ledger.account
    wins, losses = sum(one.result_usd > 0 for one in closed), sum(one.result_usd < 0 for one in closed)
    assert (account.trades, account.wins, account.losses) == (len(closed), wins, losses)


@PLAYED
@given(settings=SETTINGS, steps=STEPS)
def test_no_fill_comes_before_its_latency_nor_better_than_the_touch(settings: PaperSettings, steps: list[Step]) -> None:
    for fill in of_kind(played(settings, steps).events, Fill):
        order = fill.order
        latency_ms = 0 if order.reason == "liquidation" else settings.latency_ms
        assert order.due_ms == order.decided_ms + latency_ms <= fill.priced_ms <= fill.at_ms
        if not fill.taken_over:
            assert order.direction * (fill.average_price - fill.touch_price) >= 0
            assert order.direction * (fill.worst_price - fill.average_price) >= 0


@PLAYED
@given(settings=SETTINGS, steps=STEPS)
def test_every_order_ends_once_or_is_on_its_way(settings: PaperSettings, steps: list[Step]) -> None:
    script = played(settings, steps)
    placed = [event.order for event in of_kind(script.events, OrderPlaced)]
    ended = [event.order for event in script.events if isinstance(event, Fill | OrderCancelled)]
    assert sorted(order.number for order in placed) == list(range(1, len(placed) + 1))
    numbers = [order.number for order in (*ended, *script.ledger.orders)]
    assert sorted(numbers) == sorted(order.number for order in placed)
    by_number = {order.number: order for order in placed}
    assert all(by_number[order.number] == order for order in (*ended, *script.ledger.orders))


@PLAYED
@given(settings=SETTINGS, steps=STEPS)
def test_entry_and_exit_are_the_prices_of_their_fills(settings: PaperSettings, steps: list[Step]) -> None:
    events = played(settings, steps).events
    entries = {fill.order.number: fill for fill in of_kind(events, Fill) if fill.order.opens}
    exits = [fill for fill in of_kind(events, Fill) if not fill.order.opens]
    for closed, exit_fill in zip(of_kind(events, PositionClosed), exits, strict=True):
        entry = entries[closed.number]
        assert (closed.entry_price, closed.opened_ms) == (entry.average_price, entry.at_ms)
        assert (closed.exit_price, closed.closed_ms) == (exit_fill.average_price, exit_fill.at_ms)
        assert closed.reason == exit_fill.order.reason
        assert 0 <= closed.unseen_ms <= closed.held_ms


@PLAYED
@given(settings=SETTINGS, steps=STEPS)
def test_a_trailing_stop_never_loosens_while_it_stands(settings: PaperSettings, steps: list[Step]) -> None:
    for stands in played(settings, steps).trails.values():
        prices = [price for _, price in stands]
        assert prices == sorted(prices, reverse=stands[0][0] < 0)


@PLAYED
@given(settings=SETTINGS, steps=STEPS)
def test_the_breaker_holds_until_the_next_utc_day(settings: PaperSettings, steps: list[Step]) -> None:
    until_ms = 0
    for event in played(settings, steps).events:
        if isinstance(event, BreakerTripped):
            assert event.loss_usd >= event.limit_usd == settings.daily_loss_limit
            assert event.at_ms < event.until_ms
            assert event.at_ms >= until_ms
            until_ms = event.until_ms
        opens = (isinstance(event, OrderPlaced | Fill)) and event.order.opens
        assert not (opens and last_at_ms(event) < until_ms)


@PLAYED
@given(settings=SETTINGS, steps=STEPS)
def test_a_liquidation_costs_at_most_the_margin_and_fees(settings: PaperSettings, steps: list[Step]) -> None:
    for closed in of_kind(played(settings, steps).events, PositionClosed):
        margin = closed.size * closed.entry_price / closed.leverage
        if closed.reason == "liquidation":
            assert closed.gross_usd - closed.funding_usd >= -margin * (1 + 1e-9)


@PLAYED
@given(settings=SETTINGS, steps=STEPS, cut=st.integers(0, 60))
def test_a_restored_ledger_goes_on_as_if_nothing_had_happened(
    settings: PaperSettings, steps: list[Step], cut: int
) -> None:
    whole = played(settings, steps)
    script = played(settings, steps[:cut])
    state = decode_state(encode_state(script.ledger.state()))
    script.ledger = PaperLedger(settings, CostsSettings(), script.now_ms, state)
    script.play(steps[cut:])
    assert script.events == whole.events
    assert script.ledger.state() == whole.ledger.state()


MIRRORED = PaperSettings(take_profit_bps=0, stop_bps=0, leverage=1, daily_loss_limit=1e9)


@PLAYED
@given(steps=STEPS)
def test_a_mirrored_market_mirrors_every_result(steps: list[Step]) -> None:
    # At the touch only: sizes follow the price, so that the two sides go through different parts of a book.
    even = [step._replace(move=step.move % 5 - 2, size=100.0, rate=None) for step in steps]
    free = CostsSettings(taker_fee_bps=0)
    script, mirrored = played(MIRRORED, even, free), played(MIRRORED, even, free, sign=-1)
    assert [type(event) for event in script.events] == [type(event) for event in mirrored.events]
    pairs = zip(of_kind(script.events, PositionClosed), of_kind(mirrored.events, PositionClosed), strict=True)
    for one, other in pairs:
        assert (one.direction, one.reason, one.held_ms) == (-other.direction, other.reason, other.held_ms)
        assert one.gross_usd / one.size == pytest.approx(other.gross_usd / other.size, abs=1e-9)
        assert one.entry_price + other.entry_price == pytest.approx(200)


@PLAYED
@given(settings=SETTINGS, steps=STEPS)
def test_the_same_inputs_give_the_same_events(settings: PaperSettings, steps: list[Step]) -> None:
    one, other = played(settings, steps).events, played(settings, steps).events
    assert msgspec.msgpack.encode(one) == msgspec.msgpack.encode(other)
