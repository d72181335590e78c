"""Followed wallets on paper while clocks move and the venue names times that cannot be."""

import pytest
from copy_driver import ANN, CopyDriver, copying
from polymarket_samples import page

from app.engine.core import Core

HOUR_MS = 3_600_000


def replays(driver: CopyDriver) -> bool:
    """Whether the inputs give the same copies and the same events once more."""
    again = Core("tape", driver.settings)
    for record in driver.records:
        again.dispatch(record)
    assert again.paper.ledger is not None
    assert driver.core.paper.ledger is not None
    is_same = again.paper.ledger.state() == driver.core.paper.ledger.state()
    return is_same and again.journal.log_sha256 == driver.core.journal.log_sha256


def test_hazard_11_a_wallet_followed_while_the_clock_was_ahead_is_copied_once_it_is_right() -> None:
    driver = CopyDriver()
    driver.now_ms += HOUR_MS
    driver.follow(ANN)
    driver.wait(31)
    driver.now_ms -= HOUR_MS
    driver.wait(31)
    driver.does(ANN)
    driver.wait(31)
    assert [copy.market for copy in driver.paper.copies] == ["an-event 000000 #1"]
    driver.does(ANN, "SELL", price=0.70)
    driver.wait(31)
    assert [trade.reason for trade in driver.paper.closed] == ["sold: an-event 000000 #1"]
    assert replays(driver)


def test_hazard_11_a_copy_opened_while_the_clock_was_ahead_is_closed_with_its_wallet() -> None:
    driver = copying()
    driver.now_ms += HOUR_MS
    driver.does(ANN)
    driver.wait(31)
    driver.now_ms -= HOUR_MS
    driver.wait(1)
    assert driver.core.paper.ledger is not None
    assert [copy.opened_ms <= driver.now_ms for copy in driver.core.paper.ledger.copies.copies] == [True]
    driver.does(ANN, "SELL", price=0.70)
    driver.wait(31)
    assert [trade.reason for trade in driver.paper.closed] == ["sold: an-event 000000 #1"]
    assert replays(driver)


@pytest.mark.parametrize("ahead_s", [400, 86_400, 5_000_000_000])
def test_hazard_3_a_trade_dated_ahead_is_refused_and_told_once_and_hides_none_after_it(ahead_s: int) -> None:
    driver = copying()
    driver.does(ANN, timestamp=driver.now_ms // 1_000 + ahead_s)
    driver.wait(61)
    assert not driver.paper.copies
    told = [text for text in driver.said if "activity of 0x0000…0001: 1 rows cannot be used: dated" in text]
    assert len(told) == 1
    driver.does(ANN, price=0.40)
    driver.wait(31)
    assert [copy.entry_price for copy in driver.paper.copies] == [pytest.approx(0.41)]
    assert replays(driver)


def test_hazard_3_a_print_dated_ahead_is_not_the_newest_price() -> None:
    driver = copying()
    driver.printed(0.90)
    driver.prints[-1]["timestamp"] += 86_400
    driver.does(ANN, price=0.40)
    driver.wait(31)
    assert [copy.entry_price for copy in driver.paper.copies] == [pytest.approx(0.41)]


def test_a_purchase_dated_ahead_by_more_than_the_oldest_that_is_copied_is_not_copied() -> None:
    driver = copying()
    driver.does(ANN, timestamp=driver.now_ms // 1_000 + 200)
    driver.wait(31)
    assert driver.paper.copies == ()
    assert any("is not copied on paper: it is dated 1" in text for text in driver.said)


def test_a_clock_that_is_a_little_behind_the_venues_hinders_no_copy() -> None:
    driver = copying()
    driver.does(ANN, timestamp=driver.now_ms // 1_000 + 35)
    driver.wait(31)
    assert len(driver.paper.copies) == 1


def test_hazard_11_a_purchase_that_waits_for_a_price_is_given_up_when_it_is_dated_ahead() -> None:
    driver = copying()
    driver.venue.scripts["market_trades"] = lambda _: page([])
    driver.does(ANN)
    driver.wait(31)
    driver.now_ms -= HOUR_MS
    driver.wait(31)
    assert any("is not copied on paper: it is dated 3" in text for text in driver.said)
    assert driver.core.paper.ledger is not None
    assert driver.core.paper.ledger.copies.pending == ()
