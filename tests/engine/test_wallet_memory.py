"""A scan in an engine that grows too large: what can be had again is forgotten between batches."""

import asyncio
from pathlib import Path

import msgspec
import numpy as np
import pytest
from demo_scan import demo_venue
from scan_samples import address
from virtual_loop import VirtualClock, VirtualLoop
from wallet_decks import opened, replayed, virtual
from wallet_driver import WalletDriver

from app.config.settings import Settings, StoreSettings
from app.config.wallet_settings import ScannerSettings, WalletsSettings
from app.core.clock import ManualClock
from app.core.record import Kind
from app.engine import wallet_run
from app.engine.demo_venue import Urls
from app.engine.protocol_wallets import TidyWallets
from app.engine.wallet_run import WalletRun
from app.feeds.inbox import Inbox
from app.store.rows import StoredVerdict, WalletCursor
from app.store.store import Store
from app.wallets.thresholds import Profiles

NOWHERE = Urls("", "http://127.0.0.1:9", "http://127.0.0.1:9", "http://127.0.0.1:9")
SETTINGS = msgspec.structs.replace(Settings(), scanner=ScannerSettings(batch_size=10, memory_mb=500))


def remember(run: WalletRun, wallets: int) -> None:
    """So many verdicts pass on their way to the database."""
    for number in range(wallets):
        wallet = address(number)
        run.remember(StoredVerdict(wallet=wallet, at_ms=1, config_sha256="", stage=1, wallet_class="REJECTED",
                                   score=None, verdict=b""))  # fmt: skip
        run.remember(WalletCursor(wallet=wallet, scanned_ms=1, board="", board_pnl=None, board_volume=None,
                                  last_trade_s=None, trades=b""))  # fmt: skip


def test_after_each_batch_a_program_that_is_too_large_forgets_the_older_half(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = iter([100, 100, 501, 900, 400, 900])
    monkeypatch.setattr(wallet_run, "resident_bytes", lambda: next(sizes) * 1_000_000)
    driver = WalletDriver(SETTINGS)
    driver.restore()

    async def main() -> list[tuple[int, bool, int]]:
        clock = ManualClock()
        store = Store(None, StoreSettings(), clock)
        run = WalletRun(SETTINGS, store, Inbox(clock), clock, np.random.default_rng(1), Profiles(WalletsSettings(), ()))
        assert not run.mind_memory(driver.core.wallets)
        calls = await run.load(NOWHERE)
        remember(run, 64)
        driver.scan(*map(address, range(1, 56)))
        seen = []
        while driver.waiting:
            driver.tell(driver.waiting[0])
            scan_gives_back = run.mind_memory(driver.core.wallets)
            seen.append((driver.scanning.progress().finished, scan_gives_back, calls.shelf.figures().entries))
        assert not run.mind_memory(driver.core.wallets)
        await calls.carrier.close()
        return seen

    seen = asyncio.run(main())
    first_of_batch = {finished // 10: (tidies, entries) for finished, tidies, entries in reversed(seen)}
    assert first_of_batch == {
        0: (False, 64), 1: (False, 64), 2: (True, 32), 3: (False, 16), 4: (False, 16), 5: (True, 8),
    }  # fmt: skip
    assert sum(tidies for _, tidies, _ in seen) == 2


def scanned(*, is_too_large: bool) -> WalletDriver:
    """A scan of thirty wallets to its end; the program is too large all the time, or never."""
    scanner = ScannerSettings(batch_size=10, max_concurrent=5, memory_mb=500)
    driver = WalletDriver(msgspec.structs.replace(Settings(), scanner=scanner))
    driver.restore()
    driver.scan(*map(address, range(1, 31)))
    while driver.waiting or driver.scanning.has_work:
        if driver.waiting:
            driver.tell(driver.waiting[0])
        if is_too_large:
            driver.put(Kind.COMMAND, TidyWallets())
        driver.tick()
        driver.carry()
    return driver


def test_what_a_scan_gives_back_costs_calls_and_no_verdict() -> None:
    plain, tidied = scanned(is_too_large=False), scanned(is_too_large=True)
    for driver in (plain, tidied):
        assert driver.core.wallets.message == plain.core.wallets.message
        assert driver.core.wallets.message.startswith("30 wallets judged")
        assert driver.scanning._scan.desk.markets == {}
        told = [line for line in driver.core.journal.log_tail if "memory above scanner.memory_mb (500 MB)" in line.text]
        assert bool(told) == (driver is tidied)
    assert tidied.venue.counts["markets"] > plain.venue.counts["markets"]


def test_a_scan_that_grew_too_large_is_the_same_on_a_replay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tape = tmp_path / "scan.tape"
    monkeypatch.setattr(wallet_run, "resident_bytes", lambda: 900_000_000)
    settings = msgspec.structs.replace(SETTINGS, scanner=ScannerSettings(batch_size=60, limit=300))

    async def main(loop: VirtualLoop) -> None:
        clock = VirtualClock(loop)
        async with demo_venue(clock, settings=settings) as demo, opened(demo, clock, record_to=tape) as deck:
            view = await deck.scan("leaderboard")
            journal = deck.run.core.journal
            live = journal.log_sha256, journal.wallets_judged
            answers = deck.run.outside().wallets.caches[0]
        assert (view.scan.state, view.scan.seen) == ("done", 300)  # type: ignore[union-attr]
        assert answers.evictions > 0
        assert any("memory above scanner.memory_mb" in line.text for line in journal.log_tail)
        again = await replayed(tape, clock)
        assert (again.core.journal.log_sha256, again.core.journal.wallets_judged) == live
        assert any("memory above scanner.memory_mb" in line.text for line in again.core.journal.log_tail)

    virtual(main)
