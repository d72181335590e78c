"""What a user writes about a wallet is never lost to a run that could not read what was written before."""

import sqlite3
from pathlib import Path

import pytest
from demo_scan import demo_venue
from scan_samples import address
from virtual_loop import VirtualClock, VirtualLoop
from wallet_decks import is_ready, opened, virtual
from wallet_driver import WalletDriver

from app.engine.protocol_wallets import NoteWallet
from app.store.rows import WalletNote

WALLET = address(7)


def kept_by(driver: WalletDriver) -> list[object]:
    kept: list[object] = []
    driver.core.journal.keep = kept.append
    return kept


def test_nothing_is_noted_before_it_is_known_what_is_noted() -> None:
    driver = WalletDriver()
    kept = kept_by(driver)
    assert driver.command(NoteWallet(WALLET, alias="whale")) == (
        False,
        "What is stored of wallets is being read: try again in a moment",
    )
    assert (kept, driver.core.wallets.book.notes) == ([], {})
    driver.restore()
    assert driver.command(NoteWallet(WALLET, alias="whale")) == (True, f"Noted on {WALLET[:8]}…")
    assert [note.alias for note in kept if isinstance(note, WalletNote)] == ["whale"]


@pytest.mark.parametrize(("state", "trouble"), [(b"", "the disk is damaged"), (b"\xc1", "")])
def test_notes_are_not_saved_where_those_of_before_could_not_be_read(state: bytes, trouble: str) -> None:
    driver = WalletDriver()
    kept = kept_by(driver)
    driver.restore(state, trouble)
    ok, said = driver.command(NoteWallet(WALLET, alias="whale"))
    assert (ok, "NOT SAVED" in said, kept) == (True, True, [])
    assert driver.core.wallets.book.notes[WALLET].alias == "whale"
    told = [line for line in driver.core.journal.log_tail if line.topic == "wallets"]
    assert [(line.level, "NOT SAVED" in line.text) for line in told] == [("error", True)]


def test_a_note_outlives_a_run_that_could_not_read_it(tmp_path: Path) -> None:
    database = tmp_path / "live.sqlite"

    def change(statement: str) -> None:
        with sqlite3.connect(database) as connection:
            connection.execute(statement)
        connection.close()

    async def main(loop: VirtualLoop) -> None:
        clock = VirtualClock(loop)
        async with demo_venue(clock, wallets=200) as demo:
            async with opened(demo, clock, database=database) as deck:
                await deck.until(is_ready)
                await deck.engine.command(NoteWallet(WALLET, alias="whale", note="since May"))
            change("UPDATE wallet_notes SET changed_ms = 'lately'")
            async with opened(demo, clock, database=database) as deck:
                snapshot = await deck.until(is_ready)
                assert "move the database aside" in snapshot.log[-1].text
                ok, said = await deck.engine.command(NoteWallet(WALLET, followed=True))
                assert (ok, "NOT SAVED" in said) == (True, True)
            change("UPDATE wallet_notes SET changed_ms = 1")
            async with opened(demo, clock, database=database) as deck:
                await deck.until(is_ready)
                note = deck.run.core.wallets.book.notes[WALLET]
        assert (note.alias, note.note, note.followed) == ("whale", "since May", False)

    virtual(main)
