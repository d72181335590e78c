"""Followed wallets on paper while clocks move and the venue names times that cannot be."""

from copy_driver import ANN, CopyDriver, copying

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
    (copy,) = driver.core.paper.ledger.copies.copies
    assert copy.opened_ms <= driver.now_ms
    driver.does(ANN, "SELL", price=0.70)
    driver.wait(31)
    assert [trade.reason for trade in driver.paper.closed] == ["sold: an-event 000000 #1"]
    assert replays(driver)
