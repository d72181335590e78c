"""Wallets that are opened up: one a client, none for clients that left, and nothing asked for nobody."""

import msgspec
from scan_samples import address
from wallet_driver import WalletDriver

from app.core.text import clean
from app.engine.looks import MOST_LOOKS
from app.engine.openings import MOST_UNSEEN
from app.engine.protocol_wallets import UseThresholds
from app.engine.wallet_detail import wallet_detail
from app.wallets.answers import NoAnswer

QUESTIONS = 2
"""What opening a wallet asks at first: its totals, and its history."""


def test_as_many_clients_as_there_may_be_each_see_their_wallet() -> None:
    driver = WalletDriver()
    driver.restore()
    for client in range(MOST_LOOKS):
        driver.look(address(client + 1), client)
    driver.tell_all()
    for client in range(MOST_LOOKS):
        detail = wallet_detail(driver.core.wallets, address(client + 1), driver.now_ms)
        assert (detail.waiting_for, len(detail.positions)) == ("", 2)


def test_a_client_that_looks_at_one_after_another_leaves_no_questions_behind() -> None:
    driver = WalletDriver()
    driver.restore()
    for number in range(1, 301):
        driver.look(address(number))
        assert len(driver.waiting) <= QUESTIONS * (1 + MOST_UNSEEN)
    assert not [line for line in driver.core.journal.log_tail if line.level != "info"]
    driver.tell_all()
    assert wallet_detail(driver.core.wallets, address(300), driver.now_ms).waiting_for == ""


def test_what_a_client_that_left_looked_at_gives_way() -> None:
    driver = WalletDriver()
    driver.restore()
    for client in range(1, 11):
        driver.look(address(client), client)
    assert len(driver.waiting) == 10 * QUESTIONS
    for client in range(1, 11):
        driver.look("", client)
    assert {request.subject for request in driver.waiting} == {address(number) for number in range(7, 11)}


def test_clients_without_number_end_with_the_oldest() -> None:
    driver = WalletDriver()
    driver.restore()
    for client in range(100):
        driver.look(address(client + 1), client)
    assert len(driver.core.wallets.openings.by_wallet) == MOST_LOOKS + MOST_UNSEEN


def test_two_who_look_at_one_wallet_share_what_is_known() -> None:
    driver = WalletDriver()
    driver.restore()
    for client in (1, 2):
        driver.look(address(1), client)
    assert len(driver.waiting) == QUESTIONS
    driver.tell_all()
    asked = len(driver.asked.requests)
    driver.look("", 1)
    driver.tick(299)
    driver.look(address(1), 3)
    assert len(driver.asked.requests) == asked
    driver.tick(2)
    driver.look(address(1), 3)
    assert len(driver.asked.requests) == asked + QUESTIONS


def test_an_opening_that_failed_is_tried_again_at_the_next_look() -> None:
    driver = WalletDriver()
    driver.restore()
    driver.venue.scripts["stats"] = lambda _: NoAnswer(clean("the venue sleeps"))
    driver.look(address(1))
    driver.tell_all()
    asked = len(driver.asked.requests)
    del driver.venue.scripts["stats"]
    driver.look(address(1), 2)
    assert len(driver.asked.requests) == asked + QUESTIONS
    driver.tell_all()
    assert len(wallet_detail(driver.core.wallets, address(1), driver.now_ms).positions) == 2


def test_other_thresholds_open_up_anew_what_is_looked_at() -> None:
    driver = WalletDriver()
    driver.restore()
    for number in (1, 2):
        driver.look(address(number))
    driver.tell_all()
    before, known = len(driver.asked.requests), driver.core.wallets.openings.by_wallet
    assert set(known) == {address(1), address(2)}
    strict = msgspec.structs.replace(driver.settings.wallets, minimum_trades=100_000, profile="strict")
    assert driver.command(UseThresholds(strict))[0]
    assert len(driver.asked.requests) == before + QUESTIONS
    driver.tell_all()
    (opening,) = known.values()
    assert opening.explained is not None
    assert (opening.wallet, opening.explained.verdict.profile) == (address(2), "strict")
    assert opening.explained.verdict.verdict == "REJECTED"


def test_a_wallet_that_is_looked_at_before_anything_may_be_asked_is_opened_then() -> None:
    driver = WalletDriver()
    driver.look(address(1))
    assert driver.waiting == []
    driver.restore()
    driver.tell_all()
    assert wallet_detail(driver.core.wallets, address(1), driver.now_ms).waiting_for == ""
