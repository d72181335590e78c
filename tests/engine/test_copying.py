"""Followed wallets on paper: asked on a schedule, copied at the newest print, closed with the wallet or its market."""

import msgspec
import pytest
from copy_driver import ANN, BEN, CUP, NO, ON, RACE, CopyDriver, copying
from polymarket_samples import activity_row, page

from app.config.settings import PaperSettings
from app.core.record import Request
from app.core.text import clean
from app.engine.core import Core
from app.engine.protocol import TradePaper
from app.engine.protocol_wallets import NoteWallet
from app.feeds.polymarket.questions import Question
from app.paper.state import PaperState, encode_state
from app.wallets.answers import NoAnswer


def test_it_is_off_by_default_and_then_nothing_is_asked() -> None:
    driver = CopyDriver(PaperSettings())
    driver.follow(ANN)
    driver.does(ANN)
    driver.wait(120)
    assert (driver.venue.asked, driver.paper.copies, driver.paper.copying) == ([], (), False)


def test_a_followed_wallet_is_copied_at_the_price_of_the_moment_with_its_alias() -> None:
    driver = copying()
    driver.does(ANN, price=0.50)
    driver.does(BEN, price=0.50, token_id=NO)
    driver.printed(0.56)
    driver.wait(31)
    (copy,) = driver.paper.copies
    assert (copy.name, copy.market) == ("★ the professor", "an-event 000000 #1")
    assert (copy.entry_price, copy.close_price) == pytest.approx((0.57, 0.55))
    assert any(
        "copied 0x0000…0001: bought 87.7 of an-event 000000 #1 at 0.570 (it paid 0.500" in text for text in driver.said
    )
    driver.wait(120)
    assert len(driver.paper.copies) == 1
    assert len(driver.asked_of("activity")) == 6


def test_it_ends_when_the_wallet_sells_and_the_trade_is_kept() -> None:
    driver = copying()
    driver.does(ANN)
    driver.wait(31)
    driver.does(ANN, "SELL", price=0.70)
    driver.wait(31)
    assert driver.paper.copies == ()
    (trade,) = driver.paper.closed
    assert (trade.by, trade.coin, trade.reason) == ("copy", "★ the professor", "sold: an-event 000000 #1")
    assert trade.exit_price == pytest.approx(0.69)
    assert driver.paper.equity_usd == pytest.approx(10_000 + 50 / 0.51 * 0.18)
    assert driver.paper.closed_usd == pytest.approx(50 / 0.51 * 0.18)


def test_it_ends_with_its_market_also_where_nobody_redeems() -> None:
    driver = copying()
    driver.does(ANN)
    driver.wait(31)
    driver.payouts[RACE] = '["1", "0"]'
    driver.wait(330)
    assert [(trade.reason, trade.exit_price) for trade in driver.paper.closed] == [
        ("paid out: an-event 000000 #1", 1.0)
    ]
    driver.does(ANN, condition_id=CUP, token_id="21")
    driver.wait(31)
    driver.payouts[CUP] = '["0", "1"]'
    assert len(driver.paper.copies) == 1


