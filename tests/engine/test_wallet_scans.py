"""Scans of wallets in a running engine: verdicts on the screen and in the database."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp.web
import msgspec
import numpy as np
import pytest
from demo_scan import DemoVenue, demo_venue
from scan_samples import NOW_S, PlainJudge, ScriptedVenue, address, drive, leaders, stats_body
from virtual_loop import VirtualClock, VirtualLoop
from wallet_decks import has_ended, is_ready, opened, virtual, wallets_of
from wallet_driver import WalletDriver

from app.config.settings import PolymarketSettings, Settings, StoreSettings
from app.config.wallet_settings import ScannerSettings, WalletsSettings
from app.core.clock import ManualClock
from app.demo.prediction.kinds import Kind
from app.engine import wallet_run
from app.engine.demo_venue import Urls
from app.engine.protocol import StartJob
from app.engine.protocol_wallets import LookAtWallet, NoteWallet, SetWalletProfile, UseWalletRules, WalletsView
from app.engine.shelf_venue import STORE_VENUE
from app.engine.wallet_detail import wallet_detail
from app.engine.wallet_rules import rules_here
from app.engine.wallet_run import WalletRun
from app.engine.wallets_view import warnings_of
from app.feeds.inbox import Inbox
from app.store.schema import CALLS
from app.store.store import Store
from app.wallets.funnel import Evidence
from app.wallets.scan import BEGIN_AT_ONCE, Scan
from app.wallets.scan_values import ScanPlan
from app.wallets.thresholds import Profiles
from app.wallets.values import WalletVerdict


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
                assert {row.origin for row in shown.rows} == {"an earlier scan"}
                again = await deck.scan(*addresses)
        assert first.scan is not None
        assert again.scan is not None
        # One call tells that a wallet of a list has done nothing since.
        assert again.scan.calls <= len(addresses) < first.scan.calls / 2
        assert again.scan.unchanged >= 15
        assert [row.wallet_class for row in again.rows] == [row.wallet_class for row in first.rows]

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


def test_a_broken_list_refuses_a_scan_that_is_due_until_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    viral = tmp_path / "viral.json"
    viral.write_text("[]", encoding="utf-8")
    monkeypatch.setattr("app.wallets.api.shipped_list", lambda: viral)
    driver = WalletDriver(Settings(scanner=ScannerSettings(enabled=True, interval_s=600)))
    driver.look(address(1))
    driver.command(rules_here())
    driver.restore(next_scan_ms=driver.now_ms)
    assert "is no list of wallets" in wallet_detail(driver.core.wallets, address(1), driver.now_ms).waiting_for
    assert driver.core.wallets.is_due(driver.now_ms)
    ok, said = driver.command(StartJob("wallets"))
    assert (ok, "is no list of wallets" in said) == (False, True)
    assert not driver.core.wallets.is_due(driver.now_ms + 599_000)
    assert driver.core.wallets.is_due(driver.now_ms + 600_000)
    assert any("did not begin" in line.text for line in driver.core.journal.log_tail)
    assert driver.command(LookAtWallet(address(2)))[0] is False
    assert driver.command(LookAtWallet(""))[0] is True
    viral.write_text('{"wallets": []}', encoding="utf-8")
    driver.command(rules_here())
    driver.look(address(1))
    driver.tell_all()
    assert wallet_detail(driver.core.wallets, address(1), driver.now_ms).waiting_for == ""


def test_each_target_files_a_call_that_a_run_after_its_horizon_grades(tmp_path: Path) -> None:
    database = tmp_path / "live.sqlite"

    async def main(loop: VirtualLoop) -> None:
        clock = VirtualClock(loop)
        async with demo_venue(clock) as demo:
            async with opened(demo, clock, database=database) as deck:
                view = await deck.scan(*await demo.addresses(60, Kind.SKILLED))
                filed = list(deck.run.core.wallets.book.open_claims.values())
                assert list(deck.run.core.journal.decided) == []
            targets = {row.address for row in view.rows if row.wallet_class == "TARGET"}
            assert targets
            assert {call.subject for call in filed} == targets
            assert {(call.kind, call.horizon_s) for call in filed} == {("wallet profit", 30 * 86_400)}
            assert all(0 < call.probability <= 1 for call in filed)
            _make_older(database, 31 * 86_400_000)
            async with opened(demo, clock, database=database) as deck:
                await deck.until(lambda _: len(deck.run.core.journal.decided) == len(targets))
                decided = list(deck.run.core.journal.decided)
        assert {each.call.subject for each in decided} == targets
        assert {each.outcome.status for each in decided} == {"graded"}
        with contextlib.closing(sqlite3.connect(database)) as connection:
            stored = connection.execute("SELECT status, event_happened = hit FROM outcomes").fetchall()
        assert stored == [("graded", 1)] * len(targets)

    virtual(main)


def _make_older(database: Path, by_ms: int) -> None:
    """As if the calls in it had been made so much earlier."""
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        connection.row_factory = sqlite3.Row
        for row in connection.execute("SELECT * FROM calls").fetchall():
            found = CALLS.read(tuple(row))
            older = msgspec.structs.replace(
                found, made_at_ms=found.made_at_ms - by_ms, available_at_ms=found.available_at_ms - by_ms
            )
            connection.execute("DELETE FROM calls WHERE call_id = ?", (found.call_id,))
            connection.execute(CALLS.insert_sql(), tuple(CALLS.values(older)))


def test_a_target_files_one_call_whoever_found_it_and_by_whatever_profile(tmp_path: Path) -> None:
    database = tmp_path / "live.sqlite"

    async def filed() -> list[str]:
        await asyncio.sleep(5)
        with contextlib.closing(sqlite3.connect(database)) as connection:
            rows = connection.execute("SELECT subject FROM calls WHERE claimant = 'wallets'").fetchall()
        return sorted(subject for (subject,) in rows)

    def targets(view: WalletsView) -> list[str]:
        return sorted(row.address for row in view.rows if row.wallet_class == "TARGET")

    async def main(loop: VirtualLoop) -> None:
        clock = VirtualClock(loop)
        async with demo_venue(clock) as demo:
            async with opened(demo, clock, database=database) as deck:
                await deck.until(is_ready)
                few = targets(await deck.scan(*await demo.addresses(60, Kind.SKILLED)))
                assert await filed() == few
                assert (await deck.engine.command(SetWalletProfile("aggressive")))[0]
                many = targets(wallets_of(await deck.until(lambda each: wallets_of(each).profile == "aggressive")))
                for profile in ("balanced", "aggressive", "balanced"):
                    assert (await deck.engine.command(SetWalletProfile(profile)))[0]
                assert await filed() == many
                assert set() < set(few) < set(many)
            async with opened(demo, clock, database=database) as deck:
                await deck.until(is_ready)
                assert await filed() == many
            # As a command leaves it that scans while no engine runs.
            with contextlib.closing(sqlite3.connect(database)) as connection, connection:
                connection.execute("DELETE FROM calls")
            async with opened(demo, clock, database=database) as deck:
                await deck.until(is_ready)
                assert await filed() == few

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


def test_a_long_scan_tells_its_count_as_a_person_would_write_it() -> None:
    driver = WalletDriver(Settings(scanner=ScannerSettings(windows=("month",))))
    driver.venue.scripts = {
        "leaderboard": lambda asked: leaders(range(1, 1_101)),
        "stats": lambda asked: stats_body(asked.subject, trade_count=3),
    }
    driver.restore()
    driver.scan()
    driver.tell_all()
    assert driver.core.wallets.message.startswith("1,000 wallets judged: 0 TARGET, 0 WATCHLIST; 0 not scored")


def test_memory_and_caches_are_measured_once_a_second_and_work_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, measured = ManualClock(), iter(range(1_000_000, 9_000_000, 1_000_000))
    monkeypatch.setattr(wallet_run, "resident_bytes", lambda: next(measured))

    async def main() -> None:
        store = Store(None, StoreSettings(), clock)
        run = WalletRun(
            Settings(), store, Inbox(clock), clock, np.random.default_rng(1), Profiles(WalletsSettings(), ())
        )
        await run.load(Urls("", "http://127.0.0.1:9", "http://127.0.0.1:9", "http://127.0.0.1:9"))
        for tenth in range(30):
            run.begins()
            clock.advance(0.1)
            run.ends(1, 2)
            view = run.view()
            assert view.work_ns == (0, 0, (tenth + 1) * 100_000_000, 0)
            assert view.memory_bytes == (tenth // 10 + 1) * 1_000_000

    asyncio.run(main())


class CountingJudge(PlainJudge):
    """Counts what it judges by markets, which takes longest."""

    judged = 0

    def trades(self, evidence: Evidence, now_s: int) -> WalletVerdict | None:
        self.judged += 1
        return super().trades(evidence, now_s)

    def record(self, evidence: Evidence, now_s: int) -> WalletVerdict:
        self.judged += 1
        return super().record(evidence, now_s)


def test_a_scan_in_parts_says_the_same_as_one_at_once_and_judges_one_at_a_time() -> None:
    plan = ScanPlan(listed=tuple(address(number) for number in range(1, 121)))
    at_once = drive(Scan(plan, PlainJudge()), ScriptedVenue())
    judge = CountingJudge()
    scan, venue, finished = Scan(plan, judge, in_parts=True), ScriptedVenue(), []
    scan.begin(NOW_S)
    inputs, waiting = 0, []
    while not scan.is_over:
        if scan.lookups():
            scan.know({}, NOW_S)
        waiting += scan.asks()
        before, most = judge.judged, 1
        if waiting and not scan.has_work:
            ask = waiting.pop(0)
            most = 0 if ask.question.name == "markets" else 1
            scan.take(ask.number, venue.answer(ask.question), NOW_S)
        else:
            scan.go_on(NOW_S)
        assert judge.judged - before <= most
        now = scan.finished()
        assert len(now) <= 1 + BEGIN_AT_ONCE
        finished += now
        inputs += 1
        assert inputs < 10_000
    assert {each.verdict.wallet: each.verdict for each in finished} == {
        each.verdict.wallet: each.verdict for each in at_once
    }


@pytest.mark.parametrize(
    ("subject", "said"),
    [
        ("wallets.txt", "wallets.txt names no wallets: a scan takes leaderboard"),
        ("leaderboard ../../etc/passwd", "../../etc/passwd names no wallets"),
        ("LEADERBOARD", "LEADERBOARD names no wallets"),
        ("leaderboard:day:week", "names two of a kind"),
        ("trades market", "both begin with recent large trades"),
        (" ".join(map(address, range(10_001))), "10,001 sources are more than the 10,000 of a scan"),
    ],
)
def test_a_scan_of_what_an_engine_cannot_scan_is_refused_with_the_reason(subject: str, said: str) -> None:
    driver = WalletDriver()
    driver.restore()
    ok, words = driver.command(StartJob("wallets", subject))
    assert (ok, said in words, driver.core.wallets.runs) == (False, True, False), words


@pytest.mark.parametrize(
    ("subject", "asked"),
    [
        ("leaderboard:week:politics", ("leaderboard", "week politics PNL")),
        ("market", ("market_trades", "0 markets from 1000 USDC")),
        ("trades", ("market_trades", "0 markets from 1000 USDC")),
        (f"0x{5:064x}", ("holders", "")),
        (address(1), ("stats", "")),
    ],
)
def test_an_engine_scans_every_source(subject: str, asked: tuple[str, str]) -> None:
    driver = WalletDriver()
    driver.restore()
    assert driver.command(StartJob("wallets", subject)) == (True, "Scanning wallets")
    driver.tell_all(lambda request: request.venue == STORE_VENUE)
    assert [(request.channel, request.variant) for request in driver.waiting] == [asked]


def test_an_address_that_is_none_is_named_by_an_engine_as_by_a_command() -> None:
    driver = WalletDriver()
    driver.restore()
    driver.scan("0x12", address(1))
    driver.tell_all()
    assert [each.address for each in driver.scanning.unscored] == ["0x12"]
    assert driver.core.wallets.message.startswith("1 wallets judged")


def test_what_judges_is_what_the_inputs_tell_of_and_not_what_this_machine_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    viral = tmp_path / "viral.json"
    viral.write_text(f'{{"wallets": ["{address(2)}"]}}', encoding="utf-8")
    monkeypatch.setattr("app.wallets.api.shipped_list", lambda: viral)
    driver = WalletDriver()
    driver.command(UseWalletRules(viral=(address(1),), rules=(("gone", "mine 1"),), notes=("'x' is skipped",)))
    driver.restore()
    driver.scan(address(1), address(2))
    driver.tell_all()
    flags = {
        wallet: {doubt.flag for doubt in entry.verdict.doubts}
        for wallet, entry in driver.core.wallets.book.entries.items()
    }
    assert ("viral" in flags[address(1)], "viral" in flags[address(2)]) == (True, False)
    warned = [line.text for line in driver.core.journal.log_tail if line.level == "warning"]
    assert warned == ["'x' is skipped", "rule gone (mine 1) is not here: what it would find is missing"]
    assert driver.scanning.notes == tuple(warned)
