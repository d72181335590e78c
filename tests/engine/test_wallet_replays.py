"""A scan that was recorded, and a wallet that was opened up, are the same on a replay."""

import asyncio
import json
from pathlib import Path

import msgspec
import pytest
from demo_scan import demo_venue
from virtual_loop import VirtualClock, VirtualLoop
from wallet_decks import has_ended, is_ready, opened, replayed, virtual, wallets_of

from app.config.settings import Settings
from app.config.wallet_settings import ScannerSettings
from app.engine.local_link import LocalLink
from app.engine.protocol import CancelJob, SetRecording, StartJob
from app.engine.protocol_wallets import LookAtWallet, WalletDetail
from app.engine.wallet_detail import wallet_detail


def test_a_recorded_scan_and_its_replay_give_the_same_verdicts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tape, viral = tmp_path / "scan.tape", tmp_path / "viral.json"
    viral.write_text('{"wallets": []}', encoding="utf-8")
    monkeypatch.setattr("app.wallets.api.shipped_list", lambda: viral)

    async def main(loop: VirtualLoop) -> None:
        clock = VirtualClock(loop)
        async with demo_venue(clock) as demo, opened(demo, clock, record_to=tape) as deck:
            addresses = await demo.addresses(80)
            # The list is read anew before each scan; a replay has another one, or none.
            viral.write_text(json.dumps({"wallets": addresses[:40]}), encoding="utf-8")
            view = await deck.scan(*addresses)
            viral.unlink()
            journal = deck.run.core.journal
            live = journal.log_sha256, journal.wallets_judged, journal.calls_filed
            shown = [(row.address, row.wallet_class, row.score) for row in view.rows]
        assert (view.scan.state, view.scan.seen, view.scan.not_scored) == ("done", 80, 0)  # type: ignore[union-attr]
        assert live[1] == 80
        assert sum("viral" in row.flags for row in view.rows) == 40
        run = await replayed(tape, clock)
        assert (run.core.journal.log_sha256, run.core.journal.wallets_judged, run.core.journal.calls_filed) == live
        rows = [run.core.wallets.book.row(each, run.core.now_ms, 1) for each in run.core.wallets.book.best()]
        assert [(row.address, row.wallet_class, row.score) for row in rows] == shown

    virtual(main)


def test_a_cancelled_scan_keeps_what_is_finished_and_takes_no_late_answers(tmp_path: Path) -> None:
    tape = tmp_path / "scan.tape"

    async def main(loop: VirtualLoop) -> None:
        clock = VirtualClock(loop)
        async with demo_venue(clock) as demo, opened(demo, clock, record_to=tape) as deck:
            await deck.until(is_ready)
            await deck.engine.command(StartJob("wallets", " ".join(await demo.addresses(120))))
            assert not (await deck.engine.command(StartJob("wallets")))[0]
            await deck.until_judged(5)
            ok, said = await deck.engine.command(CancelJob("wallets"))
            assert (ok, "Cancelled" in said) == (True, True)
            assert deck.run._wallets.outstanding() == []
            judged = deck.run.core.journal.wallets_judged
            await asyncio.sleep(60)
            shown = wallets_of(await deck.until(has_ended))
            assert (shown.scan.state, deck.run.core.journal.wallets_judged) == ("cancelled", judged)  # type: ignore[union-attr]
            assert not (await deck.engine.command(CancelJob("wallets")))[0]
            live = deck.run.core.journal.log_sha256
        assert 0 < judged < 120
        assert (await replayed(tape, clock)).core.journal.log_sha256 == live

    virtual(main)


