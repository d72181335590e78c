"""A scan handed over to an engine: what is told of its end, and that an older scan is not taken for it."""

import asyncio
from pathlib import Path

import pytest
from demo_scan import demo_venue
from scan_samples import address
from virtual_loop import VirtualClock, VirtualLoop
from wallet_decks import is_ready, opened, virtual

from app.cli.engine_scan import scan_in_engine
from app.core.errors import TapedeckError, UsageError
from app.engine.local_link import LocalLink
from app.engine.protocol import StartJob
from app.wallets.scan_values import ScanProgress


def test_an_engine_scans_what_it_is_handed_and_an_earlier_scan_is_not_taken_for_it(tmp_path: Path) -> None:
    database = tmp_path / "live.sqlite"

    async def main(loop: VirtualLoop) -> None:
        clock, shown = VirtualClock(loop), list[ScanProgress]()
        async with demo_venue(clock, wallets=200) as demo, opened(demo, clock, database=database) as deck:
            wallets = await demo.addresses(30)
            listed = tmp_path / "wallets.txt"
            listed.write_text("\n".join(wallets[20:]), encoding="utf-8")
            await deck.scan(*wallets[:20])
            link, never = LocalLink(deck.engine), asyncio.Event()
            report = await scan_in_engine(link, [str(listed), "0x12"], database, never, shown.append)
            assert {verdict.wallet for verdict in report.verdicts} == set(wallets[20:])
            assert [verdict.wallet for verdict in report.not_scored] == ["0x12"]
            assert (report.wallets, report.unsaved, report.stopped) == (11, "", "")
            assert (shown[-1].finished, shown[-1].is_over) == (11, True)
            with pytest.raises(UsageError, match="is no source, address or file"):
                await scan_in_engine(link, ["nonsense"], database, never, shown.append)

    virtual(main)


def test_an_interrupt_cancels_the_engines_scan_and_keeps_what_is_finished(tmp_path: Path) -> None:
    database = tmp_path / "live.sqlite"

    async def main(loop: VirtualLoop) -> None:
        clock, interrupted = VirtualClock(loop), asyncio.Event()
        async with demo_venue(clock, wallets=200) as demo, opened(demo, clock, database=database) as deck:
            await deck.until(is_ready)

            def interrupt(progress: ScanProgress) -> None:
                if progress.finished >= 5:
                    interrupted.set()

            words = await demo.addresses(400)
            report = await scan_in_engine(LocalLink(deck.engine), words, database, interrupted, interrupt)
            assert report.stopped.startswith("Cancelled")
            assert 5 <= report.wallets < 400
            assert len(report.verdicts) == report.wallets

    virtual(main)


def test_an_engine_that_scans_already_says_so(tmp_path: Path) -> None:
    database = tmp_path / "live.sqlite"

    async def main(loop: VirtualLoop) -> None:
        clock, never = VirtualClock(loop), asyncio.Event()
        async with demo_venue(clock, wallets=200) as demo, opened(demo, clock, database=database) as deck:
            await deck.until(is_ready)
            await deck.engine.command(StartJob("wallets", " ".join(await demo.addresses(50))))
            with pytest.raises(TapedeckError, match="Wallets are being scanned already"):
                await scan_in_engine(LocalLink(deck.engine), [address(1)], database, never, lambda _: None)

    virtual(main)
