"""What is kept of wallets: bounded and harmless whatever was saved, and with where a wallet was found first."""

import asyncio

import msgspec
import pytest
from scan_samples import NOW_S, address
from wallet_driver import WalletDriver, pack

from app.config.settings import StoreSettings
from app.core.clock import ManualClock
from app.core.text import SafeText, clean
from app.engine.protocol_wallets import NOTE_CELLS, NoteWallet
from app.engine.wallet_book import MOST_NOTES, BookEntry, SavedWallets, WalletBook
from app.engine.wallet_detail import wallet_detail
from app.engine.wallet_shelf import saved_wallets
from app.engine.wallets_view import wallet_rows
from app.store.rows import StoredVerdict, WalletNote
from app.store.store import Store
from app.wallets.values import Doubt, Part, Pillar, WalletVerdict

ESCAPE = SafeText("\x1b]0;gone\x07 \u202eevil" + "x" * 5_000)


def verdict(wallet: str, score: float | None = 0.5) -> WalletVerdict:
    return WalletVerdict(wallet=wallet, verdict="WATCHLIST", stage=3, judged_s=NOW_S, profile="balanced", score=score)


def saved(count: int, notes: int = 0) -> bytes:
    entries = tuple(BookEntry(verdict=verdict(address(number), number / count)) for number in range(count))
    written = tuple(WalletNote(wallet=address(number), changed_ms=1) for number in range(notes))
    return pack(SavedWallets(entries=entries, notes=written))


def test_no_more_wallets_and_notes_are_restored_than_there_is_room_for() -> None:
    book = WalletBook()
    book.restore(saved(10_000, MOST_NOTES + 1_000))
    assert (len(book.entries), len(book.notes)) == (2_000, MOST_NOTES)
    assert book.best()[0].verdict.wallet == address(9_999)
    assert len(msgspec.msgpack.decode(book.saved(), type=SavedWallets).entries) == 200


def test_what_is_shown_of_a_saved_verdict_is_harmless() -> None:
    pillar = Pillar(name="behaviour", score=0.5, weight=1.0, parts=(Part(ESCAPE, 0.1, 3, 0.2),), rejects=ESCAPE)
    bad = msgspec.structs.replace(
        verdict(address(1)), verdict="REJECTED", profile=ESCAPE, reason=ESCAPE, pillars=(pillar,),
        unknown=(ESCAPE,) * 500, doubts=(Doubt(name="viral", text=ESCAPE),) * 500,
    )  # fmt: skip
    driver = WalletDriver()
    driver.restore(pack(SavedWallets(entries=(BookEntry(verdict=bad, origin=ESCAPE),))))
    (row,) = wallet_rows(driver.core.wallets, driver.now_ms)
    detail = wallet_detail(driver.core.wallets, address(1), driver.now_ms)
    shown = [row.reason, row.profile, row.origin, *detail.unknown, *(doubt.text for doubt in detail.doubts)]
    shown += [text for each in detail.pillars for text in (each.rejects, *(part.name for part in each.parts))]
    assert all(text == clean(text, 240) and text.isprintable() for text in shown)
    assert len(msgspec.msgpack.encode((row, detail))) < 100_000


@pytest.mark.parametrize(
    ("origins", "shown"),
    [
        (["trades", "leaderboard month"], "trades"),
        (["an earlier scan", "leaderboard month"], "leaderboard month"),
        (["an earlier scan", "leaderboard month", "list"], "leaderboard month"),
        (["", "list"], "list"),
    ],
)
@pytest.mark.parametrize("is_old", [False, True])
def test_a_wallet_keeps_where_it_was_found_first(origins: list[str], shown: str, is_old: bool) -> None:
    book = WalletBook()
    book.restore(pack(SavedWallets(entries=(BookEntry(verdict=verdict(address(1)), origin=origins[0]),))))
    for scan, origin in enumerate(origins[1:], 1):
        book.take(verdict(address(1)), origin, scan, is_old=is_old)
    assert book.row(book.entries[address(1)], NOW_S * 1_000, 1).origin == shown


def test_a_note_is_as_wide_as_the_deck_lets_it_be() -> None:
    book = WalletBook()
    for name, cells in NOTE_CELLS.items():
        written = msgspec.convert({"type": "note_wallet", "address": address(1), name: "x" * cells}, NoteWallet)
        note = book.note(written, address(1), 1)
        assert len(getattr(note, name)) == cells
        written = msgspec.convert({"type": "note_wallet", "address": address(1), name: "y" * (cells + 1)}, NoteWallet)
        note = book.note(written, address(1), 1)
        assert getattr(note, name).endswith("…")


def test_who_is_followed_stays_however_many_are_better() -> None:
    book, poor = WalletBook(), address(9_999)
    book.take(verdict(poor, 0.0), "list", 1)
    book.note(NoteWallet(address=poor, followed=True), poor, 1)
    for number in range(2_500):
        book.take(verdict(address(number), 0.5), "leaderboard", 1)
    assert len(book.entries) <= 2_200
    assert book.best()[0].verdict.wallet == poor
    again = WalletBook()
    again.restore(book.saved())
    assert [entry.verdict.wallet for entry in again.best()] == [entry.verdict.wallet for entry in book.best()]


def test_a_run_begins_with_those_that_are_followed() -> None:
    def stored(number: int, score: float, at_ms: int) -> StoredVerdict:
        judged = verdict(address(number), score)
        return StoredVerdict(
            wallet=judged.wallet, at_ms=at_ms, config_sha256="", stage=3, wallet_class="WATCHLIST", score=score,
            verdict=pack(judged),
        )  # fmt: skip

    async def main() -> SavedWallets:
        store = Store(None, StoreSettings(), ManualClock())
        await store.open()
        for number in range(300):
            store.put(stored(number, 0.9, NOW_S * 1_000 + number))
        # One verdict is older than all that are looked through, one worse than all of them.
        for number, at_ms in ((500, NOW_S * 1_000 - 1), (501, NOW_S * 1_000 + 999)):
            store.put(stored(number, 0.1, at_ms))
            store.put(WalletNote(wallet=address(number), changed_ms=1, followed=True))
        await store.flush()
        saved = await saved_wallets(store.reader(), NOW_S * 1_000 + 5_000)
        await store.close()
        return msgspec.msgpack.decode(saved, type=SavedWallets)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("app.engine.wallet_shelf._VERDICTS", 301)
        found = [entry.verdict.wallet for entry in asyncio.run(main()).entries]
    assert len(found) == 200
    assert found[:2] == [address(500), address(501)]
