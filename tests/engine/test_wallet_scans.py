"""Scans of wallets in a running engine: verdicts on the screen and in the database, the same on a replay."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp.web
import msgspec
import numpy as np
import pytest
from demo_scan import DemoVenue, demo_venue
from scan_samples import NOW_S, PlainJudge, ScriptedVenue, address, drive
from virtual_loop import VirtualClock, VirtualLoop, run_virtual, sqlite_at_once

from app.config.locations import shipped
from app.config.settings import PolymarketSettings, ScalperSettings, Settings
from app.config.wallet_settings import ScannerSettings
from app.core.clock import Clock
from app.demo.prediction.kinds import Kind
from app.engine.engine import Engine
from app.engine.local_link import LocalLink
from app.engine.protocol import CancelJob, SetRecording, Snapshot, StartJob
from app.engine.protocol_wallets import LookAtWallet, NoteWallet, SetWalletProfile, WalletDetail, WalletsView
from app.engine.tape_run import TapeRun
from app.engine.venue_run import VenueRun, live_source
from app.engine.wallet_detail import wallet_detail
from app.engine.wallet_events import WalletJudged
from app.engine.wallets_view import warnings_of
from app.feeds.tape.importers import open_recording
from app.scorecards.grader import NO_QUOTE
from app.wallets.scan import BEGIN_AT_ONCE, Scan
from app.wallets.scan_values import ScanPlan

PROFILES = (shipped("configs") / "wallets",)


class Deck:
    """An engine on the embedded venue of wallets, and somebody who looks at it. There is no venue of markets."""

    def __init__(self, engine: Engine, run: VenueRun) -> None:
        self.engine, self.run = engine, run
        self._seen = 0

    async def until(self, holds: Callable[[Snapshot], bool], patience_s: float = 3_000.0) -> Snapshot:
        """The first snapshot of which `holds` says yes."""
        async with asyncio.timeout(patience_s):
            while True:
                fresh = await self.engine.next_snapshot(self._seen)
                assert fresh is not None
                self._seen, snapshot = fresh
                if holds(snapshot):
                    return snapshot

    async def until_judged(self, wallets: int) -> None:
        """Until so many verdicts were given, at that very input: virtual time stands still in a scan."""
        journal, reached = self.run.core.journal, asyncio.Event()
        self.run.core._bus.subscribe(
            WalletJudged, lambda _: reached.set() if journal.wallets_judged >= wallets else None
        )
        await reached.wait()

    async def scan(self, *addresses: str) -> WalletsView:
        """Scan these and wait for the end."""
        await self.until(is_ready)
        ok, said = await self.engine.command(StartJob("wallets", " ".join(addresses)))
        assert ok, said
        return wallets_of(await self.until(has_ended))


def wallets_of(snapshot: Snapshot) -> WalletsView:
    assert snapshot.wallets is not None
    return snapshot.wallets


def is_ready(snapshot: Snapshot) -> bool:
    return "being read" not in wallets_of(snapshot).waiting_for


def has_ended(snapshot: Snapshot) -> bool:
    scan = wallets_of(snapshot).scan
    return scan is not None and scan.state not in ("idle", "running")


@contextlib.asynccontextmanager
async def opened(demo: DemoVenue, clock: Clock, **options: Any) -> AsyncIterator[Deck]:
    nowhere = "http://127.0.0.1:9"
    hyperliquid = msgspec.structs.replace(
        demo.settings.hyperliquid, rest_url=nowhere, websocket_url="ws://127.0.0.1:9/ws"
    )
    settings = msgspec.structs.replace(demo.settings, hyperliquid=hyperliquid, scalper=ScalperSettings(enabled=False))
    run = VenueRun(
        live_source(settings), settings, clock, generator=np.random.default_rng(1), profile_folders=PROFILES, **options
    )
    engine = Engine(run, clock, snapshot_hz=10)
    await engine.start()
    try:
        yield Deck(engine, run)
    finally:
        await engine.stop()


def virtual(main: Callable[[VirtualLoop], Any]) -> None:
    with sqlite_at_once():
        run_virtual(main)


async def replayed(path: Path, clock: Clock) -> TapeRun:
    run = TapeRun(open_recording(path), Settings(), clock, speed=None, hold=False)
    await run.start(lambda: None)
    await run.finished()
    await run.stop()
    return run


def test_a_recorded_scan_and_its_replay_give_the_same_verdicts(tmp_path: Path) -> None:
    tape = tmp_path / "scan.tape"

    async def main(loop: VirtualLoop) -> None:
        clock = VirtualClock(loop)
        async with demo_venue(clock) as demo, opened(demo, clock, record_to=tape) as deck:
            view = await deck.scan(*await demo.addresses(80))
            journal = deck.run.core.journal
            live = journal.log_sha256, journal.wallets_judged, journal.calls_filed
            shown = [(row.address, row.wallet_class, row.score) for row in view.rows]
        assert (view.scan.state, view.scan.seen, view.scan.not_scored) == ("done", 80, 0)  # type: ignore[union-attr]
        assert live[1] == 80
        run = await replayed(tape, clock)
        assert (run.core.journal.log_sha256, run.core.journal.wallets_judged, run.core.journal.calls_filed) == live
        rows = [run.core.wallets.book.row(each, run.core.now_ms, 1) for each in run.core.wallets.book.best()]
        assert [(row.address, row.wallet_class, row.score) for row in rows] == shown

    virtual(main)


def test_verdicts_are_stored_and_the_next_engine_begins_with_them(tmp_path: Path) -> None:
    database = tmp_path / "live.sqlite"

    async def main(loop: VirtualLoop) -> None:
        clock = VirtualClock(loop)
        async with demo_venue(clock) as demo:
            addresses = await demo.addresses(40)
            async with opened(demo, clock, database=database) as deck:
                first = await deck.scan(*addresses)
            async with opened(demo, clock, database=database) as deck:
                shown = wallets_of(await deck.until(is_ready))
                assert [row.address for row in shown.rows] == [row.address for row in first.rows]
                assert {row.found_now for row in shown.rows} == {False}
                again = await deck.scan(*addresses)
        assert first.scan is not None
        assert again.scan is not None
        # One call tells that a wallet of a list has done nothing since.
        assert again.scan.calls <= len(addresses) < first.scan.calls / 2
        assert again.scan.unchanged >= 15
        assert [row.wallet_class for row in again.rows] == [row.wallet_class for row in first.rows]

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


def test_a_broken_off_scan_is_resumed_from_the_database(tmp_path: Path) -> None:
    database = tmp_path / "live.sqlite"

    async def main(loop: VirtualLoop) -> None:
        clock = VirtualClock(loop)
        async with demo_venue(clock) as demo:
            addresses = await demo.addresses(60)
            async with opened(demo, clock, database=database) as deck:
                await deck.until(is_ready)
                await deck.engine.command(StartJob("wallets", " ".join(addresses)))
                await deck.until_judged(20)
                stored = deck.run.core.journal.wallets_judged
            async with opened(demo, clock, database=database) as deck:
                view = await deck.scan(*addresses)
                scanning = deck.run.core.wallets.scanning
                assert scanning is not None
                assert scanning.is_resumed
        assert view.scan is not None
        assert (view.scan.seen, view.scan.state) == (60, "done")
        assert view.scan.unchanged >= stored - 5

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
        first, second = await replayed(tape, clock), await replayed(tape, clock)
        assert first.core.journal.log_sha256 == second.core.journal.log_sha256
        assert first.core.parse_errors == 0
        # The scan that began on the tape is whole; of the one before only its end was recorded.
        book = first.core.wallets.book.entries
        assert {wallet: entry.verdict.verdict for wallet, entry in book.items() if wallet in known} == known

    virtual(main)


def test_a_profile_judges_again_without_a_question_and_notes_are_kept(tmp_path: Path) -> None:
    database = tmp_path / "live.sqlite"

    async def main(loop: VirtualLoop) -> None:
        clock = VirtualClock(loop)
        async with demo_venue(clock) as demo:
            addresses = await demo.addresses(120)
            async with opened(demo, clock, database=database) as deck:
                balanced = await deck.scan(*addresses)
                ok, said = await deck.engine.command(SetWalletProfile("conservative"))
                assert ok, said
                shown = wallets_of(await deck.until(lambda each: wallets_of(each).profile == "conservative"))
                assert deck.run._wallets.outstanding() == []
                target, seen = shown.rows[0].address, {row.address: row for row in shown.rows}
                ok, said = await deck.engine.command(SetWalletProfile("nonsense"))
                assert (ok, "conservative" in said) == (False, True)
                await deck.engine.command(NoteWallet(target, alias="Whale\x1b[31m", review="accepted", followed=True))
                assert not (await deck.engine.command(NoteWallet("0x12", alias="x")))[0]
                fresh = await deck.scan(*addresses)
            async with opened(demo, clock, database=database) as deck:
                row = wallets_of(await deck.until(is_ready)).rows[0]
        assert balanced.profiles == ("aggressive", "balanced", "conservative")
        targets = [{row.address for row in view.rows if row.wallet_class == "TARGET"} for view in (balanced, shown)]
        assert targets[1] < targets[0]
        # What was judged again from the verdict alone is what a scan by the same thresholds says.
        again = [row for row in fresh.rows if seen[row.address].profile == "conservative"]
        assert len(again) >= 60
        for each in again:
            assert each.wallet_class == seen[each.address].wallet_class
            # A scan stops before the score where recent trades alone rule a wallet out.
            if each.stage == seen[each.address].stage:
                assert each.reason == seen[each.address].reason
                assert each.score == (None if each.score is None else pytest.approx(seen[each.address].score))
        assert (row.address, row.alias, row.review, row.followed) == (target, "Whale[31m", "accepted", True)

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
        explained = run.core.wallets.openings[best.address].explained
        assert explained is not None
        assert explained.opened is not None
        assert explained.opened.measures is not None
        assert detail.sharpe == explained.opened.measures.sharpe is not None

    virtual(main)


async def until_opened(link: LocalLink) -> WalletDetail:
    async with asyncio.timeout(3_000):
        while True:
            snapshot = await link.snapshot()
            assert snapshot is not None
            if snapshot.wallet is not None and not snapshot.wallet.waiting_for:
                return snapshot.wallet


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (200, b"<html>soon back</html>", "HTML instead of JSON"),
        (429, b"slow down", "429"),
        (503, b"", "503"),
        (0, b"", "did not answer within 5 s"),
    ],
)
def test_a_venue_that_answers_nothing_of_use_ends_with_the_reason_for_each_wallet(
    status: int, body: bytes, reason: str
) -> None:
    async def main(loop: VirtualLoop) -> None:
        clock = VirtualClock(loop)
        async with useless_venue(status, body) as url:
            polymarket = PolymarketSettings(data_url=url, gamma_url=url, request_timeout_s=5.0)
            demo = DemoVenue(None, Settings(polymarket=polymarket), clock)  # type: ignore[arg-type]
            async with opened(demo, clock) as deck:
                view = await deck.scan(*(address(number) for number in range(1, 11)))
                feeds = {feed.name: feed for feed in (await deck.until(has_ended)).feeds}
        assert view.scan is not None
        assert (view.scan.seen, view.scan.not_scored, view.scan.state) == (10, 10, "done")
        assert {each.address for each in view.scan.unscored} == {address(number) for number in range(1, 11)}
        assert {reason in each.reason for each in view.scan.unscored} == {True}, view.scan.unscored
        assert (view.rows, view.metrics.errors if view.metrics else 0) == ((), 10)
        assert view.waiting_for
        assert feeds["Polymarket"].state == "down"
        assert reason in feeds["Polymarket"].message

    virtual(main)


@contextlib.asynccontextmanager
async def useless_venue(status: int, body: bytes) -> AsyncIterator[str]:
    """A venue that gives every question this answer; status 0: none at all."""

    async def answer(_: aiohttp.web.Request) -> aiohttp.web.Response:
        if status == 0:
            await asyncio.sleep(10_000)
        return aiohttp.web.Response(status=status, body=body)

    application = aiohttp.web.Application()
    application.router.add_get("/{path:.*}", answer)
    runner = aiohttp.web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = aiohttp.web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def test_a_scan_is_given_up_when_the_venue_is_gone_and_goes_on_later(tmp_path: Path) -> None:
    async def main(loop: VirtualLoop) -> None:
        clock = VirtualClock(loop)
        async with useless_venue(503, b"") as url:
            polymarket = PolymarketSettings(data_url=url, gamma_url=url)
            demo = DemoVenue(None, Settings(polymarket=polymarket), clock)  # type: ignore[arg-type]
            async with opened(demo, clock) as deck:
                view = await deck.scan(*(address(number) for number in range(1, 201)))
                assert deck.run._wallets.outstanding() == []
        assert view.scan is not None
        assert view.scan.state == "failed"
        assert "50 calls in a row failed: the venue answered 503" in view.scan.message
        assert 49 <= view.scan.not_scored == view.scan.seen < 200

    virtual(main)


def test_nothing_is_asked_before_a_scan_is_wanted_and_a_schedule_wants_it(tmp_path: Path) -> None:
    async def main(loop: VirtualLoop) -> None:
        clock = VirtualClock(loop)
        async with demo_venue(clock, wallets=2_000) as demo:
            async with opened(demo, clock) as deck:
                await deck.until(is_ready)
                await asyncio.sleep(3_700)
                assert deck.run._wallets.view().budgets == ()
                assert deck.run.core.wallets.scanning is None
            scanner = ScannerSettings(enabled=True, limit=10, interval_s=600)
            demo.settings = msgspec.structs.replace(demo.settings, scanner=scanner)
            async with opened(demo, clock) as deck:
                first = wallets_of(await deck.until(has_ended))
                assert first.scheduled_in_s is not None
                assert 590 <= first.scheduled_in_s <= 600
                await asyncio.sleep(1_000)
                again = wallets_of(await deck.until(has_ended))
        assert first.scan is not None
        assert again.scan is not None
        assert 600_000 <= again.scan.since_ms - (first.scan.ended_ms or 0) <= 602_000

    virtual(main)


def test_each_target_files_a_call_that_is_left_ungraded_with_the_reason() -> None:
    async def main(loop: VirtualLoop) -> None:
        clock = VirtualClock(loop)
        async with demo_venue(clock) as demo, opened(demo, clock) as deck:
            view = await deck.scan(*await demo.addresses(60, Kind.SKILLED))
            await asyncio.sleep(5)
            decided = list(deck.run.core.journal.decided)
        targets = {row.address for row in view.rows if row.wallet_class == "TARGET"}
        assert targets
        assert {each.call.subject for each in decided} == targets
        assert {(each.call.kind, each.call.horizon_s) for each in decided} == {("wallet profit", 30 * 86_400)}
        assert {(each.outcome.status, each.outcome.reason) for each in decided} == {("ungraded", NO_QUOTE)}
        assert all(0 < each.call.probability <= 1 for each in decided)

    virtual(main)


@pytest.mark.parametrize(
    ("figures", "setting"),
    [
        ((101.0, 90.0, 500, 0.05), "scanner.position_pages"),
        ((1.0, 501.0, 500, 0.05), "scanner.cache_mb"),
        ((1.0, 90.0, 500, 0.11), "raise wallets.target_score"),
        ((1.0, 90.0, 500, 0.01), "lower wallets.target_score"),
        ((100.0, 500.0, 500, 0.10), ""),
        ((None, None, 500, None), ""),
    ],
)
def test_warnings_name_the_setting_to_change(figures: tuple[Any, ...], setting: str) -> None:
    warnings = warnings_of(*figures)
    assert len(warnings) == bool(setting)
    assert all(setting in warning for warning in warnings)


def test_a_scan_in_parts_says_the_same_as_one_at_once() -> None:
    plan = ScanPlan(listed=tuple(address(number) for number in range(1, 121)))
    at_once = drive(Scan(plan, PlainJudge()), ScriptedVenue())
    scan, venue, finished = Scan(plan, PlainJudge(), in_parts=True), ScriptedVenue(), []
    scan.begin(NOW_S)
    inputs, waiting = 0, []
    while not scan.is_over:
        if scan.lookups():
            scan.know({}, NOW_S)
        waiting += scan.asks()
        if waiting and not scan.has_work:
            ask = waiting.pop(0)
            scan.take(ask.number, venue.answer(ask.question), NOW_S)
        else:
            scan.go_on(NOW_S)
        now = scan.finished()
        assert len(now) <= 1 + BEGIN_AT_ONCE
        finished += now
        inputs += 1
        assert inputs < 10_000
    assert {each.verdict.wallet: each.verdict for each in finished} == {
        each.verdict.wallet: each.verdict for each in at_once
    }
