"""A scan handed over to an engine: what is told of its end, and that an older scan is not taken for it."""

import asyncio
from pathlib import Path

import pytest
from demo_scan import demo_venue
from scan_samples import address
from virtual_loop import VirtualClock, VirtualLoop
from wallet_decks import is_ready, opened, virtual

from app.cli.engine_scan import scan_in_engine
from app.cli.scan_text import _lines
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


def test_wallets_that_did_nothing_are_saved_whether_the_engine_shows_them_or_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = tmp_path / "live.sqlite"
    monkeypatch.setattr("app.engine.wallet_book.ROWS", 5)

    async def main(loop: VirtualLoop) -> None:
        clock, never = VirtualClock(loop), asyncio.Event()
        async with demo_venue(clock, wallets=200) as demo, opened(demo, clock, database=database) as deck:
            words = await demo.addresses(40)
            await deck.scan(*words)
            report = await scan_in_engine(LocalLink(deck.engine), words, database, never, lambda _: None)
        assert (report.wallets, report.unsaved, report.is_partial) == (40, "", False)
        assert report.unchanged > 5
        assert report.unchanged - 5 <= report.unlisted < report.unchanged
        assert len(report.verdicts) + report.unlisted == 40
        assert "that kept an older verdict" in dict(_lines(report, {"label": "DEMO", "detail": ""}))["not listed"]

    virtual(main)


def test_all_that_are_not_scored_count_and_what_cannot_be_used_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, viral = tmp_path / "live.sqlite", tmp_path / "viral.json"
    viral.write_text('{"wallets": ["0x12"]}', encoding="utf-8")
    monkeypatch.setattr("app.wallets.api.shipped_list", lambda: viral)

    async def main(loop: VirtualLoop) -> None:
        clock, never = VirtualClock(loop), asyncio.Event()
        async with demo_venue(clock, wallets=200) as demo, opened(demo, clock, database=database) as deck:
            await deck.until(is_ready)
            words = [*(f"0x{number}" for number in range(60)), *await demo.addresses(40)]
            await deck.engine.command(StartJob("wallets", " ".join(words)))
            await deck.until_judged(70)
        async with demo_venue(clock, wallets=200) as demo, opened(demo, clock, database=database) as deck:
            await deck.until(is_ready)
            report = await scan_in_engine(LocalLink(deck.engine), words, database, never, lambda _: None)
        assert (report.unscored, len(report.not_scored), report.wallets) == (60, 50, 100)
        assert report.resumed
        assert [note.split(" (")[0] for note in report.notes] == ["'0x12' is not a wallet's address"]
        told = dict(_lines(report, {"label": "DEMO", "detail": ""}))
        assert "60 not scored" in told["found"]
        assert told["not named"].startswith("10 of those")

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