def test_a_redemption_asks_at_once_what_was_paid() -> None:
    driver = copying()
    driver.does(ANN)
    driver.wait(31)
    driver.payouts[RACE] = '["0", "1"]'
    driver.done[ANN].append({**activity_row(), "proxy_wallet": ANN, "type": "REDEEM", "side": "", "token_id": "",
                             "condition_id": RACE, "size": 100.0, "timestamp": driver.now_ms // 1_000})  # fmt: skip
    driver.wait(31)
    assert [(trade.reason, trade.exit_price) for trade in driver.paper.closed] == [
        ("paid out: an-event 000000 #1", 0.0)
    ]


def test_a_purchase_seen_too_late_is_not_copied_and_said_so() -> None:
    driver = copying()
    driver.venue.scripts["activity"] = lambda _: NoAnswer(clean("the venue sleeps"))
    driver.does(ANN)
    driver.wait(130)
    driver.venue.scripts["activity"] = driver._activity
    driver.wait(31)
    assert driver.paper.copies == ()
    assert any("an-event 000000 #1 is not copied on paper: seen" in text for text in driver.said)


def test_a_purchase_without_a_price_of_its_market_is_given_up() -> None:
    driver = copying()
    driver.venue.scripts["market_trades"] = lambda _: NoAnswer(clean("the venue sleeps"))
    driver.does(ANN)
    driver.wait(31)
    driver.venue.scripts["market_trades"] = lambda _: page([])
    driver.wait(120)
    driver.venue.scripts["market_trades"] = driver._prints
    driver.wait(60)
    assert driver.paper.copies == ()
    assert any("is not copied on paper: no price of its market came in time" in text for text in driver.said)


def test_who_is_not_followed_any_more_is_read_until_its_copies_are_closed() -> None:
    driver = copying()
    driver.does(ANN)
    driver.wait(31)
    assert driver.command(NoteWallet(ANN, followed=False))[0]
    driver.does(ANN, token_id=NO)
    driver.wait(31)
    assert len(driver.paper.copies) == 1
    driver.does(ANN, "SELL")
    driver.wait(31)
    asked = len(driver.venue.asked)
    driver.wait(90)
    assert (len(driver.paper.copies), len(driver.venue.asked)) == (0, asked)


def test_a_copy_can_be_closed_by_hand() -> None:
    driver = copying()
    driver.does(ANN)
    driver.wait(31)
    assert not driver.command(TradePaper("an-event 000000 #1", "long"))[0]
    ok, said = driver.command(TradePaper("an-event 000000 #1", "close"))
    assert (ok, "closed at 0.490" in said, driver.paper.copies) == (True, True, ())
    assert not driver.command(TradePaper("an-event 000000 #1", "close"))[0]


def waiting_for_a_price() -> CopyDriver:
    """Ann has bought, and no price of the market has come yet."""
    driver = copying()
    driver.venue.scripts["market_trades"] = lambda _: NoAnswer(clean("the venue sleeps"))
    driver.does(ANN)
    driver.wait(31)
    return driver


def test_what_was_sold_while_its_price_was_waited_for_is_not_copied() -> None:
    driver = waiting_for_a_price()
    driver.does(ANN, "SELL")
    driver.wait(31)
    driver.venue.scripts["market_trades"] = driver._prints
    driver.wait(31)
    assert (driver.paper.copies, driver.paper.closed) == ((), ())


def test_what_was_bought_while_its_price_was_waited_for_belongs_to_the_copy() -> None:
    driver = waiting_for_a_price()
    driver.does(ANN)
    driver.wait(31)
    driver.venue.scripts["market_trades"] = driver._prints
    driver.wait(31)
    assert len(driver.paper.copies) == 1
    for copies in (1, 0):
        driver.does(ANN, "SELL", size=100.0)
        driver.wait(31)
        assert len(driver.paper.copies) == copies


def test_who_is_not_followed_any_more_when_the_price_comes_is_not_copied() -> None:
    driver = waiting_for_a_price()
    driver.venue.scripts["market_trades"] = driver._prints
    assert driver.command(NoteWallet(ANN, followed=False))[0]
    driver.wait(31)
    assert driver.paper.copies == ()
    assert any("is not copied on paper: it is not followed any more" in text for text in driver.said)


def test_a_purchase_that_waits_for_a_price_outlives_the_run() -> None:
    first = waiting_for_a_price()
    assert first.core.paper.ledger is not None
    second = CopyDriver(saved=next(encode_state(row) for row in reversed(first.kept) if isinstance(row, PaperState)))
    second.now_ms = first.now_ms
    second.follow(ANN)
    second.done, second.prints = first.done, first.prints
    second.wait(31)
    assert [copy.market for copy in second.paper.copies] == ["an-event 000000 #1"]


def test_of_two_copies_in_markets_of_one_event_the_one_that_is_meant_is_closed() -> None:
    driver = copying()
    markets = [f"0x{digits}{'0' * 58}" for digits in ("aaaaaa", "bbbbbb")]
    for market, token_id in zip(markets, ("31", "41"), strict=True):
        driver.does(ANN, condition_id=market, token_id=token_id)
    driver.wait(31)
    assert {copy.market for copy in driver.paper.copies} == {"an-event aaaaaa #1", "an-event bbbbbb #1"}
    assert driver.command(TradePaper("an-event bbbbbb #1", "close"))[0]
    assert [copy.market for copy in driver.paper.copies] == ["an-event aaaaaa #1"]


def test_the_trades_of_a_busy_market_do_not_hide_the_price_of_a_thin_one() -> None:
    driver = copying()

    def busy(question: Question) -> bytes:
        wanted = dict(question.query)["condition"].split(",")
        rows = [row for row in driver.prints if row["condition_id"] in wanted][::-1]
        if CUP in wanted:
            rows = [row for row in rows if row["condition_id"] == CUP]
        return page(rows)

    driver.does(ANN, condition_id=CUP, token_id="21")
    driver.wait(31)
    driver.venue.scripts["market_trades"] = busy
    driver.does(ANN)
    driver.wait(31)
    assert len(driver.paper.copies) == 2
    driver.does(ANN, "SELL")
    driver.wait(31)
    assert [trade.reason for trade in driver.paper.closed] == ["sold: an-event 000000 #1"]


def test_the_next_run_goes_on_and_opens_nothing_twice() -> None:
    first = copying()
    first.does(ANN)
    first.wait(31)
    assert first.core.paper.ledger is not None
    second = CopyDriver(saved=encode_state(first.core.paper.ledger.state()))
    second.now_ms = first.now_ms
    second.follow(ANN)
    second.done, second.prints = first.done, first.prints
    second.wait(31)
    assert [copy.market for copy in second.paper.copies] == ["an-event 000000 #1"]
    assert second.paper.copies[0].entry_price == pytest.approx(0.51)
    second.does(ANN, "SELL")
    second.wait(31)
    assert [trade.reason for trade in second.paper.closed] == ["sold: an-event 000000 #1"]


def test_the_breaker_ends_copies_and_nothing_is_copied_until_the_next_day() -> None:
    driver = CopyDriver(msgspec.structs.replace(ON, daily_loss_limit=20.0))
    driver.follow(ANN)
    driver.wait(31)
    driver.does(ANN)
    driver.wait(31)
    driver.printed(0.10)
    driver.wait(31)
    assert driver.paper.tripped
    assert [trade.reason for trade in driver.paper.closed] == ["breaker: an-event 000000 #1"]
    driver.does(ANN, condition_id=CUP, token_id="21")
    driver.wait(31)
    assert driver.paper.copies == ()
    assert any("is not copied on paper: the day's loss has reached its limit" in text for text in driver.said)


def test_answers_that_are_none_are_told_and_asked_for_again() -> None:
    driver = copying()
    asked = len(driver.asked_of("activity"))
    driver.venue.scripts["activity"] = lambda _: b"<html>"
    driver.wait(60)
    assert len(driver.asked_of("activity")) == asked + 2
    assert any("copies on paper: activity of 0x0000…0001:" in text for text in driver.said)


def test_a_question_under_way_is_not_asked_twice() -> None:
    driver = CopyDriver()
    driver.follow(ANN)
    for _ in range(59):
        driver.tick(1.0)
        driver.carry()
    assert [request.channel for request in waiting(driver)] == ["activity"]
    for _ in range(31):
        driver.tick(1.0)
        driver.carry()
    assert [request.channel for request in waiting(driver)] == ["activity"] * 2


def waiting(driver: CopyDriver) -> list[Request]:
    return [request for request in driver.waiting if request.venue == "polymarket"]


def test_a_replay_of_the_inputs_gives_the_same_copies_and_the_same_hash() -> None:
    driver = copying()
    driver.does(ANN)
    driver.wait(31)
    driver.does(ANN, condition_id=CUP, token_id="21")
    driver.does(ANN, "SELL", price=0.70)
    driver.wait(31)
    again = Core("tape", driver.settings)
    for record in driver.records:
        again.dispatch(record)
    assert again.journal.log_sha256 == driver.core.journal.log_sha256
    assert again.paper.ledger is not None
    assert driver.core.paper.ledger is not None
    assert again.paper.ledger.state() == driver.core.paper.ledger.state()
    assert len(again.paper.ledger.copies.copies) == 1
