"""Followed traders when what comes is old, ahead of time, of no use, or does not come at all."""

from typing import Any

import msgspec
import pytest
from whale_driver import PRICES, STRANGER, WhaleDriver, address, digest, portfolio, ranked, settings

from app.core.errors import DataError, FrameError
from app.core.record import Request
from app.engine.protocol import CancelJob, StartJob
from app.engine.protocol_whales import SilenceAlerts, TrackTrader
from app.whales.memory import WhaleMemory, decode_memory
from app.whales.roster import Member

WHALE = address(0)


def followed(driver: WhaleDriver | None = None, seconds: float = 20) -> WhaleDriver:
    one = driver or WhaleDriver(settings())
    one.held[WHALE] = {"BTC": 50_000.0}
    one.follow(seconds)
    return one


class WithoutAPast(WhaleDriver):
    """The venue tells no history of the first trader, and answers nonsense instead."""

    def reply(self, request: Request) -> None:
        if request.channel == "portfolio" and request.subject == WHALE:
            self.answer(request, [])
        else:
            super().reply(request)


def test_a_trader_whose_history_cannot_be_read_does_not_starve_the_others() -> None:
    driver = followed(WithoutAPast(settings()), 180)
    known = {trader for trader in driver.whales.roster.members if driver.whales.weighing.record(trader) is not None}
    assert known == {address(number) for number in range(1, 8)}
    asked = [request for _, request in driver.asked_at if request.channel == "portfolio"]
    assert sum(request.subject == WHALE for request in asked) == 1


class FromTheFuture(WhaleDriver):
    """The history that the venue tells of the first trader ends the day after tomorrow."""

    def reply(self, request: Request) -> None:
        if request.channel == "portfolio" and request.subject == WHALE:
            self.answer(request, portfolio(self.now_ms + 2 * 86_400_000))
        else:
            super().reply(request)


def test_hazard_3_a_history_that_ends_ahead_is_refused_and_told() -> None:
    driver = followed(FromTheFuture(settings()), 60)
    assert driver.whales.weighing.record(WHALE) is None
    assert driver.whales.weighing.with_past() == 7
    said = [line.text for line in driver.core.journal.log_tail]
    assert any(f"equity history of {WHALE}: dated 2880 min ahead" in text for text in said)


def test_a_trader_added_by_hand_has_no_size_before_its_account_is_seen_and_its_own_then() -> None:
    driver = followed()
    driver.refused.add("clearinghouseState")
    driver.command(TrackTrader(address(77), True))
    driver.run(2)
    weights = driver.whales.weighing.weights
    assert weights[address(77)].dimensions[1].value is None
    driver.refused.clear()
    driver.run(5)
    assert weights[address(77)].dimensions[1].value == pytest.approx(2.5 / 3)


class Dated(WhaleDriver):
    """States are dated so far from the time they are asked for, those of `whom` or of all."""

    off_ms = 0
    frozen_ms: int | None = None
    whom = ""

    def state(self, trader: str, at_ms: int | None = None) -> dict[str, Any]:
        told_ms = self.now_ms if self.frozen_ms is None else self.frozen_ms
        return super().state(trader, told_ms + self.off_ms if self.whom in (trader, "") else at_ms)


def test_a_state_from_the_future_is_no_news_of_its_trader_and_does_not_blind_it() -> None:
    driver = Dated(settings())
    driver.off_ms, driver.whom = 3_600_000, WHALE
    followed(driver)
    assert driver.whales.stale == {WHALE}
    assert driver.view().tracker.fresh == 7
    driver.off_ms = 0
    driver.run(40)
    assert driver.whales.stale == set()
    driver.trades(WHALE, "BTC", 100_000.0)
    driver.run(1)
    assert [move.size_after for move in driver.moves] == [100_000.0]


def test_answers_that_are_no_newer_do_not_make_a_trader_fresh() -> None:
    driver = followed(Dated(settings()))
    assert isinstance(driver, Dated)
    driver.frozen_ms = driver.now_ms
    driver.run(150)
    driver.whales.refreshing.ask_stalest(8)
    driver.tick(40)
    request = driver.waiting()[0]
    assert request.channel == "clearinghouseState"
    driver.answer(request, driver.state(request.subject))
    assert request.subject in driver.whales.stale
    assert driver.whales.refreshing.in_flight() == len(driver.waiting()) - 1


