"""A run that cannot see what earlier ones saved knows that it does not, and writes nothing in its place."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from whale_driver import WhaleDriver, address

from app.config.settings import Settings, StoreSettings
from app.config.whale_settings import AlertsSettings
from app.core.clock import ManualClock
from app.core.events import Candle
from app.engine.keeper import Keeper
from app.engine.protocol_whales import NoteTrader, SilenceAlerts, TrackTrader
from app.engine.saved_before import saved_before
from app.engine.token_shelf import saved_tokens
from app.engine.wallet_shelf import saved_wallets
from app.engine.whale_shelf import restored_whales, saved_whales
from app.store.reader import Reader
from app.store.schema import CANDLES
from app.store.store import Store
from app.store.whale_rows import WhaleNotes
from app.store.whale_tables import ROWS, WHALE_NOTES
from app.whales.memory import decode_notes

pytestmark = pytest.mark.asyncio
RETRY_S = 11.0
Shelf = Callable[[Store], Awaitable[tuple[bytes, str]]]
_NOW_MS = 1_790_000_000_000


@contextlib.asynccontextmanager
async def opened(path: Path, clock: ManualClock) -> AsyncIterator[Store]:
    store = Store(path, StoreSettings(), clock)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


def _through(read: Callable[[Reader], Awaitable[bytes]]) -> Shelf:
    return lambda store: saved_before(store, read)


async def _whales(store: Store) -> tuple[bytes, str]:
    restored = await restored_whales(store, AlertsSettings(), ManualClock(), None)
    return restored.state, restored.trouble


async def _paper(store: Store) -> tuple[bytes, str]:
    return await Keeper(store, "demo", Settings(), ManualClock()).saved_paper()


SHELVES: dict[str, Shelf] = {
    "paper": _paper,
    "whales": _whales,
    "wallets": _through(lambda reader: saved_wallets(reader, _NOW_MS)),
    "tokens": _through(lambda reader: saved_tokens(reader, _NOW_MS)),
}


@pytest.mark.parametrize("shelf", SHELVES.values(), ids=SHELVES)
async def test_hazard_12_a_second_instance_does_not_take_what_it_cannot_see_for_nothing(
    tmp_path: Path, shelf: Shelf
) -> None:
    path, clock = tmp_path / "live.sqlite", ManualClock()
    async with opened(path, ManualClock()) as first, opened(path, clock) as second:
        saved, trouble = await shelf(second)
        assert saved == b""
        assert "another tapedeck" in trouble
        assert trouble.endswith("then start this one again")
        assert (await shelf(first))[1] == ""
        await first.close()
        clock.advance(RETRY_S)
        await second.flush()
        assert (await shelf(second))[1] == ""


async def test_a_database_that_is_lost_between_two_questions_is_not_half_known(tmp_path: Path) -> None:
    async def read(reader: Reader) -> bytes:
        assert len(await reader.select(CANDLES)) == 1
        path.unlink()
        path.mkdir()
        await store.flush()
        await reader.select(WHALE_NOTES)
        return b"half"

    path = tmp_path / "live.sqlite"
    async with opened(path, ManualClock()) as store:
        await store.put_durably(Candle("BTC", "1m", 1_700_000_000_000, 1, 2, 1, 2, 3, 4))
        told = "live.sqlite is not a plain file; move it away; then start this one again"
        assert await saved_before(store, read) == (b"", told)


async def test_hazard_12_notes_on_traders_outlive_a_second_instance_that_takes_over(tmp_path: Path) -> None:
    """The second one follows traders for minutes, is told a note and a silence, and writes the file in the end."""
    path, clock = tmp_path / "live.sqlite", ManualClock()
    async with opened(path, ManualClock()) as first:
        await _put(first, _noted())
        async with opened(path, clock) as second:
            restored = await restored_whales(second, AlertsSettings(), clock, None)
            driver = WhaleDriver(saved=restored.state)
            driver.restore(restored.trouble)
            driver.run(130)
            ok, told = driver.command(NoteTrader(address(1), alias="other"))
            assert (ok, "NOT SAVED" in told) == (True, True)
            driver.run(70)
            await _put(second, driver)
            await first.close()
            clock.advance(RETRY_S)
            assert await second.put_durably(Candle("BTC", "1m", 1_700_000_000_000, 1, 2, 1, 2, 3, 4))
            [row] = await second.reader().select(WHALE_NOTES)
    notes = decode_notes(row.notes)
    assert notes.by_hand.added == (address(9),)
    assert [(name.trader, name.alias) for name in notes.traders] == [(address(0), "fish")]


def _noted() -> WhaleDriver:
    driver = WhaleDriver()
    driver.restore()
    driver.command(NoteTrader(address(0), alias="fish"))
    driver.command(TrackTrader(address(9), True))
    driver.command(SilenceAlerts("coin", "BTC"))
    driver.run(61)
    return driver


async def _put(store: Store, driver: WhaleDriver) -> None:
    for row in driver.rows:
        if isinstance(row, ROWS):
            store.put(row)
    await store.flush()


async def test_what_cannot_be_decoded_is_a_reason_and_no_failure(tmp_path: Path) -> None:
    async with opened(tmp_path / "live.sqlite", ManualClock()) as store:
        await store.put_durably(WhaleNotes(name="whales", saved_ms=1, notes=b"\xc1"))
        saved, trouble = await saved_before(store, lambda reader: saved_whales(reader, AlertsSettings(), _NOW_MS))
    assert saved == b""
    assert trouble.endswith("move the database aside to begin anew")
