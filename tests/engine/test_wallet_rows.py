"""What an engine tells decks of wallets: rows with all that the user keeps, and sentences that name no keys."""

import re

from core_driver import START_MS, Driver

from app.core.text import clean
from app.engine.protocol_wallets import NoteWallet, RestoreWallets
from app.engine.wallet_book import WalletBook
from app.engine.wallet_run import WalletsOutside
from app.engine.wallets_view import wallets_view
from app.wallets.values import WalletVerdict

WALLET = f"0x{'1' * 40}"


def test_a_row_holds_all_that_the_user_keeps_of_a_wallet_in_full() -> None:
    book = WalletBook()
    verdict = WalletVerdict(wallet=clean(WALLET), verdict="TARGET", stage=3, judged_s=1, profile="plain")
    entry = book.take(verdict, "trades", 1)
    assert book.row(entry, START_MS, 1).note == ""
    note = "why it is followed; " * 19
    book.note(NoteWallet(WALLET, alias="Ada", tag="q", note=note, review="accepted", followed=True), WALLET, START_MS)
    row = book.row(entry, START_MS, 1)
    assert (row.alias, row.tag, row.note, row.review, row.followed) == ("Ada", "q", note, "accepted", True)


def test_a_list_without_rows_says_why_and_names_no_key_of_a_deck() -> None:
    driver = Driver()
    wallets, said = driver.core.wallets, []

    def waits_for() -> str:
        return wallets_view(wallets, WalletsOutside(), START_MS).waiting_for

    said.append(waits_for())
    wallets.restore(RestoreWallets(b""), START_MS)
    said.append(waits_for())
    wallets.state, wallets.message = "failed", "No wallets were found: the sources have none"
    said.append(waits_for())
    wallets.mode = "tape"
    said.append(waits_for())
    assert said == [
        "What is stored of wallets is being read",
        "No wallet has been looked at yet",
        "No wallets were found: the sources have none",
        "No wallets on the tape yet",
    ]
    assert not any(re.search(r"press|\bs\b", each, re.IGNORECASE) for each in said)