def test_fills_that_are_dated_ahead_are_refused_and_later_ones_still_count() -> None:
    driver = followed()
    streamed = driver.asked.streamed[0]
    driver.open_stream("userFills", streamed, 2_000_002)
    ahead = a_fill(driver.now_ms + 3_600_000, 1)
    driver.frame("userFills", streamed, {"user": streamed, "fills": [ahead]})
    assert driver.core.connections.traders.parse_errors == 1
    assert "dated 60 min ahead" in driver.core.journal.log_tail[-1].text
    assert not driver.whales.looks.fills.of(streamed)
    driver.frame("userFills", streamed, {"user": streamed, "fills": [a_fill(driver.now_ms, 2)]})
    assert [fill.trade_id for fill in driver.whales.looks.fills.of(streamed) or ()] == [2]
    one = driver.whales.refreshing.tracked.get(streamed)
    assert one is not None
    driver.run(2)
    assert not one.is_behind()


def a_fill(at_ms: int, tid: int, **changes: Any) -> dict[str, Any]:
    return {
        "coin": "BTC", "px": "100", "sz": "600", "side": "B", "time": at_ms, "startPosition": "0", "dir": "Open Long",
        "closedPnl": "0", "crossed": False, "tid": tid, "fee": "0",
    } | changes  # fmt: skip


def test_a_liquidation_in_many_fills_is_told_as_one() -> None:
    driver = followed()
    streamed = driver.asked.streamed[0]
    driver.open_stream("userFills", streamed, 2_000_002)
    whom = {"liquidation": {"liquidatedUser": STRANGER, "markPx": "100", "method": "market"}}
    fills = [a_fill(driver.now_ms, tid, **whom) for tid in range(1, 51)]
    driver.frame("userFills", streamed, {"user": streamed, "fills": fills})
    assert [(alert.kind, alert.value_usd, alert.times) for alert in driver.alerts] == [("liquidation", 3e6, 1)]


class Losing(WhaleDriver):
    """More traders than may wait at once; answers about their states are lost while `loses`."""

    loses = True

    def reply(self, request: Request) -> None:
        if request.channel == "leaderboard":
            self.answer(request, digest(*(ranked(number) for number in range(24))))
        elif request.channel != "clearinghouseState" or not self.loses:
            super().reply(request)


def test_lost_answers_do_not_end_the_asking() -> None:
    driver = followed(Losing(settings(tracked=24)))
    assert isinstance(driver, Losing)
    assert driver.whales.refreshing.in_flight() == 16
    driver.loses = False
    driver.run(45)
    assert driver.view().tracker.fresh == 24


def test_who_cancels_the_first_leaderboard_reads_why_nobody_is_followed_and_gets_one_soon() -> None:
    driver = WhaleDriver(settings())
    driver.restore()
    driver.command(StartJob("whales"))
    driver.command(CancelJob("whales"))
    driver.run(1)
    assert driver.view().waiting_for == "No leaderboard: it was cancelled. Press s to try again"
    driver.run(16 * 60)
    assert driver.view().tracker.tracked == 8
    assert driver.view().tracker.message == ""


def test_a_leaderboard_that_is_cancelled_later_changes_nothing() -> None:
    driver = followed()
    driver.command(StartJob("whales"))
    driver.command(CancelJob("whales"))
    driver.run(16 * 60)
    assert driver.view().tracker.message == ""
    assert sum(request.channel == "leaderboard" for _, request in driver.asked_at) == 2


def test_an_outage_is_no_price_that_stood_still_after_an_alert() -> None:
    driver = followed()
    driver.trades(WHALE, "BTC", 100_000.0)
    driver.run(1)
    for _ in range(200):
        driver.tick(5)
    (past,) = driver.whales.alerting.past.of("whale_move")
    assert past.moves_bps[0] is None