def test_a_recording_begun_midway_replays_the_same_each_time(tmp_path: Path) -> None:
    tape = tmp_path / "midway.tape"

    async def main(loop: VirtualLoop) -> None:
        clock = VirtualClock(loop)
        async with demo_venue(clock) as demo, opened(demo, clock, new_tape=lambda: tape) as deck:
            addresses = await demo.addresses(60)
            await deck.scan(*addresses[:20])
            await deck.engine.command(StartJob("wallets", " ".join(addresses[20:])))
            await deck.until_judged(25)
            await deck.engine.command(SetRecording(on=True))
            await deck.until(has_ended)
            again = await deck.scan(*addresses)
            await deck.engine.command(SetRecording(on=False))
            known = {row.address: row.wallet_class for row in again.rows}
            rules = deck.run.core.wallets.rules
        first, second = await replayed(tape, clock), await replayed(tape, clock)
        assert first.core.journal.log_sha256 == second.core.journal.log_sha256
        assert first.core.parse_errors == 0
        assert first.core.wallets.rules == rules is not None
        # The scan that began on the tape is whole; of the one before only its end was recorded.
        book = first.core.wallets.book.entries
        assert {wallet: entry.verdict.verdict for wallet, entry in book.items() if wallet in known} == known

    virtual(main)


@pytest.mark.parametrize("while_scanning", [False, True])
def test_a_recording_begun_midway_has_the_scheduled_scans_that_were_and_no_other(
    tmp_path: Path, while_scanning: bool
) -> None:
    tape = tmp_path / "midway.tape"
    scanner = ScannerSettings(enabled=True, limit=10, interval_s=600)

    async def main(loop: VirtualLoop) -> None:
        clock = VirtualClock(loop)
        settings = Settings(scanner=scanner)
        async with (
            demo_venue(clock, wallets=200, settings=settings) as demo,
            opened(demo, clock, new_tape=lambda: tape) as deck,
        ):
            await (deck.until_judged(1) if while_scanning else deck.until(has_ended))
            await deck.engine.command(SetRecording(on=True))
            first = wallets_of(await deck.until(has_ended)).scan
            await asyncio.sleep(700)
            second = wallets_of(await deck.until(has_ended)).scan
            await deck.engine.command(SetRecording(on=False))
        assert first is not None
        assert second is not None
        assert second.since_ms >= (first.ended_ms or 0) + 600_000
        core = (await replayed(tape, clock)).core
        assert core.wallets.scanning is not None
        assert core.wallets.scanning.number == 1
        assert core.wallets.scanning.since_ms == second.since_ms
        assert core.wallets.state == "done"

    virtual(main)


def test_a_wallet_is_opened_up_with_what_stands_behind_its_verdict(tmp_path: Path) -> None:
    tape = tmp_path / "open.tape"

    async def main(loop: VirtualLoop) -> None:
        clock = VirtualClock(loop)
        async with demo_venue(clock) as demo, opened(demo, clock, record_to=tape) as deck:
            link = LocalLink(deck.engine)
            await deck.scan(*await demo.addresses(60))
            best = next(row for row in wallets_of(await deck.until(has_ended)).rows if row.stage == 3)
            assert not (await link.send(LookAtWallet("0x12"))).ok
            assert (await link.send(LookAtWallet(best.address))).ok
            detail = await until_opened(link)
            assert not (await link.send(LookAtWallet("nobody"))).ok
            assert (await link.send(LookAtWallet(""))).ok
            deck.engine._changed()
            shown = await link.snapshot()
            assert shown is not None
            assert shown.wallet is None
        assert (detail.address, detail.row) == (best.address, best)
        assert [pillar.name for pillar in detail.pillars] == ["specialisation", "behaviour", "structure"]
        assert sum(category.share for category in detail.categories) == pytest.approx(1.0)
        assert detail.positions
        assert detail.positions[0].closed_s >= detail.positions[-1].closed_s
        assert [at_s for at_s, _ in detail.equity] == sorted(at_s for at_s, _ in detail.equity)
        assert [past.wallet_class for past in detail.history] == [best.wallet_class]
        assert bool(detail.copies) != bool(detail.copies_missing)
        run = await replayed(tape, clock)
        replay = wallet_detail(run.core.wallets, best.address, run.core.now_ms)
        assert msgspec.structs.replace(replay, row=detail.row) == detail

    virtual(main)


async def until_opened(link: LocalLink) -> WalletDetail:
    async with asyncio.timeout(3_000):
        while True:
            snapshot = await link.snapshot()
            assert snapshot is not None
            if snapshot.wallet is not None and not snapshot.wallet.waiting_for:
                return snapshot.wallet