def prints(driver: WhaleDriver, count: int, first: int = 1, age_ms: int = 50) -> list[dict[str, Any]]:
    """Small trades, each of a taker of its own."""
    return [
        {
            "coin": "BTC", "side": "B", "px": "100", "sz": "1", "time": driver.now_ms - age_ms, "tid": first + number,
            "users": [f"0x{0xA000 + number:040x}", STRANGER],
        }
        for number in range(count)
    ]  # fmt: skip


def large(driver: WhaleDriver, tid: int, age_ms: int) -> dict[str, Any]:
    return prints(driver, 1, tid, age_ms)[0] | {"sz": "20000", "users": [address(90), STRANGER]}


def test_trades_that_come_again_are_not_counted_again() -> None:
    driver = followed()
    small = prints(driver, 600)
    for _ in range(2):
        driver.frame("trades", "BTC", small)
    driver.frame("trades", "BTC", [large(driver, 9_000, 5)])
    driver.run(1)
    assert driver.alerts == []
    assert driver.whales.alerting.desk.counts.unranked == 1


@pytest.mark.parametrize(("age_ms", "told"), [(5, 1), (599_000, 1), (5 * 3_600_000, 0)])
def test_an_old_trade_that_is_learned_of_late_is_no_news(age_ms: int, told: int) -> None:
    driver = followed()
    driver.frame("trades", "BTC", prints(driver, 1_100))
    driver.frame("trades", "BTC", [large(driver, 9_000, age_ms)])
    driver.run(1)
    assert [alert.kind for alert in driver.alerts] == ["large_trade"] * told


BAD_MEMBER = Member(trader="zz", rank=1, standing="ranked", score=None)


def test_a_stored_trader_without_an_address_is_refused_as_data() -> None:
    saved = msgspec.msgpack.encode(WhaleMemory(members=(BAD_MEMBER,)))
    with pytest.raises(DataError, match="followed traders cannot be read"):
        decode_memory(saved)
    driver = WhaleDriver(settings(), saved)
    driver.follow()
    assert "cannot be read" in driver.view().unsaved
    assert driver.view().tracker.fresh == 8


@pytest.mark.parametrize("by_hand", [{"added": ("zz",)}, {"removed": ("zz",)}])
def test_somebody_followed_by_hand_without_an_address_is_refused_as_data(by_hand: dict[str, Any]) -> None:
    saved = msgspec.msgpack.encode({"notes": {"by_hand": by_hand}})
    with pytest.raises(DataError, match="followed traders cannot be read"):
        decode_memory(saved)


def test_nothing_that_cannot_be_asked_leaves_the_core(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = followed()

    def refuse(*_: object) -> None:
        raise FrameError("'zz' is not a trader's address")

    monkeypatch.setattr(driver.whales.refreshing, "ask", refuse)
    before = driver.core.connections.traders.parse_errors
    driver.now_ms += 1_000
    driver.quote("BTC", PRICES["BTC"] - 0.01, PRICES["BTC"] + 0.01)
    assert driver.core.connections.traders.parse_errors == before + 1


def test_a_clock_that_is_set_back_ends_neither_the_asking_nor_the_alerts() -> None:
    """The venue's clock goes on: it is five minutes ahead from then on."""
    driver = followed(Dated(settings()))
    assert isinstance(driver, Dated)
    driver.command(SilenceAlerts("coin", "ETH"))
    driver.run(30)
    driver.now_ms, driver.off_ms = driver.now_ms - 300_000, 300_000
    driver.tick()
    back_ms, before = driver.now_ms, len(driver.asked_at)
    driver.run(110)
    assert {request.subject for _, request in driver.asked_at[before:] if request.channel == "clearinghouseState"} == {
        address(number) for number in range(8)
    }
    assert all((one.age_ms(driver.now_ms) or 0) < 110_000 for one in driver.whales.refreshing.tracked.all())
    assert any((one.age_ms(driver.now_ms) or 0) > 0 for one in driver.whales.refreshing.tracked.all())
    driver.trades(WHALE, "BTC", 100_000.0, age_ms=-300_000)
    driver.run(1)
    assert [(move.size_after, move.learned) for move in driver.moves] == [(100_000.0, "trade")]
    (silence,) = driver.view().silences
    assert silence.until_ms is not None
    assert silence.until_ms <= back_ms + driver.settings.alerts.snooze_s * 1_000
